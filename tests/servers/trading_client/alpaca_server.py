"""Alpaca's order API as far as the broker uses it, with its own answers to what goes wrong."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.servers.trading_client.servers import Asked, Reply

_TIMES = ("created_at", "updated_at", "submitted_at")
AT = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
"""Now: a fill of long ago is not taken."""


@dataclass
class Alpaca:
    """An account; ``fills`` says what a new order's state is."""

    buying_power: float = 50_000.0
    price: float = 450.0
    positions: dict[str, float] = field(default_factory=dict)
    """Units by symbol, below 0 short; fills change them."""
    not_lent: frozenset[str] = frozenset({"GME"})
    """Symbols that cannot be sold short."""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By client_order_id."""
    figures: dict[str, str | None] = field(default_factory=dict)
    """Of the account, instead of what it has."""
    is_filling: bool = True
    """Whether a new order is filled at once."""
    lost_answers: int = 0
    """How many orders are taken without an answer."""

    def __call__(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/v2")
        if asked.headers.get("apca-api-key-id") != "key":
            return Reply(401, {"message": "unauthorized."})
        folder, _, name = path.strip("/").partition("/")
        routes: dict[str, Callable[[], Reply]] = {
            "orders": lambda: self._order(asked, name),
            "orders:by_client_order_id": lambda: _found(self.orders.get(asked.query["client_order_id"][0])),
            "positions": lambda: self._position(name) if name else self._positions(),
            "account": self._account,
            "assets": lambda: self._asset(name),
            "stocks": lambda: self._snapshots(asked),
        }
        return routes.get(folder, lambda: Reply(404, {"code": 40410000, "message": "endpoint not found"}))()

    def _order(self, asked: Asked, order_id: str) -> Reply:
        if asked.method == "POST":
            return self._submit(asked.json)
        order = next((one for one in self.orders.values() if one["id"] == order_id), None)
        return _cancelled(order) if asked.method == "DELETE" else _found(order)

    def _account(self) -> Reply:
        figures = {"equity": "100000", "buying_power": str(self.buying_power), "cash": "50000", **self.figures}
        return Reply(200, {"id": str(uuid.uuid4()), "account_number": "PA1", "status": "ACTIVE", **figures})

    def _asset(self, symbol: str) -> Reply:
        if symbol == "NONE":
            return Reply(404, {"code": 40410000, "message": f"asset not found for {symbol}"})
        figures = {"marginable": True, "shortable": True, "easy_to_borrow": symbol not in self.not_lent}
        names = {"id": str(uuid.uuid4()), "symbol": symbol, "exchange": "ARCA", "class": "us_equity"}
        return Reply(200, names | figures | {"status": "active", "tradable": True, "fractionable": True})

    def _snapshots(self, asked: Asked) -> Reply:
        trade = {"t": AT, "x": "V", "p": self.price, "s": 100, "c": ["@"], "i": 1, "z": "A"}
        symbols = [one for one in asked.query["symbols"][0].split(",") if one != "NONE"]
        return Reply(200, {one: {"latestTrade": trade} for one in symbols})

    def _positions(self) -> Reply:
        return Reply(200, [self._position(symbol).body for symbol in self.positions])

    def fill(self, client_order_id: str, filled: float, price: float, status: str = "partially_filled") -> None:
        """Bring an order to a quantity filled, at an average price."""
        order = self.orders[client_order_id]
        more = filled - float(order["filled_qty"])
        left = self.positions.pop(order["symbol"], 0.0) + (more if order["side"] == "buy" else -more)
        self.positions |= {order["symbol"]: left} if abs(left) > 1e-9 else {}
        order |= {
            "filled_qty": f"{filled:.9f}".rstrip("0").rstrip("."),
            "filled_avg_price": str(price) if filled else None,
            "status": status,
            "filled_at": AT if status == "filled" else None,
        }

    def _submit(self, body: dict[str, Any]) -> Reply:
        client_id, qty = body["client_order_id"], float(body["qty"])
        if client_id in self.orders:
            return Reply(422, {"code": 40010001, "message": "client_order_id must be unique"})
        if body["side"] == "buy" and qty * self.price > self.buying_power:
            return Reply(403, {"code": 40310000, "message": "insufficient buying power"})
        if body["side"] == "sell" and (refused := self._refused_sale(body["symbol"], qty)):
            return refused
        assert (body["type"], body["time_in_force"]) == ("market", "day")
        self.orders[client_id] = {
            **dict.fromkeys(_TIMES, AT),
            "id": str(uuid.uuid4()),
            "client_order_id": client_id,
            "asset_id": str(uuid.uuid4()),
            "symbol": body["symbol"],
            "asset_class": "us_equity",
            "qty": str(qty),
            "filled_qty": "0",
            "filled_avg_price": None,
            "order_class": "",
            "order_type": "market",
            "type": "market",
            "side": body["side"],
            "time_in_force": "day",
            "status": "accepted",
            "extended_hours": False,
            "legs": None,
            "commission": "0",
        }
        if self.is_filling:
            self.fill(client_id, qty, self.price, "filled")
        if self.lost_answers:
            self.lost_answers -= 1
            return Reply(is_dropped=True)
        return Reply(200, self.orders[client_id])

    def _refused_sale(self, symbol: str, qty: float) -> Reply | None:
        held = self.positions.get(symbol, 0.0)
        if held > 0:
            message = f"insufficient qty available for order (requested: {qty}, available: {held})"
            return Reply(403, {"code": 40310000, "message": message}) if qty > held + 1e-9 else None
        if symbol in self.not_lent:
            return Reply(422, {"code": 42210000, "message": f'asset "{symbol}" cannot be sold short'})
        if qty != int(qty):
            return Reply(422, {"code": 42210000, "message": "fractional orders are not allowed to short"})
        return None

    def _position(self, symbol: str) -> Reply:
        if symbol not in self.positions:
            return Reply(404, {"code": 40410000, "message": "position does not exist"})
        qty = self.positions[symbol]
        out = "sell" if qty > 0 else "buy"
        orders = [one for one in self.orders.values() if one["side"] == out and _is_open(one)]
        held = sum(float(one["qty"]) - float(one["filled_qty"]) for one in orders if one["symbol"] == symbol)
        free = qty - held if qty > 0 else qty + held
        figures = {"qty": str(qty), "qty_available": str(free), "avg_entry_price": "1", "cost_basis": "1"}
        names = {"asset_id": str(uuid.uuid4()), "symbol": symbol, "exchange": "ARCA", "asset_class": "us_equity"}
        return Reply(200, names | figures | {"side": "long" if qty > 0 else "short"})


def _found(order: dict[str, Any] | None) -> Reply:
    return Reply(404, {"code": 40410000, "message": "order not found"}) if order is None else Reply(200, order)


def _cancelled(order: dict[str, Any] | None) -> Reply:
    if order is None or order["status"] in {"filled", "canceled"}:
        return Reply(422, {"code": 42210000, "message": 'order is already in "filled" state'})
    order["status"] = "canceled"
    return Reply(204, b"")


def _is_open(order: dict[str, Any]) -> bool:
    return order["status"] in {"accepted", "new", "partially_filled"}
