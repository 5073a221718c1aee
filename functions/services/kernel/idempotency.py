"""One key, one request: a repeat gets the first answer whatever happened since; a different request is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import MAP, TEXT, TIME
from functions.services.kernel.damage import check_stored
from functions.services.kernel.ports import Document

KEPT = timedelta(days=30)
"""Minimum time that a key is remembered."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """
    A request under a key that the caller chose.

    Parameters
    ----------
    uid : str
        The caller. Keys are per user: two users may use the same.
    key : str
        As sent in Idempotency-Key.
    asked : mapping
        Everything that distinguishes this request from others.
    """

    uid: str
    key: str
    asked: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Id of the record ``tenants/{t}/idempotency/{id}``."""
        return _digest(self.uid, self.key)

    def first_answer(self, record: Document | None) -> Document | None:
        """
        Return the answer to the first of these requests; None if this is the first.

        Raises
        ------
        RefusedError
            With IDEMPOTENCY_KEY_REUSED, if the key belongs to another request.
        DamagedDocument
        """
        if record is None:
            return None
        check_stored(record, {"asked": TEXT, "at": TIME, "answer": MAP})
        if record["asked"] != self._fingerprint:
            raise RefusedError(
                ReasonCode.IDEMPOTENCY_KEY_REUSED,
                f"this Idempotency-Key was used for another request at {record['at'].isoformat()}: use a new one",
            )
        answer: Document = record["answer"]
        return answer

    def record(self, answer: Document, now: datetime) -> dict[str, Any]:
        """Return the record to create in the commit that carries out the request."""
        return {
            "uid": self.uid,
            "asked": self._fingerprint,
            "answer": dict(answer),
            "at": now,
            "expires_at": now + KEPT,
        }

    @property
    def _fingerprint(self) -> str:
        return _digest(json.dumps(self.asked, sort_keys=True, default=str))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
