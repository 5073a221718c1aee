"""The position book: opened from the ledger, fed by clients and users' own documents, compared, repaired and closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.kernel.errors import InputError, RefusedError
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.checkpoints import checkpoint_document
from functions.domain.ledger.fills import parse_fill
from functions.domain.ledger.open_lots import carried
from functions.domain.ledger.periods import Period
from functions.domain.orchestration.position_book import Holding, PositionBook
from functions.domain.trading.gifts import Gift
from functions.domain.trading.ledger_positions import PositionDifference
from functions.domain.trading.reported_fills import FillResult, ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.ledger.ports import LedgerHead
from functions.services.trading.adopt_fills import AdoptFills
from functions.services.trading.check_book import BookCheck, BookStatus, CheckBook
from functions.services.trading.open_book import OpenBook, Opening, Operator
from functions.services.trading.record_entries import RecordEntries
from functions.services.trading.record_fills import RecordFills
from tests.fakes import MARCH_16, FakeLedger, FakeTradingStore
from tests.unit.services.trading.test_redeem_signals import Desk

OPERATOR = Operator("olga", "ann")
DAY = timedelta(days=1)
OWN = {"uid": "ann", "strategy_id": "Trend", "symbol": "KO", "side": "buy", "qty": 10.0, "price": 45.0, "ts": MARCH_16}


class BookDesk(Desk):
    """A desk with the operator's commands and the trigger."""

    def __init__(self) -> None:
        super().__init__()
        store, commits = FakeTradingStore(self.cycles), Commits(self.pauses.append)
        self.cycles.clock = self.clock
        self.ledger_reader = FakeLedger(self.cycles)
        self.fills = RecordFills(store, self.ledger_reader, self.clock, Commits(self.pauses.append))  # another process
        self.books = OpenBook(store, self.ledger_reader, self.clock, commits)
        self.adopts = AdoptFills(store, self.ledger_reader, self.clock, commits)
        self.entries = RecordEntries(store, self.ledger_reader, self.clock, commits)
        self.checks = CheckBook(store, self.ledger_reader)

    def open(self, *gifts: str, is_written: bool = True, operator: Operator = OPERATOR) -> Opening:
        given_away = [Gift.parse(gift) for gift in gifts]
        return self.books.open("acme", operator, given_away, {}, is_written=is_written)

    def write(self, name: str, **fields: Any) -> None:
        """Let a user's own code create a ledger document."""
        document = {key: value for key, value in {**OWN, **fields}.items() if value is not None}
        self.cycles.put(f"tenants/acme/ledger_trades/{name}", document)

    def deliver(self, name: str) -> FillResult | None:
        """Deliver the event of a document's creation."""
        created = {k: v for k, v in self.document(name).items() if k != "ledger_version"}
        return self.adopts.run("acme", name, created, {})

    def document(self, name: str) -> dict[str, Any]:
        return self.cycles.documents.get(f"tenants/acme/ledger_trades/{name}", {})

    def book(self) -> PositionBook:
        return PositionBook.from_document(self.cycles.documents.get("tenants/acme/state/positions"))

    def quantities(self) -> Any:
        return {key: one.qty for key, one in self.book().holdings.items()}

    def spent(self) -> float:
        return self.current().held(self.clock.time)

    def history(self) -> list[dict[str, Any]]:
        return list(self.cycles.those_below("tenants/acme/state/positions/history").values())

    def put_account(self, *positions: tuple[str, float], **fields: Any) -> None:
        listed = [{"symbol": symbol, "qty": qty} for symbol, qty in positions]
        account = {"as_of": self.clock.time, "equity": 1e5, "buying_power": 1e5, "positions": listed}
        self.cycles.put("tenants/acme/accounts/primary", {**account, **fields})

    def put_prices(self, **prices: float) -> None:
        quotes = {symbol: {"price": price} for symbol, price in prices.items()}
        self.cycles.put("tenants/acme/market_data/latest", {"as_of": self.clock.time, "symbols": quotes})

    def check(self) -> BookCheck:
        return self.checks.run("acme")


@pytest.fixture
def desk() -> BookDesk:
    return BookDesk()


def reported(number: int, qty: float = 1.0, **fields: Any) -> ReportedFill:
    fill = ReportedFill(strategy_id="Trend", symbol="KO", side="buy", qty=qty, price=45.0, ts=MARCH_16)
    return replace(fill, broker_fill_id=f"b{number}", **fields)


# Opening


