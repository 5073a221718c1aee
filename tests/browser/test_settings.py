"""The policy form: what the server says of a change is shown where it belongs."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from functions.adapters.firestore import paths
from functions.domain.kernel.policy import TRADING_STATE_FIELDS, setting_schemas
from tests.browser.conftest import Dashboard
from tests.browser.test_every_page import serious


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#{name}")


def test_every_setting_has_a_field_and_viewers_cannot_change_it(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("viewer", path="/settings")
    names = {name for name in setting_schemas() if name not in TRADING_STATE_FIELDS | {"version"}}
    expect(page.locator(".field")).to_have_count(len(names))
    for name in names:
        expect(field(page, name)).to_be_disabled()
    expect(page.get_by_role("group", name="Others")).to_have_count(0)  # every setting has words
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("heading", name="History")).to_have_count(0)


def test_a_change_is_stored_versioned_and_shown_in_the_history(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("admin", path="/settings")
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    field(page, "SYSTEMIC_SELL_THRESHOLD").fill("4")
    field(page, "enabled").select_option("false")
    field(page, "allow_shorts").select_option("true")
    expect(field(page, "on_shadow").get_by_role("option")).to_have_text(
        ["keep", "keep", "flatten"]
    )  # the default first
    field(page, "on_shadow").select_option("flatten")
    field(page, "strategy_capital").fill("Trend = 25000\nExit = 10000.5")
    field(page, "disabled_strategies").fill("Idle\nLoud = 2030-01-01T00:00:00Z")
    field(page, "sample_strategies").fill("PairsReversion\nMovingAverageTrend\n")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 1.")).to_be_visible()

    stored = paths.policy(dashboard.db, "acme").get().to_dict() or {}
    assert stored["SYSTEMIC_SELL_THRESHOLD"] == 4
    assert stored["enabled"] is False
    assert (stored["allow_shorts"], stored["on_shadow"]) == (True, "flatten")
    assert stored["strategy_capital"] == {"Trend": 25_000, "Exit": 10_000.5}
    assert stored["disabled_strategies"]["Idle"] is None
    assert stored["disabled_strategies"]["Loud"] is not None
    assert stored["sample_strategies"] == ["MovingAverageTrend", "PairsReversion"]
    row = page.get_by_role("region", name="History").get_by_role("row").nth(1)
    expect(row).to_contain_text("SYSTEMIC_SELL_THRESHOLD: 4")

    field(page, "SYSTEMIC_SELL_THRESHOLD").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    stored = paths.policy(dashboard.db, "acme").get().to_dict() or {}
    assert "SYSTEMIC_SELL_THRESHOLD" not in stored, "left empty: the default"
    assert stored["strategy_capital"] == {"Trend": 25_000, "Exit": 10_000.5}


def test_a_refused_change_names_the_field_and_changes_nothing(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("admin", path="/settings")
    field(page, "SHARPE_THRESHOLD_SHADOW").fill("2")  # in its range, but above SHARPE_THRESHOLD_REDUCE
    page.get_by_role("button", name="Save").click()
    shadow = field(page, "SHARPE_THRESHOLD_SHADOW")
    expect(shadow).to_have_attribute("aria-invalid", "true")
    expect(shadow).to_be_focused()
    expect(page.locator("#SHARPE_THRESHOLD_SHADOW-help")).to_contain_text("at most SHARPE_THRESHOLD_REDUCE")
    assert not paths.policy(dashboard.db, "acme").get().exists

    shadow.fill("0.25")
    field(page, "time_zone").fill("Europe/Atlantis")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#time_zone-help")).to_contain_text("IANA name")
    expect(shadow).to_have_attribute("aria-invalid", "false")


def test_a_number_out_of_range_is_not_even_sent(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("admin", path="/settings")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    field(page, "report_hour").fill("24")
    page.get_by_role("button", name="Save").click()
    assert field(page, "report_hour").evaluate("input => input.validity.rangeOverflow")
    assert "PUT" not in sent


def test_a_change_by_somebody_else_is_told_and_not_overwritten(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("admin", path="/settings")
    field(page, "report_hour").fill("18")
    other = dashboard.call("PUT", "policy", "admin", json={"report_hour": 9}, headers={"If-Match": '"0"'})
    assert other.status_code == 200, other.text
    expect(page.get_by_text("Version 1 was saved meanwhile, by")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="version")).to_be_visible()
    assert paths.policy(dashboard.db, "acme").get().get("report_hour") == 9
    page.get_by_role("button", name="Load it, and lose what you changed here").click()
    expect(field(page, "report_hour")).to_have_value("9")


def test_a_change_by_somebody_else_shows_by_itself(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("viewer", path="/settings")
    expect(field(page, "report_hour")).to_have_value("")
    dashboard.call("PUT", "policy", "admin", json={"report_hour": 9}, headers={"If-Match": '"0"'})
    expect(field(page, "report_hour")).to_have_value("9")


def test_what_a_change_would_have_changed_is_shown_before_it_is_saved(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("admin", path="/settings")
    ask = page.get_by_role("button", name="What would have changed")
    answer = page.get_by_role("region", name="What would have changed")
    expect(ask).to_be_disabled()
    field(page, "disabled_strategies").fill("Trend")
    ask.click()
    expect(answer).to_contain_text("No decision is on record yet")

    dashboard.cycle()
    ask.click()
    expect(answer).to_contain_text("1 decision would have been different: 1 entry stopped that passed, 0 let through")
    expect(answer).to_contain_text("every session comes out exactly as it was decided")
    expect(answer).to_contain_text("not an account replay")
    row = answer.get_by_role("table", name="Strategies").get_by_role("row").nth(1)
    expect(row).to_contain_text("Trend")
    expect(row).to_contain_text("1\u00a0Disabled")
    answer.get_by_text("Session by session").click()
    expect(answer.get_by_role("table", name="Session by session")).to_contain_text("BUY 30.0")
    answer.get_by_text("What is held fixed").click()
    expect(answer).to_contain_text("Signals are those that strategies gave")
    assert serious(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    field(page, "max_drawdown").fill("0.1")
    expect(answer).to_contain_text("Fields have changed since")
    ask.click()
    expect(answer).to_contain_text("What max_drawdown would have changed is not on record")
    field(page, "SHARPE_THRESHOLD_SHADOW").fill("2")  # above SHARPE_THRESHOLD_REDUCE
    ask.click()
    expect(field(page, "SHARPE_THRESHOLD_SHADOW")).to_be_focused()
    expect(answer).to_have_count(0)
    assert not paths.policy(dashboard.db, "acme").get().exists, "trying stores nothing"
