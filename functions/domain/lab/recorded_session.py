"""The last decision of a session, turned back into the inputs of a decision as far as its log has them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import TradingState
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import COUNT, NUMBER, TEXT, Kinds, check_fields, word
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.lab.recorded_proposals import ANY_SYMBOL, SOON, Met, proposal_of
from functions.domain.orchestration.decision import check_logged, logged_verdicts
from functions.domain.orchestration.drift import Difference, DriftKind, Drifts, Subject
from functions.domain.orchestration.inputs import InputIssue
from functions.domain.orchestration.intent import Intent
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.domain.track_record.breakers import BreakerState

BREAKER_REASONS = frozenset({ReasonCode.ACCOUNT_DRAWDOWN, ReasonCode.DAILY_LOSS})
_STATES: Mapping[ReasonCode, TradingState] = {
    ReasonCode.TRADING_HALTED: TradingState.HALT,
    ReasonCode.REDUCE_ONLY: TradingState.REDUCE_ONLY,
}
_ALWAYS: Kinds = {
    **dict.fromkeys(("original_allocation", "final_allocation"), NUMBER),
    "reason_code": word(ReasonCode),
}
_OF_SIGNAL: Kinds = {"action": word(Action), "ticker": TEXT}
_OF_SIGNAL_AT_TIMES: Kinds = {"original_action": word(Action), "intent": word(Intent)}


@dataclass(frozen=True, slots=True)
class Issued:
    """What was decided for one strategy."""

    mode: AgentMode
    action: Action
    allocation: float
    """Fraction of buying power; of the position, for an exit."""
    reason_code: ReasonCode
    """The deciding reason: of a rule, of the strategy's error, or of its mode."""
    said: tuple[ReasonCode, ...]
    """Every reason except that of the mode."""

    def is_same(self, other: Issued) -> bool:
        """
        Return whether the same was decided; allocations may differ by rounding.

        The reason for the mode is not compared: a session's first decision says that the mode changes, the next that
        it stays.
        """
        return (self.mode, self.action, self.said) == (other.mode, other.action, other.said) and math.isclose(
            self.allocation, other.allocation, rel_tol=1e-9, abs_tol=1e-12
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSession:
    """A session's last decision."""

    day: date
    begins_at: datetime
    """When the market's day began: before any of its decisions, and after any closure."""
    at: datetime
    session_id: str
    policy_version: int
    """Of the policy that decided it; 0 if unknown."""
    issued: Mapping[str, Issued]
    """What was decided, by strategy; ``signals`` are in the same order."""
    mode_reasons: Mapping[str, ReasonCode]
    """Why strategies had their modes."""
    signals: tuple[ProposedSignal, ...]
    positions: KnownPositions
    paper: Mapping[str, Mapping[str, float]]
    prices: Mapping[str, float]
    issues: tuple[InputIssue, ...]
    trading_state: TradingState
    breaker: BreakerState
    drifts: Drifts
    """Differences that stopped an entry."""
    samples: frozenset[str]
    """Strategies that act only if a policy names them. A log shows only those that its policy did not name."""


def read_session(log: Mapping[str, Any], day: date, begins_at: datetime, on_paper: Set[str]) -> RecordedSession:
    """
    Read a session's last decision.

    Parameters
    ----------
    log : mapping
        The stored log of the decision.
    on_paper : set of str
        Shadowed strategies whose exit was traded on paper in this decision: they held something there.

    Raises
    ------
    InputError
        If it lacks what is read of it.
    """
    check_logged(log)
    check_fields(log, {}, {"policy_version": COUNT})
    verdicts = logged_verdicts(log)
    met, signals, codes = Met(), [], {}
    for verdict in verdicts:
        name = verdict["strategy_name"]
        check_fields(verdict, _ALWAYS, inside=f"allocation_decisions.{name}.")
        logged = (log.get("signals") or {}).get(name) or {}
        check_fields(logged, _OF_SIGNAL, _OF_SIGNAL_AT_TIMES, f"signals.{name}.")
        codes[name] = _codes(verdict)
        error = (log.get("strategy_errors") or {}).get(name)
        signals.append(proposal_of(verdict, logged, codes[name], error, met))
    said = {code for of_one in codes.values() for code in of_one}
    tripped = next((code for code in BREAKER_REASONS if code in said), None)
    tickers = {one.strategy_name: one.ticker or ANY_SYMBOL for one in signals}
    at = log["timestamp"]
    return RecordedSession(
        day=day,
        begins_at=begins_at,
        at=at,
        session_id=log["session_id"],
        policy_version=int(log.get("policy_version") or 0),
        issued={one["strategy_name"]: _issued(one, log["signals"], codes[one["strategy_name"]]) for one in verdicts},
        mode_reasons={name: of_one[0] for name, of_one in codes.items()},
        signals=tuple(signals),
        positions=met.positions(at),
        paper={name: {tickers[name]: 1.0} for name in on_paper if name in tickers},
        prices=met.prices,
        issues=tuple(_issue(one) for one in log.get("input_issues") or ()),
        trading_state=next((state for code, state in _STATES.items() if code in said), TradingState.RUN),
        breaker=BreakerState() if tripped is None else BreakerState(tripped_until=at + SOON, reason_code=tripped),
        drifts=_drifts(at, {tickers[name] for name, of_one in codes.items() if ReasonCode.BOOK_DRIFT in of_one}),
        samples=frozenset(name for name, of_one in codes.items() if ReasonCode.SAMPLE_NOT_NAMED in of_one),
    )


def _drifts(at: datetime, symbols: Set[str]) -> Drifts:
    """Return differences of broker and books in some symbols; the amounts are not on record."""
    return Drifts(
        tuple(
            Difference(
                subject=Subject.POSITION,
                symbol=canonical_symbol(symbol),
                broker=None,
                book=None,
                kind=DriftKind.UNKNOWN,
                since=at,
                read_at=at,
                is_drift=True,
            )
            for symbol in sorted(symbols)
        )
    )


def paper_exits(log: Mapping[str, Any]) -> dict[str, str]:
    """
    Return, by strategy, the symbols of SELLs for which the log does not tell whether they exited a paper position.

    They are those of shadowed strategies that held nothing live.
    """
    shadowed = [one["strategy_name"] for one in logged_verdicts(log) if one["mode"] == AgentMode.SHADOW_MODE]
    logged = {name: (log.get("signals") or {}).get(name) or {} for name in shadowed}
    return {
        name: one["ticker"]
        for name, one in logged.items()
        if one.get("action") == Action.SELL and one.get("intent") == Intent.NOTHING and one.get("ticker")
    }


def _codes(verdict: Mapping[str, Any]) -> tuple[ReasonCode, ...]:
    told = verdict.get("reason_codes") or [verdict["reason_code"]]
    for code in told:
        check_fields({"reason_codes": code}, {"reason_codes": word(ReasonCode)})
    return tuple(ReasonCode(code) for code in told)


def _issued(verdict: Mapping[str, Any], signals: Mapping[str, Any], codes: tuple[ReasonCode, ...]) -> Issued:
    action = Action(signals[verdict["strategy_name"]]["action"])
    return Issued(AgentMode(verdict["mode"]), action, float(verdict["final_allocation"]), codes[-1], codes[1:])


_OF_ALL = frozenset({"symbols", "market data as_of"})
_QUOTE_FIELD = re.compile(r"(.+?)\.(price|history(\[\d+\])?)")


def _issue(one: Mapping[str, Any]) -> InputIssue:
    """Read an issue; a malformed quote concerns its own symbol only, which its subject names."""
    check_fields(one, {"reason_code": word(ReasonCode)}, {"subject": TEXT}, "input_issues.")
    code, subject = ReasonCode(one["reason_code"]), one.get("subject")
    ticker = None
    if code is ReasonCode.MALFORMED_MARKET_DATA and subject and subject not in _OF_ALL:
        found = _QUOTE_FIELD.fullmatch(subject)
        ticker = found.group(1) if found else subject
    return InputIssue(code, one["detail"], ticker, subject)
