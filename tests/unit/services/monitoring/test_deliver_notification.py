"""Delivering: once where all goes well, again where it did not, and dead with a reason where it never will."""

from __future__ import annotations

import copy
import logging
import re
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.kernel.errors import InputError, StoreConflict, StoreError, StoreUnavailable
from functions.domain.monitoring.channels import Channel, ChannelType, DeliveryMode, read_channels
from functions.domain.monitoring.notifications import TEST_KIND, Notification, Severity
from functions.services.kernel.ports import Version, Versioned
from functions.services.monitoring.deliver_notification import CLAIM, DeliverNotification, Outcome
from functions.services.monitoring.delivery_errors import (
    DeliveryFailed,
    DeliveryReason,
    PermanentFailure,
    TemporaryFailure,
)
from functions.services.monitoring.delivery_task import MAX_ATTEMPTS, QUEUE_ATTEMPTS, DeliveryTask
from functions.services.monitoring.enqueue_notification import EnqueueNotification, fan_out
from functions.services.monitoring.notification_ports import DeliveryState
from tests.fakes import MARCH_16, FakeClock

SECRET = "T000/B000/sEcReT"
OPS = {"id": "ops", "type": "slack", "url": f"https://hooks.slack.com/services/{SECRET}"}
TOLD = Notification(
    notification_id="a1",
    tenant_id="acme",
    kind="SYSTEMIC_RISK",
    severity=Severity.CRITICAL,
    title="Systemic risk",
    text="4 strategies sell",
    at=MARCH_16,
)
LATER = TemporaryFailure(DeliveryReason.TARGET_UNAVAILABLE, "hooks.slack.com answered 503")
NEVER = PermanentFailure(DeliveryReason.TARGET_REFUSED, "hooks.slack.com answered 404")


class FakeDeliveryStore:
    """`DeliveryStore` in a dict, with a new version for every write."""

    def __init__(self, *channels: Any) -> None:
        self.config: dict[str, Any] | None = {"channels": list(channels)}
        self.records: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, Version] = {}
        self.fail_writes: list[Exception | None] = []
        """What the next writes raise."""

    def channels(self, tenant_id: str) -> dict[str, Any] | None:
        return self.config if tenant_id == "acme" else None

    def read_delivery(self, tenant_id: str, delivery_id: str) -> DeliveryState:
        record = copy.deepcopy(self.records.get(delivery_id))
        return DeliveryState(self.channels(tenant_id), Versioned(record, self.versions.get(delivery_id)))

    def write_delivery(
        self, tenant_id: str, delivery_id: str, fields: Mapping[str, Any], version: Version | None
    ) -> Version:
        failure = self.fail_writes.pop(0) if self.fail_writes else None
        if failure is not None:
            raise failure
        if self.versions.get(delivery_id) != version:
            raise StoreConflict(f"{delivery_id} changed")
        self.records[delivery_id] = {**self.records.get(delivery_id, {}), **fields}
        self.versions[delivery_id] = Version(object())
        return self.versions[delivery_id]

    @property
    def record(self) -> dict[str, Any]:
        return self.records["a1__ops"]


