"""Ids of ledger documents: the same whenever something is told again, and never those of something else."""

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
    """Return 32 hexadecimal digits of values: other values give others, wherever one ends and the next begins."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:32]


def entry_id_of(kind: EntryKind, account_id: str | None, ref: str) -> str:
    """Return the id of an entry that is no fill."""
    return f"e_{digest([str(kind), account_id, ref])}"


@dataclass(frozen=True, slots=True)
class ExecutionIds:
    """
    The ids under which one execution may be in the ledger.

    An execution is known by account, symbol, order and the broker's id together: brokers count trades by symbol, or by
    order, too. Where the broker counts revisions of it, the first to come has the id of them all.
    """

    first: str
    """Of the execution; of a revised one, of whichever revision came first."""
    revised: str | None
    """Of this revision, where another came first; None where the broker counts none."""
    before: str
    """From before the id had symbol and order."""
    stem: str | None
    """The broker's id without the revision, as it is spelled; None where the broker counts none."""

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
