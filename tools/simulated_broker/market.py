"""What is traded at the simulated broker, and at what prices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from tools.simulated_broker.clock import stamp
from tools.simulated_broker.ids import uuid_of

CRYPTO_STEP = Decimal("0.000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One asset, with the rules of trading it."""

    symbol: str
    """A pair of coins with its slash."""
    is_fractionable: bool = True
    is_shortable: bool = True
    is_easy_to_borrow: bool = True
    is_tradable: bool = True

    @property
    def is_crypto(self) -> bool:
        return "/" in self.symbol

    @property
    def asset_class(self) -> str:
        return "crypto" if self.is_crypto else "us_equity"

    @property
    def exchange(self) -> str:
        return "CRYPTO" if self.is_crypto else "ARCA"

    def to_json(self) -> dict[str, Any]:
        more = {} if not self.is_crypto else {"min_order_size": "0.0001", "min_trade_increment": str(CRYPTO_STEP)}
        return more | {
            "id": uuid_of(f"asset/{self.symbol}"),
            "class": self.asset_class,
            "exchange": self.exchange,
            "symbol": self.symbol,
            "name": f"{self.symbol} of the simulation",
            "status": "active" if self.is_tradable else "inactive",
            "tradable": self.is_tradable,
            "marginable": not self.is_crypto,
            "shortable": self.is_shortable and not self.is_crypto,
            "easy_to_borrow": self.is_easy_to_borrow and not self.is_crypto,
            "fractionable": self.is_fractionable,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBar:
    """One day of one symbol, USD per unit."""

    at: datetime
    """Its beginning by the market's own clock, UTC."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int = 1000

    def to_json(self) -> dict[str, Any]:
        prices = {"o": self.open, "h": self.high, "l": self.low, "c": self.close, "vw": self.close}
        figures = {name: float(price) for name, price in prices.items()}
        return {"t": f"{self.at:%Y-%m-%dT%H:%M:%SZ}", "n": 10, "v": self.volume, **figures}


@dataclass(slots=True)
class Market:
    """Instruments, their prices now, and their days."""

    instruments: dict[str, Instrument] = field(default_factory=dict)
    """By canonical symbol."""
    prices: dict[str, Decimal] = field(default_factory=dict)
    bars: dict[str, list[DailyBar]] = field(default_factory=dict)

    def add(self, instrument: Instrument, price: str) -> None:
        key = canonical_symbol(instrument.symbol)
        self.instruments[key] = instrument
        self.prices[key] = Decimal(price)

    def find(self, symbol: str) -> Instrument | None:
        return self.instruments.get(canonical_symbol(symbol))

    def price(self, symbol: str) -> Decimal:
        return self.prices[canonical_symbol(symbol)]

    def set_price(self, symbol: str, price: str) -> None:
        self.prices[canonical_symbol(symbol)] = Decimal(price)

    def set_bars(self, symbol: str, bars: list[DailyBar]) -> None:
        self.bars[canonical_symbol(symbol)] = bars

    def rename(self, old: str, new: str) -> None:
        """Rename a symbol; the old name is unknown from then on."""
        before, after = canonical_symbol(old), canonical_symbol(new)
        self.instruments[after] = replace(self.instruments.pop(before), symbol=new)
        self.prices[after] = self.prices.pop(before)
        if before in self.bars:
            self.bars[after] = self.bars.pop(before)

    def snapshot(self, symbol: str, now: datetime) -> dict[str, Any] | None:
        """Return a symbol's last trade, quote and days; None if it is unknown."""
        instrument = self.find(symbol)
        if instrument is None:
            return None
        price = float(self.price(symbol))
        quote: dict[str, Any] = {"t": stamp(now), "bp": price, "bs": 1, "ap": price, "as": 1}
        trade: dict[str, Any] = {"t": stamp(now), "p": price, "s": 1, "i": 1}
        if instrument.is_crypto:
            trade["tks"] = "B"
        else:
            quote |= {"bx": "V", "ax": "V", "c": ["R"], "z": "B"}
            trade |= {"x": "V", "c": ["@"], "z": "B"}
        days = self.bars.get(canonical_symbol(symbol), [])
        names = ("dailyBar", "prevDailyBar")
        daily = {name: bar.to_json() for name, bar in zip(names, reversed(days), strict=False)}
        return {"latestTrade": trade, "latestQuote": quote, **daily}
