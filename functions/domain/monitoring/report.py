"""The daily report: its contents, figures and picture, and the migration guide's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.monitoring.picture import equity_and_modes
from functions.domain.orchestration.decision import logged_verdicts
from functions.domain.track_record.daily_returns import day_of

Document = Mapping[str, Any]

_RULE = "=" * 80
_CONTRIBUTORS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfTrading:
    """What a report covers."""

    tenant_name: str
    day: date
    """In the tenant's own time zone."""
    since: datetime
    until: datetime
    """The time of its decisions and alerts: a day up to, but not including, the report hour, UTC."""
    summary: Mapping[str, Any]
    """`functions.domain.monitoring.activity.orchestration_summary` of that time."""
    decisions: Sequence[Document]
    """The last few, newest first."""
    alerts: Sequence[Document]
    """Opened in that time, newest first."""
    performance: Sequence[Document]
    """Daily performance of live books, oldest first, some weeks of it."""

    @property
    def last_day(self) -> list[Document]:
        """The performance documents of the last day that has any."""
        if not self.performance:
            return []
        last = max(map(day_of, self.performance))
        return [document for document in self.performance if day_of(document) == last]

    @property
    def modes(self) -> dict[str, str]:
        """Every strategy's mode as of the last decision."""
        if not self.decisions:
            return {}
        return {verdict["strategy_name"]: verdict["mode"] for verdict in logged_verdicts(self.decisions[0])}


def report_text(day: DayOfTrading) -> str:
    """Return the migration guide's report."""
    summary = day.summary
    lines = [
        _RULE,
        "🎭 MAESTRO DAILY SUMMARY",
        _RULE,
        "",
        f"Total Orchestration Decisions: {summary['total_decisions']}",
        f"Systemic Risk Events: {summary['systemic_risk_events']}",
        "",
        "Strategy Mode Distribution:",
        *(f"  • {mode}: {summary['mode_distribution'][mode]}" for mode in AgentMode),
        "",
    ]
    for heading, names in (
        ("Strategies with Reduced Allocation:", summary["strategies_reduced"]),
        ("Strategies in Shadow Mode:", summary["strategies_shadowed"]),
        ("Disabled Strategies:", summary["strategies_disabled"]),
    ):
        if names:
            lines += [heading, *(f"  • {name}" for name in names), ""]
    lines.append("Recent Maestro Decisions:")
    lines += [f"  • {decision['ai_summary']}" for decision in day.decisions if decision.get("ai_summary")]
    return "\n".join([*lines, _RULE])


def coverage(day: DayOfTrading) -> str:
    """Return the time that a report covers, as text."""
    since, until = (f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" for at in (day.since, day.until))
    return f"Decisions and alerts from {since} to {until} UTC"


def figures(day: DayOfTrading) -> list[str]:
    """Return the day in figures, a line each."""
    profit = sum(document["pnl"] for document in day.last_day)
    when = f"{day_of(day.last_day[0])}" if day.last_day else "n/a"
    return [
        f"Profit and loss of {when}: {profit:+,.2f} USD",
        f"Decisions: {day.summary['total_decisions']}, systemic risk in {day.summary['systemic_risk_events']}",
        f"Mode changes: {day.summary['mode_changes']}",
    ]


def contributors(day: DayOfTrading) -> list[tuple[str, float, float]]:
    """Return (strategy, USD, return) of the last day, largest moves first."""
    rows = [(one["strategy_id"], float(one["pnl"]), float(one["return_fraction"])) for one in day.last_day]
    return sorted(rows, key=lambda row: -abs(row[1]))[:_CONTRIBUTORS]


def report_picture(day: DayOfTrading) -> str:
    """Return equity and modes as SVG."""
    by_day: dict[date, float] = {}
    for document in day.performance:
        at = day_of(document)
        by_day[at] = by_day.get(at, 0.0) + float(document["pnl"])
    return equity_and_modes(by_day, day.modes)
