"""Who sees what, live: cycles, alerts and the kill switch."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from functions.adapters.firestore import paths
from tests.browser.conftest import PROPOSED, Dashboard, enter
from tests.members import create_member, create_tenant


def test_nobody_sees_anything_before_signing_in(dashboard: Dashboard) -> None:
    dashboard.cycle()
    page = dashboard.open("/decisions")
    expect(page.get_by_role("heading", name="Sign in to Maestro")).to_be_visible()
    assert "Trend" not in page.content()
    enter(page, "nobody@example.com", "wrong-password")
    expect(page.get_by_role("alert")).to_have_text("E-mail or password is wrong.")


@pytest.mark.parametrize(
    ("role", "may_acknowledge", "may_halt"), [("viewer", False, False), ("trader", True, False), ("admin", True, True)]
)
def test_every_role_sees_the_controls_it_may_use(
    dashboard: Dashboard, role: str, may_acknowledge: bool, may_halt: bool
) -> None:
    raise_alert(dashboard)
    page = dashboard.signed_in(role)
    expect(page.get_by_text("Loud fails")).to_be_visible()
    assert page.get_by_role("button", name="Acknowledge").count() == may_acknowledge
    expect(page.get_by_role("status", name="Trading")).to_contain_text("Trading runs")
    assert page.get_by_role("button", name="Halt trading").count() == may_halt


def test_a_cycle_run_while_the_page_is_open_appears_without_a_reload(dashboard: Dashboard) -> None:
    page = dashboard.signed_in()
    expect(page.get_by_text("No cycle has run yet.")).to_be_visible()
    timeline = dashboard.signed_in(path="/decisions")
    expect(timeline.get_by_text("No cycle has run yet.")).to_be_visible()
    for watched in (page, timeline):
        watched.evaluate("window.isSamePage = true")

    _, decision = dashboard.cycle()

    expect(page.get_by_role("rowheader", name="Trend").first).to_be_visible()
    signals = page.get_by_role("region", name="Decided today")
    expect(signals.get_by_role("row").filter(has_text="Trend")).to_contain_text("BUY")
    expect(signals.get_by_role("row").filter(has_text="Exit")).to_contain_text("SELL")
    expect(signals.get_by_role("row").filter(has_text="Idle")).to_have_count(0)
    expect(timeline.get_by_role("listitem")).to_have_count(1)
    assert page.evaluate("window.isSamePage")
    assert timeline.evaluate("window.isSamePage")

    timeline.get_by_role("listitem").get_by_role("link").click()
    expect(timeline.get_by_role("heading", level=1)).to_contain_text("Decision of")
    expect(timeline.get_by_text(decision.session_id)).to_be_visible()
    row = timeline.get_by_role("row").filter(has_text="Trend")
    expect(row).to_contain_text("BUY AAPL 30.0\u00a0%")


def test_an_override_shows_before_and_after(dashboard: Dashboard) -> None:
    sells = {
        name: {"action": "SELL", "ticker": "KO", "confidence": 0.9, "reasoning": "out"} for name in ("A", "B", "C")
    }
    _, decision = dashboard.cycle({**PROPOSED, **sells})
    page = dashboard.signed_in(path=f"/decisions/{decision.session_id}")
    row = page.get_by_role("row").filter(has_text="Trend")
    expect(row).to_contain_text("BUY")
    expect(row).to_contain_text("HOLD")
    expect(row).to_contain_text("Systemic risk")
    expect(page.get_by_role("region", name="Rules that fired")).to_contain_text("BUY->HOLD")


def test_the_kill_switch_stops_redemption_and_says_who_and_why(dashboard: Dashboard) -> None:
    signals, _ = dashboard.cycle()
    page = dashboard.signed_in("admin")
    page.get_by_role("button", name="Halt trading").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Only exits can be redeemed")
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth"), "nothing is cut off"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert paths.policy(dashboard.db, dashboard.tenant_id).get().to_dict() is None, "nothing without confirmation"

    page.get_by_role("button", name="Halt trading").click()
    dialog.get_by_role("button", name="Yes, halt").click()
    expect(dialog).to_be_visible()  # a reason must be given
    dialog.get_by_label("Reason").fill("prices look wrong")
    dialog.get_by_role("button", name="Yes, halt").click()
    expect(dialog).to_be_hidden()
    state = page.get_by_role("region", name="Trading state")
    expect(state).to_contain_text("Halt")
    expect(page.get_by_role("status", name="Trading")).to_have_text("Halted")
    expect(state).to_contain_text("prices look wrong")
    expect(state).to_contain_text("by you")

    refused = dashboard.call("POST", f"signals/{signals['Trend']['nonce']}/redeem")
    assert (refused.status_code, refused.json()["reason_code"]) == (423, "TRADING_HALTED")
    assert dashboard.call("POST", f"signals/{signals['Exit']['nonce']}/redeem").status_code == 200, "exits pass"

    page.get_by_role("button", name="Resume trading").click()
    dialog.get_by_label("Reason").fill("prices are right")
    dialog.get_by_role("button", name="Yes, run").click()
    expect(page.get_by_role("button", name="Resume trading")).to_be_hidden()
    assert dashboard.call("POST", f"signals/{signals['Trend']['nonce']}/redeem").status_code == 200


def test_an_acknowledged_alert_names_who_took_it_on(dashboard: Dashboard) -> None:
    raise_alert(dashboard)
    page, viewer, admin = (dashboard.signed_in(role) for role in ("trader", "viewer", "admin"))
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("acknowledged by you")).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(admin.get_by_text("acknowledged by")).to_contain_text("@")
    expect(viewer.get_by_text("acknowledged by")).to_be_visible()
    expect(viewer.get_by_text("acknowledged by")).not_to_contain_text("@")  # viewers see ids, not addresses


def test_members_of_another_tenant_see_nothing_of_this_one(dashboard: Dashboard) -> None:
    _, decision = dashboard.cycle()
    create_tenant(dashboard.db, "rival")
    page = dashboard.signed_in("admin", tenant_id="rival")
    expect(page.get_by_text("No cycle has run yet.")).to_be_visible()
    page.goto(f"{dashboard.url}/decisions/{decision.session_id}")
    expect(page.get_by_text("Your role may not see this.")).to_be_visible()
    assert "Trend" not in page.content()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"membership": None}, "is not a member of acme"),
        ({"membership": {"role": "admin", "disabled": True}}, "is not a member of acme, or was disabled"),
        ({"claims": {}}, "belongs to no tenant"),
        ({"claims": {"tenant_id": "acme", "role": "owner"}}, "belongs to no tenant"),
    ],
)
def test_whoever_is_no_member_is_told_so(dashboard: Dashboard, fields: dict[str, object], told: str) -> None:
    member = create_member(dashboard.emulators, "acme", "admin", **fields)  # type: ignore[arg-type]
    page = dashboard.open()
    enter(page, member.email, member.password)
    expect(page.get_by_role("heading", name="No access")).to_be_visible()
    expect(page.get_by_text(told)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_disabled_member_loses_the_page_while_it_is_open(dashboard: Dashboard) -> None:
    dashboard.cycle()
    member = create_member(dashboard.emulators, "acme", "trader")
    page = dashboard.open()
    enter(page, member.email, member.password)
    expect(page.get_by_role("rowheader", name="Trend").first).to_be_visible()
    paths.member(dashboard.db, "acme", member.uid).update({"disabled": True})
    expect(page.get_by_role("heading", name="No access")).to_be_visible()


def raise_alert(dashboard: Dashboard) -> None:
    """Run a cycle in which a strategy fails: the deployed trigger raises an alert."""
    dashboard.cycle({**PROPOSED, "Loud": {"action": "SHOUT"}})
