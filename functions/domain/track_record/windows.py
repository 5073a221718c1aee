"""A tenant's performance windows: the recent sessions of all strategies in a few arrays."""

from __future__ import annotations

import itertools
import operator
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from functions.domain.kernel.errors import PackedStateError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.track_record.session_returns import SessionReturn, SessionReturns

MAX_WINDOW_STRATEGIES = 1000
"""Maximum strategies of one tenant."""
_WIRE = np.dtype("<f8")
_FLAGS = np.dtype("u1")


@dataclass(frozen=True, slots=True)
class PerformanceWindows:
    """Sessions, one row per strategy and one column per trading day."""

    strategy_names: tuple[str, ...]
    """Row names."""
    dates: tuple[date, ...]
    """Column names, oldest first."""
    sessions: SessionReturns
    """Shape (strategies, days)."""

    @classmethod
    def empty(cls) -> PerformanceWindows:
        return cls((), (), SessionReturns.empty((0, 0)))

    @classmethod
    def from_daily_returns(cls, daily_returns: Iterable[tuple[str, date, float]]) -> PerformanceWindows:
        """Arrange (strategy name, day, bare return) triples; like `from_sessions`."""
        return cls.from_sessions((name, day, SessionReturn.plain(value)) for name, day, value in daily_returns)

    @classmethod
    def from_sessions(cls, sessions: Iterable[tuple[str, date, SessionReturn]]) -> PerformanceWindows:
        """Arrange (strategy name, day, session) triples; the newest `MAX_WINDOW_DAYS` days are kept."""
        cells = {(name, day): session for name, day, session in sessions}
        dates = sorted({day for _, day in cells})[-MAX_WINDOW_DAYS:]
        column = {day: i for i, day in enumerate(dates)}
        names = sorted({name for name, day in cells if day in column})
        if len(names) > MAX_WINDOW_STRATEGIES:
            raise PackedStateError("strategies", f"at most {MAX_WINDOW_STRATEGIES}", len(names))
        arranged = SessionReturns.empty((len(names), len(dates)))
        row = {name: i for i, name in enumerate(names)}
        for (name, day), session in cells.items():
            if day in column:
                at = row[name], column[day]
                arranged.returns[at], arranged.long_fraction[at] = session.return_fraction, session.long_fraction
                arranged.is_active[at] = session.is_active
        return cls(tuple(names), tuple(dates), arranged)

    def followed_by(
        self, later: PerformanceWindows, since: date = date.min, most_days: int = MAX_WINDOW_DAYS
    ) -> PerformanceWindows:
        """
        Return the newest ``most_days`` days of both, none before ``since``.

        If both have a day, the later one's sessions count.
        """
        are_new = not (self.dates and later.dates) or self.dates[-1] < later.dates[0]
        if are_new and set(later.strategy_names) <= set(self.strategy_names):
            return self._continued_by(later, since, most_days)
        dates = sorted(day for day in {*self.dates, *later.dates} if day >= since)[-most_days:]
        names = sorted({*self.strategy_names, *later.strategy_names})
        row = {name: number for number, name in enumerate(names)}
        column = {day: number for number, day in enumerate(dates)}
        both = SessionReturns.empty((len(names), len(dates)))
        for one in (self, later):
            kept = [number for number, day in enumerate(one.dates) if day in column]
            cells = np.ix_([row[name] for name in one.strategy_names], [column[one.dates[number]] for number in kept])
            given = one.sessions[:, kept]
            is_given = ~np.isnan(given.returns)
            for array, values in zip(both.arrays, given.arrays, strict=True):
                array[cells] = np.where(is_given, values, array[cells])
        return _with_any_return(names, dates, both)

    def _continued_by(self, later: PerformanceWindows, since: date, most_days: int) -> PerformanceWindows:
        """Like `followed_by`, if all days of the later ones are new and none of their strategies is."""
        dates = (*self.dates, *later.dates)
        start = max(bisect_left(dates, since), len(dates) - most_days)
        added = later.rows(self.strategy_names, len(later.dates))
        pairs = zip(self.sessions.arrays, added.arrays, strict=True)
        both = SessionReturns(*(np.concatenate(pair, axis=1)[:, start:] for pair in pairs))
        return _with_any_return(self.strategy_names, dates[start:], both)

    def before(self, day: date) -> PerformanceWindows:
        """Return the sessions before a day, as a cycle of that day knew them."""
        kept = bisect_left(self.dates, day)
        return type(self)(self.strategy_names, self.dates[:kept], self.sessions[:, :kept])

    def rows(self, strategy_names: Sequence[str], lookback_days: int) -> SessionReturns:
        """Return the last ``lookback_days`` sessions of the named strategies; an unknown one has no return."""
        recent = self.sessions[:, -lookback_days:]
        if tuple(strategy_names) == self.strategy_names:
            return recent
        row = {name: i for i, name in enumerate(self.strategy_names)}
        none = SessionReturns.empty((1, recent.returns.shape[1]))
        pairs = zip(recent.arrays, none.arrays, strict=True)
        padded = SessionReturns(*(np.vstack(pair) for pair in pairs))
        return padded[[row.get(name, -1) for name in strategy_names]]

    def to_document(self) -> dict[str, Any]:
        """Pack into Firestore fields: three bytes values and a small index."""
        return {
            "strategy_names": list(self.strategy_names),
            "dates": [day.isoformat() for day in self.dates],
            "returns": self.sessions.returns.astype(_WIRE).tobytes(),
            "long_fraction": self.sessions.long_fraction.astype(_WIRE).tobytes(),
            "is_active": self.sessions.is_active.astype(_FLAGS).tobytes(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> PerformanceWindows:
        """
        Unpack; a missing document is an empty window, and an older one only has `SessionReturns.plain` returns.

        Raises
        ------
        PackedStateError
            If the bytes and the index are inconsistent.
        """
        if document is None:
            return cls.empty()
        try:
            names = tuple(document["strategy_names"])
            dates = tuple(date.fromisoformat(day) for day in document["dates"])
            sessions = _sessions(document)
        except (KeyError, TypeError, ValueError) as error:
            raise PackedStateError("windows", "strategy_names, dates and returns", str(error)) from error
        if not all(map(operator.lt, dates, dates[1:])):
            raise PackedStateError("dates", "distinct days, oldest first", document["dates"])
        expected = len(names) * len(dates)
        is_whole = all(array.size == expected for array in sessions.arrays) and len(set(names)) == len(names)
        if not is_whole or np.isinf(sessions.returns).any() or not np.isfinite(sessions.long_fraction).all():
            limit = f"{expected} finite values or NaN for distinct strategies"
            raise PackedStateError("returns", limit, sessions.returns.size)
        shape = len(names), len(dates)
        return cls(names, dates, SessionReturns(*(array.reshape(shape) for array in sessions.arrays)))


def _with_any_return(names: Sequence[str], dates: Sequence[date], sessions: SessionReturns) -> PerformanceWindows:
    """Return windows without strategies that no longer have a return."""
    has_any = np.asarray(~np.isnan(sessions.returns).all(axis=1))
    kept = sessions if has_any.all() else sessions[has_any]
    return PerformanceWindows(tuple(itertools.compress(names, has_any.tolist())), tuple(dates), kept)


def _sessions(document: Mapping[str, Any]) -> SessionReturns:
    returns = np.frombuffer(document["returns"], dtype=_WIRE).astype(np.float64)
    if "long_fraction" not in document:
        return SessionReturns.plain(returns)
    long_fraction = np.frombuffer(document["long_fraction"], dtype=_WIRE).astype(np.float64)
    return SessionReturns(returns, long_fraction, np.frombuffer(document["is_active"], dtype=_FLAGS) != 0)
