"""One spelling per instrument, so that a position bought under one spelling is found under another."""

from __future__ import annotations

import re

_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "JPY", "BTC", "ETH")
_SEPARATED = re.compile(rf"([A-Z0-9.]+)[/_-]({'|'.join(_QUOTES)})")
_JOINED = re.compile(rf"([A-Z0-9.]+?)({'|'.join(_QUOTES)})")


def canonical_symbol(symbol: str) -> str:
    """
    Return the spelling used in books: upper case, and pairs without a separator.

    >>> canonical_symbol("aapl"), canonical_symbol("BTC/USD"), canonical_symbol("eth-usdt"), canonical_symbol("BRK-B")
    ('AAPL', 'BTCUSD', 'ETHUSDT', 'BRK-B')
    """
    upper = symbol.strip().upper()
    pair = _SEPARATED.fullmatch(upper)
    return pair[1] + pair[2] if pair else upper


def pair_of(symbol: str) -> tuple[str, str]:
    """
    Return the base and quote of a pair; empty texts for a symbol that is not a pair.

    >>> pair_of("BTC/USD"), pair_of("ethbtc"), pair_of("AAPL")
    (('BTC', 'USD'), ('ETH', 'BTC'), ('', ''))
    """
    pair = _JOINED.fullmatch(canonical_symbol(symbol))
    return (pair[1], pair[2]) if pair else ("", "")
