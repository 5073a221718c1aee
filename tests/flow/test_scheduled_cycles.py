"""The deployed functions in the Functions emulator: schedule, task queue, one cycle, on real prices."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
from google.cloud.firestore import Client

from examples.replay import Prices, decision_time
from functions.adapters.firestore import paths
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.cycle_documents import issued_signals
from functions.domain.orchestration.decision import logged_verdicts
from tests.samples import SAMPLE_NAMES, name_samples
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite

CRASH = date(2020, 3, 16)
SLOT = slot_of(decision_time(CRASH))


@pytest.fixture(scope="module")
def prices() -> Prices:
    return Prices.load()


def seed(db: Client, prices: Prices, tenant_id: str, day: date = CRASH, **tenant: Any) -> None:
    """A tenant with one day's real prices."""
    at = decision_time(day)
    paths.tenant(db, tenant_id).set({"maestro_enabled": True, "status": "active", **tenant})
    paths.market_data(db, tenant_id).set(prices.market_data(prices.days.index(day)))
    paths.account(db, tenant_id).set({"equity": "100000", "buying_power": "50000", "positions": [], "as_of": at})


def decisions(db: Client) -> list[dict[str, Any]]:
    return [snapshot.to_dict() or {} for snapshot in paths.orchestration_logs(db).stream()]


def cycle_record(db: Client, tenant_id: str, slot: str = SLOT) -> dict[str, Any] | None:
    record: dict[str, Any] | None = paths.cycle_record(db, tenant_id, slot).get().to_dict()
    return record


def test_a_tick_becomes_one_decision_per_enabled_tenant(db: Client, emulators: EmulatorSuite, prices: Prices) -> None:
    seed(db, prices, "acme")
    seed(db, prices, "blue")
    seed(db, prices, "asleep", maestro_enabled=False)
    seed(db, prices, "closed", status="suspended")
    emulators.call_scheduled("orchestrate_tick", decision_time(CRASH))
    eventually(lambda: cycle_record(db, "acme"))
    eventually(lambda: cycle_record(db, "blue"))
    logs = decisions(db)
    assert sorted(log["tenant_id"] for log in logs) == ["acme", "blue"]
    acme = next(log for log in logs if log["tenant_id"] == "acme")
    assert acme["timestamp"] == decision_time(CRASH), "a historical slot is the time of the replay"
    assert {verdict["strategy_name"] for verdict in logged_verdicts(acme)} >= SAMPLE_NAMES
    assert acme["strategy_errors"] == {}
    assert acme["load_errors"] == {}
    assert acme["input_issues"] == []
    session = paths.session(db, "acme", acme["session_id"]).get().to_dict() or {}
    assert {len(signal["nonce"]) for signal in issued_signals(session).values()} == {32}
    current = paths.current_session(db, "acme").get().to_dict() or {}
    assert current["session_id"] == acme["session_id"]
    assert current["buying_power"] == 50_000


def test_any_number_of_deliveries_makes_one_decision(db: Client, emulators: EmulatorSuite, prices: Prices) -> None:
    seed(db, prices, "acme")
    emulators.call_scheduled("orchestrate_tick", decision_time(CRASH))
    emulators.call_scheduled("orchestrate_tick", decision_time(CRASH))
    payload = {"tenant_id": "acme", "slot": SLOT}
    with ThreadPoolExecutor(4) as pool:  # concurrent deliveries of the same task, over real HTTP
        answers = list(pool.map(lambda _: emulators.deliver_task("orchestratetenant", payload), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    eventually(lambda: cycle_record(db, "acme"))
    time.sleep(2)  # for the queue's own deliveries
    assert len(decisions(db)) == 1
    again = emulators.deliver_task("orchestratetenant", payload)
    assert again.json() == {"result": {"status": "SETTLED"}}


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (datetime(2020, 3, 15, 19, 55, tzinfo=UTC), "a Sunday"),
        (datetime(2020, 3, 16, 13, 25, tzinfo=UTC), "five minutes before the open"),
        (datetime(2020, 4, 10, 15, 0, tzinfo=UTC), "Good Friday"),
        (datetime(2019, 11, 29, 18, 5, tzinfo=UTC), "after the early close behind Thanksgiving"),
    ],
)
def test_no_cycles_while_the_market_is_closed(
    db: Client, emulators: EmulatorSuite, prices: Prices, at: datetime, why: str
) -> None:
    seed(db, prices, "acme")
    emulators.call_scheduled("orchestrate_tick", at)
    time.sleep(1)  # a task would have been delivered at once
    assert decisions(db) == [], why


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"tenant_id": "acme"},
        {"tenant_id": "a/b", "slot": SLOT},
        {"tenant_id": "acme", "slot": "2020-03-16T19:56:00Z"},
    ],
)
def test_a_malformed_task_is_refused_and_not_retried(
    db: Client, emulators: EmulatorSuite, payload: dict[str, Any]
) -> None:
    answer = emulators.deliver_task("orchestratetenant", payload)
    assert answer.status_code == 200
    assert answer.json()["result"]["status"] == "REFUSED"
    assert decisions(db) == []


