"""The daily report: the guide's text, its figures and its picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.domain.monitoring.activity import orchestration_summary
from functions.domain.monitoring.picture import equity_and_modes
from functions.domain.monitoring.report import DayOfTrading, contributors, figures, report_text
from tests.unit.domain.monitoring.test_alerts import verdict

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def decision(*verdicts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"allocation_decisions": list(verdicts), "ai_summary": "Maestro weighed 2 strategies."} | fields


def day(name: str, pnl: float, days: int = 0) -> dict[str, Any]:
    at = MONDAY + timedelta(days=days)
    return {"strategy_id": name, "pnl": pnl, "return_fraction": pnl / 10_000, "period_start": at}


DECISIONS = [
    decision(verdict("Trend", "REDUCED", "ACTIVE"), verdict("Value", "SHADOW_MODE", "SHADOW_MODE")),
    decision(verdict("Trend"), verdict("Off", "DISABLED"), systemic_risk_detected=True),
]


def told(**fields: Any) -> DayOfTrading:
    known: dict[str, Any] = {
        "tenant_name": "Acme",
        "day": date(2026, 1, 6),
        "since": datetime(2026, 1, 5, 22, tzinfo=UTC),
        "until": datetime(2026, 1, 6, 22, tzinfo=UTC),
        "summary": orchestration_summary(DECISIONS),
        "decisions": DECISIONS,
        "alerts": [{"title": "🚨 RISK"}],
        "performance": [day("Trend", 10.0), day("Trend", -30.0, 1), day("Value", 5.0, 1)],
    }
    return DayOfTrading(**(known | fields))


def test_the_guides_text_with_every_mode_counted() -> None:
    assert report_text(told()) == "\n".join(
        [
            "=" * 80,
            "🎭 MAESTRO DAILY SUMMARY",
            "=" * 80,
            "",
            "Total Orchestration Decisions: 2",
            "Systemic Risk Events: 1",
            "",
            "Strategy Mode Distribution:",
            "  • ACTIVE: 1",
            "  • REDUCED: 1",
            "  • SHADOW_MODE: 1",
            "  • DISABLED: 1",
            "",
            "Strategies with Reduced Allocation:",
            "  • Trend",
            "",
            "Strategies in Shadow Mode:",
            "  • Value",
            "",
            "Disabled Strategies:",
            "  • Off",
            "",
            "Recent Maestro Decisions:",
            "  • Maestro weighed 2 strategies.",
            "  • Maestro weighed 2 strategies.",
            "=" * 80,
        ]
    )


def test_the_last_days_profit_and_who_moved_it() -> None:
    assert contributors(told()) == [("Trend", -30.0, -0.003), ("Value", 5.0, 0.0005)]
    profit, _, changes = figures(told())
    assert (profit, changes) == ("Profit and loss of 2026-01-06: -25.00 USD", "Mode changes: 1")


def test_an_empty_day_is_a_report_too() -> None:
    empty = told(summary=orchestration_summary([]), decisions=[], alerts=[], performance=[])
    assert "Total Orchestration Decisions: 0" in report_text(empty)
    assert figures(empty)[0] == "Profit and loss of n/a: +0.00 USD"


@given(
    st.dictionaries(st.dates(), st.floats(-1e9, 1e9), max_size=20),
    st.dictionaries(st.text("ab<&'\""), st.just("ACTIVE")),
)
def test_the_picture_is_well_formed_whatever_it_shows(profit: dict[date, float], modes: dict[str, str]) -> None:
    root = ET.fromstring(equity_and_modes(profit, modes))
    assert root.attrib["role"] == "img"
    assert "days" in root.attrib["aria-label"]
