"""The capital base of a strategy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from functions.adapters.market_calendar import AlwaysOpen
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.equity_flows import Equity
from functions.domain.track_record.modes import ModeState
from functions.services.ledger.ports import TenantSettings
from functions.services.ledger.valuation import value

SINCE = datetime(2020, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(("equity", "base"), [(80_000.0, 20_000.0), (0.0, 10_000.0), (-5_000.0, 10_000.0)])
def test_an_account_that_is_worth_nothing_is_no_capital_base(equity: float, base: float) -> None:
    malformed: list[Exception] = []
    modes = {"Trend": ModeState(AgentMode.ACTIVE, SINCE, ReasonCode.SHARPE_HEALTHY, allocation=0.25)}
    breaker = BreakerState(opening=Equity(equity, SINCE)).to_document()
    settings = TenantSettings(
        policy={"base_capital": 10_000},
        modes=modes_document(modes, SINCE),
        market_data=None,
        session={"breaker": breaker},
    )
    assert value(settings, {}, AlwaysOpen(), malformed.append).capital_base("Trend") == base
    assert malformed == []
