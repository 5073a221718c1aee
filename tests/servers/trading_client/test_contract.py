"""The trading client against docs/openapi.json: what it sends is described there, and what is described it can read."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, get_type_hints

import jsonschema_rs
import pytest
from pydantic import TypeAdapter

from examples.trading_client import models
from examples.trading_client.client import MaestroClient
from examples.trading_client.models import Fill
from tests.servers.trading_client.servers import Asked, Reply, serving
from tests.servers.trading_client.test_client import Token
from tools.prerequisites import ROOT

CONTRACT = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
NONCE, SESSION = "0f" * 16, "maestro_20260105_150000_0f0f0f0f"
TIME = "2026-01-05T15:00:00Z"
AT = datetime.fromisoformat(TIME)
OPEN = {"original_action", "override_reason"}
"""What the client reads of a signal that a rule changed, and the contract leaves to its open fields."""

SIGNAL = {
    "strategy_name": "Trend",
    "action": "SELL",
    "ticker": "SPY",
    "mode": "ACTIVE",
    "intent": "EXIT",
    "nonce": NONCE,
    "allocation": 0.4,
    "original_allocation": 0.5,
    "notional": 1000.5,
    "confidence": 0.7,
    "sharpe_ratio": 1.2,
    "reasoning": "it fell",
    "reason_code": "SHARPE_OK",
    "agent_id": "agent",
    "session_id": SESSION,
    "identity_timestamp": TIME,
    "expires_at": TIME,
    "max_qty": 3.5,
    "max_qty_by_symbol": {"SPY": 3.5},
}
SIGNALS = {
    "session_id": SESSION,
    "expires_at": TIME,
    "buying_power": 9000.5,
    "reserved": 10.5,
    "ledger_version": 4,
    "signals": {"Trend": SIGNAL},
}
REDEMPTION = {
    "nonce": NONCE,
    "status": "RESERVED",
    "session_id": SESSION,
    "agent_id": "agent",
    "strategy_id": "Trend",
    "action": "SELL",
    "symbol": "SPY",
    "mode": "ACTIVE",
    "allocation": 0.4,
    "notional": 1000.5,
    "intent": "EXIT",
    "max_qty": 3.5,
    "max_qty_by_symbol": {"SPY": 3.5},
    "redeemed_at": TIME,
    "lapses_at": TIME,
    "filled_qty": 0.5,
    "filled_notional": 5.5,
    "fills": 1,
    "filled_at": TIME,
    "released_at": TIME,
}
DECISION = {
    "session_id": SESSION,
    "tenant_id": "acme",
    "timestamp": TIME,
    "slot": "2026-01-05T15:00Z",
    "ai_summary": "all",
    "systemic_risk_detected": True,
    "systemic_risk_details": "3 sell",
    "allocation_decisions": [{}],
    "disabled_decisions": [{}],
    "signals": {"Trend": {}},
    "signals_modified": {"Trend": "BUY->HOLD"},
}
POLICY = {
    "version": 3,
    "overrides": {"max_drawdown": 0.2},
    "effective": {"max_drawdown": 0.2},
    "problems": [],
    "updated_at": TIME,
    "updated_by": "ann",
}
FILL = Fill(
    strategy_id="Trend",
    symbol="SPY",
    side="sell",
    broker_fill_id="f1",
    nonce=NONCE,
    order_id="o1",
    account_id="a1",
    ts=AT,
    is_order_complete=True,
    qty=1.5,
    price=100.5,
    fees=0.1,
    slippage=0.1,
)
FILL_OF_LITTLE = Fill(strategy_id="Trend", symbol="SPY", side="buy", qty=1, price=1, ts=AT, broker_fill_id="f2")
RESULT = {"fill_id": "f1", "status": "REJECTED", "reason_code": "MALFORMED_FILL"}
ACCOUNT: dict[str, Any] = {
    "cash": 1.5,
    "positions": [{"symbol": "SPY", "qty": 1.5, "avg_entry_price": 99.5}],
    "ledger_version": 4,
}

Call = Callable[[MaestroClient], Any]
CALLS: list[tuple[str, Call, Any]] = [
    ("latest_signals", lambda client: client.latest_signals(), SIGNALS),
    ("redeem", lambda client: client.redeem(NONCE), REDEMPTION),
    ("release", lambda client: client.release(NONCE), REDEMPTION),
    ("record_fills", lambda client: client.record_fills([FILL]), {"results": [RESULT], "ledger_version": 4}),
    ("record_fills", lambda client: client.record_fills([FILL_OF_LITTLE]), {"results": [RESULT], "ledger_version": 4}),
    ("put_account", lambda client: client.put_account(AT, equity=-1.5, buying_power=2.5, **ACCOUNT), {"as_of": TIME}),
    ("put_account", lambda client: client.put_account(AT, equity=None, buying_power=None), {"as_of": TIME}),
    (
        "put_market_data",
        lambda client: client.put_market_data(AT, {"SPY": {"price": 1.5, "volume": 9.5, "history": [1.0, 1.5]}}),
        {"as_of": TIME},
    ),
    (
        "run_orchestration",
        lambda client: client.run_orchestration(),
        {"decision": DECISION, "signals": {"Trend": SIGNAL}},
    ),
    ("decisions", lambda client: client.decisions(5, "next"), {"items": [DECISION], "next_page_token": "next"}),
    ("policy", lambda client: client.policy(), POLICY),
    ("put_policy", lambda client: client.put_policy({"max_drawdown": 0.2}, 2), POLICY),
    ("set_trading_state", lambda client: client.set_trading_state("HALT", "drill", AT), POLICY),
    ("set_trading_state", lambda client: client.set_trading_state("RUN", "over"), POLICY),
]
NUMBERED = [pytest.param(*one, id=f"{number}-{one[0]}") for number, one in enumerate(CALLS)]


def operation(asked: Asked) -> Mapping[str, Any]:
    """Return what the contract says of a request's route."""
    for path, methods in CONTRACT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), asked.path) and asked.method.lower() in methods:
            found: Mapping[str, Any] = methods[asked.method.lower()]
            return found
    raise AssertionError(f"{asked.method} {asked.path} is no route")


