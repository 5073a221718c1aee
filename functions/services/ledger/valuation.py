"""What positions and capital are worth, from a tenant's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from functions.domain.kernel.parsing import as_number, parse_time
from functions.domain.kernel.policy import Policy
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState, read_modes
from functions.services.kernel.ports import Document, MarketCalendar
from functions.services.ledger.ports import TenantSettings


@dataclass(frozen=True, slots=True)
class Valuation:
    """Prices of past closes, and the capital each strategy may use."""

    policy: Policy
    modes: Mapping[str, ModeState]
    equity: float | None
    """The account's at the start of its last day, USD."""
    market_data: Document
    as_of: date | None
    """The day of the market data."""
    calendar: MarketCalendar

    def capital_base(self, strategy_id: str) -> float:
        """
        Return the capital a strategy may use, USD.

        The policy's figure for it if set, else the share of the account it asked for in its last BUY, else
        ``base_capital``: a larger base would charge it the risk-free rate on money it never had.
        """
        if strategy_id in self.policy.strategy_capital:
            return self.policy.strategy_capital[strategy_id]
        state = self.modes.get(strategy_id)
        if state is not None and state.allocation and self.equity is not None and self.equity > 0:
            return state.allocation * self.equity
        return self.policy.base_capital

    def closes(self, day: date) -> dict[str, float]:
        """Return a day's closing prices: the latest ones, or those that many sessions back in the history."""
        if self.as_of is None or day > self.as_of:
            return {}
        sessions_ago = len(self.calendar.sessions(day + timedelta(days=1), self.as_of))
        symbols = self.market_data.get("symbols")
        closes = {}
        for symbol, quote in symbols.items() if isinstance(symbols, Mapping) else ():
            history = (quote.get("history") or [quote.get("price")]) if isinstance(quote, Mapping) else []
            price = as_number(history[-1 - sessions_ago]) if sessions_ago < len(history) else None
            if price is not None and price > 0:
                closes[str(symbol)] = price
        return closes


def value(settings: TenantSettings, policy_defaults: Mapping[str, Any], calendar: MarketCalendar) -> Valuation:
    """
    Read a tenant's settings.

    Raises
    ------
    InputError
        If the policy, the modes or the account's history cannot be read.
    """
    market_data = settings.market_data or {}
    as_of = market_data.get("as_of")
    return Valuation(
        Policy.from_sources(policy_defaults, settings.policy),
        read_modes(settings.modes),
        BreakerState.from_document((settings.session or {}).get("breaker")).day_start,
        market_data,
        parse_time("market data as_of", as_of).date() if as_of is not None else None,
        calendar,
    )
