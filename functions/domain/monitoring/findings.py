"""Findings in decisions, in the tenant's state, in its jobs and in its redemptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.policy import Policy, TradingState
from functions.domain.kernel.slots import SLOT_PERIOD
from functions.domain.kernel.stored_fields import COUNT, LIST, MAPS, NUMBER, TEXT, TIME, Kinds, check_fields
from functions.domain.monitoring.alert_members import member_names, sort_of
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.book_findings import overfills, position_book, positions_left
from functions.domain.monitoring.broker_findings import broker_told
from functions.domain.monitoring.capacity import capacity
from functions.domain.monitoring.drift_findings import drift
from functions.domain.monitoring.mode_findings import mode_conditions, promotions
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.drift import NO_DRIFT, Drifts
from functions.domain.orchestration.identity import shown_nonce
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.breakers import BreakerState
from functions.domain.trading.reservations import Overfill

Document = Mapping[str, Any]

MISSED_AFTER = 2 * SLOT_PERIOD
JOB_CUT_OFF_AFTER = timedelta(hours=2)
"""A job has nine minutes, and starts over when retried."""
_NAMED_ISSUES = 20
_VARIANT_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything that alerts are checked on."""

    now: datetime
    policy: Policy
    breaker: BreakerState
    new_decisions: Sequence[Document]
    """Log documents not checked yet, oldest first."""
    last_decision: Document | None
    is_market_open: bool
    """Whether the market has been open for two periods; only called when a decision is missing."""
    jobs: Sequence[Document]
    """The last performance jobs, newest first."""
    lapsed: Sequence[Document]
    """Redemptions that lapsed within the last day."""
    book: PositionBook = field(default_factory=PositionBook)
    drifts: Drifts = NO_DRIFT
    overfills: Sequence[Overfill] = ()
    """The latest, of any age."""
    closed_memberships: Sequence[Document] = ()
    """Those closed within the last day for lack of a user: ``uid``, ``email``, ``because`` and ``at``."""
    broker_told: Sequence[Document] = ()
    """The broker's reports that need attention: ``at`` and ``text``."""
    sizes: Mapping[str, float] = field(default_factory=dict)
    """By the names of `functions.domain.monitoring.capacity.LIMITS`."""


def findings(observed: Observed) -> list[Finding]:
    """Return everything to raise or keep raised, in reading order."""
    found: list[Finding] = []
    found += trading_state(observed.policy, observed.now)
    found += breaker(observed.breaker, observed.now)
    found += missed_cycles(observed)
    if observed.last_decision is not None:
        found += of_decision(observed.last_decision)
        found += mode_conditions(observed.last_decision, observed.new_decisions)
        found += positions_left(observed.last_decision, observed.book, observed.policy)
    for decision in observed.new_decisions:
        found += promotions(decision)
    found += jobs(observed.jobs, observed.now)
    found += position_book(observed.jobs)
    found += drift(observed.drifts, observed.policy)
    found += lapsed_reservations(observed.lapsed)
    found += overfills(observed.overfills, observed.now)
    found += closed_memberships(observed.closed_memberships)
    found += broker_told(observed.broker_told, observed.now)
    found += capacity(observed.sizes)
    return found


def trading_state(policy: Policy, now: datetime) -> Iterator[Finding]:
    policy = policy.at(now)
    if policy.trading_state is TradingState.RUN:
        return
    until = f" until {policy.trading_state_until.isoformat()}" if policy.trading_state_until else ""
    yield Finding(
        "trading-state",
        AlertKind.TRADING_STATE,
        Severity.CRITICAL if policy.trading_state is TradingState.HALT else Severity.WARNING,
        f"🛑 TRADING {policy.trading_state}{until}",
        policy.trading_state_reason or "no reason given",
        variant=f"{policy.trading_state}{until}: {policy.trading_state_reason}",
    )


def breaker(state: BreakerState, now: datetime) -> Iterator[Finding]:
    if state.is_tripped(now):
        title = f"🛑 {state.detail[0].upper()}{state.detail[1:]}"
        yield Finding(
            "breaker",
            AlertKind.BREAKER_TRIPPED,
            Severity.CRITICAL,
            title,
            f"{state.reason_code}: exits only",
            variant=f"{state.tripped_until}",
            is_retold=False,
            members=member_names([str(state.reason_code)]),
        )


def missed_cycles(observed: Observed) -> Iterator[Finding]:
    last = observed.last_decision["timestamp"] if observed.last_decision else None
    if not observed.is_market_open or (last is not None and observed.now - last < MISSED_AFTER):
        return
    since = "ever" if last is None else f"since {last.isoformat(timespec='minutes')}"
    title = f"💔 NO DECISION {since}, and the market is open"
    detail = "look at orchestrate_tick and orchestratetenant in the logs, and at the queue"
    yield Finding("missed-cycles", AlertKind.MISSED_CYCLES, Severity.CRITICAL, title, detail)