def validator(content: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    schema = {"components": CONTRACT["components"], **content["application/json"]["schema"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def called(call: Call, answers: Iterable[Any]) -> Iterator[tuple[Any, Asked]]:
    """Yield what the client makes of each answer, and what it asked."""
    answer: Any = None
    with (
        serving(lambda _: Reply(200, answer)) as server,
        MaestroClient(server.url, Token(), retry_seconds=30.0) as client,
    ):
        for number, answer in enumerate(answers, 1):  # noqa: B007 - the server gives it
            got = call(client)
            assert len(server.requests) == number
            yield got, server.requests[-1]


def read_from(got: Any) -> Iterator[Any]:
    """Yield every one of the client's models in what it returned."""
    if is_dataclass(got):
        yield got
        for one in fields(got):
            yield from read_from(getattr(got, one.name))
    elif isinstance(got, Mapping):
        yield from (model for one in got.values() for model in read_from(one))
    elif isinstance(got, list | tuple):
        yield from (model for one in got for model in read_from(one))


def variants(answer: Any) -> Iterator[Any]:
    """Yield an answer with each of its values null, and with each left out."""
    for path in paths(answer):
        for is_left_out in (False, True):
            changed = copy.deepcopy(answer)
            inside = changed
            for step in path[:-1]:
                inside = inside[step]
            if not is_left_out:
                inside[path[-1]] = None
            elif isinstance(inside, dict):
                del inside[path[-1]]
            yield changed


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inside in steps:
        yield (step,)
        yield from ((step, *more) for more in paths(inside))


def test_every_method_of_the_client_is_checked() -> None:
    public = {name for name, one in vars(MaestroClient).items() if callable(one) and not name.startswith("_")}
    assert {name for name, _, _ in CALLS} == public


@pytest.mark.parametrize(("name", "call", "answer"), NUMBERED)
def test_what_it_sends_is_as_described(name: str, call: Call, answer: Any) -> None:
    ((_, asked),) = called(call, [answer])
    described = operation(asked)
    parameters = {(one["in"], one["name"].lower()): one for one in described.get("parameters", ())}
    assert {("query", one) for one in asked.query} <= set(parameters)
    ours = {("header", one) for one in ("idempotency-key", "if-match") if one in asked.headers}
    assert ours <= set(parameters)
    needed = {key for key, one in parameters.items() if one.get("required") and key[0] != "path"}
    assert needed <= ours | {("query", one) for one in asked.query}
    assert ("requestBody" in described) == bool(asked.body)
    if asked.body:
        errors = validator(described["requestBody"]["content"]).iter_errors(asked.json)
        assert [f"{error.instance_path}: {error.message}" for error in errors] == []


@pytest.mark.parametrize(("name", "call", "answer"), NUMBERED)
def test_it_reads_whatever_is_described_into_the_types_it_names(name: str, call: Call, answer: Any) -> None:
    ((_, asked),) = called(call, [answer])
    allowed = validator(operation(asked)["responses"]["200"]["content"])
    allowed.validate(answer)
    for got, _ in called(call, [answer, *filter(allowed.is_valid, variants(answer))]):
        for model in read_from(got):
            for field, hint in get_type_hints(type(model)).items():
                TypeAdapter(hint).validate_python(getattr(model, field), strict=True)


@pytest.mark.parametrize("name", ["Signal", "Signals", "Redemption", "FillResult", "Decision", "Decisions", "Policy"])
def test_it_reads_no_field_that_is_not_described(name: str) -> None:
    described = CONTRACT["components"]["schemas"][name]["properties"]
    known = {one.name for one in fields(getattr(models, name))}
    assert known - OPEN <= set(described)
    assert known & OPEN == (OPEN if name == "Signal" else set())