def test_the_book_opens_as_the_ledger_has_it_over_users_and_spellings(desk: BookDesk) -> None:
    desk.write("f1", symbol="ko")
    desk.write("f2", uid="bob", qty=30, price=49.0)
    desk.write("f3", side="sell", qty=4, ts=MARCH_16 + DAY, symbol="ko")
    desk.write("f4", strategy_id="Value", symbol="BTC/USD", side="sell", qty=0.5, price=9_000.0)
    desk.write("bad", qty=-1)
    desk.write("text", ts="yesterday")
    opening = desk.open()
    book = desk.book()
    assert (book.opened_by, book.is_open) == ("olga", True)
    assert book.holdings == {
        ("Trend", "KO"): Holding(36.0, (6 * 45.0 + 30 * 49.0) / 36, "KO"),
        ("Value", "BTCUSD"): Holding(-0.5, 9_000.0, "BTC/USD"),
    }
    assert opening.skipped.count == 2
    (record,) = desk.history()
    assert (record["action"], record["by"], record["differences"], record["given"]) == ("OPENED", "olga", 2, [])
    assert json.loads(record["differences_json"])[0] == ["Trend", "KO", 0.0, 36.0]


def test_a_dry_run_writes_nothing(desk: BookDesk) -> None:
    desk.write("f1")
    desk.put_account(("KO", 12.0))
    desk.put_prices(KO=50.0)
    before = dict(desk.cycles.versions)
    opening = desk.open("KO=Trend", is_written=False)
    assert opening.is_change
    assert opening.book.holding("Trend", "KO").qty == 12.0
    assert desk.cycles.versions == before


def test_what_is_redeemed_and_may_be_filled_is_under_way(desk: BookDesk) -> None:
    signals = desk.cycle()
    entry = desk.redeem(signals["Big"]["nonce"])
    desk.redeem(signals["Exit"]["nonce"])
    released = desk.redeem(signals["Small"]["nonce"])
    desk.signals.release("acme", "ann", released.nonce)
    desk.fill(entry, 2.0)
    desk.open()
    orders = desk.book().orders.values()
    assert sorted((one.strategy_id, one.is_entry, one.filled_qty) for one in orders) == [
        ("Big", True, 2.0),
        ("Exit", False, 0.0),
    ]


@pytest.mark.parametrize(("days", "names"), [(6, ["Big"]), (8, [])])
def test_a_lapsed_entry_is_under_way_for_a_week_and_a_lapsed_exit_is_not(
    desk: BookDesk, days: int, names: list[str]
) -> None:
    signals = desk.cycle()
    for name in ("Big", "Exit"):
        desk.redeem(signals[name]["nonce"])
    desk.clock.time += timedelta(days=days)
    desk.open()
    assert [one.strategy_id for one in desk.book().orders.values()] == names


def test_a_fill_that_comes_first_is_read_again(desk: BookDesk) -> None:
    desk.report([reported(1)])
    desk.ledger_reader.while_reading.append(lambda: desk.report([reported(2)]))
    desk.open()
    assert desk.quantities() == {("Trend", "KO"): 2.0}
    assert len(desk.ledger_reader.reads) == 2


def test_a_cycle_that_comes_first_does_not_have_the_ledger_read_again(desk: BookDesk) -> None:
    desk.report([reported(1)])
    desk.cycles.before_commit.append(desk.cycle)
    desk.open()
    assert desk.quantities() == {("Trend", "KO"): 1.0}
    assert len(desk.ledger_reader.reads) == 1


def test_a_book_opened_again_shows_and_repairs_what_differs(desk: BookDesk) -> None:
    desk.report([reported(1)])
    desk.open()
    stored = desk.cycles.documents["tenants/acme/state/positions"]
    wrong = PositionBook.from_document(stored).with_fill("Trend", "KO", 5.0, 45.0)
    desk.cycles.put("tenants/acme/state/positions", wrong.to_document(MARCH_16))
    shown = desk.open(is_written=False)
    assert shown.differences == [PositionDifference("Trend", "KO", 6.0, 1.0)]
    assert desk.quantities() == {("Trend", "KO"): 6.0}
    desk.open()
    assert desk.quantities() == {("Trend", "KO"): 1.0}
    assert [one["action"] for one in desk.history()] == ["OPENED", "MENDED"]
    assert not desk.open().is_change
    assert len(desk.history()) == 2, "an action that repairs nothing is not recorded"


def test_a_damaged_book_is_opened_again(desk: BookDesk) -> None:
    desk.report([reported(1)])
    desk.cycles.put("tenants/acme/state/positions", {"opened_at": MARCH_16, "holdings_json": "{"})
    assert desk.check().status is BookStatus.CLOSED
    desk.open()
    assert desk.quantities() == {("Trend", "KO"): 1.0}


