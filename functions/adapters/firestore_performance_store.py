"""Daily performance documents and the windows made of them, on Firestore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from google.cloud.firestore import Client, FieldFilter

from functions.adapters import firestore_paths as paths
from functions.adapters.firestore_cycle_store import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore_errors import translated_errors

_FIELDS = ("strategy_id", "period_start", "pnl", "capital_base")


class FirestorePerformanceStore:
    """`PerformanceStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def daily_returns(self, tenant_id: str, uid: str | None, since: date) -> Iterator[tuple[str, date, float, float]]:
        start = datetime.combine(since, time(), UTC)
        query = paths.strategy_performance(self._db, tenant_id).where(filter=FieldFilter("period", "==", "day"))
        if uid is not None:
            query = query.where(filter=FieldFilter("uid", "==", uid))
        query = query.where(filter=FieldFilter("period_start", ">=", start)).order_by("period_start").select(_FIELDS)
        with translated_errors(f"reading daily performance of tenant {tenant_id}"):
            for snapshot in query.stream(retry=READ_RETRY, timeout=60):
                day = snapshot.to_dict() or {}
                yield day["strategy_id"], day["period_start"].date(), float(day["pnl"]), float(day["capital_base"])

    def write_windows(self, tenant_id: str, uid: str | None, document: Mapping[str, Any]) -> None:
        with translated_errors(f"storing the windows of tenant {tenant_id}"):
            paths.windows(self._db, tenant_id, uid).set(dict(document), retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
