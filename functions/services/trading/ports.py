"""What redemptions, releases and fills need from the outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from functions.domain.ledger.entries import LedgerEntry
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.ledger.ports import LedgerReader


@dataclass(frozen=True, slots=True)
class TradingRecords:
    """What a redemption, a release or a batch of fills reads, in one batched read."""

    policy: Document | None
    session: Versioned[Document | None]
    """``state/session``, which every reservation is committed over."""
    positions: Document | None
    """The position book, which changes only together with the session."""
    redemptions: Mapping[str, Document]
    """Existing redemptions, by nonce."""
    fills: Mapping[str, Versioned[Document]]
    """Existing ledger documents, by id."""
    read_at: datetime
    """Time of the read, by the store's clock."""
    keyed: Mapping[str, Document] = field(default_factory=dict)
    """Existing idempotency records, by id."""
    drift: Document | None = None
    """Differences between broker and books, if requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingWrites:
    """Everything a redemption, a release, a batch of fills or an operator of the book writes, in one atomic commit."""

    session: Document
    """Fields of ``state/session`` to set; its other fields stay."""
    positions: Document | None = None
    """The new position book; None: it stays."""
    new_redemptions: Mapping[str, Document] = field(default_factory=dict)
    redemptions: Mapping[str, Document] = field(default_factory=dict)
    """New contents of existing redemptions."""
    new_fills: Mapping[str, Document] = field(default_factory=dict)
    adopted_fills: Mapping[str, Versioned[Document]] = field(default_factory=dict)
    """Fields to set in existing ledger documents, over the version that was read."""
    new_book_changes: Mapping[str, Document] = field(default_factory=dict)
    """Operators' actions on the position book, by id."""
    new_keyed: Mapping[str, Document] = field(default_factory=dict)
    """Idempotency records."""
    modes: Mapping[str | None, Document] = field(default_factory=dict)
    """Fields to set in existing modes documents, by user; None: the tenant's. They change only with the session."""


class TradingStore(Protocol):
    """Where signals are redeemed and fills recorded."""

    def read(
        self,
        tenant_id: str,
        nonces: Sequence[str],
        fill_ids: Sequence[str] = (),
        key_ids: Sequence[str] = (),
        *,
        with_drift: bool = False,
    ) -> TradingRecords:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def modes(self, tenant_id: str) -> Mapping[str | None, Document]:
        """Return the tenant's modes (None) and those of users' own track records. Raises StoreUnavailable."""
        ...

    def issued(self, tenant_id: str, session_id: str) -> Document | None:
        """Return the signals that a session issued, which never change. Raises StoreUnavailable."""
        ...

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Version | None) -> None:
        """
        Write everything or nothing.

        Raises
        ------
        StoreConflict
            If ``state/session`` changed since ``session_version``, an adopted fill since it was read, or a document to
            create exists already.
        StoreUnavailable
            If it is unknown whether it was written.
        """
        ...


class EntryLedger(LedgerReader, Protocol):
    """Where the documents that amendments refer to are read."""

    def at_instant(self, tenant_id: str, at: datetime) -> Sequence[LedgerEntry]:
        """Return all of the live ledger of one time. Raises StoreUnavailable."""
        ...

    def revisions(self, tenant_id: str, broker_fill_id: str) -> Sequence[LedgerEntry]:
        """Return documents whose broker id is this one plus a further part after a dot. Raises StoreUnavailable."""
        ...

    def shadow_fills(self, tenant_id: str, start: datetime | None, end: datetime) -> Iterable[tuple[str, Document]]:
        """Yield (id, document) of shadow records with start <= timestamp < end. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class AccountAndPrices:
    """What the position book is compared with, and gifts are priced at; None marks a document that does not exist."""

    account: Document | None
    market_data: Document | None


class BookStore(TradingStore, Protocol):
    """Where operators open, repair and close the position book."""

    def account_and_prices(self, tenant_id: str) -> AccountAndPrices:
        """Read them in one round trip. Raises StoreUnavailable."""
        ...

    def reserved_redemptions(self, tenant_id: str, lapses_since: datetime) -> Sequence[Document]:
        """Return RESERVED redemptions that lapse, or lapsed, after a time; the earliest first."""
        ...
