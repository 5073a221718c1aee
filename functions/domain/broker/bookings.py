"""A broker's activities as ledger entries; those that no rule books are reported to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.broker.activities import (
    Activity,
    Bust,
    Correction,
    DividendActivity,
    Execution,
    FeeActivity,
    InterestActivity,
    OtherActivity,
    RenamingActivity,
    SplitActivity,
    Standing,
    TransferActivity,
)
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.ledger.entry_ids import ExecutionIds
from functions.domain.ledger.events import EntryKind
from functions.domain.trading.redemption import Redemption
from functions.domain.trading.reported_entries import ReportedEntry
from functions.domain.trading.reported_fills import ReportedFill

_CENT = 0.005
"""USD; smaller amounts are ignored."""


@dataclass(frozen=True, slots=True)
class Owned:
    """The owner of an order."""

    uid: str = UNOWNED
    strategy_id: str = UNOWNED
    nonce: str | None = None
    is_complete: bool = False
    """Whether the order is over and all its fills are known."""
    filled_qty: float | None = None
    """Of such an order with those before it in its chain: the sum of the last one's executions, units."""

    @classmethod
    def of(cls, redemption: Redemption, *, is_complete: bool, filled_qty: float | None) -> Owned:
        return cls(redemption.uid, redemption.strategy_id, redemption.nonce, is_complete, filled_qty)


NO_OWNER = Owned()


@dataclass(frozen=True, slots=True)
class Booked:
    """How an activity is booked."""

    entry: ReportedEntry | None = None
    fill: ReportedFill | None = None
    told: str | None = None
    """What to report to people."""


def fill_ids(account_id: str, execution: Execution) -> Sequence[str]:
    """Return the ids under which an execution may be in the ledger."""
    where = (account_id, execution.symbol, execution.order_id, execution.execution_id)
    return ExecutionIds.of(*where).all


def fill_of(account_id: str, execution: Execution, owned: Owned) -> ReportedFill:
    """Return an execution as a fill of its order's owner."""
    is_last = owned.is_complete and execution.order_qty_filled == owned.filled_qty
    return ReportedFill(
        strategy_id=owned.strategy_id,
        symbol=execution.symbol,
        side=execution.side,
        qty=execution.qty,
        price=execution.price,
        ts=execution.at,
        nonce=owned.nonce,
        broker_fill_id=execution.execution_id,
        order_id=execution.order_id,
        account_id=account_id,
        is_order_complete=execution.order_qty_left == 0 or is_last,
    )


def in_words(fill: ReportedFill) -> str:
    """Return a fill as readable text: ``buy 2 SPY at 450.5 USD``."""
    return f"{fill.side} {fill.qty:g} {fill.symbol} at {fill.price:g} USD"


def booked(account_id: str, activity: Activity) -> Booked:
    """Return how an activity other than an execution is booked."""
    if isinstance(activity, Bust):
        return Booked(_entry(EntryKind.VOID, account_id, activity.activity_id, of=_execution_id(account_id, activity)))
    if isinstance(activity, Correction):
        of = _execution_id(account_id, activity)
        figures = {"of": of, "qty": activity.qty, "price": activity.price}
        return Booked(_entry(EntryKind.CORRECTION, account_id, activity.activity_id, **figures))
    found = _happened(account_id, activity)
    if activity.standing is not Standing.CANCELED:
        return found
    if found.entry is None:
        return Booked(told=f"the broker took back: {found.told}" if found.told else None)
    return Booked(_entry(EntryKind.VOID, account_id, f"{activity.activity_id}:canceled", of=found.entry.entry_id))


def _happened(account_id: str, activity: Activity) -> Booked:
    if isinstance(activity, SplitActivity):
        return _split(account_id, activity)
    if isinstance(activity, DividendActivity):
        return _dividend(account_id, activity)
    if isinstance(activity, FeeActivity):
        return _fee(account_id, activity)
    if isinstance(activity, InterestActivity):
        return _cash(EntryKind.INTEREST, account_id, activity, activity.usd, "interest")
    if isinstance(activity, TransferActivity):
        return _transfer(account_id, activity)
    return Booked(told=_unknown(activity))


