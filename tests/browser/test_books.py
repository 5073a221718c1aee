"""Strategies and Ledger: what the books hold is what the pages show."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from backend.marketplace.strategy_performance_snapshots import (
    compute_monthly_strategy_performance_from_firestore,
    write_strategy_performance_snapshots,
)
from playwright.sync_api import expect

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock
from functions.services.ledger.take_snapshots import TakeSnapshots
from tests.browser.conftest import PROPOSED, Dashboard
from tests.emulator.ledger.test_snapshots import put_fill

FIRST, LAST = date(2020, 3, 2), date(2020, 3, 13)
CLOSES = [50.0, 51.0, 49.0, 52.0, 53.0, 51.0, 54.0, 55.0, 52.0, 56.0]


@pytest.fixture
def traded(dashboard: Dashboard) -> Dashboard:
    """Two weeks of one position, partly sold, and the month they make."""
    put_fill(dashboard.db, "f1", FIRST, "buy", 10, 50.0)
    put_fill(dashboard.db, "f2", FIRST + timedelta(days=3), "sell", 4, 52.0, nonce="0f" * 16)
    quote = {"price": CLOSES[-1], "history": CLOSES}
    paths.market_data(dashboard.db, "acme").set(
        {"as_of": datetime(2020, 3, 13, 20, tzinfo=UTC), "symbols": {"KO": quote}}
    )
    ledger = FirestoreLedgerStore(dashboard.db)
    TakeSnapshots(ledger, Calendars(), SystemClock()).run("acme", LAST, {})
    months = compute_monthly_strategy_performance_from_firestore(dashboard.db, "acme", 2020, 3)
    write_strategy_performance_snapshots(dashboard.db, "acme", months)
    dashboard.cycle()
    return dashboard


def test_the_charts_say_in_words_what_they_draw(traded: Dashboard) -> None:
    page = traded.signed_in(path="/strategies/Trend")
    curve = traded.call("GET", "strategies/Trend/curve").json()
    equity = page.get_by_role("img", name="Equity, 1 at the start")
    expect(equity).to_have_accessible_name(re.compile(r"2020-03-02 to 2020-03-13"))
    last = f"to {curve['live']['equity'][-1]:.3f}"
    expect(equity).to_have_accessible_name(re.compile(last))
    for name in ("Equity", "Drawdown", "Sharpe ratio over 30 days"):
        canvas = page.get_by_role("img", name=name).locator("canvas")
        is_drawn = (
            "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
        )
        assert canvas.evaluate(is_drawn), name
    sharpe = page.get_by_role("img", name="Sharpe ratio over 30 days")
    expect(sharpe).to_have_accessible_name(re.compile(r"ACTIVE from 1\. SHADOW below 0\.5"))
    row = page.get_by_role("row").filter(has_text="2020-03")
    expect(row).to_contain_text("live")
    month = traded.call("GET", "performance?period=month&strategy_id=Trend").json()["items"][0]
    expect(row).to_contain_text(f"{100 * month['return_fraction']:.2f}")


def test_another_strategy_is_chosen_by_name(traded: Dashboard) -> None:
    page = traded.signed_in(path="/strategies/Trend")
    page.get_by_label("Strategy", exact=True).select_option("Idle")
    expect(page).to_have_url(f"{traded.url}/strategies/Idle")
    expect(page.get_by_text("Idle has no daily performance yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)  # nothing there is no fault


def test_a_new_day_is_drawn_without_a_reload(traded: Dashboard) -> None:
    page = traded.signed_in(path="/strategies/Trend")
    expect(page.get_by_role("img", name="2020-03-02 to 2020-03-13").first).to_be_visible()
    TakeSnapshots(FirestoreLedgerStore(traded.db), Calendars(), SystemClock()).run("acme", LAST + timedelta(days=3), {})
    expect(page.get_by_role("img", name="2020-03-02 to 2020-03-16").first).to_be_visible()


def test_the_ledger_shows_lots_fills_and_reservations_as_they_come(traded: Dashboard) -> None:
    page = traded.signed_in(path="/ledger")
    lot = page.get_by_role("region", name="Open lots").get_by_role("row").filter(has_text="Trend")
    for text in ("KO", "6", "50.00", "56.00"):
        expect(lot).to_contain_text(text)
    fills = page.get_by_role("region", name="Fills").last.get_by_role("row")
    expect(fills).to_have_count(3)  # and the heading
    expect(fills.nth(1)).to_contain_text("SELL")
    expect(fills.nth(1)).to_contain_text("0f0f0f0f…")
    assert "0f" * 16 not in page.content(), "no whole nonces"

    signals, _ = traded.cycle({"Trend": {**PROPOSED["Trend"], "allocation": 0.25}})
    nonce = signals["Trend"]["nonce"]
    assert traded.call("POST", f"signals/{nonce}/redeem").status_code == 200
    sold = {"strategy_id": "Trend", "symbol": "AAPL", "side": "buy", "qty": 10, "price": 100.0, "nonce": nonce}
    fill = {**sold, "ts": datetime.now(UTC).isoformat(), "broker_fill_id": "b1"}
    assert traded.call("POST", "fills", json={"fills": [fill]}).status_code == 200
    expect(fills).to_have_count(4)
    page.goto(f"{traded.url}/positions")
    reservation = page.get_by_role("table", name="Reservations").get_by_role("row").filter(has_text="Trend")
    expect(reservation).to_contain_text("24,000")
    expect(reservation).to_contain_text("1,000")
