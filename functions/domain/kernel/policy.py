"""A tenant's settings: the code's defaults, overlaid by the tenant's own document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import PolicyError
from functions.domain.kernel.markets import periods_a_year
from functions.domain.kernel.setting_checks import (
    CAPITALS,
    DISABLED,
    FEE_BPS,
    FLAG,
    MARKET,
    NAMES,
    SLIPPAGE_BPS,
    TIME,
    TIME_ZONE,
    choice,
    number,
    optional,
    text,
    whole_number,
)

MAX_WINDOW_DAYS = 90
"""Days stored; the policy's lookback cannot exceed it."""


class TradingState(StrEnum):
    """What the account may do; a SELL passes in every state."""

    RUN = "RUN"
    REDUCE_ONLY = "REDUCE_ONLY"
    """No new exposure."""
    HALT = "HALT"
    """Only exits can be redeemed."""


class OnShadow(StrEnum):
    """What happens to a shadowed strategy's live positions."""

    KEEP = "keep"
    """The strategy exits them with its own signals."""
    FLATTEN = "flatten"
    """Maestro exits them in the next cycles, by ordinary exit signals."""


class OnDrift(StrEnum):
    """What happens to entries while broker and books differ; exits always pass."""

    WARN = "warn"
    """Only an alert is raised."""
    HOLD = "hold"
    """Entries in a differing symbol are held."""
    HALT = "halt"
    """All entries are held."""


