"""A stored checkpoint: every lot and mark, packed."""

from __future__ import annotations

import io
import itertools
import json
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from functions.domain.kernel.errors import InputError, PackedStateError
from functions.domain.kernel.stored_fields import BYTES, LIST, NUMBERS, TEXTS, TIME, Kinds, check_fields
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.fifo import Lots, match
from functions.domain.ledger.fills import BookKey
from functions.domain.ledger.grants import NO_GRANT, Grant
from functions.domain.track_record.cumulative_moments import CumulativeMoments, packed, unpacked

_COLUMNS = ("signed_quantity", "price", "unit_cost")
_PACKED: Kinds = {"packed": BYTES}
_OF_BEFORE: Kinds = {
    **dict.fromkeys(("books", "owners"), TEXTS),
    **dict.fromkeys(_COLUMNS, BYTES),
    "lots": LIST,
    "marks": NUMBERS,
}


def checkpoint_document(checkpoint: Checkpoint) -> dict[str, Any]:
    """Pack a checkpoint: ``packed`` holds an index of books and three float64 columns, in numpy's own format."""
    keys = sorted(checkpoint.lots)
    lots = [checkpoint.lots[key] for key in keys]
    index = {
        "books": [[key.uid, key.strategy_id, key.spelled] for key in keys],
        "lots": [int(lot.price.size) for lot in lots],
        "marks": dict(sorted(checkpoint.marks.items())),
        "owners": sorted(checkpoint.owners),
        "unused_grants": [_unused(checkpoint.grants.get(key, NO_GRANT)) for key in keys],
    }
    moments = sorted(checkpoint.moments or {}, key=lambda one: (one[0] or "", one[1]))
    if checkpoint.moments is not None:
        index["moments"] = [list(one) for one in moments]
    of_strategies = packed([checkpoint.moments[one] for one in moments] if checkpoint.moments else [])
    figures = [np.concatenate([np.empty(0), *(getattr(lot, name) for lot in lots)]) for name in _COLUMNS]
    text = np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), dtype=np.uint8)
    file = io.BytesIO()
    arrays = {"index": text, "figures": np.array(figures, dtype="<f8"), "moments": np.frombuffer(of_strategies, "u1")}
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stubs mix them with its options
    return {"at": checkpoint.at, "packed": file.getvalue()}


def read_checkpoint(document: Mapping[str, Any] | None) -> Checkpoint:
    """
    Unpack a checkpoint, or one from before checkpoints were packed; a missing document is an empty checkpoint.

    Raises
    ------
    PackedStateError
        If its parts are inconsistent, or a held symbol has no mark: rebuild it from the ledger.
    """
    if document is None:
        return Checkpoint.empty()
    expected = _OF_BEFORE if "books" in document and "packed" not in document else _PACKED
    try:
        check_fields(document, expected, {"at": TIME})
    except InputError as error:
        raise PackedStateError(error.field, error.limit, error.value) from error
    try:
        index, columns = _unpacked(document) if expected is _PACKED else _of_before(document)
        ends = np.cumsum([0, *index["lots"]])
        if [column.size for column in columns] != [ends[-1]] * len(_COLUMNS) or len(index["books"]) != len(ends) - 1:
            raise ValueError(f"{ends[-1]} lots of {len(ends) - 1} books")
        marks = {canonical_symbol(symbol): float(price) for symbol, price in index["marks"].items()}
        figures = np.concatenate([list(marks.values()), *columns])
        if min(index["lots"], default=1) < 1 or not np.isfinite(figures).all():
            raise ValueError("a book without lots, or a figure that is not finite")
        lots: dict[BookKey, Lots] = {}
        slices = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
        for book, part in zip(index["books"], slices, strict=True):
            _add(lots, BookKey(*book), Lots(*(column[part] for column in columns)))
        grants = _grants(index)
        if unmarked := sorted({key.symbol for key in lots} - marks.keys()):
            raise ValueError(f"no mark of {unmarked[0]}")
        owners = frozenset((uid, name) for uid, name in index["owners"])
        return Checkpoint(document["at"], lots, marks, grants, owners, _moments(index))
    except (AttributeError, EOFError, KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile) as error:
        limit = f"consistent, finite and of equal length ({error})"
        raise PackedStateError(", ".join(expected), limit, document) from error


def _unused(grant: Grant) -> list[Any]:
    """Return a book's grant for the index: of entries by nonce, in order, and of all others."""
    return [list(grant.by_entry.items()), grant.others]


def _grants(index: Mapping[str, Any]) -> dict[BookKey, Grant]:
    """Return what open books were granted; older checkpoints do not have it."""
    grants = {}
    if "unused_grants" in index:
        for book, (by_entry, others) in zip(index["books"], index["unused_grants"], strict=True):
            grants[BookKey(*book)] = Grant({str(nonce): float(usd) for nonce, usd in by_entry}, float(others))
    if not all(math.isfinite(grant.unused) for grant in grants.values()):
        raise ValueError("a grant that is not finite")
    return grants


def _moments(index: Mapping[str, Any]) -> dict[tuple[str | None, str], CumulativeMoments] | None:
    """Return the moments of strategies; None for an older checkpoint."""
    if "moments" not in index:
        return None
    rows = zip(index["moments"], unpacked(index["rows"]), strict=True)
    return {(uid, name): moments for (uid, name), moments in rows if moments is not None}


def _unpacked(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Any]]:
    with np.load(io.BytesIO(document["packed"]), allow_pickle=False) as file:
        index = json.loads(file["index"].tobytes())
        rows = file["moments"].tobytes() if "moments" in file else b""
        return {**index, "rows": rows}, list(file["figures"].astype(np.float64))


def _of_before(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Any]]:
    """Read a checkpoint with columns and index as fields of the document."""
    index = {
        "books": [book.split("/", 2) for book in document["books"]],
        "lots": document["lots"],
        "marks": document["marks"],
        "owners": [owner.split("/") for owner in document["owners"]],
    }
    return index, [np.frombuffer(document[name], dtype="<f8").astype(np.float64) for name in _COLUMNS]


def _add(lots: dict[BookKey, Lots], key: BookKey, more: Lots) -> None:
    """Add lots to a book; spellings of one symbol, from before books had a canonical one, are merged."""
    if key not in lots:
        lots[key] = more
        return
    merged = match(lots[key], more.signed_quantity, more.price, more.unit_cost * np.abs(more.signed_quantity))
    left = merged.open_lots
    if left.price.size:
        lots[key] = left
    else:
        del lots[key]
