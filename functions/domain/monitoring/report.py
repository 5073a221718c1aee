"""The daily report: the migration guide's text, and the same with figures and a picture as Markdown and HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.text import in_markdown
from functions.domain.monitoring.picture import equity_and_modes

Document = Mapping[str, Any]

_RULE = "=" * 80
_CONTRIBUTORS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfTrading:
    """What a report tells of."""

    tenant_name: str
    day: date
    """In the tenant's own time zone."""
    summary: Mapping[str, Any]
    """`functions.domain.monitoring.activity.orchestration_summary` of the last 24 hours."""
    decisions: Sequence[Document]
    """The last few, newest first."""
    alerts: Sequence[Document]
    """Opened in the last 24 hours, newest first."""
    performance: Sequence[Document]
    """Daily performance of live books, oldest first, some weeks of it."""

    @property
    def last_day(self) -> list[Document]:
        """The performance documents of the last day there are any of."""
        if not self.performance:
            return []
        last = max(document["period_start"] for document in self.performance)
        return [document for document in self.performance if document["period_start"] == last]

    @property
    def modes(self) -> dict[str, str]:
        """Every strategy's mode as of the last decision."""
        if not self.decisions:
            return {}
        return {verdict["strategy_name"]: verdict["mode"] for verdict in self.decisions[0]["allocation_decisions"]}


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


def report_markdown(day: DayOfTrading) -> str:
    """Return the report with the day's figures, for chats and files."""
    return "\n".join(
        [
            f"# Maestro, {day.tenant_name}, {day.day.isoformat()}",
            "",
            *_figures(day),
            "",
            "## Modes",
            "",
            *([f"- {name}: {mode}" for name, mode in day.modes.items()] or ["No decision yet."]),
            "",
            "## Profit and loss",
            "",
            *_profit_table(day),
            "",
            "## Alerts",
            "",
            *([f"- {in_markdown(alert['title'])}" for alert in day.alerts] or ["None."]),
            "",
            "## Recent decisions",
            "",
            *[f"- {in_markdown(decision['ai_summary'])}" for decision in day.decisions],
            "",
        ]
    )


def _figures(day: DayOfTrading) -> list[str]:
    profit = sum(document["pnl"] for document in day.last_day)
    when = f"{day.last_day[0]['period_start']:%Y-%m-%d}" if day.last_day else "n/a"
    return [
        f"- Profit and loss of {when}: {profit:+,.2f} USD",
        f"- Decisions: {day.summary['total_decisions']}, systemic risk in {day.summary['systemic_risk_events']}",
        f"- Mode changes: {day.summary['mode_changes']}",
    ]


def contributors(day: DayOfTrading) -> list[tuple[str, float, float]]:
    """Return (strategy, USD, return) of the last day, those that moved most first."""
    rows = [(one["strategy_id"], float(one["pnl"]), float(one["return_fraction"])) for one in day.last_day]
    return sorted(rows, key=lambda row: -abs(row[1]))[:_CONTRIBUTORS]


def _profit_table(day: DayOfTrading) -> list[str]:
    rows = contributors(day)
    if not rows:
        return ["No daily performance yet."]
    return [
        "| Strategy | USD | Return |",
        "|---|---:|---:|",
        *(f"| {in_markdown(name)} | {profit:+,.2f} | {fraction:+.2%} |" for name, profit, fraction in rows),
    ]


def report_html(day: DayOfTrading) -> str:
    """Return the report as one page that needs nothing else."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{profit:+,.2f}</td><td>{fraction:+.2%}</td></tr>"
        for name, profit, fraction in contributors(day)
    )
    alerts = "".join(f"<li>{html.escape(str(alert['title']))}</li>" for alert in day.alerts) or "<li>None</li>"
    recent = "".join(f"<li>{html.escape(str(decision['ai_summary']))}</li>" for decision in day.decisions)
    figures = "".join(f"<li>{html.escape(line.removeprefix('- '))}</li>" for line in _figures(day))
    title = html.escape(f"Maestro, {day.tenant_name}, {day.day.isoformat()}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"</head><body><h1>{title}</h1><ul>{figures}</ul>{report_picture(day)}"
        "<h2>Profit and loss</h2><table><tr><th>Strategy</th><th>USD</th><th>Return</th></tr>"
        f"{rows}</table><h2>Alerts</h2><ul>{alerts}</ul><h2>Recent decisions</h2><ul>{recent}</ul></body></html>"
    )


def report_picture(day: DayOfTrading) -> str:
    """Return equity and modes as SVG."""
    by_day: dict[date, float] = {}
    for document in day.performance:
        at = document["period_start"].date()
        by_day[at] = by_day.get(at, 0.0) + float(document["pnl"])
    return equity_and_modes(by_day, day.modes)


_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2330}"
    "table{border-collapse:collapse}td,th{padding:.2rem 1rem .2rem 0;text-align:right}"
    "td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}h2{margin-top:2rem}"
)
