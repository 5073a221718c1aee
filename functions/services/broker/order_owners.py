"""Find an order's owner: its client_order_id, or that of the order it first replaced, is its redemption's nonce."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from functions.domain.broker.activities import Execution
from functions.domain.broker.bookings import NO_OWNER, Owned
from functions.domain.broker.errors import BrokerUnavailable
from functions.domain.broker.orders import BrokerOrder
from functions.domain.kernel.parsing import is_document_id
from functions.domain.trading.redemption import Redemption
from functions.services.broker.ports import Broker
from functions.services.kernel.damage import reading
from functions.services.trading.ports import TradingStore

logger = logging.getLogger("maestro")

_MANY = 5
"""From so many orders on, they are requested together."""
_LOOKED_BACK = timedelta(days=1)
_MARGIN = timedelta(seconds=1)
"""No order fills before it is submitted, apart from the rounding of times."""
_MOST_ALONE = 60
"""Maximum orders requested one by one in a feed: later steps need some of the broker's rate limit, too."""


@dataclass(slots=True)
class OrderOwners:
    """Finds the owners of one feed's orders, and remembers them."""

    store: TradingStore
    broker: Broker
    tenant_id: str
    is_time_left: Callable[[], bool]
    _found: dict[str, Owned] = field(default_factory=dict)
    _orders: dict[str, BrokerOrder] = field(default_factory=dict)
    _asked_alone: int = 0

    def of(self, executions: Sequence[Execution]) -> tuple[dict[str, Owned], BrokerUnavailable | None]:
        """
        Return owners by order id, for as many orders as there was time for, and what stopped it before the rest.

        Many orders are requested together, by time of submission; one older than a day is requested by itself.

        Raises
        ------
        BrokerError
            For any error of the broker except BrokerUnavailable, which is returned.
        StoreUnavailable
        """
        chains: dict[str, Sequence[BrokerOrder]] = {}
        stopped: BrokerUnavailable | None = None
        order_ids = [one.order_id for one in executions]
        self._look_ahead(executions)
        for order_id in (one for one in dict.fromkeys(order_ids) if one not in self._found):
            if not self.is_time_left():
                stopped = BrokerUnavailable("out of time: the next feed looks up the other orders")
                break
            try:
                chains[order_id] = self._chain(order_id)
            except BrokerUnavailable as error:
                stopped = error
                break
        names = {order_id: chain[0].client_order_id if chain else "" for order_id, chain in chains.items()}
        redeemed = self._redemptions({one for one in names.values() if is_document_id(one)})
        for order_id, chain in chains.items():
            self._found[order_id] = _owned(redeemed.get(names[order_id]), chain)
        return {one: self._found[one] for one in order_ids if one in self._found}, stopped

    def _look_ahead(self, executions: Sequence[Execution]) -> None:
        new = [one for one in executions if one.order_id not in self._found and one.order_id not in self._orders]
        if len({one.order_id for one in new}) < _MANY or not self.is_time_left():
            return
        first, last = min(one.at for one in new) - _LOOKED_BACK, max(one.at for one in new) + _MARGIN
        try:
            self._orders |= {one.order_id: one for one in self.broker.orders_between(first, last)}
        except BrokerUnavailable as error:  # one by one may work
            logger.info("Orders cannot be fetched together: %s", error, extra={"tenant": self.tenant_id})

    def _chain(self, order_id: str) -> Sequence[BrokerOrder]:
        order = self._orders.get(order_id)
        if order is None:
            if self._asked_alone >= _MOST_ALONE:
                raise BrokerUnavailable(f"{_MOST_ALONE} orders were looked up: the next feed looks up the others")
            self._asked_alone += 1
            order = self.broker.order(order_id)
        if order is None:
            return ()
        is_alone = order.replaces is None and order.replaced_by is None
        return (order,) if is_alone else self.broker.order_chain(order)

    def _redemptions(self, nonces: set[str]) -> dict[str, Redemption]:
        found = self.store.read(self.tenant_id, sorted(nonces)).redemptions if nonces else {}
        redemptions = {}
        for nonce, document in found.items():
            with reading(document):
                redemptions[nonce] = Redemption.from_document(document)
        return redemptions


def _owned(redemption: Redemption | None, chain: Sequence[BrokerOrder]) -> Owned:
    if redemption is None or not chain:
        return NO_OWNER
    last = chain[-1]
    return Owned.of(redemption, is_complete=last.is_done, filled_qty=last.filled_qty)
