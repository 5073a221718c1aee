"""Redeem and release signals: the one gate between a decision and a trade."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from functions.domain.kernel.errors import DamagedDocument, InputError, RefusedError
from functions.domain.kernel.policy import OnDrift, Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import check_fields
from functions.domain.orchestration.cycle_documents import OF_ISSUED, issued_signals
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.domain.trading.redeem import Claim, check_repeat, redeem
from functions.domain.trading.redemption import Redemption, intent_of, order_of, release
from functions.domain.trading.reservations import CurrentSession
from functions.services.kernel.commits import Commits
from functions.services.kernel.damage import reading
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock, Document
from functions.services.trading.ports import TradingRecords, TradingStore, TradingWrites

logger = logging.getLogger("maestro")

_SESSIONS_KEPT = 128
NEXT_CYCLE, REOPEN = "the next cycle issues new signals", "open the book again"
"""How to repair a session and a position book."""


@dataclass(frozen=True, slots=True)
class IssuedSignals:
    """The signals that a session issued."""

    session_id: str
    expires_at: datetime
    signals: Mapping[str, Mapping[str, Any]]
    """By strategy."""

    def of_nonce(self, nonce: str) -> Mapping[str, Any] | None:
        return next((signal for signal in self.signals.values() if signal["nonce"] == nonce), None)


class RedeemSignals:
    """The use case; keep one per process."""

    def __init__(self, store: TradingStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits
        self.issued = lru_cache(maxsize=_SESSIONS_KEPT)(self._read_issued)
        """The signals that a session issued, by (tenant_id, session_id); they never change. Raises StoreUnavailable."""

    def redeem(
        self,
        tenant_id: str,
        uid: str,
        nonce: str,
        idempotency_key: str | None,
        policy_defaults: Mapping[str, Any],
    ) -> Redemption:
        """
        Claim a signal, once, and reserve its buying power.

        The same request with the same idempotency key gets the first answer again, unless it is an entry that must no
        longer be traded.

        Raises
        ------
        RefusedError
            With the reason why this signal must not be traded.
        StoreUnavailable
            If it is unknown whether it was redeemed: ask again with the same idempotency key.
        """
        key = None if idempotency_key is None else RequestKey(uid, idempotency_key, {"redeem": nonce})

        def attempt() -> Redemption:
            claim = Claim(
                tenant_id=tenant_id, uid=uid, nonce=nonce, idempotency_key=idempotency_key, now=self._clock.now()
            )
            key_ids = [] if key is None else [key.id]
            records = self._store.read(tenant_id, [nonce], key_ids=key_ids, with_drift=True)
            if key is not None:
                key.first_answer(records.keyed.get(key.id))  # the redemption itself holds the answer
            policy = policy_or_none(policy_defaults, records.policy)
            if nonce in records.redemptions:
                first = read_redemption(records.redemptions[nonce])
                # An exit is answered even if the session was superseded or is damaged.
                breaker = current_session(records).breaker if first.is_entry else BreakerState()
                drifts = _drifts_for(policy, records) if first.is_entry else NO_DRIFT
                return check_repeat(first, claim, policy, breaker, drifts)
            current = current_session(records)
            issued, signal = self._signal(tenant_id, nonce, current)
            book = _book_for(signal, records)
            drifts = _drifts_for(policy, records) if intent_of(signal) is Intent.ENTRY else NO_DRIFT
            redemption, reservation = redeem(claim, signal, issued.expires_at, policy, current, book, drifts)
            book = book.with_order(nonce, order_of(redemption), claim.now)
            writes = TradingWrites(
                positions=book.to_document(claim.now) if book.is_open else None,
                session=current.reserving(nonce, reservation).to_fields(claim.now),
                new_redemptions={nonce: redemption.to_document()},
                new_keyed={} if key is None else {key.id: key.record({"nonce": nonce}, claim.now)},
            )
            self._store.commit(tenant_id, writes, records.session.version)
            return redemption

        redemption = self._commits.run(tenant_id, attempt)
        _log("Redeemed", redemption)
        return redemption

    def release(self, tenant_id: str, uid: str, nonce: str, *, is_admin: bool = False) -> Redemption:
        """
        Release what a redeemed signal still reserves; repeating it changes nothing.

        Raises
        ------
        RefusedError
            If it was not redeemed, was redeemed by another user (unless an admin asks), or its order was filled.
        StoreUnavailable
        """

        def attempt() -> Redemption:
            now = self._clock.now()
            records = self._store.read(tenant_id, [nonce])
            if nonce not in records.redemptions:
                raise RefusedError(ReasonCode.NOT_REDEEMED, f"nonce {shown_nonce(nonce)}… was not redeemed")
            current = current_session(records)
            before = read_redemption(records.redemptions[nonce])
            if before.uid != uid and not is_admin:
                raise RefusedError(
                    ReasonCode.NOT_YOUR_REDEMPTION,
                    f"nonce {shown_nonce(nonce)}… was redeemed by another user: "
                    "only that user or an admin can release it",
                )
            redemption, reservation = release(before, now)
            if redemption != before:
                book = book_or_closed(records).without_order(nonce)
                writes = TradingWrites(
                    session=current.reserving(nonce, reservation).to_fields(now),
                    positions=book.to_document(now) if book.is_open else None,
                    redemptions={nonce: redemption.to_document()},
                )
                self._store.commit(tenant_id, writes, records.session.version)
            return redemption

        redemption = self._commits.run(tenant_id, attempt)
        _log("Released", redemption)
        return redemption

    def latest(self, tenant_id: str) -> tuple[IssuedSignals, CurrentSession] | None:
        """Return the current session's signals; None before the first cycle. Raises StoreUnavailable."""
        current = current_session(self._store.read(tenant_id, []))
        if current.session_id is None:
            return None
        return self.issued(tenant_id, current.session_id), current

    def _read_issued(self, tenant_id: str, session_id: str) -> IssuedSignals:
        document = self._store.issued(tenant_id, session_id)
        if document is None:
            limit = "the id of a session on record"
            raise DamagedDocument(f"tenants/{tenant_id}/state/session", "session_id", limit, "another", NEXT_CYCLE)
        with reading(document, NEXT_CYCLE):
            signals = _named(document)
        return IssuedSignals(session_id, document["expires_at"], signals)

    def _signal(self, tenant_id: str, nonce: str, current: CurrentSession) -> tuple[IssuedSignals, Mapping[str, Any]]:
        if current.session_id is not None:
            issued = self.issued(tenant_id, current.session_id)
            signal = issued.of_nonce(nonce)
            if signal is not None:
                return issued, signal
        for session_id in current.recent_sessions:
            if self.issued(tenant_id, session_id).of_nonce(nonce) is not None:
                raise RefusedError(
                    ReasonCode.SESSION_SUPERSEDED, "a newer cycle replaced this signal: ask for the latest signals"
                )
        raise RefusedError(ReasonCode.SIGNAL_UNKNOWN, f"no recent session issued nonce {shown_nonce(nonce)}…")


