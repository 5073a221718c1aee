"""What a connected tenant has stored of its broker, as right documents that tests damage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from functions.domain.broker.activities import ActivityCursor
from functions.domain.kernel.slots import slot_of
from functions.domain.orchestration.broker_feed import Feed, FeedStatus
from functions.domain.orchestration.drift import CashKnown, Drifts
from tests.broker_documents import CONNECTION, DIFFERENCE

BROKER = "tenants/acme/state/broker"
DRIFT = "tenants/acme/state/drift"


def connection_document() -> dict[str, Any]:
    """Return ``state/broker`` after a feed that was whole."""
    now = datetime.now(UTC)
    return replace(
        CONNECTION,
        account_id="1",
        connected_at=now,
        cursor=ActivityCursor("c"),
        feed=Feed(slot=slot_of(now), at=now, status=FeedStatus.OK, detail="all is there"),
        told=({"at": now, "text": "a dividend in kind"},),
    ).to_document()


def drift_document() -> dict[str, Any]:
    """Return ``state/drift`` with a difference that lasts."""
    now = datetime.now(UTC)
    lasting = replace(DIFFERENCE, symbol="XOM", broker=5.0, book=0.0, since=now, read_at=now, price=60.0)
    cash = CashKnown(usd=1e5, as_of=now, ledger_version=1, compared_on=now.date().isoformat())
    return Drifts((lasting,), {"PEP": 2.0}, 1, None, cash).to_document(now)
