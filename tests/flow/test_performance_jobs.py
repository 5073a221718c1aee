"""Performance schedules in the Functions emulator: fanned out by tasks, repeated safely, visible in job records."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite


def seed(db: Client, tenant_id: str) -> None:
    paths.tenant(db, tenant_id).set({"maestro_enabled": True})
    for fill_id, day, side, price in (("f1", 30, "buy", 55.0), ("f2", 31, "sell", 56.0)):
        at = datetime(2019, 12, day, 15, tzinfo=UTC)
        fill = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": side, "qty": 10.0, "price": price}
        paths.ledger_trades(db, tenant_id).document(fill_id).set({**fill, "ts": at, "created_at": at, "fees": 0.0})
    at = datetime(2019, 12, 31, 20, tzinfo=UTC)
    quote = {"price": 55.35, "history": [54.69, 55.27, 55.35]}
    paths.market_data(db, tenant_id).set({"as_of": at, "symbols": {"KO": quote}})


def finished(db: Client, tenant_id: str, job_id: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job: dict[str, Any] | None = paths.job(db, tenant_id, job_id).get().to_dict()
        return job if job and job["status"] in {"DONE", "FAILED"} else None

    return eventually(look)


def documents(db: Client, tenant_id: str) -> dict[str, dict[str, Any]]:
    found = {one.id: one.to_dict() or {} for one in paths.strategy_performance(db, tenant_id).stream()}
    return {name: {**document, "computed_at": None} for name, document in found.items()}


def test_days_and_in_january_the_december_before(db: Client, emulators: EmulatorSuite) -> None:
    for tenant_id in ("acme", "blue"):
        seed(db, tenant_id)
    emulators.call_scheduled("daily_performance_snapshot", datetime(2019, 12, 31, 22, 30, tzinfo=UTC))
    for tenant_id in ("acme", "blue"):
        job = finished(db, tenant_id, "day-2019-12-31")
        assert (job["status"], job["days"], job["documents"], job["skipped_documents"]) == ("DONE", 2, 2, 0)
        assert (job["from"], job["reached"], job["of"]) == ("2019-12-30", "2019-12-31", "2019-12-31")
    emulators.call_scheduled("monthly_performance_snapshot", datetime(2020, 1, 1, tzinfo=UTC))
    assert finished(db, "acme", "month-2019-12")["documents"] == 1
    stored = documents(db, "acme")
    assert set(stored) == {"ann__Trend__2019-12-30", "ann__Trend__2019-12-31", "ann__Trend__2019-12"}
    december = stored["ann__Trend__2019-12"]
    assert (december["realized_pnl"], december["pnl"], december["trading_days"]) == (10.0, pytest.approx(10.0), 2)
    assert december["month"] == "2019-12"
    assert december["period_end"] == datetime(2020, 1, 1, 5, tzinfo=UTC), "midnight in New York"
    for payload in ({"kind": "day", "label": "2019-12-31"}, {"kind": "month", "label": "2019-12"}):
        again = emulators.deliver_task("snapshottenant", {"tenant_id": "acme", **payload})
        assert again.json()["result"]["status"] == "DONE"
    assert documents(db, "acme") == stored


def test_a_session_that_closed_on_a_tenants_own_market_has_its_job_and_no_other(
    db: Client, emulators: EmulatorSuite
) -> None:
    markets = {"sydney": "XASX", "coins": "24x7", "york": "XNYS"}
    for tenant_id, market in markets.items():
        seed(db, tenant_id)
        paths.policy(db, tenant_id).set({"market": market})
    emulators.call_scheduled("daily_performance_snapshot", datetime(2019, 12, 31, 3, 30, tzinfo=UTC))
    assert finished(db, "coins", "day-2019-12-30")["status"] == "DONE"
    emulators.call_scheduled("daily_performance_snapshot", datetime(2019, 12, 31, 5, 30, tzinfo=UTC))
    assert finished(db, "sydney", "day-2019-12-31")["status"] == "DONE"
    jobs = {(tenant_id, job.id) for tenant_id in markets for job in paths.jobs(db, tenant_id).stream()}
    assert jobs == {("coins", "day-2019-12-30"), ("sydney", "day-2019-12-31")}


def test_a_late_fill_changes_the_month_that_was_over(db: Client, emulators: EmulatorSuite) -> None:
    seed(db, "tardy")  # a name of its own: the queue remembers other tests' tasks
    emulators.call_scheduled("monthly_performance_snapshot", datetime(2020, 1, 1, tzinfo=UTC))
    job = finished(db, "tardy", "month-2019-12")
    assert (job["status"], job["days"]) == ("DONE", 2), "days nobody took yet are taken first"
    late = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 10.0, "price": 55.0}
    late |= {"ts": datetime(2019, 12, 31, 19, tzinfo=UTC), "created_at": datetime.now(UTC), "fees": 1.0}
    paths.ledger_trades(db, "tardy").document("late").set(late)
    emulators.deliver_task("snapshottenant", {"tenant_id": "tardy", "kind": "day", "label": "2020-01-02"})
    assert finished(db, "tardy", "day-2020-01-02")["months"] == 1
    december = documents(db, "tardy")["ann__Trend__2019-12"]
    assert (december["fills"], december["fees"], december["pnl"]) == (3, 1.0, pytest.approx(10.0 + 3.5 - 1.0))


def test_more_than_a_tasks_time_is_enough_for_goes_on_in_further_tasks(db: Client, emulators: EmulatorSuite) -> None:
    seed(db, "slow")
    at = datetime(2019, 1, 2, 15, tzinfo=UTC)
    fill = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 1.0, "price": 50.0}
    paths.ledger_trades(db, "slow").document("first").set({**fill, "ts": at, "created_at": at})
    emulators.deliver_task("snapshottenant", {"tenant_id": "slow", "kind": "day", "label": "2019-12-31"})
    job = finished(db, "slow", "day-2019-12-31")
    assert (job["from"], job["reached"], job["of"]) == ("2019-01-02", "2019-12-31", "2019-12-31")
    assert job["days"] == 52, "what was left after the first task's 200"
    stored = documents(db, "slow")
    assert len([one for one in stored.values() if one["period"] == "day"]) == 252
    assert len([one for one in stored.values() if one["period"] == "month"]) == 11, "all that are over"


def test_a_job_that_cannot_run_says_so_in_its_record(db: Client, emulators: EmulatorSuite) -> None:
    seed(db, "acme")
    paths.policy(db, "acme").set({"base_capital": -1})
    emulators.deliver_task("snapshottenant", {"tenant_id": "acme", "kind": "day", "label": "2019-12-31"})
    job = finished(db, "acme", "day-2019-12-31")
    assert job["status"] == "FAILED"
    assert job["error"] == "PolicyError: base_capital must be a number from 1 to 1e+12, was -1"
    assert documents(db, "acme") == {}


@pytest.mark.parametrize(
    "payload",
    [
        {"tenant_id": "acme"},
        {"tenant_id": "acme", "kind": "week", "label": "2019-12-31"},
        {"tenant_id": "acme", "kind": "month", "label": "2019-13"},
        {"tenant_id": "", "kind": "day", "label": str(date(2019, 12, 31))},
    ],
)
def test_a_malformed_task_is_refused(db: Client, emulators: EmulatorSuite, payload: dict[str, Any]) -> None:
    answer = emulators.deliver_task("snapshottenant", payload)
    assert answer.json()["result"]["status"] == "REFUSED"
