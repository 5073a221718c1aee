"""Record fills in the ledger, once each, and settle what they used of the buying power."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import check_not_ahead
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.trading.redemption import Redemption, settle
from functions.domain.trading.reservations import CurrentSession
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Clock
from functions.services.trading.ports import TradingStore, TradingWrites
from functions.services.trading.redeem_signals import current_session, policy_or_none

logger = logging.getLogger("maestro")


class FillStatus(StrEnum):
    """What became of a reported fill."""

    RECORDED = "RECORDED"
    DUPLICATE = "DUPLICATE"
    """It is in the ledger already."""
    REJECTED = "REJECTED"
    """It is not in the ledger; the reason code says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFill:
    """One fill as the client reports it: identified by ``broker_fill_id``, else by ``nonce`` and its own figures."""

    strategy_id: str
    symbol: str
    side: str
    """buy or sell."""
    qty: float
    price: float
    """USD."""
    ts: datetime
    """When it happened."""
    fees: float = 0.0
    slippage: float = 0.0
    nonce: str | None = None
    """Of the redeemed signal."""
    broker_fill_id: str | None = None
    order_id: str | None = None
    account_id: str | None = None
    run_id: str | None = None
    is_order_complete: bool = False
    """Whether it is its order's last: what is left of the reservation is free again."""

    @property
    def fill_id(self) -> str:
        """The ledger document's id, the same whenever the fill is reported again."""
        if self.broker_fill_id is not None:
            return f"b_{_digest([self.account_id, self.broker_fill_id])}"
        return f"n_{self.nonce}_{_digest(self._figures())}"

    def _figures(self) -> list[Any]:
        return [self.strategy_id, self.symbol, self.side, self.qty, self.price, self.ts.isoformat(), self.order_id]

    def to_ledger(self, tenant_id: str, uid: str, session_id: str | None, now: datetime) -> dict[str, Any]:
        """Return the document of ``ledger_trades``."""
        document = {name: getattr(self, name) for name in self.__slots__ if name != "is_order_complete"}
        return document | {"tenant_id": tenant_id, "uid": uid, "session_id": session_id, "created_at": now}


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class FillResult:
    """What became of one reported fill."""

    fill_id: str
    status: FillStatus
    reason_code: ReasonCode | None = None
    """Why it was rejected, or what is odd about it."""


@dataclass(frozen=True, slots=True)
class RecordedFills:
    """What became of a batch of fills."""

    results: list[FillResult]
    """In the order they were reported."""
    ledger_version: int
    """The ledger's, with them in it."""


@dataclass(slots=True)
class _Batch:
    """What a batch of fills comes to, fill by fill."""

    current: CurrentSession
    redemptions: dict[str, Redemption]
    is_backfill: bool = False
    ledger: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: list[FillResult] = field(default_factory=list)

    def add(self, fill: ReportedFill, document: dict[str, Any], now: datetime) -> None:
        """Put a fill into the ledger; what it bought is spent, unless it was long ago."""
        self.ledger[fill.fill_id] = document
        is_spent = fill.side == "buy" and not self.is_backfill
        self.current = self.current.with_fill(fill.nonce, fill.qty * fill.price if is_spent else 0.0, now)


