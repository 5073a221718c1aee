"""Limits beyond which something fails, and the warning before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from functions.domain.kernel.document_size import MOST_BYTES, MOST_COMMITTED_BYTES
from functions.domain.monitoring.alert_members import member_names
from functions.domain.monitoring.alerts import MOST_OPEN_ALERTS, AlertKind, Finding
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration import position_book
from functions.domain.orchestration.inputs import MAX_CLOSES, MAX_POSITIONS, MAX_SYMBOLS
from functions.domain.track_record.windows import MAX_WINDOW_STRATEGIES

WARN_AT = 0.75
URGENT_AT = 0.9
"""Fractions of a limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit, and what an operator must know about it."""

    name: str
    what: str
    most: int
    unit: str
    at_limit: str
    """What happens at the limit."""
    way_out: str


def _document(name: str, what: str, at_limit: str, way_out: str) -> Limit:
    return Limit(name, what, MOST_BYTES, "bytes", at_limit, way_out)


_FEWER = "run fewer strategies in this tenant, or split them between two tenants"
_CYCLES_FAIL = "every cycle fails and nothing is decided"
_REFUSED = "newer snapshots are refused with TOO_LARGE, what is stored becomes stale, and BUYs are held"
LIMITS = (
    Limit("strategies", "the number of strategies", MAX_WINDOW_STRATEGIES, "strategies", _CYCLES_FAIL, _FEWER),
    Limit(
        "known_strategies",
        "the number of strategies with a track record, live and on paper",
        MAX_WINDOW_STRATEGIES,
        "strategies",
        "the nightly snapshot fails, and modes stay as they are",
        "names count for 180 days after their last day: rename fewer strategies, or split them between two tenants",
    ),
    Limit(
        "day_commit",
        "what a night commits at once: open lots, performance and windows",
        MOST_COMMITTED_BYTES,
        "bytes",
        "the nightly snapshot fails, and modes stay as they are",
        "close positions of many small lots, or split the strategies between two tenants",
    ),
    _document("decision", "a decision's log document", _CYCLES_FAIL, f"give strategies shorter names, or {_FEWER}"),
    _document(
        "signals",
        "a session's signals",
        _CYCLES_FAIL,
        f"let strategies return fewer extra fields and name the symbols that they exit, or {_FEWER}",
    ),
    _document(
        "modes",
        "modes and paper positions, state/modes",
        _CYCLES_FAIL,
        f"hold fewer positions on paper, or {_FEWER}",
    ),
    _document(
        "session",
        "reservations and spendings, state/session",
        "cycles, redemptions and fills can no longer be committed",
        "lower reservation_ttl_seconds, release what is not traded, and send account snapshots more often",
    ),
    _document(
        "policy", "the policy", "it can no longer be changed, including the kill switch", "name fewer strategies"
    ),
    Limit(
        "position_book",
        "the position book",
        position_book.MOST_BYTES,
        "bytes",
        "it is closed automatically, and positions are unknown",
        "close small positions, or split the strategies between two tenants",
    ),
    _document("account", "the account snapshot", _REFUSED, "send fewer fields of a position"),
    Limit(
        "account_positions",
        "the positions of the account snapshot",
        MAX_POSITIONS,
        "positions",
        "newer snapshots are refused, what is stored becomes stale, and BUYs are held",
        "send one position per symbol; the position book knows who holds it",
    ),
    Limit("closes", "the histories of market data", MAX_CLOSES, "closes", _REFUSED, "send shorter histories"),
    Limit(
        "symbols",
        "the symbols of market data",
        MAX_SYMBOLS,
        "symbols",
        "newer snapshots are refused, what is stored becomes stale, and BUYs are held",
        "send only what strategies trade",
    ),
    Limit(
        "open_alerts",
        "the number of open alerts",
        MOST_OPEN_ALERTS,
        "alerts",
        "some that are over stay unresolved",
        "handle the open ones",
    ),
)


def capacity(sizes: Mapping[str, float]) -> Iterator[Finding]:
    """Yield what is near a limit, given sizes by limit name; unmeasured sizes are skipped."""
    for limit in LIMITS:
        size = sizes.get(limit.name, 0)
        share = size / limit.most
        if share < WARN_AT:
            continue
        reached = [f"{at:.0%}" for at in (WARN_AT, URGENT_AT) if share >= at]
        yield Finding(
            f"capacity:{limit.name}",
            AlertKind.CAPACITY,
            Severity.CRITICAL if share >= URGENT_AT else Severity.WARNING,
            f"📏 {limit.what[0].upper()}{limit.what[1:]}: {share:.0%} of the limit",
            f"{size:,.0f} of at most {limit.most:,} {limit.unit}; at the limit {limit.at_limit}: {limit.way_out}",
            variant=f"{share:.0%}",
            is_retold=False,
            members=member_names(reached),
        )
