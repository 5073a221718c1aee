"""
Stored market data: as a map if that fits a document, else packed, in as many documents as it needs.

A map takes more space in Firestore than its JSON. Packed, a close takes eight bytes; the first document has everything
else and the number of parts, `latest-2` and further ones hold only closes, and all are written in one commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.parts import PART_BYTES, Parted, parts_of
from functions.domain.kernel.parsing import stored_json
from functions.services.kernel.ports import Document

PLAIN_BYTES = 600_000
"""Estimated size up to which a map is stored as it is."""
_PER_SYMBOL = 64
"""Estimated bytes of a symbol's map without its closes."""


def market_data_of(db: Client, tenant_id: str) -> Parted:
    """Return the location of a tenant's market data."""
    return Parted(
        paths.market_data(db, tenant_id), lambda number: paths.market_data_part(db, tenant_id, number), unpacked
    )


def packed(market_data: Document) -> list[dict[str, Any]]:
    """Return the documents of market data, in order: one, or as many parts as needed."""
    symbols: Mapping[str, Mapping[str, Any]] = market_data["symbols"]
    histories = [quote.get("history") or () for quote in symbols.values()]
    size = sum(_PER_SYMBOL + len(symbol) for symbol in symbols) + 8 * sum(map(len, histories))
    if size <= PLAIN_BYTES:
        return [dict(market_data)]
    index = {
        symbol: {**{name: value for name, value in quote.items() if name != "history"}, "closes": len(history)}
        for (symbol, quote), history in zip(symbols.items(), histories, strict=True)
    }
    symbols_json = json.dumps(index, separators=(",", ":"))
    closes = np.concatenate([np.asarray(history, dtype="<f8") for history in histories]).tobytes()
    first, rest = closes[: PART_BYTES - len(symbols_json)], closes[PART_BYTES - len(symbols_json) :]
    parts = [first, *(rest[at : at + PART_BYTES] for at in range(0, len(rest), PART_BYTES))]
    as_of = market_data["as_of"]
    head = {"as_of": as_of, "parts": len(parts), "symbols_json": symbols_json, "closes": parts[0]}
    return [head, *({"as_of": as_of, "closes": part} for part in parts[1:])]


def unpacked(documents: Sequence[Document | None]) -> Document | None:
    """
    Return market data as sent.

    Parameters
    ----------
    documents : sequence
        The first, and the further parts that were read. Mismatched parts give text for ``symbols``, which is invalid
        for readers.
    """
    first = documents[0]
    if first is None or "symbols_json" not in first:
        return first
    as_of = first.get("as_of")
    parts = [document for document in documents[: parts_of(first)] if document and document.get("as_of") == as_of]
    try:
        index = stored_json(first["symbols_json"])
        closes = np.frombuffer(b"".join(part["closes"] for part in parts), dtype="<f8").tolist()
        if len(parts) != parts_of(first) or len(closes) != sum(quote["closes"] for quote in index.values()):
            raise ValueError("parts are missing")
        return {"as_of": as_of, "symbols": _with_history(index, closes)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return {"as_of": as_of, "symbols": f"mismatched parts: {error}"}


def _with_history(index: Mapping[str, Mapping[str, Any]], closes: list[float]) -> dict[str, Any]:
    symbols, at = {}, 0
    for symbol, quote in index.items():
        count = quote["closes"]
        rest = {name: value for name, value in quote.items() if name != "closes"}
        symbols[symbol] = {**rest, "history": closes[at : at + count]} if count else rest
        at += count
    return symbols
