"""What a tenant's own live fills cost of late: what its fills on paper are charged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import MAX_WINDOW_DAYS
from functions.domain.kernel.setting_checks import FEE_BPS, SLIPPAGE_BPS, Check, optional
from functions.domain.kernel.stored_fields import COUNT, MAP, NUMBER, check_fields
from functions.domain.track_record.daily_returns import COST_SUMS, day_of, is_on_paper

MIN_FILLS = 30
"""Fills below which they tell nothing of what the next one costs."""
BASIS_POINTS = 10_000
"""Of a whole."""
FIELD = "live_costs"
"""Where they are in a windows document."""
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

    @classmethod
    def of_days(cls, days: Iterable[Mapping[str, Any]]) -> LiveCosts:
        """
        Return what a tenant's live fills cost in the newest `MAX_WINDOW_DAYS` sessions.

        Parameters
        ----------
        days : iterable of mapping
            Daily documents of all users and both books. What no strategy traded does not count, nor does a document of
            before these sums were kept.
        """
        known = list(days)
        counted = frozenset(sorted({day_of(day) for day in known})[-MAX_WINDOW_DAYS:])
        traded = [day for day in known if day_of(day) in counted and _tells(day)]
        fees, slippage, turnover = (math.fsum(day[name] for day in traded) for name in COST_SUMS)
        return cls.of_sums(
            fees=fees, slippage=slippage, turnover=turnover, fills=sum(int(day["fills"]) for day in traded)
        )

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


def _tells(day: Mapping[str, Any]) -> bool:
    """Tell whether a daily document says what a strategy's live fills cost, and there were any."""
    if is_on_paper(day) or day["uid"] == UNOWNED:
        return False
    return all(NUMBER.holds(day.get(name)) for name in (*COST_SUMS, "fills")) and day["turnover"] > 0


def _within(check: Check, figure: float) -> float:
    return min(max(figure, float(check.schema["minimum"])), float(check.schema["maximum"]))
