"""
JSON texts of a document, packed if they are long.

A document is limited to 1 MiB, and a tenant with 1,000 strategies comes near that with text that only the server reads.
So the texts of a document (fields with names ending in ``_json``) are compressed into one field of bytes once their
total is long; short ones stay readable.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from functions.domain.kernel.errors import InputError

PACKED = "packed"
"""The field with the packed texts."""
PACKED_ABOVE = 200_000
"""Total characters up to which texts stay as they are."""
_LEVEL = 1
"""Level of zlib: higher ones take five times as long to save a tenth of the size."""
_BETWEEN = "\0"
"""Separates names and texts; JSON does not contain it."""


def packed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document for storing, with its texts packed if they are long."""
    texts = {name: value for name, value in document.items() if name.endswith("_json")}
    if sum(map(len, texts.values())) <= PACKED_ABOVE:
        return dict(document)
    whole = _BETWEEN.join(part for name, text in texts.items() for part in (name, text))
    rest = {name: value for name, value in document.items() if name not in texts}
    return rest | {PACKED: zlib.compress(whole.encode(), _LEVEL)}


def unpacked(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a stored document with its texts. Raises InputError if what is packed is damaged."""
    if PACKED not in document:
        return document
    try:
        parts = zlib.decompress(document[PACKED]).decode().split(_BETWEEN)
        texts = dict(zip(parts[::2], parts[1::2], strict=True))
    except (TypeError, ValueError, zlib.error) as error:
        raise InputError(PACKED, "texts that Maestro packed", document[PACKED]) from error
    return {**{name: value for name, value in document.items() if name != PACKED}, **texts}
