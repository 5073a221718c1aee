"""What clients tell of the ledger: fills, and every other kind of entry."""

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
        raise ValueError(f"must be left out for what no strategy owns: {UNOWNED} is no strategy's name")
    return name


Owner = Annotated[StrategyId, AfterValidator(_is_a_strategys)]
Currency = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$", examples=["BTC"])]


class Fill(Request):
    """One fill as it happened; `broker_fill_id` or `nonce` says which, so that it is recorded once."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"type": "string"}}} for name in ("broker_fill_id", "nonce")
            ]
        }
    )

    strategy_id: Owner | None = Field(default=None, description="Whose idea; without, it is booked and nobody's.")
    symbol: Symbol
    side: Literal["buy", "sell", "sell_short"]
    qty: PositiveUsd = Field(description="Units executed.")
    price: PositiveUsd = Field(description="USD per unit.")
    ts: Time = Field(description="When it happened.")
    fees: Usd = Field(default=0.0, description="USD; below 0 a rebate.")
    slippage: Cost = Field(default=0.0, description="USD.")
    fee_currency: Currency | None = Field(
        default=None,
        description="What `fee_qty` is in: the coin that was traded, what it was traded for, or any with `fee_rate`.",
    )
    fee_qty: Usd | None = Field(default=None, description="A fee that is not in USD, units of `fee_currency`.")
    fee_rate: PositiveUsd | None = Field(default=None, description="USD per unit of `fee_currency`.")
    nonce: Nonce | None = Field(default=None, description="Of the redeemed signal: what it reserved is settled.")
    broker_fill_id: Label | None = Field(
        default=None,
        description="The broker's id of this execution: with account, symbol and order it is recorded once.",
    )
    order_id: Label | None = None
    account_id: Label | None = None
    run_id: Label | None = None
    is_order_complete: Flag = Field(
        default=False, description="Whether it is its order's last fill: what is left of the reservation is free again."
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
    """Base of entries."""

    kind: str
    ref: Label = Field(description="The broker's id of it, or your own: with kind and account it is recorded once.")
    account_id: Label | None = None

    def to_reported(self) -> ReportedEntry:
        fields = self.model_dump(exclude={"kind", "ref", "account_id"}, exclude_none=True)
        return ReportedEntry(kind=EntryKind(self.kind), ref=self.ref, account_id=self.account_id, fields=fields)


class Void(_Entry):
    """An entry that never happened, such as a trade that the exchange busted."""

    kind: Literal["void"]
    of: DocumentId = Field(description="The entry's id in the ledger: `fill_id` or `entry_id` of its answer.")


class Correction(_Entry):
    """A fill that happened with other figures; what is left out stays as it was told."""

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
            raise ValueError("a figure must be given: qty, price, fees, slippage, fee_qty")
        return self


class Split(_Entry):
    """Units of a symbol become more, or fewer, for all who hold it."""

    kind: Literal["split"]
    ts: Time = Field(description="From when on prices are of new units; fills of that instant are.")
    symbol: Symbol
    ratio: PositiveUsd = Field(description="New units for an old one: 4 for 4:1, 0.1 for a reverse split 1:10.")


class Dividend(_Entry):
    """What a symbol pays those who hold it at its ex-date, and what those who are short of it owe."""

    kind: Literal["dividend"]
    ts: Time = Field(description="Its ex-date.")
    symbol: Symbol
    per_unit: PositiveUsd = Field(description="USD per unit.")


class CashEntry(_Entry):
    """Money that came (interest, funding) or went (a fee) without a trade; below 0 the other way round."""

    kind: Literal["fee", "interest", "funding"]
    ts: Time
    amount: Usd = Field(description="USD, not 0.")
    strategy_id: Owner | None = Field(default=None, description="Whose; without, it is booked and nobody's.")


class FlowEntry(_Entry):
    """Money that its owner put into the account, or took out: no gain and no loss."""

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
    """Entries to record that are no fills."""

    entries: list[Entry] = Field(min_length=1, max_length=MAX_ENTRIES)
