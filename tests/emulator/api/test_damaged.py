"""A stored document that is damaged: told as that, by its path and field, and never as if a retry could help."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.emulator.api.conftest import Caller
from tests.emulator.api.damage import POLICY, SECRET, World, a_world, damaged, fill_of
from tools.emulator_suite import EmulatorSuite

Words = Mapping[str, str]
FOLLOWED = {"tenant_id": "answer.session_id", "session_id": "session_id", "": "answer.session_id"}
"""By the field that says whose a document is, the one that leads to it."""
Request = Callable[[Caller, Words], TestResponse]


def get(path: str) -> Request:
    return lambda caller, words: caller("GET", path.format(**words))


def post(path: str, key: str | None = None) -> Request:
    headers = {} if key is None else {"Idempotency-Key": key}
    return lambda caller, words: caller("POST", path.format(**words), headers=headers)


def put(path: str, body: Mapping[str, Any], **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda caller, words: caller("PUT", path, json=dict(body), headers=named)


OF_EVERY_KIND = ("tenants/acme/idempotency/{id}", "tenants/acme/config/maestro/history/{version}")
"""Documents that are not all read by the same."""
SWITCH = {"state": "HALT", "reason": "a damaged document"}
ACCOUNT = {"as_of": "2026-01-05T15:00:00Z", "equity": 1.0, "buying_power": 1.0, "ledger_version": 0}
QUOTES = {"as_of": "2026-01-05T15:00:00Z", "symbols": {"KO": {"price": 50.0}}}
REQUESTS: dict[str, Request] = {
    "run": post("orchestrations"),
    "run again": post("orchestrations", "cycle"),
    "signals": get("signals/latest"),
    "enter": post("signals/{entry}/redeem"),
    "exit": post("signals/{exit}/redeem"),
    "redeem again": post("signals/{redeemed}/redeem", "redeem"),
    "release": post("signals/{redeemed}/release"),
    "fill": lambda caller, words: caller("POST", "fills", json=fill_of(words["redeemed"])),
    "put account": put("account", ACCOUNT),
    "put market data": put("market-data", QUOTES),
    "decisions": get("decisions"),
    "decision": get("decisions/{session_id}"),
    "summary": get("summary"),
    "explanation": get("explanations?strategy_id=Done"),
    "performance": get("performance?period=day"),
    "curve": get("strategies/Done/curve"),
    "lots": get("lots"),
    "positions": get("positions"),
    "reservations": get("reservations"),
    "alerts": get("alerts"),
    "acknowledge": post("alerts/a/ack"),
    "report": get("reports/2020-03-16"),
    "policy": get("policy"),
    "put policy": put("policy", {}, If_Match='"2"'),
    "put policy again": put("policy", POLICY, If_Match='"0"', Idempotency_Key="policy"),
    "history": get("policy/history"),
    "switch": put("trading-state", SWITCH),
    "switch again": put("trading-state", {"state": "RUN", "reason": "as ever"}, Idempotency_Key="switch"),
}
TRADE = ("enter", "exit", "redeem again", "release", "fill")
CYCLE = ("run",)
READ_BY: dict[str, tuple[str, ...]] = {
    "tenants/acme": ("signals", "policy"),
    "tenants/acme/users/{uid}": ("signals", "policy"),
    "tenants/acme/config/maestro": (*CYCLE, *TRADE, "policy", "put policy", "switch", "curve"),
    "tenants/acme/config/maestro/history/{version}": ("history", "put policy again", "switch again"),
    "tenants/acme/accounts/primary": (*CYCLE, "positions", "put account"),
    "tenants/acme/market_data/latest": (*CYCLE, "positions", "put market data"),
    "systemStatus/market_regime": CYCLE,
    "systemStatus/orchestration_logs/logs/{session_id}": (
        "decisions",
        "decision",
        "summary",
        "explanation",
        "run again",
    ),
    "tenants/acme/sessions/{session_id}": (*TRADE, "signals", "run again"),
    "tenants/acme/state/session": (*CYCLE, *TRADE, "signals", "reservations", "put account", "put policy", "switch"),
    "tenants/acme/state/positions": (*CYCLE, *TRADE, "positions"),
    "tenants/acme/state/modes": (*CYCLE, "positions"),
    "tenants/acme/redemptions/{redeemed}": (*TRADE, "reservations", "explanation"),
    "tenants/acme/idempotency/{id}": ("run again", "redeem again", "put policy again", "switch again"),
    "tenants/acme/ledger_trades/{id}": ("fill", "explanation"),
    "tenants/acme/strategy_performance/{id}": ("performance", "curve"),
    "tenants/acme/state/ledger/checkpoints/{day}": ("lots",),
    "tenants/acme/alerts/{id}": ("alerts", "acknowledge"),
    "tenants/acme/reports/{date}": ("report",),
}


@pytest.fixture(scope="module")
def world(accounts: EmulatorSuite) -> World:
    return a_world(accounts)


@pytest.mark.parametrize("kind", READ_BY)
def test_a_damaged_document_is_told_by_path_and_field_and_never_as_temporary(world: World, kind: str) -> None:
    wrong = []
    paths = world.paths_of(kind)
    for path in paths if kind in OF_EVERY_KIND else paths[:1]:
        is_changed = True
        for field, how, document in damaged(world.stored[path]):
            for name in READ_BY[kind]:
                world.damage(path, document, is_changed=is_changed)
                answer = ask(world, name)
                is_changed = answer.request.method != "GET" and answer.status_code < 400  # a refusal writes nothing
                if (fault := fault_of(answer, path, field)) is not None:
                    wrong.append((path, field, how, name, fault))
        world.damage(path, world.stored[path], is_changed=True)
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "always", "entries"),
    [
        ("tenants/acme/config/maestro", ("exit", "switch", "release", "fill"), {200, 423}),
        ("tenants/acme/state/positions", ("exit", "switch", "release", "fill"), {200, 500}),
        ("tenants/acme/state/session", ("switch",), {200, 404, 409, 500}),
        ("tenants/acme/state/modes", ("run", "exit", "switch"), {200}),
        ("tenants/acme/sessions/{session_id}", ("switch", "release", "fill"), {200, 409, 410, 500}),
    ],
)
def test_what_is_damaged_stops_entries_at_most(
    world: World, kind: str, always: tuple[str, ...], entries: set[int]
) -> None:
    """Exits pass, or are told by name why not; the kill switch turns whatever is damaged."""
    wrong = []
    (path,) = world.paths_of(kind)
    for field, how, document in damaged(world.stored[path]):
        statuses = {}
        for name in (*always, "enter"):
            world.damage(path, document, is_changed=True)
            statuses[name] = ask(world, name).status_code
        if statuses.pop("enter") not in entries or set(statuses.values()) != {200}:
            wrong.append((field, how, statuses))
    world.damage(path, world.stored[path], is_changed=True)
    assert wrong == []


def ask(world: World, name: str) -> TestResponse:
    world.caller.app.extensions["maestro"].redeem_signals.issued.cache_clear()
    return REQUESTS[name](world.caller, world.words)


def fault_of(answer: TestResponse, path: str, field: str) -> str | None:
    """Return what is wrong with an answer to a right request about a damaged document; None if nothing is."""
    body = answer.get_json(silent=True)
    if body is None:
        return f"no JSON: {answer.get_data(as_text=True)[:200]}"
    if answer.status_code < 400:
        return None
    code, detail = body["reason_code"], body["detail"]
    if SECRET in answer.get_data(as_text=True):
        return f"tells what the field holds: {detail}"
    if answer.status_code in {422, 429, 503} or "Retry-After" in answer.headers:
        return f"told as the caller's or as temporary: {answer.status_code} {code} {detail}"
    if answer.status_code < 500:
        return None
    is_named = shown(path) in detail and field in detail
    is_lost = FOLLOWED.get(field, path) in detail  # what names it is told: the document is nobody's now
    return None if code == "DAMAGED_DOCUMENT" and (is_named or is_lost) else f"not named: {code} {detail}"


def shown(path: str) -> str:
    return re.sub(r"\b([0-9a-f]{8})[0-9a-f]{24}\b", r"\1…", path)
