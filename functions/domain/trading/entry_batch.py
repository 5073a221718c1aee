"""The effect of a batch of entries other than fills on the ledger, one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.events import Amendment, Entry, EntryKind, kind_of, parse_entry
from functions.domain.ledger.fields import LedgerFields
from functions.domain.ledger.fills import parse_fill
from functions.domain.trading.fill_batch import adopted_fields
from functions.domain.trading.ledger_batch import LedgerBatch
from functions.domain.trading.reported_entries import AMENDMENTS, ReportedEntry, amended_fields
from functions.domain.trading.reported_fills import FillResult, FillStatus


@dataclass(slots=True, kw_only=True)
class EntryBatch(LedgerBatch):
    """The tenant's state with the entries added so far."""

    def add(self, entry: ReportedEntry) -> None:
        """
        Add one entry.

        Raises
        ------
        InputError
            If a new one is malformed, amends an entry that does not exist, or is dated ahead or too old; an amendment
            has the time of the entry that it amends.
        """
        name, entry_id = f"entries.{len(self.results)}", entry.entry_id
        known = self.known.get(entry_id)
        if known is not None:
            is_same = entry.agrees_with(known)
            status = FillStatus.DUPLICATE if is_same else FillStatus.REJECTED
            self.results.append(FillResult(entry_id, status, None if is_same else ReasonCode.ENTRY_CONFLICT))
            return
        target = None if entry.of is None else self.known.get(entry.of)
        document = entry.to_ledger(name, self.tenant_id, self.uid, target, self.now)
        parsed = parse_entry(name, document)
        if entry.of is None:
            self.check_time(f"{name}.ts", parsed.at)
        else:
            self.check_time(f"{name}.of", parsed.at, f"{entry.of}, dated {parsed.at.isoformat()}")
        self._count(parsed, target)
        self.ledger[entry_id] = self.with_version(document)
        self.results.append(FillResult(entry_id, FillStatus.RECORDED))

    def adopt(self, entry: LedgerEntry, target: Mapping[str, Any] | None) -> None:
        """
        Adopt one that a user's own code wrote to the ledger, completed as `add` would write it.

        Parameters
        ----------
        target : mapping or None
            The document that it amends.

        Raises
        ------
        InputError
            If it is malformed, or amends nothing and has no time of its own: it does not count.
        """
        missing = missing_fields(entry, target)
        parsed = parse_entry(entry.entry_id, {**entry.document, **missing})
        own_ts = LedgerFields(entry.entry_id, entry.document)
        self._count(parsed, target)
        self.amended.add(parsed.at)
        added = adopted_fields(entry, parsed.at, own_ts.time() if own_ts.get("ts") else parsed.at, self.now)
        self.adopted[entry.entry_id] = self.with_version({**missing, **added})
        self.results.append(FillResult(entry.entry_id, FillStatus.RECORDED))

    def _count(self, parsed: Entry, target: Mapping[str, Any] | None) -> None:
        spent = 0.0
        if isinstance(parsed, Amendment):
            self.amended.add(parsed.at)
            if parsed.fill is not None and target is not None:
                spent = self.added_cost(parse_fill(parsed.of, target), parsed.fill)
        else:
            self.come.append(parsed)
        self.current = self.current.with_fill(None, spent, self.now)


def missing_fields(entry: LedgerEntry, target: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return the fields that a user's own document takes from the entry it amends; empty if it amends nothing.

    Raises
    ------
    InputError
        If the amended entry does not exist, and it has no time of its own.
    """
    kind, fields = kind_of(entry.document), LedgerFields(entry.entry_id, entry.document)
    if kind not in AMENDMENTS or (target is None and fields.get("ts") is not None):
        return {}
    amended = amended_fields(f"{entry.entry_id}.of", kind, fields.text("of"), target)
    return {name: value for name, value in amended.items() if name == "ts" or fields.get(name) is None}


KINDS = tuple(kind for kind in EntryKind if kind is not EntryKind.FILL)
"""Kinds that are reported as entries; fills are reported as fills."""
