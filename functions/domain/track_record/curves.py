"""A strategy's record, day by day: equity and drawdown of each book, and the Sharpe ratio behind its modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from functions.domain.kernel.book_names import LIVE_BOOK, SHADOW_BOOK
from functions.domain.kernel.policy import Policy
from functions.domain.track_record import statistics
from functions.domain.track_record.daily_returns import Document, cell_of, counted, is_on_paper, pooled_sessions
from functions.domain.track_record.session_returns import Figures, SessionReturns


@dataclass(frozen=True, slots=True)
class Curve:
    """One book; every array has shape (days,), NaN on days without data."""

    return_fraction: Figures
    equity: Figures
    """Compounded; 1 before the first day shown, NaN before the book's first day, 0 from the day everything was lost."""
    drawdown: Figures
    """Fraction below the highest equity so far, 0 or negative."""


@dataclass(frozen=True, slots=True)
class StrategyCurves:
    """One strategy; every sequence has one entry per day, oldest first."""

    days: tuple[date, ...]
    live: Curve
    shadow: Curve
    sharpe: Figures
    """Annualised, over the policy's lookback that ends on the day; NaN with too few active days or no variation."""
    book: tuple[str | None, ...]
    """Which book counted; None if neither did, as on an idle day of a strategy on paper only."""
    mode: tuple[str | None, ...]
    """At the end of the day; None if not on record."""


def strategy_curves(documents: Sequence[Document], most_days: int, policy: Policy) -> StrategyCurves:
    """
    Return the curves of one strategy.

    Parameters
    ----------
    documents : sequence of mapping
        Its daily performance documents of both books and all users, in any order. Days before those shown count for the
        first Sharpe ratios, and show whether a book had begun or had lost everything.
    most_days : int
        How many of the latest days to show.
    policy : Policy
        Its lookback, minimum data points, risk-free rate and market determine the Sharpe ratio.

    Raises
    ------
    MetricInputError
        If a return is infinite.
    """
    counting = counted(documents)
    days = sorted({day for _, day in map(cell_of, documents)})
    books = {cell_of(document)[1]: SHADOW_BOOK if is_on_paper(document) else LIVE_BOOK for document in counting}
    modes = {cell_of(document)[1]: mode for document in documents if (mode := document.get("mode"))}
    shown = days[-most_days:]
    live = [document for document in documents if not is_on_paper(document)]
    shadow = [document for document in documents if is_on_paper(document)]
    return StrategyCurves(
        days=tuple(shown),
        live=_curve(_on(days, live).returns, len(shown)),
        shadow=_curve(_on(days, shadow).returns, len(shown)),
        sharpe=rolling_sharpe(_on(days, counting), policy)[-most_days:],
        book=tuple(books.get(day) for day in shown),
        mode=tuple(modes.get(day) for day in shown),
    )


def rolling_sharpe(sessions: SessionReturns, policy: Policy) -> Figures:
    """Return the Sharpe ratio over the policy's lookback at every day, shape (days,)."""
    if sessions.returns.size == 0:
        return sessions.returns
    year = policy.periods_a_year
    excess = _lookbacks(sessions.excess(policy.risk_free_rate, year), np.nan, policy)
    active = _lookbacks(sessions.is_active, 0, policy).sum(axis=-1)
    return np.where(active >= policy.min_data_points, statistics.sharpe_ratio(excess, periods_a_year=year), np.nan)


def _lookbacks(values: NDArray[Any], before: float, policy: Policy) -> NDArray[Any]:
    """Return the lookback up to every day, shape (days, lookback), with ``before`` before the first day."""
    lookback = policy.performance_lookback_days
    padded = np.concatenate([np.full(lookback - 1, before, dtype=values.dtype), values])
    return sliding_window_view(padded, lookback)


def _on(days: Sequence[date], documents: Sequence[Document]) -> SessionReturns:
    """Return a strategy's pooled sessions on given days."""
    by_day = {day: session for (_, day), session in pooled_sessions(documents).items()}
    return SessionReturns.of(by_day.get(day) for day in days)


def _curve(returns: Figures, days_shown: int) -> Curve:
    """Return a book's curve over its last days; earlier days only show whether it had begun or lost everything."""
    first = returns.size - days_shown
    shown = returns[first:]
    has_begun = np.logical_or.accumulate(~np.isnan(returns))[first:]
    was_lost = bool((statistics.growth(returns[:first]) == 0.0).any())
    equity = np.zeros_like(shown) if was_lost else statistics.growth(shown)
    with np.errstate(invalid="ignore"):  # infinite beyond the range of floats
        drawdown = equity / np.maximum.accumulate(np.maximum(equity, 1.0)) - 1.0
    return Curve(shown, np.where(has_begun, equity, np.nan), np.where(has_begun, drawdown, np.nan))