class RecordFills:
    """The use case; keep one per process."""

    def __init__(self, store: TradingStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    def run(
        self,
        tenant_id: str,
        uid: str,
        fills: Sequence[ReportedFill],
        policy_defaults: Mapping[str, Any],
        *,
        is_backfill: bool = False,
    ) -> RecordedFills:
        """
        Record a batch of fills; reporting them again changes nothing.

        A fill is a fact: one that is late, or above what was reserved, is recorded all the same. Rejected is only what
        contradicts the redeemed signal, or the ledger.

        Parameters
        ----------
        is_backfill : bool
            An operator's: fills of any age, which are in the account already and hold no buying power.

        Raises
        ------
        InputError
            If one that is not in the ledger is dated ahead, or longer ago than the policy's ``max_fill_age_days``:
            none is recorded.
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If they are not known to be recorded: report them again.
        """
        recorded = self._commits.run(
            tenant_id, lambda: self._attempt(tenant_id, uid, fills, policy_defaults, is_backfill)
        )
        for fill, result in zip(fills, recorded.results, strict=True):
            _log(tenant_id, fill, result)
        return recorded

    def _attempt(
        self,
        tenant_id: str,
        uid: str,
        fills: Sequence[ReportedFill],
        policy_defaults: Mapping[str, Any],
        is_backfill: bool,
    ) -> RecordedFills:
        now = self._clock.now()
        nonces = sorted({fill.nonce for fill in fills if fill.nonce})
        records = self._store.read(tenant_id, nonces, sorted({fill.fill_id for fill in fills}))
        redeemed = {nonce: Redemption.from_document(document) for nonce, document in records.redemptions.items()}
        batch = _Batch(current_session(records), dict(redeemed), is_backfill)
        policy = policy_or_none(policy_defaults, records.policy) or Policy()
        for number, fill in enumerate(fills):
            known = batch.ledger.get(fill.fill_id) or records.fills.get(fill.fill_id)
            if known is None:
                _check_time(f"fills.{number}.ts", fill.ts, now, None if is_backfill else policy.max_fill_age_days)
            batch.results.append(_add(batch, fill, known, tenant_id, uid, now))
        if batch.ledger:
            self._store.commit(tenant_id, _writes(batch, redeemed, now), records.session.version)
        return RecordedFills(batch.results, batch.current.ledger_version)


def _check_time(field_name: str, ts: datetime, now: datetime, days: int | None) -> None:
    check_not_ahead(field_name, ts, now)
    if days is not None and ts < now - timedelta(days=days):
        limit = (
            f"at most {days} days ago (max_fill_age_days); older fills are an operator's: make maestro ARGS=backfill"
        )
        raise InputError(field_name, limit, ts.isoformat())


def _add(
    batch: _Batch, fill: ReportedFill, known: Mapping[str, Any] | None, tenant_id: str, uid: str, now: datetime
) -> FillResult:
    """Add one fill to a batch and return what becomes of it."""
    redemption = batch.redemptions.get(fill.nonce) if fill.nonce else None
    session_id = redemption.session_id if redemption else None
    document = fill.to_ledger(tenant_id, uid, session_id, now)
    if known is not None:
        is_same = all(known.get(name) == document[name] for name in ("strategy_id", "symbol", "side", "qty", "price"))
        if is_same:
            return FillResult(fill.fill_id, FillStatus.DUPLICATE)
        return FillResult(fill.fill_id, FillStatus.REJECTED, ReasonCode.FILL_CONFLICT)
    if redemption is None:
        batch.add(fill, document, now)
        odd = ReasonCode.NOT_IN_A_REDEMPTION if fill.nonce else None
        return FillResult(fill.fill_id, FillStatus.RECORDED, odd)
    symbol = redemption.symbol or fill.symbol  # a strategy may leave everything it has, whatever it is
    signal = (redemption.strategy_id, symbol, redemption.action.lower())
    if (fill.strategy_id, fill.symbol, fill.side) != signal:
        return FillResult(fill.fill_id, FillStatus.REJECTED, ReasonCode.FILL_MISMATCH)
    batch.add(fill, document, now)
    settled, reservation = settle(redemption, fill.qty, fill.price, now, is_order_complete=fill.is_order_complete)
    batch.redemptions[redemption.nonce] = settled
    batch.current = batch.current.reserving(redemption.nonce, reservation)
    return FillResult(fill.fill_id, FillStatus.RECORDED, ReasonCode.OVERFILLED if settled.is_overfilled else None)


def _writes(batch: _Batch, redeemed: Mapping[str, Redemption], now: datetime) -> TradingWrites:
    changed = {nonce: one.to_document() for nonce, one in batch.redemptions.items() if one != redeemed[nonce]}
    return TradingWrites(
        session=batch.current.to_fields(now),
        redemptions=changed,
        new_fills=batch.ledger,
    )


def _log(tenant_id: str, fill: ReportedFill, result: FillResult) -> None:
    level = logging.INFO if result.reason_code is None else logging.WARNING
    logger.log(
        level,
        "Fill %s: %s %s %s at %s, nonce %s…",
        result.status,
        fill.side,
        fill.qty,
        fill.symbol,
        fill.price,
        shown_nonce(fill.nonce),
        extra={
            "tenant": tenant_id,
            "strategy": fill.strategy_id,
            "reason_code": None if result.reason_code is None else str(result.reason_code),
        },
    )
