"""Writes over what was read, which fail if anybody wrote since."""

from __future__ import annotations

from google.cloud.firestore import DELETE_FIELD, DocumentReference, LastUpdateOption, WriteBatch
from google.cloud.firestore_v1.field_path import FieldPath

from functions.services.kernel.ports import Document, Version, Versioned


def update_over(batch: WriteBatch, reference: DocumentReference, fields: Document, version: Version | None) -> None:
    """Add to a batch: set fields of a document that nobody wrote since ``version`` (None: that nobody created)."""
    if version is None:
        batch.create(reference, dict(fields))
    else:
        batch.update(reference, dict(fields), option=LastUpdateOption(version))


def replace_over(
    batch: WriteBatch, reference: DocumentReference, document: Document, before: Versioned[Document | None]
) -> None:
    """
    Add to a batch: replace a document that nobody wrote since it was read (if it was absent: that nobody created).

    Only an update takes a precondition, and an update keeps the fields it does not name; so it deletes those by name.
    """
    if before.value is None:
        batch.create(reference, dict(document))
        return
    gone = [name for name in before.value if name not in document]
    fields = {FieldPath(name).to_api_repr(): value for name, value in document.items()}
    fields |= {FieldPath(name).to_api_repr(): DELETE_FIELD for name in gone}
    update_over(batch, reference, fields, before.version)
