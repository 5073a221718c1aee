"""Log messages about account breakers."""

from __future__ import annotations

import logging

from functions.domain.track_record.breakers import BreakerState

logger = logging.getLogger("maestro")


def log_refuted_trip(tenant_id: str, before: BreakerState, after: BreakerState) -> None:
    """Log it if flows of money released a breaker that had tripped without a loss."""
    if after.refuted_at != before.refuted_at:
        detail = f"{before.detail} is released: the recorded flows of money show there was no loss"
        logger.warning("%s", detail, extra={"tenant": tenant_id, "reason_code": str(before.reason_code)})
