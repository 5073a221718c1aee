"""The stable, machine-readable word for every block, scale or override."""

from enum import StrEnum


class ReasonCode(StrEnum):
    """Why a mode, an action or an allocation is what it is."""

    # Modes
    SHARPE_HEALTHY = "SHARPE_HEALTHY"
    """Sharpe at or above the reduce threshold: full allocation."""
    SHARPE_BELOW_REDUCE = "SHARPE_BELOW_REDUCE"
    """Sharpe between the thresholds: half allocation."""
    SHARPE_BELOW_SHADOW = "SHARPE_BELOW_SHADOW"
    """Sharpe below the shadow threshold: paper only."""
    PROMOTION_PENDING = "PROMOTION_PENDING"
    """Sharpe earns a better mode, but the dwell time or the margin does not yet."""
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    """Too few daily returns, or none that vary: the policy's mode for that case."""
    HELD_WITHOUT_DATA = "HELD_WITHOUT_DATA"
    """The returns that earned the mode are gone: the mode is not improved without new ones."""
    DISABLED_BY_POLICY = "DISABLED_BY_POLICY"
    """An operator disabled the strategy."""
    MAESTRO_OFF = "MAESTRO_OFF"
    """The policy's ``enabled`` is false: signals pass as proposed."""

    # Evaluation
    STRATEGY_ERROR = "STRATEGY_ERROR"
    """The strategy raised."""
    STRATEGY_TIMEOUT = "STRATEGY_TIMEOUT"
    """The strategy did not answer in time."""
    STRATEGY_STILL_RUNNING = "STRATEGY_STILL_RUNNING"
    """An earlier evaluation of the strategy never returned: not started again."""
    MALFORMED_SIGNAL = "MALFORMED_SIGNAL"
    """The strategy's answer is not a signal."""

    # Inputs
    MISSING_ACCOUNT = "MISSING_ACCOUNT"
    MALFORMED_ACCOUNT = "MALFORMED_ACCOUNT"
    STALE_ACCOUNT = "STALE_ACCOUNT"
    MISSING_MARKET_DATA = "MISSING_MARKET_DATA"
    MALFORMED_MARKET_DATA = "MALFORMED_MARKET_DATA"
    STALE_MARKET_DATA = "STALE_MARKET_DATA"
    MALFORMED_POLICY = "MALFORMED_POLICY"
    MALFORMED_STATE = "MALFORMED_STATE"
    """A derived document (modes, windows) cannot be read: rebuild it."""
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    """Policy or performance could not be read, or the decision not be stored."""

    # Ledger
    MALFORMED_FILL = "MALFORMED_FILL"
    """A ledger document is skipped, and counted in the job's result."""

    LIVE_EXIT = "LIVE_EXIT"
    """A shadowed strategy leaves a live position it still has: the exit passes."""

    # Risk rules
    TRADING_HALTED = "TRADING_HALTED"
    REDUCE_ONLY = "REDUCE_ONLY"
    ACCOUNT_DRAWDOWN = "ACCOUNT_DRAWDOWN"
    """Equity fell too far from its peak: the account breaker is tripped."""
    DAILY_LOSS = "DAILY_LOSS"
    """Equity fell too far within the day: the account breaker is tripped."""
    SYSTEMIC_RISK = "SYSTEMIC_RISK"
    GROSS_ALLOCATION_CAP = "GROSS_ALLOCATION_CAP"

    # Slots
    SUPERSEDED = "SUPERSEDED"
    """A newer slot of the tenant was decided first."""
