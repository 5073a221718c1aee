"""Long JSON texts of a document are packed, and read as they were."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.document_size import stored_bytes
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.packed_texts import PACKED, PACKED_ABOVE, packed, unpacked

LONG = json.dumps(["a text like many"] * PACKED_ABOVE)


@given(st.lists(st.text(), max_size=3), st.booleans())
def test_what_is_packed_reads_as_it_was(texts: list[str], is_long: bool) -> None:
    document = {"at": 1, "a_json": json.dumps(texts), "b_json": LONG if is_long else "[]"}
    stored = packed(document)
    assert unpacked(stored) == document
    assert (PACKED in stored) == is_long
    assert packed(stored) == stored


def test_texts_are_packed_together_or_not_at_all() -> None:
    half = "x" * (PACKED_ABOVE // 2)
    assert packed({"a_json": half, "b_json": half}) == {"a_json": half, "b_json": half}
    assert packed({"a_json": half, "b_json": f"{half}y", "c": half}).keys() == {"c", PACKED}
    assert stored_bytes(packed({"a_json": LONG})) < len(LONG) / 50


@pytest.mark.parametrize("damage", [b"", b"no zlib", "text", None])
def test_damage_is_noticed(damage: object) -> None:
    with pytest.raises(InputError, match="packed must be texts that Maestro packed"):
        unpacked({PACKED: damage})
