"""The demo's tables: the last decision, the account with and without Maestro, and each strategy's performance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from examples.demo_days import Day
from functions.domain.kernel.book_names import SHADOW_BOOK
from functions.domain.ledger.performance_documents import label_of
from functions.domain.track_record.statistics import max_drawdown


def strategy_table(days: Sequence[Day]) -> Table:
    """Return what the last cycle decided, a row per strategy."""
    last = days[-1]
    words = {"Strategy", "Mode", "Last action"}
    headings = ("Strategy", "Mode", "Sharpe", "P(SR>0)", "Days", "Proposed", "Allowed", "Last action")
    table = _table(headings, words)
    for verdict in last.verdicts:
        table.add_row(
            verdict["strategy_name"],
            verdict["mode"],
            figure(verdict["sharpe_ratio"], "{:.2f}"),
            figure(verdict["probabilistic_sharpe_ratio"], "{:.0%}"),
            str(verdict["data_points"]),
            *last_allocations(days, verdict["strategy_name"]),
            last_action(days, verdict["strategy_name"]),
        )
    return table


def last_allocations(days: Sequence[Day], name: str) -> tuple[str, str]:
    """Return the allocations of a strategy's last BUY, as proposed and as allowed."""
    for day in reversed(days):
        signal = day.decision["signals"][name]
        if signal.get("original_action", signal["action"]) == "BUY":
            verdict = next(v for v in day.verdicts if v["strategy_name"] == name)
            return f"{verdict['original_allocation']:.1%}", f"{verdict['final_allocation']:.1%}"
    return "", ""


def last_action(days: Sequence[Day], name: str) -> str:
    """Return what a strategy was last let do, and when."""
    acted = ((day, day.decision["signals"][name]["action"]) for day in reversed(days))
    return next((f"{action} {date.fromisoformat(day.date):%d %b}" for day, action in acted if action != "HOLD"), "none")


def comparison_table(equities: Mapping[str, Sequence[float]]) -> Table:
    """Return the same days with and without Maestro, favourable or not."""
    table = _table(("Account", "End USD", "Return", "Max drawdown"), {"Account"})
    for label, curve in equities.items():
        returns = [after / before - 1.0 for before, after in pairwise(curve)]
        deepest = float(max_drawdown(np.array(returns)))
        table.add_row(label, f"{curve[-1]:,.0f}", f"{curve[-1] / curve[0] - 1.0:+.1%}", f"{deepest:.1%}")
    return table


def performance_table(months: Iterable[Mapping[str, Any]]) -> Table:
    """Return what each strategy made over all months, live and on paper."""
    totals: dict[str, dict[str, float]] = {}
    for month in months:
        book = "paper" if month["book"] == SHADOW_BOOK else "live"
        sums = totals.setdefault(
            month["strategy_id"], dict.fromkeys(("live", "live fills", "paper", "paper fills"), 0.0)
        )
        sums[book] += month["pnl"]
        sums[f"{book} fills"] += month["fills"]
    headings = ("Strategy", "Live P&L USD", "Fills", "Paper P&L USD", "Fills")
    table = _table(headings, {"Strategy"})
    for name, sums in sorted(totals.items()):
        table.add_row(name, *(f"{total:,.0f}" for total in sums.values()))
    return table


def month_table(months: Iterable[Mapping[str, Any]]) -> Table:
    """Return performance by month, book and strategy."""
    headings = ("Month", "Strategy", "Book", "P&L USD", "Return", "Sharpe", "Drawdown", "Win rate", "Days", "Fills")
    table = _table(headings, {"Month", "Strategy", "Book"})
    for month in months:
        if month["fills"] or month["pnl"]:
            table.add_row(
                label_of(month),
                month["strategy_id"],
                month["book"],
                f"{month['pnl']:,.0f}",
                figure(month["return_fraction"], "{:+.2%}"),
                figure(month["sharpe_ratio"], "{:.2f}"),
                figure(month["max_drawdown"], "{:.2%}"),
                figure(month["win_rate"], "{:.0%}"),
                str(month["trading_days"]),
                str(month["fills"]),
            )
    return table


def figure(value: float | None, pattern: str) -> str:
    return "n/a" if value is None else pattern.format(value)


def _table(headings: Sequence[str], words: set[str]) -> Table:
    """Return an empty table; columns of words go left, figures right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="left" if heading in words else "right", no_wrap=True)
    return table
