"""Live positions: what strategies hold now, what is under way, and what is unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from functions.adapters.firestore import paths
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.windows import PerformanceWindows
from tests.browser.conftest import PROPOSED, Dashboard
from tests.browser.test_every_page import PHONE, serious, settled

BUY = PROPOSED["Trend"]


def section(page: Page) -> Locator:
    return page.get_by_role("region", name="Live positions")


def rows(page: Page, table: str) -> Locator:
    return page.get_by_role("table", name=table).get_by_role("row")


def of_strategy(page: Page, name: str, table: str = "Live positions") -> Locator:
    """Return the row that begins with a strategy: of several positions the first."""
    return rows(page, table).filter(has=page.get_by_role("rowheader", name=name)).first


def of_symbol(page: Page, symbol: str) -> Locator:
    return rows(page, "Live positions").filter(has=page.get_by_role("cell", name=symbol, exact=True))


def shadow(dashboard: Dashboard, strategy: str) -> None:
    """Let a strategy lose so much that its next cycle shadows it."""
    today = datetime.now(UTC).date()
    losses = [(strategy, today - timedelta(days=20 - day), -0.02 + 0.01 * (day % 2)) for day in range(20)]
    paths.windows(dashboard.db, "acme", None).set(PerformanceWindows.from_daily_returns(losses).to_document())


@pytest.fixture
def invested(dashboard: Dashboard) -> Dashboard:
    """An open book: a long, a short, what a shadowed and a disabled strategy still hold, and what is unowned."""
    now = datetime.now(UTC)
    book = PositionBook(opened_at=now - timedelta(days=2), opened_by="ann@example.com")
    for strategy, symbol, qty, price in (
        ("Value", "AAPL", 1250.0, 96.5),
        ("Value", "BTC/USD", 0.25, 64_000.0),
        ("Trend", "AAPL", -40.0, 104.0),
        ("Exit", "KO", 10.0, 58.2),
        ("Exit", "PEP", 5.0, 171.0),
        ("Idle", "MSFT", 12.0, 410.0),
    ):
        book = book.with_fill(strategy, symbol, qty, price)
    paths.positions(dashboard.db, "acme").set(book.to_document(now))
    quotes = {"AAPL": {"price": 100.0}, "KO": {"price": 57.0}, "BTC/USD": {"price": 61_000.0}}
    paths.market_data(dashboard.db, "acme").set({"as_of": now, "symbols": quotes})
    held = [{"symbol": "AAPL", "qty": 1212}, {"symbol": "PEP", "qty": 5}, {"symbol": "KO", "qty": 10}]
    held += [{"symbol": "BTCUSD", "qty": 0.25}, {"symbol": "MSFT", "qty": 12}]
    account = {"as_of": now, "equity": 2e5, "buying_power": 1e5, "positions": held}
    paths.account(dashboard.db, "acme").set(account)
    paths.policy(dashboard.db, "acme").set({"allow_shorts": True, "disabled_strategies": {"Idle": None}})
    shadow(dashboard, "Exit")
    return dashboard


def test_every_strategys_positions_are_shown_with_their_profit_now(invested: Dashboard) -> None:
    invested.cycle()
    page = invested.signed_in(path="/positions")
    value = of_strategy(page, "Value")
    for text in ("AAPL", "1,250", "96.50", "100.00", "+4,375.00"):
        expect(value).to_contain_text(text)
    expect(of_symbol(page, "BTC/USD")).to_contain_text("\u2212750.00")
    short = of_strategy(page, "Trend")
    for text in ("\u221240", "104.00", "+160.00"):
        expect(short).to_contain_text(text)
    expect(of_symbol(page, "MSFT")).to_contain_text("410.00")
    expect(section(page)).to_contain_text("without 2 that have no price")
    expect(section(page)).to_contain_text("2 AAPL: the account holds it")
    expect(section(page).get_by_text("None.", exact=True)).to_be_visible()


def test_what_a_shadowed_or_disabled_strategy_still_holds_stands_out(invested: Dashboard) -> None:
    invested.cycle()
    page = invested.signed_in(path="/positions")
    for strategy, mode in (("Exit", "Shadow"), ("Idle", "Disabled")):
        expect(of_strategy(page, strategy)).to_contain_text(f"{mode} still holds this")
    for strategy in ("Trend", "Value"):
        expect(of_strategy(page, strategy)).not_to_contain_text("still holds")
    expect(rows(page, "Live positions").nth(1).get_by_role("rowheader")).to_contain_text("Exit")  # these come first


def test_a_buy_that_closes_a_short_does_not_look_like_an_entry(invested: Dashboard) -> None:
    _, decision = invested.cycle(
        {"Trend": BUY, "Value": {**BUY, "ticker": "KO"}, "Opener": {**BUY, "action": "SELL", "ticker": "PEP"}}
    )
    page = invested.signed_in()
    expect(of_strategy(page, "Trend", "Decided today")).to_contain_text("BUY to close")
    expect(of_strategy(page, "Value", "Decided today")).not_to_contain_text("to close")
    expect(of_strategy(page, "Opener", "Decided today")).to_contain_text("SELL short")
    page.goto(f"{invested.url}/decisions/{decision.session_id}")
    table = "Before and after, by strategy"
    expect(of_strategy(page, "Trend", table)).to_contain_text("BUY to close")
    expect(of_strategy(page, "Value", table)).not_to_contain_text("to close")


def test_orders_and_fills_move_the_page_without_a_reload(invested: Dashboard) -> None:
    signals, _ = invested.cycle()
    page = invested.signed_in(path="/positions")
    expect(of_strategy(page, "Trend")).to_be_visible()
    leave = signals["Exit"]
    assert invested.call("POST", f"signals/{leave['nonce']}/redeem").status_code == 200
    order = of_strategy(page, "Exit", "Orders under way")
    expect(order).to_contain_text("KO")
    expect(order).to_contain_text(f"{leave['nonce'][:8]}…")
    assert leave["nonce"] not in page.content(), "no whole nonces"
    expect(of_symbol(page, "KO").get_by_role("cell").last).to_have_text("10")
    sold = {"strategy_id": "Exit", "symbol": "KO", "side": "sell", "qty": 4, "price": 57.0, "nonce": leave["nonce"]}
    fill = {**sold, "ts": datetime.now(UTC).isoformat(), "broker_fill_id": "b1"}
    assert invested.call("POST", "fills", json={"fills": [fill]}).status_code == 200
    expect(of_symbol(page, "KO").get_by_role("cell").last).to_have_text("6")
    expect(order.get_by_role("cell").nth(3)).to_have_text("4")


def test_an_entry_under_way_shows_what_it_reserves_and_spent(ordering: Dashboard) -> None:
    page = ordering.signed_in(path="/positions")
    order = of_strategy(page, "TurtleChannel", "Orders under way")
    for text in ("Entry", "MSFT", "its reservation"):
        expect(order).to_contain_text(text)
    expect(order.get_by_role("cell").nth(3)).to_have_text("5")
    # 16 % of 23,751 USD of buying power, less 5 at 502.10; and 10 % of it.
    reserved = of_strategy(page, "TurtleChannel", "Reservations")
    for text in ("1,290", "2,511"):
        expect(reserved).to_contain_text(text)
    expect(of_strategy(page, "PairsReversion", "Reservations")).to_contain_text("2,375")
    held = page.get_by_role("region", name="Reservations").get_by_role("definition")
    expect(held.nth(1)).to_have_text("6,175 USD")
    expect(section(page)).to_contain_text("12 KO: the account holds it")


def test_a_buy_on_paper_is_not_of_nothing(trading: Dashboard) -> None:
    page = trading.signed_in()
    page.get_by_role("link", name="The whole decision").click()
    table = "Before and after, by strategy"
    became = of_strategy(page, "RsiMeanReversion", table).get_by_role("cell").nth(3)
    expect(became).to_have_text("BUY on paper")
    page.get_by_role("link", name="All decisions").click()
    timeline = page.get_by_role("region", name="Timeline").get_by_role("listitem").first
    expect(timeline).to_contain_text("HD 20.0\u00a0% → on paper only RsiMeanReversion")


@pytest.mark.parametrize("why", [None, "12000 positions and their orders take 901000 bytes"])
def test_a_book_that_is_not_open_says_how_it_is_opened(dashboard: Dashboard, why: str | None) -> None:
    if why is not None:
        paths.positions(dashboard.db, "acme").set(PositionBook(closed_because=why).to_document(datetime.now(UTC)))
    page = dashboard.signed_in(path="/positions")
    expect(section(page)).to_contain_text('make maestro ARGS="book open acme"')
    expect(section(page)).to_contain_text(why or "The position book is not open")


def test_a_book_that_cannot_be_read_is_told(dashboard: Dashboard) -> None:
    paths.positions(dashboard.db, "acme").set({"holdings_json": "["})
    page = dashboard.signed_in(path="/positions")
    expect(section(page).get_by_role("alert")).to_contain_text("open the book again")
    assert all("status of 500" in one for one in dashboard.watched[0].troubles)
    dashboard.watched[0].troubles.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_full_book(invested: Dashboard, scheme: str) -> None:
    signals, _ = invested.cycle()
    invested.call("POST", f"signals/{signals['Exit']['nonce']}/redeem")
    page = invested.signed_in(path="/positions", color_scheme=scheme)
    expect(of_strategy(page, "Value")).to_be_visible()
    settled(page)
    assert serious(page) == []


def test_a_full_book_fits_a_phone(invested: Dashboard) -> None:
    invested.cycle()
    page = invested.signed_in(path="/positions", **PHONE)
    expect(of_strategy(page, "Value")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
