"""`lab evidence`: what the documents claim of the product's own settings, measured anew; favourable or not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from functions.domain.lab.figures import Figures
from functions.domain.track_record.sharpe_evidence import minimum_track_record_length, sharpe_standard_error
from tools.lab.policies import GUIDE, OFF
from tools.lab.policy_run import StrategySession
from tools.lab.results.beside import SCALED
from tools.lab.results.measured import Measured
from tools.lab.results.outcome import Outcome
from tools.lab.results.tables import number, percent

POLICIES: Mapping[str, Mapping[str, Any]] = {
    OFF: {"enabled": False},
    GUIDE: {},
    "lookback 90, 60 data points": {"PERFORMANCE_LOOKBACK_DAYS": 90, "MIN_DATA_POINTS": 60},
    "lookback 90": {"PERFORMANCE_LOOKBACK_DAYS": 90},
    "proof 0.9": {"demotion_confidence": 0.9},
    "proof 0.8, lookback 90": {"demotion_confidence": 0.8, "PERFORMANCE_LOOKBACK_DAYS": 90},
    "proof 0.95, lookback 90": {"demotion_confidence": 0.95, "PERFORMANCE_LOOKBACK_DAYS": 90},
    "thresholds 0 and −1, lookback 90": {
        "SHARPE_THRESHOLD_REDUCE": 0.0,
        "SHARPE_THRESHOLD_SHADOW": -1.0,
        "PERFORMANCE_LOOKBACK_DAYS": 90,
    },
}
"""What is asked again and again: more days, proof before a demotion, lower thresholds."""
FORWARD = 30
"""Sessions after a mode over which its strategy's own return is looked at."""
_DAYS = (30, 60, 90, 252)


def tables(found: Outcome) -> Iterator[str]:
    """Yield Markdown tables of a run of `POLICIES`."""
    yield _accounts(found)
    yield _after_modes(found)
    yield _what_days_tell(found.task.terms.periods_a_year)


def _accounts(found: Outcome) -> str:
    rows = []
    for name, one in found.policies.items():
        beside = found.comparisons[name].beside if name in found.comparisons else None
        scaled = beside[SCALED].other.max_drawdown if beside else math.nan
        rows.append(
            (
                name,
                percent(one.figures.yearly_return),
                percent(one.figures.max_drawdown),
                percent(scaled) if beside else "",
                _ratio(one.figures),
                percent(found.deflated(one)),
                percent(one.exposure),
                number(one.turnover),
                f"{one.mode_changes:,}",
            )
        )
    if found.hold_figures is not None:
        hold = found.hold_figures
        shown = (percent(hold.yearly_return), percent(hold.max_drawdown), "", _ratio(hold))
        rows.append(("buy-and-hold", *shown, "", "", "", ""))
    head = (
        "policy", "return a year", "max drawdown", "raw's at the same exposure", "Sharpe ± SE", "deflated", "exposure",
        "turnover, two-way", "mode changes",
    )  # fmt: skip
    return markdown(head, rows)


def _ratio(one: Figures) -> str:
    return f"{number(one.sharpe_ratio)} ± {number(one.sharpe_standard_error)}"


def _after_modes(found: Outcome) -> str:
    """Return what strategies earned raw in the sessions after each mode that the guide's ladder gave them."""
    guide = found.policies[GUIDE]
    rows = []
    for mode in ("ACTIVE", "REDUCED", "SHADOW_MODE"):
        earned, count = after_mode(guide, found.raw, mode)
        year = found.task.terms.periods_a_year
        rows.append((mode, f"{count:,}", percent(earned * year) if count else "n/a"))
    return markdown(
        ("mode under guide", "sessions of strategies", f"next {FORWARD} sessions raw, a year of what was held"), rows
    )


def after_mode(policy: Measured, raw: Measured, mode: str) -> tuple[float, int]:
    """
    Return what strategies earned raw, a session, as a fraction of what they held, in the sessions after having a mode.

    Overlapping windows: a session counts once for each of the sessions before it.
    """
    profit = held = 0.0
    count = 0
    for name, rows in policy.run.strategies.items():
        profits, values = _raw_of(raw.run.strategies[name])
        for at, row in enumerate(rows[:-1]):
            if row.mode != mode:
                continue
            end = min(at + 1 + FORWARD, len(rows))
            profit += profits[end] - profits[at + 1]
            held += values[end] - values[at + 1]
            count += 1
    return (profit / held if held else math.nan), count


def _raw_of(rows: Sequence[StrategySession]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return running sums of profit, and of what was held before each session."""
    profits = np.array([row.profit for row in rows])
    held = np.array([0.0, *(row.held for row in rows[:-1])])
    return np.concatenate([[0.0], np.cumsum(profits)]), np.concatenate([[0.0], np.cumsum(held)])


def _what_days_tell(periods_a_year: int) -> str:
    """Return how well so many normal days tell a Sharpe ratio, and how many it takes to prove one."""
    rows = [(str(days), *(number(_error(days, ratio, periods_a_year)) for ratio in (0.0, 1.0, 2.0))) for days in _DAYS]
    said = markdown(("days", "SE of a ratio of 0", "of 1", "of 2"), rows)
    proofs = ", ".join(f"{math.ceil(_needed(ratio, periods_a_year)):,}" for ratio in (1.0, 2.0, 3.0))
    return f"{said}\n\nDays that prove a ratio of 1, 2 and 3 to be above 0, at 95 %: {proofs}."


def _error(days: int, ratio: float, periods_a_year: int) -> float:
    return float(sharpe_standard_error(_days(days, ratio, periods_a_year), periods_a_year=periods_a_year))


def _needed(ratio: float, periods_a_year: int) -> float:
    return float(minimum_track_record_length(_days(5000, ratio, periods_a_year), periods_a_year=periods_a_year))


def _days(count: int, sharpe: float, periods_a_year: int) -> np.ndarray[Any, Any]:
    """Return days of a normal distribution's own quantiles, with just that annualised ratio."""

    z = np.array([NormalDist().inv_cdf((at + 0.5) / count) for at in range(count)])
    z = (z - z.mean()) / z.std(ddof=1)
    return np.asarray(0.01 * (z + sharpe / math.sqrt(periods_a_year)))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
