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
    Group,
    choice,
    number,
    optional,
    setting,
    text,
    whole_number,
)

MAX_WINDOW_DAYS = 90
"""Days stored; the policy's lookback cannot exceed it."""


class TradingState(StrEnum):
    """What the account may do; exits pass in every state."""

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

    sharpe_threshold_reduce: float = setting(
        1.0, number(-10, 10), Group.MODES, "Annualised Sharpe ratio from which a strategy is ACTIVE"
    )
    sharpe_threshold_shadow: float = setting(
        0.5, number(-10, 10), Group.MODES, "Annualised Sharpe ratio below which a strategy trades on paper only"
    )
    performance_lookback_days: int = setting(
        30, whole_number(2, MAX_WINDOW_DAYS), Group.MODES, "Sessions that the Sharpe ratio is computed over"
    )
    min_data_points: int = setting(
        5, whole_number(2, MAX_WINDOW_DAYS), Group.MODES, "Fewest active sessions for a Sharpe ratio"
    )
    risk_free_rate: float = setting(
        0.04, number(-0.5, 1), Group.MODES, "Risk-free rate per year, charged on what longs cost (0.04 is 4 %)"
    )
    insufficient_data_mode: AgentMode = setting(
        AgentMode.ACTIVE,
        choice(AgentMode, AgentMode.ACTIVE, AgentMode.REDUCED, AgentMode.SHADOW_MODE),
        Group.MODES,
        "Mode of a strategy that is too new to judge",
    )
    promotion_margin: float = setting(
        0.0, number(0, 10), Group.MODES, "How far above a threshold the Sharpe ratio must be for a promotion"
    )
    min_dwell_days: float = setting(1.0, number(0, 365), Group.MODES, "Days in a mode before a promotion out of it")
    demotion_confidence: float | None = setting(
        None,
        optional(number(0.5, 0.9999)),
        Group.MODES,
        "Confidence that a demotion needs: probability of a true Sharpe ratio below the threshold; empty: none",
    )
    disabled_strategies: Mapping[str, datetime | None] = setting(
        {}, DISABLED, Group.MODES, "Strategies switched off by hand, with an end time if any"
    )
    sample_strategies: tuple[str, ...] = setting(
        (), NAMES, Group.MODES, "Sample strategies that may act; the others are DISABLED"
    )
    enabled: bool = setting(
        True, FLAG, Group.RISK, "Orchestrate; false: signals pass as proposed, still stamped and logged"
    )
    systemic_sell_threshold: int = setting(
        3, whole_number(1, 1000), Group.RISK, "Every BUY is held when at least this many strategies sell at once"
    )
    max_gross_allocation: float = setting(
        1.0, number(0, 10), Group.RISK, "Most that all BUYs of a cycle may ask for (1 is all buying power)"
    )
    allow_shorts: bool = setting(
        False, FLAG, Group.RISK, "Whether a SELL of more than a strategy holds may open a short"
    )
    on_shadow: OnShadow = setting(
        OnShadow.KEEP,
        choice(OnShadow, *OnShadow),
        Group.RISK,
        "Live positions in SHADOW_MODE; keep: the strategy closes them; flatten: Maestro closes them",
    )
    on_drift: OnDrift = setting(
        OnDrift.WARN,
        choice(OnDrift, *OnDrift),
        Group.RISK,
        "Entries while broker and books differ; warn: pass; hold: those of that symbol wait; halt: all wait",
    )
    paper_fee_bps: float | None = setting(
        None, optional(FEE_BPS), Group.RISK, "Fees of fills on paper, in basis points; empty: what live fills cost"
    )
    paper_slippage_bps: float | None = setting(
        None,
        optional(SLIPPAGE_BPS),
        Group.RISK,
        "Slippage of fills on paper, in basis points; empty: what live fills cost",
    )
    max_drawdown: float | None = setting(
        None,
        optional(number(0.001, 1)),
        Group.RISK,
        "Fall of equity from its peak that trips the account breaker (0.1 is 10 %); empty: off",
    )
    daily_loss_limit: float | None = setting(
        None,
        optional(number(0.001, 1)),
        Group.RISK,
        "Fall of equity within a session that trips the account breaker (0.1 is 10 %); empty: off",
    )
    breaker_confirmations: int = setting(
        3, whole_number(1, 20), Group.RISK, "Consecutive observations that trip a breaker"
    )
    breaker_release_hours: float = setting(24.0, number(0.1, 24 * 30), Group.RISK, "Hours until a breaker releases")
    trading_state: TradingState = setting(
        TradingState.RUN, choice(TradingState, *TradingState), Group.KILL_SWITCH, "The kill switch; exits always pass"
    )
    trading_state_until: datetime | None = setting(
        None, optional(TIME), Group.KILL_SWITCH, "When trading returns to RUN by itself; null: when someone sets it"
    )
    trading_state_reason: str | None = setting(
        None, optional(text(500)), Group.KILL_SWITCH, "Why, in the operator's words"
    )
    base_capital: float = setting(
        10_000.0, number(1, 1e12), Group.CAPITAL, "USD on which the return of an idle day is measured"
    )
    strategy_capital: Mapping[str, float] = setting(
        {}, CAPITALS, Group.CAPITAL, "USD on which a strategy's returns are measured, where that is fixed"
    )
    market: str = setting(
        "XNYS", MARKET, Group.MARKET, "Market whose hours and sessions count: ISO 10383 code of an exchange, or 24x7"
    )
    benchmark: str | None = setting(
        "SPY", optional(text(32)), Group.MARKET, "Symbol that the dashboard compares the account with; empty: none"
    )
    broker_live: bool = setting(False, FLAG, Group.BROKER, "Whether the connected account may be one with real money")
    signal_ttl_seconds: int = setting(
        300, whole_number(1, 86_400), Group.TIME_LIMITS, "Seconds for which a signal can be redeemed"
    )
    reservation_ttl_seconds: int = setting(
        900,
        whole_number(1, 86_400),
        Group.TIME_LIMITS,
        "Seconds for which a redeemed signal reserves its buying power without a fill",
    )
    max_fill_age_days: int = setting(
        7, whole_number(1, 365), Group.TIME_LIMITS, "Age in days up to which a fill can be reported over the API"
    )
    max_input_age_seconds: int = setting(
        900,
        whole_number(1, 7 * 86_400),
        Group.TIME_LIMITS,
        "Age in seconds above which prices and account are too old for a BUY",
    )
    strategy_timeout_seconds: float = setting(
        5.0, number(0.01, 300), Group.TIME_LIMITS, "Seconds that a strategy may take"
    )
    alert_cooldown_minutes: float = setting(
        60.0, number(0, 24 * 60), Group.ALERTS, "Minutes within which a recurring alert is not sent again"
    )
    time_zone: str = setting("America/New_York", TIME_ZONE, Group.ALERTS, "Time zone of the daily report (IANA name)")
    report_hour: int = setting(17, whole_number(0, 23), Group.ALERTS, "Hour of the daily report")
    version: int = field(default=0, metadata={"check": whole_number(0, 2**53)})
    """Version of the tenant's document; 0 when there is none."""

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, _checked(one, getattr(self, one.name)))
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


