"""The commands of the position book, run as an operator runs them, against the Firestore emulator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.domain.orchestration.position_book import PositionBook
from tests.emulator.tools.command_line import maestro

TENANT = "acme"
OPEN = ("book", "open", TENANT)
GIVE = ("--give", "KO=Trend@45.10", "--uid", "ann")


@pytest.fixture
def tenant(own_db: Client) -> Client:
    """A tenant whose Trend bought 10 KO of the account's 12, and whose market data are fresh."""
    paths.tenant(own_db, TENANT).set({"maestro_enabled": True, "status": "active"})
    now = datetime.now(UTC)
    fill = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 10.0, "price": 45.0}
    paths.ledger_trades(own_db, TENANT).document("f1").set({**fill, "ts": now - timedelta(days=3)})
    paths.ledger_trades(own_db, TENANT).document("bad").set({**fill, "qty": 0, "ts": now - timedelta(days=3)})
    positions = [{"symbol": "KO", "qty": 12.0}, {"symbol": "PEP", "qty": 1.0}]
    paths.account(own_db, TENANT).set({"as_of": now, "equity": 1e5, "buying_power": 1e5, "positions": positions})
    return own_db


def everything(db: Client) -> dict[str, Any]:
    found = {}
    for collection in paths.tenant(db, TENANT).collections():
        for one in collection.list_documents():
            snapshot = one.get()
            found[one.path] = (snapshot.to_dict(), snapshot.update_time)
    return found


def book(db: Client) -> PositionBook:
    return PositionBook.from_document(paths.positions(db, TENANT).get().to_dict())


def test_a_dry_run_shows_everything_and_writes_nothing(tenant: Client) -> None:
    before = everything(tenant)
    done = maestro(tenant, *OPEN, *GIVE, "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["holdings"] == [
        {"strategy": "Trend", "symbol": "KO", "qty": 12.0, "average_price": pytest.approx((10 * 45 + 2 * 45.1) / 12)}
    ]
    assert shown["given"] == [{"strategy": "Trend", "symbol": "KO", "qty": 2.0, "price": 45.1}]
    assert (shown["unowned"], shown["skipped"]["count"]) == ({"PEP": 1.0}, 1)
    assert (shown["written"], shown["was_open"]) == (False, False)
    told = maestro(tenant, *OPEN, *GIVE)
    assert "would be opened: 1 positions" in told.stdout
    assert "unowned: 1 PEP" in told.stdout
    assert "bad.qty must be > 0" in told.stderr
    assert "dry run" in told.stderr
    assert everything(tenant) == before


def test_opening_twice_gives_once_and_is_on_record(tenant: Client) -> None:
    for _ in range(2):
        done = maestro(tenant, *OPEN, *GIVE, "--by", "olga", "--write")
        assert done.returncode == 0, done.stderr
    assert "is open and agrees with the ledger: 1 positions" in done.stdout
    opened = book(tenant)
    assert (opened.opened_by, opened.holding("Trend", "KO").qty) == ("olga", 12.0)
    (record,) = (one.to_dict() or {} for one in paths.positions_history(tenant, TENANT).stream())
    assert (record["action"], record["by"], len(record["given"])) == ("OPENED", "olga", 1)
    gift = paths.ledger_trades(tenant, TENANT).document(record["given"][0]).get().to_dict() or {}
    assert (gift["uid"], gift["qty"], gift["price"], gift["ledger_version"]) == ("ann", 2.0, 45.1, 1)
    session = paths.current_session(tenant, TENANT).get().to_dict() or {}
    assert (session["ledger_version"], session["spendings"]) == (1, []), "it holds no buying power"


def test_an_open_book_is_compared_shown_repaired_and_closed(tenant: Client) -> None:
    assert maestro(tenant, "book", "show", TENANT).stdout.strip().endswith("not open")
    assert maestro(tenant, *OPEN, "--write").returncode == 0
    wrong = book(tenant).with_fill("Trend", "KO", 5.0, 45.0)
    paths.positions(tenant, TENANT).set(wrong.to_document(datetime.now(UTC)))
    shown = maestro(tenant, *OPEN)
    assert "differs: Trend KO: book 15, ledger 10" in shown.stdout
    assert "would be repaired" in shown.stdout
    assert book(tenant) == wrong
    assert "is repaired" in maestro(tenant, *OPEN, "--write").stdout
    assert book(tenant).holding("Trend", "KO").qty == 10.0
    told = json.loads(maestro(tenant, "book", "show", TENANT, "--json").stdout)
    assert (told["is_open"], told["unowned"]) == (True, {"KO": 2.0, "PEP": 1.0})
    assert "would be closed" in maestro(tenant, "book", "close", TENANT).stdout
    assert book(tenant).is_open
    closed = maestro(tenant, "book", "close", TENANT, "--because", "a drill", "--by", "olga", "--write")
    assert "is closed" in closed.stdout
    assert (book(tenant).is_open, book(tenant).closed_by) == (False, "olga")
    assert maestro(tenant, "book", "show", TENANT).stdout.strip().endswith("not open: a drill")
    actions = [one.get("action") for one in paths.positions_history(tenant, TENANT).order_by("at").stream()]
    assert actions == ["OPENED", "MENDED", "CLOSED"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--give", "KO=Trend", "--uid", "ann"), "must be given a price, as KO=Trend@45.10 (there is no market data)"),
        (("--give", "KO=Trend@45.10"), "--uid must be the id of the user to whom the assigned fills belong, was None"),
        (("--give", "KO"), "--give must be SYMBOL=STRATEGY or SYMBOL=STRATEGY@PRICE"),
        (("--give", "IBM=Trend@1", "--uid", "ann"), "an unowned symbol, given once (unowned now: KO, PEP), was 'IBM'"),
    ],
)
def test_what_cannot_be_given_is_one_line_and_nothing_is_written(
    tenant: Client, words: tuple[str, ...], told: str
) -> None:
    before = everything(tenant)
    done = maestro(tenant, *OPEN, *words, "--write")
    assert (done.returncode, done.stdout) == (1, "")
    *_, last = done.stderr.strip().splitlines()  # before it, perhaps, what is malformed in the ledger
    assert last.startswith("maestro: ")
    assert told in last
    assert everything(tenant) == before


def test_an_account_without_positions_is_said_plainly_and_the_book_opens(tenant: Client) -> None:
    paths.account(tenant, TENANT).delete()
    done = maestro(tenant, *OPEN, "--write")
    assert done.returncode == 0
    assert "unowned: unknown, there is no account snapshot" in done.stdout
    assert book(tenant).is_open
