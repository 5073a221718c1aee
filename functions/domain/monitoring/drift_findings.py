"""Findings about differences between broker and books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from functions.domain.kernel.policy import OnDrift, Policy
from functions.domain.monitoring.alert_members import member_names
from functions.domain.monitoring.alerts import AlertKind, Finding
from functions.domain.monitoring.notifications import Severity
from functions.domain.orchestration.drift import Difference, Drifts

_NAMED = 10
_WHAT_WAITS: Mapping[OnDrift, str] = {
    OnDrift.WARN: "entries are not held",
    OnDrift.HOLD: "entries in these symbols are held",
    OnDrift.HALT: "all entries are held",
}
_LOOK = 'make maestro ARGS="reconcile TENANT" shows it, and adopts a difference'


def drift(drifts: Drifts, policy: Policy) -> Iterator[Finding]:
    """Yield lasting differences between broker and books, with both figures and the likely kind."""
    lasting = drifts.lasting
    if not lasting:
        return
    what_waits = _WHAT_WAITS[policy.on_drift if any(one.holds_entries for one in lasting) else OnDrift.WARN]
    more = f"; and {len(lasting) - _NAMED} more" if len(lasting) > _NAMED else ""
    rows = "; ".join(f"{one}, since {one.since:%Y-%m-%d %H:%M} UTC" for one in lasting[:_NAMED])
    yield Finding(
        "drift",
        AlertKind.DRIFT,
        Severity.WARNING if policy.on_drift is OnDrift.WARN else Severity.CRITICAL,
        f"⚖️ Broker and books differ: {_named(lasting)}",
        f"{rows}{more}: {what_waits}; {_LOOK}",
        variant=f"{policy.on_drift}: {'; '.join(map(str, lasting))}"[:1000],
        is_retold=False,
        members=member_names(f"{one.symbol or 'account'} {one.subject}" for one in lasting),
    )


def _named(lasting: list[Difference]) -> str:
    symbols = list(dict.fromkeys(one.symbol or "cash" for one in lasting))
    return ", ".join(symbols[:_NAMED]) + (" …" if len(symbols) > _NAMED else "")