def document_name(name: str) -> str:
    """
    Return the name a setting has in documents and as a class attribute.

    >>> document_name("risk_free_rate"), document_name("base_capital")
    ('RISK_FREE_RATE', 'base_capital')
    """
    return name.upper() if name in GUIDE_CONSTANTS else name


def _checked(one: Field[Any], value: Any) -> Any:
    try:
        return one.metadata["check"](value)
    except ValueError as error:
        raise PolicyError(document_name(one.name), str(error), value) from error


def _unknown(name: str, value: Any) -> PolicyError:
    return PolicyError(name, "a known policy field", value)


_SETTING_NAMES = {document_name(one.name): one.name for one in fields(Policy)}
"""Settings by the name they have in documents."""


def settings() -> dict[str, Field[Any]]:
    """Return every setting an operator may change by document name: a field with check, group and meaning."""
    named = {document_name(one.name): one for one in fields(Policy)}
    return {name: one for name, one in named.items() if name not in BOOKKEEPING_FIELDS}


def setting_schemas() -> dict[str, Mapping[str, Any]]:
    """Return the JSON Schema of every setting an operator may change, by document name."""
    return {
        name: {**one.metadata["check"].schema, "description": one.metadata["meaning"]}
        for name, one in settings().items()
    }


def document_names(policy: Policy) -> dict[str, Any]:
    """Return a policy's settings by document name."""
    return {document: getattr(policy, name) for document, name in _SETTING_NAMES.items()}
