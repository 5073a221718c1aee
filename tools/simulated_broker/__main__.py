"""
Run the simulated broker, for as long as the terminal is open: an account that is empty except for its cash.

It speaks Alpaca's API on this machine and keeps its clock. Prices stand still, and every order fills at once.
"""

from __future__ import annotations

import argparse
import math
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from functions.strategies.sample_symbols import SAMPLE_SYMBOLS
from tools.interrupts import interruptible
from tools.simulated_broker.books import Books
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.history import weekday_bars
from tools.simulated_broker.market import Instrument
from tools.simulated_broker.server import KEY_ID, SECRET, serving

_DAYS = 358
_PORT = 8500
_PRICE = 100.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.simulated_broker", description=__doc__)
    parser.add_argument("--port", type=int, default=_PORT, help="port of 127.0.0.1, a free one if 0 (%(default)s)")
    parser.add_argument("--cash", type=Decimal, default=Decimal(100_000), help="USD (%(default)s)")
    parser.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="SYMBOL=USD",
        help="what a symbol trades at, pairs of coins with their slash; the sample symbols have prices",
    )
    arguments = parser.parse_args()
    prices = dict.fromkeys(SAMPLE_SYMBOLS, _PRICE) | _prices(parser, arguments.price)
    with serving(exchange_of(prices, arguments.cash), arguments.port) as broker:
        print(f"the simulated broker listens at {broker.url}, key id {KEY_ID}, secret key {SECRET}", flush=True)
        print(f'connect a tenant to it: make maestro ARGS="broker connect TENANT --url {broker.url}"', flush=True)
        print("Ctrl-C ends it, and forgets the account", flush=True)
        with interruptible():
            threading.Event().wait()
    return 0


def exchange_of(prices: dict[str, float], cash: Decimal) -> Exchange:
    """Return an exchange by the clock of this machine, whose symbols have a history."""
    exchange = Exchange(now=lambda: datetime.now(UTC), books=Books(cash))
    for symbol, price in prices.items():
        exchange.market.add(Instrument(symbol=symbol), str(price))
        exchange.market.set_bars(symbol, weekday_bars(wave_to(price), exchange.now()))
    return exchange


def wave_to(price: float) -> list[float]:
    """Return closes that wave their way to a price, USD, oldest first."""
    return [price * (1 + 0.05 * math.sin(back / 9)) * 0.9995**back for back in range(_DAYS - 1, -1, -1)]


def _prices(parser: argparse.ArgumentParser, given: Sequence[str]) -> dict[str, float]:
    found = {}
    for one in given:
        symbol, _, price = one.partition("=")
        try:
            found[symbol.upper()] = float(price)
        except ValueError:
            parser.error(f"--price {one}: must be like SPY=450.25")
        if not (symbol and 0 < found[symbol.upper()] < math.inf):
            parser.error(f"--price {one}: must be like SPY=450.25")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