class FakeSender:
    """`Sender` that fails as told, then succeeds."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[str, str, DeliveryMode]] = []
        self.during: Any = None

    def send(self, channel: Channel, notification: Notification, mode: DeliveryMode) -> None:
        if self.during is not None:
            during, self.during = self.during, None
            during()
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((channel.channel_id, notification.notification_id, mode))


class World:
    def __init__(self, *failures: Exception, channel: Any = OPS) -> None:
        self.store = FakeDeliveryStore(channel)
        self.sender = FakeSender(*failures)
        self.clock = FakeClock()
        self.deliver = DeliverNotification(self.store, {ChannelType.SLACK: self.sender}, self.clock)

    def run(self, channel_id: str = "ops") -> Outcome:
        return self.deliver.run(DeliveryTask("acme", channel_id, TOLD))


def test_it_is_sent_once_and_recorded() -> None:
    world = World()
    assert [world.run(), world.run()] == [Outcome.DELIVERED, Outcome.ALREADY_DELIVERED]
    assert world.sender.sent == [("ops", "a1", DeliveryMode.ON)]
    assert world.store.record == {
        "tenant_id": "acme",
        "notification_id": "a1",
        "channel_id": "ops",
        "kind": "SYSTEMIC_RISK",
        "severity": "CRITICAL",
        "status": "DELIVERED",
        "attempts": 1,
        "last_error": None,
        "reason_code": None,
        "claimed_until": None,
        "created_at": MARCH_16,
        "updated_at": MARCH_16,
        "delivered_at": MARCH_16,
    }


def test_a_temporary_failure_is_told_to_the_queue_and_tried_again() -> None:
    world = World(LATER, LATER)
    for attempt in (1, 2):
        with pytest.raises(DeliveryFailed, match=re.escape(str(LATER))):
            world.run()
        record = world.store.record
        assert (record["status"], record["attempts"], record["claimed_until"]) == ("PENDING", attempt, None)
        assert record["last_error"] == str(LATER)
    assert world.run() is Outcome.DELIVERED
    record = world.store.record
    assert (record["status"], record["attempts"], record["last_error"]) == ("DELIVERED", 3, None)


def test_a_test_reaches_a_channel_whatever_its_rules_keep_from_it_unless_it_is_off() -> None:
    test = replace(TOLD, kind=TEST_KIND, severity=Severity.INFO)
    quiet = read_channels({"channels": [OPS | {"rules": [{"mode": "off"}]}]}).usable["ops"]
    off = read_channels({"channels": [OPS | {"enabled": False}]}).usable["ops"]
    assert (quiet.mode_for(TOLD), quiet.mode_for(test)) == (DeliveryMode.OFF, DeliveryMode.ON)
    assert off.mode_for(test) is DeliveryMode.OFF


def test_a_path_of_the_dashboard_becomes_a_link_where_its_url_is_known() -> None:
    told = replace(TOLD, link="/strategies/Trend")
    for url, link in (("https://acme.web.app", "https://acme.web.app/strategies/Trend"), ("", "")):
        queue = FakeQueue()
        assert EnqueueNotification(FakeDeliveryStore(OPS), queue, url).run(told) == 1
        (task,) = queue.tasks.values()
        assert task.notification.link == link


def test_the_last_attempt_leaves_a_dead_letter(caplog: pytest.LogCaptureFixture) -> None:
    world = World(*[LATER] * (MAX_ATTEMPTS + 1))
    for _ in range(MAX_ATTEMPTS - 1):
        with pytest.raises(DeliveryFailed):
            world.run()
    caplog.clear()
    assert [world.run(), world.run()] == [Outcome.DEAD, Outcome.DEAD]
    record = world.store.record
    assert (record["status"], record["attempts"], record["reason_code"]) == ("DEAD", 8, "TARGET_UNAVAILABLE")
    assert Notification.from_payload(record["notification"]) == TOLD
    (line,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert vars(line)["reason_code"] == "TARGET_UNAVAILABLE"
    assert len(world.sender.failures) == 1


CHANGED: list[tuple[Any, str, DeliveryReason]] = [
    (OPS | {"rules": 3}, "ops", DeliveryReason.MALFORMED_CHANNEL),
    (OPS, "gone", DeliveryReason.UNKNOWN_CHANNEL),
    (OPS | {"enabled": False}, "ops", DeliveryReason.CHANNEL_OFF),
    (OPS | {"rules": [{"mode": "off"}]}, "ops", DeliveryReason.CHANNEL_OFF),
    (OPS | {"type": "discord"}, "ops", DeliveryReason.NO_SENDER),
]


@pytest.mark.parametrize(("channel", "channel_id", "reason"), CHANGED)
def test_what_cannot_be_sent_is_dead_at_once(channel: Any, channel_id: str, reason: DeliveryReason) -> None:
    world = World(channel=channel)
    assert world.run(channel_id) is Outcome.DEAD
    record = world.store.records[f"a1__{channel_id}"]
    assert (record["status"], record["attempts"], record["reason_code"]) == ("DEAD", 1, reason)
    assert world.sender.sent == []


def test_a_refusal_is_dead_at_once() -> None:
    world = World(NEVER)
    assert world.run() is Outcome.DEAD
    assert (world.store.record["reason_code"], world.store.record["attempts"]) == ("TARGET_REFUSED", 1)


def test_a_silent_rule_reaches_the_sender() -> None:
    world = World(channel=OPS | {"rules": [{"mode": "silent"}]})
    world.run()
    assert world.sender.sent == [("ops", "a1", DeliveryMode.SILENT)]


def test_while_one_sends_another_does_not() -> None:
    world = World()
    refused: list[str] = []

    def another() -> None:
        with pytest.raises(DeliveryFailed) as failure:
            world.run()
        refused.append(failure.value.reason_code)

    world.sender.during = another
    assert world.run() is Outcome.DELIVERED
    assert refused == ["DELIVERY_IN_PROGRESS"]
    assert len(world.sender.sent) == 1


def test_who_loses_the_race_for_the_claim_does_not_send() -> None:
    world = World()
    world.store.fail_writes = [StoreConflict("somebody else")]
    with pytest.raises(DeliveryFailed, match="DELIVERY_IN_PROGRESS"):
        world.run()
    assert world.sender.sent == []


def test_a_claim_whose_holder_died_lapses() -> None:
    world = World(RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        world.run()
    with pytest.raises(DeliveryFailed, match="DELIVERY_IN_PROGRESS"):
        world.run()
    world.clock.time += CLAIM + timedelta(seconds=1)
    assert world.run() is Outcome.DELIVERED
    assert world.store.record["attempts"] == 2


def test_one_that_never_ends_is_dead_in_the_end() -> None:
    world = World(*[RuntimeError("killed")] * MAX_ATTEMPTS)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(RuntimeError):
            world.run()
        world.clock.time += CLAIM
    assert world.run() is Outcome.DEAD
    assert world.store.record["reason_code"] == "ATTEMPTS_EXHAUSTED"
    assert world.sender.sent == []


def test_a_send_that_outlived_its_claim_leaves_the_record_to_the_next() -> None:
    world = World()

    def next_one() -> None:
        world.clock.time += CLAIM
        assert world.run() is Outcome.DELIVERED

    world.sender.during = next_one
    assert world.run() is Outcome.DELIVERED
    assert (world.store.record["status"], world.store.record["attempts"]) == ("DELIVERED", 2)


def test_without_a_record_of_success_it_is_sent_again() -> None:
    world = World()
    world.store.fail_writes = [None, StoreUnavailable("down")]
    with pytest.raises(StoreUnavailable):
        world.run()
    world.clock.time += CLAIM
    assert world.run() is Outcome.DELIVERED
    assert len(world.sender.sent) == 2


def test_many_at_once_send_once() -> None:
    world = World()

    def run(_: int) -> str:
        try:
            return str(world.run())
        except DeliveryFailed as failure:
            return str(failure.reason_code)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(run, range(40)))
    assert outcomes.count("DELIVERED") == 1
    assert set(outcomes) <= {"DELIVERED", "ALREADY_DELIVERED", "DELIVERY_IN_PROGRESS"}
    assert len(world.sender.sent) == 1


def test_another_tenants_notification_is_refused() -> None:
    world = World()
    with pytest.raises(InputError, match="tenant_id must be acme"):
        world.deliver.run(DeliveryTask("other", "ops", TOLD))
    assert world.store.records == {}


@pytest.mark.parametrize("failures", [(), (LATER,), (NEVER,)])
@pytest.mark.parametrize("channel", [OPS, OPS | {"url": f"ftp://{SECRET}"}])
def test_no_secret_in_logs_records_or_errors(
    failures: tuple[Exception, ...], channel: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(*failures, channel=channel)
    told = ""
    try:
        world.run()
    except DeliveryFailed:
        told = traceback.format_exc()
    assert "ops" in caplog.text
    assert SECRET not in told + caplog.text + repr(world.store.records)


class FakeQueue:
    def __init__(self, *broken: str) -> None:
        self.tasks: dict[str, DeliveryTask] = {}
        self.broken = broken

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:
        if payload["channel_id"] in self.broken:
            raise StoreUnavailable("queue down")
        is_new = task_id not in self.tasks
        self.tasks[task_id] = DeliveryTask.from_payload(payload)
        return is_new


CHANNELS = (OPS, OPS | {"id": "bad", "type": "x"}, OPS | {"id": "off", "enabled": False}, OPS | {"id": "quiet"})


def test_each_channel_that_wants_it_gets_one_task(caplog: pytest.LogCaptureFixture) -> None:
    queue = FakeQueue()
    enqueue = EnqueueNotification(FakeDeliveryStore(*CHANNELS), queue)
    assert [enqueue.run(TOLD), enqueue.run(TOLD)] == [2, 2]
    assert list(queue.tasks.values()) == [DeliveryTask("acme", "ops", TOLD), DeliveryTask("acme", "quiet", TOLD)]
    assert "channels[1].type must be one of" in caplog.text
    assert SECRET not in caplog.text


def test_one_task_that_cannot_be_queued_stops_no_other() -> None:
    queue = FakeQueue("ops")
    with pytest.raises(StoreError, match="1 of 2 deliveries not queued, first to channel ops"):
        EnqueueNotification(FakeDeliveryStore(*CHANNELS), queue).run(TOLD)
    assert [task.channel_id for task in queue.tasks.values()] == ["quiet"]


def test_fan_out_says_who_gets_it_and_how() -> None:
    quiet = OPS | {"id": "quiet", "rules": [{"mode": "silent"}]}
    usable = read_channels({"channels": [OPS, CHANNELS[2], quiet]}).usable
    assert fan_out(TOLD, usable.values()) == [("ops", DeliveryMode.ON), ("quiet", DeliveryMode.SILENT)]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (None, "task must be a map"),
        ({"tenant_id": "acme", "channel_id": "a/b"}, "channel_id must be"),
        ({"tenant_id": "acme", "channel_id": "ops"}, "notification must be a map"),
        (DeliveryTask("acme", "ops", TOLD).to_payload() | {"tenant_id": "other"}, "tenant_id must be"),
    ],
)
def test_a_malformed_task_is_refused(payload: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        DeliveryTask.from_payload(payload)


def test_the_queue_allows_more_than_the_sends() -> None:
    assert QUEUE_ATTEMPTS > MAX_ATTEMPTS