def test_closing_says_why_and_forgets_what_was_held(desk: BookDesk) -> None:
    assert not desk.books.close("acme", "olga", "a test", is_written=True)
    desk.report([reported(1)])
    desk.open()
    assert desk.books.close("acme", "olga", "a test", is_written=False)
    assert desk.book().is_open
    desk.books.close("acme", "olga", "a test", is_written=True)
    book = desk.book()
    assert (book.is_open, book.closed_because, book.closed_by, book.holdings) == (False, "a test", "olga", {})
    assert [one["action"] for one in desk.history()] == ["OPENED", "CLOSED"]
    assert desk.check() == BookCheck(BookStatus.NOT_OPEN, because="a test")


# What no strategy bought


def test_what_the_account_has_and_no_strategy_is_shown_and_left(desk: BookDesk) -> None:
    desk.write("f1")
    desk.put_account(("KO", 12.0), ("PEP", 3.0))
    opening = desk.open()
    assert opening.residuals.unowned == {"KO": 2.0, "PEP": 3.0}
    assert desk.quantities() == {("Trend", "KO"): 10.0}
    assert json.loads(desk.history()[0]["unowned_json"]) == {"KO": 2.0, "PEP": 3.0}


def test_a_gift_is_a_fill_of_all_that_is_unowned_once_and_holds_no_buying_power(desk: BookDesk) -> None:
    desk.write("f1")
    desk.put_account(("KO", 12.0), ("btc/usd", -0.5))
    desk.put_prices(KO=50.0)
    for _ in range(2):
        desk.open("KO=Trend", "BTCUSD=Value@9000")
    assert desk.quantities() == {("Trend", "KO"): 12.0, ("Value", "BTCUSD"): -0.5}
    gifts = [one for one in desk.ledger() if "ledger_version" in one]
    assert all(parse_fill("gift", one).is_given for one in gifts), "nothing was traded"
    assert sorted((one["symbol"], one["side"], one["qty"], one["price"], one["uid"]) for one in gifts) == [
        ("KO", "buy", 2.0, 50.0, "ann"),
        ("btc/usd", "sell", 0.5, 9000.0, "ann"),
    ]
    assert (desk.spent(), desk.current().overfills, desk.ledger_version()) == (0.0, (), 2)
    assert len(desk.history()[0]["given"]) == 2
    assert desk.check().status is BookStatus.SAME
    assert not desk.open(is_written=False).is_change


@pytest.mark.parametrize(
    ("unowned", "account", "left"),
    [(("buy", 2.0), 12.0, 0.0), (("buy", 1.5), 12.0, 0.0), (("buy", 3.0), 12.0, 1.0), (("sell", 2.0), 12.0, -2.0)],
    ids=["all", "a part", "more than the account", "the other way"],
)
def test_what_the_ledger_has_as_unowned_is_given_and_not_doubled(
    desk: BookDesk, unowned: tuple[str, float], account: float, left: float
) -> None:
    desk.write("f1")
    desk.write("n1", uid="unowned", strategy_id="unowned", side=unowned[0], qty=unowned[1])
    desk.put_account(("KO", account))
    desk.put_prices(KO=50.0)
    for _ in range(2):
        desk.open("KO=Trend")
    assert desk.quantities() == {("Trend", "KO"): 12.0}
    signs = {"buy": 1, "sell": -1}
    booked = sum(signs[one["side"]] * one["qty"] for one in desk.ledger() if one["uid"] == "unowned")
    assert booked == left
    assert desk.check().status is BookStatus.SAME


def test_one_account_snapshot_gives_a_symbol_once(desk: BookDesk) -> None:
    desk.put_account(("KO", 2.0))
    desk.open("KO=Trend@50")
    desk.report([reported(1, 1.0, side="sell")])  # the account does not know of it yet
    with pytest.raises(InputError, match="not yet assigned from this account snapshot: send a newer snapshot"):
        desk.open("KO=Trend@50")
    assert desk.quantities() == {("Trend", "KO"): 1.0}


def no_account(desk: BookDesk) -> None:
    """Put none."""


def no_positions(desk: BookDesk) -> None:
    desk.put_account(positions=None)


def old_account(desk: BookDesk) -> None:
    desk.put_account(("KO", 2.0), as_of=MARCH_16 - DAY)


