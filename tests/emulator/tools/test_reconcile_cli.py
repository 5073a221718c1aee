"""The command where broker and books differ, run as an operator runs it, against the Firestore emulator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import FirestoreChangedTenants
from functions.adapters.firestore.drift_store import FirestoreDriftStore
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.orchestration.drift import Drifts
from functions.services.broker.reconcile import Reconcile
from functions.services.kernel.commits import Commits
from functions.services.trading.open_book import OpenBook, Operator
from tests.emulator.tools.command_line import maestro
from tests.unit.domain.broker.seen import CYCLE, seen

TENANT = "acme"


@pytest.fixture
def tenant(own_db: Client) -> Client:
    """A tenant whose Trend bought 10 KO, of which its account has had 12 for two cycles."""
    paths.tenant(own_db, TENANT).set({"maestro_enabled": True, "status": "active"})
    now = datetime.now(UTC)
    fill = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 10.0, "price": 45.0}
    paths.ledger_trades(own_db, TENANT).document("f1").set({**fill, "ts": now - timedelta(days=3)})
    ledger, commits = FirestoreLedgerStore(own_db), Commits(jittered_pause)
    opening = OpenBook(FirestoreBookStore(own_db), ledger, SystemClock(), commits)
    opening.open(TENANT, Operator("olga"), (), {}, is_written=True)
    reconcile = Reconcile(FirestoreDriftStore(own_db), ledger, SystemClock(), commits)
    for at in (now - CYCLE, now):
        reconcile.reconcile(TENANT, seen({"KO": 12.0}, at))
    return own_db


def test_it_shows_what_differs_and_books_it_once_as_an_operator_says(tenant: Client) -> None:
    shown = maestro(tenant, "reconcile", TENANT)
    assert shown.returncode == 0, shown.stderr
    for word in ("KO", "position", "12", "10", "2", "manual trade", "drift"):
        assert word in shown.stdout
    dry = maestro(tenant, "reconcile", TENANT, "--adopt", "KO", "--to", "Trend", "--uid", "ann", "--price", "45.5")
    assert "dry run" in dry.stderr
    assert len(list(paths.ledger_trades(tenant, TENANT).stream())) == 1
    adopt = ("reconcile", TENANT, "--adopt", "KO", "--to", "Trend", "--uid", "ann", "--price", "45.5", "--write")
    done = maestro(tenant, *adopt, "--by", "olga", "--json")
    assert done.returncode == 0, done.stderr
    booked = {"symbol": "KO", "owner": "Trend", "side": "buy", "qty": 2.0, "price": 45.5}
    assert json.loads(done.stdout)["booked"] == [booked]
    agreed = maestro(tenant, "reconcile", TENANT)
    assert "agree" in agreed.stdout
    acts = [one.to_dict() or {} for one in paths.positions_history(tenant, TENANT).stream()]
    (record,) = (one for one in acts if one["action"] == "ADOPTED")
    assert (record["by"], len(record["given"])) == ("olga", 1)
    again = maestro(tenant, *adopt)
    assert again.returncode == 1
    assert "now: none" in again.stderr


def test_a_tenant_whose_broker_was_never_read_is_not_said_to_agree(own_db: Client) -> None:
    paths.tenant(own_db, TENANT).set({"maestro_enabled": True, "status": "active"})
    shown = maestro(own_db, "reconcile", TENANT)
    assert shown.stdout == "broker and books of tenant acme have never been compared\n", shown.stderr


def test_a_change_has_alerts_checked_and_whoever_wrote_meanwhile_wins(tenant: Client) -> None:
    store = FirestoreDriftStore(tenant)
    assert FirestoreChangedTenants(tenant).changed_since(datetime.now(UTC) - CYCLE) == {TENANT}
    before = store.read(TENANT)
    assert Drifts.from_document(before.drift.value).lasting
    store.put_drift(TENANT, Drifts().to_document(datetime.now(UTC)), before.drift)
    with pytest.raises(Exception, match="storing the drift of tenant"):
        store.put_drift(TENANT, Drifts().to_document(datetime.now(UTC)), before.drift)
