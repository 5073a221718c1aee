"""Show a tenant's channels without their secrets, and send a test message to one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from functions.domain.kernel.errors import RefusedError, StoreConflict
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import COUNT, TEXT
from functions.domain.monitoring.channels import Channel, Channels, read_channels
from functions.domain.monitoring.notifications import TEST_KIND, Notification, Severity
from functions.services.kernel.damage import check_stored
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock, Document, TaskQueue
from functions.services.monitoring.delivery_task import DeliveryTask
from functions.services.monitoring.enqueue_notification import EnqueueNotification
from functions.services.monitoring.notification_ports import DeliveryStore

_QUEUED = "QUEUED"


class TrialStore(DeliveryStore, Protocol):
    """Where idempotency records are stored, besides channels and deliveries."""

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        """Return the record of a key. Raises StoreUnavailable."""
        ...

    def create_idempotency_record(self, tenant_id: str, record_id: str, record: Document) -> None:
        """Create a key's record. Raises StoreConflict if the key was used meanwhile, StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChannel:
    """A channel as people may see it: the host of its target, never the rest."""

    id: str
    type: str | None = None
    host: str | None = None
    is_enabled: bool = False
    rules: Sequence[str] = ()
    """As text, in the order in which they are applied."""
    problem: str | None = None
    """Why it cannot be used; its other fields are then unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The outcome of one test message."""

    channel_id: str
    test_id: str
    status: str = _QUEUED
    """QUEUED, or as a delivery: PENDING, DELIVERED or DEAD."""
    attempts: int = 0
    detail: str | None = None
    """The last error."""


@dataclass(frozen=True, slots=True)
class TryChannel:
    """The use case; keep one per process."""

    store: TrialStore
    enqueue: EnqueueNotification
    queue: TaskQueue = field(repr=False)
    clock: Clock

    def channels(self, tenant_id: str) -> list[ShownChannel]:
        """Return a tenant's channels, those that cannot be used last. Raises StoreUnavailable."""
        return shown_channels(read_channels(self.store.channels(tenant_id)))

    def run(self, tenant_id: str, channel_id: str, uid: str, key: str | None) -> Trial:
        """
        Queue a test message for a channel, and return its state; repeating the key sends no second message.

        Raises
        ------
        RefusedError
            With NOT_FOUND if there is no usable channel with that id; IDEMPOTENCY_KEY_REUSED.
        DamagedDocument, StoreUnavailable
        """
        request = RequestKey(uid, key or secrets.token_hex(16), {"post": "channels/tests", "channel_id": channel_id})
        test_id = f"test-{request.id}"
        if key is None:
            self._require(tenant_id, channel_id)
        elif self._first_answer(tenant_id, request) is None:  # a repeat is answered even if its channel is gone
            self._require(tenant_id, channel_id)
            self._remember(tenant_id, request, {"test_id": test_id})
        message = Notification(
            notification_id=test_id,
            tenant_id=tenant_id,
            kind=TEST_KIND,
            severity=Severity.INFO,
            title="A test from Maestro",
            text=f"An admin asked for it: channel {channel_id} of {tenant_id} works if you read this.",
            at=self.clock.now(),
            link="/admin",
        )
        task = DeliveryTask(tenant_id, channel_id, self.enqueue.linked(message))
        self.queue.enqueue(task.task_id, task.to_payload())  # by its id: a repeat sends no second message
        return self.trial(tenant_id, channel_id, test_id)

    def trial(self, tenant_id: str, channel_id: str, test_id: str) -> Trial:
        """Return the outcome of a test message; QUEUED before the first attempt. Raises StoreUnavailable."""
        record = self.store.read_delivery(tenant_id, f"{test_id}__{channel_id}").delivery.value
        if record is None:
            return Trial(channel_id=channel_id, test_id=test_id)
        check_stored(record, {"status": TEXT, "attempts": COUNT}, {"last_error": TEXT})
        known = {"status": record["status"], "attempts": int(record["attempts"]), "detail": record.get("last_error")}
        return Trial(channel_id=channel_id, test_id=test_id, **known)

    def _require(self, tenant_id: str, channel_id: str) -> None:
        channels = read_channels(self.store.channels(tenant_id))
        if channel_id not in channels.usable:
            wrong = channels.problems.get(channel_id)
            what = f"channel {channel_id} is malformed: {wrong}" if wrong else f"there is no channel {channel_id}"
            raise RefusedError(ReasonCode.NOT_FOUND, what)

    def _remember(self, tenant_id: str, request: RequestKey, answer: Mapping[str, Any]) -> None:
        """Store the key, unless this request already did. Raises RefusedError if another request did."""
        try:
            record = request.record(answer, self.clock.now())
            self.store.create_idempotency_record(tenant_id, request.id, record)
        except StoreConflict:
            self._first_answer(tenant_id, request)

    def _first_answer(self, tenant_id: str, request: RequestKey) -> Document | None:
        return request.first_answer(self.store.idempotency_record(tenant_id, request.id))


def shown_channels(channels: Channels) -> list[ShownChannel]:
    """Return channels as people may see them, those that cannot be used last."""
    broken = [ShownChannel(id=name, problem=str(error)) for name, error in channels.problems.items()]
    return [*map(_shown, channels.usable.values()), *broken]


def _shown(channel: Channel) -> ShownChannel:
    rules = [
        f"{rule.mode}: {', '.join(sorted(rule.kinds or ['every kind']))}, "
        f"{', '.join(sorted(rule.severities or ['every severity']))}"
        for rule in channel.rules
    ]
    return ShownChannel(
        id=channel.channel_id, type=str(channel.type), host=channel.host, is_enabled=channel.is_enabled, rules=rules
    )
