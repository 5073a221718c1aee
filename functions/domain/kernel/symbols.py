"""One spelling per instrument, so that what is bought under one is found under another."""

from __future__ import annotations

import re

_SEPARATED = re.compile(r"([A-Z0-9.]+)[/_-](USD|USDT|USDC|EUR|GBP|JPY|BTC|ETH)")


def canonical_symbol(symbol: str) -> str:
    """
    Return the spelling that books are kept under: upper case, and pairs without their separator.

    >>> canonical_symbol("aapl"), canonical_symbol("BTC/USD"), canonical_symbol("eth-usdt"), canonical_symbol("BRK-B")
    ('AAPL', 'BTCUSD', 'ETHUSDT', 'BRK-B')
    """
    upper = symbol.strip().upper()
    pair = _SEPARATED.fullmatch(upper)
    return pair[1] + pair[2] if pair else upper
