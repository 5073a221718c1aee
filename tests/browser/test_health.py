"""Whether everything works, with whose money, and where broker and books differ: green only what was checked."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial

from google.cloud.firestore_v1.base_query import FieldFilter
from playwright.sync_api import Locator, Page, Route, expect

from functions.adapters.firestore import paths
from functions.domain.monitoring.alerts import alert_id
from tests.browser.conftest import Dashboard, enter
from tests.browser.test_every_page import settled
from tests.members import create_member, create_tenant
from tools import trading_day

BOARDS = ("/", "/strategies", "/positions", "/health")
NOT_COUNTED = re.compile(r"(^|[\s(+\u2212-])0(\.0+)?\s*(%|USD)")
"""A figure of 0, which would have been counted."""


def check(page: Page, name: str) -> Locator:
    """Return what the strip says of one thing."""
    return (
        page.get_by_role("region", name="Health").get_by_role("listitem").filter(has_text=re.compile(f"\\b{name}\\b"))
    )


def of_table(page: Page, name: str, table: str = "Checks") -> Locator:
    rows = page.get_by_role("table", name=table).get_by_role("row")
    return rows.filter(has=page.get_by_role("rowheader", name=name))


def test_what_was_checked_is_green_and_what_differs_says_so(trading: Dashboard) -> None:
    page = trading.signed_in("viewer")
    for name, text in (("Cycle", "ago"), ("Broker", "read"), ("Strategies", "9 of 9 answered"), ("Prices", "old")):
        expect(check(page, name)).to_contain_text("checked")
        expect(check(page, name)).to_contain_text(text)
    expect(check(page, "Books")).to_contain_text("look")
    expect(check(page, "Books")).to_contain_text("KO differs")
    page.get_by_role("region", name="Health").get_by_role("link", name="Health").click()
    expect(of_table(page, "Books")).to_contain_text("The policy holds no entries for it; exits pass.")
    expect(of_table(page, "Books")).to_contain_text("Broker and books differ")  # the runbook's heading
    expect(of_table(page, "Night")).to_contain_text("done")


def test_what_is_late_says_by_how_much_and_what_nobody_reads_is_unknown(trading: Dashboard) -> None:
    db, then = trading.db, datetime.now(UTC) - timedelta(minutes=17, seconds=20)
    (last,) = (
        paths.orchestration_logs(db)
        .where(filter=FieldFilter("tenant_id", "==", "acme"))
        .order_by("timestamp", "DESCENDING")
        .limit(1)
        .get()
    )
    page = trading.signed_in("trader", "/health")
    expect(of_table(page, "Cycle")).to_contain_text("checked")
    for one in paths.orchestration_logs(db).where(filter=FieldFilter("tenant_id", "==", "acme")).get():
        one.reference.update({"timestamp": then if one.id == last.id else then - timedelta(hours=1)})
    expect(of_table(page, "Cycle")).to_contain_text("not due")  # the server, which knows the hours, misses none
    missed = {"kind": "MISSED_CYCLES", "state": "ACKNOWLEDGED", "opened_at": datetime.now(UTC)}
    paths.alerts(db, "acme").document(alert_id("missed-cycles")).set(missed)
    expect(of_table(page, "Cycle")).to_contain_text("12 min late")
    expect(of_table(page, "Cycle")).to_contain_text("failing")
    paths.drift(db, "acme").delete()
    expect(of_table(page, "Books")).to_contain_text("unknown")
    expect(of_table(page, "Books")).to_contain_text("not compared")


def test_real_money_is_red_in_every_header_and_paper_is_not(trading: Dashboard) -> None:
    page = trading.signed_in("viewer", "/decisions")
    header = page.get_by_role("banner")
    expect(header).to_contain_text("Paper account")
    trading_day.connect(trading.db, "acme", datetime.now(UTC), is_live=True)
    live = header.get_by_text("LIVE account, real money")
    expect(live).to_be_visible()
    assert live.evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(179, 22, 31)"
    paths.connection(trading.db, "acme").update({"status": "DISCONNECTED"})
    expect(header).to_contain_text("no broker")
    create_tenant(trading.db, "rival")
    stranger = trading.signed_in("admin", tenant_id="rival")
    expect(stranger.get_by_role("banner")).to_contain_text("no broker")
    expect(check(stranger, "Books")).to_contain_text("not compared")


def test_drift_is_told_by_symbol_with_both_figures_and_what_waits_for_it(trading: Dashboard) -> None:
    page = trading.signed_in("trader", "/positions")
    ko = of_table(page, "KO", "Broker and books")
    for text in ("172", "160", "12", "Manual trade", "not held"):
        expect(ko).to_contain_text(text)
    hd = of_table(page, "HD", "Broker and books")
    expect(hd).to_contain_text("n/a")  # a figure nobody knows is not 0
    expect(hd).to_contain_text("seen once")
    paths.policy(trading.db, "acme").update({"on_drift": "hold"})
    trading.cycle({"TwelveOneMomentum": {"action": "HOLD"}}, 109_000.0, trading_day.PRICES)
    expect(ko).to_contain_text("held for KO")


def test_offline_leaves_what_is_known_and_nothing_green(trading: Dashboard) -> None:
    page = trading.signed_in("viewer")
    for path in BOARDS:
        page.get_by_role("navigation", name="Pages").locator(f'a[href="{path}"]').click()
        expect(page.get_by_role("table").first).to_be_visible()
        settled(page)
        page.context.set_offline(True)
        expect(page.get_by_text("Offline: what you see may be old")).to_be_visible()
        expect(page.get_by_role("table").first).to_be_visible()
        if path in {"/", "/health"}:
            expect(page.get_by_text("checked", exact=True)).to_have_count(0)
            expect(page.get_by_text("offline", exact=True)).to_have_count(7)
        page.context.set_offline(False)
        expect(page.get_by_text("Offline")).to_have_count(0)
    (watched,) = trading.watched
    watched.troubles.clear()  # the browser's and the SDK's own words about it


def answer(route: Route, status: int, body: str) -> None:
    route.fulfill(status=status, body=body)


def test_what_is_forbidden_loading_or_failed_is_told_apart_and_is_no_zero(trading: Dashboard) -> None:
    page = trading.signed_in("viewer")
    for status, code, told in (
        (403, "FORBIDDEN", "Your role may not see this."),
        (429, "STORE_UNAVAILABLE", "it rests"),
    ):
        body = json.dumps({"detail": "it rests", "reason_code": code})
        page.route("**/v1/positions", partial(answer, status=status, body=body))
        for path, region in (("/", "Positions"), ("/positions", "Live positions")):
            page.goto(f"{trading.url}{path}")
            expect(page.get_by_role("region", name=region).get_by_role("alert")).to_contain_text(told)
        page.goto(f"{trading.url}/health")
        expect(of_table(page, "Prices")).to_contain_text("unknown")
        expect(of_table(page, "Cycle")).to_contain_text("checked")  # the rest goes on
        page.goto(f"{trading.url}/strategies")
        momentum = of_table(page, "TwelveOneMomentum", "Strategies")
        expect(momentum.locator("[data-name^=Today]")).to_have_text("n/a")
        page.unroute("**/v1/positions")


def test_nothing_is_a_figure_before_firestore_was_reached(trading: Dashboard) -> None:
    member = create_member(trading.emulators, "acme", "viewer")
    page = trading.open()
    enter(page, member.email, member.password)
    expect(page.get_by_role("table").first).to_be_visible()
    page.route(re.compile("google.firestore.v1.Firestore/Listen"), lambda route: route.abort())
    for path in BOARDS:
        page.goto(f"{trading.url}{path}")
        expect(page.get_by_text("Loading Maestro").or_(page.get_by_role("alert").first)).to_be_visible()
        assert NOT_COUNTED.search(page.inner_text("body")) is None, path
        expect(page.get_by_role("alert").first).to_contain_text("Firestore does not answer")
        assert NOT_COUNTED.search(page.inner_text("body")) is None, path
    trading.watched[0].troubles.clear()
