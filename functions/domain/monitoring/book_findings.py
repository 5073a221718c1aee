"""Findings in the position book, its comparison with the ledger, and fills that exceeded it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.policy import OnShadow, Policy
from functions.domain.monitoring.alert_members import member_names
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.decision import logged_verdicts
from functions.domain.orchestration.position_book import Holding, PositionBook
from functions.domain.trading.reservations import Overfill

OVERFILLS_TOLD = timedelta(days=1)
"""How recently an over-fill must have been recorded to be reported."""
_NAMED_POSITIONS = 5


def positions_left(decision: Mapping[str, Any], book: PositionBook, policy: Policy) -> Iterator[Finding]:
    """Yield the strategies that may not trade live, by the last decision, but still hold something."""
    by_owner: dict[str, list[Holding]] = defaultdict(list)
    for (owner, _), holding in sorted(book.holdings.items()) if book.is_open else ():
        by_owner[owner].append(holding)
    for verdict in logged_verdicts(decision):
        mode, name = AgentMode(verdict["mode"]), str(verdict["strategy_name"])
        held = by_owner.get(name)
        if WEIGHTS[mode] or not held:
            continue
        shown = _listed(held)
        yield Finding(
            f"positions-left:{name}",
            AlertKind.POSITIONS_LEFT,
            Severity.WARNING,
            f"📒 {name} is {'DISABLED' if mode is AgentMode.DISABLED else f'in {mode}'} and still holds {shown} live",
            _way_out(mode, policy),
            variant=f"{mode}: {', '.join(f'{one.qty!r} {one.symbol}' for one in held)}"[:1000],
            is_retold=False,
            members=member_names(one.symbol for one in held),
            fields={"strategy_name": name, "session_id": str(decision["session_id"])},
        )


def position_book(documents: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield the result of the last comparison of position book and ledger; a skipped one yields nothing."""
    compared = (job for job in documents if job.get("book_status") not in {None, "NOT_COMPARED"})
    job = next(compared, {})
    mend = 'make maestro ARGS="book open TENANT" shows and fixes it'
    if job.get("book_status") == "DIFFERS":
        title = f"📒 {job['book_differs']} positions differ between position book and ledger"
        rows = (
            f"{one['strategy_id']} {one['symbol']}: book {one['book_qty']:g}, ledger {one['ledger_qty']:g}"
            for one in job["book_differences"]
        )
        detail, variant = f"{'; '.join(rows)}: {mend}", f"DIFFERS:{job['book_differs']}"
        yield Finding(
            "position-book",
            AlertKind.POSITION_BOOK,
            Severity.CRITICAL,
            title,
            detail,
            variant=variant,
            members=member_names(f"{one['strategy_id']} {one['symbol']}" for one in job["book_differences"]),
        )
    elif job.get("book_status") == "CLOSED":
        title = "📒 The position book closed by itself: what strategies hold is unknown"
        detail = f"{job['book_closed_because']}: {mend}"
        yield Finding(
            "position-book",
            AlertKind.POSITION_BOOK,
            Severity.CRITICAL,
            title,
            detail,
            variant="CLOSED",
            members=("CLOSED",),
        )


def overfills(found: Iterable[Overfill], now: datetime) -> Iterator[Finding]:
    """Yield the last day's fills that exceeded what could be traded."""
    for one in found:
        if now - one.recorded_at > OVERFILLS_TOLD:
            continue
        is_sale = one.side == "sell"
        what = f"{'sold' if is_sale else 'bought'} {_units(one.qty)} {one.symbol} more than"
        yield Finding(
            f"overfill:{one.fill_id}",
            AlertKind.OVERFILLED,
            Severity.CRITICAL,
            f"🚧 {one.strategy_id} {what} {'it held, or its exit allowed' if is_sale else 'its exit allowed'}",
            f"fill {one.fill_id}, recorded at {one.recorded_at.isoformat(timespec='seconds')}, is in the ledger and in "
            "the position book: check what the broker's account holds now, and whether the client respects max_qty",
            is_event=True,
            fields={"strategy_name": one.strategy_id},
        )


def _listed(held: list[Holding]) -> str:
    """Return the most valuable positions as text, and the number of others."""
    by_value = sorted(held, key=lambda one: -abs(one.qty * one.average_price))
    named = ", ".join(f"{_units(one.qty)} {one.symbol}" for one in by_value[:_NAMED_POSITIONS])
    more = len(held) - _NAMED_POSITIONS
    return f"{named} and {more} more" if more > 0 else named


def _way_out(mode: AgentMode, policy: Policy) -> str:
    if mode is AgentMode.DISABLED:
        return "only its own exits close them: place the orders yourself, or enable it"
    if policy.on_shadow is OnShadow.FLATTEN:
        return "on_shadow is flatten: Maestro closes them, one symbol per cycle, by exits that a client must trade"
    return "its own exits pass; with on_shadow: flatten in the policy, Maestro closes them by itself"


def _units(qty: float) -> str:
    """
    Return units as readable text.

    >>> _units(999990.0), _units(-2.5), _units(0.00012), _units(1e-9)
    ('999,990', '-2.5', '0.00012', '1e-09')
    """
    text = f"{qty:,.8f}".rstrip("0").rstrip(".")
    return f"{qty:g}" if text in {"0", "-0"} else text
