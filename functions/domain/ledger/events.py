"""Ledger entries other than fills: corporate actions, cash, flows, and amendments of entries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.parsing import as_number
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.fields import LedgerFields
from functions.domain.ledger.fills import Fill, parse_fill


class EntryKind(StrEnum):
    """What a ledger document records; one without a kind is a fill."""

    FILL = "fill"
    VOID = "void"
    """Another entry never happened."""
    CORRECTION = "correction"
    """Another fill happened with these figures."""
    SPLIT = "split"
    DIVIDEND = "dividend"
    FEE = "fee"
    INTEREST = "interest"
    FUNDING = "funding"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Split:
    """From an instant on, holdings of a symbol are multiplied by a ratio."""

    entry_id: str
    at: datetime
    symbol: str
    """Canonical."""
    ratio: float
    """New units per old unit: 4 for 4:1, 0.1 for a reverse split 1:10."""


@dataclass(frozen=True, slots=True)
class Dividend:
    """Holders of a symbol before an instant, its ex-date, earn an amount per unit; shorts owe it."""

    entry_id: str
    at: datetime
    symbol: str
    """Canonical."""
    per_unit: float
    """USD per unit; units after a split of the same instant."""


@dataclass(frozen=True, slots=True)
class Cash:
    """Money received or paid without a trade: a fee, interest, or the funding of a perpetual contract."""

    entry_id: str
    at: datetime
    owner: tuple[str, str]
    """(uid, strategy)."""
    usd: float
    """Positive if received, negative if paid."""
    is_fee: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that the owner deposited or withdrew: neither profit nor loss of any strategy."""

    entry_id: str
    at: datetime
    usd: float
    """Positive if deposited, negative if withdrawn."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """Voids or corrects another entry of the same instant."""

    entry_id: str
    at: datetime
    of: str
    """Id of the entry amended."""
    fill: Fill | None
    """Its replacement; None voids it."""
    version: float
    """The ledger's version with this amendment: the latest counts. Infinite until Maestro has adopted it."""


Event = Fill | Split | Dividend | Cash | Flow
"""Events that change books, or are known to change none."""
Entry = Event | Amendment


def kind_of(document: Mapping[str, Any]) -> EntryKind | None:
    """Return the kind of a ledger document; None if it is unknown."""
    kind = document.get("kind")
    if kind is None:
        return EntryKind.FILL
    return EntryKind(kind) if kind in list(EntryKind) else None


def parse_entry(document_id: str, document: Mapping[str, Any]) -> Entry:
    """
    Read one ledger document of any kind.

    Raises
    ------
    FillError
        If a field is missing or out of range; it names the document, the field, the limit and the value.
    """
    fields = LedgerFields(document_id, document)
    match kind_of(document):
        case EntryKind.FILL:
            return parse_fill(document_id, document)
        case EntryKind.VOID | EntryKind.CORRECTION as kind:
            fill = parse_fill(document_id, document) if kind is EntryKind.CORRECTION else None
            return Amendment(document_id, fields.time(), fields.text("of"), fill, _version(fields))
        case EntryKind.SPLIT:
            return Split(document_id, fields.time(), _symbol(fields), fields.above_zero("ratio"))
        case EntryKind.DIVIDEND:
            return Dividend(document_id, fields.time(), _symbol(fields), fields.above_zero("per_unit"))
        case EntryKind.FEE | EntryKind.INTEREST | EntryKind.FUNDING as kind:
            amount = fields.number("amount", "a number other than 0", lambda value: value != 0)
            is_fee = kind is EntryKind.FEE
            return Cash(document_id, fields.time(), fields.owner(), -amount if is_fee else amount, is_fee)
        case EntryKind.DEPOSIT | EntryKind.WITHDRAWAL as kind:
            amount = fields.above_zero("amount")
            return Flow(document_id, fields.time(), amount if kind is EntryKind.DEPOSIT else -amount)
        case None:
            raise fields.error("kind", "one of " + ", ".join(EntryKind))


def _version(fields: LedgerFields) -> float:
    version = as_number(fields.get("ledger_version"))
    return math.inf if version is None else version


def _symbol(fields: LedgerFields) -> str:
    return canonical_symbol(fields.text("symbol", may_have_slash=True))