def test_a_policy_change_applies_to_the_next_cycle(db: Client, emulators: EmulatorSuite, prices: Prices) -> None:
    calm = date(2019, 12, 16)
    seed(db, prices, "acme", calm)
    name_samples(db, "acme")
    run(emulators, "acme", calm)
    assert any(signal["action"] == "BUY" for signal in decisions(db)[0]["signals"].values())
    paths.policy(db, "acme").update({"trading_state": "HALT", "version": 2})
    next_day = date(2019, 12, 17)
    seed(db, prices, "acme", next_day)
    run(emulators, "acme", next_day)
    halted = next(log for log in decisions(db) if log["policy_version"] == 2)
    assert "BUY" not in {signal["action"] for signal in halted["signals"].values()}
    assert "TRADING_HALTED" in {verdict["reason_code"] for verdict in logged_verdicts(halted)}


def test_a_sample_trades_nothing_until_the_tenant_names_it(
    db: Client, emulators: EmulatorSuite, prices: Prices
) -> None:
    calm = date(2019, 12, 16)
    seed(db, prices, "acme", calm)
    run(emulators, "acme", calm)
    (log,) = decisions(db)
    assert modes_of_samples(log) == dict.fromkeys(SAMPLE_NAMES, "DISABLED")
    assert {one["final_allocation"] for one in logged_verdicts(log) if one["mode"] == "DISABLED"} == {0}
    buyer = next(name for name in SAMPLE_NAMES if log["signals"][name]["action"] == "BUY")
    session = paths.session(db, "acme", log["session_id"]).get().to_dict() or {}
    assert issued_signals(session)[buyer]["mode"] == "DISABLED", "so nobody can redeem it"

    paths.policy(db, "acme").set({"sample_strategies": [buyer], "version": 2})
    next_day = date(2019, 12, 17)
    seed(db, prices, "acme", next_day)
    run(emulators, "acme", next_day)
    named = next(log for log in decisions(db) if log["policy_version"] == 2)
    assert modes_of_samples(named) == {**dict.fromkeys(SAMPLE_NAMES, "DISABLED"), buyer: "ACTIVE"}


def modes_of_samples(log: dict[str, Any]) -> dict[str, str]:
    modes = {verdict["strategy_name"]: verdict["mode"] for verdict in logged_verdicts(log)}
    return {name: modes[name] for name in SAMPLE_NAMES}


def run(emulators: EmulatorSuite, tenant_id: str, day: date) -> None:
    slot = slot_of(decision_time(day))
    answer = emulators.deliver_task("orchestratetenant", {"tenant_id": tenant_id, "slot": slot})
    assert answer.json() == {"result": {"status": "DECIDED"}}


def test_one_tick_over_300_tenants_loses_none_and_decides_none_twice(db: Client, emulators: EmulatorSuite) -> None:
    names = [f"many{number:03d}" for number in range(300)]
    batch = db.batch()
    for name in names:
        batch.set(paths.tenant(db, name), {"maestro_enabled": True, "status": "active"})
    batch.commit()
    with ThreadPoolExecutor(2) as pool:  # two runs of one time, as of a scheduler that delivers twice
        list(pool.map(lambda _: emulators.call_scheduled("orchestrate_tick", decision_time(CRASH)), range(2)))

    def decided() -> list[str] | None:
        found = sorted(log["tenant_id"] for log in decisions(db))
        return found if len(found) >= len(names) else None

    assert eventually(decided, 400) == names
    time.sleep(2)  # for what comes twice
    assert decided() == names
    assert {(cycle_record(db, name) or {}).get("status") for name in names} == {"DECIDED"}
