"""Activities since a cursor: each once, however late, many, cut short or amended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.adapters.alpaca.activities import read_activity
from functions.adapters.alpaca.connection import Limits
from functions.adapters.alpaca.fields import Fields
from functions.domain.broker.activities import (
    Activity,
    ActivityCursor,
    Bust,
    Correction,
    DividendActivity,
    Execution,
    FeeActivity,
    InterestActivity,
    OtherActivity,
    RenamingActivity,
    SplitActivity,
    Standing,
    TransferActivity,
)
from functions.domain.broker.errors import CursorExpired, Forbidden, MalformedAnswer, RateLimited
from tests.servers.broker.desks import Desk, running
from tools.simulated_broker.exchange import NEVER
from tools.simulated_broker.faults import Fault, FaultKind
from tools.simulated_broker.orders import SimOrder

PATIENT = Limits(total=60.0)
FILLS = "/v2/account/activities/FILL"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(PATIENT, amendments=True, cash="1000000000") as one:
        yield one


def large_order(desk: Desk) -> SimOrder:
    desk.exchange.plan = NEVER
    order: SimOrder = desk.buy("100000")
    return order


def test_an_execution_has_its_figures_and_its_order(desk: Desk) -> None:
    order = large_order(desk)
    desk.exchange.fill(order, "4", "450.125")
    (told,), _ = desk.told(desk.cursor())
    assert isinstance(told, Execution)
    assert (told.order_id, told.symbol, told.side) == (order.order_id, "SPY", "buy")
    assert (told.qty, told.price, told.order_qty_filled, told.order_qty_left) == (4.0, 450.125, 4.0, 99_996.0)
    assert told.at == desk.clock()
    assert told.activity_id.endswith(f"::{told.execution_id}")


def test_nothing_new_is_nothing_and_the_cursor_stays_small(desk: Desk) -> None:
    cursor = desk.cursor()
    for _ in range(3):
        told, cursor = desk.told(cursor)
        assert told == []
    assert len(cursor) < 400


@pytest.mark.parametrize("count", [1, 99, 100, 101, 200, 999, 1000, 1001, 2500])
def test_each_is_told_once_whatever_the_pages(desk: Desk, count: int) -> None:
    order = large_order(desk)
    wanted = [desk.exchange.fill(order, "1") for _ in range(count)]
    cursor = desk.cursor()
    told, cursor = desk.told(cursor)
    assert sorted(one.execution_id for one in executions(told)) == sorted(wanted)
    more = [desk.exchange.fill(order, "1") for _ in range(3)]
    told, cursor = desk.told(cursor)
    assert sorted(one.execution_id for one in executions(told)) == sorted(more)


def test_ten_thousand_at_once_are_each_told_once_in_about_as_many_requests_as_pages(desk: Desk) -> None:
    order = large_order(desk)
    for _ in range(10_000):
        desk.exchange.fill(order, "1")
    cursor = desk.cursor()
    first = desk.alpaca.activities(cursor)
    assert (len(first.activities), first.is_complete) == (1000, False)
    told, cursor = desk.told(first.cursor)
    ids = {one.activity_id for one in (*first.activities, *told)}
    assert (len(ids), len(told)) == (10_000, 9_000)
    assert len(desk.broker.asked(FILLS)) <= 102
    assert len(cursor) < 150_000, "it is stored in a document"
    desk.clock.advance(hours=1)
    for _ in range(2):
        told, cursor = desk.told(cursor)
        assert told == []
    assert len(cursor) < 400


def test_a_cursor_goes_on_in_another_process_where_the_first_one_stopped(desk: Desk) -> None:
    order = large_order(desk)
    for _ in range(250):
        desk.exchange.fill(order, "1")
    first = desk.alpaca.activities(desk.cursor(), limit=100)
    from tests.servers.broker.desks import connected  # noqa: PLC0415

    other = connected(desk.broker, PATIENT, amendments=True)
    second = other.activities(first.cursor, limit=100)
    third = other.activities(second.cursor)
    assert [len(one.activities) for one in (first, second, third)] == [100, 100, 50]
    assert [one.is_complete for one in (first, second, third)] == [False, False, True]


def test_two_fills_of_one_millisecond_are_told_in_whatever_order_they_come(desk: Desk) -> None:
    order = large_order(desk)
    told, cursor = [], desk.cursor()
    for _ in range(20):
        desk.exchange.fill(order, "1")
        new, cursor = desk.told(cursor)
        told += new
    assert len({one.activity_id for one in told}) == len(told) == 20


def test_a_fee_that_is_booked_days_late_is_told_when_it_is(desk: Desk) -> None:
    desk.buy("1")
    _, cursor = desk.told(desk.cursor())
    desk.clock.advance(days=2)
    desk.happenings.money("FEE", "-0.02", "TAF", days_late=2)
    (told,), cursor = desk.told(cursor)
    assert isinstance(told, FeeActivity)
    assert (told.usd, told.at < told.posted_at if told.posted_at else None) == (-0.02, True)
    assert desk.told(cursor)[0] == []


def test_what_never_happened_after_all_is_told_again_as_canceled(desk: Desk) -> None:
    listed = desk.happenings.money("CSD", "500")
    (told,), cursor = desk.told(desk.cursor())
    assert told.standing is Standing.EXECUTED
    desk.clock.advance(hours=5)
    desk.happenings.cancel_activity(listed)
    (told,), cursor = desk.told(cursor)
    assert (told.activity_id, told.standing) == (listed, Standing.CANCELED)
    assert desk.told(cursor)[0] == []


def test_busts_and_corrections_name_their_executions(desk: Desk) -> None:
    order = large_order(desk)
    first, second = (desk.exchange.fill(order, "4") for _ in range(2))
    _, cursor = desk.told(desk.cursor())
    desk.clock.advance(minutes=5)
    desk.happenings.bust(first)
    desk.happenings.correct(second, "3", "449")
    (bust, correction), cursor = desk.told(cursor)
    assert isinstance(bust, Bust)
    assert isinstance(correction, Correction)
    assert (bust.of, bust.order_id, bust.symbol) == (first, order.order_id, "SPY")
    assert (correction.of, correction.qty, correction.price, correction.side) == (second, 3.0, 449.0, "buy")
    assert desk.told(cursor)[0] == []


def test_an_execution_comes_before_what_is_said_of_it_in_one_instant(desk: Desk) -> None:
    desk.happenings.bust(desk.exchange.fill(large_order(desk), "4"))
    told, _ = desk.told(desk.cursor())
    assert [type(one) for one in told] == [Execution, Bust]


def test_amendments_are_not_asked_for_unless_wanted(desk: Desk) -> None:
    with running() as other:
        other.told(other.cursor())
        assert other.broker.asked("/v2beta1/events/activities") == []


def test_an_account_that_may_not_read_the_stream_is_told(desk: Desk) -> None:
    desk.broker.faults.add(Fault(FaultKind.FORBIDDEN, "/v2beta1"))
    with pytest.raises(Forbidden):
        desk.alpaca.activities(desk.cursor())


# What goes wrong


@pytest.mark.parametrize("kind", [FaultKind.ERROR, FaultKind.HTML, FaultKind.HALF, FaultKind.DROP])
def test_what_was_read_before_a_failure_is_kept_and_the_rest_comes_later(desk: Desk, kind: FaultKind) -> None:
    order = large_order(desk)
    for _ in range(350):
        desk.exchange.fill(order, "1")
    desk.broker.faults.add(Fault(kind, FILLS, skips=2))
    page = desk.alpaca.activities(desk.cursor())
    assert (len(page.activities), page.is_complete, page.interrupted is None) == (200, False, False)
    desk.broker.faults.clear()
    told, _ = desk.told(page.cursor)
    assert len({one.activity_id for one in (*page.activities, *told)}) == len(told) + 200 == 350


def test_a_rate_limit_in_the_middle_loses_nothing(desk: Desk) -> None:
    order = large_order(desk)
    for _ in range(350):
        desk.exchange.fill(order, "1")
    until = desk.clock() + timedelta(minutes=10)
    desk.broker.faults.add(Fault(FaultKind.TOO_MANY, FILLS, skips=2, until=until))
    page = desk.alpaca.activities(desk.cursor())
    assert len(page.activities) == 200
    assert "ask again at" in str(page.interrupted)
    with pytest.raises(RateLimited):
        desk.alpaca.activities(page.cursor)


def test_a_cursor_whose_page_is_not_known_any_more_goes_on_without_telling_anything_twice(desk: Desk) -> None:
    order = large_order(desk)
    for _ in range(350):
        desk.exchange.fill(order, "1")
    page = desk.alpaca.activities(desk.cursor(), limit=200)
    desk.exchange.activities.refused_tokens = 1
    rest = desk.alpaca.activities(page.cursor, limit=10)
    assert (len(page.activities), len(rest.activities)) == (200, 100)
    told, _ = desk.told(rest.cursor)
    assert len({one.activity_id for one in (*page.activities, *rest.activities, *told)}) == 350 == 300 + len(told)


def test_pages_that_are_never_known_are_told_and_nothing_is_lost(desk: Desk) -> None:
    order = large_order(desk)
    for _ in range(150):
        desk.exchange.fill(order, "1")
    desk.exchange.activities.refused_tokens = 2
    page = desk.alpaca.activities(desk.cursor())
    assert len(page.activities) == 100
    assert "refuses page tokens that it gave itself" in str(page.interrupted)
    told, _ = desk.told(page.cursor)
    assert len({one.activity_id for one in (*page.activities, *told)}) == 150 == 100 + len(told)


def test_a_cursor_of_a_time_that_is_not_told_any_more_has_expired(desk: Desk) -> None:
    desk.exchange.activities.told_from = desk.clock()
    with pytest.raises(CursorExpired, match="no longer reports what happened since 2026-01-04"):
        desk.alpaca.activities(desk.cursor())


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"shape":2}', '{"shape":1,"fills":{}}', '{"shape":1,"fills":7}']
)
def test_a_cursor_that_is_none_has_expired(desk: Desk, text: str) -> None:
    with pytest.raises(CursorExpired, match="cannot be read"):
        desk.alpaca.activities(ActivityCursor(text))


def test_an_entry_that_cannot_be_read_stops_its_own_list_only_and_is_told(desk: Desk) -> None:
    desk.exchange.fill(large_order(desk), "1")
    listed = desk.happenings.money("FEE", "-0.02")
    desk.exchange.activities.change(listed, net_amount="a little")
    page = desk.alpaca.activities(desk.cursor())
    assert [type(one) for one in page.activities] == [Execution]
    assert (page.is_complete, "net_amount must be a number" in str(page.interrupted)) == (False, True)


def test_a_list_that_does_not_go_on_is_malformed(desk: Desk) -> None:
    order = large_order(desk)
    for _ in range(150):
        desk.exchange.fill(order, "1")
    same = [one.body for one in desk.exchange.activities.listed[:100]]
    desk.broker.answers[FILLS] = same
    page = desk.alpaca.activities(desk.cursor())
    assert (len(page.activities), page.interrupted) == (100, "Alpaca's pages of activities make no progress")


# Types


@pytest.mark.parametrize(
    ("body", "kind", "figures"),
    [
        ({"activity_type": "DIV", "symbol": "T", "net_amount": "1.02", "per_share_amount": "0.51", "qty": "2"},
         DividendActivity, {"symbol": "T", "usd": 1.02, "per_unit": 0.51, "qty": 2.0, "is_in_kind": False}),
        ({"activity_type": "DIV", "activity_sub_type": "SDIV", "symbol": "T", "qty": "0.5"},
         DividendActivity, {"usd": None, "is_in_kind": True}),
        ({"activity_type": "DIVNRA", "symbol": "T", "net_amount": "-0.3"},
         DividendActivity, {"usd": -0.3, "per_unit": None}),
        ({"activity_type": "DIVFEE", "symbol": "T", "net_amount": "-0.01"}, FeeActivity, {"usd": -0.01}),
        ({"activity_type": "CGD", "symbol": "T", "net_amount": "2"}, DividendActivity, {"usd": 2.0}),
        ({"activity_type": "FEE", "net_amount": "-0.02"}, FeeActivity, {"usd": -0.02, "qty": None, "symbol": None}),
        ({"activity_type": "PTR", "net_amount": "0.02"}, FeeActivity, {"usd": 0.02}),
        ({"activity_type": "CFEE", "symbol": "ETHUSD", "net_amount": "0", "qty": "-0.00195", "price": "1938.6"},
         FeeActivity, {"usd": None, "qty": 0.00195, "price": 1938.6, "symbol": "ETHUSD"}),
        ({"activity_type": "CFEE", "net_amount": "-1.5", "qty": "0"}, FeeActivity, {"usd": -1.5, "qty": None}),
        ({"activity_type": "INT", "net_amount": "1.5"}, InterestActivity, {"usd": 1.5}),
        ({"activity_type": "INTNRA", "net_amount": None}, InterestActivity, {"usd": None}),
        ({"activity_type": "CSD", "net_amount": "500"}, TransferActivity, {"usd": 500.0, "symbol": None, "qty": None}),
        ({"activity_type": "CSW", "net_amount": "-500"}, TransferActivity, {"usd": -500.0}),
        ({"activity_type": "JNLC", "net_amount": "20"}, TransferActivity, {"usd": 20.0}),
        ({"activity_type": "ACATS", "symbol": "T", "qty": "-3", "net_amount": "0"},
         TransferActivity, {"usd": None, "symbol": "T", "qty": -3.0}),
        ({"activity_type": "SPLIT", "symbol": "T", "qty": "30"}, SplitActivity, {"qty_change": 30.0, "ratio": None}),
        ({"activity_type": "SPLIT", "symbol": "T", "qty": "30", "new_rate": "4", "old_rate": "1"},
         SplitActivity, {"ratio": 4.0}),
        ({"activity_type": "NC", "symbol": "FB", "qty": "-3"}, RenamingActivity, {"symbol": "FB", "qty_change": -3.0}),
        ({"activity_type": "NC"}, OtherActivity, {"kind": "NC"}),
        ({"activity_type": "OPASN", "symbol": "T2", "qty": "1"}, OtherActivity, {"kind": "OPASN", "symbol": "T2"}),
        ({"activity_type": "NEW IN 2027", "net_amount": "1"}, OtherActivity, {"kind": "NEW IN 2027", "usd": 1.0}),
    ],
)  # fmt: skip
def test_each_type_becomes_one_of_ours(body: dict[str, Any], kind: type, figures: dict[str, Any]) -> None:
    activity = read_activity(Fields.of("activity", {"id": "20190801000000000::1", "date": "2019-08-01", **body}))
    assert type(activity) is kind
    assert {name: getattr(activity, name) for name in figures} == figures
    assert (activity.activity_id, activity.at.isoformat()) == ("20190801000000000::1", "2019-08-01T00:00:00+00:00")


@pytest.mark.parametrize("field", ["id", "transaction_time", "order_id", "symbol", "side", "qty", "price"])
@pytest.mark.parametrize("value", [None, "", [], "0"])
def test_an_execution_that_lacks_what_a_ledger_needs_is_malformed(field: str, value: Any) -> None:
    body = {
        "activity_type": "FILL",
        "id": "20220202135509981::2d",
        "transaction_time": "2022-02-02T18:55:09.981482123Z",
        "order_id": "b5",
        "symbol": "AAPL",
        "side": "buy",
        "qty": "2",
        "price": "174.78",
    }
    assert read_activity(Fields.of("activity", body)).at.isoformat() == "2022-02-02T18:55:09.981482+00:00"
    if value == "0" and field not in {"qty", "price", "transaction_time"}:
        return
    with pytest.raises(MalformedAnswer, match=field):
        read_activity(Fields.of("activity", body | {field: value}))


def executions(told: list[Any]) -> list[Execution]:
    return [one for one in told if isinstance(one, Execution)]


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.integers(1, 250)),
        st.tuples(st.just("fee"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 60, 1799, 1801, 86_400, 8 * 86_400])),
        st.tuples(st.just("ask"), st.sampled_from([1, 100, 1000])),
        st.tuples(st.just("fail"), st.integers(0, 3)),
        st.tuples(st.just("forget tokens"), st.integers(1, 3)),
    ),
    max_size=14,
)


def happens(desk: Desk, order: SimOrder, what: str, size: int) -> None:
    match what:
        case "fill":
            for _ in range(size):
                desk.exchange.fill(order, Decimal(1))
        case "fee":
            desk.happenings.money("FEE", "-0.01", days_late=size)
        case "wait":
            desk.clock.advance(seconds=size)
        case "fail":
            desk.broker.faults.add(Fault(FaultKind.HTML, "/v2/account/activities", skips=size, times=1))
        case "forget tokens":
            desk.exchange.activities.refused_tokens = size


@settings(max_examples=60)
@example([("fill", 100), ("ask", 1), ("fill", 1)])
@example([("fill", 250), ("ask", 1), ("fill", 1), ("ask", 1), ("wait", 1801), ("fill", 1), ("fee", 2)])
@given(happenings)
def test_whatever_happens_and_whenever_it_is_asked_each_is_told_exactly_once(steps: list[tuple[str, int]]) -> None:
    with running(PATIENT, cash="1000000000") as desk:
        order, cursor = large_order(desk), desk.cursor()
        told: list[Activity] = []
        for what, size in steps:
            if what != "ask":
                happens(desk, order, what, size)
                continue
            with contextlib.suppress(MalformedAnswer):
                page = desk.alpaca.activities(cursor, size)
                told += page.activities
                cursor = page.cursor
        desk.broker.faults.clear()
        desk.exchange.activities.refused_tokens = 0
        for _ in range(2):  # what was booked among entries that an unfinished walk had passed is the next call's
            rest, cursor = desk.told(cursor)
            told += rest
        ids = [one.activity_id for one in told]
        assert sorted(ids) == [one.activity_id for one in desk.exchange.activities.listed]
