"""What is said of account breakers."""

from __future__ import annotations

import logging

from functions.domain.track_record.breakers import BreakerState

logger = logging.getLogger("maestro")


def log_refuted_trip(tenant_id: str, before: BreakerState, after: BreakerState) -> None:
    """Say so if flows of money released a breaker: it had tripped for no loss."""
    if after.refuted_at != before.refuted_at:
        detail = f"{before.detail} is released: with the flows of money on record it was no loss"
        logger.warning("%s", detail, extra={"tenant": tenant_id, "reason_code": str(before.reason_code)})
