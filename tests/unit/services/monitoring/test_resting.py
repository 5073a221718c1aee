"""A tenant that rests is alerted no later than one that is checked in every slot."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.errors import StoreUnavailable
from functions.domain.kernel.spans import Span
from functions.domain.monitoring.due_checks import CHANGED_WITHIN
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.commits import Commits
from functions.services.kernel.fan_out import TenantsOfPage
from functions.services.kernel.ports import Document, TenantPage, Version, Versioned
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.monitoring.ports import AlertRecords
from functions.services.monitoring.tenant_tasks import changed_tenants, enqueue_checks
from tests.fakes import FakeClock, FakeQueue, FakeTenants

MONDAY = datetime(2020, 3, 16, tzinfo=UTC)
SLOT = timedelta(minutes=5)
CALENDARS = Calendars()
Events = Sequence[tuple[datetime, str, Any]]
"""When, which part of the state, and what it becomes."""


class World:
    """One tenant's state over time, and its alerts, checked in every slot or only when it does not rest."""

    def __init__(self, events: Events, *, rests: bool) -> None:
        self.events, self.rests = events, rests
        self.clock = FakeClock(MONDAY)
        self.alerts_now: dict[str, dict[str, Any]] = {}
        self.cursor: Versioned[Document | None] = Versioned(None, None)
        self.next_check: datetime | None = None
        self.told: list[tuple[datetime, str]] = []
        self.checks = 0
        self.check = CheckAlerts(self, self.clock, Commits(lambda _: None), CALENDARS, self._tell)

    def _tell(self, told: Notification) -> None:
        self.told.append((self.clock.time, told.title))

    def _now(self, part: str) -> Any:
        return next((what for at, of, what in reversed(self.events) if of == part and at <= self.clock.time), None)

    def _redemptions(self) -> list[dict[str, Any]]:
        return [what for at, of, what in self.events if of == "redemption" and at <= self.clock.time]

    def observe(self, _tenant_id: str, now: datetime, *_: Any) -> AlertRecords:
        lapsed = [one for one in self._redemptions() if now - timedelta(days=1) <= one["lapses_at"] < now]
        lasting = {key: one for key, one in self.alerts_now.items() if one["state"] != "RESOLVED"}
        jobs = [] if (job := self._now("job")) is None else [job]
        decision = self._now("decision")
        seen_at = (self.cursor.value or {}).get("last_decision_at")
        new = [decision] if decision is not None and (seen_at is None or decision["timestamp"] > seen_at) else []
        session = {"breaker": self._now("breaker")}
        return AlertRecords(
            self._now("policy"), session, None, self.cursor, new, decision, jobs, lapsed, self._versioned(lasting)
        )

    def next_lapse(self, _tenant_id: str, now: datetime) -> datetime | None:
        return min((one["lapses_at"] for one in self._redemptions() if one["lapses_at"] >= now), default=None)

    def alerts(self, _tenant_id: str, ids: Sequence[str]) -> Mapping[str, Versioned[Document]]:
        return self._versioned({key: self.alerts_now[key] for key in ids if key in self.alerts_now})

    def _versioned(self, alerts: Mapping[str, Document]) -> dict[str, Versioned[Document]]:
        return {key: Versioned(one, Version(1)) for key, one in alerts.items()}

    def commit_alerts(
        self,
        _tenant_id: str,
        changes: Any,
        _known: Any,
        cursor: Document,
        _before: Any,
        next_check_at: datetime | None,
    ) -> None:
        self.alerts_now |= {change.alert_id: change.document for change in changes}
        self.cursor = Versioned(cursor, Version(1))
        self.next_check = next_check_at or self.next_check

    def mark(self, _tenant_id: str) -> None:
        """What others write is an event like any other."""

    def changed_since(self, at: datetime) -> set[str]:
        """Every change but decisions of slots, whose market is open, is marked by whoever stores it."""
        marked = (when for when, of, _ in self.events if of != "decision")
        return {"acme"} if any(at <= when <= self.clock.time for when in marked) else set()

    def live(self, slots: int) -> None:
        for number in range(slots):
            self.clock.time = MONDAY + number * SLOT + timedelta(seconds=2)
            if self._is_checked(MONDAY + number * SLOT):
                self.checks += 1
                self.check.run("acme", {})

    def _is_checked(self, slot: datetime) -> bool:
        if not self.rests:
            return True
        queue, now = FakeQueue(), self.clock.time
        checks = {} if self.next_check is None else {"acme": self.next_check}
        page = TenantsOfPage(TenantPage(["acme"], "acme", is_more=False, next_checks=checks), FakeTenants({}))
        return enqueue_checks(page, queue, slot, now, changed_tenants(self, now)) == 1