def _split(account_id: str, split: SplitActivity) -> Booked:
    if split.ratio is None:
        change = "some units" if split.qty_change is None else f"{split.qty_change:+g} units"
        return Booked(
            told=f"a split of {split.symbol} on {split.at:%Y-%m-%d} ({change}), the broker reports no ratio: "
            "record it by POST /v1/ledger"
        )
    ref = f"split {split.symbol} {split.at:%Y-%m-%d}"  # the broker reports one for each account and side
    return Booked(_entry(EntryKind.SPLIT, account_id, ref, ts=split.at, symbol=split.symbol, ratio=split.ratio))


def _dividend(account_id: str, dividend: DividendActivity) -> Booked:
    what = f"a dividend of {dividend.symbol or 'an unnamed symbol'} on {dividend.at:%Y-%m-%d}"
    if dividend.is_in_kind:
        return Booked(
            told=f"{what}, paid in {dividend.qty or 0:g} units: they are unowned until they are assigned to a strategy"
        )
    usd, per_unit = dividend.usd, dividend.per_unit
    if dividend.symbol is not None and per_unit is not None and per_unit > 0 and (usd is None or usd > 0):
        fields = {"ts": dividend.at, "symbol": dividend.symbol, "per_unit": per_unit}
        return Booked(_entry(EntryKind.DIVIDEND, account_id, dividend.activity_id, **fields))
    if usd is not None and usd < 0:  # withheld, or owed on a short position
        return _cash(EntryKind.FEE, account_id, dividend, -usd, what)
    return _cash(EntryKind.INTEREST, account_id, dividend, usd, what)


def _fee(account_id: str, fee: FeeActivity) -> Booked:
    if fee.qty is None:
        return _cash(EntryKind.FEE, account_id, fee, None if fee.usd is None else -fee.usd, "a fee")
    what = f"a fee of {fee.qty:g} {fee.symbol} on {fee.at:%Y-%m-%d}"
    if fee.symbol is None or fee.price is None or fee.price <= 0:
        return Booked(told=f"{what}, whose price the broker does not report")
    taken = ReportedFill(
        symbol=fee.symbol,
        side="sell",
        qty=fee.qty,
        price=fee.price,
        ts=fee.at,
        fees=fee.qty * fee.price,  # the units were given up for nothing in return
        broker_fill_id=fee.activity_id,
        account_id=account_id,
    )
    return Booked(fill=taken)


def _transfer(account_id: str, transfer: TransferActivity) -> Booked:
    usd = transfer.usd
    if usd is not None and abs(usd) >= _CENT:
        kind = EntryKind.DEPOSIT if usd > 0 else EntryKind.WITHDRAWAL
        return Booked(_entry(kind, account_id, transfer.activity_id, ts=transfer.at, amount=abs(usd)))
    if transfer.symbol is None or not transfer.qty:
        return Booked()
    way = "came from" if transfer.qty > 0 else "went to"
    units = f"{abs(transfer.qty):g} {transfer.symbol}"
    return Booked(told=f"{units} {way} outside the account on {transfer.at:%Y-%m-%d}: no strategy's")


def _unknown(activity: Activity) -> str:
    on = f"on {activity.at:%Y-%m-%d}"
    if isinstance(activity, RenamingActivity):
        change = "" if activity.qty_change is None else f", {activity.qty_change:+g} units"
        return f"{activity.symbol} changed its name {on}{change}: strategies and ledger still have the old name"
    if isinstance(activity, OtherActivity):
        figures = [f"{activity.qty:g} units" if activity.qty else "", f"{activity.usd:g} USD" if activity.usd else ""]
        said = ", ".join(one for one in (activity.symbol or "", *figures) if one)
        return f"{activity.kind} {on} ({said or 'no figures'}): no rule books it"
    return f"{type(activity).__name__} {on}: no rule books it"


def _cash(kind: EntryKind, account_id: str, activity: Activity, amount: float | None, what: str) -> Booked:
    if amount is None:
        return Booked(told=f"{what} on {activity.at:%Y-%m-%d}, whose amount the broker does not report")
    if amount == 0:
        return Booked()
    return Booked(_entry(kind, account_id, activity.activity_id, ts=activity.at, amount=amount))


def _execution_id(account_id: str, amendment: Bust | Correction) -> str:
    return ExecutionIds.of(account_id, amendment.symbol, amendment.order_id, amendment.of).first


def _entry(kind: EntryKind, account_id: str, ref: str, **fields: Any) -> ReportedEntry:
    return ReportedEntry(kind=kind, ref=ref, account_id=account_id, fields=fields)
