"""Close the memberships of users who were deleted or disabled in authentication without the operator's commands."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.domain.access.members import ClosedBecause, left_open
from functions.services.access.ports import Accounts, MemberStore
from functions.services.kernel.ports import Clock, Document

logger = logging.getLogger("maestro")

_TOLD_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClosedMembership:
    """A membership that was closed automatically."""

    uid: str
    email: str
    because: str
    at: datetime


class CloseMemberships:
    """The use case: a membership that outlives its user would admit whoever recovers the account."""

    def __init__(self, store: MemberStore, accounts: Accounts, clock: Clock) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock

    def run(self, tenant_id: str) -> list[ClosedMembership]:
        """
        Close memberships left open, and return those closed within the last day; repeating it changes nothing.

        Raises
        ------
        StoreConflict
            If a membership was removed at the same time: a repeat handles the others.
        StoreUnavailable
        """
        memberships = self._store.memberships(tenant_id)
        now = self._clock.now()
        closed = [_closed(uid, one) for uid, one in memberships.items()]
        recent = [one for one in closed if one is not None and now - one.at < _TOLD_WITHIN]
        for uid, because in left_open(memberships, self._accounts.of_uids(_open(memberships))).items():
            self._store.close_membership(tenant_id, uid, str(because), now)
            recent.append(ClosedMembership(uid, str(memberships[uid].get("email")), str(because), now))
            logger.warning("Membership of %s closed: user %s", uid, because.lower(), extra={"tenant": tenant_id})
        return recent


def _open(memberships: Mapping[str, Document]) -> list[str]:
    return [uid for uid, one in memberships.items() if one.get("disabled") is not True]


def _closed(uid: str, membership: Document) -> ClosedMembership | None:
    because, at = membership.get("closed_because"), membership.get("closed_at")
    if membership.get("disabled") is not True or because not in list(ClosedBecause) or not isinstance(at, datetime):
        return None
    return ClosedMembership(uid, str(membership.get("email")), str(because), at)
