"""A tenant's performance windows: the recent daily returns of all strategies in one array."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.errors import PackedStateError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS

MAX_WINDOW_STRATEGIES = 1000
"""Strategies of one tenant; 1000 × 90 float64 are 720 kB, inside Firestore's 1 MiB a document."""
_WIRE = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class PerformanceWindows:
    """Daily returns, one row per strategy and one column per trading day."""

    strategy_names: tuple[str, ...]
    """Row names."""
    dates: tuple[date, ...]
    """Column names, oldest first."""
    returns: NDArray[np.float64]
    """Fractions per day, shape (strategies, days); NaN marks a day without a return."""

    @classmethod
    def empty(cls) -> PerformanceWindows:
        return cls((), (), np.empty((0, 0)))

    @classmethod
    def from_daily_returns(cls, daily_returns: Iterable[tuple[str, date, float]]) -> PerformanceWindows:
        """Arrange (strategy name, day, return) triples; the newest `MAX_WINDOW_DAYS` days are kept."""
        cells = {(name, day): value for name, day, value in daily_returns}
        dates = sorted({day for _, day in cells})[-MAX_WINDOW_DAYS:]
        column = {day: i for i, day in enumerate(dates)}
        names = sorted({name for name, day in cells if day in column})
        if len(names) > MAX_WINDOW_STRATEGIES:
            raise PackedStateError("strategies", f"at most {MAX_WINDOW_STRATEGIES}", len(names))
        returns = np.full((len(names), len(dates)), np.nan)
        row = {name: i for i, name in enumerate(names)}
        for (name, day), value in cells.items():
            if day in column:
                returns[row[name], column[day]] = value
        return cls(tuple(names), tuple(dates), returns)

    def followed_by(self, later: PerformanceWindows, since: date = date.min) -> PerformanceWindows:
        """
        Return the newest `MAX_WINDOW_DAYS` days of both, none before ``since``.

        Of a day that both have, the later ones' returns count.
        """
        dates = sorted(day for day in {*self.dates, *later.dates} if day >= since)[-MAX_WINDOW_DAYS:]
        names = sorted({*self.strategy_names, *later.strategy_names})
        row = {name: number for number, name in enumerate(names)}
        column = {day: number for number, day in enumerate(dates)}
        returns = np.full((len(names), len(dates)), np.nan)
        for one in (self, later):
            kept = [number for number, day in enumerate(one.dates) if day in column]
            cells = np.ix_([row[name] for name in one.strategy_names], [column[one.dates[number]] for number in kept])
            given = one.returns[:, kept]
            returns[cells] = np.where(np.isnan(given), returns[cells], given)
        has_any = ~np.isnan(returns).all(axis=1)
        return type(self)(tuple(itertools.compress(names, has_any)), tuple(dates), returns[has_any])

    def rows(self, strategy_names: Sequence[str], lookback_days: int) -> NDArray[np.float64]:
        """Return the last ``lookback_days`` returns of the named strategies; a row of NaN for an unknown one."""
        recent = self.returns[:, -lookback_days:]
        if tuple(strategy_names) == self.strategy_names:
            return recent
        row = {name: i for i, name in enumerate(self.strategy_names)}
        padded = np.vstack([recent, np.full((1, recent.shape[1]), np.nan)])
        return padded[[row.get(name, -1) for name in strategy_names]]

    def to_document(self) -> dict[str, Any]:
        """Pack into Firestore fields: one bytes value and a small index."""
        return {
            "strategy_names": list(self.strategy_names),
            "dates": [day.isoformat() for day in self.dates],
            "returns": self.returns.astype(_WIRE).tobytes(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> PerformanceWindows:
        """
        Unpack; a missing document is an empty window.

        Raises
        ------
        PackedStateError
            If the bytes and the index do not belong together.
        """
        if document is None:
            return cls.empty()
        try:
            names = tuple(document["strategy_names"])
            dates = tuple(date.fromisoformat(day) for day in document["dates"])
            returns = np.frombuffer(document["returns"], dtype=_WIRE).astype(np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise PackedStateError("windows", "strategy_names, dates and returns", str(error)) from error
        expected = len(names) * len(dates)
        if returns.size != expected or np.isinf(returns).any() or len(set(names)) != len(names):
            raise PackedStateError("returns", f"{expected} finite values or NaN for distinct strategies", returns.size)
        return cls(names, dates, returns.reshape(len(names), len(dates)))
