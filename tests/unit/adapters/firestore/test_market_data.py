"""Market data comes back as it was given, however many documents it took, and parts of two snapshots never mix."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.firestore import market_data as stored
from functions.adapters.firestore.market_data import PLAIN_BYTES, packed, unpacked
from functions.adapters.firestore.parts import parts_of
from functions.domain.kernel.document_size import MOST_BYTES, stored_bytes

AS_OF = datetime(2026, 1, 5, tzinfo=UTC)
prices = st.floats(1e-6, 1e6)
quotes = st.fixed_dictionaries({"price": prices}, optional={"volume": prices, "history": st.lists(prices, min_size=1)})


def large(symbols: int = 500, closes: int = 300, as_of: datetime = AS_OF) -> dict[str, Any]:
    history = [100 + number / 7 for number in range(closes)]
    return {"as_of": as_of, "symbols": {f"S{n}": {"price": 1.5, "history": history} for n in range(symbols)}}


@pytest.mark.parametrize(("symbols", "closes", "parts"), [(7, 260, 1), (500, 300, 2), (500, 600, 3), (2000, 150, 3)])
def test_every_part_fits_a_document_and_all_come_back(symbols: int, closes: int, parts: int) -> None:
    market_data = large(symbols, closes)
    documents = packed(market_data)
    assert (len(documents), parts_of(documents[0])) == (parts, parts)
    assert max(map(stored_bytes, documents)) < MOST_BYTES
    assert unpacked(documents) == market_data


def test_what_fits_a_document_is_stored_as_users_read_it() -> None:
    market_data = large(200, 300)
    assert stored_bytes(market_data) < PLAIN_BYTES
    assert packed(market_data) == [market_data]


@given(st.dictionaries(st.text(min_size=1, max_size=5), quotes, min_size=1, max_size=6), st.integers(64, 400))
def test_any_data_comes_back_at_any_size_of_part(symbols: dict[str, Any], part_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "PLAIN_BYTES", 0)
        patch.setattr(stored, "PART_BYTES", part_bytes + len(str(symbols)) * 2)
        assert unpacked(packed({"as_of": AS_OF, "symbols": symbols})) == {"as_of": AS_OF, "symbols": symbols}


@pytest.mark.parametrize("second", [None, "older", "cut"])
def test_parts_that_do_not_belong_together_are_no_data(second: str | None) -> None:
    first, part = packed(large())
    other = {
        None: None,
        "older": packed(large(as_of=datetime(2026, 1, 4, tzinfo=UTC)))[1],
        "cut": {**part, "closes": part["closes"][:-8]},
    }[second]
    found = unpacked([first, other])
    assert found is not None
    assert str(found["symbols"]).startswith("mismatched parts")