def of_decision(decision: Document) -> Iterator[Finding]:
    """Yield findings of the last decision."""
    if decision.get("systemic_risk_detected"):
        details = str(decision.get("systemic_risk_details"))
        yield Finding(
            "systemic-risk",
            AlertKind.SYSTEMIC_RISK,
            Severity.CRITICAL,
            f"🚨 SYSTEMIC RISK: {details}",
            "no entry passes while this lasts, exits do; each cycle decides again",
            variant=details[:_VARIANT_CHARACTERS],
            is_retold=False,
            fields={"session_id": decision["session_id"]},
        )
    for name, error in sorted((decision.get("strategy_errors") or {}).items()):
        yield _of_error(f"strategy-error:{name}", AlertKind.STRATEGY_ERROR, f"❌ {name} fails", str(error))
    for name, error in sorted((decision.get("load_errors") or {}).items()):
        yield _of_error(f"load-error:{name}", AlertKind.LOAD_ERROR, f"❌ {name} cannot be loaded", str(error))
    issues = decision.get("input_issues") or ()
    if issues:
        codes = sorted({str(issue["reason_code"]) for issue in issues})
        title = f"⏳ BUYs are held: {', '.join(codes)}"
        more = f"; and {len(issues) - _NAMED_ISSUES} more" if len(issues) > _NAMED_ISSUES else ""
        detail = "; ".join(str(issue["detail"]) for issue in issues[:_NAMED_ISSUES]) + more
        members = member_names(map(_problem, issues))
        yield Finding("inputs", AlertKind.INPUTS, Severity.WARNING, title, detail, members=members)


def _of_error(key: str, kind: AlertKind, title: str, error: str) -> Finding:
    """Return the finding of a lasting error; another kind of error is another problem."""
    return Finding(key, kind, Severity.WARNING, title, error, members=member_names([sort_of(error)]))


def _problem(issue: Document) -> str:
    """Return what identifies an issue: its code and its subject."""
    subject = issue.get("subject")
    return str(issue["reason_code"]) if subject is None else f"{issue['reason_code']} {subject}"


_OF_JOB: Kinds = {
    **dict.fromkeys(("status", "book_status", "book_closed_because"), TEXT),
    **dict.fromkeys(("book_differs", "skipped_documents"), COUNT),
    "skipped_examples": LIST,
    "book_differences": MAPS,
    "started_at": TIME,
}
_OF_DIFFERENCE: Kinds = {"strategy_id": TEXT, "symbol": TEXT, "book_qty": NUMBER, "ledger_qty": NUMBER}


def check_job(document: Document) -> None:
    """Check that a job's record has every field that is read. Raises InputError."""
    check_fields(document, {"started_at": TIME} if document.get("status") == "RUNNING" else {}, _OF_JOB)
    if document.get("book_status") == "DIFFERS":
        check_fields(document, {"book_differs": COUNT, "book_differences": MAPS})
    for number, one in enumerate(document.get("book_differences") or ()):
        check_fields(one, _OF_DIFFERENCE, inside=f"book_differences[{number}].")


def jobs(documents: Iterable[Document], now: datetime) -> Iterator[Finding]:
    """Yield findings of the last job of each kind, and of every recent job's skipped documents."""
    seen = set()
    for job in documents:
        job_id, status = str(job["job_id"]), job.get("status")
        kind = job_id.split("-", maxsplit=1)[0]
        error = "it began but did not finish" if _is_cut_off(job, now) else str(job.get("error"))
        if kind not in seen and (status == "FAILED" or _is_cut_off(job, now)):
            yield Finding(
                f"job:{kind}",
                AlertKind.JOB_FAILED,
                Severity.CRITICAL,
                f"❌ Performance job {job_id} failed",
                error,
                variant=job_id,
                is_retold=False,
                members=member_names([sort_of(error)]),
            )
        if status != "RUNNING" or _is_cut_off(job, now):  # a running job does not show how the last one ended
            seen.add(kind)
        if job.get("skipped_documents"):
            title = f"🧾 {job_id} skipped {job['skipped_documents']} documents"
            detail = "; ".join(map(str, (job.get("skipped_examples") or ())[:5]))
            key = f"skipped:{job_id}:{job['skipped_documents']}"
            yield Finding(key, AlertKind.SKIPPED_DOCUMENTS, Severity.WARNING, title, detail, is_event=True)


def _is_cut_off(job: Document, now: datetime) -> bool:
    """Return whether a job began so long ago that it can no longer be running."""
    return job.get("status") == "RUNNING" and now - job["started_at"] > JOB_CUT_OFF_AFTER


def check_lapsed(redemption: Document) -> None:
    """Check that a redemption has every field that is reported. Raises InputError."""
    names = ("nonce", "strategy_id", "symbol", "action")
    check_fields(redemption, {**dict.fromkeys(names, TEXT), "notional": NUMBER})


def lapsed_reservations(redemptions: Iterable[Document]) -> Iterator[Finding]:
    for redemption in redemptions:
        name, symbol = redemption["strategy_id"], redemption["symbol"]
        yield Finding(
            f"lapsed:{redemption['nonce']}",
            AlertKind.RESERVATION_LAPSED,
            Severity.WARNING,
            f"⌛ {name} redeemed {redemption['action']} {symbol} and neither filled nor released all of it",
            f"nonce {shown_nonce(redemption['nonce'])}…, {redemption['notional']:.2f} USD were reserved: "
            "check whether the broker has an order with this client_order_id",
            is_event=True,
            fields={"strategy_name": name},
        )


def closed_memberships(closed: Iterable[Document]) -> Iterator[Finding]:
    for one in closed:
        yield Finding(
            f"membership:{one['uid']}:{one['at'].isoformat()}",
            AlertKind.MEMBERSHIP_CLOSED,
            Severity.WARNING,
            f"🚪 {one['email']} was {one['because'].lower()} in Firebase Authentication, and is no longer a member",
            "make maestro's user enable reopens the membership, if the user still exists",
            is_event=True,
        )
