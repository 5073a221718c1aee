"""What cycles and their inputs need from the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from functions.domain.orchestration.signals import ProposedSignal
from functions.services.kernel.ports import Document, Version, Versioned


@dataclass(frozen=True, slots=True)
class TenantState:
    """Everything a cycle reads, in one batched read; None marks a document that does not exist."""

    policy: Document | None
    windows: Document | None
    modes: Document | None
    session: Versioned[Document | None]
    """``state/session``, which every decision is committed over."""
    positions: Document | None
    """The position book, which changes only together with the session."""
    account: Document | None
    account_received_at: datetime | None
    """When it was stored, by the store's clock."""
    market_data: Document | None
    regime: Document | None
    cycle_record: Document | None
    """The record of the slot, if already decided."""
    keyed: Document | None
    """The idempotency record of the request, if its key was already used."""
    cockpit: Document | None
    """What the last cycle stored for the dashboard."""
    broker: Document | None = None
    """The connection to the tenant's broker, with the result of its last feed."""
    drift: Document | None = None
    """Differences between broker and books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleWrites:
    """Everything a cycle writes, in one atomic commit."""

    session_id: str
    log: Document
    session: Document
    current_session: Document
    """Fields of ``state/session`` to set; its other fields stay."""
    modes: Document | None
    """None when no mode changed."""
    shadow_records: Mapping[str, Document]
    """Paper fills, by id."""
    cockpit: Document | None = None
    """None for a cycle on one user's track record."""
    new_cycles: Mapping[str, Document] = field(default_factory=dict)
    """The record of the slot, by slot."""
    new_keyed: Mapping[str, Document] = field(default_factory=dict)
    """Idempotency records."""


class CycleStore(Protocol):
    """Where cycles read and write."""

    def read(self, tenant_id: str, uid: str | None, slot: str | None, key_id: str | None = None) -> TenantState:
        """Read everything in one round trip. Raises StoreUnavailable."""
        ...

    def commit(self, tenant_id: str, uid: str | None, writes: CycleWrites, session_version: Version | None) -> None:
        """
        Write everything or nothing.

        Raises
        ------
        StoreConflict
            If ``state/session`` changed since ``session_version``, or a record of slot or key exists.
        StoreUnavailable
            If it is unknown whether it was written.
        """
        ...

    def write_shadow_record(self, tenant_id: str, record_id: str, record: Document) -> None:
        """Store one shadow record; repeating it changes nothing. Raises StoreUnavailable."""
        ...

    def record_superseded(self, tenant_id: str, slot: str, record: Document) -> None:
        """Store the record of a slot that a newer one overtook. Raises StoreConflict if it has one."""
        ...


class PolicyStore(Protocol):
    """Where a tenant's policy is stored, with its history."""

    def read_policy(self, tenant_id: str) -> Versioned[Document | None]:
        """Return the document, to commit over. Raises StoreUnavailable."""
        ...

    def policy_change(self, tenant_id: str, version: int) -> Document | None:
        """Return one entry of the history. Raises StoreUnavailable."""
        ...

    def idempotency_record(self, tenant_id: str, record_id: str) -> Document | None:
        """Return the answer to a keyed request. Raises StoreUnavailable."""
        ...

    def policy_history(self, tenant_id: str, before: int | None, limit: int) -> list[Document]:
        """Return changes, newest first, of versions below ``before``. Raises StoreUnavailable."""
        ...

    def commit_policy(
        self,
        tenant_id: str,
        document: Document,
        change: Document,
        before: Versioned[Document | None],
        keyed: Mapping[str, Document],
    ) -> None:
        """
        Store a policy and the change behind it, and make concurrent redemptions read again.

        Parameters
        ----------
        keyed : mapping
            Idempotency records to create, by id.

        Raises
        ------
        StoreConflict
            If the policy was changed since ``before``, or a record exists.
        StoreUnavailable
            If it is unknown whether it was written.
        """
        ...


class InputStore(Protocol):
    """Where the account snapshot (``account``) and the market data (``market_data``) are stored."""

    def read_input(self, tenant_id: str, kind: str) -> Versioned[Document | None]:
        """Return the document, to commit over. Raises StoreUnavailable."""
        ...

    def commit_input(self, tenant_id: str, kind: str, document: Document, before: Versioned[Document | None]) -> None:
        """Replace the document. Raises StoreConflict if it was written since ``before``, StoreUnavailable."""
        ...

    def ledger_version(self, tenant_id: str) -> int:
        """Return how many fills are on record. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class FoundStrategies:
    """The strategies to run."""

    names: Sequence[str] = ()
    samples: frozenset[str] = frozenset()
    """Which of them are samples."""
    symbols: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Symbols that each of them declares, by name."""
    load_errors: Mapping[str, str] = field(default_factory=dict)
    """Why something could not be loaded, by module or class name."""


class SymbolStore(Protocol):
    """Where strategies' declared symbols are stored, for all tenants."""

    def write_symbols(self, symbols: Sequence[str], samples: Mapping[str, Sequence[str]]) -> None:
        """Store the symbols of all strategies but samples, and of each sample; repeatable. Raises StoreError."""
        ...


@dataclass(frozen=True, slots=True)
class StrategyInputs:
    """Inputs of strategies; no strategy can change them for another."""

    market_data: Mapping[str, Any]
    account_snapshot: Mapping[str, Any]
    regime: Mapping[str, Any] | None = None
    own_fields: Callable[[str], Mapping[str, Any]] = lambda _: {}
    """A strategy's own fields of the account snapshot, by its name."""


class StrategyRunner(Protocol):
    """Where the strategies of a package run: in threads of this process, or in processes of their own."""

    def found(self, timeout_seconds: float) -> FoundStrategies:
        """
        Load the strategies unless loaded, and return what was found.

        Parameters
        ----------
        timeout_seconds : float
            For each import and each constructor, if they can be stopped.
        """
        ...

    def reload(self) -> None:
        """Drop the loaded strategies, so that the files are read again."""
        ...

    async def evaluate(
        self, tenant_id: str, names: Sequence[str], inputs: StrategyInputs, timeout_seconds: float
    ) -> list[ProposedSignal]:
        """
        Return one signal per name, in order; a failure is a HOLD with its error and reason code.

        Parameters
        ----------
        timeout_seconds : float
            For each strategy, from its own start.
        """
        ...
