"""Defaults, overlays, and every way a policy can be wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import PolicyError
from functions.domain.kernel.policy import Policy, document_name
from functions.strategies.maestro_controller import MaestroController

NOW = datetime(2020, 3, 16, tzinfo=UTC)
MARKET = "market must be 24x7 or the ISO 10383 code of an exchange that exchange_calendars knows, like XNYS, was {!r}"


def test_the_document_overrides_the_class_attributes_which_override_the_defaults() -> None:
    defaults = {"SHARPE_THRESHOLD_REDUCE": 1.5, "SHARPE_THRESHOLD_SHADOW": 0.2}
    policy = Policy.from_sources(defaults, {"SHARPE_THRESHOLD_SHADOW": 0.3, "version": 4, "updated_by": "ann"})
    assert (policy.sharpe_threshold_reduce, policy.sharpe_threshold_shadow, policy.version) == (1.5, 0.3, 4)
    assert policy.systemic_sell_threshold == 3


def test_the_controllers_class_attributes_are_the_defaults_also_on_a_subclass() -> None:
    class Careful(MaestroController):
        SHARPE_THRESHOLD_REDUCE = 2.0
        max_gross_allocation = 0.5

    policy = Policy.from_sources(Careful.policy_defaults(), None)
    assert (policy.sharpe_threshold_reduce, policy.max_gross_allocation) == (2.0, 0.5)
    assert Policy.from_sources(MaestroController.policy_defaults(), None) == Policy()


def test_the_deployments_market_is_the_default_and_a_class_attribute_or_a_document_overrides_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Coins(MaestroController):
        market = "24x7"

    monkeypatch.setenv("MARKET_CALENDAR", "XASX")
    of_all, of_coins = MaestroController.policy_defaults(), Coins.policy_defaults()
    assert Policy.from_sources(of_all, None).market == "XASX"
    assert Policy.from_sources(of_coins, None).market == "24x7"
    assert Policy.from_sources(of_coins, {"market": "XHKG"}).market == "XHKG"
    monkeypatch.setenv("MARKET_CALENDAR", "XXXX")
    with pytest.raises(PolicyError, match="market must be 24x7 or the ISO 10383 code of an exchange"):
        Policy.from_sources(MaestroController.policy_defaults(), None)


def test_whole_numbers_may_come_as_floats_and_disabled_strategies_as_a_list() -> None:
    policy = Policy.from_sources({}, {"MIN_DATA_POINTS": 7.0, "disabled_strategies": ["A", "B"]})
    assert policy.min_data_points == 7
    assert policy.disabled_strategies == {"A": None, "B": None}


def test_samples_come_as_any_collection_of_names() -> None:
    for names in (["B", "A", "A"], ("B", "A"), {"A", "B"}, frozenset("AB")):
        assert Policy.from_sources({"sample_strategies": names}, None).sample_strategies == ("A", "B")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"SHARPE_TRESHOLD_REDUCE": 1}, "SHARPE_TRESHOLD_REDUCE must be a known policy field, was 1"),
        ({"sharpe_threshold_reduce": 1}, "sharpe_threshold_reduce must be a known policy field, was 1"),
        ({"SHARPE_THRESHOLD_REDUCE": "1"}, "SHARPE_THRESHOLD_REDUCE must be a number from -10 to 10, was '1'"),
        ({"RISK_FREE_RATE": float("nan")}, "RISK_FREE_RATE must be a number from -0.5 to 1, was nan"),
        ({"MIN_DATA_POINTS": 1}, "MIN_DATA_POINTS must be a whole number from 2 to 90, was 1"),
        ({"MIN_DATA_POINTS": 5.5}, "MIN_DATA_POINTS must be a whole number from 2 to 90, was 5.5"),
        ({"SYSTEMIC_SELL_THRESHOLD": True}, "SYSTEMIC_SELL_THRESHOLD must be a whole number from 1 to 1000, was True"),
        ({"signal_ttl_seconds": float("inf")}, "signal_ttl_seconds must be a whole number from 1 to 86400, was inf"),
        ({"max_drawdown": 0}, "max_drawdown must be a number from 0.001 to 1 or null, was 0"),
        ({"paper_fee_bps": -101}, "paper_fee_bps must be a number from -100 to 1000 or null, was -101"),
        ({"paper_slippage_bps": -1}, "paper_slippage_bps must be a number from 0 to 1000 or null, was -1"),
        ({"paper_slippage_bps": "2"}, "paper_slippage_bps must be a number from 0 to 1000 or null, was '2'"),
        ({"trading_state": "PANIC"}, "trading_state must be one of RUN, REDUCE_ONLY, HALT, was 'PANIC'"),
        ({"trading_state": ["HALT"]}, "trading_state must be one of RUN, REDUCE_ONLY, HALT, was ['HALT']"),
        (
            {"insufficient_data_mode": "DISABLED"},
            "insufficient_data_mode must be one of ACTIVE, REDUCED, SHADOW_MODE, was 'DISABLED'",
        ),
        *(
            ({"market": market}, MARKET.format(market))
            for market in ("XXXX", "xnys", "NYSE", "24/7", "", None, ["XNYS"])
        ),
        ({"enabled": "yes"}, "enabled must be true or false, was 'yes'"),
        (
            {"disabled_strategies": "A"},
            (
                "disabled_strategies must be a list of strategy names, or a map of strategy name to end time or null, "
                "was 'A'"
            ),
        ),
        (
            {"disabled_strategies": [{}]},
            (
                "disabled_strategies must be a list of strategy names, or a map of strategy name to end time or null, "
                "was [{}]"
            ),
        ),
        (
            {"disabled_strategies": {"A": "2020"}},
            "disabled_strategies must be a map whose values are UTC timestamps or null, was {'A': '2020'}",
        ),
        ({"sample_strategies": "A"}, "sample_strategies must be a list of strategy names, was 'A'"),
        ({"sample_strategies": [["A"]]}, "sample_strategies must be a list of strategy names, was [['A']]"),
        ({"sample_strategies": {"A": None}}, "sample_strategies must be a list of strategy names, was {'A': None}"),
        (
            {"SHARPE_THRESHOLD_SHADOW": 1.2},
            "SHARPE_THRESHOLD_SHADOW must be at most SHARPE_THRESHOLD_REDUCE (1), was 1.2",
        ),
        (
            {"PERFORMANCE_LOOKBACK_DAYS": 3},
            "MIN_DATA_POINTS must be at most PERFORMANCE_LOOKBACK_DAYS (3), was 5",
        ),
    ],
)
def test_refused_by_field_limit_and_value(document: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.from_sources({}, document)
    assert str(caught.value) == message


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=2),
    max_leaves=4,
)
SETTINGS = sorted(map(document_name, Policy.__dataclass_fields__))


@given(st.dictionaries(st.sampled_from(SETTINGS), ANYTHING, max_size=4))
def test_whatever_a_document_says_it_is_read_or_refused_by_field(document: dict[str, Any]) -> None:
    problems = Policy.problems({}, document)
    assert all(problem.field in {*document, "MIN_DATA_POINTS", "SHARPE_THRESHOLD_SHADOW"} for problem in problems)
    if not problems:
        Policy.from_sources({}, document)
