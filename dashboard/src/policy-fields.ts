/** Words for the policy's settings. Their limits come with the API's own document; tests/unit/project/test_dashboard.py compares the names. */

export interface Group {
  title: string;
  fields: Record<string, string>;
}

export const GROUPS: Group[] = [
  {
    title: "Modes",
    fields: {
      SHARPE_THRESHOLD_REDUCE: "Sharpe ratio from which a strategy is ACTIVE",
      SHARPE_THRESHOLD_SHADOW: "Sharpe ratio below which a strategy trades on paper only",
      PERFORMANCE_LOOKBACK_DAYS: "Daily returns that count",
      MIN_DATA_POINTS: "Daily returns below which there is no Sharpe ratio",
      RISK_FREE_RATE: "Risk-free rate, per year (0.04 is 4 %)",
      insufficient_data_mode: "Mode of a strategy too new to judge",
      promotion_margin: "Sharpe above a threshold that a promotion takes",
      min_dwell_days: "Days in a mode before a promotion",
      demotion_confidence: "Demote only when it is this probable (0.5 to 0.9999; empty: off)",
      disabled_strategies: "Switched off by hand: a line each, name or name = time at which it ends",
      sample_strategies: "Sample strategies that may act: a name a line",
    },
  },
  {
    title: "Risk",
    fields: {
      enabled: "Orchestrate (no: signals pass as proposed, stamped and logged)",
      SYSTEMIC_SELL_THRESHOLD: "Strategies saying SELL at once that hold every BUY",
      max_gross_allocation: "Most that all BUYs of a cycle ask for (1 is all buying power)",
      allow_shorts: "Shorts: a SELL beyond what a strategy holds may open one",
      on_shadow: "Live positions of a strategy in SHADOW_MODE (keep, or flatten: Maestro leaves them)",
      on_drift: "While broker and books differ (warn, hold: entries of that symbol wait, halt: all entries wait)",
      paper_fee_bps: "Fees of fills on paper, basis points (empty: as live fills had of late)",
      paper_slippage_bps: "Slippage of fills on paper, basis points (empty: as live fills had of late)",
      max_drawdown: "Fall of equity from its peak that trips the breaker (0.1 is 10 %; empty: off)",
      daily_loss_limit: "Fall of equity in a day that trips the breaker (empty: off)",
      breaker_confirmations: "Observations in a row that trip the breaker",
      breaker_release_hours: "Hours until the breaker releases",
    },
  },
  {
    title: "Capital",
    fields: {
      base_capital: "USD that returns of a strategy's idle days are measured on",
      strategy_capital: "USD fixed by strategy: a line each, name = USD",
    },
  },
  {
    title: "Market",
    fields: {
      market: "Market whose hours and sessions count (ISO 10383 code of an exchange, or 24x7)",
      benchmark: "Symbol that the account is shown beside, where market data has its price",
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
      signal_ttl_seconds: "Seconds a signal can be redeemed",
      reservation_ttl_seconds: "Seconds a redeemed signal holds its buying power without a fill",
      max_fill_age_days: "Days ago that a fill reported over the API may have happened",
      max_input_age_seconds: "Seconds after which prices and account are too old for a BUY",
      strategy_timeout_seconds: "Seconds a strategy may take",
    },
  },
  {
    title: "Alerts and reports",
    fields: {
      alert_cooldown_minutes: "Minutes in which an alert that comes back is not told again",
      time_zone: "Time zone of the daily report (IANA name)",
      report_hour: "Hour of the daily report",
    },
  },
];
