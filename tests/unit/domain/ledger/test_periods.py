"""A period's figures from its days."""

from __future__ import annotations

from functions.domain.kernel.policy import Policy
from functions.domain.ledger.periods import month_statistics


def test_a_month_that_lost_more_than_its_capital_lost_all_of_it() -> None:
    days = [{"strategy_id": "Trend", "pnl": -25_000.0, "capital_base": 10_000.0}] * 2
    month = month_statistics(days, Policy(risk_free_rate=0.0))
    assert (month["return_fraction"], month["max_drawdown"]) == (-1.0, -1.0)
