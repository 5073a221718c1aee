"""Firestore's errors in Maestro's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from functions.domain.kernel.errors import StoreConflict, StoreRefused, StoreUnavailable

_LOST_A_RACE = (exceptions.AlreadyExists, exceptions.FailedPrecondition, exceptions.Aborted, exceptions.NotFound)

_PERMANENT = (
    exceptions.InvalidArgument,
    exceptions.OutOfRange,
    exceptions.PermissionDenied,
    exceptions.MethodNotImplemented,
)
_NO_INDEX = "requires an index"


@contextmanager
def translated_errors(doing: str) -> Iterator[None]:
    """
    Raise StoreConflict, StoreRefused or StoreUnavailable for whatever Firestore raises inside.

    A query that lacks its index fails as a lost race does, but would fail again for ever: it is no conflict.

    Parameters
    ----------
    doing : str
        What was tried, as the message should say it.
    """
    try:
        yield
    except _LOST_A_RACE as error:
        if _NO_INDEX in str(error.message):  # Firestore has one status for both
            raise StoreRefused(f"{doing}: deploy firestore.indexes.json, {error.message}") from error
        raise StoreConflict(f"{doing}: {error.message}") from error
    except _PERMANENT as error:
        raise StoreRefused(f"{doing}: {type(error).__name__}: {error.message}") from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        raise StoreUnavailable(f"{doing}: {type(error).__name__}: {error}") from error
