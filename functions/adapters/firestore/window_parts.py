"""Stored windows: in one document if they fit, else in as many as needed, all in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.parts import PART_BYTES, Parted
from functions.services.kernel.ports import Document, StoredDocument

NOT_TOGETHER = "mismatched parts"


def windows_of(db: Client, tenant_id: str, uid: str | None) -> Parted:
    """Return the location of a tenant's pooled windows, or one user's."""
    return Parted(
        paths.windows(db, tenant_id, uid), lambda number: paths.windows_part(db, tenant_id, uid, number), joined
    )


def parted(windows: Document) -> list[dict[str, Any]]:
    """
    Return the documents of windows: each holds some strategies.

    The first has their number and everything not specific to a strategy.
    """
    names: list[str] = windows["strategy_names"]
    packed = {name: value for name, value in windows.items() if isinstance(value, bytes)}
    widths = {name: len(value) // max(1, len(names)) for name, value in packed.items()}
    parts = []
    for first, last in _slices(names, sum(widths.values()), sum(len(day) + 1 for day in windows["dates"])):
        rows = {name: value[first * widths[name] : last * widths[name]] for name, value in packed.items()}
        parts.append({"strategy_names": names[first:last], "dates": windows["dates"], **rows})
    return [{**windows, **parts[0], "parts": len(parts)}, *parts[1:]]


def _slices(names: Sequence[str], row_bytes: int, shared_bytes: int) -> list[tuple[int, int]]:
    """Return the rows of each document: as many as fit."""
    slices, first, size = [], 0, shared_bytes
    for row, name in enumerate(names):
        needed = row_bytes + len(name.encode()) + 1
        if size + needed > PART_BYTES and row > first:
            slices.append((first, row))
            first, size = row, shared_bytes
        size += needed
    return [*slices, (first, len(names))]


def joined(documents: Sequence[Document | None]) -> Document | None:
    """
    Return packed windows.

    Parameters
    ----------
    documents : sequence
        The first, and all further parts. Mismatched parts give text for ``returns``, which is invalid for readers.
    """
    first, *others = documents
    if first is None or not others:
        return first
    by_row = {"strategy_names", *(name for name, value in first.items() if isinstance(value, bytes))}
    whole = {name: value for name, value in first.items() if name != "parts"}
    for other in others:
        if other is None or set(other) != {*by_row, "dates"} or other["dates"] != first["dates"]:
            return _stored(first, {**whole, "returns": NOT_TOGETHER})
        try:
            more = {name: whole[name] + other[name] for name in by_row}
        except TypeError:
            return _stored(first, {**whole, "returns": NOT_TOGETHER})
        whole |= more
    return _stored(first, whole)


def _stored(first: Document, whole: dict[str, Any]) -> Document:
    return StoredDocument(first.path, whole) if isinstance(first, StoredDocument) else whole
