"""A decision is missed where the tenant's own market is open."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.monitoring.alerts import AlertKind
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import ABSENT
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.monitoring.ports import AlertRecords
from functions.services.monitoring.watch_tenant import WatchTenant
from tests.fakes import FakeClock


class Records:
    """An `AlertStore` of a tenant with a policy, and nothing else."""

    def __init__(self, policy: dict[str, Any] | None) -> None:
        self._policy = policy
        self.raised: list[AlertKind] = []

    def observe(self, *_: Any) -> AlertRecords:
        return AlertRecords(self._policy, None, None, ABSENT, (), None, (), (), {})

    def alerts(self, *_: Any) -> dict[str, Any]:
        return {}

    def next_lapse(self, *_: Any) -> None:
        """None of them lapses."""

    def commit_alerts(self, tenant_id: str, changes: Any, *_: Any) -> None:
        self.raised += [AlertKind(change.document["kind"]) for change in changes]


@pytest.mark.parametrize(
    ("at", "missed"),
    [
        ("2020-03-16T15:00:00Z", {"XNYS", "24x7", "XXXX", None}),  # what cannot be read keeps the deployment's hours
        ("2020-03-16T13:35:00Z", {"24x7"}),  # New York has been open for five minutes
        ("2020-03-17T01:45:00Z", {"XASX", "XHKG", "24x7"}),
        ("2020-03-17T04:30:00Z", {"XASX", "24x7"}),
        ("2020-04-10T15:00:00Z", {"24x7"}),  # Good Friday
    ],
)
def test_a_missing_decision_is_an_alert_while_the_tenants_own_market_is_open(at: str, missed: set[str | None]) -> None:
    clock, defaults = FakeClock(datetime.fromisoformat(at)), {"market": "XNYS"}
    raised, watched = set(), set()
    for market in ("XNYS", "XASX", "XHKG", "24x7", "XXXX", None):
        store: Any = Records(None if market is None else {"market": market})
        CheckAlerts(store, clock, Commits(lambda _: None), Calendars(), lambda _: None).run("acme", defaults)
        if AlertKind.MISSED_CYCLES in store.raised:
            raised.add(market)
        findings = WatchTenant(store, store, clock, Calendars()).new_findings("acme", defaults)
        if AlertKind.MISSED_CYCLES in {finding.kind for finding in findings}:
            watched.add(market)
    assert raised == watched == missed


def test_a_malformed_policy_is_checked_by_the_hours_in_which_it_has_cycles() -> None:
    store: Any = Records({"market": "XASX", "base_capital": -1})
    clock = FakeClock(datetime(2020, 3, 16, 15, tzinfo=UTC))  # New York is open, Sydney is not
    CheckAlerts(store, clock, Commits(lambda _: None), Calendars(), lambda _: None).run("acme", {"market": "XNYS"})
    assert store.raised == []


def test_a_deployment_that_names_no_market_is_checked_all_the_same() -> None:
    store: Any = Records({"trading_state": "HALT"})
    clock = FakeClock(datetime(2020, 3, 16, 15, tzinfo=UTC))
    CheckAlerts(store, clock, Commits(lambda _: None), Calendars(), lambda _: None).run("acme", {"market": "the moon"})
    assert AlertKind.MISSED_CYCLES in store.raised
