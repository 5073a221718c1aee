"""Base of all Firestore stores: reads with retries, commits without, and Maestro's own errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from google.cloud.firestore import Client, CollectionReference, DocumentReference, DocumentSnapshot, Query, WriteBatch

from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.parts import Parted, parts_of
from functions.services.kernel.ports import ABSENT, Document, StoredDocument, Version, Versioned

LONG_TIMEOUT_SECONDS = 60.0
"""Timeout of calls that transfer many documents."""


class FirestoreStore:
    """
    Base of the stores: Firestore's errors become StoreConflict or StoreUnavailable.

    Parameters
    ----------
    db : google.cloud.firestore.Client
    """

    def __init__(self, db: Client) -> None:
        self._db = db
        self._parts: dict[str, int] = {}

    def _get(self, reference: DocumentReference, doing: str) -> Versioned[Document | None]:
        snapshot = self._snapshot(reference, doing)
        return versioned(snapshot) if snapshot.exists else ABSENT

    def _snapshot(self, reference: DocumentReference, doing: str) -> DocumentSnapshot[DocumentReference]:
        with translated_errors(doing):
            return reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)

    def _get_all(self, references: Sequence[DocumentReference], doing: str) -> dict[str, Versioned[Document]]:
        """Return existing documents, by path."""
        return self._get_all_at(references, doing)[0]

    def _get_fields(
        self, references: Sequence[DocumentReference], names: Sequence[str], doing: str
    ) -> dict[str, Document]:
        """Return some fields of existing documents, by path."""
        with translated_errors(doing):
            found = list(
                self._db.get_all(
                    list(references), field_paths=list(names), retry=READ_RETRY, timeout=LONG_TIMEOUT_SECONDS
                )
            )
        return {snapshot.reference.path: snapshot.to_dict() or {} for snapshot in found if snapshot.exists}

    def _get_all_at(
        self, references: Sequence[DocumentReference], doing: str
    ) -> tuple[dict[str, Versioned[Document]], datetime]:
        """Return existing documents, by path, and the time of the read, by the store's clock."""
        with translated_errors(doing):
            found = list(self._db.get_all(list(references), retry=READ_RETRY, timeout=TIMEOUT_SECONDS))
        existing = {snapshot.reference.path: versioned(snapshot) for snapshot in found if snapshot.exists}
        return existing, min(snapshot.read_time for snapshot in found)

    def _get_all_in_parts(
        self, references: Sequence[DocumentReference], parted: Sequence[Parted], doing: str
    ) -> dict[str, Versioned[Document]]:
        """
        Return existing documents by path, and documents in parts, joined, by the first part's path.

        The first part has the number of parts. This process remembers it, so that only its first read of a large
        document takes a second round trip.
        """
        for _ in range(2):
            parts = {one: one.parts(self._parts.get(one.first.path, 1)) for one in parted}
            asked = (*references, *(document for one, others in parts.items() for document in (one.first, *others)))
            found = self._get_all(list({document.path: document for document in asked}.values()), doing)
            counts = {one: parts_of(found.get(one.first.path, ABSENT).value) for one in parted}
            self._parts |= {one.first.path: count for one, count in counts.items()}
            if all(len(parts[one]) + 1 >= counts[one] for one in parted):
                break
        for one in parted:
            stored = found.get(one.first.path, ABSENT)
            if stored.value is not None:
                others = (found.get(part.path, ABSENT).value for part in parts[one][: counts[one] - 1])
                found[one.first.path] = replace(stored, value=one.joined([stored.value, *others]) or {})
        return found

    def _stream(
        self, query: Query | CollectionReference, doing: str, timeout: float = TIMEOUT_SECONDS
    ) -> Iterator[DocumentSnapshot[DocumentReference]]:
        with translated_errors(doing):
            yield from query.stream(retry=READ_RETRY, timeout=timeout)

    def _documents(self, query: Query, doing: str) -> list[Document]:
        return [document_of(snapshot) for snapshot in self._stream(query, doing)]

    def _first(self, query: Query, doing: str) -> Document | None:
        return next(iter(self._documents(query.limit(1), doing)), None)

    def _commit(
        self, batch: WriteBatch, doing: str, *, timeout: float = TIMEOUT_SECONDS, is_repeatable: bool = False
    ) -> Sequence[Version]:
        """
        Write everything or nothing, and return the new versions, in order.

        Parameters
        ----------
        is_repeatable : bool
            Whether writing twice has the same effect as once. Any other commit is tried once, as it may have been
            applied although it failed: the caller reads again.
        """
        with translated_errors(doing):
            written = batch.commit(retry=READ_RETRY if is_repeatable else None, timeout=timeout)
        return [Version(one.update_time) for one in written]


def versioned(snapshot: DocumentSnapshot[DocumentReference]) -> Versioned[Document]:
    """Return an existing document, to commit over."""
    version = Version(snapshot.update_time)
    return Versioned(document_of(snapshot), version, snapshot.update_time, snapshot.create_time)


def document_of(snapshot: DocumentSnapshot[DocumentReference]) -> StoredDocument:
    """Return an existing document."""
    return StoredDocument(snapshot.reference.path, snapshot.to_dict() or {})
