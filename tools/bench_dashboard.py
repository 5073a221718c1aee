"""
How fast the dashboard's pages are drawn with 50 strategies, 2,000 decisions and 5,000 fills, and what they read.

Run ``python -m tools.bench_dashboard``. Functions do not run: the API's answer about the book is made here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud.firestore import Client, DocumentReference, Query
from google.cloud.firestore_v1.base_query import FieldFilter
from playwright.sync_api import Page, Route, expect, sync_playwright

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.domain.access.roles import Role
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.day_results import DayResult, DayResults
from functions.domain.track_record.windows import PerformanceWindows
from functions.strategies.maestro_controller import MaestroController
from tools.access import manage_members, manage_tenants, random_password
from tools.emulator_suite import EmulatorSuite
from tools.interrupts import interruptible
from tools.prerequisites import browser

TENANT, EMAIL = "bench", "viewer@bench.example"
NAMES = [f"Strategy{number:02}" for number in range(50)]
DECISIONS, FILLS, SESSIONS = 2_000, 5_000, 90
ROWS = {"/": 50, "/strategies": 50, "/positions": 50, "/health": 7, "/decisions": 10, "/ledger": 10}
"""By page, how many rows of its tables, or entries, there are at least when it is drawn."""
REPEATS = 3
_READS = "performance.getEntriesByName('firestore-read').reduce((sum, mark) => sum + mark.detail, 0)"
_DRAWN = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
  const read = performance.getEntriesByName('firestore-read').map(mark => mark.startTime);
  const asked = performance.getEntriesByType('resource').map(one => one.responseEnd);
  done(performance.now() - Math.max(...read, ...asked));
})))"""


def main() -> int:
    """Print a line a page."""
    with interruptible(), EmulatorSuite(only=("auth", "firestore", "hosting")) as suite:
        os.environ.update(suite.env)
        password = random_password()
        db = firestore_client()
        manage_tenants(db).create(TENANT, TENANT)
        manage_members(db).create(TENANT, EMAIL, Role.VIEWER, password)
        fill_up(db)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser())
            page = chromium.new_page(viewport={"width": 1440, "height": 1000})
            page.route("**/v1/positions", tell_positions)
            page.route("**/v1/{reservations,lots}", lambda route: route.fulfill(status=403, body="{}"))
            url = f"http://{suite.host('hosting')}"
            page.goto(url)
            page.get_by_label("E-mail").fill(EMAIL)
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("navigation", name="Pages").wait_for()
            for path, rows in ROWS.items():
                measured = [opened(page, url + path, rows) for _ in range(REPEATS)]
                drawn, reads = sorted(ms for ms, _ in measured)[REPEATS // 2], max(reads for _, reads in measured)
                print(f"{path:12} {drawn:5.0f} ms after its last data, {reads} documents read")
            chromium.close()
    return 0


def opened(page: Page, url: str, rows: int) -> tuple[float, int]:
    """Open a page, and return how long after its last data it is drawn, ms, and how many documents it read."""
    page.goto(url)
    expect(page.locator("main :is(table tbody tr, .timeline li)").nth(rows - 1)).to_be_attached(timeout=60_000)
    expect(page.get_by_text("Loading")).to_have_count(0, timeout=60_000)
    return float(page.evaluate(_DRAWN)), int(page.evaluate(_READS))


def tell_positions(route: Route) -> None:
    """Answer as the API would."""
    now = datetime.now(UTC).isoformat()
    held = {"symbol": "SPY", "qty": 1.0, "average_price": 660.0, "price": 672.9, "unrealized_pnl": 12.9}
    held |= {"mode": "ACTIVE", "exits_under_way": 0.0}
    book = {"is_open": True, "opened_at": now, "opened_by": "ann", "closed_because": None, "is_truncated": False}
    book |= {"positions": [held | {"strategy_id": name} for name in NAMES], "orders_under_way": [], "unowned": []}
    book |= {"account_as_of": now, "market_data_as_of": now}
    route.fulfill(status=200, content_type="application/json", body=json.dumps(book))


def fill_up(db: Client) -> None:
    """Give the tenant a record, a book, a cycle of now, and a long past."""
    now = datetime.now(UTC)
    days = [now.date() - timedelta(days=SESSIONS - at) for at in range(SESSIONS)]
    numbered = list(enumerate(NAMES))
    returns = [(name, day, 0.001 * ((at * 7 + n) % 11 - 4.8)) for n, name in numbered for at, day in enumerate(days)]
    windows = PerformanceWindows.from_daily_returns(returns)
    results = {(name, day): DayResult(value * 2e4, AgentMode.ACTIVE) for name, day, value in returns}
    paths.windows(db, TENANT, None).set(windows.to_document())
    paths.results(db, TENANT).set(DayResults.of_cells(results, dict.fromkeys(days, 50.0)).to_document(windows))
    book = PositionBook(opened_at=now - timedelta(days=20), opened_by="ann")
    for name in NAMES:
        book = book.with_fill(name, "SPY", 1.0, 660.0)
    paths.positions(db, TENANT).set(book.to_document(now))
    account = {"equity": 1e5, "buying_power": 5e4, "as_of": now}
    paths.account(db, TENANT).set(account)
    buys = {name: {"action": "BUY", "ticker": "SPY", "allocation": 0.01, "confidence": 0.8} for name in NAMES}
    cycle = MaestroController(db, TENANT).orchestrate(
        buys, market_data={"SPY": {"price": 672.9}}, account_snapshot=account
    )
    asyncio.run(cycle)
    history = [[(now.date() - timedelta(days=at)).isoformat(), 1e5 - at, 0, 600.0 + at % 9] for at in range(500, 0, -1)]
    paths.cockpit(db, TENANT).update({"history_json": json.dumps(history), "base_at": now - timedelta(hours=18)})
    logs = paths.orchestration_logs(db)
    (last,) = (
        logs.where(filter=FieldFilter("tenant_id", "==", TENANT))
        .order_by("timestamp", direction=Query.DESCENDING)
        .limit(1)
        .get()
    )
    older, decided = now - timedelta(days=1), last.to_dict() or {}
    times = [older - timedelta(minutes=5 * number) for number in range(DECISIONS)]
    write(db, ((logs.document(f"old-{n}"), decided | {"timestamp": at}) for n, at in enumerate(times)), 20)
    fill = {"strategy_id": NAMES[0], "symbol": "SPY", "side": "buy", "qty": 1.0, "price": 660.0, "uid": "ann"}
    ledger, times = paths.ledger_trades(db, TENANT), [older - timedelta(minutes=number) for number in range(FILLS)]
    write(db, ((ledger.document(f"f{n}"), fill | {"ts": at, "created_at": at}) for n, at in enumerate(times)), 500)


def write(db: Client, documents: Iterable[tuple[DocumentReference, Mapping[str, Any]]], at_once: int) -> None:
    """Store documents, so many in a commit."""
    batch = db.batch()
    for number, (reference, document) in enumerate(documents, 1):
        batch.set(reference, dict(document))
        if number % at_once == 0:
            batch.commit()
            batch = db.batch()
    batch.commit()


if __name__ == "__main__":
    sys.exit(main())
