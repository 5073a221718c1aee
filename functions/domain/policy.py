"""A tenant's settings: the defaults of the code, overlaid by the tenant's own document."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.errors import PolicyError
from functions.domain.modes import AgentMode
from functions.domain.windows import MAX_WINDOW_DAYS


class TradingState(StrEnum):
    """What the account may do; a SELL passes in every state."""

    RUN = "RUN"
    REDUCE_ONLY = "REDUCE_ONLY"
    """No new exposure."""
    HALT = "HALT"
    """Nothing can be redeemed but exits."""


BOOKKEEPING_FIELDS = frozenset({"version", "updated_at", "updated_by"})
"""Fields of the stored document that say who changed it, not what it says."""


def _number(low: float, high: float) -> Callable[[Any], float]:
    limit = f"a number from {low:g} to {high:g}"

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(limit)
        return float(value)

    return check


def _whole(low: int, high: int) -> Callable[[Any], int]:
    limit = f"a whole number from {low} to {high}"

    def check(value: Any) -> int:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
            or value != int(value)
        ):
            raise ValueError(limit)
        if not low <= value <= high:
            raise ValueError(limit)
        return int(value)

    return check


def _optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        try:
            return None if value is None else check(value)
        except ValueError as error:
            raise ValueError(f"{error} or null") from error

    return checked


def _choice(kind: type[StrEnum], *allowed: StrEnum) -> Callable[[Any], StrEnum]:
    def check(value: Any) -> StrEnum:
        if value not in [str(choice) for choice in allowed]:  # a list: the value may be unhashable
            raise ValueError("one of " + ", ".join(allowed))
        return kind(value)

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _disabled(value: Any) -> Mapping[str, datetime | None]:
    """Read a list of names, or a map of name to the time it ends (null: until enabled again)."""
    entries = dict.fromkeys(value) if isinstance(value, list | tuple | set) else value
    if not isinstance(entries, Mapping) or not all(isinstance(name, str) and name for name in entries):
        raise ValueError("a list of strategy names, or a map of strategy name to end time or null")
    for end in entries.values():
        if end is not None and not (isinstance(end, datetime) and end.tzinfo):
            raise ValueError("a map whose values are UTC timestamps or null")
    return dict(entries)


def _capitals(value: Any) -> Mapping[str, float]:
    """Read a map of strategy name to USD."""
    limit = "a map of strategy name to USD above 0"
    if not isinstance(value, Mapping):
        raise ValueError(limit)
    check = _number(1, 1e12)
    try:
        return {str(name): check(capital) for name, capital in value.items()}
    except ValueError as error:
        raise ValueError(limit) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    Everything an operator can set for a tenant; see `from_sources`.

    The guide's constants keep their upper-case names in class attributes and documents; here they are lower-case.
    """

    sharpe_threshold_reduce: float = field(default=1.0, metadata={"check": _number(-10, 10)})
    """Annualised Sharpe ratio at which a strategy keeps its full allocation."""
    sharpe_threshold_shadow: float = field(default=0.5, metadata={"check": _number(-10, 10)})
    """Annualised Sharpe ratio below which a strategy trades on paper only."""
    systemic_sell_threshold: int = field(default=3, metadata={"check": _whole(1, 1000)})
    """Distinct strategies saying SELL in one cycle that turn every BUY into HOLD."""
    performance_lookback_days: int = field(default=30, metadata={"check": _whole(2, MAX_WINDOW_DAYS)})
    """Daily returns that count."""
    min_data_points: int = field(default=5, metadata={"check": _whole(2, MAX_WINDOW_DAYS)})
    """Daily returns below which a Sharpe ratio is not computed."""
    risk_free_rate: float = field(default=0.04, metadata={"check": _number(-0.5, 1)})
    """Fraction per year."""
    base_capital: float = field(default=10_000.0, metadata={"check": _number(1, 1e12)})
    """USD, where no capital is known."""
    strategy_capital: Mapping[str, float] = field(default_factory=dict, metadata={"check": _capitals})
    """USD a strategy may use, where that is fixed: the base of its daily returns."""
    max_gross_allocation: float = field(default=1.0, metadata={"check": _number(0, 10)})
    """Fraction of buying power that all BUYs of a cycle together may ask for."""
    insufficient_data_mode: AgentMode = field(
        default=AgentMode.ACTIVE,
        metadata={"check": _choice(AgentMode, AgentMode.ACTIVE, AgentMode.REDUCED, AgentMode.SHADOW_MODE)},
    )
    """Mode of a strategy with too few daily returns."""
    promotion_margin: float = field(default=0.0, metadata={"check": _number(0, 10)})
    """Sharpe above a threshold that a promotion takes."""
    min_dwell_days: float = field(default=1.0, metadata={"check": _number(0, 365)})
    """Days in a mode before a promotion out of it."""
    demotion_confidence: float | None = field(default=None, metadata={"check": _optional(_number(0.5, 0.9999))})
    """Probability that the true Sharpe ratio is below a threshold which a demotion takes; off when None."""
    signal_ttl_seconds: int = field(default=300, metadata={"check": _whole(1, 86_400)})
    """Seconds a signal can be redeemed."""
    max_input_age_seconds: int = field(default=900, metadata={"check": _whole(1, 7 * 86_400)})
    """Age of market data and account snapshot above which no exposure is added."""
    strategy_timeout_seconds: float = field(default=5.0, metadata={"check": _number(0.01, 300)})
    """Seconds a strategy may take."""
    max_drawdown: float | None = field(default=None, metadata={"check": _optional(_number(0.001, 1))})
    """Fall of equity from its peak, a fraction, that trips the account breaker; off when None."""
    daily_loss_limit: float | None = field(default=None, metadata={"check": _optional(_number(0.001, 1))})
    """Fall of equity within a day, a fraction, that trips the account breaker; off when None."""
    breaker_confirmations: int = field(default=3, metadata={"check": _whole(1, 20)})
    """Equity observations in a row that a breaker takes to trip."""
    breaker_release_hours: float = field(default=24.0, metadata={"check": _number(0.1, 24 * 30)})
    """Hours after which a tripped breaker releases."""
    disabled_strategies: Mapping[str, datetime | None] = field(default_factory=dict, metadata={"check": _disabled})
    """Strategies switched off by hand, with the time the switch ends, or None."""
    enabled: bool = field(default=True, metadata={"check": _flag})
    """False: signals pass as proposed, still stamped and logged."""
    trading_state: TradingState = field(
        default=TradingState.RUN, metadata={"check": _choice(TradingState, *TradingState)}
    )
    """The kill switch."""
    version: int = field(default=0, metadata={"check": _whole(0, 2**53)})
    """Version of the tenant's document; 0 when there is none."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            try:
                object.__setattr__(self, setting.name, setting.metadata["check"](value))
            except ValueError as error:
                raise PolicyError(document_name(setting.name), str(error), value) from error
        if self.sharpe_threshold_shadow > self.sharpe_threshold_reduce:
            limit = f"at most SHARPE_THRESHOLD_REDUCE ({self.sharpe_threshold_reduce:g})"
            raise PolicyError("SHARPE_THRESHOLD_SHADOW", limit, self.sharpe_threshold_shadow)
        if self.min_data_points > self.performance_lookback_days:
            limit = f"at most PERFORMANCE_LOOKBACK_DAYS ({self.performance_lookback_days})"
            raise PolicyError("MIN_DATA_POINTS", limit, self.min_data_points)

    @classmethod
    def from_sources(cls, defaults: Mapping[str, Any], document: Mapping[str, Any] | None) -> Policy:
        """
        Overlay the tenant's document on the defaults; both use the document's field names.

        Raises
        ------
        PolicyError
            If a field is unknown or out of range; it names the field, the limit and the value.
        """
        by_document_name = {document_name(setting.name): setting.name for setting in fields(cls)}
        values = dict(defaults)
        for name, value in (document or {}).items():
            if name in by_document_name:
                values[name] = value
            elif name not in BOOKKEEPING_FIELDS:
                raise PolicyError(name, "a known policy field", value)
        return cls(**{by_document_name[name]: value for name, value in values.items()})


GUIDE_CONSTANTS = frozenset(
    {
        "sharpe_threshold_reduce",
        "sharpe_threshold_shadow",
        "systemic_sell_threshold",
        "performance_lookback_days",
        "min_data_points",
        "risk_free_rate",
    }
)
"""Settings that class attributes and documents spell in upper case."""


def document_name(setting: str) -> str:
    """
    Return the name a setting has in documents and as a class attribute.

    >>> document_name("risk_free_rate"), document_name("base_capital")
    ('RISK_FREE_RATE', 'base_capital')
    """
    return setting.upper() if setting in GUIDE_CONSTANTS else setting
