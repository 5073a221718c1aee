"""Turn Firestore's errors into Maestro's."""

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
    Turn errors of Firestore into StoreConflict, StoreRefused or StoreUnavailable.

    A query without its index fails with the status of a lost race, but would always fail again: it is not a conflict.

    Parameters
    ----------
    doing : str
        The action, for the message.
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