BOOKKEEPING_FIELDS = frozenset({"version", "updated_at", "updated_by", "trading_state_at", "trading_state_by"})
"""Fields of the stored document that record its change, not settings."""
TRADING_STATE_FIELDS = frozenset({"trading_state", "trading_state_until", "trading_state_reason"})
"""Settings that have a route of their own, and that a change of the others leaves alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    Everything an operator can set for a tenant; see `from_sources`.

    The guide's constants keep their upper-case names in class attributes and documents; here they are lower-case.
    """

    sharpe_threshold_reduce: float = field(default=1.0, metadata={"check": number(-10, 10)})
    """Annualised Sharpe ratio at which a strategy keeps its full allocation."""
    sharpe_threshold_shadow: float = field(default=0.5, metadata={"check": number(-10, 10)})
    """Annualised Sharpe ratio below which a strategy only trades on paper."""
    systemic_sell_threshold: int = field(default=3, metadata={"check": whole_number(1, 1000)})
    """Number of distinct strategies with a SELL in one cycle that turns every BUY into HOLD."""
    performance_lookback_days: int = field(default=30, metadata={"check": whole_number(2, MAX_WINDOW_DAYS)})
    """Number of latest daily returns that count."""
    min_data_points: int = field(default=5, metadata={"check": whole_number(2, MAX_WINDOW_DAYS)})
    """Daily returns below which a Sharpe ratio is not computed."""
    risk_free_rate: float = field(default=0.04, metadata={"check": number(-0.5, 1)})
    """Fraction per year."""
    base_capital: float = field(default=10_000.0, metadata={"check": number(1, 1e12)})
    """USD, if no capital is known."""
    strategy_capital: Mapping[str, float] = field(default_factory=dict, metadata={"check": CAPITALS})
    """Fixed capital of a strategy, USD: the base of its daily returns."""
    max_gross_allocation: float = field(default=1.0, metadata={"check": number(0, 10)})
    """Largest fraction of buying power for all BUYs of a cycle together."""
    insufficient_data_mode: AgentMode = field(
        default=AgentMode.ACTIVE,
        metadata={"check": choice(AgentMode, AgentMode.ACTIVE, AgentMode.REDUCED, AgentMode.SHADOW_MODE)},
    )
    """Mode of a strategy with too few daily returns."""
    promotion_margin: float = field(default=0.0, metadata={"check": number(0, 10)})
    """Margin of the Sharpe ratio above a threshold that a promotion requires."""
    min_dwell_days: float = field(default=1.0, metadata={"check": number(0, 365)})
    """Minimum days in a mode before a promotion."""
    demotion_confidence: float | None = field(default=None, metadata={"check": optional(number(0.5, 0.9999))})
    """Probability of the true Sharpe ratio being below a threshold that a demotion requires; off if None."""
    signal_ttl_seconds: int = field(default=300, metadata={"check": whole_number(1, 86_400)})
    """Seconds for which a signal can be redeemed."""
    max_input_age_seconds: int = field(default=900, metadata={"check": whole_number(1, 7 * 86_400)})
    """Age of market data and account snapshot above which no exposure is added."""
    strategy_timeout_seconds: float = field(default=5.0, metadata={"check": number(0.01, 300)})
    """Time limit of a strategy, seconds."""
    max_drawdown: float | None = field(default=None, metadata={"check": optional(number(0.001, 1))})
    """Fall of equity from its peak, as a fraction, that trips the account breaker; off if None."""
    daily_loss_limit: float | None = field(default=None, metadata={"check": optional(number(0.001, 1))})
    """Fall of equity within a session of the market, as a fraction, that trips the account breaker; off if None."""
    breaker_confirmations: int = field(default=3, metadata={"check": whole_number(1, 20)})
    """Consecutive equity observations needed to trip a breaker."""
    breaker_release_hours: float = field(default=24.0, metadata={"check": number(0.1, 24 * 30)})
    """Hours after which a tripped breaker releases."""
    allow_shorts: bool = field(default=False, metadata={"check": FLAG})
    """Whether a SELL beyond what a strategy holds may open a short; an entry like any other."""
    on_shadow: OnShadow = field(default=OnShadow.KEEP, metadata={"check": choice(OnShadow, *OnShadow)})
    """What happens to the live positions of a strategy in SHADOW_MODE."""
    on_drift: OnDrift = field(default=OnDrift.WARN, metadata={"check": choice(OnDrift, *OnDrift)})
    """What happens to entries while broker and books differ."""
    paper_fee_bps: float | None = field(default=None, metadata={"check": optional(FEE_BPS)})
    """Fees of a fill on paper, basis points of the notional; None: as in recent live fills, else as stated."""
    paper_slippage_bps: float | None = field(default=None, metadata={"check": optional(SLIPPAGE_BPS)})
    """The same for slippage."""
    disabled_strategies: Mapping[str, datetime | None] = field(default_factory=dict, metadata={"check": DISABLED})
    """Strategies switched off by hand, with the time the switch ends, or None."""
    sample_strategies: tuple[str, ...] = field(default=(), metadata={"check": NAMES})
    """Names of the project's sample strategies that may act; the others are DISABLED."""
    enabled: bool = field(default=True, metadata={"check": FLAG})
    """False: signals pass as proposed, still stamped and logged."""
    trading_state: TradingState = field(
        default=TradingState.RUN, metadata={"check": choice(TradingState, *TradingState)}
    )
    """The kill switch."""
    trading_state_until: datetime | None = field(default=None, metadata={"check": optional(TIME)})
    """When the trading state returns to RUN by itself; None: when an operator sets it."""
    trading_state_reason: str | None = field(default=None, metadata={"check": optional(text(500))})
    """Why, in the operator's words."""
    market: str = field(default="XNYS", metadata={"check": MARKET})
    """The market whose hours and sessions apply: an exchange's ISO 10383 code, or 24x7."""
    alert_cooldown_minutes: float = field(default=60.0, metadata={"check": number(0, 24 * 60)})
    """Minutes within which a recurring alert is not notified again."""
    time_zone: str = field(default="America/New_York", metadata={"check": TIME_ZONE})
    """IANA name of the time zone of the daily report."""
    report_hour: int = field(default=17, metadata={"check": whole_number(0, 23)})
    """Hour of the day, in that time zone, of the daily report."""
    reservation_ttl_seconds: int = field(default=900, metadata={"check": whole_number(1, 86_400)})
    """Seconds for which a redeemed signal holds its buying power without a fill."""
    max_fill_age_days: int = field(default=7, metadata={"check": whole_number(1, 365)})
    """Maximum age, in days, of a fill reported over the API; an operator records older ones."""
    broker_live: bool = field(default=False, metadata={"check": FLAG})
    """Whether the connected account may hold real money."""
    version: int = field(default=0, metadata={"check": whole_number(0, 2**53)})
    """Version of the tenant's document; 0 when there is none."""

    def __post_init__(self) -> None:
        for setting in fields(self):
            object.__setattr__(self, setting.name, _checked(setting, getattr(self, setting.name)))
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
        values = dict(defaults)
        for name, value in (document or {}).items():
            if name in _SETTING_NAMES:
                values[name] = value
            elif name not in BOOKKEEPING_FIELDS:
                raise _unknown(name, value)
        return cls(**{_SETTING_NAMES[name]: value for name, value in values.items()})

    @classmethod
    def problems(cls, defaults: Mapping[str, Any], document: Mapping[str, Any]) -> list[PolicyError]:
        """Return everything that is wrong with a document, field by field; empty if `from_sources` accepts it."""
        found = []
        for name, value in document.items():
            try:
                if name in _SETTING_NAMES:
                    _checked(cls.__dataclass_fields__[_SETTING_NAMES[name]], value)
                elif name not in BOOKKEEPING_FIELDS:
                    raise _unknown(name, value)
            except PolicyError as error:
                found.append(error)
        if not found:  # each is valid by itself: are they consistent?
            try:
                cls.from_sources(defaults, document)
            except PolicyError as error:
                found.append(error)
        return found

    @property
    def periods_a_year(self) -> int:
        """Trading days per year on the tenant's market, to annualise daily figures."""
        return periods_a_year(self.market)

    def at(self, now: datetime) -> Policy:
        """Return the policy in force at a time: an expired trading state is RUN again."""
        ends = self.trading_state_until
        return self if ends is None or now < ends else replace(self, trading_state=TradingState.RUN)


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
"""Settings in upper case in class attributes and documents."""


def document_name(setting: str) -> str:
    """
    Return the name a setting has in documents and as a class attribute.

    >>> document_name("risk_free_rate"), document_name("base_capital")
    ('RISK_FREE_RATE', 'base_capital')
    """
    return setting.upper() if setting in GUIDE_CONSTANTS else setting


def _checked(setting: Field[Any], value: Any) -> Any:
    try:
        return setting.metadata["check"](value)
    except ValueError as error:
        raise PolicyError(document_name(setting.name), str(error), value) from error


def _unknown(name: str, value: Any) -> PolicyError:
    return PolicyError(name, "a known policy field", value)


_SETTING_NAMES = {document_name(setting.name): setting.name for setting in fields(Policy)}
"""Settings by document name."""


def setting_schemas() -> dict[str, Mapping[str, Any]]:
    """Return the JSON Schema of every setting an operator may change, by document name."""
    return {
        name: setting.metadata["check"].schema
        for name, setting in ((document_name(setting.name), setting) for setting in fields(Policy))
        if name not in BOOKKEEPING_FIELDS
    }


def document_names(policy: Policy) -> dict[str, Any]:
    """Return a policy's settings by document name."""
    return {document: getattr(policy, name) for document, name in _SETTING_NAMES.items()}
