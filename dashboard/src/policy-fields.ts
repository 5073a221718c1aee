/** Words for the policy's settings; `make docs` writes them from functions/domain/kernel/policy.py. */

export interface Group {
  title: string;
  fields: Record<string, string>;
}

export const GROUPS: Group[] = [
  {
    title: "Modes",
    fields: {
      SHARPE_THRESHOLD_REDUCE: "Annualised Sharpe ratio from which a strategy is ACTIVE",
      SHARPE_THRESHOLD_SHADOW: "Annualised Sharpe ratio below which a strategy trades on paper only",
      PERFORMANCE_LOOKBACK_DAYS: "Sessions that the Sharpe ratio is computed over",
      MIN_DATA_POINTS: "Fewest active sessions for a Sharpe ratio",
      RISK_FREE_RATE: "Risk-free rate per year, charged on what longs cost (0.04 is 4 %)",
      insufficient_data_mode: "Mode of a strategy that is too new to judge",
      promotion_margin: "How far above a threshold the Sharpe ratio must be for a promotion",
      min_dwell_days: "Days in a mode before a promotion out of it",
      demotion_confidence:
        "Confidence that a demotion needs: probability of a true Sharpe ratio below the threshold; empty: none",
      disabled_strategies:
        "Strategies switched off by hand, with an end time if any (a line each: name, or name = time)",
      sample_strategies: "Sample strategies that may act; the others are DISABLED (a name a line)",
    },
  },
  {
    title: "Risk",
    fields: {
      enabled: "Orchestrate; false: signals pass as proposed, still stamped and logged",
      SYSTEMIC_SELL_THRESHOLD: "Every BUY is held when at least this many strategies sell at once",
      max_gross_allocation: "Most that all BUYs of a cycle may ask for (1 is all buying power)",
      allow_shorts: "Whether a SELL of more than a strategy holds may open a short",
      on_shadow: "Live positions in SHADOW_MODE; keep: the strategy closes them; flatten: Maestro closes them",
      on_drift: "Entries while broker and books differ; warn: pass; hold: those of that symbol wait; halt: all wait",
      paper_fee_bps: "Fees of fills on paper, in basis points; empty: what live fills cost",
      paper_slippage_bps: "Slippage of fills on paper, in basis points; empty: what live fills cost",
      max_drawdown: "Fall of equity from its peak that trips the account breaker (0.1 is 10 %); empty: off",
      daily_loss_limit: "Fall of equity within a session that trips the account breaker (0.1 is 10 %); empty: off",
      breaker_confirmations: "Consecutive observations that trip a breaker",
      breaker_release_hours: "Hours until a breaker releases",
    },
  },
  {
    title: "Capital",
    fields: {
      base_capital: "USD on which the return of an idle day is measured",
      strategy_capital: "USD on which a strategy's returns are measured, where that is fixed (a line each: name = USD)",
    },
  },
  {
    title: "Market",
    fields: {
      market: "Market whose hours and sessions count: ISO 10383 code of an exchange, or 24x7",
      benchmark: "Symbol that the dashboard compares the account with; empty: none",
    },
  },
  {
    title: "Broker",
    fields: {
      broker_live: "Whether the connected account may be one with real money",
    },
  },
  {
    title: "Time limits",
    fields: {
      signal_ttl_seconds: "Seconds for which a signal can be redeemed",
      reservation_ttl_seconds: "Seconds for which a redeemed signal reserves its buying power without a fill",
      max_fill_age_days: "Age in days up to which a fill can be reported over the API",
      max_input_age_seconds: "Age in seconds above which prices and account are too old for a BUY",
      strategy_timeout_seconds: "Seconds that a strategy may take",
    },
  },
  {
    title: "Alerts and reports",
    fields: {
      alert_cooldown_minutes: "Minutes within which a recurring alert is not sent again",
      time_zone: "Time zone of the daily report (IANA name)",
      report_hour: "Hour of the daily report",
    },
  },
];
