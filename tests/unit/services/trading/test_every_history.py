"""The position book is what the ledger comes to, whatever is told, by whom, and in whatever order."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.domain.kernel.errors import InputError
from functions.domain.ledger.amendments import effective
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.checkpoints import checkpoint_document
from functions.domain.ledger.events import Entry, EntryKind, Event, parse_entry
from functions.domain.ledger.open_lots import carried
from functions.domain.ledger.periods import Period
from functions.domain.trading.ledger_positions import differences, holdings_of
from functions.domain.trading.reported_entries import ReportedEntry
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.services.ledger.ports import LedgerHead
from functions.services.trading.check_book import BookStatus
from tests.fakes import MARCH_16
from tests.unit.services.trading.test_open_book import BookDesk

DAY = timedelta(days=1)
TIMES = [MARCH_16, MARCH_16 - DAY, MARCH_16 - 3 * DAY, MARCH_16 - 30 * DAY]
IB = "0000e0d5.5d3f1a2b.01"
AMENDING = ("void", "correction")

symbols = st.sampled_from(["KO", "ko", "BTC/USD", "BTCUSD"])
times = st.sampled_from(TIMES)
fills = st.fixed_dictionaries(
    {
        "strategy_id": st.sampled_from(["Trend", "Value", "unowned"]),
        "symbol": symbols,
        "side": st.sampled_from(["buy", "sell", "sell_short"]),
        "qty": st.sampled_from([0.5, 1.0, 7.0]),
        "price": st.sampled_from([1.0, 45.5]),
        "ts": times,
    },
    optional={
        "fees": st.just(-0.25),
        "broker_fill_id": st.sampled_from([f"{IB}.01", f"{IB}.02", f"{IB}.03"]),
    },
)
others = st.one_of(
    st.fixed_dictionaries({"kind": st.just("split"), "symbol": symbols, "ratio": st.sampled_from([4.0, 0.5])}),
    st.fixed_dictionaries({"kind": st.just("dividend"), "symbol": symbols, "per_unit": st.just(0.5)}),
    st.fixed_dictionaries({"kind": st.just("deposit"), "amount": st.just(100.0)}),
    st.fixed_dictionaries({"kind": st.just("fee"), "amount": st.just(1.5)}),
)
amendments = st.one_of(
    st.fixed_dictionaries({"kind": st.just("void")}),
    st.fixed_dictionaries({"kind": st.just("correction"), "qty": st.sampled_from([2.0, 30.0])}),
)
entries = st.one_of(st.tuples(others, times).map(lambda one: {**one[0], "ts": one[1]}), amendments)
histories = st.lists(
    st.one_of(
        st.tuples(st.just("own"), st.one_of(fills, fills, entries), st.integers(0, 30)),
        st.tuples(st.just("reported"), fills),
        st.tuples(st.just("entry"), entries, st.integers(0, 30)),
        st.tuples(st.just("delivered"), st.integers(0, 30)),
        st.tuples(st.just("snapshot"), st.sampled_from([1, 2, 5])),
        st.tuples(st.just("opened")),
    ),
    max_size=25,
)


def test_a_history_is_of_every_kind() -> None:
    drawn = {"fill", "split", "dividend", "deposit", "fee", *AMENDING}
    alike = {"interest": "fee", "funding": "fee", "withdrawal": "deposit"}
    assert {alike.get(kind, kind) for kind in EntryKind} == drawn


class History:
    """A desk to which things happen."""

    def __init__(self) -> None:
        self.desk = BookDesk()
        self.written: list[str] = []
        self.number = 0

    @property
    def ledger(self) -> dict[str, dict[str, Any]]:
        return self.desk.cycles.those_below("tenants/acme/ledger_trades")

    def happen(self, event: Any) -> None:
        self.number += 1
        match event:
            case ("own", fields, which):
                self.written.append(f"own{self.number}")
                fields = self._amending(fields, which)
                if fields.get("strategy_id") == "unowned":
                    fields = {**fields, "strategy_id": None}
                self.desk.cycles.put(f"tenants/acme/ledger_trades/{self.written[-1]}", {"uid": "ann", **fields})
            case ("reported", fields):
                fill = ReportedFill(**{"broker_fill_id": str(self.number), **fields})
                self._twice(lambda: self.desk.fills.run("acme", "ann", [fill], {}, is_backfill=True).results[0].status)
            case ("entry", fields, which):
                self._record(self._amending(fields, which))
            case ("delivered", which) if self.written:
                self.desk.deliver(self.written[which % len(self.written)])
            case ("snapshot", days):
                self._take_snapshot(MARCH_16.date() - timedelta(days=days))
            case ("opened",):
                self.desk.open()

    def _amending(self, fields: dict[str, Any], which: int) -> dict[str, Any]:
        known = sorted(self.ledger)
        is_amending = fields.get("kind") in AMENDING
        return {**fields, "of": known[which % len(known)] if known else "nothing"} if is_amending else fields

    def _record(self, fields: dict[str, Any]) -> None:
        told = {name: value for name, value in fields.items() if name != "kind"}
        entry = ReportedEntry(kind=EntryKind(fields["kind"]), ref=str(self.number), fields=told)
        is_refusable = fields["kind"] in AMENDING  # it may amend a void, a split, or nothing
        with contextlib.suppress(*[InputError] * is_refusable):
            self._twice(lambda: self.desk.entries.run("acme", "ann", [entry], {}, is_backfill=True).results[0].status)

    def _twice(self, report: Any) -> None:
        """Report something, and again: the second time nothing changes."""
        report()
        before = dict(self.desk.cycles.versions)
        assert report() is not FillStatus.RECORDED
        assert self.desk.cycles.versions == before

    def _take_snapshot(self, day: Any) -> None:
        """Leave the checkpoint of a day, once all that there is was taken in."""
        for name in self.written:
            self.desk.deliver(name)
        end = Period.of_day(day).end
        lots = carried({}, (one for one in that_hold(self.ledger) if one.at < end))
        marks = dict.fromkeys((key.symbol for key in lots), 1.0)
        reader, now = self.desk.ledger_reader, self.desk.clock.time
        reader.known_checkpoint = checkpoint_document(Checkpoint(end, lots, marks))
        reader.known_head = LedgerHead(day, now, end)
        self.desk.clock.time += timedelta(seconds=1)


def that_hold(documents: dict[str, dict[str, Any]]) -> list[Event]:
    """Return what ledger documents come to, oldest first."""

    def parsed() -> Iterator[Entry]:
        for name, document in documents.items():
            if isinstance(document.get("ts"), datetime):
                try:
                    yield parse_entry(name, document)
                except InputError:
                    continue

    return list(effective(sorted(parsed(), key=lambda one: one.at), lambda _: None))


def bought_at(ts: datetime) -> dict[str, Any]:
    return {"strategy_id": "Trend", "symbol": "BTC/USD", "side": "buy", "qty": 0.5, "price": 1.0, "ts": ts}


LATE_AND_COUNTED_BY_THE_OPENING = [
    ("reported", bought_at(MARCH_16)),
    ("snapshot", 1),
    ("own", {"kind": "void"}, 0),
    ("own", bought_at(MARCH_16 - DAY), 0),  # the snapshot's checkpoint lacks it, and it does not say so
    ("opened",),
]


@given(histories)
@example(LATE_AND_COUNTED_BY_THE_OPENING)
@settings(max_examples=300, deadline=None)
def test_the_book_is_the_ledgers_sum_whatever_came_in_whatever_order(events: list[Any]) -> None:
    history = History()
    for event in events:
        history.happen(event)
    desk = history.desk
    for name in history.written:
        desk.deliver(name)
    desk.open(is_written=not desk.book().is_open)
    in_ledger = holdings_of(carried({}, that_hold(history.ledger)))
    assert differences(desk.book().holdings, in_ledger) == []
    assert desk.check().status is BookStatus.SAME
    assert desk.ledger_version() == sum("ledger_version" in one for one in history.ledger.values())
