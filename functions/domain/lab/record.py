"""A tenant's record, on which policies are tried: its decisions, daily returns, and earlier policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from functions.domain.kernel.policy import Policy
from functions.domain.lab.recorded_session import RecordedSession
from functions.domain.lab.replayed_sessions import DecidedSession, modes_after, not_reproduced, replayed
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import PerformanceWindows


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The readable last decision of each session, and what it was made from."""

    sessions: tuple[RecordedSession, ...]
    """Oldest first."""
    first_modes: Mapping[str, ModeState]
    """Modes before the first session."""
    windows: PerformanceWindows
    """The sessions' returns, and those of as many sessions before as any policy looks back on."""
    holds: Policy
    """The policy in force."""
    policies: Mapping[int, Policy]
    """Policies that decided sessions, by version, as far as they are on record."""
    unreadable: tuple[date, ...] = ()
    """Sessions left out, as their decision cannot be read."""
    undecided: tuple[date, ...] = ()
    """Trading days between the first and the last session that have no decision."""
    uncounted: tuple[date, ...] = ()
    """Sessions left out, as the returns they looked back on are too many to read."""

    def policy_then(self, session: RecordedSession) -> Policy:
        """Return the policy that decided a session; the one in force if that is unknown."""
        return self.policies.get(session.policy_version, self.holds)

    def with_named_samples(self, session: RecordedSession) -> RecordedSession:
        """Return a session with the samples that its policy let act added; its log shows only the others."""
        return replace(session, samples=session.samples | frozenset(self.policy_then(session).sample_strategies))

    def decided(self, policy: Policy) -> list[DecidedSession]:
        """Decide every session again under a policy, each with the modes that the session before left."""
        return replayed(self.sessions, self.first_modes, self.windows, lambda _: policy)

    def not_reproduced(self) -> tuple[date, ...]:
        """Return the sessions that the rules decide differently now, under the policies of that time."""
        again = replayed(self.sessions, self.first_modes, self.windows, self.policy_then)
        return not_reproduced(self.sessions, again)

    def between(self, first: date, last: date) -> Record:
        """Return the record of the sessions of some days; earlier returns are kept."""
        before = [one for one in self.sessions if one.day < first]
        return replace(
            self,
            sessions=tuple(one for one in self.sessions if first <= one.day <= last),
            first_modes=modes_after(before[-1]) if before else self.first_modes,
            unreadable=_within(self.unreadable, first, last),
            undecided=_within(self.undecided, first, last),
            uncounted=_within(self.uncounted, first, last),
        )


def _within(days: Sequence[date], first: date, last: date) -> tuple[date, ...]:
    return tuple(day for day in days if first <= day <= last)
