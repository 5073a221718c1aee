"""The simulated broker answers, and the adapter asks, as Alpaca's description says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.servers.broker.conformance import EXCERPT, problems
from tests.servers.broker.market_data_shapes import MARKET_DATA
from tests.servers.broker.session import a_day
from tools.simulated_broker.rest import Question, Reply

TRADING = json.loads(EXCERPT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def answered() -> list[tuple[Question, Reply]]:
    return a_day()


def test_all_that_is_asked_and_answered_in_a_day_is_as_described(answered: list[tuple[Question, Reply]]) -> None:
    assert list(problems([TRADING, MARKET_DATA], answered)) == []


def test_a_day_asks_whatever_is_described_here(answered: list[tuple[Question, Reply]]) -> None:
    asked = {question.path for question, reply in answered if reply.status == 200}
    fixed = {path for one in (TRADING, MARKET_DATA) for path in one["paths"] if "{" not in path}
    by_name = {"/v2/account/activities/FILL", "/v2/assets/SPY", "/v2/positions/SPY", "/v1beta3/crypto/us/bars"}
    assert asked >= fixed | by_name


@pytest.mark.parametrize(
    ("path", "changed", "found"),
    [
        ("/v2/account", {"equity": 100.0}, "equity"),
        ("/v2/account", {"pattern_day_traders": True}, "pattern_day_traders"),
        ("/v2/account", {"id": "one"}, "id"),
        ("/v2/assets/SPY", {"class": "shares"}, "class"),
        ("/v2/positions/SPY", {"qty": None}, "qty"),
        ("/v2/orders:by_client_order_id", {"status": "done"}, "status"),
    ],
)
def test_an_answer_that_is_not_as_described_is_found(
    answered: list[tuple[Question, Reply]], path: str, changed: dict[str, Any], found: str
) -> None:
    question, reply = next(one for one in answered if one[0].path == path and one[1].status == 200)
    wrong = Reply(200, {**reply.body, **changed})
    assert found in " ".join(problems([TRADING, MARKET_DATA], [(question, wrong)]))


def test_a_parameter_and_a_path_that_are_not_described_are_found() -> None:
    odd = [
        (Question("GET", "/v2/orders", {"state": "open"}), Reply(200, [])),
        (Question("GET", "/v2/order", {}), Reply(200, [])),
    ]
    assert list(problems([TRADING, MARKET_DATA], odd)) == [
        "GET /v2/orders: state is no parameter of it",
        "GET /v2/order is not described",
    ]
