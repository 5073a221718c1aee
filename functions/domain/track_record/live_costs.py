"""Recent costs of a tenant's live fills, which its fills on paper are charged."""

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
from functions.domain.kernel.parsing import stored_json
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.kernel.setting_checks import FEE_BPS, SLIPPAGE_BPS, Check, optional
from functions.domain.kernel.stored_fields import COUNT, MAP, NUMBER, Kinds, check_fields
from functions.domain.track_record.daily_returns import COST_SUMS, day_of, is_on_paper

MIN_FILLS = 30
"""Minimum number of fills to estimate the cost of the next one."""
BASIS_POINTS = 10_000
"""Basis points per unit."""
FIELD = "live_costs"
"""Their field in a windows document."""
DAYS_FIELD = "live_days_json"
"""Field of their daily sums in the tenant's own windows document."""
_SUMMED = (*COST_SUMS, "fills")
_sums = itemgetter(*_SUMMED)
_OF_SUMS: Kinds = dict.fromkeys(_SUMMED, NUMBER)
_READ = {"fee_bps": optional(FEE_BPS), "slippage_bps": optional(SLIPPAGE_BPS)}


@dataclass(frozen=True, slots=True)
class LiveCosts:
    """Costs per USD traded, in basis points; None if fills do not show them."""

    fee_bps: float | None = None
    """Negative if rebates exceed fees."""
    slippage_bps: float | None = None
    fills: int = 0
    """Number of fills behind them."""

    @classmethod
    def of_sums(cls, *, fees: float, slippage: float, turnover: float, fills: int) -> LiveCosts:
        """
        Return the costs of fills per USD traded, within the limits of a policy.

        Parameters
        ----------
        fees, slippage, turnover : float
            USD. If total slippage is 0, no broker states it, and it is unknown: prices then contain it.
        """
        if fills < MIN_FILLS or not turnover > 0:
            return cls(fills=fills)
        fee_bps = _within(FEE_BPS, fees / turnover * BASIS_POINTS)
        return cls(fee_bps, _within(SLIPPAGE_BPS, slippage / turnover * BASIS_POINTS) if slippage > 0 else None, fills)

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_windows(cls, windows: Mapping[str, Any] | None) -> LiveCosts:
        """Read them from a windows document; an older one has none. Raises InputError."""
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
    """Costs of strategies' live fills by session, for the latest `MAX_WINDOW_DAYS`."""

    sums: Mapping[date, Mapping[str, float]]
    """`COST_SUMS` in USD, and the number of ``fills``; oldest session first, idle ones included."""

    @classmethod
    def of(cls, days: Iterable[Mapping[str, Any]]) -> LiveDays:
        """
        Add up daily documents.

        Parameters
        ----------
        days : iterable of mapping
            Of all users and both books. Unowned trades, and documents from before these sums were stored, do not count.
        """
        traded: dict[date, list[Mapping[str, Any]]] = {}
        for day in days:
            of_session = traded.setdefault(day_of(day), [])
            if _tells(day):
                of_session.append(day)
        newest = sorted(traded)[-MAX_WINDOW_DAYS:]
        return cls({one: {name: math.fsum(day[name] for day in traded[one]) for name in _SUMMED} for one in newest})

    def followed_by(self, later: LiveDays, since: date = date.min) -> LiveDays:
        """Return the latest `MAX_WINDOW_DAYS` sessions of both, none before ``since``; the later ones' sums count."""
        both = {**self.sums, **later.sums}
        return LiveDays({day: both[day] for day in sorted(day for day in both if day >= since)[-MAX_WINDOW_DAYS:]})

    def costs(self) -> LiveCosts:
        """Return the costs of the fills of all these sessions."""
        fees, slippage, turnover, fills = (math.fsum(one[name] for one in self.sums.values()) for name in _SUMMED)
        return LiveCosts.of_sums(fees=fees, slippage=slippage, turnover=turnover, fills=int(fills))

    def to_text(self) -> str:
        return json.dumps({day.isoformat(): one for day, one in self.sums.items()}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: Any) -> LiveDays:
        """Read the stored sums. Raises PackedStateError if they are missing or damaged."""
        try:
            days = {date.fromisoformat(day): one for day, one in stored_json(text).items()}
            if not all(map(NUMBER.holds, itertools.chain.from_iterable(map(_sums, days.values())))):
                for one in days.values():
                    check_fields(one, _OF_SUMS)
        except (AttributeError, InputError, KeyError, TypeError, ValueError) as error:
            raise PackedStateError(f"windows.{DAYS_FIELD}", "sums by session", text) from error
        return cls(days)


def _tells(day: Mapping[str, Any]) -> bool:
    """Return whether a daily document has costs of a strategy's live fills, and there were any."""
    if is_on_paper(day) or day["uid"] == UNOWNED:
        return False
    return all(NUMBER.holds(day.get(name)) for name in _SUMMED) and day["turnover"] > 0


def _within(check: Check, figure: float) -> float:
    return min(max(figure, float(check.schema["minimum"])), float(check.schema["maximum"]))
