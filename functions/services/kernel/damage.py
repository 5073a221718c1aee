"""Reading what is stored: a document that cannot be read is told by its path and field, and not tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from functions.domain.kernel.errors import DamagedDocument, InputError
from functions.domain.kernel.stored_fields import Kinds, check_fields, kind_of
from functions.services.kernel.ports import Document, StoredDocument


@contextmanager
def reading(document: Document | None, remedy: str = "") -> Iterator[None]:
    """
    Say that whatever is malformed inside is this document's, not the caller's.

    Parameters
    ----------
    remedy : str
        What mends it, if that is not plain.

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
    """Check what is read of a stored document, as `check_fields` does; none is right. Raises DamagedDocument."""
    if document is None:
        return
    with reading(document):
        check_fields(document, always, at_times)


def path_of(document: Document | None) -> str:
    """Return where a document is; stores in memory do not know."""
    return document.path if isinstance(document, StoredDocument) else "a stored document"
