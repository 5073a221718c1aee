"""The value of positions, from a tenant's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.ledger.market_prices import MarketPrices, read_market_prices
from functions.domain.ledger.marks import Mark
from functions.domain.track_record.modes import ModeState, read_modes
from functions.services.kernel.ports import MarketCalendar
from functions.services.ledger.ports import TenantSettings
from functions.services.track_record.build_windows import OnMalformed


class Market:
    """Market data, and the session that its prices are of."""

    def __init__(self, prices: MarketPrices, session: date, calendar: MarketCalendar) -> None:
        self.prices = prices
        self.session = session
        self._calendar = calendar
        self._sessions = [session]
        """As far back as requested so far, newest first."""
        self._longest = max((len(one.closes) for one in prices.series.values()), default=0)

    def marks(self, session: date) -> dict[str, Mark]:
        """Return the market data's prices of a session: its own, with their time, or an earlier session's closes."""
        while session < self._sessions[-1] and len(self._sessions) <= self._longest:
            self._sessions.append(self._calendar.session_before(self._sessions[-1]))
        if session not in self._sessions:
            return {}
        at = self.prices.as_of if session == self.session else self._calendar.close_of(session)
        back = self._sessions.index(session)
        return {symbol: Mark(price, at) for symbol, price in self.prices.back(back).items()}


@dataclass(frozen=True, slots=True)
class Valuation:
    """Prices of sessions, and the settings recorded with a day."""

    policy: Policy
    modes: Mapping[str, ModeState]
    market: Market | None

    def marks(self, session: date) -> dict[str, Mark]:
        """Return the market data's prices of a session, by canonical symbol; empty if it does not go back that far."""
        return {} if self.market is None else self.market.marks(session)


def value(
    settings: TenantSettings,
    policy: Policy,
    calendar: MarketCalendar,
    on_malformed: OnMalformed,
) -> Valuation:
    """
    Read a tenant's modes and prices.

    Parameters
    ----------
    on_malformed : callable
        Called with modes and market data that cannot be read: they count as missing.
    """
    modes: Mapping[str, ModeState] = {}
    try:
        modes = read_modes(settings.modes)
    except InputError as error:
        on_malformed(error)
    prices, wrong = read_market_prices(settings.market_data)
    if wrong is not None:
        on_malformed(wrong)
    return Valuation(policy, modes, _market(prices, calendar, on_malformed))


def _market(prices: MarketPrices | None, calendar: MarketCalendar, on_malformed: OnMalformed) -> Market | None:
    if prices is None:
        return None
    try:
        return Market(prices, calendar.last_opened(prices.as_of), calendar)
    except (OverflowError, ValueError):  # centuries away, where no calendar reaches
        on_malformed(InputError("market data as_of", "a time within the market's calendar", prices.as_of))
        return None
