"""
What each strategy made in recent sessions, and the mode it ended each in: ``state/results``.

Pages draw it, and no decision reads it: it is a document of its own, so that cycles need not carry it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import PackedStateError
from functions.domain.track_record.daily_returns import Cell, cell_of, counted, day_of, is_on_paper
from functions.domain.track_record.windows import PerformanceWindows

FIELD = "results"
"""Where it is in the tenant's own windows; a store may keep it beside them."""
_FIGURES = np.dtype("<f4")
_SUMS = np.dtype("<f8")
_MODES = np.dtype("u1")
_CODES = {mode: code for code, mode in enumerate(AgentMode, 1)}
_NAMES = {code: mode for mode, code in _CODES.items()}


@dataclass(frozen=True, slots=True)
class DayResult:
    """One strategy's session."""

    pnl: float
    """Live, of all users, net of costs, USD; NaN where it has no live book."""
    mode: AgentMode | None
    """At the session's end; None if unknown."""


@dataclass(frozen=True, slots=True)
class _Column:
    """One session of several strategies."""

    names: tuple[str, ...]
    pnl: NDArray[np.float64]
    codes: NDArray[np.uint8]

    def of(self, names: tuple[str, ...]) -> _Column:
        """Return the same of other strategies; unknown where it has none."""
        if names == self.names:
            return self
        row = {name: number for number, name in enumerate(self.names)}
        rows = [row.get(name, -1) for name in names]
        return _Column(names, np.append(self.pnl, math.nan)[rows], np.append(self.codes, np.uint8(0))[rows])

    def by_name(self) -> dict[str, DayResult]:
        read = zip(self.names, self.pnl.tolist(), self.codes.tolist(), strict=True)
        return {name: DayResult(usd, _NAMES.get(code)) for name, usd, code in read}


_NONE = _Column((), np.empty(0), np.empty(0, _MODES))


@dataclass(frozen=True, slots=True)
class DayResults:
    """Of the strategies and sessions of a tenant's windows: what pages draw, and no decision reads."""

    columns: Mapping[date, _Column] = field(default_factory=dict)
    raw: Mapping[date, float] = field(default_factory=dict)
    """By session, what all strategies made by their own records, live or on paper as `counted`, net of costs, USD."""

    @classmethod
    def of(cls, days: Iterable[Mapping[str, Any]]) -> DayResults:
        """
        Add up usable daily documents.

        Parameters
        ----------
        days : iterable of mapping
            Of all users and both books; unowned entries do not count, nor does the P&L of paper trades.
        """
        cells: dict[Cell, DayResult] = {}
        owned = [day for day in days if day["uid"] != UNOWNED]
        for day in owned:
            before = cells.get(cell_of(day), DayResult(math.nan, None))
            pnl = before.pnl if is_on_paper(day) else _sum(before.pnl, float(day["pnl"]))
            cells[cell_of(day)] = DayResult(pnl, before.mode or _mode(day.get("mode")))
        raw: dict[date, float] = defaultdict(float)
        for day in counted(owned):
            raw[day_of(day)] += float(day["pnl"])
        return cls.of_cells(cells, dict(raw))

    @classmethod
    def of_cells(cls, cells: Mapping[Cell, DayResult], raw: Mapping[date, float]) -> DayResults:
        """Arrange results by session."""
        by_day: dict[date, dict[str, DayResult]] = defaultdict(dict)
        for (name, day), one in cells.items():
            by_day[day][name] = one
        return cls({day: _column(ones) for day, ones in by_day.items()}, raw)

    @property
    def cells(self) -> dict[Cell, DayResult]:
        """Every result by strategy and session."""
        return {(name, day): one for day, column in self.columns.items() for name, one in column.by_name().items()}

    def followed_by(self, later: DayResults, since: date = date.min) -> DayResults:
        """Return both, without sessions before ``since``; of a session that both have, the later ones count."""
        columns = {**self.columns, **later.columns}
        for day in self.columns.keys() & later.columns.keys():
            columns[day] = _column({**self.columns[day].by_name(), **later.columns[day].by_name()})
        raw = {**self.raw, **later.raw}
        return DayResults(
            {day: one for day, one in columns.items() if day >= since},
            {day: usd for day, usd in raw.items() if day >= since},
        )

    def to_document(self, windows: PerformanceWindows) -> dict[str, Any]:
        """Return what is stored of the strategies and sessions of the windows, with their returns."""
        found = [self.columns.get(day, _NONE).of(windows.strategy_names) for day in windows.dates]
        return {
            "strategy_names": list(windows.strategy_names),
            "dates": [day.isoformat() for day in windows.dates],
            "returns": windows.sessions.returns.astype(_FIGURES).tobytes(),
            "pnl": np.array([one.pnl for one in found], dtype=_FIGURES).T.tobytes(),
            "modes": np.array([one.codes for one in found], dtype=_MODES).T.tobytes(),
            "raw": np.array([self.raw.get(day, math.nan) for day in windows.dates], dtype=_SUMS).tobytes(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> DayResults:
        """
        Read what is stored; nothing where they were not kept yet.

        Raises
        ------
        PackedStateError
            If there is not one of each strategy and session.
        """
        if document is None:
            return cls()
        try:
            names, dates = tuple(document["strategy_names"]), [date.fromisoformat(day) for day in document["dates"]]
            shape = len(names), len(dates)
            pnl = np.frombuffer(document["pnl"], dtype=_FIGURES).astype(np.float64).reshape(shape)
            codes = np.frombuffer(document["modes"], dtype=_MODES).reshape(shape)
            if codes.size and codes.max() > max(_NAMES):
                raise ValueError(f"{codes.max()} is not the code of a mode")
            columns = {day: _Column(names, pnl[:, at], codes[:, at]) for at, day in enumerate(dates)}
            return cls(columns, _raw(document, dates))
        except (KeyError, TypeError, ValueError) as error:
            raise PackedStateError("results", "a figure and a mode of each strategy and session", str(error)) from error


def _column(ones: Mapping[str, DayResult]) -> _Column:
    codes = [0 if one.mode is None else _CODES[one.mode] for one in ones.values()]
    return _Column(tuple(ones), np.array([one.pnl for one in ones.values()]), np.array(codes, dtype=_MODES))


def _raw(document: Mapping[str, Any], dates: Sequence[date]) -> dict[date, float]:
    """Read what all strategies made together; empty for documents from before it was stored."""
    if "raw" not in document:
        return {}
    sums = np.frombuffer(document["raw"], dtype=_SUMS).tolist()
    return {day: usd for day, usd in zip(dates, sums, strict=True) if not math.isnan(usd)}


def _sum(before: float, more: float) -> float:
    return more if math.isnan(before) else before + more


def _mode(stored: Any) -> AgentMode | None:
    return AgentMode(stored) if stored in _CODES else None