@pytest.mark.parametrize(
    ("put", "because"),
    [
        (no_account, "there is no account snapshot"),
        (no_positions, "the account snapshot lists no positions"),
        (old_account, "account is 86400 s old, limit 900 s"),
    ],
)
def test_an_unknown_account_is_told_and_lets_the_book_open_without_gifts(
    desk: BookDesk, put: Callable[[BookDesk], None], because: str
) -> None:
    put(desk)
    opening = desk.open()
    assert (opening.residuals.unknown_because, opening.residuals.unowned) == (because, {})
    assert desk.book().is_open
    with pytest.raises(InputError, match="a position of a known account"):
        desk.open("KO=Trend@50")


def test_a_gift_without_price_user_or_symbol_is_refused(desk: BookDesk) -> None:
    desk.put_account(("KO", 2.0))
    for gifts, operator, told in (
        (["KO=Trend"], OPERATOR, r"given a price, as KO=Trend@45.10 \(there is no market data\)"),
        (["KO=Trend@50"], Operator("olga"), "--uid must be the id of the user to whom the assigned fills belong"),
        (["PEP=Trend@50"], OPERATOR, r"an unowned symbol, given once \(unowned now: KO\), was 'PEP'"),
        (["KO=Trend@50", "ko=Value@50"], OPERATOR, "an unowned symbol, given once"),
    ):
        with pytest.raises(InputError, match=told):
            desk.open(*gifts, operator=operator)
    assert desk.ledger() == []
    assert not desk.book().is_open


@pytest.mark.parametrize("text", ["KO", "KO=", "=Trend", "KO=Trend@", "KO=Trend@0", "KO=Trend@nan", "KO=a/b"])
def test_a_malformed_gift_is_named(text: str) -> None:
    with pytest.raises(InputError, match="--give must be SYMBOL=STRATEGY"):
        Gift.parse(text)


# Users' own documents


def test_a_users_own_document_is_counted_once_however_often_it_is_delivered(desk: BookDesk) -> None:
    desk.open()
    desk.write("own", userId="ann", uid=None, quantity=10.0, qty=None)
    for _ in range(3):
        desk.deliver("own")
    assert desk.quantities() == {("Trend", "KO"): 10.0}
    assert desk.spent() == 450.0
    assert desk.document("own")["ledger_version"] == desk.ledger_version() == 1
    assert desk.document("own")["created_at"] == MARCH_16, "which tells a late one"


def test_a_document_without_a_timestamp_gets_one_so_that_the_ledger_finds_it(desk: BookDesk) -> None:
    desk.write("own", ts=None, timestamp=MARCH_16)
    desk.write("text", ts=MARCH_16.isoformat())
    desk.open()
    assert desk.quantities() == {}, "no query by time finds them"
    for name in ("own", "text"):
        desk.deliver(name)
        assert desk.document(name)["ts"] == MARCH_16
    assert desk.quantities() == {("Trend", "KO"): 20.0}
    assert desk.check().status is BookStatus.SAME


