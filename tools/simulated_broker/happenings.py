"""What happens to an account apart from its orders, for scripts to trigger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from tools.simulated_broker.books import NINE_PLACES, plain
from tools.simulated_broker.clock import stamp
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.ids import activity_id, event_id, uuid_of
from tools.simulated_broker.orders import SimOrder

Figure = Decimal | str


class Happenings:
    """Lets things happen; each is booked to the cent, and listed as an activity."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def manual_trade(self, symbol: str, side: str, qty: Figure) -> SimOrder:
        """Trade by hand, without giving a client_order_id. Raises RefusalError."""
        force = "day" if "/" not in symbol else "gtc"
        body = {"symbol": symbol, "side": side, "qty": str(qty), "type": "market", "time_in_force": force}
        return self._exchange.submit(body)

    def split(self, symbol: str, new: int, old: int) -> str:
        """Give ``new`` units for ``old`` ones; what does not come to whole 9th places is dropped."""
        with self._exchange.lock:
            key, ratio = canonical_symbol(symbol), Decimal(new) / Decimal(old)
            before = self._exchange.books.qty(key)
            after = (before * new / old).quantize(NINE_PLACES, ROUND_DOWN)
            if before:
                self._exchange.books.change_units(key, after - before)
            self._exchange.market.set_price(symbol, str(self._exchange.market.price(symbol) / ratio))
            kind = "FSPLIT" if ratio > 1 else "RSPLIT"
            return self._listed("SPLIT", kind, {"symbol": symbol, "qty": plain(after - before), "net_amount": "0"})

    def dividend(self, symbol: str, per_unit: Figure) -> str:
        """Pay a dividend to a long position; a short one is charged."""
        with self._exchange.lock:
            held = self._exchange.books.qty(canonical_symbol(symbol))
            usd = held * Decimal(per_unit)
            self._exchange.books.cash += usd
            figures = {"per_share_amount": plain(Decimal(per_unit)), "qty": plain(held), "net_amount": plain(usd)}
            return self._listed("DIV", "CDIV", {"symbol": symbol, **figures})

    def money(self, kind: str, usd: Figure, sub_kind: str | None = None, *, days_late: int = 0) -> str:
        """
        Let money come in (above 0) or go out.

        Parameters
        ----------
        kind : str
            Such as FEE, INT, CSD or CSW.
        days_late : int
            How many days after its date it is booked.
        """
        with self._exchange.lock:
            self._exchange.books.cash += Decimal(usd)
            return self._listed(kind, sub_kind, {"net_amount": plain(Decimal(usd))}, days_late=days_late)

    def coin_fee(self, symbol: str, units: Figure) -> str:
        """Take a fee in the coin that was traded."""
        with self._exchange.lock:
            self._exchange.books.change_units(canonical_symbol(symbol), -Decimal(units))
            price = plain(self._exchange.market.price(symbol))
            figures = {"qty": plain(-Decimal(units)), "price": price, "net_amount": "0"}
            return self._listed("CFEE", None, {"symbol": symbol, **figures})

    def units(self, kind: str, symbol: str, qty: Figure) -> str:
        """Let units come from another account, or go there, such as by ACATS."""
        with self._exchange.lock:
            self._exchange.books.change_units(canonical_symbol(symbol), Decimal(qty))
            return self._listed(kind, None, {"symbol": symbol, "qty": plain(Decimal(qty)), "net_amount": "0"})

    def rename(self, old: str, new: str) -> None:
        """Let a symbol, and what is held of it, go by another name."""
        with self._exchange.lock:
            units = self._exchange.books.rename(canonical_symbol(old), canonical_symbol(new))
            self._exchange.market.rename(old, new)
            for symbol, qty in ((old, -units), (new, units)):
                self._listed("NC", "SNC", {"symbol": symbol, "qty": plain(qty), "net_amount": "0"})

    def cancel_activity(self, listed_id: str) -> None:
        """Say of an activity with money that it never happened."""
        with self._exchange.lock:
            body = next(one.body for one in self._exchange.activities.listed if one.activity_id == listed_id)
            self._exchange.books.cash -= Decimal(body["net_amount"])
            self._exchange.activities.change(listed_id, status="canceled")

    def bust(self, execution_id: str) -> None:
        """Say of an execution that it never happened: its order has filled so much less."""
        with self._exchange.lock:
            order, qty, price, _ = self._taken_back(execution_id)
            self._told("trade_bust", execution_id, order, qty, price)

    def correct(self, execution_id: str, qty: Figure, price: Figure) -> None:
        """Say of an execution that it happened with other figures."""
        with self._exchange.lock:
            order, _, _, listed_id = self._taken_back(execution_id)
            qty, price = Decimal(qty), Decimal(price)
            self._exchange.books.trade(canonical_symbol(order.instrument.symbol), order.sign * qty, price)
            order.note_fill(qty, price, self._exchange.now())
            self._exchange.executions[execution_id] = (order, qty, price, listed_id)
            self._told("trade_correct", execution_id, order, qty, price)

    def _taken_back(self, execution_id: str) -> tuple[SimOrder, Decimal, Decimal, str]:
        order, qty, price, listed_id = self._exchange.executions.pop(execution_id)
        self._exchange.books.trade(canonical_symbol(order.instrument.symbol), -order.sign * qty, price)
        order.take_back(qty, price, self._exchange.now())
        return order, qty, price, listed_id

    def _told(self, kind: str, execution_id: str, order: SimOrder, qty: Decimal, price: Decimal) -> None:
        at, count = self._exchange.now(), self._exchange.count()
        details = {
            "execution_type": kind,
            "order_id": order.order_id,
            "client_order_id": order.client_order_id,
            "asset_id": uuid_of(f"asset/{order.instrument.symbol}"),
            "symbol": order.instrument.symbol,
            "side": order.side,
            "leaves_qty": plain(order.left),
            "cum_qty": plain(order.filled_qty),
            "order_status": order.status,
        }
        event: dict[str, Any] = {
            "event_id": event_id(at, count),
            "at": stamp(at),
            "executed_at": stamp(at),
            "settle_date": f"{at:%Y-%m-%d}",
            "activity_type": "FILL",
            "status": "executed",
            "currency": "USD",
            "ref_id": uuid_of(f"event/{count}"),
            "previous_id": execution_id,
            "qty": plain(qty),
            "price": plain(price),
            "details": details,
        }
        self._exchange.activities.events.append((at, event))

    def _listed(self, kind: str, sub_kind: str | None, figures: Mapping[str, str], *, days_late: int = 0) -> str:
        booked_at = self._exchange.now()
        day = _midnight(booked_at - timedelta(days=days_late))
        listed_id = activity_id(day, f"activity/{self._exchange.count()}")
        body = {
            "activity_type": kind,
            "date": f"{day:%Y-%m-%d}",
            "created_at": stamp(booked_at),
            "status": "executed",
            "currency": "USD",
            **({} if sub_kind is None else {"activity_sub_type": sub_kind}),
            **figures,
        }
        self._exchange.activities.add(listed_id, booked_at, body)
        return listed_id


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
