"""
What each strategy made of late, session by session, and the mode it ended each session in: ``state/results``.

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
    """At the session's end; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class DayResults:
    """Of the strategies and sessions of a tenant's windows: what pages draw, and no decision reads."""

    cells: Mapping[Cell, DayResult]
    raw: Mapping[date, float] = field(default_factory=dict)
    """By session, what all strategies made by their own records, live or on paper as `counted`, net of costs, USD."""

    @classmethod
    def of(cls, days: Iterable[Mapping[str, Any]]) -> DayResults:
        """
        Add up usable daily documents.

        Parameters
        ----------
        days : iterable of mapping
            Of all users and both books; what nobody owns does not count, nor does the P&L of what is on paper.
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
        return cls(cells, dict(raw))

    def followed_by(self, later: DayResults, since: date = date.min) -> DayResults:
        """Return both, without sessions before ``since``; of a session that both have, the later ones count."""
        cells = {cell: one for cell, one in {**self.cells, **later.cells}.items() if cell[1] >= since}
        return DayResults(cells, {day: usd for day, usd in {**self.raw, **later.raw}.items() if day >= since})

    def to_document(self, windows: PerformanceWindows) -> dict[str, Any]:
        """Return what is stored of the strategies and sessions of the windows, with their returns."""
        none = DayResult(math.nan, None)
        found = [self.cells.get((name, day), none) for name in windows.strategy_names for day in windows.dates]
        codes = [0 if one.mode is None else _CODES[one.mode] for one in found]
        return {
            "strategy_names": list(windows.strategy_names),
            "dates": [day.isoformat() for day in windows.dates],
            "returns": windows.sessions.returns.astype(_FIGURES).tobytes(),
            "pnl": np.array([one.pnl for one in found], dtype=_FIGURES).tobytes(),
            "modes": np.array(codes, dtype=_MODES).tobytes(),
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
            return cls({})
        try:
            dates = [date.fromisoformat(day) for day in document["dates"]]
            cells = [(name, day) for name in document["strategy_names"] for day in dates]
            pnl = np.frombuffer(document["pnl"], dtype=_FIGURES).tolist()
            codes = np.frombuffer(document["modes"], dtype=_MODES).tolist()
            read = zip(cells, pnl, codes, strict=True)
            known = {cell: DayResult(usd, _NAMES[code] if code else None) for cell, usd, code in read}
            return cls(known, _raw(document, dates))
        except (KeyError, TypeError, ValueError) as error:
            raise PackedStateError("results", "a figure and a mode of each strategy and session", str(error)) from error


def _raw(document: Mapping[str, Any], dates: Sequence[date]) -> dict[date, float]:
    """Read what all strategies made together; nothing of documents of before it was kept."""
    if "raw" not in document:
        return {}
    sums = np.frombuffer(document["raw"], dtype=_SUMS).tolist()
    return {day: usd for day, usd in zip(dates, sums, strict=True) if not math.isnan(usd)}


def _sum(before: float, more: float) -> float:
    return more if math.isnan(before) else before + more


def _mode(stored: Any) -> AgentMode | None:
    return AgentMode(stored) if stored in _CODES else None
