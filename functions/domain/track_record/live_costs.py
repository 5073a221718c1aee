"""What a tenant's own live fills cost of late: what its fills on paper are charged."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError, PackedStateError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.kernel.setting_checks import FEE_BPS, SLIPPAGE_BPS, Check, optional
from functions.domain.kernel.stored_fields import COUNT, MAP, NUMBER, Kinds, check_fields
from functions.domain.track_record.daily_returns import COST_SUMS, day_of, is_on_paper

MIN_FILLS = 30
"""Fills below which they tell nothing of what the next one costs."""
BASIS_POINTS = 10_000
"""Of a whole."""
FIELD = "live_costs"
"""Where they are in a windows document."""
DAYS_FIELD = "live_days_json"
"""Where what they add up is in the tenant's own."""
_SUMMED = (*COST_SUMS, "fills")
_sums = itemgetter(*_SUMMED)
_OF_SUMS: Kinds = dict.fromkeys(_SUMMED, NUMBER)
_READ = {"fee_bps": optional(FEE_BPS), "slippage_bps": optional(SLIPPAGE_BPS)}


@dataclass(frozen=True, slots=True)
class LiveCosts:
    """Costs per USD traded, in basis points; None where fills do not tell."""

    fee_bps: float | None = None
    """Below 0 where rebates exceed what was paid."""
    slippage_bps: float | None = None
    fills: int = 0
    """How many they are of."""

    @classmethod
    def of_sums(cls, *, fees: float, slippage: float, turnover: float, fills: int) -> LiveCosts:
        """
        Return what fills cost per USD traded, none beyond what a policy may say.

        Parameters
        ----------
        fees, slippage, turnover : float
            USD. Where slippage is 0 in all no broker states it, and nobody knows it: prices then contain it.
        """
        if fills < MIN_FILLS or not turnover > 0:
            return cls(fills=fills)
        fee_bps = _within(FEE_BPS, fees / turnover * BASIS_POINTS)
        return cls(fee_bps, _within(SLIPPAGE_BPS, slippage / turnover * BASIS_POINTS) if slippage > 0 else None, fills)

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_windows(cls, windows: Mapping[str, Any] | None) -> LiveCosts:
        """Read them of a windows document; one of before they were kept tells nothing. Raises InputError."""
        stored = (windows or {}).get(FIELD)
        if stored is None:
            return cls()
        check_fields({FIELD: stored}, {FIELD: MAP})
        check_fields(stored, {"fills": COUNT}, inside=f"{FIELD}.")
        figures = {}
        for name, check in _READ.items():
            try:
                figures[name] = check(stored.get(name))
            except ValueError as error:
                raise InputError(f"{FIELD}.{name}", str(error), stored.get(name)) from error
        return cls(**figures, fills=int(stored["fills"]))


@dataclass(frozen=True, slots=True)
class LiveDays:
    """What live fills of strategies cost, session by session, of the newest `MAX_WINDOW_DAYS`."""

    sums: Mapping[date, Mapping[str, float]]
    """USD of `COST_SUMS`, and ``fills``, how many; oldest session first, idle ones included."""

    @classmethod
    def of(cls, days: Iterable[Mapping[str, Any]]) -> LiveDays:
        """
        Add up daily documents.

        Parameters
        ----------
        days : iterable of mapping
            Of all users and both books. What no strategy traded does not count, nor does a document of before these
            sums were kept.
        """
        traded: dict[date, list[Mapping[str, Any]]] = {}
        for day in days:
            of_session = traded.setdefault(day_of(day), [])
            if _tells(day):
                of_session.append(day)
        newest = sorted(traded)[-MAX_WINDOW_DAYS:]
        return cls({one: {name: math.fsum(day[name] for day in traded[one]) for name in _SUMMED} for one in newest})

    def followed_by(self, later: LiveDays, since: date = date.min) -> LiveDays:
        """Return the newest `MAX_WINDOW_DAYS` sessions of both, none before ``since``; the later ones' sums count."""
        both = {**self.sums, **later.sums}
        return LiveDays({day: both[day] for day in sorted(day for day in both if day >= since)[-MAX_WINDOW_DAYS:]})

    def costs(self) -> LiveCosts:
        """Return what the fills of all these sessions cost."""
        fees, slippage, turnover, fills = (math.fsum(one[name] for one in self.sums.values()) for name in _SUMMED)
        return LiveCosts.of_sums(fees=fees, slippage=slippage, turnover=turnover, fills=int(fills))

    def to_text(self) -> str:
        return json.dumps({day.isoformat(): one for day, one in self.sums.items()}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: Any) -> LiveDays:
        """Read what is stored. Raises PackedStateError if it is missing or damaged."""
        try:
            days = {date.fromisoformat(day): one for day, one in json.loads(text).items()}
            if not all(map(NUMBER.holds, itertools.chain.from_iterable(map(_sums, days.values())))):
                for one in days.values():
                    check_fields(one, _OF_SUMS)
        except (AttributeError, InputError, KeyError, TypeError, ValueError) as error:
            raise PackedStateError(f"windows.{DAYS_FIELD}", "sums by session", text) from error
        return cls(days)


def _tells(day: Mapping[str, Any]) -> bool:
    """Tell whether a daily document says what a strategy's live fills cost, and there were any."""
    if is_on_paper(day) or day["uid"] == UNOWNED:
        return False
    return all(NUMBER.holds(day.get(name)) for name in _SUMMED) and day["turnover"] > 0


def _within(check: Check, figure: float) -> float:
    return min(max(figure, float(check.schema["minimum"])), float(check.schema["maximum"]))
