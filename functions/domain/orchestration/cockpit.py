"""
What people look at between cycles: ``state/cockpit``, carried from cycle to cycle. No decision reads it.

Today counts from a base: the last cycle of the session before, its equity and its prices; on a tenant's first day the
first cycle. What was filled since then a page adds itself, from the ledger.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from functions.domain.kernel.policy import Policy
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.decision import MaestroDecision
from functions.domain.orchestration.inputs import Account
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.orchestration.signals import Action
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.standing import Standing

MOST_SESSIONS = 500
"""Of the account's equity; two years of an exchange."""
MOST_ENTRIES = 60
"""Signals and changes of mode of a day, the newest."""
MOST_MARKS = 2_000
"""Symbols whose prices are kept; today's P&L of further positions is unknown."""

Entry = dict[str, Any]
Past = tuple[str, float, float, float | None]
"""A session that is over: day, equity, flows, the benchmark's price."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A symbol's price, USD per unit; None: unknown."""

    price: float | None
    base: float | None
    """Where today counts from."""
    is_held: bool
    """Whether a strategy held it in the last cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cockpit:
    """As the last cycle left it."""

    day: str
    """The market's session, ``YYYY-MM-DD``."""
    as_of: datetime
    base_at: datetime
    equity: float | None = None
    """USD, as breakers may count it; the last that was known."""
    equity_as_of: datetime | None = None
    base_equity: float | None = None
    base_equity_as_of: datetime | None = None
    flows: float = 0.0
    """Today's deposits less withdrawals, USD."""
    benchmark: str | None = None
    """The benchmark's canonical symbol."""
    benchmark_price: float | None = None
    """Its price in today's last cycle that had one, USD per unit."""
    history: tuple[Past, ...] = ()
    """Sessions before today's, oldest first: day, equity and the benchmark's price at its last cycle, its flows; to a
    cent."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """By canonical symbol, of what strategies hold, or held today."""
    last_signals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The last one other than HOLD, by strategy: action, symbol, time."""
    cycles: int = 0
    """Today's cycles."""
    proposed: int = 0
    """Signals other than HOLD."""
    changed: int = 0
    """Today's signals that rules changed."""
    entries: tuple[Entry, ...] = ()
    """Today's signals and changes of mode, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleSeen:
    """What one cycle knew and decided."""

    decision: MaestroDecision
    session: date
    """The market's."""
    policy: Policy
    account: Account
    equity: float | None
    """USD, as breakers may count it."""
    breaker: BreakerState
    book: PositionBook
    prices: Mapping[str, float]
    """USD per unit by canonical symbol."""
    modes: Mapping[str, ModeState]
    standing: Mapping[str, Standing]


def next_cockpit(before: Cockpit | None, seen: CycleSeen) -> Cockpit:
    """Return what people see after a cycle; the first of a session moves the base to the last of the one before."""
    now, day = seen.decision.timestamp, seen.session.isoformat()
    start = Cockpit(day=day, as_of=now, base_at=now) if before is None else before
    cockpit = start if start.day == day else _next_day(start, day)
    held = {symbol for _, symbol in seen.book.holdings} if seen.book.is_open else set()
    cockpit = replace(
        cockpit,
        as_of=now,
        marks=_marks(cockpit.marks, held, seen.prices, is_base=before is None),
        last_signals={**cockpit.last_signals, **_last_signals(seen.decision)},
        cycles=cockpit.cycles + 1,
        proposed=cockpit.proposed + sum(map(_is_signal, seen.decision.signals.values())),
        changed=cockpit.changed + len(seen.decision.signals_modified),
        entries=(*cockpit.entries, *_entries(seen.decision))[-MOST_ENTRIES:],
    )
    return _with_equity(_with_benchmark(cockpit, seen), seen)


def _with_benchmark(cockpit: Cockpit, seen: CycleSeen) -> Cockpit:
    """Note the benchmark's price; earlier prices of another benchmark are dropped."""
    named = canonical_symbol(seen.policy.benchmark or "") or None
    if cockpit.benchmark != named:
        history = tuple((day, usd, flows, None) for day, usd, flows, _ in cockpit.history)
        cockpit = replace(cockpit, benchmark=named, benchmark_price=None, history=history)
    price = None if named is None else seen.prices.get(named)
    return cockpit if price is None else replace(cockpit, benchmark_price=price)


def _next_day(cockpit: Cockpit, day: str) -> Cockpit:
    history = cockpit.history
    if cockpit.equity is not None:
        history = (*history, (cockpit.day, round(cockpit.equity, 2), round(cockpit.flows, 2), cockpit.benchmark_price))
    history = history[: bisect_left(history, day, key=itemgetter(0))]  # another market's day may be an earlier one
    return replace(
        cockpit,
        day=day,
        base_at=cockpit.as_of,
        base_equity=cockpit.equity,
        base_equity_as_of=cockpit.equity_as_of,
        flows=0.0,
        history=history[-MOST_SESSIONS:],
        benchmark_price=None,
        marks={symbol: Mark(one.price, one.price, True) for symbol, one in cockpit.marks.items() if one.is_held},
        cycles=0,
        proposed=0,
        changed=0,
        entries=(),
    )


def _with_equity(cockpit: Cockpit, seen: CycleSeen) -> Cockpit:
    as_of = seen.account.as_of
    if seen.equity is not None and as_of is not None:
        cockpit = replace(cockpit, equity=seen.equity, equity_as_of=as_of)
        if cockpit.base_equity is None:
            cockpit = replace(cockpit, base_equity=seen.equity, base_equity_as_of=as_of)
    start, end = cockpit.base_equity_as_of, cockpit.equity_as_of
    if start is None or end is None:
        return cockpit
    return replace(cockpit, flows=sum(one.usd for one in seen.breaker.flows if start < one.ts <= end))


def _marks(
    before: Mapping[str, Mark], held: set[str], prices: Mapping[str, float], *, is_base: bool
) -> dict[str, Mark]:
    marks = {}
    for symbol in [*before, *sorted(held - before.keys())][:MOST_MARKS]:
        known = before.get(symbol, Mark(None, prices.get(symbol) if is_base else None, False))
        marks[symbol] = Mark(prices.get(symbol, known.price), known.base, symbol in held)
    return marks


def _is_signal(signal: Any) -> bool:
    return bool(signal.proposed.action is not Action.HOLD)


def _last_signals(decision: MaestroDecision) -> dict[str, Sequence[str]]:
    at = decision.timestamp.isoformat()
    signals = {name: one.proposed for name, one in decision.signals.items() if _is_signal(one)}
    return {name: (str(one.action), one.ticker, at) for name, one in signals.items()}


def _entries(decision: MaestroDecision) -> list[Entry]:
    """Return a cycle's signals other than HOLD, and its changes of mode."""
    entries: list[Entry] = []
    for verdict in decision.verdicts:
        same = {"at": decision.timestamp.isoformat(), "session_id": decision.session_id, "why": verdict.reason_code}
        same["strategy"] = verdict.strategy_name
        signal = decision.signals[verdict.strategy_name]
        if _is_signal(signal):
            entries.append(
                {
                    **same,
                    "action": signal.action,
                    "was": signal.proposed.action,
                    "symbol": signal.proposed.ticker,
                    "intent": signal.judgement.intent,
                    "asked": verdict.original_allocation,
                    "allowed": verdict.final_allocation,
                    "change": decision.signals_modified.get(verdict.strategy_name),
                }
            )
        if verdict.previous_mode not in {None, verdict.mode}:
            entries.append({**same, "mode": verdict.mode, "from": verdict.previous_mode})
    return entries
