"""A check of a tenant's alerts over what is stored."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.monitoring.alerts import AlertChange, AlertKind, alert_id
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import ABSENT, Document, Version, Versioned
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.monitoring.ports import AlertRecords
from functions.settings import read_settings
from tests.fakes import MARCH_16, FakeClock

HALTED = {"trading_state": "HALT", "trading_state_reason": "drill"}


class Alerts:
    """An `AlertStore` whose alerts stay what they became; all else is as it was given."""

    def __init__(self, policy: Document | None = None, jobs: Sequence[Document] = ()) -> None:
        self.policy, self.jobs = policy, jobs
        self.stored: dict[str, dict[str, Any]] = {}

    def observe(self, *_: Any) -> AlertRecords:
        lasting = {key: one for key, one in self.stored.items() if one.get("state") != "RESOLVED"}
        return AlertRecords(self.policy, None, None, ABSENT, (), None, self.jobs, (), self._versioned(lasting))

    def alerts(self, _tenant_id: str, ids: Sequence[str]) -> Mapping[str, Versioned[Document]]:
        return self._versioned({key: self.stored[key] for key in ids if key in self.stored})

    def commit_alerts(
        self, _tenant_id: str, changes: Sequence[AlertChange], known: Mapping[str, Versioned[Document]], *_: Any
    ) -> None:
        for change in changes:
            assert (change.alert_id in known) is (change.alert_id in self.stored), "or it conflicts for ever"
            self.stored[change.alert_id] = change.document

    def _versioned(self, alerts: Mapping[str, Document]) -> dict[str, Versioned[Document]]:
        return {key: Versioned(one, Version(1)) for key, one in alerts.items()}


def check(store: Any, told: list[Notification], minutes: float = 0) -> list[AlertChange]:
    clock = FakeClock(MARCH_16 + timedelta(minutes=minutes))
    run = CheckAlerts(store, clock, Commits(lambda _: None), Calendars(), told.append)
    return run.run("acme", {}, is_sweep=False)


@pytest.mark.parametrize(
    "damage", [{"state": 7}, {"members": "none"}, {"opened_at": "yesterday"}, {"occurrences": None}, {"kind": None}]
)
def test_a_damaged_alert_is_told_and_the_others_go_on(damage: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    failed = {"job_id": "day-2020-03-15", "status": "FAILED", "error": "x"}
    told: list[Notification] = []
    store = Alerts(HALTED, [failed])
    check(store, told)
    assert [one.kind for one in told] == [AlertKind.TRADING_STATE, AlertKind.JOB_FAILED]
    halted, job, damaged = (alert_id(key) for key in ("trading-state", "job:day", "damaged-alerts"))
    store.stored[job] |= damage
    store.policy, store.jobs = None, ()
    with caplog.at_level(logging.ERROR):
        check(store, told, 30)
    assert store.stored[halted]["state"] == "RESOLVED"
    assert store.stored[damaged]["state"] == "OPEN"
    (name,) = damage
    assert told[-1].kind == AlertKind.DAMAGED_ALERTS
    assert name in told[-1].text
    assert f"Checking the other alerts: a stored document: {name}" in caplog.text
    assert check(store, told, 35) == []
    del store.stored[job]
    check(store, told, 40)
    assert store.stored[damaged]["state"] == "RESOLVED"


def test_a_damaged_alert_whose_condition_holds_is_written_again(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Notification] = []
    store = Alerts(HALTED)
    check(store, told)
    key = alert_id("trading-state")
    store.stored[key]["members"] = 7
    with caplog.at_level(logging.ERROR):
        (change,) = check(store, told, 5)
    assert (change.alert_id, store.stored[key]["state"], store.stored[key]["occurrences"]) == (key, "OPEN", 1)
    assert told[0].notification_id == told[1].notification_id, "nobody is told twice"
    assert "members must be" in caplog.text
    assert check(store, told, 10) == []


def test_a_damaged_alert_that_tells_of_damage_is_written_again() -> None:
    told: list[Notification] = []
    store = Alerts()
    store.stored = {"a1": {"state": "OPEN"}, alert_id("damaged-alerts"): {"state": "OPEN"}}
    titles = [[one.document["title"] for one in check(store, told, minutes)] for minutes in (0, 5, 10)]
    assert titles == [["🩹 2 stored alerts cannot be read"], ["🩹 1 stored alert cannot be read"], []]
    assert len(told) == 1


def test_a_setting_that_cannot_be_used_is_an_alert_until_it_can_and_people_are_told_without_a_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GCLOUD_PROJECT", "acme")
    monkeypatch.setenv("DASHBOARD_URL", "https://olga:hunter2@desk.example.com")
    settings = read_settings()
    assert settings.dashboard_url == ""
    told: list[Notification] = []
    store: Any = Alerts()
    tell, clock = told.append, FakeClock(MARCH_16)
    run = CheckAlerts(store, clock, Commits(lambda _: None), Calendars(), tell, settings.malformed)
    run.run("acme", {}, is_sweep=False)
    assert run.run("acme", {}, is_sweep=False) == []
    (alert,) = store.stored.values()
    assert (alert["kind"], alert["state"], [one.kind for one in told]) == ("SETTING", "OPEN", ["SETTING"])
    assert "hunter2" not in alert["detail"]
    monkeypatch.setenv("DASHBOARD_URL", "https://desk.example.com/")
    corrected = read_settings()
    assert (corrected.dashboard_url, corrected.malformed) == ("https://desk.example.com", ())
    check(store, told, 30)
    assert [one["state"] for one in store.stored.values()] == ["RESOLVED"]
