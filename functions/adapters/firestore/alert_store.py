"""Alerts on Firestore, and what they are checked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from google.cloud.firestore import FieldFilter, Query, WriteBatch

from functions.adapters.firestore import paths
from functions.adapters.firestore.alert_marks import NEXT_CHECK
from functions.adapters.firestore.base import FirestoreStore, document_of, versioned
from functions.adapters.firestore.writes import replace_over
from functions.domain.kernel.stored_fields import TEXT, TIME
from functions.domain.monitoring.alerts import MOST_OPEN_ALERTS, AlertChange, AlertState
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import ABSENT, Document, StoredDocument, Versioned
from functions.services.monitoring.ports import AlertRecords

_LAPSED_WITHIN = timedelta(days=1)
_MOST_DECISIONS = 50
_MOST_JOBS = 5
_MOST_LAPSED = 50


class FirestoreAlertStore(FirestoreStore):
    """`AlertStore` on Firestore."""

    def observe(self, tenant_id: str, now: datetime, decisions_since: datetime | None = None) -> AlertRecords:
        db = self._db
        policy, session, positions, cursor, broker, drift = (
            paths.policy(db, tenant_id),
            paths.current_session(db, tenant_id),
            paths.positions(db, tenant_id),
            paths.alert_cursor(db, tenant_id),
            paths.broker(db, tenant_id),
            paths.drift(db, tenant_id),
        )
        found = self._get_all([policy, session, positions, cursor, broker, drift], _checking(tenant_id))
        seen = found.get(cursor.path, ABSENT)
        check_stored(seen.value, {}, {"last_decision_at": TIME, "next_check_at": TIME})
        last, new = self._decisions(tenant_id, decisions_since or (seen.value or {}).get("last_decision_at"))
        return AlertRecords(
            policy=found.get(policy.path, ABSENT).value,
            session=found.get(session.path, ABSENT).value,
            positions=found.get(positions.path, ABSENT).value,
            cursor=seen,
            new_decisions=new,
            last_decision=last,
            jobs=self._jobs(tenant_id),
            lapsed=self._lapsed(tenant_id, now - _LAPSED_WITHIN, now),
            alerts=self._open_alerts(tenant_id),
            broker=found.get(broker.path, ABSENT).value,
            drift=found.get(drift.path, ABSENT).value,
        )

    def alerts(self, tenant_id: str, ids: Sequence[str]) -> Mapping[str, Versioned[Document]]:
        if not ids:
            return {}
        references = [paths.alerts(self._db, tenant_id).document(one) for one in dict.fromkeys(ids)]
        found = self._get_all(references, f"reading alerts of tenant {tenant_id}")
        return {reference.id: found[reference.path] for reference in references if reference.path in found}

    def commit_alerts(
        self,
        tenant_id: str,
        changes: Sequence[AlertChange],
        known: Mapping[str, Versioned[Document]],
        cursor: Document,
        cursor_before: Versioned[Document | None],
        next_check_at: datetime | None,
    ) -> None:
        batch = self._db.batch()
        if next_check_at is not None:
            self._put_next_check(batch, tenant_id, next_check_at)
        for change in changes:
            reference = paths.alerts(self._db, tenant_id).document(change.alert_id)
            replace_over(batch, reference, change.document, known.get(change.alert_id, ABSENT))
        if cursor:
            replace_over(batch, paths.alert_cursor(self._db, tenant_id), cursor, cursor_before)
        self._commit(batch, f"storing alerts of tenant {tenant_id}")

    def next_lapse(self, tenant_id: str, now: datetime) -> datetime | None:
        query = paths.redemptions(self._db, tenant_id).where(filter=FieldFilter("status", "==", "RESERVED"))
        query = query.where(filter=FieldFilter("lapses_at", ">=", now)).order_by("lapses_at")
        following = self._first(query, _checking(tenant_id))
        check_stored(following, {"lapses_at": TIME})
        return None if following is None else following["lapses_at"]

    def _put_next_check(self, batch: WriteBatch, tenant_id: str, at: datetime) -> None:
        """Write it to the tenant's document, which the schedule lists, if that exists."""
        tenant = paths.tenant(self._db, tenant_id)
        if self._snapshot(tenant, _checking(tenant_id)).exists:
            batch.update(tenant, {NEXT_CHECK: at})

    def _decisions(self, tenant_id: str, seen_at: datetime | None) -> tuple[Document | None, list[Document]]:
        """Return the last decision, and those after a time, oldest first."""
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.order_by("timestamp", direction=Query.DESCENDING)
        newest = self._first(query, _checking(tenant_id))
        if newest is not None:
            check_stored(newest, {"timestamp": TIME, "session_id": TEXT})
        if newest is None or (seen_at is not None and newest["timestamp"] <= seen_at):
            return newest, []
        if seen_at is None:
            return newest, [newest]
        after = query.where(filter=FieldFilter("timestamp", ">", seen_at)).limit(_MOST_DECISIONS)
        return newest, self._documents(after, _checking(tenant_id))[::-1]

    def _jobs(self, tenant_id: str) -> list[Document]:
        query = paths.jobs(self._db, tenant_id).order_by("started_at", direction=Query.DESCENDING).limit(_MOST_JOBS)
        snapshots = self._stream(query, _checking(tenant_id))
        return [StoredDocument(one.reference.path, {**document_of(one), "job_id": one.id}) for one in snapshots]

    def _lapsed(self, tenant_id: str, since: datetime, now: datetime) -> list[Document]:
        query = paths.redemptions(self._db, tenant_id).where(filter=FieldFilter("status", "==", "RESERVED"))
        query = query.where(filter=FieldFilter("lapses_at", ">=", since))
        query = query.where(filter=FieldFilter("lapses_at", "<", now)).order_by("lapses_at").limit(_MOST_LAPSED)
        return self._documents(query, _checking(tenant_id))

    def _open_alerts(self, tenant_id: str) -> dict[str, Versioned[Document]]:
        states = [str(AlertState.OPEN), str(AlertState.ACKNOWLEDGED)]
        query = paths.alerts(self._db, tenant_id).where(filter=FieldFilter("state", "in", states))
        query = query.where(filter=FieldFilter("is_event", "==", False)).limit(MOST_OPEN_ALERTS)
        return {one.id: versioned(one) for one in self._stream(query, _checking(tenant_id))}


def _checking(tenant_id: str) -> str:
    return f"checking alerts of tenant {tenant_id}"
