"""Notification channels and the records of deliveries on Firestore."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.services.kernel.ports import Document
from functions.services.monitoring.notification_ports import DeliveryState


class FirestoreDeliveryStore:
    """
    `DeliveryStore` on Firestore.

    Every write of a record has a precondition (it must not exist, or be as it was read), so of any number of
    invocations at once one gets the claim. That makes a delivery happen at least once, and normally once: a record
    and a message cannot be one atomic act.
    """

    def __init__(self, db: Client) -> None:
        self._db = db

    def channels(self, tenant_id: str) -> Document | None:
        with translated_errors(f"reading the notification channels of tenant {tenant_id}"):
            reference = paths.notification_channels(self._db, tenant_id)
            found: Document | None = reference.get(retry=READ_RETRY, timeout=TIMEOUT_SECONDS).to_dict()
        return found

    def read_delivery(self, tenant_id: str, delivery_id: str) -> DeliveryState:
        channels = paths.notification_channels(self._db, tenant_id)
        delivery = paths.delivery(self._db, tenant_id, delivery_id)
        with translated_errors(f"reading delivery {delivery_id} of tenant {tenant_id}"):
            found = self._db.get_all([channels, delivery], retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            by_path = {snapshot.reference.path: snapshot for snapshot in found}
        record = by_path[delivery.path]
        version = record.update_time if record.exists else None
        return DeliveryState(by_path[channels.path].to_dict(), record.to_dict(), version)

    def write_delivery(self, tenant_id: str, delivery_id: str, fields: Document, version: Any) -> Any:
        reference = paths.delivery(self._db, tenant_id, delivery_id)
        batch = self._db.batch()
        if version is None:
            batch.create(reference, dict(fields))
        else:
            batch.update(reference, dict(fields), option=self._db.write_option(last_update_time=version))
        with translated_errors(f"storing delivery {delivery_id} of tenant {tenant_id}"):
            return batch.commit(retry=None, timeout=TIMEOUT_SECONDS)[0].update_time
