"""What the loop asks of a broker, and a paper broker."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from .models import read, utc_now
from .orders import Account, Order, OrderRejected, OrderState
from .store import Store

FEE_PER_UNIT_USD = 0.005
SLIPPAGE_FRACTION = 0.0002
_ROUNDING = 1e-9


class Broker(Protocol):
    """A broker of market orders. Every method may raise BrokerUnavailable."""

    def last_price(self, symbol: str) -> float:
        """Return the last price, USD. Raises BrokerError if there is none."""
        ...

    def position(self, symbol: str) -> float:
        """Return the units that open orders leave to trade out of, below 0 short; 0 without a position."""
        ...

    def shortable(self, symbol: str, qty: float) -> float:
        """Return how many of some units can be sold short; 0 if the broker lends none."""
        ...

    def find_order(self, client_order_id: str) -> Order | None:
        """Return the order that was submitted under an id, in whatever state; None if there never was one."""
        ...

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> Order:
        """Submit a market order for the day; if the id is taken, return its order. Raises OrderRejected."""
        ...

    def cancel_order(self, order_id: str) -> None:
        """Ask to cancel an order; one that is done stays as it is."""
        ...

    def account(self) -> Account:
        """Return what the account holds."""
        ...


class PaperBroker:
    """
    A paper broker: fills every order at once at the last price, and charges slippage and a fee.

    Parameters
    ----------
    prices : callable
        Gives a symbol's last price, USD; raises BrokerError if there is none.
    store : Store
        Keeps account and orders, so that a client that starts again finds them.
    """

    def __init__(
        self,
        prices: Callable[[str], float],
        store: Store | None = None,
        *,
        cash: float = 100_000.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._prices = prices
        self._store = store or Store()
        self._now = now
        if self._store.get("paper", "account") is None:
            self._store.write([("paper", "account", {"cash": cash, "positions": {}})])

    @property
    def _cash(self) -> float:
        return float(self._stored()["cash"])

    @property
    def _positions(self) -> dict[str, float]:
        return dict(self._stored()["positions"])

    def last_price(self, symbol: str) -> float:
        return self._prices(symbol)

    def position(self, symbol: str) -> float:
        return self._positions.get(symbol, 0.0)

    def shortable(self, symbol: str, qty: float) -> float:  # noqa: ARG002 (any broker is asked so)
        """Return 0: there are no shorts on paper."""
        return 0.0

    def find_order(self, client_order_id: str) -> Order | None:
        stored = self._store.get("paper_order", client_order_id)
        return None if stored is None else read(Order, stored | {"state": OrderState(stored["state"])})

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> Order:
        known = self.find_order(client_order_id)
        if known is not None:
            return known
        price = self.last_price(symbol)
        self._check(symbol, side, qty, price)
        order = Order(
            order_id=f"paper-{client_order_id}",
            client_order_id=client_order_id,
            symbol=symbol,
            side=side,
            state=OrderState.FILLED,
            updated_at=self._now(),
            filled_qty=qty,
            filled_avg_price=price,
            fees=qty * FEE_PER_UNIT_USD,
            slippage=qty * price * SLIPPAGE_FRACTION,
        )
        signed = qty if side == "buy" else -qty
        positions = self._positions
        positions[symbol] = positions.get(symbol, 0.0) + signed
        account = {
            "cash": self._cash - signed * price - order.fees - order.slippage,
            "positions": {name: units for name, units in positions.items() if units > _ROUNDING},
        }
        stored = asdict(order) | {"updated_at": order.updated_at.isoformat()}
        self._store.write([("paper_order", client_order_id, stored), ("paper", "account", account)])
        return order

    def _check(self, symbol: str, side: str, qty: float, price: float) -> None:
        if not (math.isfinite(qty) and qty > 0):
            raise OrderRejected(f"quantity must be > 0, was {qty}")
        if side == "buy" and qty * price > self._cash * (1 + _ROUNDING):
            raise OrderRejected(f"insufficient buying power: {qty * price:.2f} USD of {self._cash:.2f} USD")
        held = self.position(symbol)
        if side == "sell" and qty > held * (1 + _ROUNDING):
            raise OrderRejected(f"{qty} {symbol} to sell, {held} held: no shorts on paper")

    def cancel_order(self, order_id: str) -> None:
        """Do nothing: orders fill at once."""

    def account(self) -> Account:
        cash, positions = self._cash, self._positions
        equity = cash + sum(units * self.last_price(symbol) for symbol, units in positions.items())
        buying_power = max(0.0, cash)  # costs may take cash a little below zero
        return Account(as_of=self._now(), equity=equity, buying_power=buying_power, cash=cash, positions=positions)

    def _stored(self) -> dict[str, Any]:
        return self._store.get("paper", "account") or {}
