"""A day of the demo in plain words, from the stored decision, the stored breaker and the account alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.plurals import counted
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.decision import logged_verdicts
from functions.domain.track_record.breakers import BreakerState
from tools.lab.engine.paper_broker import TRADING_MODES

ON_PAPER = frozenset({str(AgentMode.SHADOW_MODE)})
BREAKER_REASONS = frozenset({str(ReasonCode.DAILY_LOSS), str(ReasonCode.ACCOUNT_DRAWDOWN)})
SYSTEMIC = frozenset({str(ReasonCode.SYSTEMIC_RISK)})
_LADDER = [str(mode) for mode in AgentMode]


@dataclass(frozen=True, slots=True)
class Day:
    """What one cycle decided, and what the account was worth after the day's fills."""

    decision: Mapping[str, Any]
    """The document of the decision log."""
    breaker: BreakerState
    """As the cycle stored it."""
    equity: float
    """USD."""

    @property
    def date(self) -> str:
        return str(self.decision["slot"][:10])

    @property
    def verdicts(self) -> Sequence[Mapping[str, Any]]:
        """One per strategy, disabled ones last."""
        return logged_verdicts(self.decision)

    @property
    def taking_part(self) -> frozenset[str]:
        """Strategies that are not switched off by hand."""
        return frozenset(v["strategy_name"] for v in self.verdicts if v["mode"] != AgentMode.DISABLED)

    @property
    def moves(self) -> Sequence[Mapping[str, Any]]:
        """Verdicts that changed a mode."""
        return [verdict for verdict in self.verdicts if verdict["previous_mode"] not in {None, verdict["mode"]}]

    @property
    def sellers(self) -> Sequence[str]:
        signals, names = self.decision["signals"], (verdict["strategy_name"] for verdict in self.verdicts)
        return [name for name in names if signals[name]["action"] == "SELL" and name in self.taking_part]

    def stopped_buys(self, reasons: frozenset[str], modes: frozenset[str]) -> Sequence[str]:
        """Return "strategy symbol" of the BUYs, of strategies in these modes, that became HOLD for these reasons."""
        signals = self.decision["signals"]
        return [
            f"{verdict['strategy_name']} {signals[verdict['strategy_name']]['ticker']}"
            for verdict in self.verdicts
            if verdict["mode"] in modes and reasons & {verdict["reason_code"], *verdict.get("reason_codes", ())}
        ]


def day_line(day: Day) -> str:
    """Return a quiet day: what the account is worth, and how many strategies are in which mode."""
    counts = Counter(verdict["mode"] for verdict in day.verdicts)
    modes = ", ".join(f"{counts[mode]} {mode}" for mode in _LADDER if counts[mode])
    return f"{day.date}  {day.equity:>7,.0f} USD  {modes}"


def happenings(day: Day, before: Day | None) -> list[str]:
    """Return what is worth reporting of a day, a sentence each."""
    return [*rule_happenings(day, before), *(_move(verdict) for verdict in day.moves)]


def rule_happenings(day: Day, before: Day | None) -> list[str]:
    """Return what rules across strategies did."""
    told = []
    if day.decision["systemic_risk_detected"]:
        sellers = day.sellers
        found = f"systemic risk: {len(sellers)} want to sell ({', '.join(sellers)})"
        told.append(f"{found}; {_stopped(day, SYSTEMIC) or 'no BUY to stop'}")
    told += _breaker_happenings(day, None if before is None else before.breaker)
    if stopped := _stopped(day, BREAKER_REASONS):
        told.append(f"breaker {stopped}")
    return told


def _breaker_happenings(day: Day, before: BreakerState | None) -> list[str]:
    until, until_before = day.breaker.tripped_until, None if before is None else before.tripped_until
    if until == until_before:
        return []
    if until is None:
        return ["breaker releases: BUYs pass again"]
    return [f"breaker trips: {_loss(day.breaker)}; no BUY until {until:%Y-%m-%d}"]


def _loss(breaker: BreakerState) -> str:
    """Say what the breaker saw; the last observation is the day's."""
    equity = breaker.recent[-1]
    if breaker.reason_code is ReasonCode.DAILY_LOSS:
        return f"equity {_change(breaker.day_start, equity)} from the day's start"
    return f"equity {_change(breaker.peak, equity)} from its peak"


def _change(reference: float | None, equity: float) -> str:
    return f"{equity / reference - 1.0:.1%}" if reference else "unknown"


def _stopped(day: Day, reasons: frozenset[str]) -> str:
    """Say which BUYs did not happen, those that would have cost money first; empty without any."""
    real, paper = (day.stopped_buys(reasons, modes) for modes in (TRADING_MODES, ON_PAPER))
    kinds = (("BUY", real), ("paper BUY", paper))
    told = [f"{counted(len(names), kind)} ({', '.join(names)})" for kind, names in kinds if names]
    return f"stops {' and '.join(told)}" if told else ""


def _move(verdict: Mapping[str, Any]) -> str:
    return f"{verdict['strategy_name']} {verdict['previous_mode']} -> {verdict['mode']} ({_why(verdict)})"


def _why(verdict: Mapping[str, Any]) -> str:
    sharpe = verdict["sharpe_ratio"]
    return str(verdict["reason_code"]) if sharpe is None else f"Sharpe {sharpe:.2f}"


@dataclass(slots=True)
class Pace:
    """Which days are printed: every one, or those on which something happened and one of many others."""

    every: int
    """Days after a printed one until a quiet one is printed; 1 prints all."""
    left_out: int = 0
    """How many quiet days are still left out; the first day is printed."""

    def is_due(self, *, has_news: bool) -> bool:
        """Return whether to print the next day."""
        is_due = has_news or self.left_out == 0
        self.left_out = self.every - 1 if is_due else self.left_out - 1
        return is_due
