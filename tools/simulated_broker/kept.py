"""An account at the simulated broker in a file, between two runs; the running program provides market and script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tools.simulated_broker.activities import ActivityList
from tools.simulated_broker.books import Books
from tools.simulated_broker.exchange import Exchange
from tools.simulated_broker.orders import SimOrder

VERSION = 1
"""Of the file: raise it whenever a stored type changes its fields or their meaning."""


class OtherVersionError(ValueError):
    """The file is not one that this version wrote."""


@dataclass(frozen=True, slots=True)
class KeptExecution:
    """One of `Exchange.executions`."""

    order_id: str
    qty: Decimal
    price: Decimal
    activity_id: str


@dataclass(frozen=True, slots=True)
class KeptAccount:
    """The content of the file, JSON; decimals are texts, times ISO 8601."""

    version: int
    kept_at: datetime
    books: Books
    multiplier: int
    currency: str
    account_number: str
    unknown_figures: bool
    activities: ActivityList
    orders: dict[str, SimOrder]
    executions: dict[str, KeptExecution]
    count: int

    @classmethod
    def of(cls, exchange: Exchange) -> KeptAccount:
        executions = {
            name: KeptExecution(order.order_id, qty, price, activity_id)
            for name, (order, qty, price, activity_id) in exchange.executions.items()
        }
        return cls(
            version=VERSION,
            kept_at=exchange.now(),
            books=exchange.books,
            multiplier=exchange.multiplier,
            currency=exchange.currency,
            account_number=exchange.account_number,
            unknown_figures=exchange.unknown_figures,
            activities=exchange.activities,
            orders=exchange.orders,
            executions=executions,
            count=exchange.counted,
        )

    def put_into(self, exchange: Exchange) -> None:
        with exchange.lock:
            exchange.books, exchange.activities, exchange.orders = self.books, self.activities, self.orders
            exchange.multiplier, exchange.currency = self.multiplier, self.currency
            exchange.account_number, exchange.unknown_figures = self.account_number, self.unknown_figures
            exchange.executions = {
                name: (self.orders[one.order_id], one.qty, one.price, one.activity_id)
                for name, one in self.executions.items()
            }
            exchange.counted = self.count


_FILE: TypeAdapter[KeptAccount] = TypeAdapter(KeptAccount)
_ANY: TypeAdapter[Any] = TypeAdapter(Any)


def keep(exchange: Exchange, file: Path) -> None:
    """Write the account, its orders and what happened there."""
    with exchange.lock:
        content = _FILE.dump_json(KeptAccount.of(exchange), indent=1)
    unfinished = file.with_name(f"{file.name}.unfinished.local")
    unfinished.write_bytes(content)
    unfinished.replace(file)


def take_up(exchange: Exchange, file: Path) -> bool:
    """
    Go on with an account that was kept; False if none was.

    Raises
    ------
    OtherVersionError
        If the file is of another version, or no such file at all: the exchange is as it was.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return False
    try:
        document = _ANY.validate_json(content)
        version = document.get("version") if isinstance(document, dict) else None
        if version != VERSION:
            raise OtherVersionError(f"{file.name} is of version {version!r:.20}, and this is version {VERSION}")
        kept = _FILE.validate_json(content)
    except ValidationError as error:
        raise OtherVersionError(f"{file.name} is not an account of version {VERSION}") from error
    if unknown := {one.order_id for one in kept.executions.values()} - set(kept.orders):
        raise OtherVersionError(f"{file.name} is not an account of version {VERSION}: no order {min(unknown)}")
    kept.put_into(exchange)
    return True
