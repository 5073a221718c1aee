"""A tenant's record for policy previews: the last decisions of many sessions, read concurrently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from google.cloud.firestore import FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import LONG_TIMEOUT_SECONDS, FirestoreStore, document_of
from functions.adapters.firestore.policy_store import change_id
from functions.adapters.firestore.window_parts import windows_of
from functions.domain.kernel.stored_fields import MAP
from functions.domain.track_record.daily_returns import OF_DAY, OF_DAY_AT_TIMES
from functions.services.kernel.ports import ABSENT, Document

_AT_ONCE = 16
_OF_DECISION = (
    *("session_id", "timestamp", "policy_version", "allocation_decisions", "disabled_decisions", "signals"),
    *("strategy_errors", "input_issues"),
)
_OF_DAILY = (*OF_DAY, *OF_DAY_AT_TIMES)


class FirestorePreviewStore(FirestoreStore):
    """`RecordStore` on Firestore."""

    def policy(self, tenant_id: str) -> Document | None:
        return self._get(paths.policy(self._db, tenant_id), f"reading the policy of tenant {tenant_id}").value

    def policies(self, tenant_id: str, versions: Iterable[int]) -> dict[int, Document]:
        history = paths.policy_history(self._db, tenant_id)
        references = {version: history.document(change_id(version)) for version in versions}
        found = self._get_all(list(references.values()), f"reading the policy history of tenant {tenant_id}")
        changes = {version: found.get(one.path, ABSENT).value for version, one in references.items()}
        return {version: one["policy"] for version, one in changes.items() if one and MAP.holds(one.get("policy"))}

    def last_decisions(self, tenant_id: str, spans: Sequence[tuple[datetime, datetime]]) -> list[Document | None]:
        with ThreadPoolExecutor(min(_AT_ONCE, max(1, len(spans)))) as pool:
            return list(pool.map(lambda span: self._last_decision(tenant_id, *span), spans))

    def _last_decision(self, tenant_id: str, since: datetime, before: datetime) -> Document | None:
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.where(filter=FieldFilter("timestamp", ">=", since))
        query = query.where(filter=FieldFilter("timestamp", "<", before))
        query = query.order_by("timestamp", direction=Query.DESCENDING).select(_OF_DECISION)
        return self._first(query, f"reading decisions of tenant {tenant_id}")

    def windows(self, tenant_id: str, uid: str | None = None) -> Document | None:
        parted = windows_of(self._db, tenant_id, uid)
        found = self._get_all_in_parts([], [parted], f"reading the windows of tenant {tenant_id}")
        return found.get(parted.first.path, ABSENT).value

    def daily_documents(
        self, tenant_id: str, since: datetime, before: datetime, limit: int
    ) -> list[tuple[str, Document]]:
        query = paths.strategy_performance(self._db, tenant_id).where(filter=FieldFilter("period", "==", "day"))
        query = query.where(filter=FieldFilter("period_start", ">=", since))
        query = query.where(filter=FieldFilter("period_start", "<", before))
        query = query.order_by("period_start", direction=Query.DESCENDING).select(_OF_DAILY).limit(limit)
        doing = f"reading daily performance of tenant {tenant_id}"
        return [(one.id, document_of(one)) for one in self._stream(query, doing, LONG_TIMEOUT_SECONDS)]

    def paper_fills(self, tenant_id: str, ids: Sequence[str]) -> set[str]:
        references = {one: paths.shadow_pnl(self._db, tenant_id).document(one) for one in ids}
        doing = f"reading paper fills of tenant {tenant_id}"
        found = self._get_fields(list(references.values()), ["side"], doing)
        return {one for one, reference in references.items() if reference.path in found}
