"""Acknowledge an alert."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.alerts import OF_ALERT, OF_ALERT_AT_TIMES, acknowledged
from functions.services.kernel.commits import Commits
from functions.services.kernel.damage import check_stored, path_of
from functions.services.kernel.ports import Clock, StoredDocument
from functions.services.monitoring.ports import RecordStore


class AcknowledgeAlert:
    """The use case; keep one per process."""

    def __init__(self, store: RecordStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    def run(self, tenant_id: str, alert_id: str, uid: str) -> Mapping[str, Any]:
        """
        Acknowledge an alert and return it; repeating it changes nothing.

        Raises
        ------
        RefusedError
            With NOT_FOUND, or CONTENTION.
        DamagedDocument, StoreUnavailable
        """

        def attempt() -> Mapping[str, Any]:
            before = self._store.alert(tenant_id, alert_id)
            if before.value is None:
                raise RefusedError(ReasonCode.NOT_FOUND, f"no alert has the id {alert_id}")
            check_stored(before.value, OF_ALERT, OF_ALERT_AT_TIMES)
            after = StoredDocument(path_of(before.value), acknowledged(before.value, uid, self._clock.now()))
            if after != before.value:
                self._store.replace_alert(tenant_id, alert_id, after, before)
            return after

        return self._commits.run(tenant_id, attempt)
