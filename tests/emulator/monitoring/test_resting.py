"""Whose alerts rest, and what wakes them, on Firestore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client, FieldFilter

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import FirestoreChangedTenants
from functions.adapters.firestore.alert_store import FirestoreAlertStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.policy_store import FirestorePolicyStore
from functions.adapters.firestore.tenant_directory import FirestoreTenantDirectory
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.kernel.slots import SLOT_PERIOD, slot_of
from functions.domain.kernel.spans import Span
from functions.services.kernel.commits import Commits
from functions.services.monitoring.check_alerts import CheckAlerts
from functions.services.orchestration.manage_policy import Author, ManagePolicy
from functions.services.trading.ports import TradingWrites
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from tests.fakes import FakeClock
from tests.members import create_tenant
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite

NIGHT = datetime(2020, 3, 17, 1, 2, tzinfo=UTC)
OPENS = datetime(2020, 3, 17, 13, 30, tzinfo=UTC)


def sweep(db: Client, at: datetime = NIGHT) -> None:
    check = CheckAlerts(FirestoreAlertStore(db), FakeClock(at), Commits(jittered_pause), Calendars(), lambda _: None)
    check.run("acme", {"market": "XNYS"})


def next_checks(db: Client) -> dict[str, datetime]:
    return dict(FirestoreTenantDirectory(db).page(Span(), 10).next_checks)


def test_a_closed_tenant_rests_until_its_market_opens_or_something_lapses(own_db: Client) -> None:
    create_tenant(own_db, "acme")
    sweep(own_db)
    assert next_checks(own_db) == {"acme": OPENS}
    lapse = NIGHT + timedelta(hours=2)
    paths.redemption(own_db, "acme", "n1").set({"status": "RESERVED", "lapses_at": lapse})
    paths.redemption(own_db, "acme", "n2").set({"status": "FILLED", "lapses_at": NIGHT + timedelta(hours=1)})
    sweep(own_db, NIGHT + SLOT_PERIOD)
    assert next_checks(own_db) == {"acme": lapse}
    paths.policy(own_db, "acme").set({"market": "24x7"})
    sweep(own_db, NIGHT + 2 * SLOT_PERIOD)
    assert next_checks(own_db) == {"acme": NIGHT + 2 * SLOT_PERIOD}


def test_a_tenant_that_nobody_lists_is_checked_all_the_same(own_db: Client) -> None:
    sweep(own_db)
    assert not paths.tenant(own_db, "acme").get().exists
    assert paths.alert_cursor(own_db, "acme").get().to_dict() == {"next_check_at": OPENS}


def trade(db: Client) -> None:
    store = FirestoreTradingStore(db)
    session = store.read("acme", []).session
    store.commit("acme", TradingWrites(session={"reservations": {}}), session.version)


def change_policy(db: Client) -> None:
    manage = ManagePolicy(FirestorePolicyStore(db), SystemClock(), Commits(jittered_pause))
    manage.set_trading_state("acme", "HALT", "drill", None, Author("ann", "ann@example.com"), {})


def ask_for_a_cycle(db: Client) -> None:
    asyncio.run(MaestroController(db, "acme").orchestrate({}, market_data={}, account_snapshot={}))


def run_slot(db: Client, age: timedelta) -> None:
    now = datetime.now(UTC)
    asyncio.run(StrategyLoader(db, "acme").orchestrate_slot(slot_of(now - age), now))


def write_job(db: Client, record: dict[str, Any]) -> None:
    FirestoreLedgerStore(db).write_job("acme", "day-2020-03-16", record)


@pytest.mark.parametrize(
    ("change", "is_marked"),
    [
        (trade, True),
        (change_policy, True),
        (ask_for_a_cycle, True),
        (lambda db: run_slot(db, timedelta()), False),  # the market is open
        (lambda db: run_slot(db, 3 * SLOT_PERIOD), True),
        (lambda db: write_job(db, {"status": "FAILED"}), True),
        (lambda db: write_job(db, {"reached": "2020-03-16"}), False),
    ],
    ids=["trade", "policy", "cycle asked for", "cycle of its slot", "late cycle", "job", "a job's progress"],
)
def test_whatever_alerts_are_about_leaves_a_mark(
    own_db: Client, change: Callable[[Client], None], is_marked: bool
) -> None:
    started = datetime.now(UTC) - timedelta(minutes=1)
    change(own_db)
    assert FirestoreChangedTenants(own_db).changed_since(started) == ({"acme"} if is_marked else set())
    assert FirestoreChangedTenants(own_db).changed_since(datetime.now(UTC) + timedelta(minutes=1)) == set()


def test_a_policy_that_was_edited_by_hand_wakes_alerts_that_rest(db: Client, emulators: EmulatorSuite) -> None:
    create_tenant(db, "acme", alerts_next_check_at=datetime.now(UTC) + timedelta(hours=9))
    paths.policy(db, "acme").set({"trading_state": "HALT", "trading_state_reason": "by hand"})
    recently = datetime.now(UTC) - timedelta(minutes=5)
    eventually(lambda: {"acme"} & FirestoreChangedTenants(db).changed_since(recently) or None)
    slot = datetime.now(UTC).replace(minute=5, second=0, microsecond=0)
    emulators.call_scheduled("check_alerts", slot)
    eventually(
        lambda: list(paths.alerts(db, "acme").where(filter=FieldFilter("kind", "==", "TRADING_STATE")).stream()) or None
    )
