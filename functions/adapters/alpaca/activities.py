"""Convert account activities from Alpaca's types into ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.adapters.alpaca.fields import Fields
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

_STANDINGS: Mapping[str | None, Standing] = {
    "correct": Standing.CORRECTION,
    "corrected": Standing.CORRECTION,
    "canceled": Standing.CANCELED,
}


def read_activity(fields: Fields) -> Activity:
    """Read one entry of the list of activities, of any type. Raises MalformedAnswer."""
    kind = fields.text("activity_type")
    if kind == "FILL":
        return _execution(fields)
    common: dict[str, Any] = {
        "activity_id": fields.text("id"),
        "at": fields.day_or_time("date"),
        "posted_at": fields.time_or_none("created_at"),
        "standing": _STANDINGS.get(fields.text_or_none("status"), Standing.EXECUTED),
    }
    read = _READERS.get(kind) or next((reader for start, reader in _FAMILIES if kind.startswith(start)), None)
    return _other(fields, common) if read is None else read(fields, common)


def read_amendment(fields: Fields) -> Bust | Correction | None:
    """Read one event of the activities' stream; None if it is neither a bust nor a correction."""
    details = fields.inner("details") or fields
    kind = details.text_or_none("execution_type")
    if kind not in {"trade_bust", "trade_correct"}:
        return None
    common: dict[str, Any] = {
        "activity_id": fields.text("event_id"),
        "at": fields.time("executed_at"),
        "posted_at": fields.time_or_none("at"),
        "of": fields.text("previous_id"),
        "order_id": details.text("order_id"),
        "symbol": details.text("symbol"),
    }
    if kind == "trade_bust":
        return Bust(**common)
    qty, price = fields.above_zero("qty"), fields.above_zero("price")
    return Correction(**common, side=details.text("side"), qty=qty, price=price)


def _execution(fields: Fields) -> Execution:
    activity_id = fields.text("id")
    return Execution(
        activity_id=activity_id,
        at=fields.time("transaction_time"),
        execution_id=activity_id.rpartition("::")[2],
        order_id=fields.text("order_id"),
        symbol=fields.text("symbol"),
        side=fields.text("side"),
        qty=fields.above_zero("qty"),
        price=fields.above_zero("price"),
        order_qty_filled=fields.figure_or_none("cum_qty"),
        order_qty_left=fields.figure_or_none("leaves_qty"),
    )


def _dividend(fields: Fields, common: Mapping[str, Any]) -> Activity:
    return DividendActivity(
        **common,
        symbol=fields.text_or_none("symbol"),
        usd=fields.figure_or_none("net_amount"),
        per_unit=fields.figure_or_none("per_share_amount"),
        qty=fields.figure_or_none("qty"),
        is_in_kind=fields.text_or_none("activity_sub_type") == "SDIV",
    )


def _fee(fields: Fields, common: Mapping[str, Any]) -> Activity:
    qty, usd = fields.figure_or_none("qty"), fields.figure_or_none("net_amount")
    is_in_coins = bool(qty) and not usd  # such fees have 0 USD
    return FeeActivity(
        **common,
        usd=None if is_in_coins else usd,
        symbol=fields.text_or_none("symbol"),
        qty=abs(qty) if is_in_coins and qty is not None else None,
        price=fields.figure_or_none("price") if is_in_coins else None,
    )


def _interest(fields: Fields, common: Mapping[str, Any]) -> Activity:
    return InterestActivity(**common, usd=fields.figure_or_none("net_amount"))


def _transfer(fields: Fields, common: Mapping[str, Any]) -> Activity:
    qty, symbol = fields.figure_or_none("qty"), fields.text_or_none("symbol")
    usd = fields.figure_or_none("net_amount")
    is_of_units = symbol is not None and qty is not None
    return TransferActivity(**common, usd=None if is_of_units and not usd else usd, symbol=symbol, qty=qty)


def _split(fields: Fields, common: Mapping[str, Any]) -> Activity:
    new, old = fields.figure_or_none("new_rate"), fields.figure_or_none("old_rate")
    ratio = new / old if new and old and new > 0 and old > 0 else None
    symbol = fields.text_or_none("symbol")
    if symbol is None:
        return _other(fields, common)
    return SplitActivity(**common, symbol=symbol, qty_change=fields.figure_or_none("qty"), ratio=ratio)


def _renaming(fields: Fields, common: Mapping[str, Any]) -> Activity:
    symbol = fields.text_or_none("symbol")
    if symbol is None:
        return _other(fields, common)
    return RenamingActivity(**common, symbol=symbol, qty_change=fields.figure_or_none("qty"))


def _other(fields: Fields, common: Mapping[str, Any]) -> Activity:
    return OtherActivity(
        **common,
        kind=fields.text("activity_type"),
        symbol=fields.text_or_none("symbol"),
        qty=fields.figure_or_none("qty"),
        usd=fields.figure_or_none("net_amount"),
    )


_Reader = Callable[[Fields, Mapping[str, Any]], Activity]
_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys(("FEE", "CFEE", "PTC", "PTR", "DIVFEE"), _fee),
    **dict.fromkeys(("TRANS", "CSD", "CSW", "JNL", "JNLC", "JNLS", "ACATC", "ACATS", "FOPT"), _transfer),
    "CGD": _dividend,
    "SPLIT": _split,
    "NC": _renaming,
}
_FAMILIES: tuple[tuple[str, _Reader], ...] = (("DIV", _dividend), ("INT", _interest))
"""Types with this prefix belong to its family, including new ones."""
