"""
JSON texts of a document, packed where they are long.

A document holds 1 MiB, and what only the server reads of a tenant with 1,000 strategies comes near it as text. So the
texts of a document (its fields whose names end with ``_json``) go compressed into one field of bytes once they are long
together; short ones stay as they are, for whoever looks.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from functions.domain.kernel.errors import InputError

PACKED = "packed"
"""The field that holds them."""
PACKED_ABOVE = 200_000
"""Characters of all texts together that stay as they are."""
_LEVEL = 1
"""Of zlib: more take five times as long for a tenth of the size."""
_BETWEEN = "\0"
"""Between names and texts; JSON holds none."""


def packed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as it is stored, its texts packed if they are long."""
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
