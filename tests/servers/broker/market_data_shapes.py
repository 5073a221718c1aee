"""
Shapes of the market data API that the adapter asks, in words of ours.

Alpaca's description of it (version 1.1) names a licence of its own, so no part of it is here. On 2026-11-28 the answers
of `session.a_day` were checked against that description by `python -m tests.servers.broker.conformance`: none differed.
"""

from __future__ import annotations

from typing import Any

_NUMBER, _TEXT = {"type": "number"}, {"type": "string", "format": "date-time"}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


_BAR = _object({"t": _TEXT, **dict.fromkeys(("o", "h", "l", "c", "v", "n", "vw"), _NUMBER)})
_CODE = {"type": "string", "minLength": 1, "maxLength": 1}
_CONDITIONS = {"type": "array", "items": {"type": "string"}}
_QUOTE_FIGURES = {"t": _TEXT, **dict.fromkeys(("bp", "bs", "ap", "as"), _NUMBER)}
_STOCK_QUOTE = _object({**_QUOTE_FIGURES, "bx": _CODE, "ax": _CODE, "c": _CONDITIONS, "z": _CODE})
_STOCK_TRADE = _object({"t": _TEXT, "p": _NUMBER, "s": _NUMBER, "i": _NUMBER, "x": _CODE, "c": _CONDITIONS, "z": _CODE})
_CRYPTO_TRADE = _object({"t": _TEXT, "p": _NUMBER, "s": _NUMBER, "i": _NUMBER, "tks": _CODE})


def _snapshot(trade: Any, quote: Any) -> dict[str, Any]:
    bars = dict.fromkeys(("minuteBar", "dailyBar", "prevDailyBar"), _BAR)
    return _object({}, latestTrade=trade, latestQuote=quote, **bars)


def _by_symbol(shape: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": shape}


def _get(shape: Any, *parameters: str) -> dict[str, Any]:
    content = {"application/json": {"schema": shape}}
    queries = [{"name": name, "in": "query"} for name in parameters]
    return {"get": {"parameters": queries, "responses": {"200": {"content": content}}}}


_BARS = _object(
    {"bars": _by_symbol({"type": "array", "items": _BAR}), "next_page_token": {"type": "string", "nullable": True}}
)
_PAGED = ("symbols", "timeframe", "start", "end", "limit", "page_token", "sort")
MARKET_DATA: dict[str, Any] = {
    "paths": {
        "/v2/stocks/bars": _get(_BARS, *_PAGED, "adjustment", "asof", "feed", "currency"),
        "/v1beta3/crypto/{loc}/bars": _get(_BARS, *_PAGED),
        "/v2/stocks/snapshots": _get(_by_symbol(_snapshot(_STOCK_TRADE, _STOCK_QUOTE)), "symbols", "feed", "currency"),
        "/v1beta3/crypto/{loc}/snapshots": _get(
            _object({"snapshots": _by_symbol(_snapshot(_CRYPTO_TRADE, _object(_QUOTE_FIGURES)))}), "symbols"
        ),
    },
    "components": {"schemas": {}},
}
