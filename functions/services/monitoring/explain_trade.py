"""Why a strategy did, or did not, trade: found in what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.ledger.fills import Fill
from functions.domain.monitoring.explanation import Explanation, explain
from functions.domain.orchestration.decision import logged_verdicts
from functions.services.kernel.ports import Document
from functions.services.ledger.read_ledger import SkippedDocuments, read_events
from functions.services.monitoring.ports import RecordStore


def explain_trade(store: RecordStore, tenant_id: str, strategy_id: str, at: datetime) -> Explanation:
    """
    Explain a strategy's part in the last decision that is not after a time.

    Raises
    ------
    RefusedError
        With NOT_FOUND, if there is no such decision, or no such strategy in it.
    StoreUnavailable
    """
    decision = store.decision_at(tenant_id, at)
    if decision is None:
        raise RefusedError(ReasonCode.NOT_FOUND, f"there is no decision before {at.isoformat()}")
    redemption = store.redemption_of(tenant_id, decision["session_id"], strategy_id)
    if redemption is None:
        fills = _unredeemed_fills(store, tenant_id, decision["session_id"], strategy_id)
    else:
        fills = store.fills_of(tenant_id, redemption["nonce"])
    explanation = explain(decision, strategy_id, redemption, fills)
    if explanation is None:
        names = ", ".join(sorted(one["strategy_name"] for one in logged_verdicts(decision))[:20])
        raise RefusedError(ReasonCode.NOT_FOUND, f"{strategy_id} is not in that decision; there are {names}")
    return explanation


def _unredeemed_fills(store: RecordStore, tenant_id: str, session_id: str, strategy_id: str) -> Sequence[Document]:
    """Return the fills of a loop that trades without redeeming, oldest first; it may spell their fields its own way."""
    documents = (
        (f"{session_id}[{number}]", document)
        for number, document in enumerate(store.fills_of_session(tenant_id, session_id))
    )
    events = read_events(tenant_id, documents, SkippedDocuments())
    fills = (event for event in events if isinstance(event, Fill))
    mine = sorted((fill for fill in fills if fill.key.strategy_id == strategy_id), key=lambda fill: fill.at)
    return [{"qty": abs(fill.signed_quantity), "price": fill.price} for fill in mine]
