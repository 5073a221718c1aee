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
    SAMPLE_NOT_NAMED = "SAMPLE_NOT_NAMED"
    """A sample strategy that the policy's ``sample_strategies`` does not name: it may not act."""
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
    STORE_REFUSED = "STORE_REFUSED"
    """The store will not do it, however often it is tried."""

    # Ledger
    MALFORMED_FILL = "MALFORMED_FILL"
    """A ledger document is skipped, and counted in the job's result."""

    # Positions
    LIVE_EXIT = "LIVE_EXIT"
    """A shadowed or disabled strategy leaves a live position it still has: the exit passes."""
    ON_SHADOW_FLATTEN = "ON_SHADOW_FLATTEN"
    """The policy's ``on_shadow`` is flatten: Maestro itself leaves what the shadowed strategy holds live."""
    NOTHING_TO_EXIT = "NOTHING_TO_EXIT"
    """The strategy is known to hold nothing that the exit could reduce."""
    EXIT_UNDER_WAY = "EXIT_UNDER_WAY"
    """An exit from this position was redeemed and is not over: it is not proposed again."""
    FLIP_EXIT_FIRST = "FLIP_EXIT_FIRST"
    """The signal goes through zero: the exit passes now, the entry is a later cycle's."""
    SHORTS_NOT_ALLOWED = "SHORTS_NOT_ALLOWED"
    """The signal would open or add to a short, and the policy's ``allow_shorts`` is off."""

    # Risk rules
    TRADING_HALTED = "TRADING_HALTED"
    REDUCE_ONLY = "REDUCE_ONLY"
    ACCOUNT_DRAWDOWN = "ACCOUNT_DRAWDOWN"
    """Equity fell too far from its peak: the account breaker is tripped."""
    DAILY_LOSS = "DAILY_LOSS"
    """Equity fell too far within the session: the account breaker is tripped."""
    SYSTEMIC_RISK = "SYSTEMIC_RISK"
    GROSS_ALLOCATION_CAP = "GROSS_ALLOCATION_CAP"

    # Redemption
    SIGNAL_UNKNOWN = "SIGNAL_UNKNOWN"
    """No recent session issued this nonce."""
    SESSION_SUPERSEDED = "SESSION_SUPERSEDED"
    """A newer cycle replaced the session that issued the signal: ask for the latest signals."""
    SIGNAL_EXPIRED = "SIGNAL_EXPIRED"
    """The signal's time to live is over."""
    NOT_REDEEMABLE = "NOT_REDEEMABLE"
    """The signal is a HOLD, or its strategy trades on paper or not at all."""
    ALREADY_REDEEMED = "ALREADY_REDEEMED"
    """Somebody redeemed the nonce first."""
    NOT_REDEEMED = "NOT_REDEEMED"
    """There is no redemption of this nonce."""
    ENTRY_WITHDRAWN = "ENTRY_WITHDRAWN"
    """The caller redeemed this entry, and it must not be traded any more: send no order, and release it."""
    NOT_YOUR_REDEMPTION = "NOT_YOUR_REDEMPTION"
    """Somebody else redeemed the nonce: that user, or an admin, may release it."""
    ALREADY_FILLED = "ALREADY_FILLED"
    """The order was filled: nothing is left to release."""
    INSUFFICIENT_BUYING_POWER = "INSUFFICIENT_BUYING_POWER"
    """What is reserved already leaves less than the signal's notional."""
    BUYING_POWER_UNKNOWN = "BUYING_POWER_UNKNOWN"
    """No account snapshot said what may be spent."""
    CONTENTION = "CONTENTION"
    """Too many writers at once: try again in a moment."""

    # Access
    UNAUTHENTICATED = "UNAUTHENTICATED"
    """There is no ID token, or it is not valid any more."""
    NOT_A_MEMBER = "NOT_A_MEMBER"
    """The token names no tenant that its user is a member of."""
    TENANT_DISABLED = "TENANT_DISABLED"
    ROLE_TOO_LOW = "ROLE_TOO_LOW"
    """The route takes a higher role."""

    # Requests
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    """Fields of the request are missing or out of range; the answer names each."""
    MALFORMED_JSON = "MALFORMED_JSON"
    """The body is no JSON."""
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    TOO_LARGE = "TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    PRECONDITION_REQUIRED = "PRECONDITION_REQUIRED"
    """The request has to say in If-Match which version it changes."""
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    """The instance is busy, or the user came too often: control, fills and redemptions are never refused so."""
    OUTDATED_SNAPSHOT = "OUTDATED_SNAPSHOT"
    """A newer snapshot is stored already; it stays."""

    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    """The key belongs to another request of the same user."""

    # Policy
    VERSION_CONFLICT = "VERSION_CONFLICT"
    """Somebody changed the policy since it was read."""

    # Fills
    FILL_MISMATCH = "FILL_MISMATCH"
    """The fill's strategy, symbol or side is not the redeemed signal's."""
    FILL_CONFLICT = "FILL_CONFLICT"
    """A fill of the same identity is in the ledger with other figures; it stays as it is."""
    NOT_IN_A_REDEMPTION = "NOT_IN_A_REDEMPTION"
    """The fill names a nonce that nobody redeemed: recorded, as it happened, and reported."""
    OVERFILLED = "OVERFILLED"
    """More was filled than was reserved: recorded, as it happened, and reported."""

    # Slots
    SUPERSEDED = "SUPERSEDED"
    """A newer slot of the tenant was decided first."""
