"""Firestore's errors in Maestro's words: what may succeed if tried again at once, and what may not."""

# mypy: disable-error-code="no-untyped-call"
# Google's exceptions have untyped constructors.
from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError

from functions.adapters.firestore.errors import translated_errors
from functions.domain.kernel.errors import StoreConflict, StoreRefused, StoreUnavailable


@pytest.mark.parametrize(
    ("raised", "expected", "told"),
    [
        (exceptions.AlreadyExists("there"), StoreConflict, "doing: there"),
        (exceptions.FailedPrecondition("changed since"), StoreConflict, "doing: changed since"),
        (exceptions.Aborted("contention"), StoreConflict, "doing"),
        (exceptions.FailedPrecondition("The query requires an index. Create it: …"), StoreRefused, "indexes.json"),
        (exceptions.InvalidArgument("exceeds the maximum size"), StoreRefused, "InvalidArgument: exceeds the maximum"),
        (exceptions.PermissionDenied("not yours"), StoreRefused, "PermissionDenied: not yours"),
        (exceptions.DeadlineExceeded("late"), StoreUnavailable, "DeadlineExceeded"),
        (exceptions.ServiceUnavailable("down"), StoreUnavailable, "ServiceUnavailable"),
        (DefaultCredentialsError("none"), StoreUnavailable, "none"),
    ],
)
def test_errors(raised: Exception, expected: type[Exception], told: str) -> None:
    with pytest.raises(expected, match=told) as caught, translated_errors("doing"):
        raise raised
    assert type(caught.value) is expected, "what is for ever is not told as what may pass"
