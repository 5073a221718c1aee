"""Store the inputs of cycles: the account snapshot and the market data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from functions.domain.kernel.document_size import MOST_BYTES, stored_bytes
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.parsing import CLOCK_SKEW, check_not_ahead
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.inputs import MAX_CLOSES, check_ledger_version, check_quote, parse_account
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock
from functions.services.orchestration.ports import InputStore


class PutInputs:
    """The use case; keep one per process."""

    def __init__(self, store: InputStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    def put_account(self, tenant_id: str, account: Mapping[str, Any]) -> None:
        """
        Replace the account snapshot; repeating it changes nothing.

        Raises
        ------
        InputError
            If it is malformed, dated ahead of the server's clock, or names a ledger version that does not exist yet.
        RefusedError
            With OUTDATED_SNAPSHOT, if a newer one is stored; with TOO_LARGE, if it exceeds a size limit.
        StoreUnavailable
        """
        read = parse_account(account)
        _check_size("the account snapshot takes", stored_bytes(account), MOST_BYTES, "bytes")
        if read.ledger_version is not None:
            check_ledger_version(read, self._store.ledger_version(tenant_id))
        self._put(tenant_id, "account", account)

    def put_market_data(self, tenant_id: str, market_data: Mapping[str, Any]) -> None:
        """Replace the market data, as `put_account` does. Raises InputError, RefusedError, StoreUnavailable."""
        for symbol, quote in market_data["symbols"].items():
            check_quote(symbol, quote)
        closes = sum(len(quote.get("history") or ()) for quote in market_data["symbols"].values())
        _check_size("the histories of all symbols have", closes, MAX_CLOSES, "closes")
        self._put(tenant_id, "market_data", market_data)

    def _put(self, tenant_id: str, kind: str, document: Mapping[str, Any]) -> None:
        as_of: datetime = document["as_of"]
        check_not_ahead("as_of", as_of, self._clock.now())

        def attempt() -> None:
            before = self._store.read_input(tenant_id, kind)
            newest = (before.value or {}).get("as_of")
            # A stored snapshot dated ahead, which a user's own code may have written, blocks no newer ones.
            if isinstance(newest, datetime) and as_of < newest <= self._clock.now() + CLOCK_SKEW:
                raise RefusedError(
                    ReasonCode.OUTDATED_SNAPSHOT,
                    f"as_of {as_of.isoformat()} is older than the stored one, {newest.isoformat()}",
                )
            self._store.commit_input(tenant_id, kind, document, before)

        self._commits.run(tenant_id, attempt)


def _check_size(what: str, size: int, most: int, unit: str) -> None:
    if size > most:
        raise RefusedError(ReasonCode.TOO_LARGE, f"{what} {size:,} {unit}, at most {most:,} can be stored")
