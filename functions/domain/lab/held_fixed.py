"""What a tenant's record cannot tell about another policy, and what is therefore taken as it was."""

from __future__ import annotations

from functions.domain.kernel.policy import Policy, document_name, document_names

HELD_FIXED = (
    "Signals are those that strategies gave: with other modes they would have held, and so signalled, something else.",
    "Positions, live and on paper, are those that were held when each signal came.",
    "Daily returns are those on record: allocations do not change them.",
    "Only the last decision of each session counts, so modes change at most once a session.",
    "The kill switch and the problems with inputs are those of each session.",
    "Drift between broker and books counts where it stopped an entry.",
    "Account breakers trip when they did, except one that the policy switches off: equity is not on record.",
)
"""What holds whatever the policy says."""
WEIGHED_RETURNS = (
    "A session's modes weight the returns of the next session: ACTIVE 1, REDUCED 0.5, otherwise 0.",
    "Every strategy with a return has the same share each day, and what a weight frees stays in cash.",
    "So a rule that stops or shrinks an entry is counted, but changes no return.",
    "A day on which a strategy traded or held anything on paper has its paper return.",
    "Trades under another policy are not on record: returns have the costs that were paid.",
)
"""How modes and recorded returns give a policy's returns."""

WEIGHED = frozenset(
    {
        *("sharpe_threshold_reduce", "sharpe_threshold_shadow", "systemic_sell_threshold", "performance_lookback_days"),
        *("min_data_points", "risk_free_rate", "max_gross_allocation", "insufficient_data_mode", "promotion_margin"),
        *("min_dwell_days", "demotion_confidence", "disabled_strategies", "sample_strategies", "enabled"),
    }
)
"""Settings whose whole effect on decisions is computed."""
NOT_TOLD = frozenset(
    {
        *("max_drawdown", "daily_loss_limit", "breaker_confirmations", "breaker_release_hours"),
        *("allow_shorts", "on_shadow", "on_drift", "paper_fee_bps", "paper_slippage_bps"),
        *("base_capital", "strategy_capital"),
        *("max_input_age_seconds", "strategy_timeout_seconds", "market"),
    }
)
"""Settings that decisions depend on, and whose effect the record does not tell, or tells in part."""
NO_PART = frozenset(
    {
        *("trading_state", "trading_state_until", "trading_state_reason", "version", "broker_live"),
        *("signal_ttl_seconds", "reservation_ttl_seconds", "max_fill_age_days"),
        *("alert_cooldown_minutes", "time_zone", "report_hour", "benchmark"),
    }
)
"""Settings that no decision of a cycle depends on, or that are not changed with the policy."""


def not_told(before: Policy, after: Policy) -> tuple[str, ...]:
    """Return the settings in which two policies differ whose effect the record does not tell, by document name."""
    old, new = document_names(before), document_names(after)
    return tuple(name for name in sorted(map(document_name, NOT_TOLD)) if old[name] != new[name])
