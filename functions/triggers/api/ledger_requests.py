"""What clients report to the ledger: fills and every other kind of entry."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, model_validator

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.ledger.events import EntryKind
from functions.domain.trading.entry_batch import KINDS
from functions.domain.trading.reported_entries import ReportedEntry
from functions.triggers.api.requests import (
    Cost,
    DocumentId,
    Flag,
    Label,
    Nonce,
    PositiveUsd,
    Request,
    StrategyId,
    Symbol,
    Time,
    Usd,
)

MAX_FILLS = 100
MAX_ENTRIES = 100


def _is_a_strategys(name: str) -> str:
    if name == UNOWNED:
        raise ValueError(f"must be left out if no strategy owns it: {UNOWNED} is reserved")
    return name


Owner = Annotated[StrategyId, AfterValidator(_is_a_strategys)]
Currency = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$", examples=["BTC"])]


class Fill(Request):
    """One fill as it happened; `broker_fill_id` or `nonce` identifies it, so that it is recorded once."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"type": "string"}}} for name in ("broker_fill_id", "nonce")
            ]
        }
    )

    strategy_id: Owner | None = Field(
        default=None, description="The strategy that traded; without it the fill is booked as unowned."
    )
    symbol: Symbol
    side: Literal["buy", "sell", "sell_short"]
    qty: PositiveUsd = Field(description="Units executed.")
    price: PositiveUsd = Field(description="USD per unit.")
    ts: Time = Field(description="When it happened.")
    fees: Usd = Field(default=0.0, description="USD; negative for a rebate.")
    slippage: Cost = Field(default=0.0, description="USD.")
    fee_currency: Currency | None = Field(
        default=None,
        description="Currency of `fee_qty`: the coin traded, what it was traded for, or any other with `fee_rate`.",
    )
    fee_qty: Usd | None = Field(default=None, description="A fee not charged in USD, units of `fee_currency`.")
    fee_rate: PositiveUsd | None = Field(default=None, description="USD per unit of `fee_currency`.")
    nonce: Nonce | None = Field(
        default=None, description="Nonce of the redeemed signal, whose reservation this settles."
    )
    broker_fill_id: Label | None = Field(
        default=None,
        description="The broker's id of this execution: account, symbol, order and this id are recorded once.",
    )
    order_id: Label | None = None
    account_id: Label | None = None
    run_id: Label | None = None
    is_order_complete: Flag = Field(
        default=False, description="Whether it is the order's last fill: the rest of the reservation is freed."
    )

    @model_validator(mode="after")
    def _is_identified(self) -> Self:
        if self.broker_fill_id is None and self.nonce is None:
            raise ValueError("broker_fill_id or nonce must be given, so that the fill is recorded once")
        return self


class FillBatch(Request):
    """Fills to record."""

    fills: list[Fill] = Field(min_length=1, max_length=MAX_FILLS)


class _Entry(Request):
    """Base of all entries."""

    kind: str
    ref: Label = Field(description="The broker's id of it, or your own: kind, account and this id are recorded once.")
    account_id: Label | None = None

    def to_reported(self) -> ReportedEntry:
        fields = self.model_dump(exclude={"kind", "ref", "account_id"}, exclude_none=True)
        return ReportedEntry(kind=EntryKind(self.kind), ref=self.ref, account_id=self.account_id, fields=fields)


class Void(_Entry):
    """Cancels an entry that never happened, such as a trade that the exchange busted."""

    kind: Literal["void"]
    of: DocumentId = Field(description="The entry's id in the ledger: `fill_id` or `entry_id` of its answer.")


class Correction(_Entry):
    """Corrects a fill's figures; a figure that is left out stays as it was reported."""

    kind: Literal["correction"]
    of: DocumentId = Field(description="The fill's id in the ledger, or that of its last correction.")
    qty: PositiveUsd | None = None
    price: PositiveUsd | None = None
    fees: Usd | None = None
    slippage: Cost | None = None
    fee_currency: Currency | None = None
    fee_qty: Usd | None = None
    fee_rate: PositiveUsd | None = None

    @model_validator(mode="after")
    def _corrects(self) -> Self:
        if not self.to_reported().fields.keys() - {"of"}:
            raise ValueError("at least one figure must be given: qty, price, fees, slippage, fee_qty")
        return self


class Split(_Entry):
    """A split: every holder's units of a symbol are multiplied."""

    kind: Literal["split"]
    ts: Time = Field(description="From this instant on, prices and fills are in new units.")
    symbol: Symbol
    ratio: PositiveUsd = Field(description="New units per old unit: 4 for 4:1, 0.1 for a reverse split 1:10.")


class Dividend(_Entry):
    """A dividend: paid to holders at the ex-date, owed by those who are short."""

    kind: Literal["dividend"]
    ts: Time = Field(description="Its ex-date.")
    symbol: Symbol
    per_unit: PositiveUsd = Field(description="USD per unit.")


class CashEntry(_Entry):
    """Money received (interest, funding) or, if negative, paid (a fee) without a trade."""

    kind: Literal["fee", "interest", "funding"]
    ts: Time
    amount: Usd = Field(description="USD, not 0.")
    strategy_id: Owner | None = Field(
        default=None, description="The strategy it belongs to; without it the entry is booked as unowned."
    )


class FlowEntry(_Entry):
    """Money that the owner deposited or withdrew: neither gain nor loss."""

    kind: Literal["deposit", "withdrawal"]
    ts: Time = Field(description="When the broker's equity changed.")
    amount: PositiveUsd = Field(description="USD.")


def _has_kind(value: Any) -> Any:
    if isinstance(value, dict) and value.get("kind") not in list(KINDS):
        raise ValueError(f"kind must be one of {', '.join(KINDS)}; fills go to POST /v1/fills")
    return value


Entry = Annotated[
    Void | Correction | Split | Dividend | CashEntry | FlowEntry, Discriminator("kind"), BeforeValidator(_has_kind)
]


class EntryBatch(Request):
    """Entries to record other than fills."""

    entries: list[Entry] = Field(min_length=1, max_length=MAX_ENTRIES)
