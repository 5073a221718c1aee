"""Writes that Firestore's client does not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.cloud.firestore import DELETE_FIELD, Client, DocumentReference, WriteBatch
from google.cloud.firestore_v1.field_path import FieldPath


def replace_over(
    db: Client,
    batch: WriteBatch,
    reference: DocumentReference,
    document: Mapping[str, Any],
    before: Any,
) -> None:
    """
    Add to a batch: replace a document that nobody wrote since the snapshot ``before`` (None: that nobody created).

    Only an update takes a precondition, and an update keeps the fields it does not name; so it deletes those by name.
    """
    if before is None:
        batch.create(reference, dict(document))
        return
    gone = [name for name in before.to_dict() or {} if name not in document]
    fields = {FieldPath(name).to_api_repr(): value for name, value in document.items()}
    fields |= {FieldPath(name).to_api_repr(): DELETE_FIELD for name in gone}
    batch.update(reference, fields, option=db.write_option(last_update_time=before.update_time))
