"""The report's pages: what they show, and that hostile names cannot break them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from functions.adapters.report_pages import ReportPages
from functions.domain.monitoring.activity import orchestration_summary
from tests.unit.domain.monitoring.test_alerts import verdict
from tests.unit.domain.monitoring.test_report import day, decision, told

PAGES = ReportPages()


def test_markdown_has_the_last_days_profit_and_who_moved_it() -> None:
    page = PAGES.markdown(told())
    assert "- Profit and loss of 2026-01-06: -25.00 USD" in page
    assert "- Mode changes: 1" in page
    assert "| Trend | -30.00 | -0.30% |" in page
    assert r"- \<b\> a\|b" in PAGES.markdown(told(alerts=[{"title": "<b> a|b"}]))


def test_html_has_figures_profit_alerts_decisions_and_the_picture_itself() -> None:
    page = PAGES.html(told())
    for part in (
        "<title>Maestro, Acme, 2026-01-06</title>",
        "<h1>Maestro, Acme, 2026-01-06</h1>",
        "<li>Profit and loss of 2026-01-06: -25.00 USD</li>",
        "<tr><td>Trend</td><td>-30.00</td><td>-0.30%</td></tr>",
        "<li>🚨 RISK</li>",
        "<li>Maestro weighed 2 strategies.</li>",
        "<svg ",
    ):
        assert part in page


def test_an_empty_day_is_a_report_too() -> None:
    empty = told(summary=orchestration_summary([]), decisions=[], alerts=[], performance=[])
    assert "No daily performance yet." in PAGES.markdown(empty)
    assert "Not enough days for a curve yet" in PAGES.html(empty)
    assert "<li>None</li>" in PAGES.html(empty)


@given(st.text(max_size=40), st.text(max_size=40))
def test_names_and_texts_break_neither_page(name: str, title: str) -> None:
    page = PAGES.html(
        told(
            tenant_name=name,
            alerts=[{"title": f"<script>{title}"}],
            decisions=[decision(verdict(f"<b>{name}"), ai_summary=f"</li><script>{title}")],
            performance=[day(f"<i>{name}", 1.0)],
        )
    )
    body = page.split("<style>")[0] + page.split("</style>")[1]
    assert "<script>" not in body
    assert "<b>" not in body
    assert "<i>" not in body
