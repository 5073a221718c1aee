"""The position book in the deployed functions: fed by users' own documents, compared every night, alerted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.trading_store import FirestoreBookStore
from functions.adapters.system import SystemClock, jittered_pause
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.trading.reported_fills import ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.trading.check_book import BookStatus, CheckBook
from functions.services.trading.open_book import OpenBook, Operator
from functions.services.trading.record_fills import RecordFills
from tests.emulator.monitoring.test_monitoring import in_state
from tests.members import create_tenant
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite

OWN = {"user_id": "ann", "strategyId": "Trend", "symbol": "KO", "side": "buy", "quantity": 10.0, "price": 45.0}
COMMITS = Commits(jittered_pause)


@pytest.fixture
def tenant(db: Client, emulators: EmulatorSuite) -> Client:
    create_tenant(db, "acme")
    return db


def open_book(db: Client) -> None:
    use_case = OpenBook(FirestoreBookStore(db), FirestoreLedgerStore(db), SystemClock(), COMMITS)
    use_case.open("acme", Operator("olga"), (), {}, is_written=True)


def write(db: Client, name: str, **fields: Any) -> None:
    paths.ledger_trades(db, "acme").document(name).set({**OWN, "timestamp": datetime.now(UTC), **fields})


def adopted(db: Client, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        document: dict[str, Any] = paths.ledger_trades(db, "acme").document(name).get().to_dict() or {}
        return document if "ledger_version" in document else None

    return eventually(look)


def book(db: Client) -> PositionBook:
    return PositionBook.from_document(paths.positions(db, "acme").get().to_dict())


def session(db: Client) -> dict[str, Any]:
    return paths.current_session(db, "acme").get().to_dict() or {}


def test_what_users_write_and_clients_report_meets_in_one_book(tenant: Client) -> None:
    write(tenant, "before")
    adopted(tenant, "before")
    open_book(tenant)
    record = RecordFills(FirestoreBookStore(tenant), FirestoreEntryLedger(tenant), SystemClock(), COMMITS)
    for number in range(5):
        write(tenant, f"own{number}", side="sell" if number % 2 else "buy", quantity=number + 1)
        fill = ReportedFill(
            strategy_id="Trend",
            symbol="ko",
            side="buy",
            qty=1.0,
            price=45.0,
            ts=datetime.now(UTC),
            broker_fill_id=str(number),
        )
        record.run("acme", "ann", [fill], {})
    versions = [adopted(tenant, f"own{number}")["ledger_version"] for number in range(5)]
    assert len({*versions}) == 5
    assert session(tenant)["ledger_version"] == 11
    assert book(tenant).holding("Trend", "KO").qty == pytest.approx(10 + 5 + (1 - 2 + 3 - 4 + 5))
    assert sum(one["usd"] for one in session(tenant)["spendings"]) == pytest.approx(45.0 * (10 + 5 + 1 + 3 + 5))
    check = CheckBook(FirestoreBookStore(tenant), FirestoreLedgerStore(tenant)).run("acme")
    assert check.status is BookStatus.SAME
    ledger = [one.to_dict() or {} for one in paths.ledger_trades(tenant, "acme").stream()]
    assert all(isinstance(one["ts"], datetime) and isinstance(one["created_at"], datetime) for one in ledger)


def test_what_the_nightly_job_finds_is_alerted_and_resolved_once_it_is_repaired(
    tenant: Client, emulators: EmulatorSuite
) -> None:
    write(tenant, "own", timestamp=datetime.now(UTC) - timedelta(days=2))
    adopted(tenant, "own")
    open_book(tenant)
    paths.positions(tenant, "acme").set(book(tenant).with_fill("Trend", "KO", 5.0, 45.0).to_document(datetime.now(UTC)))

    def job(days_ago: int) -> dict[str, Any]:
        day = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
        night = {"tenant_id": "acme", "kind": "day", "label": day}
        assert emulators.deliver_task("snapshottenant", night).json()["result"]["status"] == "DONE"
        return paths.job(tenant, "acme", f"day-{day}").get().to_dict() or {}

    def sweep(label: str) -> None:
        emulators.deliver_task("checktenant", {"tenant_id": "acme", "job": "alerts", "label": label})

    record = job(days_ago=1)
    assert (record["book_status"], record["book_differs"]) == ("DIFFERS", 1)
    assert record["book_differences"] == [
        {"strategy_id": "Trend", "symbol": "KO", "book_qty": 15.0, "ledger_qty": 10.0}
    ]
    assert book(tenant).holding("Trend", "KO").qty == 15.0, "nothing is corrected by itself"
    sweep("first")
    found = in_state(tenant, "position-book", "OPEN")
    assert found["title"] == "📒 1 positions differ between position book and ledger"
    assert found["detail"].startswith("Trend KO: book 15, ledger 10: make maestro")
    open_book(tenant)
    assert job(days_ago=0)["book_status"] == "SAME"
    sweep("second")
    in_state(tenant, "position-book", "RESOLVED")


def test_a_malformed_document_is_left_and_counted_by_the_nightly_job(tenant: Client, emulators: EmulatorSuite) -> None:
    open_book(tenant)
    write(tenant, "bad", ts=datetime.now(UTC), quantity=-1)
    write(tenant, "good", ts=datetime.now(UTC))
    adopted(tenant, "good")
    assert "ledger_version" not in (paths.ledger_trades(tenant, "acme").document("bad").get().to_dict() or {})
    assert book(tenant).holding("Trend", "KO").qty == 10.0
    assert session(tenant)["ledger_version"] == 1
