"""What holds for every page: accessible, narrow enough for a phone, honest when something is missing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PROPOSED, Dashboard, enter
from tests.members import create_member
from tools.prerequisites import ROOT

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "/": "Now",
    "/strategies": "Strategies",
    "/positions": "Positions",
    "/decisions": "Decisions",
    "/ledger": "Ledger",
    "/health": "Health",
    "/settings": "Settings",
    "/admin": "Admin",
}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def serious(page: Page) -> list[str]:
    """Return what axe finds that is serious or worse; unasked, it leaves out the size of targets (WCAG 2.2 AA)."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run({ rules: { 'target-size': { enabled: true } } })")
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    expect(page.get_by_text("Loading")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(dashboard: Dashboard, scheme: str) -> None:
    sells = dict.fromkeys(("A", "B", "C"), PROPOSED["Exit"])
    signals, decision = dashboard.cycle({**PROPOSED, **sells, "Loud": {"action": "SHOUT"}})
    dashboard.call("POST", f"signals/{signals['Exit']['nonce']}/redeem")
    page = dashboard.open(color_scheme=scheme)
    assert serious(page) == []
    page = dashboard.signed_in("admin", color_scheme=scheme)
    expect(page.get_by_text("Loud fails")).to_be_visible()
    for path in (*PAGES, f"/decisions/{decision.session_id}", "/nowhere"):
        page.goto(f"{dashboard.url}{path}")
        settled(page)
        assert serious(page) == [], path
    page.goto(dashboard.url)
    page.get_by_role("button", name="Halt trading").click()
    assert serious(page) == []


def test_every_page_fits_a_phone(dashboard: Dashboard) -> None:
    _, decision = dashboard.cycle()
    page = dashboard.signed_in("admin", **PHONE)
    for path in (*PAGES, f"/decisions/{decision.session_id}"):
        page.goto(f"{dashboard.url}{path}")
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


def test_every_page_is_reached_by_keyboard(dashboard: Dashboard) -> None:
    dashboard.cycle()
    page = dashboard.signed_in("admin")
    expect(page.get_by_role("rowheader", name="Trend").first).to_be_visible()
    page.reload()
    settled(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    for path, name in list(PAGES.items())[1:]:
        page.get_by_role("link", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{dashboard.url}{path}")
        expect(page.get_by_role("main")).to_be_focused()
        expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")


def test_every_page_says_what_is_empty(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("viewer")
    for path, text in {
        "/": "No cycle has run yet.",
        "/decisions": "No cycle has run yet.",
        "/strategies": "Strategies show here after the first cycle.",
        "/positions": "Nothing is reserved.",
        "/health": "No broker has been read yet: it is unknown whether the books are right.",
        "/ledger": "No fill has been reported yet.",
        "/admin": "No alert was ever raised.",
    }.items():
        page.goto(f"{dashboard.url}{path}")
        expect(page.get_by_text(text)).to_be_visible()
        if path == "/ledger":
            expect(page.get_by_text("Nothing is held as of the last nightly snapshot.")).to_be_visible()


def test_a_failed_request_is_told_and_tried_again(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("viewer")
    problem = json.dumps({"detail": "Firestore is out of reach", "reason_code": "STORE_UNAVAILABLE"})
    page.route("**/v1/lots", lambda route: route.fulfill(status=429, body=problem))
    page.goto(f"{dashboard.url}/ledger")
    section = page.get_by_role("region", name="Open lots")
    expect(section.get_by_role("alert")).to_contain_text("Firestore is out of reach")
    page.unroute("**/v1/lots")
    section.get_by_role("button", name="Try again").click()
    expect(section.get_by_text("Nothing is held")).to_be_visible()


def test_a_slow_answer_shows_that_it_is_loading(dashboard: Dashboard) -> None:
    page = dashboard.signed_in("viewer")
    held: list[Route] = []
    page.route("**/v1/lots", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    with page.expect_request("**/v1/lots"):
        page.goto(f"{dashboard.url}/ledger")
    expect(page.get_by_text("Loading open lots")).to_be_visible()
    expect(page.get_by_text("No fill has been reported yet.")).to_be_visible()  # the rest of the page does not wait
    assert held
    for route in held:
        route.continue_()
    expect(page.get_by_text("Loading open lots")).to_have_count(0)


def test_firestore_out_of_reach_is_not_taken_for_nothing_there(dashboard: Dashboard) -> None:
    dashboard.cycle()
    member = create_member(dashboard.emulators, "acme", "viewer")
    page = dashboard.open()
    page.route("**/google.firestore.v1.Firestore/Listen/**", lambda route: route.abort())
    enter(page, member.email, member.password)
    expect(page.get_by_role("alert")).to_contain_text("Firestore does not answer")
    assert "No access" not in page.content()
    page.get_by_role("button", name="Try again").click()  # before it answers: then the button goes by itself
    page.unroute("**/google.firestore.v1.Firestore/Listen/**")
    expect(page.get_by_role("rowheader", name="Trend").first).to_be_visible()
    dashboard.watched[0].troubles.clear()  # the browser's and the SDK's own words about it


def test_offline_is_told_and_ends_by_itself(dashboard: Dashboard) -> None:
    dashboard.cycle()
    page = dashboard.signed_in("viewer")
    expect(page.get_by_role("rowheader", name="Trend").first).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Offline: what you see may be old")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Trend").first).to_be_visible()  # what is known stays
    page.context.set_offline(False)
    expect(page.get_by_text("Offline")).to_have_count(0)
    _none_but_of_being_offline(dashboard)


def test_offline_nothing_can_be_changed_and_a_screen_reader_hears_why(dashboard: Dashboard) -> None:
    dashboard.cycle()
    page = dashboard.signed_in("admin", "/settings")
    page.get_by_label("Fall of equity within a session").fill("0.03")
    save = page.get_by_role("button", name="Save")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method) if "/v1/" in one.url and one.method != "GET" else None)
    page.context.set_offline(True)
    expect(save).to_have_attribute("aria-disabled", "true")
    expect(save).to_have_accessible_description(re.compile("nothing can be changed from here"))
    save.focus()  # it can be reached by keyboard, or nobody would hear why
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Halt trading").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("The switch cannot be reached. Use it on another device")
    expect(dialog.get_by_role("status")).to_contain_text("at your broker's own site")
    assert serious(page) == []
    dialog.get_by_label("Reason").fill("no network")
    page.keyboard.press("Enter")
    assert sent == []
    page.context.set_offline(False)
    expect(dialog.get_by_role("status")).to_be_empty()
    dialog.get_by_role("button", name="Yes, halt").click()
    expect(page.get_by_role("region", name="Trading state")).to_contain_text("no network")
    expect(save).not_to_have_attribute("aria-disabled", "true")
    _none_but_of_being_offline(dashboard)


def _none_but_of_being_offline(dashboard: Dashboard) -> None:
    # Offline, the Firestore SDK looks for Google by a picture: the content security policy lets none of it out.
    expected = ("ERR_INTERNET_DISCONNECTED", "google.com/images/cleardot.gif", "Could not reach Cloud Firestore")
    (watched,) = dashboard.watched
    assert all(one.startswith("console: ") and any(word in one for word in expected) for one in watched.troubles)
    watched.troubles.clear()


def test_the_deployed_headers_let_nothing_else_in(dashboard: Dashboard) -> None:
    page = dashboard.open()
    headers = page.request.get(dashboard.url).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    refused = page.evaluate("fetch('https://example.com').catch(error => String(error))")
    assert "Failed to fetch" in refused
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.isOwned = true\">')")
    page.wait_for_timeout(200)
    assert page.evaluate("window.isOwned") is None
    assert all("Content Security Policy" in one or "example.com" in one for one in dashboard.watched[0].troubles)
    dashboard.watched[0].troubles.clear()
