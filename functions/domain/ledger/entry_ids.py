"""Ids of ledger documents: the same for every report of the same thing, and unique."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.events import EntryKind
from functions.domain.ledger.fills import revision_of


def digest(parts: Sequence[Any]) -> str:
    """Return a hash of values, 32 hexadecimal digits; boundaries between values count."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:32]


def entry_id_of(kind: EntryKind, account_id: str | None, ref: str) -> str:
    """Return the id of an entry other than a fill."""
    return f"e_{digest([str(kind), account_id, ref])}"


@dataclass(frozen=True, slots=True)
class ExecutionIds:
    """
    The ids under which one execution may be in the ledger.

    An execution is identified by account, symbol, order and the broker's id together, because some brokers number
    trades per symbol or per order. If the broker numbers revisions, the first to arrive gives the id of them all.
    """

    first: str
    """Id of the execution; of a revised one, of the revision that arrived first."""
    revised: str | None
    """Id of this revision, if another arrived first; None if the broker numbers none."""
    before: str
    """Id from before ids included symbol and order."""
    stem: str | None
    """The broker's id without the revision; None if the broker numbers none."""

    @property
    def all(self) -> list[str]:
        return [self.first, *([self.revised] if self.revised else []), self.before]

    @classmethod
    def of(cls, account_id: str | None, symbol: str, order_id: str | None, broker_fill_id: str) -> ExecutionIds:
        """Return the ids of an execution as a client reports it."""
        where, before = [account_id, canonical_symbol(symbol), order_id], f"b_{digest([account_id, broker_fill_id])}"
        revised = revision_of(broker_fill_id)
        if revised is None:
            return cls(f"b_{digest([*where, broker_fill_id])}", None, before, None)
        first, (stem, revision) = f"b_{digest([*where, revised[0]])}", revised
        return cls(first, f"{first}_r{revision}", before, broker_fill_id[: len(stem)])
