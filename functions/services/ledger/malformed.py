"""Documents that a job could not use: logged, counted once each and named in its record."""

from __future__ import annotations

import logging

from functions.domain.kernel.errors import FillError, InputError
from functions.services.ledger.read_ledger import SkippedDocuments

logger = logging.getLogger("maestro")


class Malformed:
    """What one job found malformed: in the ledger, its own daily documents and marks, and the market data."""

    def __init__(self, tenant_id: str, skipped: SkippedDocuments) -> None:
        self.skipped = skipped
        self._tenant_id = tenant_id
        self._noted: set[str] = set()

    def note(self, error: InputError) -> None:
        """Count a malformed document outside the ledger, whichever step of the job finds it."""
        if str(error) in {*self._noted, *self.skipped.examples}:
            return
        self._noted.add(str(error))
        logger.warning("Document left out: %s", error, extra={"tenant": self._tenant_id})
        self.skipped.add(FillError(error.field, error.limit, error.value))
