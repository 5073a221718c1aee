"""A cycle's inputs as bytes that a process without Firestore's library can read."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

Reduced = tuple[Any, ...]


def pickled(market_data: Any, account_snapshot: Any, regime: Any, own: Mapping[str, Mapping[str, Any]]) -> bytes:
    """
    Return the inputs as a pickle of plain values.

    Firestore's times become plain times, references paths, and points (latitude, longitude), recognised by shape: their
    libraries are not available in the sandbox.
    """
    buffer = io.BytesIO()
    _PlainPickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(((market_data, account_snapshot, regime), dict(own)))
    return buffer.getvalue()


class _PlainPickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """Called for values that are not built in."""
        kind = type(value)
        if kind is not datetime and isinstance(value, datetime):
            plain = datetime(
                value.year,
                value.month,
                value.day,
                value.hour,
                value.minute,
                value.second,
                value.microsecond,
                value.tzinfo,
                fold=value.fold,
            )
            return plain.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if kind is MappingProxyType:
            return dict, (dict(value),)
        if (kind.__module__ or "").startswith("google."):
            return _of_firestore(value)
        return NotImplemented


def _of_firestore(value: Any) -> Reduced:
    if hasattr(value, "latitude"):
        return tuple, ([value.latitude, value.longitude],)
    if hasattr(value, "path"):
        return str, (str(value.path),)
    return str, (str(value),)
