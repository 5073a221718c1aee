"""The simulated broker's own books and rules, to the last decimal."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import astuple, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.servers.broker.desks import Desk, running
from tools import dev_broker
from tools.simulated_broker.exchange import NEVER, Exchange, Part
from tools.simulated_broker.kept import OtherVersionError, keep, take_up
from tools.simulated_broker.refusals import RefusalError


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running() as one:
        yield one


def test_cash_and_equity_are_exact(desk: Desk) -> None:
    desk.exchange.market.set_price("SPY", "0.1")
    for _ in range(3):
        desk.buy("0.1")
    assert desk.exchange.books.cash == Decimal("99999.97")
    desk.exchange.market.set_price("SPY", "0.7")
    assert desk.exchange.equity == Decimal("100000.18")


def test_whatever_happens_is_booked_to_the_cent(desk: Desk) -> None:
    desk.buy("10")
    desk.buy("0.5", "BTC/USD")
    happenings = desk.happenings
    happenings.split("SPY", 3, 1)
    happenings.dividend("SPY", "0.333")
    happenings.coin_fee("BTC/USD", "0.00125")
    happenings.units("ACATS", "SPY", "5")
    happenings.money("FEE", "-0.02")
    happenings.cancel_activity(happenings.money("CSD", "500"))
    books = desk.exchange.books
    assert (books.qty("SPY"), books.qty("BTCUSD")) == (Decimal(35), Decimal("0.49875"))
    assert books.cash == Decimal(100_000) - Decimal("4502.5") - 15_000 + 30 * Decimal("0.333") - Decimal("0.02")


def test_a_bust_and_a_correction_leave_the_books_as_if_it_had_been_so(desk: Desk) -> None:
    desk.buy("10")
    desk.buy("4", "QQQ")
    first, second = desk.exchange.executions
    desk.happenings.bust(first)
    desk.happenings.correct(second, "3", "379.5")
    books = desk.exchange.books
    assert (books.qty("SPY"), books.qty("QQQ"), books.cash) == (
        Decimal(0),
        Decimal(3),
        Decimal(100_000) - Decimal("1138.5"),
    )


def test_ids_and_answers_are_the_same_in_every_run() -> None:
    def run() -> list[Any]:
        with running() as one:
            one.buy("10")
            one.order("sell", "4")
            one.told(one.cursor())
            return [(question.path, reply.body) for question, reply in one.broker.answered]

    assert run() == run()


def test_orders_fill_by_plan_as_the_clock_goes_on(desk: Desk) -> None:
    desk.exchange.plan = (Part(Decimal("0.4"), 1.0, Decimal(450)), Part(Decimal("0.6"), 5.0))
    order = desk.buy("10")
    shown = [(order.status, order.filled_qty)]
    for seconds in (2, 4):
        desk.clock.advance(seconds=seconds)
        desk.exchange.run()
        shown.append((order.status, order.filled_qty))
    assert shown == [("new", 0), ("partially_filled", 4), ("filled", 10)]
    assert order.filled_usd == 4 * Decimal(450) + 6 * Decimal("450.25")


def test_what_is_replaced_fills_in_its_replacement(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    order = desk.buy("10")
    desk.exchange.fill(order, "4")
    other = desk.exchange.replace(order.order_id, {})
    assert (order.status, order.replaced_by, other.replaces) == ("replaced", other.order_id, order.order_id)
    assert other.qty == 6
    assert other.client_order_id != order.client_order_id
    with pytest.raises(RefusalError, match="cannot replace"):
        desk.exchange.replace(order.order_id, {})


def test_a_fill_may_cross_a_cancellation(desk: Desk) -> None:
    desk.exchange.plan = NEVER
    order = desk.buy("10")
    desk.exchange.cancel(order.order_id)
    desk.exchange.fill(order, "4")
    assert (order.status, order.filled_qty, desk.exchange.books.qty("SPY")) == ("canceled", Decimal(4), Decimal(4))
    desk.exchange.fill(order, "6")
    assert order.status == "filled"


@pytest.mark.parametrize(
    ("side", "qty", "symbol", "more", "message"),
    [
        ("buy", "10", "NOPE", {}, 'could not find asset "NOPE"'),
        ("buy", "1", "GONE", {}, "asset GONE is not tradable"),
        ("buy", "12.3456", "ODD", {}, 'asset "ODD" is not fractionable'),
        ("buy", "1000", "SPY", {}, "insufficient buying power"),
        ("buy", "0", "SPY", {}, "qty must be > 0"),
        ("buy", "NaN", "SPY", {}, "qty must be > 0"),
        ("buy", "0.0000000001", "SPY", {}, "at most 9 decimal places"),
        ("sell", "11", "QQQ", {}, "insufficient qty available for order (requested: 11, available: 10)"),
        ("sell", "1", "GME", {}, 'asset "GME" cannot be sold short'),
        ("sell", "1.5", "SPY", {}, "fractional orders cannot be sold short"),
        ("buy", "1", "BTC/USD", {"time_in_force": "day"}, "invalid crypto time_in_force: day"),
        ("buy", "1", "SPY", {"client_order_id": "taken"}, "client_order_id must be unique"),
        ("buy", "1", "SPY", {"client_order_id": "x" * 129}, "at most 128 characters"),
    ],
)
def test_orders_that_alpaca_does_not_take(
    desk: Desk, side: str, qty: str, symbol: str, more: dict[str, str], message: str
) -> None:
    desk.buy("10", "QQQ", client_order_id="taken")
    with pytest.raises(RefusalError) as refused:
        desk.order(side, qty, symbol, **more)
    assert message in str(refused.value)


def test_an_order_opposite_to_an_open_one_of_its_own_is_a_wash_trade(desk: Desk) -> None:
    desk.buy("10")
    desk.exchange.plan = NEVER
    open_order = desk.order("sell", "5")
    with pytest.raises(RefusalError, match="potential wash trade") as refused:
        desk.buy("1")
    assert refused.value.body["existing_order_id"] == open_order.order_id
    desk.buy("1", "QQQ")


def test_an_account_that_was_kept_goes_on_where_it_stopped(desk: Desk, tmp_path: Path) -> None:
    first = desk.buy("10")
    desk.happenings.split("SPY", 3, 1)
    desk.happenings.coin_fee("BTC/USD", "0.00125")
    (execution_id,) = desk.exchange.executions
    desk.happenings.correct(execution_id, "10", "449.5")
    desk.exchange.plan = NEVER
    open_order = desk.buy("4", "QQQ")
    limited = desk.exchange.replace(open_order.order_id, {"qty": "5"})
    keep(desk.exchange, tmp_path / "kept")
    again = Exchange(now=desk.exchange.now, market=desk.exchange.market)
    assert take_up(again, tmp_path / "kept")
    for one in fields(Exchange):
        if one.name not in {"lock", "plan", "rejected", "_due"}:
            assert getattr(again, one.name) == getattr(desk.exchange, one.name), one.name
    assert list(map(astuple, again.activities.listed)) == list(map(astuple, desk.exchange.activities.listed))
    assert all(order is again.orders[order.order_id] for order, _, _, _ in again.executions.values())
    new = again.submit({"symbol": "SPY", "side": "buy", "qty": "1", "type": "market", "time_in_force": "day"})
    assert new.order_id not in desk.exchange.orders, "ids go on, too"
    again.fill(again.orders[limited.order_id], "5")
    assert again.books.qty("QQQ") == 5
    assert (again.books.qty("SPY"), desk.exchange.books.qty("SPY")) == (Decimal(31), Decimal(30))
    assert again.orders[first.order_id] is not desk.exchange.orders[first.order_id]


def test_an_account_that_was_not_kept_begins(tmp_path: Path) -> None:
    assert not take_up(Exchange(), tmp_path / "kept")


class Loaded:
    """Fails whoever unpickles it."""

    def __reduce__(self) -> Any:
        return pytest.fail, ("the file was executed",)


def test_a_file_of_another_version_is_told_changes_nothing_and_executes_nothing(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    desk.buy("1")
    keep(desk.exchange, file)
    ours = json.loads(file.read_bytes())
    for content, told in (
        (pickle.dumps(Loaded()), "kept is not an account of version 1"),
        (b"", "kept is not an account of version 1"),
        (b"[]", "kept is of version None, and this is version 1"),
        (json.dumps(ours | {"version": 2}).encode(), "kept is of version 2, and this is version 1"),
        (json.dumps(ours | {"books": {"cash": "much"}}).encode(), "kept is not an account of version 1"),
        (json.dumps(ours | {"orders": {}}).encode(), "kept is not an account of version 1: no order"),
    ):
        file.write_bytes(content)
        exchange = Exchange()
        with pytest.raises(OtherVersionError, match=told):
            take_up(exchange, file)
        assert (exchange.orders, exchange.books.cash) == ({}, Decimal(100_000))


def test_the_development_broker_starts_over_and_keeps_what_it_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev_broker, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(dev_broker, "ASIDE", tmp_path / "aside")
    assert dev_broker.taken_up(Exchange()) == []
    (tmp_path / "kept").write_bytes(b"of before")
    (told,) = dev_broker.taken_up(Exchange())
    assert "kept is not an account of version 1: the account starts again; the file is now aside" in told
    assert (tmp_path / "aside").read_bytes() == b"of before"
    assert dev_broker.taken_up(Exchange()) == []
