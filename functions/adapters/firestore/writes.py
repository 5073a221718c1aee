"""Writes that fail if the document was written since it was read."""

from __future__ import annotations

from google.cloud.firestore import DELETE_FIELD, DocumentReference, LastUpdateOption, WriteBatch
from google.cloud.firestore_v1.field_path import FieldPath

from functions.services.kernel.ports import Document, Version, Versioned


def update_over(batch: WriteBatch, reference: DocumentReference, fields: Document, version: Version | None) -> None:
    """Add to a batch: set fields of a document not written since ``version`` (None: not created yet)."""
    if version is None:
        batch.create(reference, dict(fields))
    else:
        batch.update(reference, dict(fields), option=LastUpdateOption(version))


def replace_over(
    batch: WriteBatch, reference: DocumentReference, document: Document, before: Versioned[Document | None]
) -> None:
    """
    Add to a batch: replace a document not written since it was read (if it was missing: not created since).

    Only an update supports a precondition, but it keeps fields that it does not name; so it deletes those by name.
    """
    if before.value is None:
        batch.create(reference, dict(document))
        return
    gone = [name for name in before.value if name not in document]
    fields = {FieldPath(name).to_api_repr(): value for name, value in document.items()}
    fields |= {FieldPath(name).to_api_repr(): DELETE_FIELD for name in gone}
    update_over(batch, reference, fields, before.version)
