"""Progress of schedules on Firestore: one document each."""

from __future__ import annotations

from functions.adapters.firestore import paths
from functions.adapters.firestore.base import FirestoreStore
from functions.adapters.firestore.writes import replace_over
from functions.services.kernel.ports import Document, Versioned


class FirestoreScheduleRuns(FirestoreStore):
    """`ScheduleRuns` on Firestore."""

    def read(self, schedule: str) -> Versioned[Document | None]:
        return self._get(paths.schedule_runs(self._db, schedule), f"reading the progress of {schedule}")

    def write(self, schedule: str, document: Document, before: Versioned[Document | None]) -> None:
        batch = self._db.batch()
        replace_over(batch, paths.schedule_runs(self._db, schedule), document, before)
        self._commit(batch, f"storing the progress of {schedule}")
