"""A checkpoint of any size comes back as it was, and one with a part missing is damaged, not smaller."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from functions.adapters.firestore.checkpoint_parts import joined, parted
from functions.adapters.firestore.parts import PART_BYTES, parts_of
from functions.domain.kernel.errors import PackedStateError
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey

LOTS = 200_000


@pytest.fixture(scope="module")
def books() -> Checkpoint:
    rng = np.random.default_rng(20)
    keys = [BookKey("ann", f"Strategy{number}", f"S{number % 50}") for number in range(1_000)]
    each = LOTS // len(keys)
    lots = {key: Lots(*rng.uniform(1, 100, (3, each))) for key in keys}
    return Checkpoint(datetime(2020, 3, 3, tzinfo=UTC), lots, {key.symbol: 50.0 for key in keys})


def test_200_000_open_lots_fit_into_documents_and_one_commit(books: Checkpoint) -> None:
    parts = parted(checkpoint_document(books))
    assert parts_of(parts[0]) == len(parts) > 1
    assert all(len(part["packed"]) <= PART_BYTES for part in parts)
    assert sum(len(part["packed"]) for part in parts) < 8_000_000  # a commit takes 10 MiB
    again = read_checkpoint(joined(parts[0], parts[1:]))
    assert again.lots.keys() == books.lots.keys()
    assert all(np.array_equal(again.lots[key].price, lots.price) for key, lots in books.lots.items())


def test_a_missing_part_is_damage(books: Checkpoint) -> None:
    parts = parted(checkpoint_document(books))
    with pytest.raises(PackedStateError):
        read_checkpoint(joined(parts[0], [None, *parts[2:]]))


def test_a_small_one_is_one_document() -> None:
    document = checkpoint_document(Checkpoint.empty())
    (only,) = parted(document)
    assert joined(only, []) == {**document, "parts": 1}
