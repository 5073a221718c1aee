"""A simulated broker and a tenant's books beside it, and a feed between them that loses, doubles and delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from functions.adapters.alpaca.accounts import read_order, read_position
from functions.adapters.alpaca.fields import Fields
from functions.domain.broker.activities import ActivityCursor
from functions.domain.broker.snapshot import BrokerSnapshot
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.events import EntryKind
from functions.domain.orchestration.drift import Drifts, Subject
from functions.domain.trading.reported_entries import ReportedEntry
from functions.domain.trading.reported_fills import ReportedFill
from tests.unit.domain.broker.seen import CYCLE, seen
from tests.unit.services.broker.test_reconcile import WatchedDesk
from tools.simulated_broker import accounts
from tools.simulated_broker.clock import ScriptedClock
from tools.simulated_broker.exchange import NEVER, Exchange
from tools.simulated_broker.happenings import Happenings
from tools.simulated_broker.market import Instrument
from tools.simulated_broker.orders import SimOrder

SYMBOLS: Mapping[str, str] = {"KO": "50.13", "MSFT": "310.07", "BTC/USD": "30011.5"}
FOREVER = 10_000
"""Cycles."""


@dataclass(frozen=True)
class Happened:
    """Something that changed what the account holds of a symbol."""

    at: datetime
    symbol: str
    """Canonical."""
    units: Decimal = Decimal(0)
    ratio: Decimal = Decimal(1)


@dataclass
class Told:
    """What the feed will tell, and when."""

    happened: Happened
    due: int
    """The cycle in which it is told."""
    entry: ReportedFill | ReportedEntry
    times: int = 1


@dataclass
class World:
    """One account; every amount is a decimal at the broker's, as it says them."""

    desk: WatchedDesk = field(default_factory=WatchedDesk)
    clock: ScriptedClock = field(default_factory=ScriptedClock)
    cycle: int = 0
    told: list[Happened] = field(default_factory=list)
    pending: list[Told] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """Strategy by order id, of its replacements, too."""
    busts: set[str] = field(default_factory=set)
    split_at: dict[str, datetime] = field(default_factory=dict)
    reads: list[dict[str, tuple[Decimal, Decimal]]] = field(default_factory=list)
    """By read and symbol, what the account has and what the books were told."""

    def __post_init__(self) -> None:
        self.desk.open()
        self.exchange = Exchange(now=self.clock)
        self.exchange.plan = NEVER
        self.happenings = Happenings(self.exchange)
        for symbol, price in SYMBOLS.items():
            self.exchange.market.add(Instrument(symbol=symbol), price)

    # What happens

    def order(self, symbol: str, qty: Decimal, strategy: str) -> SimOrder:
        """Let a strategy order signed units, or what may be sold of them; nothing fills by itself."""
        order = self.happenings.manual_trade(symbol, "buy" if qty > 0 else "sell", abs(qty))
        self.owners[order.order_id] = strategy
        return order

    def fill(self, order: SimOrder, share: str, *, late: int = 0, times: int = 1) -> str:
        """Fill a part of an order, and tell of it so many cycles late."""
        qty = (order.qty * Decimal(share)).quantize(Decimal("0.000000001"))
        execution_id = self.exchange.fill(order, qty)
        price, symbol = self.exchange.executions[execution_id][2], canonical_symbol(order.instrument.symbol)
        fill = ReportedFill(
            strategy_id=self.owners.get(order.order_id, UNOWNED),
            symbol=order.instrument.symbol,
            side=order.side,
            qty=float(qty),
            price=float(price),
            ts=self.clock(),
            broker_fill_id=execution_id,
            order_id=order.order_id,
        )
        self._tell(Happened(self.clock(), symbol, order.sign * qty), fill, late, times)
        return execution_id

    def bust(self, execution_id: str, late: int) -> None:
        """Take an execution back, if it is in the ledger and none of its units were split, and tell of it."""
        order, qty, _, _ = self.exchange.executions[execution_id]
        symbol = canonical_symbol(order.instrument.symbol)
        fill = next((one for one in self.desk.ledger() if one.get("broker_fill_id") == execution_id), None)
        known = [path for path, one in self.desk.cycles.documents.items() if fill is not None and one == fill]
        if fill is None or execution_id in self.busts or self.split_at.get(symbol, fill["ts"]) > fill["ts"]:
            return
        self.busts.add(execution_id)
        self.happenings.bust(execution_id)
        fields = {"of": known[0].rpartition("/")[2]}
        entry = ReportedEntry(kind=EntryKind.VOID, ref=execution_id, fields=fields)
        self._tell(Happened(fill["ts"], symbol, -order.sign * qty), entry, late)

    def split(self, symbol: str, new: int, late: int) -> None:
        self.happenings.split(symbol, new, 1)
        at = self.split_at[canonical_symbol(symbol)] = self.clock()
        fields = {"symbol": symbol, "ratio": float(new), "ts": at}
        entry = ReportedEntry(kind=EntryKind.SPLIT, ref=f"split {at}", fields=fields)
        self._tell(Happened(at, symbol, ratio=Decimal(new)), entry, late)

    def _tell(self, happened: Happened, entry: Any, late: int, times: int = 1) -> None:
        self.pending.append(Told(happened, self.cycle + late, entry, times))
        self.clock.advance(seconds=1)

    # What is compared

    def end_cycle(self, *, complete: bool = True) -> Drifts:
        """Tell what is due, compare, and check that what is kept is right."""
        self.clock.advance(seconds=60)
        self.desk.clock.time = self.clock()
        due = [one for one in self.pending if one.due <= self.cycle]
        self.pending = [one for one in self.pending if one.due > self.cycle]
        for one in due:
            self.told.append(one.happened)
            for _ in range(one.times):
                if isinstance(one.entry, ReportedFill):
                    self.desk.report([one.entry])
                else:
                    self.desk.entries.run("acme", "ann", [one.entry], {})
        self.desk.reconcile.reconcile("acme", self.snapshot(complete=complete))
        drifts = self.desk.drifts()
        self.reads.append({symbol: self.figures(symbol) for symbol in map(canonical_symbol, SYMBOLS)})
        self.cycle += 1
        self.clock.advance(seconds=CYCLE.total_seconds() - 60)
        return drifts

    def snapshot(self, *, complete: bool = True) -> BrokerSnapshot:
        """Return what the adapter would read."""
        found = seen({}, self.clock(), complete=complete)
        positions = [read_position(Fields.of("position", one)) for one in accounts.positions(self.exchange)]
        orders = [read_order(Fields.of("order", one.to_json())) for one in self.exchange.orders.values() if one.is_open]
        return BrokerSnapshot(
            account=replace(found.account, cash=float(self.exchange.books.cash)),
            positions=tuple(positions),
            open_orders=tuple(one for one in orders if one.order_id not in self.owners),
            cursor=ActivityCursor(str(self.cycle)),
            activities_complete=complete,
            as_of=self.clock(),
        )

    def figures(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return what the account has of a symbol, and what follows from all that was told, in any order."""
        held = Decimal(0)
        for one in sorted(self.told, key=lambda one: one.at):
            if one.symbol == symbol:
                held = (held + one.units) * one.ratio
        return self.exchange.books.qty(symbol), held

    def differs(self, symbol: str, read: int) -> bool:
        account, books = self.reads[read][symbol]
        return abs(account - books) > Decimal("0.000002")

    def check(self, drifts: Drifts) -> None:
        """Check what is kept after a complete read: nothing that agrees, and drift as soon as it is."""
        kept = {one.symbol: one for one in drifts.differences if one.subject is Subject.POSITION}
        for symbol in map(canonical_symbol, SYMBOLS):
            differs = self.differs(symbol, -1)
            assert (symbol in kept) is differs, (symbol, self.reads[-2:], kept)
            rests = len(self.reads) > 1 and self.reads[-1][symbol] == self.reads[-2][symbol]
            if differs and rests:
                assert kept[symbol].is_drift, (symbol, self.reads[-3:])
            if differs and kept[symbol].is_drift:
                assert self.differs(symbol, -2), f"{symbol} was found at once"

    def settle(self) -> Drifts:
        """Let everything late come that ever comes, and two cycles pass."""
        for one in self.pending:
            one.due = self.cycle if one.due < FOREVER else one.due
        self.end_cycle()
        return self.end_cycle()
