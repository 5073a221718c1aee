"""Decisions looked through, by an address that can be shared; every time in the tenant's zone."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from functions.adapters.firestore import paths
from tests.browser.conftest import PROPOSED, Dashboard
from tests.browser.pages import WIDTHS, left_out_by_keys, outside
from tests.browser.test_every_page import serious, settled

SELLS = {name: {"action": "SELL", "ticker": "PEP", "confidence": 0.9, "reasoning": "out"} for name in ("A", "B", "C")}


@pytest.fixture
def decided(dashboard: Dashboard) -> Dashboard:
    """Three decisions: one that lets Trend enter, one that stops it, and one of a week ago that promoted it."""
    paths.policy(dashboard.db, "acme").set({"time_zone": "Asia/Tokyo"})
    dashboard.cycle()
    dashboard.cycle({**PROPOSED, **SELLS})
    logs = paths.orchestration_logs(dashboard.db)
    stored = next(iter(logs.limit(1).stream())).to_dict() or {}
    at = datetime.now(UTC) - timedelta(days=7)
    verdicts = [
        {**one, "previous_mode": "SHADOW_MODE", "mode": "ACTIVE"} if one["strategy_name"] == "Trend" else one
        for one in stored["allocation_decisions"]
    ]
    logs.document("maestro_old").set(
        {**stored, "session_id": "maestro_old", "timestamp": at, "allocation_decisions": verdicts}
    )
    return dashboard


def timeline(page: Page) -> Any:
    return page.get_by_role("region", name="Timeline").get_by_role("listitem")


def test_a_viewer_narrows_decisions_down_and_the_address_says_how(decided: Dashboard) -> None:
    page = decided.signed_in("viewer", "/decisions")
    expect(timeline(page)).to_have_count(3)
    expect(timeline(page).last).to_contain_text("Trend promoted to Active")
    rules = page.get_by_role("table", name="What rules stopped")
    expect(rules.get_by_role("row").filter(has_text="Systemic risk")).to_contain_text("Trend")
    rules.get_by_role("link", name="Systemic risk").click()
    expect(page).to_have_url(re.compile(r"\?rule=SYSTEMIC_RISK$"))
    expect(timeline(page)).to_have_count(1)
    expect(timeline(page)).to_contain_text("stopped")
    page.get_by_role("combobox", name="Rule").select_option("")
    page.get_by_role("combobox", name="Strategy").select_option("Idle")
    expect(timeline(page).first).to_contain_text("nothing to do")
    page.get_by_label("Words in the reasons").fill("no such words")
    expect(page.get_by_text("None of them matches.")).to_be_visible()
    page.get_by_label("Words in the reasons").fill("nothing TO do")
    expect(page).to_have_url(re.compile("strategy=Idle&text=nothing"))
    page.get_by_role("link", name="Today", exact=True).click()
    expect(timeline(page)).to_have_count(2)
    page.reload()
    expect(timeline(page)).to_have_count(2)
    expect(page.get_by_label("Words in the reasons")).to_have_value("nothing TO do")
    page.get_by_role("link", name="Show all").click()
    expect(timeline(page)).to_have_count(3)


def test_older_decisions_are_read_when_somebody_asks_and_no_sooner(decided: Dashboard) -> None:
    logs = paths.orchestration_logs(decided.db)
    old = logs.document("maestro_old").get().to_dict() or {}
    batch = decided.db.batch()
    for at in range(60):
        stamp = old["timestamp"] - timedelta(minutes=at // 2)  # equal times are told apart
        batch.set(logs.document(f"maestro_{at:03}"), {**old, "session_id": f"maestro_{at:03}", "timestamp": stamp})
    batch.commit()
    page = decided.signed_in("viewer", "/decisions")
    expect(timeline(page)).to_have_count(25)
    reads = "performance.getEntriesByName('firestore-read').reduce((sum, mark) => sum + mark.detail, 0)"
    assert page.evaluate(reads) <= 30
    for count in (50, 63):
        page.get_by_role("button", name="Load older decisions").click()
        expect(timeline(page)).to_have_count(count)
    expect(page.get_by_role("button", name="Load older decisions")).to_have_count(0)
    decided.cycle()
    expect(timeline(page)).to_have_count(64)  # live at the top, and nothing below is lost
    assert page.evaluate(reads) <= 70


def test_times_are_in_the_tenants_zone_and_utc_is_beside_them(decided: Dashboard) -> None:
    page = decided.signed_in("viewer", "/decisions", timezone_id="America/Los_Angeles")
    shown = timeline(page).last.get_by_role("time")
    at = datetime.fromisoformat(str(shown.get_attribute("datetime")))
    expect(shown).to_have_text(at.astimezone(ZoneInfo("Asia/Tokyo")).strftime("%d %b %Y, %H:%M GMT+9"))
    expect(shown).to_have_attribute("title", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
    expect(page.get_by_label("From (Tokyo time)")).to_be_visible()


def test_a_table_is_taken_away_as_it_is(decided: Dashboard, tmp_path: Path) -> None:
    page = decided.signed_in("viewer", "/decisions?strategy=Trend")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of Decisions").click()
    assert re.fullmatch(r"acme-decisions-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)
    download.value.save_as(tmp_path / "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()))
    assert [(one["strategy"], one["proposed"], one["became"]) for one in rows] == [
        ("Trend", "BUY", "HOLD"),
        ("Trend", "BUY", "BUY"),
        *[(rows[2]["strategy"], rows[2]["proposed"], rows[2]["became"])],
    ]
    assert rows[0]["asked_share"] == "0.3"
    assert rows[0]["time"].endswith("Z")


def test_decisions_fit_every_screen_and_every_key_reaches_them(decided: Dashboard) -> None:
    page = decided.signed_in("admin", "/decisions?strategy=Trend")
    expect(timeline(page)).to_have_count(3)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert outside(page) == [], width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert serious(page) == [], (width, scheme)
    page.reload()
    settled(page)
    assert left_out_by_keys(page) == []
