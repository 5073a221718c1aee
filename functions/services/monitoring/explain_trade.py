"""Why a strategy did, or did not, trade: found in what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.fills import Fill
from functions.domain.monitoring.explanation import Explanation, explain
from functions.domain.monitoring.unredeemed_fills import LedgerFill, UnredeemedFills, looked_until, unredeemed
from functions.domain.orchestration.decision import check_told, logged_verdicts
from functions.services.kernel.damage import reading
from functions.services.kernel.ports import Document
from functions.services.ledger.read_ledger import SkippedDocuments, read_events
from functions.services.monitoring.ports import RecordStore
from functions.services.trading.redeem_signals import read_redemption


def explain_trade(store: RecordStore, tenant_id: str, strategy_id: str, at: datetime) -> Explanation:
    """
    Explain a strategy's part in the last decision at or before a time.

    Raises
    ------
    RefusedError
        With NOT_FOUND, if there is no such decision, or no such strategy in it.
    DamagedDocument, StoreUnavailable
    """
    decision = store.decision_at(tenant_id, at)
    if decision is None:
        raise RefusedError(ReasonCode.NOT_FOUND, f"there is no decision at or before {at.isoformat()}")
    with reading(decision):
        check_told(decision, strategy_id)
    redemption = store.redemption_of(tenant_id, decision["session_id"], strategy_id)
    mine = None if redemption is None else read_redemption(redemption).nonce
    fills = [] if mine is None else _fills(tenant_id, store.fills_of(tenant_id, mine))
    past_maestro = _unredeemed(store, tenant_id, decision, strategy_id, redemption)
    explanation = explain(decision, strategy_id, redemption, fills, past_maestro)
    if explanation is None:
        names = ", ".join(sorted(one["strategy_name"] for one in logged_verdicts(decision))[:20])
        raise RefusedError(ReasonCode.NOT_FOUND, f"{strategy_id} is not in that decision, which has {names}")
    return explanation


def _fills(tenant_id: str, documents: Sequence[tuple[str, Document]]) -> list[Document]:
    """Return the fills of a redemption, oldest first; a malformed one is left out."""
    oldest_first = sorted(documents, key=lambda item: _time(item[1]))
    fills = (one for one in read_events(tenant_id, oldest_first, SkippedDocuments()) if isinstance(one, Fill))
    return [{"qty": abs(fill.signed_quantity), "price": fill.price} for fill in fills]


def _unredeemed(
    store: RecordStore, tenant_id: str, decision: Document, strategy_id: str, redemption: Document | None
) -> UnredeemedFills:
    """Return what was filled without redemption; users' own documents may spell their fields differently."""
    documents = dict(store.fills_of_session(tenant_id, decision["session_id"]))
    documents |= dict(store.fills_between(tenant_id, decision["timestamp"], looked_until(decision)))
    oldest_first = sorted(documents.items(), key=lambda item: _time(item[1]))
    read = read_events(tenant_id, oldest_first, SkippedDocuments())
    fills = (event for event in read if isinstance(event, Fill) and event.key.strategy_id == strategy_id)
    mine = [_with_names(fill, documents[fill.entry_id]) for fill in fills]
    redeemed = store.redeemed(tenant_id, sorted({one.nonce for one in mine if one.nonce is not None}))
    at, until = decision["timestamp"], looked_until(decision)
    around = store.signals_between(tenant_id, strategy_id, at - (until - at), until) if mine else {}
    neighbours = {when: signal for when, signal in around.items() if when != at}
    return unredeemed(decision, strategy_id, redemption, mine, redeemed, neighbours)


def _with_names(fill: Fill, document: Document) -> LedgerFill:
    nonce, session_id = (
        one if isinstance(one := document.get(name), str) else None for name in ("nonce", "session_id")
    )
    return LedgerFill(fill, nonce, session_id)


def _time(document: Document) -> datetime:
    """Return the time of a ledger document; those without one sort first."""
    at = document.get("ts")
    return at if isinstance(at, datetime) else datetime.min.replace(tzinfo=UTC)
