"""A feed that dies anywhere: each entry is in the ledger once, whatever was the last thing it did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.broker.feeds import Fed, fed
from tools.simulated_broker.exchange import NEVER


class KilledError(BaseException):
    """The process died."""


STORES = {"connections": ("read", "write"), "trading": ("read", "commit"), "ledger_reads": ("entries", "at_instant")}


def test_killed_before_any_call_of_a_store_it_books_each_entry_once() -> None:
    """Whatever call is the last one, the deliveries after it end what was begun; after a call is before the next."""
    calls = _calls_of_a_feed()
    assert calls > 8
    for last in range(calls):
        with fed() as desk:
            _day(desk)
            _kill(desk, last)
            task = desk.task()
            with pytest.raises(KilledError):
                desk.feeding().run(task)
            _mend(desk)
            desk.feeding().run(task)
            desk.feed()
            kinds = sorted(str(one.get("kind")) for one in desk.ledger())
            assert kinds == ["None", "None", "deposit", "fee", "void"], last
            assert desk.held("Trend", "SPY") == 6.0


def _day(desk: Fed) -> None:
    desk.redeem("n1")
    desk.exchange.plan = NEVER
    order = desk.order("buy", "10", client_order_id="n1")
    busted = desk.exchange.fill(order, "4", "450")
    desk.exchange.fill(order, "6", "451")
    desk.happenings.bust(busted)
    desk.happenings.money("CSD", "500")
    desk.happenings.money("FEE", "-0.02", "TAF")
    desk.later(seconds=2)


def _calls_of_a_feed() -> int:
    with fed() as desk:
        _day(desk)
        counted = _kill(desk, None)
        desk.feed()
        return counted[0]


def _kill(desk: Fed, last: int | None) -> list[int]:
    """Let the process die before one of the calls of its stores; return a count of them, which grows."""
    count = [0]

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            mine = count[0]
            count[0] += 1
            if mine == last:
                raise KilledError
            return call(*given, **named)

        return wrapped

    for name, methods in STORES.items():
        store = getattr(desk, name)
        for method in methods:
            setattr(store, method, dying(getattr(store, method)))
    return count


def _mend(desk: Fed) -> None:
    for name, methods in STORES.items():
        for method in methods:
            delattr(getattr(desk, name), method)
