"""A cycle decides over whatever its stored texts came to: a value of any kind in any place, and exits pass."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.orchestration.position_book import Order, PositionBook
from tests.fakes import MARCH_16, FakeCycleStore
from tests.unit.services.orchestration.test_cockpit import HELD, HOLD, MINUTE, Desk
from tests.unit.services.orchestration.test_run_cycle import BUY, SELL, TENANT

PRICES = {"KO": 45.0, "XOM": 62.0}
SOON = MARCH_16 + timedelta(hours=1)
EXIT = Order(strategy_id="Trend", symbol="KO", is_entry=False, qty=3.0, lapses_at=SOON)
ALL = Order(strategy_id="Trend", symbol="", is_entry=False, qty_by_symbol={"KO": 1.0}, lapses_at=SOON)
ENTRY = Order(strategy_id="Trend", symbol="KO", is_entry=True, lapses_at=SOON)
BOOK = PositionBook(MARCH_16, "ops", HELD, {"a": EXIT, "b": ALL, "c": ENTRY}, splits={"KO": ((MARCH_16, 2.0),)})
VALUES: tuple[Any, ...] = ("x", "2020-03-16T19:00:00", None, [], {}, 10**400, True, -1, float("nan"), 1e308)
TEXTS = ("[" * 100_000, '{"KO": ' * 100_000, "{", "7")


def desk() -> Desk:
    found = Desk()
    found.store.put(f"{TENANT}/state/positions", BOOK.to_document(MARCH_16))
    found.cycle(0 * MINUTE, 100_000, PRICES, BUY)
    return found


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, name)
        yield from places(value[name], (*path, name))


def damaged(text: str) -> Iterator[str]:
    whole = json.loads(text)
    for *above, last in places(whole):
        for value in VALUES:
            changed = inside = copy.deepcopy(whole)
            for name in above:
                inside = inside[name]
            inside[last] = value
            yield json.dumps(changed)


def with_text(path: str, field: str, text: str) -> Desk:
    whole, found = desk().store.documents, Desk()
    found.store = FakeCycleStore()
    for name, document in whole.items():
        found.store.put(name, document)
    found.store.put(path, {**whole[path], field: text})
    return found


STATES = [
    *[("positions", f"{name}_json") for name in ("holdings", "orders", "splits")],
    *[("modes", f"{name}_json") for name in ("strategies", "paper")],
    *[("cockpit", f"{name}_json") for name in ("history", "marks", "strategies", "day")],
]


@pytest.mark.parametrize(("state", "field"), STATES)
def test_a_value_of_any_kind_in_any_place_stops_no_cycle(state: str, field: str) -> None:
    path = f"{TENANT}/state/{state}"
    for text in damaged(desk().store.documents[path][field]):
        assert with_text(path, field, text).cycle(5 * MINUTE, 100_100, PRICES, HOLD)["as_of"] == MARCH_16 + 5 * MINUTE


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("state", "field"), STATES)
def test_a_text_that_is_none_lets_exits_pass(state: str, field: str, text: str) -> None:
    found = with_text(f"{TENANT}/state/{state}", field, text)
    if state != "positions":
        found.hold(HELD)  # no exit is under way
    seen = found.cycle(5 * MINUTE, 100_100, PRICES, SELL | {"ticker": "KO"})
    assert [one["action"] for one in json.loads(seen["day_json"]) if one.get("was") == "SELL"] == ["SELL"]
