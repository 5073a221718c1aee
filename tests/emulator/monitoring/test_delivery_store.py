"""Deliveries on Firestore: records with preconditions, and one send however many are at it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.delivery_store import FirestoreDeliveryStore
from functions.domain.kernel.errors import StoreConflict
from functions.domain.monitoring.channels import Channel, ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification, Severity
from functions.services.monitoring.deliver_notification import DeliverNotification, Outcome
from functions.services.monitoring.delivery_errors import DeliveryFailed, DeliveryReason, TemporaryFailure
from functions.services.monitoring.delivery_task import DeliveryTask
from tests.fakes import MARCH_16, FakeClock

OPS = {"id": "ops", "type": "slack", "url": "https://hooks.slack.com/services/secret"}
TOLD = Notification(
    notification_id="a1",
    tenant_id="acme",
    kind="SYSTEMIC_RISK",
    severity=Severity.CRITICAL,
    title="Systemic risk",
    text="4 strategies sell",
    at=MARCH_16,
    fields={"strategies": "Trend, Turtle"},
)


class Sender:
    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.sent = 0

    def send(self, channel: Channel, notification: Notification, mode: DeliveryMode) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent += 1


def stored(db: Client) -> dict[str, Any]:
    return paths.delivery(db, "acme", "a1__ops").get().to_dict() or {}


def test_a_record_is_written_only_over_what_was_read(own_db: Client) -> None:
    store = FirestoreDeliveryStore(own_db)
    assert store.channels("acme") is None
    state = store.read_delivery("acme", "a1__ops")
    assert (state.channels, state.delivery.value, state.delivery.version) == (None, None, None)
    first = store.write_delivery("acme", "a1__ops", {"status": "PENDING", "attempts": 1}, None)
    with pytest.raises(StoreConflict):
        store.write_delivery("acme", "a1__ops", {"attempts": 9}, None)
    second = store.write_delivery("acme", "a1__ops", {"attempts": 2}, first)
    with pytest.raises(StoreConflict):
        store.write_delivery("acme", "a1__ops", {"attempts": 9}, first)
    state = store.read_delivery("acme", "a1__ops")
    assert state.delivery.value == {"status": "PENDING", "attempts": 2}
    store.write_delivery("acme", "a1__ops", {"attempts": 3}, state.delivery.version)
    assert state.delivery.version == second


def test_many_at_once_send_once_and_a_failure_is_tried_again(own_db: Client) -> None:
    paths.notification_channels(own_db, "acme").set({"channels": [OPS]})
    sender, clock = (
        Sender(TemporaryFailure(DeliveryReason.TARGET_TIMEOUT, "hooks.slack.com took too long")),
        FakeClock(),
    )
    deliver = DeliverNotification(FirestoreDeliveryStore(own_db), {ChannelType.SLACK: sender}, clock)
    with pytest.raises(DeliveryFailed, match="TARGET_TIMEOUT"):
        deliver.run(DeliveryTask("acme", "ops", TOLD))
    clock.time += timedelta(seconds=10)

    def run(_: int) -> str:
        try:
            return str(deliver.run(DeliveryTask("acme", "ops", TOLD)))
        except DeliveryFailed as failure:
            return str(failure.reason_code)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(run, range(16)))
    assert (outcomes.count(Outcome.DELIVERED), sender.sent) == (1, 1)
    assert set(outcomes) <= {"DELIVERED", "ALREADY_DELIVERED", "DELIVERY_IN_PROGRESS"}
    record = stored(own_db)
    assert record["status"] == "DELIVERED"
    assert record["attempts"] == 2
    assert (record["created_at"], record["delivered_at"]) == (MARCH_16, clock.time)


def test_a_dead_letter_keeps_the_notification(own_db: Client) -> None:
    deliver = DeliverNotification(FirestoreDeliveryStore(own_db), {}, FakeClock())
    assert deliver.run(DeliveryTask("acme", "ops", TOLD)) is Outcome.DEAD
    record = stored(own_db)
    assert (record["status"], record["reason_code"]) == ("DEAD", "UNKNOWN_CHANNEL")
    assert Notification.from_payload(record["notification"]) == TOLD
