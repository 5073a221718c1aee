"""Change a tenant's policy and trading state: versioned, with author, time and reason."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.domain.kernel.errors import PolicyError, PolicyProblemsError, RefusedError
from functions.domain.kernel.policy import BOOKKEEPING_FIELDS, TRADING_STATE_FIELDS, Policy, document_names
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import COUNT, MAP, check_fields
from functions.services.kernel.commits import Commits
from functions.services.kernel.damage import check_stored, reading
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock, Document, Versioned
from functions.services.orchestration.ports import PolicyStore
from functions.services.orchestration.stored_policy import StoredPolicy, plain, stored_policy, version_of

logger = logging.getLogger("maestro")

_LOOKED_BACK = 20
"""How many changes are searched for the newest version if the policy does not state it."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, under which request, and why."""

    uid: str
    idempotency_key: str | None = None
    reason: str | None = None
    """In the author's words, for the history; None: not said."""

    def request(self, asked: Mapping[str, Any]) -> RequestKey | None:
        """Return the keyed request; None without a key."""
        return None if self.idempotency_key is None else RequestKey(self.uid, self.idempotency_key, asked)


class ManagePolicy:
    """The use case; keep one per process."""

    def __init__(self, store: PolicyStore, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    def get(self, tenant_id: str, defaults: Mapping[str, Any]) -> StoredPolicy:
        """Return the policy. Raises StoreUnavailable."""
        return stored_policy(self._store.read_policy(tenant_id).value or {}, defaults)

    def history(self, tenant_id: str, before: int | None, limit: int) -> list[Document]:
        """Return changes, newest first. Raises StoreUnavailable."""
        return self._store.policy_history(tenant_id, before, limit)

    def put(
        self,
        tenant_id: str,
        overrides: Mapping[str, Any],
        expected_version: int,
        author: Author,
        defaults: Mapping[str, Any],
    ) -> StoredPolicy:
        """
        Replace everything the tenant's document sets, except its trading state.

        The same request with the same idempotency key gets the first answer again.

        Raises
        ------
        PolicyProblemsError
            If a field is unknown or out of range.
        RefusedError
            With VERSION_CONFLICT, if the policy is no longer at the expected version; with IDEMPOTENCY_KEY_REUSED.
        StoreUnavailable
        """
        if problems := problems_of(overrides, defaults):
            raise PolicyProblemsError(problems)

        asked = {"put": "policy", "overrides": dict(overrides), "version": expected_version}
        key = author.request(asked if author.reason is None else {**asked, "reason": author.reason})

        def attempt() -> StoredPolicy:
            if first := self._first_answer(tenant_id, key, defaults):
                return first
            before = self._store.read_policy(tenant_id)
            document = before.value or {}
            if version_of(document) != expected_version:
                raise RefusedError(
                    ReasonCode.VERSION_CONFLICT,
                    f"the policy is no longer at version {expected_version}: read it again",
                )
            kept = {name: value for name, value in document.items() if name.startswith("trading_state")}
            return self._commit(tenant_id, {**_normalised(overrides), **kept}, before, author, key, defaults)

        return self._commits.run(tenant_id, attempt)

    def set_trading_state(
        self,
        tenant_id: str,
        state: str,
        reason: str,
        until: datetime | None,
        author: Author,
        defaults: Mapping[str, Any],
    ) -> StoredPolicy:
        """
        Set the kill switch, even if the rest of the policy is malformed or being changed.

        From then on no redemption or cycle commits without having seen it. The same request with the same idempotency
        key gets the first answer again, and reverts nothing.

        Raises
        ------
        PolicyProblemsError
            If the state is unknown or ``until`` is over.
        StoreUnavailable
        """
        now = self._clock.now()
        key = author.request({"put": "trading-state", "state": state, "reason": reason, "until": until})
        if first := self._first_answer(tenant_id, key, defaults):
            return first
        switch = {"trading_state": state, "trading_state_until": until, "trading_state_reason": reason}
        problems = Policy.problems({}, switch)
        if until is not None and until <= now:
            problems.append(PolicyError("until", f"after {now.isoformat()}", until))
        if problems:
            raise PolicyProblemsError(problems)

        def attempt() -> StoredPolicy:
            if first := self._first_answer(tenant_id, key, defaults):
                return first  # another attempt of this request succeeded
            before = self._store.read_policy(tenant_id)
            turned = {**switch, "trading_state_at": now, "trading_state_by": author.uid}
            stored = self._commit(tenant_id, {**(before.value or {}), **turned}, before, author, key, defaults)
            extra = {"tenant": tenant_id, "reason_code": state}
            logger.warning("Trading state %s by %s: %s", state, author.uid, reason, extra=extra)
            return stored

        return self._commits.run(tenant_id, attempt)

    def _commit(
        self,
        tenant_id: str,
        settings: Mapping[str, Any],
        before: Versioned[Document | None],
        author: Author,
        key: RequestKey | None,
        defaults: Mapping[str, Any],
    ) -> StoredPolicy:
        old, now = before.value or {}, self._clock.now()
        stamp = {
            "version": self._next_version(tenant_id, old),
            "updated_at": now,
            "updated_by": author.uid,
        }
        after = {**settings, **stamp}
        changed = {name for name in old.keys() | after.keys() if old.get(name) != after.get(name)}
        change = {
            **stamp,
            "changed": sorted(changed - BOOKKEEPING_FIELDS),
            "policy": after,
        }
        change |= {} if author.reason is None else {"reason": author.reason}
        answered = {} if key is None else {key.id: key.record({"version": stamp["version"]}, now)}
        self._store.commit_policy(tenant_id, after, change, before, answered)
        return stored_policy(after, defaults)

    def _next_version(self, tenant_id: str, old: Document) -> int:
        """Return the next change's version, even if the policy does not state its own: the kill switch must work."""
        known = version_of(old)
        if known == 0:  # none yet, or the document was deleted or damaged: the history continues
            changes = self._store.policy_history(tenant_id, None, _LOOKED_BACK)
            known = max((version_of(change) for change in changes), default=0)
        return known + 1

    def _first_answer(self, tenant_id: str, key: RequestKey | None, defaults: Mapping[str, Any]) -> StoredPolicy | None:
        """Return the earlier answer to this very request, if any. Raises RefusedError."""
        if key is None:
            return None
        record = self._store.idempotency_record(tenant_id, key.id)
        answer = key.first_answer(record)
        if answer is None:
            return None
        with reading(record):
            check_fields(answer, {"version": COUNT}, inside="answer.")
        change = self._store.policy_change(tenant_id, int(answer["version"]))
        if change is None:
            return None
        check_stored(change, {"policy": MAP})
        return stored_policy(change["policy"], defaults)


def problems_of(overrides: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[PolicyError]:
    """Return everything that is wrong with the given settings; empty if they can be stored."""
    switched = sorted(TRADING_STATE_FIELDS & overrides.keys())
    problems = [PolicyError(name, "set by PUT trading-state", overrides[name]) for name in switched]
    problems += Policy.problems(defaults, {k: v for k, v in overrides.items() if k not in switched})
    bookkeeping = BOOKKEEPING_FIELDS & overrides.keys()
    problems += [PolicyError(name, "left to the server", overrides[name]) for name in sorted(bookkeeping)]
    return problems


def _normalised(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as stored: times as timestamps, enums as plain text."""
    policy = Policy.from_sources({}, {name: overrides[name] for name in overrides})
    read = document_names(policy)
    return {name: plain(read[name]) for name in overrides}
