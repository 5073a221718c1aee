"""The simulated broker itself: takes orders, fills them by script, and keeps the account."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from tools.simulated_broker import checks
from tools.simulated_broker.activities import ActivityList
from tools.simulated_broker.books import Books, plain
from tools.simulated_broker.clock import Now, ScriptedClock, stamp
from tools.simulated_broker.ids import activity_id, uuid_of
from tools.simulated_broker.market import Market
from tools.simulated_broker.orders import SimOrder
from tools.simulated_broker.refusals import invalid, not_found

START_CASH = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Part:
    """What an order fills a while after it was taken."""

    share: Decimal
    """Of its quantity."""
    after_seconds: float = 0.0
    price: Decimal | None = None
    """The market's, if not given."""


AT_ONCE = (Part(Decimal(1)),)
NEVER: tuple[Part, ...] = ()


@dataclass(slots=True)
class _Due:
    at: datetime
    order: SimOrder
    qty: Decimal
    price: Decimal | None


@dataclass(slots=True)
class Exchange:
    """One account, its market and its orders; every method may be called from any thread."""

    now: Now = field(default_factory=ScriptedClock)
    market: Market = field(default_factory=Market)
    books: Books = field(default_factory=lambda: Books(START_CASH))
    multiplier: int = 1
    """How many times the cash may be spent."""
    plan: tuple[Part, ...] = AT_ONCE
    """How new orders fill."""
    rejected: str | None = None
    """Why the exchange rejects orders after the broker took them; None: it does not."""
    currency: str = "USD"
    account_number: str = "PA1"
    unknown_figures: bool = False
    """Whether the account's figures are null, as while they are computed."""
    activities: ActivityList = field(default_factory=ActivityList)
    orders: dict[str, SimOrder] = field(default_factory=dict)
    """By id, in the order they came."""
    executions: dict[str, tuple[SimOrder, Decimal, Decimal, str]] = field(default_factory=dict)
    """Order, units, price and activity's id, by execution id."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    _due: list[_Due] = field(default_factory=list)
    counted: int = 0
    """How many ids were given."""

    def count(self) -> int:
        with self.lock:
            self.counted += 1
            return self.counted

    @property
    def equity(self) -> Decimal:
        return self.books.equity(self.market.price)

    @property
    def buying_power(self) -> Decimal:
        held = sum((one.left * self.market.price(one.instrument.symbol) for one in self._open_buys()), Decimal(0))
        return self.books.cash * self.multiplier - held

    def _open_buys(self) -> list[SimOrder]:
        return [one for one in self.orders.values() if one.is_open and one.sign > 0]

    def submit(self, body: Mapping[str, Any]) -> SimOrder:
        """Take an order. Raises RefusalError."""
        with self.lock:
            asked = checks.read(body, self.market)
            client_id = str(body.get("client_order_id") or uuid_of(f"client/{self.count()}"))
            if self.by_client_id(client_id) is not None:
                raise invalid("client_order_id must be unique")
            checks.check(asked, self.market, self.books, list(self.orders.values()), self.buying_power)
            order = self._new_order(asked, client_id, asked.qty)
            if self.rejected is not None:
                order.status = "rejected"
                return order
            self._schedule(order)
            self.run()
            return order

    def _new_order(self, asked: checks.Asked, client_id: str, qty: Decimal) -> SimOrder:
        now = self.now()
        order = SimOrder(
            order_id=uuid_of(f"order/{self.count()}"),
            client_order_id=client_id,
            instrument=asked.instrument,
            side=asked.side,
            qty=qty,
            kind=asked.kind,
            time_in_force=asked.time_in_force,
            limit_price=asked.limit_price,
            created_at=now,
            updated_at=now,
        )
        self.orders[order.order_id] = order
        return order

    def _schedule(self, order: SimOrder) -> None:
        for part in self.plan:
            at = order.created_at + timedelta(seconds=part.after_seconds)
            self._due.append(_Due(at, order, order.qty * part.share, part.price))

    def run(self) -> None:
        """Fill whatever is due by now."""
        with self.lock:
            now = self.now()
            due = [one for one in self._due if one.at <= now]
            self._due = [one for one in self._due if one.at > now]
            for one in due:
                if one.order.is_open:
                    self.fill(one.order, min(one.qty, one.order.left), one.price)

    def fill(self, order: SimOrder, qty: Decimal | str, price: Decimal | str | None = None) -> str:
        """Execute units of an order, whatever its state, and return the execution's id."""
        with self.lock:
            at, qty = self.now(), Decimal(qty)
            price = self.market.price(order.instrument.symbol) if price is None else Decimal(price)
            symbol = canonical_symbol(order.instrument.symbol)
            self.books.trade(symbol, order.sign * qty, price)
            order.note_fill(qty, price, at)
            listed_id = activity_id(at, f"execution/{self.count()}")
            execution_id = listed_id.partition("::")[2]
            self.executions[execution_id] = (order, qty, price, listed_id)
            self.activities.add(listed_id, at, self._execution(order, qty, price, at))
            return execution_id

    def _execution(self, order: SimOrder, qty: Decimal, price: Decimal, at: datetime) -> dict[str, Any]:
        return {
            "activity_type": "FILL",
            "transaction_time": stamp(at),
            "type": "fill" if order.left <= 0 else "partial_fill",
            "price": plain(price),
            "qty": plain(qty),
            "side": order.side,
            "symbol": order.instrument.symbol,
            "leaves_qty": plain(max(Decimal(0), order.left)),
            "cum_qty": plain(order.filled_qty),
            "order_id": order.order_id,
            "order_status": order.status,
        }

    def cancel(self, order_id: str) -> None:
        """Cancel an order. Raises RefusalError if it is done."""
        with self.lock:
            order = self.order(order_id)
            if not order.is_open:
                raise invalid(f'order is already in "{order.status}" state')
            order.status, order.canceled_at, order.updated_at = "canceled", self.now(), self.now()

    def replace(self, order_id: str, body: Mapping[str, Any]) -> SimOrder:
        """Put another order in the place of what one has not filled. Raises RefusalError."""
        with self.lock:
            order = self.order(order_id)
            if order.status not in {"new", "partially_filled"}:
                raise invalid(f'cannot replace order in "{order.status}" state')
            limit = body.get("limit_price")
            asked = checks.Asked(
                order.instrument,
                order.side,
                order.left,
                order.kind,
                order.limit_price if limit is None else Decimal(str(limit)),
                str(body.get("time_in_force") or order.time_in_force),
            )
            client_id = str(body.get("client_order_id") or uuid_of(f"client/{self.count()}"))
            other = self._new_order(asked, client_id, Decimal(str(body.get("qty") or order.left)))
            other.replaces = order.order_id
            order.status, order.replaced_by, order.replaced_at = "replaced", other.order_id, self.now()
            order.updated_at = self.now()
            return other

    def order(self, order_id: str) -> SimOrder:
        """Return an order. Raises RefusalError."""
        order = self.orders.get(order_id)
        if order is None:
            raise not_found(f"order not found for {order_id}")
        return order

    def by_client_id(self, client_id: str) -> SimOrder | None:
        return next((one for one in self.orders.values() if one.client_order_id == client_id), None)