def current_session(records: TradingRecords) -> CurrentSession:
    """Read ``state/session``. Raises DamagedDocument."""
    with reading(records.session.value, "nothing can be redeemed until then (runbook: state/session)"):
        return CurrentSession.from_document(records.session.value)


def read_redemption(document: Document) -> Redemption:
    """Read one redemption. Raises DamagedDocument."""
    with reading(document):
        return Redemption.from_document(document)


def book_or_closed(records: TradingRecords) -> PositionBook:
    """Read the position book; a damaged one counts as unknown, and stays as it is until it is opened again."""
    try:
        return PositionBook.from_document(records.positions)
    except InputError as error:
        logger.error("The position book cannot be read, so exits pass without a limit: %s", error)
        return PositionBook()


def _book_for(signal: Mapping[str, Any], records: TradingRecords) -> PositionBook:
    """Read the position book to redeem over. Raises DamagedDocument for an entry; exits pass without it."""
    if intent_of(signal) is not Intent.ENTRY:
        return book_or_closed(records)
    with reading(records.positions, f"{REOPEN}; exits only until then"):
        return PositionBook.from_document(records.positions)


def _drifts_for(policy: Policy | None, records: TradingRecords) -> Drifts:
    """Read the differences between broker and books, if the policy holds entries for them. Raises DamagedDocument."""
    if policy is None or policy.on_drift is OnDrift.WARN:
        return NO_DRIFT
    with reading(records.drift, "the next reconciliation rebuilds it"):
        return Drifts.from_document(records.drift)


def _named(session: Document) -> dict[str, dict[str, Any]]:
    """Return issued signals with the fields that follow from session and name. Raises InputError."""
    check_fields(session, OF_ISSUED)
    common = {"session_id": session["session_id"], "identity_timestamp": session["issued_at"]}
    common |= {"expires_at": session["expires_at"]}
    return {
        name: {
            **signal,
            **common,
            "strategy_name": name,
            "agent_id": f"{session['tenant_id']}_{name}",
        }
        for name, signal in issued_signals(session).items()
    }


def policy_or_none(defaults: Mapping[str, Any], document: Document | None) -> Policy | None:
    """Return the tenant's policy; None, and an error in the log, if it cannot be read."""
    try:
        return Policy.from_sources(defaults, document)
    except InputError as error:
        logger.error("Policy cannot be read, redeeming exits only: %s", error)
        return None


def _log(word: str, redemption: Redemption) -> None:
    logger.info(
        "%s %s %s: nonce %s…, %.2f USD reserved",
        word,
        redemption.action,
        redemption.symbol,
        shown_nonce(redemption.nonce),
        redemption.notional,
        extra={
            "tenant": redemption.tenant_id,
            "session": redemption.session_id,
            "strategy": redemption.strategy_id,
        },
    )
