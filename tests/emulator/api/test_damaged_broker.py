"""What is stored of a tenant's broker is damaged: an input issue or a fresh start; exits and the kill switch pass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.adapters.firestore.drift_store import FirestoreDriftStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.system import SystemClock
from functions.domain.kernel.errors import InputError
from functions.domain.orchestration.broker_feed import feed_issues
from functions.domain.orchestration.drift import Drifts
from functions.services.broker.reconcile import Reconcile
from functions.services.kernel.commits import Commits
from tests.emulator.api.broker_documents import BROKER, DRIFT, connection_document, drift_document
from tests.emulator.api.damage import World, a_world, damaged
from tests.emulator.api.test_damaged import ask, fault_of
from tests.unit.domain.broker.seen import seen
from tools.emulator_suite import EmulatorSuite

EXITS = ("exit", "release", "fill")


@pytest.fixture(scope="module")
def world(accounts: EmulatorSuite) -> World:
    return a_world(accounts)


def test_a_damaged_connection_is_an_issue_of_the_feed_and_stops_no_exit(world: World) -> None:
    wrong = []
    for field, how, document in damaged(connection_document()):
        world.damage(BROKER, document, is_changed=True)
        statuses = {name: ask(world, name).status_code for name in (*EXITS, "enter")}
        codes = issues(world)
        if set(statuses.values()) != {200} or codes != (set() if is_read(document) else {"BROKER_FEED"}):
            wrong.append((field, how, statuses, codes))
    assert wrong == []


@pytest.mark.parametrize("on_drift", ["warn", "hold"])
def test_a_damaged_drift_is_an_issue_and_stops_entries_at_most(world: World, on_drift: str) -> None:
    wrong = []
    for field, how, document in damaged(drift_document()):
        world.damage(DRIFT, document, is_changed=True)
        world.desk.db.document("tenants/acme/config/maestro").update({"on_drift": on_drift})
        statuses = {name: ask(world, name).status_code for name in EXITS}
        entry, codes = ask(world, "enter"), issues(world)
        is_whole = is_drift(document)
        stops = on_drift == "hold" and not is_whole
        is_told = entry.status_code == (500 if stops else 200) and fault_of(entry, DRIFT, field) is None
        if set(statuses.values()) != {200} or not is_told or codes != (set() if is_whole else {"MALFORMED_STATE"}):
            wrong.append((field, how, statuses, entry.get_data(as_text=True)[:200], codes))
    assert wrong == []


def test_the_next_comparison_replaces_a_damaged_drift(world: World) -> None:
    db = world.desk.db
    store, ledger = FirestoreDriftStore(db), FirestoreLedgerStore(db)
    reconcile = Reconcile(store, ledger, SystemClock(), Commits(lambda _: None))
    for _, _, document in damaged(drift_document()):
        if is_drift(document):
            continue
        world.damage(DRIFT, document, is_changed=True)
        reconcile.reconcile("acme", seen({"XOM": 5.0}, datetime.now(UTC)))
        made = Drifts.from_document(store.read("acme").drift.value)
        assert "XOM" in {one.symbol for one in made.differences}
        assert not made.lasting, "what was damaged proves nothing"


def issues(world: World) -> set[str]:
    """Run a cycle, and return the issues that it tells."""
    answer = ask(world, "run")
    assert answer.status_code == 200
    return {one["reason_code"] for one in answer.get_json()["decision"]["input_issues"]}


def is_read(document: Mapping[str, Any]) -> bool:
    """Tell whether a cycle can read how the feed ended."""
    try:
        return feed_issues(document, None) == []
    except InputError:
        return False


def is_drift(document: Mapping[str, Any]) -> bool:
    try:
        Drifts.from_document(document)
    except InputError:
        return False
    return True
