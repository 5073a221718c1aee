"""What a command shows in the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.table import Table

from functions.domain.lab.differences import Difference
from functions.domain.lab.figures import Figures
from tools.lab.results.beside import HOLD, RAW, SCALED
from tools.lab.results.measured import Measured
from tools.lab.results.outcome import Outcome
from tools.lab.results.rules import RULES
from tools.terminal import new_table

OTHERS = {RAW: "raw (off)", SCALED: "raw at the same exposure", HOLD: "buy-and-hold"}
"""What a policy is compared with, in words."""
MINUS = "\u2212"
MOST_IN_LINE = 30
"""Characters of a policy's name."""


def figures_table(found: Outcome) -> Table:
    """Return a row for each policy, and one for buy-and-hold."""
    table = _table(
        "Policy", "Return", "A year", "Volatility", "Sharpe ± SE", "PSR", "Deflated", "Drawdown", "Longest\nfall",
        "Exposure", "Turnover,\ntwo-way", "Costs USD", "Mode\nchanges a\nyear",
    )  # fmt: skip
    for one in found.policies.values():
        table.add_row(in_lines(one.name), *_figures(one.figures), *_of_policy(one, found))
    if found.hold_figures is not None:
        shown = _figures(found.hold_figures)
        table.add_row("buy-and-hold", *shown, "", percent(found.hold_figures.max_drawdown), longest(found.hold_figures))
    return table


def differences_table(found: Outcome) -> Table:
    """Return how far each policy is above what it is compared with, and within which interval."""
    table = _table("Policy", "compared with", "Sharpe", "Return", "Drawdown", "Correlation")
    for name, comparison in found.comparisons.items():
        for row, (other, one) in enumerate(comparison.beside.items()):
            sharpe = "as above" if other == SCALED and found.task.risk_free_rate == 0 else between(one.sharpe)
            cells = (sharpe, between(one.total_return, percent), between(one.max_drawdown, percent))
            table.add_row("" if row else name, OTHERS[other], *cells, number(one.correlation))
    return table


def strategies_table(found: Outcome) -> Table:
    """Return a row for each strategy of each policy."""
    table = _table("Policy", "Strategy", "Profit USD", "Raw USD", "Active", "Reduced", "Shadow", "Changes", "Trips")
    raw = {one.name: one.profit for one in found.raw.strategies}
    for policy in found.policies.values():
        for row, one in enumerate(policy.strategies):
            days = max(len(policy.days), 1)
            shares = [one.sessions_by_mode.get(mode, 0) / days for mode in ("ACTIVE", "REDUCED", "SHADOW_MODE")]
            cells = (usd(one.profit, signed=True), usd(raw[one.name], signed=True), *map(percent, shares))
            name = "" if row else policy.name
            table.add_row(name, one.name, *cells, str(one.mode_changes), str(one.round_trips))
    return table


def rules_table(found: Outcome) -> Table:
    """Return what each rule did, and what single rules do not account for."""
    table = _table("Policy", "Rule", "Acted", "Saved or cost USD")
    for name, effects in found.rules.items():
        for row, one in enumerate(effects.rules):
            note = f" (still acted {one.still_acted} times)" if one.still_acted else ""
            table.add_row("" if row else name, one.rule.title + note, str(one.acted), usd(one.effect, signed=True))
        table.add_row(
            "" if effects.rules else name, "remainder: rules interact", "", usd(effects.remainder, signed=True)
        )
        table.add_row("", "together, against off", "", usd(effects.together, signed=True))
    return table


def acted_table(found: Outcome) -> Table:
    """Return how often each rule acted, where what it cost is unknown."""
    table = _table("Policy", "Rule", "Acted")
    for name, one in found.policies.items():
        acted = {rule.title: rule.acted(one.run) for rule in RULES}
        for row, (title, count) in enumerate((title, count) for title, count in acted.items() if count):
            table.add_row("" if row else name, title, str(count))
    return table


def verdicts(found: Outcome) -> Iterator[str]:
    """Yield for each policy whether its difference from raw says anything."""
    for name, one in found.comparisons.items():
        if one.too_few:
            needed = (
                f"; to show a true difference this large takes {one.days_to_see:,.0f} days"
                if math.isfinite(one.days_to_see)
                else ""
            )
            yield f"{name}: too few to tell apart from off ({'; '.join(one.too_few)}{needed})"
        else:
            yield f"{name}: differs from off by more than chance explains"


def in_lines(policy: str) -> str:
    """Return a policy's name with an option a line where it is long: the figures beside it need the room."""
    return policy.replace("+", "+\n") if len(policy) > MOST_IN_LINE else policy


def percent(value: float, digits: int = 1) -> str:
    return "n/a" if math.isnan(value) else _typeset(f"{100 * value:.{digits}f} %")


def number(value: float) -> str:
    return "n/a" if math.isnan(value) else _typeset(f"{value:.2f}")


def usd(value: float, *, signed: bool = False) -> str:
    if math.isnan(value):
        return "n/a"
    return _typeset(f"{value:+,.0f}" if signed and round(value) else f"{value:,.0f}")


def between(one: Difference, shown: object = None) -> str:
    """Return a difference with its interval: +0.13 (−0.20 … +0.41)."""
    if math.isnan(one.difference):
        return "n/a"
    if shown is percent:
        said = [_typeset(f"{100 * value:+.1f}") for value in (one.difference, one.low, one.high)]
        return f"{said[0]} % ({said[1]} … {said[2]})"
    said = [_typeset(f"{value:+.2f}") for value in (one.difference, one.low, one.high)]
    return f"{said[0]} ({said[1]} … {said[2]})"


def longest(one: Figures) -> str:
    """Return how long the longest fall was."""
    if one.longest is None:
        return "0"
    return f"{one.longest.sessions}{'' if one.longest.recovered else ' +'}"


def _figures(one: Figures) -> tuple[str, ...]:
    sharpe = "n/a" if math.isnan(one.sharpe_ratio) else f"{number(one.sharpe_ratio)} ± {one.sharpe_standard_error:.2f}"
    shown = map(percent, (one.total_return, one.yearly_return, one.volatility))
    return (*shown, sharpe, percent(one.probabilistic_sharpe_ratio))


def _of_policy(one: Measured, found: Outcome) -> tuple[str, ...]:
    return (
        percent(found.deflated(one)),
        percent(one.figures.max_drawdown),
        longest(one.figures),
        percent(one.exposure),
        number(one.turnover),
        usd(one.costs),
        f"{one.mode_changes_a_year:.0f}",
    )


def _table(*columns: str) -> Table:
    table = new_table()
    words = {"Policy", "Strategy", "Rule", "compared with"}
    whole = {*words, "Sharpe ± SE"}
    for name in columns:
        table.add_column(name, justify="left" if name in words else "right", no_wrap=name in whole)
    return table


def _typeset(text: str) -> str:
    return text.replace("-", MINUS)
