"""A fill as a client reports it, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.fills import Fill


class FillStatus(StrEnum):
    """What became of a reported fill."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    """It is in the ledger already."""
    REJECTED = "REJECTED"
    """It is not in the ledger; the reason code says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFill:
    """One fill as the client reports it: identified by ``broker_fill_id``, else by ``nonce`` and its own figures."""

    strategy_id: str
    symbol: str
    side: str
    """buy or sell."""
    qty: float
    price: float
    """USD."""
    ts: datetime
    """When it happened."""
    fees: float = 0.0
    slippage: float = 0.0
    nonce: str | None = None
    """Of the redeemed signal."""
    broker_fill_id: str | None = None
    order_id: str | None = None
    account_id: str | None = None
    run_id: str | None = None
    is_order_complete: bool = False
    """Whether it is its order's last: what is left of the reservation is free again."""

    @property
    def fill_id(self) -> str:
        """The ledger document's id, the same whenever the fill is reported again."""
        if self.broker_fill_id is not None:
            return f"b_{_digest([self.account_id, self.broker_fill_id])}"
        return f"n_{self.nonce}_{_digest(self._figures())}"

    @property
    def signed_qty(self) -> float:
        """Units; below 0 sold."""
        return self.qty if self.side == "buy" else -self.qty

    def _figures(self) -> list[Any]:
        return [self.strategy_id, self.symbol, self.side, self.qty, self.price, self.ts.isoformat(), self.order_id]

    def to_ledger(self, tenant_id: str, uid: str, session_id: str | None, now: datetime) -> dict[str, Any]:
        """Return the document of ``ledger_trades``."""
        document = {name: getattr(self, name) for name in self.__slots__ if name != "is_order_complete"}
        return document | {"tenant_id": tenant_id, "uid": uid, "session_id": session_id, "created_at": now}


def as_reported(fill: Fill, **labels: Any) -> ReportedFill:
    """Return a fill of the ledger's as a client would report it, with labels such as ``nonce`` and ``order_id``."""
    return ReportedFill(
        strategy_id=fill.key.strategy_id,
        symbol=fill.key.spelled,
        side="buy" if fill.signed_quantity > 0 else "sell",
        qty=abs(fill.signed_quantity),
        price=fill.price,
        ts=fill.at,
        fees=fill.fees,
        slippage=fill.cost - fill.fees,
        **labels,
    )


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class FillResult:
    """What became of one reported fill."""

    fill_id: str
    status: FillStatus
    reason_code: ReasonCode | None = None
    """Why it was rejected, or what is odd about it."""
