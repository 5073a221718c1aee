"""A test of a channel: one message a key, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from functions.domain.kernel.errors import RefusedError, StoreConflict
from functions.domain.monitoring.channels import ChannelType
from functions.services.monitoring.deliver_notification import DeliverNotification
from functions.services.monitoring.enqueue_notification import EnqueueNotification
from functions.services.monitoring.try_channel import ShownChannel, TryChannel
from tests.fakes import FakeClock
from tests.unit.services.monitoring.test_deliver_notification import (
    NEVER,
    OPS,
    SECRET,
    FakeDeliveryStore,
    FakeQueue,
    FakeSender,
)

BAD, QUIET = OPS | {"id": "bad", "type": "x"}, OPS | {"id": "quiet", "rules": [{"mode": "off"}]}


class FakeTrialStore(FakeDeliveryStore):
    """`TrialStore` in dicts."""

    def __init__(self) -> None:
        super().__init__(OPS, BAD, QUIET)
        self.keys: dict[str, dict[str, Any]] = {}
        self.is_late = False
        """The next look at keys comes before another request's write."""

    def idempotency_record(self, tenant_id: str, record_id: str) -> dict[str, Any] | None:
        is_late, self.is_late = self.is_late, False
        return None if is_late else self.keys.get(record_id)

    def create_idempotency_record(self, tenant_id: str, record_id: str, record: Mapping[str, Any]) -> None:
        if record_id in self.keys:
            raise StoreConflict(record_id)
        self.keys[record_id] = dict(record)


class World:
    def __init__(self, *failures: Exception) -> None:
        self.store, self.queue, self.sender = FakeTrialStore(), FakeQueue(), FakeSender(*failures)
        clock = FakeClock()
        enqueue = EnqueueNotification(self.store, self.queue, "https://acme.web.app")
        self.deliver = DeliverNotification(self.store, {ChannelType.SLACK: self.sender}, clock)
        self.use_case = TryChannel(self.store, enqueue, self.queue, clock)

    def ask(self, channel_id: str = "ops", key: str | None = "k1", uid: str = "ann") -> Any:
        return self.use_case.run("acme", channel_id, uid, key)


def test_one_key_sends_one_message_and_says_what_became_of_it() -> None:
    world = World()
    first = world.ask()
    assert (first.status, first.attempts) == ("QUEUED", 0)
    assert world.ask() == first
    (task,) = world.queue.tasks.values()
    assert (task.notification.kind, task.notification.link) == ("TEST", "https://acme.web.app/admin")
    world.deliver.run(task)
    assert world.use_case.trial("acme", "ops", first.test_id).status == "DELIVERED"
    assert world.ask().status == "DELIVERED"
    assert len(world.sender.sent) == 1


def test_without_a_key_each_is_a_message_of_its_own() -> None:
    world = World()
    assert world.ask(key=None).test_id != world.ask(key=None).test_id
    assert len(world.queue.tasks) == 2


def test_rules_keep_a_test_from_no_channel() -> None:
    world = World()
    world.ask("quiet")
    (task,) = world.queue.tasks.values()
    world.deliver.run(task)
    assert [channel for channel, _, _ in world.sender.sent] == ["quiet"]


def test_what_went_wrong_is_told() -> None:
    world = World(NEVER)
    trial = world.ask()
    (task,) = world.queue.tasks.values()
    world.deliver.run(task)
    after = world.use_case.trial("acme", "ops", trial.test_id)
    assert (after.status, after.attempts, after.detail) == ("DEAD", 1, str(NEVER))


@pytest.mark.parametrize(
    ("channel_id", "detail"), [("none", "there is no channel none"), ("bad", "channel bad is malformed: ")]
)
def test_a_channel_that_cannot_be_used_is_refused_and_nothing_is_sent(channel_id: str, detail: str) -> None:
    world = World()
    with pytest.raises(RefusedError, match=detail) as caught:
        world.ask(channel_id)
    assert (caught.value.reason_code, world.queue.tasks, world.store.keys) == ("NOT_FOUND", {}, {})


def test_a_repeat_gets_its_answer_though_the_channel_is_gone() -> None:
    world = World()
    first = world.ask()
    (task,) = world.queue.tasks.values()
    world.deliver.run(task)
    world.store.config = None
    again = world.ask()
    assert (again.test_id, again.status) == (first.test_id, "DELIVERED")
    assert len(world.sender.sent) == 1


def test_a_key_that_was_used_for_another_channel_is_refused_and_others_keys_are_their_own() -> None:
    world = World()
    world.ask("ops")
    with pytest.raises(RefusedError) as caught:
        world.ask("quiet")
    assert caught.value.reason_code == "IDEMPOTENCY_KEY_REUSED"
    world.ask("quiet", uid="bob")
    assert len(world.queue.tasks) == 2


def test_a_key_that_somebody_used_in_the_same_moment_is_the_same_test() -> None:
    world = World()
    first = world.ask()
    world.store.is_late = True
    assert world.ask() == first
    assert len(world.queue.tasks) == 1


def test_channels_are_shown_without_what_is_secret() -> None:
    shown = World().use_case.channels("acme")
    assert shown[0] == ShownChannel(id="ops", type="slack", host="hooks.slack.com", is_enabled=True, rules=[])
    assert (shown[1].id, shown[1].rules) == ("quiet", ["off: every kind, every severity"])
    assert shown[2].id == "bad"
    assert "type" in (shown[2].problem or "")
    assert SECRET not in repr(shown)
