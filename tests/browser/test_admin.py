"""Administration: for admins; others see what they may, and strangers nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import expect

from functions.adapters.firestore import paths
from functions.adapters.firestore.connection_store import FirestoreConnectionStore
from tests.browser.conftest import Dashboard
from tests.browser.pages import WIDTHS, left_out_by_keys, outside
from tests.browser.test_every_page import serious, settled
from tests.emulator.api.test_admin import FAILING
from tests.members import create_tenant

ALERT = {"key": "k", "variant": "", "fields": {}, "members": [], "is_event": True, "occurrences": 1, "detail": "why"}


class Chat:
    """A server like Slack's, and what it was sent."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        texts = self.texts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                texts.append(json.loads(body)["text"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def chat() -> Iterator[Chat]:
    one = Chat()
    yield one
    one.server.shutdown()


@pytest.fixture
def looked_after(dashboard: Dashboard) -> Dashboard:
    """A tenant with 40 alerts of before, a broker that fails, and channels."""
    db, now = dashboard.db, datetime.now(UTC)
    batch = db.batch()
    for at in range(40):
        is_open, is_critical = at < 2, at % 4 == 0
        alert = {
            **ALERT,
            "kind": "STRATEGY_ERROR",
            "severity": "CRITICAL" if is_critical else "WARNING",
            "state": "OPEN" if is_open else "RESOLVED",
            "title": f"Strategy{at} fails",
            "page": f"/decisions?strategy=Strategy{at}",
            "opened_at": now - timedelta(minutes=at // 2),
            "resolved_at": None if is_open else now,
            "acknowledged_at": None,
            "acknowledged_by": None,
        }
        batch.set(paths.alerts(db, "acme").document(f"a{at:02}"), alert)
    batch.commit()
    FirestoreConnectionStore(db).write("acme", FAILING, None)
    return dashboard


def test_alert_history_is_looked_through_by_the_page_and_leads_to_what_it_is_about(looked_after: Dashboard) -> None:
    page = looked_after.signed_in("viewer", "/admin")
    rows = page.get_by_role("table", name="Alerts").get_by_role("row")
    expect(rows).to_have_count(1 + 25)
    page.get_by_role("button", name="Load older alerts").click()
    expect(rows).to_have_count(1 + 40)
    page.get_by_label("Severity").select_option("CRITICAL")
    expect(rows).to_have_count(1 + 10)
    page.get_by_label("State").select_option("OPEN")
    expect(rows).to_have_count(1 + 1)
    expect(page).to_have_url(f"{looked_after.url}/admin?state=OPEN&severity=CRITICAL")
    page.reload()
    expect(rows).to_have_count(1 + 1)
    page.get_by_role("link", name="Strategy0 fails").click()
    expect(page).to_have_url(f"{looked_after.url}/decisions?strategy=Strategy0")


@pytest.mark.parametrize("role", ["viewer", "trader"])
def test_others_see_alerts_and_broker_and_neither_channels_nor_users(looked_after: Dashboard, role: str) -> None:
    page = looked_after.signed_in(role, "/admin")
    broker = page.get_by_role("region", name="Broker")
    expect(broker).to_contain_text("the keys were refused")
    expect(broker).to_contain_text('make maestro ARGS="broker disconnect acme"')
    expect(page.get_by_role("region", name="Channels and users")).to_contain_text(
        "Only admins see where notifications go"
    )
    expect(page.get_by_role("table", name="Users")).to_have_count(0)
    expect(page.get_by_role("button", name="Send test")).to_have_count(0)


def test_a_stranger_sees_nothing_of_it(looked_after: Dashboard) -> None:
    create_tenant(looked_after.db, "rival")
    page = looked_after.signed_in("admin", "/admin", tenant_id="rival")
    expect(page.get_by_text("No alert was ever raised.")).to_be_visible()
    expect(page.get_by_text("No broker is connected")).to_be_visible()
    expect(page.get_by_role("table", name="Users").get_by_role("row")).to_have_count(2)
    settled(page)
    assert "Strategy0" not in page.content()


def test_an_admin_tries_a_channel_and_sees_that_it_arrived(looked_after: Dashboard, chat: Chat) -> None:
    channels = [
        {"id": "desk", "type": "slack", "url": f"{chat.url}/sEcReT", "rules": [{"mode": "off"}]},
        {"id": "off", "type": "slack", "url": chat.url, "enabled": False},
        {"id": "bad", "type": "pigeon", "url": chat.url},
    ]
    paths.notification_channels(looked_after.db, "acme").set({"channels": channels})
    page = looked_after.signed_in("admin", "/admin")
    table = page.get_by_role("table", name="Channels")
    expect(table.get_by_role("row").filter(has_text="bad")).to_contain_text("Malformed, and gets nothing")
    expect(page.get_by_role("button", name="Send test to off")).to_be_disabled()
    page.get_by_role("button", name="Send test to desk").click()
    expect(table).to_contain_text("Arrived.")
    assert [text.splitlines()[0] for text in chat.texts] == ["[INFO] acme: A test from Maestro"]
    assert "sEcReT" not in page.content()
    users = page.get_by_role("table", name="Users")
    expect(users.get_by_role("row").filter(has_text="you")).to_contain_text("Admin")
    expect(page.get_by_role("region", name="Users")).to_contain_text("user role acme ann@example.com trader")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert outside(page) == [], width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert serious(page) == [], (width, scheme)
    page.reload()
    expect(table).to_be_visible()
    settled(page)
    assert left_out_by_keys(page) == []
