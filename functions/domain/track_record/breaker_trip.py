"""The trip of an account breaker, and whether it still holds after a flow of money is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.track_record.equity_flows import Equity, Rescaling, all_certain, certain


@dataclass(frozen=True, slots=True)
class Limits:
    """Falls that trip a breaker, as fractions; None: off."""

    max_drawdown: float | None
    daily_loss_limit: float | None

    def breach(self, best: float, highs: Iterable[Equity], opening: Equity | None) -> ReasonCode | None:
        """Return what is in breach at an equity of ``best`` USD; None if nothing is."""
        peak = max((one.usd for one in highs), default=None)
        if self.max_drawdown is not None and peak is not None and best < peak * (1 - self.max_drawdown):
            return ReasonCode.ACCOUNT_DRAWDOWN
        start, limit = 0.0 if opening is None else opening.usd, self.daily_loss_limit
        return ReasonCode.DAILY_LOSS if limit is not None and start > 0 and best < start * (1 - limit) else None


@dataclass(frozen=True, slots=True)
class Trip:
    """What tripped a breaker, so that a flow of money reported later can refute it."""

    best: Equity | None
    """The highest observation; None if it may or may not contain a flow."""
    highs: tuple[Equity, ...]
    """As `BreakerState.highs`; likewise the opening."""
    opening: Equity | None
    limits: Limits

    @property
    def is_refuted(self) -> bool:
        """Whether nothing was in breach, given the flows known by now."""
        return self.best is None or self.limits.breach(self.best.usd, self.highs, self.opening) is None

    @property
    def observed(self) -> tuple[Equity, ...]:
        """Every observation in it."""
        return (*self.highs, *(one for one in (self.opening, self.best) if one is not None))

    def scaled(self, scaling: Rescaling) -> Trip | None:
        """Return it scaled; None, which cannot be refuted, if it can no longer be compared."""
        if scaling.factor is None:
            return None
        return Trip(scaling.of(self.best), scaling.of_all(self.highs), scaling.of(self.opening), self.limits)

    def without_doubtful(self, ts: datetime) -> Trip:
        """Drop observations that may or may not contain a flow."""
        return Trip(certain(self.best, ts), all_certain(self.highs, ts), certain(self.opening, ts), self.limits)

    def to_document(self) -> dict[str, Any]:
        return {
            "best": None if self.best is None else equity_document(self.best),
            "highs": [equity_document(one) for one in self.highs],
            "opening": None if self.opening is None else equity_document(self.opening),
            "max_drawdown": self.limits.max_drawdown,
            "daily_loss_limit": self.limits.daily_loss_limit,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Trip:
        """Read a stored trip that passed `check_breaker`."""
        best, opening = document["best"], document["opening"]
        return cls(
            None if best is None else read_equity(best),
            tuple(map(read_equity, document["highs"])),
            None if opening is None else read_equity(opening),
            Limits(document["max_drawdown"], document["daily_loss_limit"]),
        )


def equity_document(equity: Equity) -> dict[str, Any]:
    """Return an observation for storing."""
    return {"usd": equity.usd, "as_of": equity.as_of}


def read_equity(document: Mapping[str, Any]) -> Equity:
    """Read a stored and checked observation."""
    return Equity(float(document["usd"]), document["as_of"])