def cycles(day: int, until: datetime) -> Events:
    """A decision in every slot of a New York day, up to a time."""
    slots = (MONDAY + timedelta(days=day, hours=13, minutes=30) + number * SLOT for number in range(78))
    return [
        (at + timedelta(seconds=1), "decision", {"timestamp": at, "session_id": str(at), "tenant_id": "acme"})
        for at in slots
        if at < until
    ]


def some_events(seed: int) -> Events:
    """What may happen to a tenant in three days and nights."""
    rng = random.Random(seed)

    def at() -> datetime:
        return MONDAY + timedelta(seconds=rng.randrange(3 * 86_400))

    events: list[tuple[datetime, str, Any]] = []
    for _ in range(4):
        when = at()
        until = when + timedelta(minutes=rng.randrange(1, 900))
        halt = {"trading_state": "HALT", "trading_state_reason": str(when), "trading_state_until": until}
        events.append((when, "policy", rng.choice([halt, None, {"market": rng.choice(["XASX", "24x7", "XNYS"])}])))
    for _ in range(3):
        when = at()
        status = rng.choice(["RUNNING", "FAILED", "DONE"])
        events.append((when, "job", {"job_id": f"day-{when}", "status": status, "started_at": when, "error": "x"}))
    for number in range(3):
        when = at()
        redemption: dict[str, Any] = {
            "nonce": f"{number:032x}",
            "strategy_id": "Trend",
            "symbol": "KO",
            "action": "BUY",
        }
        redemption |= {"notional": 5.0, "lapses_at": when + timedelta(minutes=rng.randrange(1, 600))}
        events.append((when, "redemption", redemption))
    for day in range(3):
        events += cycles(day, at())  # they end some day, and nobody decides any more
    return sorted(events, key=lambda one: one[0])


@pytest.mark.parametrize("seed", range(5))
def test_whoever_rests_is_told_the_same_in_the_same_slots(seed: int) -> None:
    events = some_events(seed)
    always, resting = World(events, rests=False), World(events, rests=True)
    for world in (always, resting):
        world.live(3 * 288)
    assert resting.told == always.told
    assert len(always.told) > 2
    assert {key: one["state"] for key, one in resting.alerts_now.items()} == {
        key: one["state"] for key, one in always.alerts_now.items()
    }
    assert resting.checks < always.checks


def test_a_night_in_which_nothing_happens_is_one_check_an_hour() -> None:
    world = World(sorted(cycles(0, MONDAY + timedelta(days=1)), key=lambda one: one[0]), rests=True)
    world.live(288)
    assert world.checks == 1 + 24 - 7 + 78  # the first, the hours around the day's 78 slots, and those


def test_where_nobody_can_tell_who_changed_all_are_checked(caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        def mark(self, _tenant_id: str) -> None:
            """Nobody learns of it."""

        def changed_since(self, at: datetime) -> set[str]:
            raise StoreUnavailable("no index")

    slot = MONDAY + SLOT
    assert changed_tenants(Down(), slot) is None
    assert "checking the alerts of all: no index" in caplog.text
    page = TenantPage(["acme"], "acme", is_more=False, next_checks={"acme": slot + timedelta(hours=3)})
    of_page = TenantsOfPage(page, FakeTenants({}))
    assert [enqueue_checks(of_page, FakeQueue(), slot, slot, changed) for changed in (None, set(), {"acme"})] == [
        1,
        0,
        1,
    ]
    assert timedelta(minutes=15) == CHANGED_WITHIN
    assert of_page.page(Span(), 1).tenants == []
