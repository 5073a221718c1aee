"""Orders at the simulated broker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tools.simulated_broker.books import NINE_PLACES, plain
from tools.simulated_broker.clock import stamp
from tools.simulated_broker.ids import uuid_of
from tools.simulated_broker.market import Instrument

OPEN = frozenset({"new", "accepted", "partially_filled", "pending_cancel", "pending_replace"})


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """One order, as it is now."""

    order_id: str
    client_order_id: str
    instrument: Instrument
    side: str
    qty: Decimal
    kind: str
    """market or limit."""
    time_in_force: str
    limit_price: Decimal | None
    created_at: datetime
    updated_at: datetime
    status: str = "new"
    filled_qty: Decimal = Decimal(0)
    filled_usd: Decimal = Decimal(0)
    filled_at: datetime | None = None
    canceled_at: datetime | None = None
    replaced_at: datetime | None = None
    replaced_by: str | None = None
    replaces: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def left(self) -> Decimal:
        return self.qty - self.filled_qty

    @property
    def sign(self) -> int:
        return 1 if self.side == "buy" else -1

    def note_fill(self, qty: Decimal, price: Decimal, at: datetime) -> None:
        """Take in an execution, also one that crossed a cancellation."""
        self.filled_qty += qty
        self.filled_usd += qty * price
        self.updated_at = at
        if self.left <= 0 and self.status != "replaced":
            self.status, self.filled_at = "filled", at
        elif self.is_open and self.status != "pending_cancel":
            self.status = "partially_filled"

    def take_back(self, qty: Decimal, price: Decimal, at: datetime) -> None:
        """Take an execution out again."""
        self.filled_qty -= qty
        self.filled_usd -= qty * price
        self.updated_at = at

    def to_json(self) -> dict[str, Any]:
        average = None if not self.filled_qty else plain((self.filled_usd / self.filled_qty).quantize(NINE_PLACES))
        names = {
            "id": self.order_id,
            "client_order_id": self.client_order_id,
            "asset_id": uuid_of(f"asset/{self.instrument.symbol}"),
            "symbol": self.instrument.symbol,
            "asset_class": self.instrument.asset_class,
            "side": self.side,
            "status": self.status,
            "type": self.kind,
            "order_type": self.kind,
            "time_in_force": self.time_in_force,
            "order_class": "simple",
            "extended_hours": False,
            "position_intent": "buy_to_open" if self.side == "buy" else "sell_to_close",
        }
        figures = {
            "notional": None,
            "qty": plain(self.qty),
            "filled_qty": plain(self.filled_qty),
            "filled_avg_price": average,
            "limit_price": None if self.limit_price is None else plain(self.limit_price),
        }
        times = {
            "created_at": self.created_at,
            "submitted_at": self.created_at,
            "updated_at": self.updated_at,
            "filled_at": self.filled_at,
            "canceled_at": self.canceled_at,
            "replaced_at": self.replaced_at,
        }
        nothing = dict.fromkeys(
            ("expired_at", "failed_at", "legs", "stop_price", "trail_price", "trail_percent", "hwm")
        )
        shown = {name: None if at is None else stamp(at) for name, at in times.items()}
        return names | figures | shown | nothing | {"replaced_by": self.replaced_by, "replaces": self.replaces}
