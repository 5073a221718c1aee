"""What the demo reports at its end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from examples.demo_report import held_index, way_back, what_happened
from examples.demo_tables import comparison_table, last_action, last_allocations, performance_table
from examples.replay import Prices
from tests.unit.examples.test_demo_days import TRIPPED, a_day, verdict


def text_of(table: Table) -> list[str]:
    console = Console(width=100, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_what_happened_is_what_rules_did_with_dates_and_a_sum_of_mode_changes() -> None:
    days = [
        a_day(verdict("A"), date="2020-02-27"),
        a_day(verdict("A", "SHADOW_MODE", "ACTIVE", sharpe_ratio=-1.0), breaker=TRIPPED, date="2020-02-28"),
        a_day(verdict("A", "REDUCED", "SHADOW_MODE"), date="2020-03-04"),
    ]
    assert what_happened(days) == [
        "2020-02-28  breaker trips: equity -11.0% from its peak; no BUY until 2020-03-04",
        "2020-03-04  breaker releases: BUYs pass again",
        "modes       1 down, 1 up",
    ]
    back = a_day(verdict("A", "ACTIVE", "REDUCED"), date="2020-03-05")
    assert way_back([*days, back]) == "; A was demoted on 2020-02-28 (Sharpe -1.00) and ACTIVE again on 2020-03-05"


def test_the_comparison_tells_end_return_and_drawdown_favourable_or_not() -> None:
    curves = {"with": [100.0, 120.0, 90.0], "without": [100.0, 100.0, 110.0]}
    lines = text_of(comparison_table(curves))
    assert "with 90 -10.0% -25.0%" in lines
    assert "without 110 +10.0% 0.0%" in lines


def test_the_index_is_bought_at_the_first_close_and_held() -> None:
    prices = Prices.load()
    held = held_index(prices, prices.between(date(2020, 2, 19), date(2020, 3, 23)), 100_000.0)
    assert held[0] == 100_000.0
    assert held[-1] == pytest.approx(66_100, abs=50), "the S&P 500 fell 33.9 % from 19 February to 23 March 2020"


def test_the_last_buy_and_the_last_action_of_a_strategy() -> None:
    bought = verdict("A", original_allocation=0.2, final_allocation=0.1)
    days = [
        a_day(bought, actions={"A": ("BUY", "KO")}, date="2020-02-27"),
        a_day(verdict("A"), actions={"A": ("HOLD", "")}),
    ]
    assert last_allocations(days, "A") == ("20.0%", "10.0%")
    assert last_action(days, "A") == "BUY 27 Feb"
    assert last_action(days[1:], "A") == "none"


def test_performance_is_a_row_a_strategy_over_all_months() -> None:
    def month(book: str, pnl: float, fills: int) -> dict[str, Any]:
        return {"strategy_id": "A", "book": book, "pnl": pnl, "fills": fills}

    lines = text_of(performance_table([month("live", 1000, 2), month("live", -250.4, 1), month("shadow", 10, 0)]))
    assert "A 750 3 10 0" in lines
