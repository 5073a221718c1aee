"""What accounts would have come to under the settings that people ask for most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from functions.domain.lab.figures import Figures
from tools.lab.evidence.markdown import markdown
from tools.lab.policies import GUIDE, OFF
from tools.lab.policy_run import StrategySession
from tools.lab.results.beside import RAW, SCALED
from tools.lab.results.measured import Measured
from tools.lab.results.outcome import Outcome
from tools.lab.results.tables import between, number, percent
from tools.lab.source import terms_of

POLICIES: Mapping[str, Mapping[str, Any]] = {
    OFF: {"enabled": False},
    GUIDE: {},
    "lookback 90, 60 data points": {"PERFORMANCE_LOOKBACK_DAYS": 90, "MIN_DATA_POINTS": 60},
    "lookback 90": {"PERFORMANCE_LOOKBACK_DAYS": 90},
    "proof 0.9": {"demotion_confidence": 0.9},
    "proof 0.95": {"demotion_confidence": 0.95},
    "proof 0.8, lookback 90": {"demotion_confidence": 0.8, "PERFORMANCE_LOOKBACK_DAYS": 90},
    "proof 0.95, lookback 90": {"demotion_confidence": 0.95, "PERFORMANCE_LOOKBACK_DAYS": 90},
    "thresholds 0 and −1, lookback 90": {
        "SHARPE_THRESHOLD_REDUCE": 0.0,
        "SHARPE_THRESHOLD_SHADOW": -1.0,
        "PERFORMANCE_LOOKBACK_DAYS": 90,
    },
}
"""The settings that people ask about most: more days, proof before a demotion, lower thresholds."""
FORWARD = 30
"""Sessions after a mode over which its strategy's own return is looked at."""


def accounts(found: Outcome) -> str:
    """Return what each policy of a run came to, its mode changes among it."""
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


def beside_raw(found: Outcome) -> str:
    """Return how far each policy is above the strategies alone, with intervals of 95 %."""
    rows = []
    for name, comparison in found.comparisons.items():
        one = comparison.beside[RAW]
        figures = (between(one.yearly_return, percent), between(one.sharpe), between(one.max_drawdown, percent))
        rows.append((name, *figures, number(one.correlation)))
    return markdown(("policy, minus off", "return a year", "Sharpe", "max drawdown", "correlation"), rows)


def after_modes(found: Outcome) -> str:
    """Return what strategies earned raw in the sessions after each mode that the guide's ladder gave them."""
    guide = found.policies[GUIDE]
    rows = []
    for mode in ("ACTIVE", "REDUCED", "SHADOW_MODE"):
        earned, count = after_mode(guide, found.raw, mode)
        year = terms_of(found.task).periods_a_year
        rows.append((mode, f"{count:,}", percent(earned * year) if count else "n/a"))
    return markdown(
        ("mode under guide", "sessions of strategies", f"next {FORWARD} sessions raw, return a year on what was held"),
        rows,
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
