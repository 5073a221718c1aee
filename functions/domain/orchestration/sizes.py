"""Sizes of what a cycle reads and writes, for warnings near a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.domain.kernel.document_size import stored_bytes

Document = Mapping[str, Any]


def of_cycle(
    *,
    log: Document,
    session: Document,
    modes: Document | None,
    windows: Document | None,
    account: Document | None,
    market_data: Document | None,
) -> dict[str, int]:
    """
    Return sizes by the names of their limits, in bytes or as counts.

    Parameters
    ----------
    log, session : mapping
        What the cycle writes.
    modes, windows, account, market_data : mapping or None
        As stored; market data as sent.
    """
    symbols = (market_data or {}).get("symbols")
    quotes = list(symbols.values()) if isinstance(symbols, Mapping) else []
    histories = [quote.get("history") for quote in quotes if isinstance(quote, Mapping)]
    return {
        "strategies": len(log["signals"]),
        "decision": stored_bytes(log),
        "signals": stored_bytes(session),
        "modes": stored_bytes(modes or {}),
        "known_strategies": _length((windows or {}).get("strategy_names")),
        "account": stored_bytes(account or {}),
        "account_positions": _length((account or {}).get("positions")),
        "closes": sum(map(_length, histories)),
        "symbols": len(quotes),
    }


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 0