def test_a_document_settles_the_redemption_it_names(desk: BookDesk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.write("own", strategy_id="Big", symbol="AAPL", qty=60.0, price=100.0, nonce=redemption.nonce)
    assert desk.deliver("own") is not None
    assert desk.spent() == 6_000.0, "spent instead of reserved, not both"
    with pytest.raises(RefusedError, match="ALREADY_FILLED"):
        desk.signals.release("acme", "ann", redemption.nonce)


def test_a_document_that_contradicts_its_redemption_counts_without_it(desk: BookDesk) -> None:
    desk.open()
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.write("own", nonce=redemption.nonce)
    result = desk.deliver("own")
    assert result is not None
    assert (result.status, result.reason_code) == ("RECORDED", "FILL_MISMATCH")
    assert desk.quantities() == {("Trend", "KO"): 10.0}
    assert desk.spent() == 6_450.0


def test_a_document_of_long_ago_holds_no_buying_power(desk: BookDesk) -> None:
    desk.open()
    desk.write("own", ts=MARCH_16 - timedelta(days=8))
    desk.deliver("own")
    assert (desk.spent(), desk.quantities()) == (0.0, {("Trend", "KO"): 10.0})


def test_what_is_malformed_gone_or_maestros_own_changes_nothing(
    desk: BookDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.open()
    desk.report([reported(1)])
    desk.write("bad", qty="many")
    before = dict(desk.cycles.versions)
    assert desk.deliver("bad") is None
    assert caplog.records[-1].__dict__["reason_code"] == "MALFORMED_FILL"
    assert desk.deliver("gone") is None
    (name,) = (one for one in desk.cycles.those_below("tenants/acme/ledger_trades") if one != "bad")
    assert desk.deliver(name) is None
    assert desk.cycles.versions == before


def test_a_document_that_its_user_changes_meanwhile_is_read_again(desk: BookDesk) -> None:
    desk.open()
    desk.write("own")
    desk.cycles.before_commit.append(lambda: desk.write("own", qty=7.0))
    desk.deliver("own")
    assert desk.quantities() == {("Trend", "KO"): 7.0}


def test_a_document_that_the_book_was_opened_over_is_not_counted_again(desk: BookDesk) -> None:
    desk.write("own")
    desk.open()
    desk.deliver("own")
    assert desk.quantities() == {("Trend", "KO"): 10.0}
    assert desk.spent() == 450.0


def test_a_document_that_comes_while_the_ledger_is_read_is_left_to_its_event(
    desk: BookDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("own")
    desk.report([reported(1)])
    begun = desk.ledger_reader.entries

    def entries(*args: Any) -> Any:
        desk.write("late")  # the reading has begun: it is seen, and newer
        monkeypatch.undo()
        return begun(*args)

    monkeypatch.setattr(desk.ledger_reader, "entries", entries)
    desk.open()
    assert desk.quantities() == {("Trend", "KO"): 11.0}
    for name in ("own", "late"):
        desk.deliver(name)
    assert desk.quantities() == {("Trend", "KO"): 21.0}
    assert desk.check().status is BookStatus.SAME


# Compared every night


def test_a_difference_is_found_and_nothing_is_corrected(desk: BookDesk) -> None:
    desk.open()
    desk.report([reported(1)])
    desk.write("own")  # the trigger never came
    assert desk.check().status is BookStatus.SAME, "it has an hour"
    desk.clock.time += timedelta(hours=2)
    before = dict(desk.cycles.versions)
    check = desk.check()
    assert check.to_fields() == {
        "book_status": "DIFFERS",
        "book_closed_because": None,
        "book_differs": 1,
        "book_differences": [{"strategy_id": "Trend", "symbol": "KO", "book_qty": 1.0, "ledger_qty": 11.0}],
    }
    assert desk.cycles.versions == before


def test_fills_that_come_during_the_comparison_have_it_done_again_and_then_skipped(desk: BookDesk) -> None:
    desk.open()
    desk.ledger_reader.while_reading = [lambda: desk.report([reported(1)])]
    assert desk.check().status is BookStatus.SAME
    desk.ledger_reader.while_reading = [lambda: desk.report([reported(2)]), lambda: desk.report([reported(3)])]
    assert desk.check().status is BookStatus.NOT_COMPARED


def test_a_book_that_is_not_open_or_closed_by_itself_is_told(desk: BookDesk) -> None:
    assert desk.check() == BookCheck(BookStatus.NOT_OPEN)
    itself = PositionBook().closed("too large", None)
    desk.cycles.put("tenants/acme/state/positions", itself.to_document(MARCH_16))
    assert desk.check() == BookCheck(BookStatus.CLOSED, because="too large")


def test_only_what_came_since_the_checkpoint_is_read_and_all_of_it_where_that_differs(desk: BookDesk) -> None:
    yesterday = MARCH_16 - DAY
    desk.write("old", ts=yesterday, created_at=yesterday)
    desk.open()
    desk.report([reported(1)])
    lots = carried({}, [parse_fill("old", desk.document("old"))])
    end = Period.of_day(yesterday.date()).end
    desk.ledger_reader.known_checkpoint = checkpoint_document(Checkpoint(end, lots, {"KO": 45.0}))
    desk.ledger_reader.known_head = LedgerHead(yesterday.date(), end, end)
    desk.ledger_reader.reads.clear()
    assert desk.check().status is BookStatus.SAME
    assert desk.ledger_reader.reads == [end]
    desk.report([reported(2, ts=yesterday, side="sell")])  # late: the checkpoint lacks it, and it says so
    desk.ledger_reader.reads.clear()
    assert desk.check().status is BookStatus.SAME
    assert desk.ledger_reader.reads == [None]
    empty = checkpoint_document(Checkpoint(end, {}, {}))
    desk.ledger_reader.known_checkpoint = empty  # as if one came late and did not say so
    desk.ledger_reader.known_head = LedgerHead(yesterday.date(), MARCH_16 + DAY, end)
    desk.ledger_reader.reads.clear()
    assert desk.check().status is BookStatus.SAME
    assert desk.ledger_reader.reads == [end, None]
