"""Firestore's errors in Maestro's words: what may succeed if tried again at once, and what may not."""

# mypy: disable-error-code="no-untyped-call"
# Google's exceptions have untyped constructors.
from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError

from functions.adapters.firestore.errors import translated_errors
from functions.domain.kernel.errors import StoreConflict, StoreUnavailable


@pytest.mark.parametrize(
    ("raised", "expected", "told"),
    [
        (exceptions.AlreadyExists("there"), StoreConflict, "doing: there"),
        (exceptions.FailedPrecondition("changed since"), StoreConflict, "doing: changed since"),
        (exceptions.Aborted("contention"), StoreConflict, "doing"),
        (exceptions.FailedPrecondition("The query requires an index. Create it: …"), StoreUnavailable, "indexes.json"),
        (exceptions.DeadlineExceeded("late"), StoreUnavailable, "DeadlineExceeded"),
        (exceptions.ServiceUnavailable("down"), StoreUnavailable, "ServiceUnavailable"),
        (DefaultCredentialsError("none"), StoreUnavailable, "none"),
    ],
)
def test_errors(raised: Exception, expected: type[Exception], told: str) -> None:
    with pytest.raises(expected, match=told), translated_errors("doing"):
        raise raised
