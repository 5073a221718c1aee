"""What differs is booked by an operator: once, on record, over books that are as they were compared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.domain.broker.adoption import Adoption
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.services.broker.adopt_difference import AdoptDifference, Adopted
from functions.services.kernel.commits import Commits
from functions.services.trading.check_book import BookStatus
from functions.services.trading.open_book import Operator
from tests.fakes import FakeTradingStore
from tests.unit.domain.broker.seen import seen
from tests.unit.services.broker.test_reconcile import WatchedDesk
from tests.unit.services.trading.test_open_book import OPERATOR


@pytest.fixture
def desk() -> WatchedDesk:
    desk = WatchedDesk()
    desk.open()
    desk.trade("KO", 3.0)
    return desk


def use_case(desk: WatchedDesk) -> AdoptDifference:
    store = FakeTradingStore(desk.cycles)
    return AdoptDifference(store, desk.drifts_store, desk.ledger_reader, desk.clock, Commits(desk.pauses.append))


def adopt(desk: WatchedDesk, *symbols: str, is_written: bool = True, **how: Any) -> Adopted:
    adoption = Adoption(symbols=symbols or None, **how)
    return use_case(desk).run("acme", OPERATOR, adoption, {}, is_written=is_written)


def drift(desk: WatchedDesk, positions: dict[str, float]) -> None:
    desk.see(positions)
    desk.see(positions)


def test_a_difference_is_booked_once_and_on_record(desk: WatchedDesk) -> None:
    drift(desk, {"KO": 5.0})
    (fill,) = adopt(desk, "ko").fills
    assert (fill.strategy_id, fill.signed_qty, fill.price) == (UNOWNED, 2.0, 10.0)
    assert desk.drifts().differences == ()
    record = desk.history()[-1]
    assert (record["action"], record["by"], len(record["given"])) == ("ADOPTED", "olga", 1)
    assert json.loads(record["differences_json"]) == [[UNOWNED, "KO", 0.0, 2.0]]
    with pytest.raises(InputError, match=r"now: none"):
        adopt(desk, "KO")
    assert desk.see({"KO": 5.0}).differences == ()
    assert desk.drifts().unowned == {"KO": 2.0}
    assert desk.quantities() == {("Trend", "KO"): 3.0}
    assert desk.check().status is BookStatus.SAME
    assert desk.spent() == 30.0, "the trade's, and nothing of what was booked"


def test_a_difference_is_booked_to_a_strategy_at_a_price(desk: WatchedDesk) -> None:
    drift(desk, {"KO": 1.0})
    adopt(desk, "KO", strategy_id="Trend", price=11.0)
    assert desk.quantities() == {("Trend", "KO"): 1.0}
    assert desk.check().status is BookStatus.SAME
    assert desk.see({"KO": 1.0}).differences == ()


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(desk: WatchedDesk) -> None:
    drift(desk, {"KO": 5.0})
    before = dict(desk.cycles.versions)
    assert [one.qty for one in adopt(desk, "KO", is_written=False).fills] == [2.0]
    assert desk.cycles.versions == before


def test_what_was_seen_once_is_not_booked(desk: WatchedDesk) -> None:
    desk.see({"KO": 5.0})
    with pytest.raises(InputError, match="a position with drift"):
        adopt(desk, "KO")
    assert adopt(desk).fills == []


def test_books_that_moved_since_are_compared_again_first(desk: WatchedDesk) -> None:
    drift(desk, {"KO": 5.0})
    desk.trade("KO", 2.0, UNOWNED)  # the fill that was missing
    with pytest.raises(InputError, match="wait for the next comparison"):
        adopt(desk, "KO")
    desk.trade("MSFT", 1.0)  # another symbol's is no matter
    drift(desk, {"KO": 6.0, "MSFT": 1.0})
    desk.trade("MSFT", 1.0)
    assert [one.qty for one in adopt(desk, "KO").fills] == [1.0]


def test_a_gift_to_a_strategy_names_its_user(desk: WatchedDesk) -> None:
    drift(desk, {"KO": 5.0})
    with pytest.raises(InputError, match="--uid"):
        use_case(desk).run("acme", Operator("olga"), Adoption(strategy_id="Trend"), {}, is_written=True)


def test_what_is_cut_short_after_it_was_booked_is_not_booked_again(desk: WatchedDesk) -> None:
    drift(desk, {"KO": 5.0})
    before = desk.drifts()
    adopt(desk, "KO")
    desk.cycles.put("tenants/acme/state/drift", before.to_document(desk.clock.time))
    with pytest.raises(InputError, match="wait for the next comparison"):
        adopt(desk, "KO")
    assert desk.see({"KO": 5.0}).differences == ()


def test_a_position_that_only_the_books_have_goes_at_what_they_paid(desk: WatchedDesk) -> None:
    drift(desk, {})
    (fill,) = adopt(desk, "KO", strategy_id="Trend").fills
    assert (fill.side, fill.qty, fill.price) == ("sell", 3.0, 10.0)
    assert desk.quantities() == {}


def test_an_account_is_begun_with_what_it_holds_as_unowned(desk: WatchedDesk) -> None:
    begun = use_case(desk).begin("acme", OPERATOR, seen({"KO": 5.0, "BTC/USD": 0.5}, desk.clock.time), {})
    assert {one.symbol: one.signed_qty for one in begun.fills} == {"BTCUSD": 0.5, "KO": 2.0}
    again = use_case(desk).begin("acme", OPERATOR, seen({"KO": 5.0, "BTC/USD": 0.5}, desk.clock.time), {})
    assert again.fills == []
    assert desk.see({"KO": 5.0, "BTC/USD": 0.5}).differences == ()
