"""What a policy says of one setting, whatever else it says."""

from __future__ import annotations

from typing import Any

import pytest

from functions.services.kernel.enabled_tenants import as_far_as_readable

SYDNEY = {"market": "XASX"}


@pytest.mark.parametrize(
    "document",
    [
        SYDNEY,
        {**SYDNEY, "base_capital": -1},
        {**SYDNEY, "odd.name": True},
        {**SYDNEY, "SHARPE_THRESHOLD_REDUCE": 0.1, "PERFORMANCE_LOOKBACK_DAYS": 2},  # wrong together, and with defaults
    ],
)
@pytest.mark.parametrize("defaults", [{}, {"market": "24x7"}, {"market": "the moon"}, {"base_capital": "much"}])
def test_a_setting_is_read_whatever_is_wrong_beside_it(defaults: dict[str, Any], document: dict[str, Any]) -> None:
    assert as_far_as_readable(defaults, document, ["market"]).market == "XASX"


@pytest.mark.parametrize("document", [None, {}, {"market": "XXXX"}, {"market": None}])
def test_the_default_holds_where_a_setting_cannot_be_read_and_the_codes_own_where_that_cannot(document: Any) -> None:
    assert as_far_as_readable({"market": "24x7"}, document, ["market"]).market == "24x7"
    assert as_far_as_readable({"market": "the moon"}, document, ["market"]).market == "XNYS"
