"""Reading stored documents: one that cannot be read is reported by path and field, and not retried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from functions.domain.kernel.errors import DamagedDocument, InputError
from functions.domain.kernel.stored_fields import Kinds, check_fields, kind_of
from functions.services.kernel.ports import Document, StoredDocument


@contextmanager
def reading(document: Document | None, remedy: str = "") -> Iterator[None]:
    """
    Attribute every malformed value in this block to the document, not to the caller.

    Parameters
    ----------
    remedy : str
        How to fix it, if that is not obvious.

    Raises
    ------
    DamagedDocument
        For every InputError.
    """
    try:
        yield
    except InputError as error:
        raise DamagedDocument(path_of(document), error.field, error.limit, kind_of(error.value), remedy) from error


def check_stored(document: Document | None, always: Kinds, at_times: Kinds | None = None) -> None:
    """Check a stored document's fields, as `check_fields` does; a missing document passes. Raises DamagedDocument."""
    if document is None:
        return
    with reading(document):
        check_fields(document, always, at_times)


def path_of(document: Document | None) -> str:
    """Return a document's path; stores in memory do not know it."""
    return document.path if isinstance(document, StoredDocument) else "a stored document"
