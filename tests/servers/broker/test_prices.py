"""Bars and quotes: over all pages, of stocks and coins, and nothing made up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from functions.adapters.alpaca import market_data
from functions.adapters.alpaca.connection import Limits
from functions.adapters.alpaca.fields import Fields
from functions.domain.broker.errors import Forbidden, MalformedAnswer, UnknownSymbol
from functions.domain.broker.prices import Adjustment
from tests.servers.broker.desks import Desk, days, running
from tools.simulated_broker.clock import EPOCH
from tools.simulated_broker.faults import Fault, FaultKind
from tools.simulated_broker.market import Instrument

FIRST, LAST = date(1990, 1, 1), EPOCH.date()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(Limits(total=60.0)) as one:
        yield one


def test_a_quote_is_the_last_trade_with_bid_ask_and_days(desk: Desk) -> None:
    desk.exchange.market.set_bars("SPY", days(3))
    quote = desk.alpaca.quotes(["SPY"])["SPY"]
    assert (quote.price, quote.bid, quote.ask, quote.at) == (450.25, 450.25, 450.25, EPOCH)
    assert quote.day is not None
    assert quote.day_before is not None
    assert (quote.day.close, quote.day_before.close) == (102.0, 101.0)


def test_stocks_and_coins_are_asked_together_and_answered_as_they_were_spelled(desk: Desk) -> None:
    found = desk.alpaca.quotes(["BTCUSD", "spy", "BTC/USD", "SPY", "NOPE"])
    assert {name: one.price for name, one in found.items()} == {
        "spy": 450.25,
        "SPY": 450.25,
        "BTCUSD": 30_000.0,
        "BTC/USD": 30_000.0,
    }


def test_nothing_is_asked_for_nothing(desk: Desk) -> None:
    assert desk.alpaca.quotes([]) == {}
    assert desk.alpaca.daily_bars([], FIRST, LAST) == {}
    assert desk.broker.requests == []


@pytest.mark.parametrize(
    ("snapshot", "figures"),
    [
        ({}, (None, None, None, None)),
        ({"latestTrade": None, "latestQuote": None, "dailyBar": None}, (None, None, None, None)),
        ({"latestTrade": {"p": 0}, "latestQuote": {"bp": 0, "ap": 5}}, (None, None, None, 5.0)),
        ({"latestTrade": {"p": 2.5}}, (2.5, None, None, None)),
    ],
)
def test_what_nobody_says_of_a_price_is_unknown_and_never_0(desk: Desk, snapshot: Any, figures: Any) -> None:
    desk.broker.answers["/v2/stocks/snapshots"] = {"SPY": snapshot}
    quote = desk.alpaca.quotes(["SPY"])["SPY"]
    assert (quote.price, quote.at, quote.bid, quote.ask) == figures


@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
def test_quotes_of_many_symbols_are_asked_in_parts(desk: Desk, count: int) -> None:
    names = [f"S{index}" for index in range(count)]
    for name in names:
        desk.exchange.market.add(Instrument(symbol=name), "5")
    assert list(desk.alpaca.quotes(names)) == names
    assert len(desk.broker.asked("/v2/stocks/snapshots")) == -(-count // 100)


@pytest.mark.parametrize("total", [9_999, 10_000, 10_001, 25_000])
def test_bars_are_complete_over_pages_that_count_all_symbols_together(desk: Desk, total: int) -> None:
    halves = {"QQQ": total // 2, "SPY": total - total // 2}
    for name, count in halves.items():
        desk.exchange.market.set_bars(name, days(count))
    found = desk.alpaca.daily_bars(["SPY", "QQQ"], date.min + timedelta(days=400), LAST)
    assert {name: len(bars) for name, bars in found.items()} == halves
    assert len(desk.broker.asked("/v2/stocks/bars")) == -(-total // 10_000)
    for bars in found.values():
        assert [one.at for one in bars] == sorted(one.at for one in bars)


def test_bars_are_of_the_days_asked_for_both_included(desk: Desk) -> None:
    for name in ("SPY", "BTC/USD"):
        desk.exchange.market.set_bars(name, days(30))
    found = desk.alpaca.daily_bars(["SPY", "BTCUSD", "ODD"], date(2025, 12, 20), date(2025, 12, 22))
    assert set(found) == {"SPY", "BTCUSD"}
    for bars in found.values():
        assert [one.at.date().day for one in bars] == [20, 21, 22]
    bar = found["SPY"][0]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (113.0, 114.0, 112.0, 113.0, 1000.0)


def test_the_newest_bars_are_asked_without_an_end_as_not_everybody_may_see_them(desk: Desk) -> None:
    desk.alpaca.daily_bars(["SPY"], date(2020, 1, 1), date(2200, 1, 1))
    desk.alpaca.daily_bars(["SPY"], date(2020, 1, 1), date(2020, 1, 31))
    ends = [one.query.get("end") for one in desk.broker.asked("/v2/stocks/bars")]
    assert ends == [None, "2020-02-01T00:00:00Z"]


@pytest.mark.parametrize(
    ("adjustment", "said"),
    [(Adjustment.NONE, "raw"), (Adjustment.SPLITS, "split"), (Adjustment.SPLITS_AND_DIVIDENDS, "all")],
)
def test_adjustments_are_of_stocks_alone(desk: Desk, adjustment: Adjustment, said: str) -> None:
    desk.alpaca.daily_bars(["SPY", "BTC/USD"], FIRST, LAST, adjustment)
    assert desk.broker.asked("/v2/stocks/bars")[0].query["adjustment"] == said
    assert "adjustment" not in desk.broker.asked("/v1beta3/crypto/us/bars")[0].query


@pytest.mark.parametrize("symbol", ["", "A B", "SPY,QQQ", "../orders", "ключ", "X" * 31, "SPY?x=1"])
def test_what_cannot_be_a_symbol_is_not_asked_for(desk: Desk, symbol: str) -> None:
    with pytest.raises(UnknownSymbol) as told:
        desk.alpaca.quotes(["SPY", symbol])
    assert told.value.symbol == symbol
    assert desk.broker.requests == []


def test_a_symbol_that_alpaca_calls_invalid_is_named_as_it_was_spelled(desk: Desk) -> None:
    with pytest.raises(UnknownSymbol, match="does not know the symbol brk-b") as told:
        desk.alpaca.quotes(["SPY", "brk-b"])
    assert told.value.symbol == "brk-b"


def test_bars_that_the_subscription_does_not_have_are_forbidden(desk: Desk) -> None:
    desk.broker.faults.add(Fault(FaultKind.FORBIDDEN, "/v2/stocks/bars"))
    with pytest.raises(Forbidden):
        desk.alpaca.daily_bars(["SPY"], FIRST, LAST)


@pytest.mark.parametrize(
    "wrong",
    [{"c": None}, {"c": 0}, {"o": -1}, {"h": "NaN"}, {"t": None}, {"t": "yesterday"}, {"t": "2026-01-05T00:00:00"}],
)
def test_a_bar_that_is_none_is_malformed(wrong: dict[str, Any]) -> None:
    good = {"t": "2026-01-05T05:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": None}
    assert market_data._bar(Fields.of("bar", good)).volume is None
    with pytest.raises(MalformedAnswer):
        market_data._bar(Fields.of("bar", good | wrong))


def test_bars_out_of_order_are_malformed(desk: Desk) -> None:
    desk.exchange.market.set_bars("SPY", list(reversed(days(3))))
    with pytest.raises(MalformedAnswer, match="not in order of days"):
        desk.alpaca.daily_bars(["SPY"], FIRST, LAST)


def test_pages_that_come_round_in_a_circle_are_malformed() -> None:
    from tests.servers.broker.test_faults import at  # noqa: PLC0415
    from tests.servers.trading_client.servers import Reply, serving  # noqa: PLC0415

    with serving(lambda _: Reply(200, {"bars": {}, "next_page_token": "same"})) as server:
        with pytest.raises(MalformedAnswer, match=r"pages of .* repeat"):
            at(server.url).daily_bars(["SPY"], FIRST, LAST)
        assert len(server.requests) == 2
