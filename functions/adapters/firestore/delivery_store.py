"""Notification channels and the records of deliveries on Firestore."""

from __future__ import annotations

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.writes import update_over
from functions.services.kernel.ports import ABSENT, Document, Version
from functions.services.monitoring.notification_ports import DeliveryState


class FirestoreDeliveryStore(FirestoreStore):
    """
    `DeliveryStore` and `TrialStore` on Firestore.

    Every write of a record has a precondition (it must not exist, or be unchanged since the read), so one of any number
    of concurrent invocations gets the claim. A delivery happens at least once, and normally once: a record and a
    message cannot be one atomic operation.
    """

    def channels(self, tenant_id: str) -> Document | None:
        reference = paths.notification_channels(self._db, tenant_id)
        return self._get(reference, f"reading the notification channels of tenant {tenant_id}").value

    def read_delivery(self, tenant_id: str, delivery_id: str) -> DeliveryState:
        channels = paths.notification_channels(self._db, tenant_id)
        delivery = paths.delivery(self._db, tenant_id, delivery_id)
        found = self._get_all([channels, delivery], f"reading delivery {delivery_id} of tenant {tenant_id}")
        return DeliveryState(found.get(channels.path, ABSENT).value, found.get(delivery.path, ABSENT))

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        reference = paths.idempotency_record(self._db, tenant_id, record_id)
        return self._get(reference, f"reading a request of tenant {tenant_id}").value

    def create_idempotency_record(self, tenant_id: str, record_id: str, record: Document) -> None:
        batch = self._db.batch()
        batch.create(paths.idempotency_record(self._db, tenant_id, record_id), dict(record))
        self._commit(batch, f"storing a request of tenant {tenant_id}")

    def write_delivery(self, tenant_id: str, delivery_id: str, fields: Document, version: Version | None) -> Version:
        batch = self._db.batch()
        update_over(batch, paths.delivery(self._db, tenant_id, delivery_id), fields, version)
        return self._commit(batch, f"storing delivery {delivery_id} of tenant {tenant_id}")[0]
