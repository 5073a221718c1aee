"""`Source` of a tenant's own record: its decisions made again, its strategies' daily returns weighted by modes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from functions.domain.kernel.plurals import counted
from functions.domain.kernel.policy import Policy
from functions.domain.lab.figures import FEWEST_DAYS
from functions.domain.lab.held_fixed import HELD_FIXED, WEIGHED_RETURNS, not_told
from functions.domain.lab.record import Record
from functions.domain.lab.replayed_sessions import DecidedSession, modes_of
from functions.domain.lab.weighted_returns import ModesByDay, WeightedDay, weighted_days
from functions.domain.track_record.windows import PerformanceWindows
from tools.lab.engine.rows import row_of
from tools.lab.policies import OFF
from tools.lab.policy_run import AccountSession, PolicyRun, StrategySession
from tools.lab.results.benchmark import BuyAndHold
from tools.lab.source import Advance, Policies

CURRENT = "current"
"""The policy that the tenant has now."""
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTask:
    """A record, whose returns are weighted, and everything else except policies."""

    tenant: str
    uid: str | None
    """Whose returns are weighted; None for all users' together."""
    record: Record
    not_reproduced: tuple[date, ...]
    """Sessions that the rules, under the policies in force then, decide differently from how they were decided."""
    earned: PerformanceWindows
    """The returns that are weighted; decisions are made from the record's own."""
    last: date
    """Later returns do not count."""
    defaults: Mapping[str, Any]
    """The defaults for what a policy does not set, by document name."""
    current: Mapping[str, Any]
    """The policy that the tenant has now, as `PUT /v1/policy` takes it."""
    starting_cash: float
    risk_free_rate: float
    costs: None = None

    @property
    def market(self) -> str:
        return self.record.holds.market

    @property
    def strategies(self) -> tuple[str, ...]:
        return tuple(sorted({name for one in self.record.sessions for name in one.issued}))

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(one.day for one in self.record.sessions)

    @property
    def detected(self) -> str:
        whose = "" if self.uid is None else f", returns of {self.uid}"
        count, days = len(self.days), self.days
        return f"{self.tenant}: its own record{whose}, {count} sessions decided again, {days[0]} … {days[-1]}"

    @property
    def held_fixed(self) -> tuple[str, ...]:
        return *WEIGHED_RETURNS, *HELD_FIXED

    @property
    def own_policies(self) -> Policies:
        return {CURRENT: self.current}

    @property
    def origin(self) -> Mapping[str, Any]:
        record, others = self.record, self.not_reproduced
        return {
            "tenant": {
                "id": self.tenant,
                "uid": self.uid,
                "detected": self.detected,
                "decided": len(self.days),
                "reproduced": len(self.days) - len(others),
                "not_reproduced": list(others),
                "unreadable": list(record.unreadable),
                "undecided": list(record.undecided),
                "uncounted": list(record.uncounted),
            }
        }

    def doubts(self, policies: Policies) -> tuple[str, ...]:
        record, followed = self.record, {one.day for one in self._weighted(modes_of(self.record.sessions))}
        lone = [day for day in self.days[1:] if day not in followed]
        found = [
            _told(self.not_reproduced, "not decided again as they were, under the policies in force then"),
            _told(record.unreadable, "left out, as their decision cannot be read"),
            _told(record.undecided, "without a decision on record"),
            _told(record.uncounted, "left out, as the returns they looked back on are too many to read"),
            _told(lone, "left out of the returns: no return on record, or no decision before"),
        ]
        if len(followed) < FEWEST_DAYS:
            found.append(f"{len(followed)} days of returns, but {FEWEST_DAYS} are needed for a Sharpe ratio")
        if self.uid is not None:
            found.append(
                f"{self.uid} has no paper returns: a day in SHADOW_MODE has the return of {self.uid}'s account"
            )
        by_settings: dict[tuple[str, ...], list[str]] = {}
        for name, document in policies.items():
            if name != OFF and (unknown := not_told(record.holds, self._policy(document))):
                by_settings.setdefault(unknown, []).append(name)
        for unknown, names in by_settings.items():
            found.append(f"not on record: what {', '.join(unknown)} would have changed in {_listed(names)}")
        return tuple(filter(None, found))

    def idle(self, names: Sequence[str]) -> str:
        return f"without any return on record: {', '.join(names)}"

    def hold(self, days: Sequence[date]) -> BuyAndHold | None:  # noqa: ARG002 - a record has no prices
        return None

    def replay(self, policies: Policies, progress: Advance | None = None) -> dict[str, PolicyRun]:
        runs = {}
        for number, (name, document) in enumerate(policies.items(), start=1):
            runs[name] = self._run(name, document, self.record.decided(self._policy(document)))
            if progress is not None:
                progress(number * len(self.days), len(policies) * len(self.days))
        return runs

    def fingerprints(self) -> dict[str, str]:
        return {"record of": self.tenant if self.uid is None else f"{self.tenant}, {self.uid}"}

    def digest(self) -> str:
        """Return what identifies a replay; a log is never changed, so its id stands for it."""
        decided = [(one.day, one.at, one.session_id, sorted(one.paper)) for one in self.record.sessions]
        said = [decided, self.last, self.starting_cash, sorted(self.record.first_modes.items()), self.defaults]
        found = hashlib.sha256(repr(said).encode())
        for windows in (self.record.windows, self.earned):
            found.update(json.dumps([windows.strategy_names, [str(day) for day in windows.dates]]).encode())
            for array in windows.sessions.arrays:
                found.update(array.tobytes())
        return found.hexdigest()[:16]

    def between(self, first: date, last: date) -> RecordTask:
        others = tuple(day for day in self.not_reproduced if first <= day <= last)
        return replace(self, record=self.record.between(first, last), not_reproduced=others, last=last)

    def _policy(self, document: Mapping[str, Any]) -> Policy:
        """Return a policy; one that does not say which samples may act lets all, as in a replay of prices."""
        samples = sorted({name for one in self.record.sessions for name in one.samples})
        return Policy.from_sources(self.defaults, {"sample_strategies": samples, **document})

    def _weighted(self, modes: ModesByDay) -> list[WeightedDay]:
        found = weighted_days(self.earned, self.earned.sessions.returns, modes)
        return [one for one in found if one.day <= self.last]

    def _run(self, name: str, document: Mapping[str, Any], decided: Sequence[DecidedSession]) -> PolicyRun:
        """Return what a policy's modes would have earned, on an account that is shared out again every session."""
        by_day = {one.day: one for one in decided}
        sessions: list[AccountSession] = []
        rows: dict[str, list[StrategySession]] = {strategy: [] for strategy in self.strategies}
        equity, unknown = self.starting_cash, float("nan")
        for day in self._weighted(modes_of(decided)):
            before, equity = equity, equity * (1.0 + day.total)
            held = {strategy: equity * weight for strategy, weight in day.weights.items()}
            value = sum(held.values())
            sessions.append(
                AccountSession(day=day.day, equity=equity, market_value=value, traded=unknown, costs=unknown)
            )
            for strategy, of_one in rows.items():
                usd = before * day.earned.get(strategy, 0.0), held.get(strategy, 0.0)
                of_one.append(_row(day.day, strategy, by_day.get(day.day), *usd))
        exits = Counter(strategy for one in decided for strategy in one.exits)
        return PolicyRun(
            name=name,
            policy=document,
            sessions=tuple(sessions),
            strategies={strategy: tuple(of_one) for strategy, of_one in rows.items()},
            round_trips={strategy: exits[strategy] for strategy in rows},
        )


def _row(day: date, strategy: str, decided: DecidedSession | None, profit: float, held: float) -> StrategySession:
    """Return a strategy's session; without a mode where it had no part in a decision."""
    verdicts = {} if decided is None else {one.strategy_name: one for one in decided.decision.verdicts}
    if decided is not None and strategy in verdicts:
        return row_of(day, verdicts[strategy], decided.decision, profit, held)
    return StrategySession(
        day=day,
        mode="",
        proposed="HOLD",
        issued="HOLD",
        reason_codes=(),
        profit=profit,
        held=held,
        sharpe_ratio=None,
    )


def _told(days: Sequence[date], what: str) -> str:
    """Return how many sessions there are of a kind, and the first of them; nothing of none."""
    if not days:
        return ""
    return f"{counted(len(days), 'session')} {what} ({_listed([str(day) for day in days])})"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:_SHOWN]) + (", …" if len(words) > _SHOWN else "")
