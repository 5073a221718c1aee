"""Redemptions, releases and fills in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from functions.domain.kernel.errors import StoreConflict
from functions.services.kernel.ports import Document, Version, Versioned
from functions.services.trading.ports import AccountAndPrices, TradingRecords, TradingWrites
from tools.lab.engine.stores.collection import Collection
from tools.lab.engine.stores.documents import Documents


class MemoryTradingStore:
    """`TradingStore` and `BookStore` in memory."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def read(
        self,
        tenant_id: str,
        nonces: Sequence[str],
        fill_ids: Sequence[str] = (),
        key_ids: Sequence[str] = (),
        *,
        with_drift: bool = False,
    ) -> TradingRecords:
        documents, state = self._documents, self._documents.of(tenant_id, "state")
        trades = documents.of(tenant_id, "ledger_trades")
        return TradingRecords(
            policy=documents.of(tenant_id, "config").get("maestro"),
            session=state.versioned("session"),
            positions=state.get("positions"),
            redemptions=_those(documents.of(tenant_id, "redemptions"), nonces),
            fills={name: _present(trades.versioned(name)) for name in fill_ids if name in trades},
            read_at=documents.tick(),
            keyed=_those(documents.of(tenant_id, "idempotency"), key_ids),
            drift=state.get("drift") if with_drift else None,
        )

    def modes(self, tenant_id: str) -> Mapping[str | None, Document]:
        named = ((name.partition("__"), one) for name, one in self._documents.of(tenant_id, "state").items())
        return {uid or None: one for (name, _, uid), one in named if name == "modes"}

    def issued(self, tenant_id: str, session_id: str) -> Document | None:
        return self._documents.of(tenant_id, "sessions").get(session_id)

    def commit(self, tenant_id: str, writes: TradingWrites, session_version: Version | None) -> None:
        with self._documents.lock:
            self._commit(tenant_id, writes, session_version)

    def _commit(self, tenant_id: str, writes: TradingWrites, session_version: Version | None) -> None:
        state, trades, redemptions, keyed, history = (
            self._documents.of(tenant_id, name)
            for name in ("state", "ledger_trades", "redemptions", "idempotency", "state/positions/history")
        )
        state.check_version("session", session_version)
        created = (
            (redemptions, writes.new_redemptions),
            (trades, writes.new_fills),
            (keyed, writes.new_keyed),
            (history, writes.new_book_changes),
        )
        if any(name in folder for folder, new in created for name in new):
            raise StoreConflict("a redemption, a fill, a key or a change of the book exists")
        for fill_id, fields in writes.adopted_fills.items():
            trades.check_version(fill_id, fields.version)
        for folder, new in created:
            for name, document in new.items():
                folder.put(name, document)
        for fill_id, fields in writes.adopted_fills.items():
            trades.merge(fill_id, fields.value)
        for nonce, document in writes.redemptions.items():
            redemptions.put(nonce, document)
        for uid, changed in writes.modes.items():
            state.merge("modes" if uid is None else f"modes__{uid}", changed)
        if writes.positions is not None:
            state.put("positions", writes.positions)
        state.merge("session", writes.session)

    def account_and_prices(self, tenant_id: str) -> AccountAndPrices:
        account = self._documents.of(tenant_id, "accounts").get("primary")
        return AccountAndPrices(account, self._documents.of(tenant_id, "market_data").get("latest"))

    def reserved_redemptions(self, tenant_id: str, lapses_since: datetime) -> Sequence[Document]:
        found = (one for _, one in self._documents.of(tenant_id, "redemptions").items())
        reserved = [one for one in found if one["status"] == "RESERVED" and one["lapses_at"] >= lapses_since]
        return sorted(reserved, key=lambda one: one["lapses_at"])


def _those(folder: Collection, names: Sequence[str]) -> dict[str, Document]:
    found = ((name, folder.get(name)) for name in names)
    return {name: one for name, one in found if one is not None}


def _present(stored: Versioned[Document | None]) -> Versioned[Document]:
    return Versioned(stored.value or {}, stored.version, stored.stored_at, stored.created_at)
