"""
Deliver one notification to one channel, and record the outcome.

`EnqueueNotification` queues one task per channel; each runs `DeliverNotification`. The record of a delivery goes
PENDING → DELIVERED or DEAD. DEAD is the dead letter: it says why, and keeps the notification to be sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import StoreConflict
from functions.domain.kernel.stored_fields import COUNT, TIME, Kinds, word
from functions.domain.monitoring.channels import ChannelType, DeliveryMode, read_channels
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Clock, Document, Version
from functions.services.monitoring.delivery_errors import (
    DeliveryError,
    DeliveryFailed,
    DeliveryReason,
    PermanentFailure,
    TemporaryFailure,
)
from functions.services.monitoring.delivery_task import MAX_ATTEMPTS, DeliveryTask
from functions.services.monitoring.notification_ports import DeliveryStore, Sender

logger = logging.getLogger("maestro")

CLAIM = timedelta(seconds=120)
"""How long a claim excludes others; longer than any sender takes."""


class DeliveryStatus(StrEnum):
    """The state of a delivery."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class Outcome(StrEnum):
    """The outcome of a task."""

    DELIVERED = "DELIVERED"
    ALREADY_DELIVERED = "ALREADY_DELIVERED"
    """Settled by an earlier task; nothing was sent."""
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A delivery that this invocation has claimed for a limited time."""

    task: DeliveryTask
    channels: Document | None
    attempts: int
    version: Version


class DeliverNotification:
    """
    The use case: one attempt to deliver one notification to one channel.

    A channel gets it at least once, and normally once. Concurrent invocations do not both send, as one claims the
    record first. But if an invocation ends between a send and its record, or the record cannot be written, or an answer
    is lost on its way back, the next attempt sends again: receivers recognise a repeat by the notification's id.
    """

    def __init__(self, store: DeliveryStore, senders: Mapping[ChannelType, Sender], clock: Clock) -> None:
        self._store = store
        self._senders = senders
        self._clock = clock

    def run(self, task: DeliveryTask) -> Outcome:
        """
        Deliver unless already done.

        Raises
        ------
        DeliveryFailed
            If a later attempt may succeed.
        StoreUnavailable
            If the record could not be read or written: to be retried too.
        """
        claimed = self._claim(task)
        if isinstance(claimed, Outcome):
            return claimed
        try:
            sent_to = self._send(claimed)
        except TemporaryFailure as failure:
            if claimed.attempts >= MAX_ATTEMPTS:
                return self._bury(claimed, failure)
            self._settle(claimed, {"last_error": str(failure), "reason_code": str(failure.reason_code)})
            self._log(logging.WARNING, claimed, f"failed, will be retried: {failure}", failure.reason_code)
            raise DeliveryFailed(failure.reason_code, failure.detail) from None
        except PermanentFailure as failure:
            return self._bury(claimed, failure)
        done = {"status": str(DeliveryStatus.DELIVERED), "delivered_at": self._clock.now()}
        self._settle(claimed, done | {"last_error": None, "reason_code": None})
        self._log(logging.INFO, claimed, f"delivered to {sent_to}")
        return Outcome.DELIVERED

    def _claim(self, task: DeliveryTask) -> _Claimed | Outcome:
        """Claim the delivery, or return that it is over. Raises DeliveryFailed while another invocation has it."""
        now = self._clock.now()
        state = self._store.read_delivery(task.tenant_id, task.delivery_id)
        check_stored(state.delivery.value, _OF_RECORD, {"claimed_until": TIME})
        before = state.delivery.value or _new_record(task, now)
        if before["status"] == DeliveryStatus.DELIVERED:
            return Outcome.ALREADY_DELIVERED
        if before["status"] == DeliveryStatus.DEAD:
            return Outcome.DEAD
        busy = DeliveryFailed(DeliveryReason.DELIVERY_IN_PROGRESS, "another invocation is sending it")
        if before["claimed_until"] is not None and before["claimed_until"] > now:
            raise busy
        attempts = before["attempts"] + 1
        claim = {"attempts": attempts, "claimed_until": now + CLAIM, "updated_at": now}
        fields = {**before, **claim} if state.delivery.value is None else claim
        try:
            version = self._store.write_delivery(task.tenant_id, task.delivery_id, fields, state.delivery.version)
        except StoreConflict:
            raise busy from None
        return _Claimed(task, state.channels, attempts, version)

    def _send(self, claimed: _Claimed) -> str:
        """Send, and return the target as logs may name it. Raises TemporaryFailure, PermanentFailure."""
        if claimed.attempts > MAX_ATTEMPTS:
            raise PermanentFailure(DeliveryReason.ATTEMPTS_EXHAUSTED, "the last attempt did not finish")
        channel_id, notification = claimed.task.channel_id, claimed.task.notification
        channels = read_channels(claimed.channels)
        channel = channels.usable.get(channel_id)
        if channel is None and channel_id in channels.problems:
            raise PermanentFailure(DeliveryReason.MALFORMED_CHANNEL, str(channels.problems[channel_id]))
        if channel is None:
            raise PermanentFailure(DeliveryReason.UNKNOWN_CHANNEL, "the tenant has no channel with that id")
        mode = channel.mode_for(notification)  # by its current rules: they may have changed since it was queued
        if mode is DeliveryMode.OFF:
            raise PermanentFailure(DeliveryReason.CHANNEL_OFF, "the channel was switched off since it was queued")
        if channel.type not in self._senders:
            raise PermanentFailure(DeliveryReason.NO_SENDER, f"this deployment cannot send to {channel.type} channels")
        self._senders[channel.type].send(channel, notification, mode)
        return channel.host

    def _bury(self, claimed: _Claimed, failure: DeliveryError) -> Outcome:
        """Make it a dead letter."""
        record = {"status": str(DeliveryStatus.DEAD), "notification": claimed.task.notification.to_payload()}
        reason = {"last_error": str(failure), "reason_code": str(failure.reason_code)}
        self._settle(claimed, record | reason | {"dead_at": self._clock.now()})
        level = logging.INFO if failure.reason_code is DeliveryReason.CHANNEL_OFF else logging.ERROR
        self._log(level, claimed, f"is dead: {failure}", failure.reason_code)
        return Outcome.DEAD

    def _settle(self, claimed: _Claimed, fields: Mapping[str, Any]) -> None:
        """Record how the attempt ended and give up the claim. Raises StoreUnavailable."""
        task = claimed.task
        record = {**fields, "claimed_until": None, "updated_at": self._clock.now()}
        try:
            self._store.write_delivery(task.tenant_id, task.delivery_id, record, claimed.version)
        except StoreConflict:  # it took longer than its claim: another invocation has the record now
            self._log(logging.WARNING, claimed, "took longer than its claim, and another invocation has taken over")

    @staticmethod
    def _log(level: int, claimed: _Claimed, what: str, reason_code: DeliveryReason | None = None) -> None:
        task = claimed.task
        subject = f"Notification {task.notification.notification_id} to channel {task.channel_id}"
        extra = {"tenant": task.tenant_id, "reason_code": reason_code}
        logger.log(level, "%s %s (attempt %d)", subject, what, claimed.attempts, extra=extra)


_OF_RECORD: Kinds = {"status": word(DeliveryStatus), "attempts": COUNT}


def _new_record(task: DeliveryTask, now: datetime) -> dict[str, Any]:
    return {
        "tenant_id": task.tenant_id,
        "notification_id": task.notification.notification_id,
        "channel_id": task.channel_id,
        "kind": task.notification.kind,
        "severity": str(task.notification.severity),
        "status": str(DeliveryStatus.PENDING),
        "attempts": 0,
        "last_error": None,
        "reason_code": None,
        "claimed_until": None,
        "created_at": now,
    }
