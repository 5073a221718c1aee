"""A ledger entry other than a fill, as a client reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.ledger.entry_ids import entry_id_of
from functions.domain.ledger.events import EntryKind
from functions.domain.ledger.fields import LedgerFields

AMENDMENTS = frozenset({EntryKind.VOID, EntryKind.CORRECTION})
_OF_A_VOID = ("uid", "strategy_id", "symbol", "side")
_FIGURES = ("qty", "price", "fees", "slippage", "fee_currency", "fee_qty", "fee_rate")
_OF_A_FILL = (*_OF_A_VOID, *_FIGURES, "broker_fill_id", "order_id", "account_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedEntry:
    """One entry: identified by kind, account and reference."""

    kind: EntryKind
    ref: str
    """The broker's id of it, or one of the caller's."""
    account_id: str | None = None
    fields: Mapping[str, Any]
    """The given fields of this kind that `functions.domain.ledger.events.parse_entry` reads."""

    @property
    def entry_id(self) -> str:
        """The ledger document's id, the same for every report of it."""
        return entry_id_of(self.kind, self.account_id, self.ref)

    @property
    def of(self) -> str | None:
        """The id of the entry that it amends."""
        return self.fields.get("of") if self.kind in AMENDMENTS else None

    def agrees_with(self, known: Mapping[str, Any]) -> bool:
        """Return whether a ledger document has the same content."""
        return all(known.get(name) == value for name, value in self.fields.items())

    def to_ledger(
        self, name: str, tenant_id: str, uid: str, target: Mapping[str, Any] | None, now: datetime
    ) -> dict[str, Any]:
        """
        Return the document of ``ledger_trades``, without its version.

        Parameters
        ----------
        name : str
            The sender's name for it, such as ``entries.0``.
        target : mapping or None
            The document that it amends.

        Raises
        ------
        InputError
            If there is nothing to amend.
        """
        document = {"kind": str(self.kind), "ref": self.ref, "tenant_id": tenant_id, "created_at": now}
        if self.kind not in AMENDMENTS:
            return {"uid": uid, "account_id": self.account_id, **document, **self.fields}
        amended = amended_fields(f"{name}.of", self.kind, str(self.of), target)
        return {"account_id": self.account_id, **amended, **document, **self.fields}


def amended_fields(field: str, kind: EntryKind, of: str, target: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return what an amendment takes from the entry that it amends: its time, and the owner and symbol of the fill.

    Raises
    ------
    InputError
        If there is no such document, or it cannot be amended in this way.
    """
    if target is None:
        raise InputError(field, "the id of a ledger document, as the API answered it", of)
    target_kind = target.get("kind") or EntryKind.FILL
    if kind is EntryKind.CORRECTION and target_kind not in {EntryKind.FILL, EntryKind.CORRECTION}:
        raise InputError(field, f"the id of a fill; void a {target_kind}, and record another", of)
    if target_kind == EntryKind.VOID:
        raise InputError(field, "the id of an entry that is not a void, which is final: record the entry again", of)
    fields = LedgerFields(of, target)
    names = _OF_A_FILL if kind is EntryKind.CORRECTION else _OF_A_VOID
    found = {name: value for name in names if (value := fields.get(name)) is not None}
    return {**found, "ts": fields.time()}
