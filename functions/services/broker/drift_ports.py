"""What reconciliation needs from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from functions.services.kernel.ports import Document, Versioned


@dataclass(frozen=True, slots=True)
class ReconciledRecords:
    """What is compared with a broker, in one batched read; None marks a document that does not exist."""

    session: Document | None
    """``state/session``."""
    positions: Document | None
    """The position book, which changes only together with the session."""
    drift: Versioned[Document | None]
    """``state/drift``."""


class DriftStore(Protocol):
    """Where differences between broker and books are stored."""

    def read(self, tenant_id: str) -> ReconciledRecords:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def put_drift(self, tenant_id: str, document: Document, before: Versioned[Document | None]) -> None:
        """
        Replace ``state/drift``, and have alerts checked.

        Raises
        ------
        StoreConflict
            If it was written since ``before``.
        StoreUnavailable
            If it is unknown whether it was written.
        """
        ...
