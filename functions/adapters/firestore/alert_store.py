"""Alerts on Firestore, and what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from google.cloud.firestore import Client, FieldFilter, Query

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import READ_RETRY, TIMEOUT_SECONDS
from functions.adapters.firestore.errors import translated_errors
from functions.adapters.firestore.writes import replace_over
from functions.domain.monitoring.alerts import AlertChange, AlertState
from functions.services.kernel.ports import Document
from functions.services.monitoring.check_alerts import AlertRecords

_LAPSED_WITHIN = timedelta(days=1)
_MOST_DECISIONS = 50
_MOST_JOBS = 5
_MOST_LAPSED = 50
_MOST_ALERTS = 500


class FirestoreAlertStore:
    """`AlertStore` on Firestore."""

    def __init__(self, db: Client) -> None:
        self._db = db

    def observe(self, tenant_id: str, now: datetime, decisions_since: datetime | None = None) -> AlertRecords:
        db = self._db
        policy, session, cursor = (
            paths.policy(db, tenant_id),
            paths.current_session(db, tenant_id),
            paths.alert_cursor(db, tenant_id),
        )
        with translated_errors(f"checking alerts of tenant {tenant_id}"):
            found = db.get_all([policy, session, cursor], retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
            by_path = {snapshot.reference.path: snapshot for snapshot in found}
            seen = by_path[cursor.path]
            seen_at = (seen.to_dict() or {}).get("last_decision_at")
            last, new = self._decisions(tenant_id, decisions_since or seen_at)
            jobs = self._jobs(tenant_id)
            lapsed = self._lapsed(tenant_id, now - _LAPSED_WITHIN, now)
            states = [str(AlertState.OPEN), str(AlertState.ACKNOWLEDGED)]
            query = paths.alerts(db, tenant_id).where(filter=FieldFilter("state", "in", states)).limit(_MOST_ALERTS)
            alerts = {one.id: one for one in query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)}
        return AlertRecords(
            policy=by_path[policy.path].to_dict(),
            session=by_path[session.path].to_dict(),
            cursor=seen.to_dict(),
            cursor_version=seen if seen.exists else None,
            new_decisions=new,
            last_decision=last,
            jobs=jobs,
            lapsed=lapsed,
            alerts={key: snapshot.to_dict() or {} for key, snapshot in alerts.items()},
            versions=alerts,
        )

    def alerts(self, tenant_id: str, ids: Sequence[str]) -> tuple[Mapping[str, Document], Mapping[str, Any]]:
        if not ids:
            return {}, {}
        references = [paths.alerts(self._db, tenant_id).document(one) for one in dict.fromkeys(ids)]
        with translated_errors(f"reading alerts of tenant {tenant_id}"):
            snapshots = list(self._db.get_all(references, retry=READ_RETRY, timeout=TIMEOUT_SECONDS))
        found = {snapshot.id: snapshot for snapshot in snapshots if snapshot.exists}
        return {key: snapshot.to_dict() or {} for key, snapshot in found.items()}, found

    def commit_alerts(
        self, tenant_id: str, changes: Sequence[AlertChange], cursor: Document, records: AlertRecords
    ) -> None:
        batch = self._db.batch()
        for change in changes:
            reference = paths.alerts(self._db, tenant_id).document(change.alert_id)
            replace_over(self._db, batch, reference, change.document, records.versions.get(change.alert_id))
        if cursor:
            replace_over(self._db, batch, paths.alert_cursor(self._db, tenant_id), cursor, records.cursor_version)
        with translated_errors(f"storing alerts of tenant {tenant_id}"):
            batch.commit(retry=None, timeout=TIMEOUT_SECONDS)

    def _decisions(self, tenant_id: str, seen_at: datetime | None) -> tuple[Document | None, list[Document]]:
        """Return the last decision, and those after a time, oldest first."""
        query = paths.orchestration_logs(self._db).where(filter=FieldFilter("tenant_id", "==", tenant_id))
        query = query.order_by("timestamp", direction=Query.DESCENDING)
        newest: list[Document] = [
            one.to_dict() or {} for one in query.limit(1).stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        ]
        if not newest or (seen_at is not None and newest[0]["timestamp"] <= seen_at):
            return (newest[0] if newest else None), []
        if seen_at is None:
            return newest[0], newest
        after = query.where(filter=FieldFilter("timestamp", ">", seen_at)).limit(_MOST_DECISIONS)
        new: list[Document] = [one.to_dict() or {} for one in after.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)]
        return newest[0], new[::-1]

    def _jobs(self, tenant_id: str) -> list[Document]:
        query = paths.jobs(self._db, tenant_id).order_by("started_at", direction=Query.DESCENDING).limit(_MOST_JOBS)
        snapshots = query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)
        return [{**(snapshot.to_dict() or {}), "job_id": snapshot.id} for snapshot in snapshots]

    def _lapsed(self, tenant_id: str, since: datetime, now: datetime) -> list[Document]:
        query = paths.redemptions(self._db, tenant_id).where(filter=FieldFilter("status", "==", "RESERVED"))
        query = query.where(filter=FieldFilter("lapses_at", ">=", since))
        query = query.where(filter=FieldFilter("lapses_at", "<", now)).order_by("lapses_at").limit(_MOST_LAPSED)
        return [one.to_dict() or {} for one in query.stream(retry=READ_RETRY, timeout=TIMEOUT_SECONDS)]
