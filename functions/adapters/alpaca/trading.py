"""
Orders at Alpaca, for the trading client only. No deployed function may import this module.

An order is sent once: if there is no answer, its `client_order_id` shows whether it exists.
"""

from __future__ import annotations

import math
from decimal import ROUND_DOWN, Decimal
from urllib.parse import quote

from functions.adapters.alpaca.accounts import read_order
from functions.adapters.alpaca.broker import Alpaca
from functions.adapters.alpaca.fields import Fields
from functions.adapters.alpaca.market_data import as_pair
from functions.domain.broker.errors import OrderRejected, Rejection, RequestRefused, UnknownSymbol
from functions.domain.broker.orders import BrokerOrder

_STEP = Decimal("0.000000001")
"""Alpaca accepts nine decimal places."""
_NOT_CANCELABLE = 422


class TradingAlpaca(Alpaca):
    """An account at Alpaca that also takes orders."""

    def submit_order(self, client_order_id: str, symbol: str, side: str, qty: float) -> BrokerOrder:
        """
        Submit a market order: of stocks for the day, of pairs of coins until it is filled.

        Parameters
        ----------
        side : str
            buy or sell.
        qty : float
            Units; rounded down to what can be traded: whole units if the asset is not fractionable.

        Raises
        ------
        OrderRejected
            Nothing was traded.
        BrokerUnavailable
            It is unknown whether the order exists.
        """
        body = {
            "symbol": symbol,
            "qty": self._tradable(symbol, qty),
            "side": side,
            "type": "market",
            "time_in_force": "day" if as_pair(symbol) is None else "gtc",
            "client_order_id": client_order_id,
        }
        return read_order(Fields.of("order", self._begun().send("POST", "/v2/orders", body).body))

    def cancel_order(self, order_id: str) -> bool:
        """Request cancellation of an order or its replacement; False if it is already done."""
        while not self._is_cancelled(order_id):
            order = self.order(order_id)
            if order is None or order.replaced_by is None:
                return False
            order_id = self.order_chain(order)[-1].order_id
        return True

    def _is_cancelled(self, order_id: str) -> bool:
        try:
            self._begun().send("DELETE", f"/v2/orders/{quote(order_id, safe='')}")
        except RequestRefused as refused:
            if refused.status != _NOT_CANCELABLE:
                raise
            return False
        return True

    def _tradable(self, symbol: str, qty: float) -> str:
        """Return a quantity in Alpaca's format."""
        exact = Decimal(repr(qty)) if math.isfinite(qty) else Decimal(0)
        cut = exact.quantize(_STEP, ROUND_DOWN)
        if cut <= 0:
            raise OrderRejected(f"quantity must be > 0, was {qty}", Rejection.TOO_FEW)
        if cut == cut.to_integral_value():
            return f"{cut:f}".partition(".")[0]
        step = self._step_of(symbol)
        whole = (cut / step).to_integral_value(ROUND_DOWN) * step
        if whole <= 0:
            raise OrderRejected(f"{symbol} is traded in multiples of {step:f}, was {qty}", Rejection.TOO_FEW)
        return f"{whole.normalize():f}"

    def _step_of(self, symbol: str) -> Decimal:
        try:
            asset = self.asset(symbol)
        except UnknownSymbol as unknown:
            raise OrderRejected(str(unknown), Rejection.NOT_TRADABLE) from unknown
        if asset.is_fractionable is False:
            return Decimal(1)
        return max(_STEP, Decimal(repr(asset.qty_step)) if asset.qty_step else _STEP)
