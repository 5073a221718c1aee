"""Marks: the prices at which a session's open lots are valued, each with its time, and their storage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from functions.domain.kernel.errors import PackedStateError
from functions.domain.kernel.parsing import stored_json

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    """A price that was seen in a session."""

    price: float
    """USD per unit."""
    at: datetime
    """Time of the price, UTC."""


Marks = Mapping[str, Mark]
"""By canonical symbol."""


def latest(kept: Marks, found: Marks) -> dict[str, Mark]:
    """Return each symbol's later mark of one session; a stored mark stays unless the other is newer."""
    newer = {symbol: mark for symbol, mark in found.items() if symbol not in kept or mark.at > kept[symbol].at}
    return {**kept, **newer}


def marks_document(session: date, marks: Marks) -> dict[str, Any]:
    """Pack a session's marks: names as JSON, prices as float64, times as whole microseconds since 1970."""
    symbols = sorted(marks)
    prices = np.array([marks[symbol].price for symbol in symbols], dtype="<f8")
    times = np.array([(marks[symbol].at - _EPOCH) // _MICROSECOND for symbol in symbols], dtype="<i8")
    return {
        "session": session.isoformat(),
        "symbols": json.dumps(symbols).encode(),
        "prices": prices.tobytes(),
        "times": times.tobytes(),
    }


def read_marks(document: Mapping[str, Any] | None) -> dict[str, Mark]:
    """
    Unpack a session's marks; a missing document has none.

    Raises
    ------
    PackedStateError
        If its parts are inconsistent, or a price is invalid.
    """
    if document is None:
        return {}
    try:
        symbols = stored_json(document["symbols"])
        prices = np.frombuffer(document["prices"], dtype="<f8")
        times = np.frombuffer(document["times"], dtype="<i8")
        if not len(symbols) == prices.size == times.size or len(set(symbols)) != len(symbols):
            raise ValueError(f"{len(symbols)} symbols, {prices.size} prices, {times.size} times")
        if not (np.isfinite(prices) & (prices > 0)).all():
            raise ValueError("a price that is not above 0")
        columns = zip(symbols, prices.tolist(), times.tolist(), strict=True)
        return {symbol: Mark(price, _EPOCH + time * _MICROSECOND) for symbol, price, time in columns}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise PackedStateError("marks", "symbols, prices and times of equal number", str(error)) from error
