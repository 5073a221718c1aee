"""What every store does with a commit: once, unless it bears repeating."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.services.kernel.ports import Version

AT = datetime(2020, 3, 16, tzinfo=UTC)


class Batch:
    def __init__(self) -> None:
        self.options: dict[str, Any] = {}

    def commit(self, **options: Any) -> list[SimpleNamespace]:
        self.options = options
        return [SimpleNamespace(update_time=AT)]


@pytest.mark.parametrize(("is_repeatable", "retry"), [(False, None), (True, READ_RETRY)])
def test_a_commit_is_repeated_only_if_that_does_no_harm(is_repeatable: bool, retry: object) -> None:
    batch: Any = Batch()
    store = FirestoreStore(SimpleNamespace())  # type: ignore[arg-type]  # a commit needs no client
    assert list(store._commit(batch, "storing", is_repeatable=is_repeatable)) == [Version(AT)]
    assert batch.options == {"retry": retry, "timeout": TIMEOUT_SECONDS}
