"""The policy and the kill switch through the API."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.firestore import paths
from functions.domain.kernel.errors import StrategyProcessesError
from functions.triggers.api.app import build_app
from functions.triggers.api.dependencies import provide
from tests.emulator.api.conftest import Caller, Desk


def put_policy(caller: Caller, version: int | None, body: dict[str, Any], key: str | None = None) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return caller("PUT", "policy", json=body, headers=headers | ({} if key is None else {"Idempotency-Key": key}))


def halt(caller: Caller, state: str = "HALT", **fields: Any) -> Any:
    return caller("PUT", "trading-state", json={"state": state, "reason": "3 a.m.", **fields})


def test_a_change_applies_to_the_next_cycle_without_redeploy(desk: Desk, admin: Caller) -> None:
    assert admin("GET", "policy").headers["ETag"] == '"0"'
    changed = put_policy(admin, 0, {"max_gross_allocation": 0.3, "disabled_strategies": ["Value"]})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"1"')
    signals = desk.cycle()
    assert (signals["Trend"]["allocation"], signals["Value"]["mode"]) == (0.3, "DISABLED")
    assert put_policy(admin, 1, {"max_gross_allocation": 0.15}).status_code == 200
    assert desk.cycle()["Trend"]["allocation"] == pytest.approx(0.075)
    stored = paths.policy(desk.db, "acme").get().to_dict() or {}
    assert "disabled_strategies" not in stored, "what a change leaves out takes its default"


def test_no_change_is_lost(admin: Caller) -> None:
    unmatched = put_policy(admin, None, {})
    assert (unmatched.status_code, unmatched.get_json()["reason_code"]) == (428, "PRECONDITION_REQUIRED")
    assert put_policy(admin, 0, {"base_capital": 5_000}, key="mine").status_code == 200
    stale = put_policy(admin, 0, {"base_capital": 6_000}, key="other")
    assert (stale.status_code, stale.get_json()["reason_code"]) == (412, "VERSION_CONFLICT")
    retry = put_policy(admin, 0, {"base_capital": 5_000}, key="mine")
    assert (retry.status_code, retry.get_json()["version"]) == (200, 1)
    with ThreadPoolExecutor(8) as pool:
        racing = list(pool.map(lambda n: put_policy(admin, 1, {"base_capital": 100 + n}, key=f"k{n}"), range(8)))
    assert sorted(answer.status_code for answer in racing) == [200] + [412] * 7


def test_a_late_repeat_of_an_old_switch_turns_nothing_back(admin: Caller, desk: Desk) -> None:
    """The answer to RUN was lost, somebody halted since, and the request comes again."""

    def switch(state: str, key: str, **fields: Any) -> Any:
        body = {"state": state, "reason": "3 a.m.", **fields}
        return admin("PUT", "trading-state", json=body, headers={"Idempotency-Key": key})

    first = switch("RUN", "k1")
    assert first.status_code == switch("HALT", "k2").status_code == 200
    again = switch("RUN", "k1")
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert admin("GET", "policy").get_json()["effective"]["trading_state"] == "HALT"
    assert len(admin("GET", "policy/history").get_json()["items"]) == 2
    other = switch("HALT", "k1")
    assert (other.status_code, other.get_json()["reason_code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    timed = switch("HALT", "k3", until=soon)
    while datetime.now(UTC) <= datetime.fromisoformat(soon):
        pass
    assert switch("HALT", "k3", until=soon).get_json() == timed.get_json(), "also after its time is over"


def test_a_key_belongs_to_one_change(admin: Caller) -> None:
    first = put_policy(admin, 0, {"base_capital": 5_000}, key="k")
    assert put_policy(admin, 1, {"base_capital": 6_000}, key="l").status_code == 200
    assert put_policy(admin, 0, {"base_capital": 5_000}, key="k").get_json() == first.get_json()
    other = put_policy(admin, 0, {"base_capital": 7_000}, key="k")
    assert (other.status_code, other.get_json()["reason_code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    switched = admin("PUT", "trading-state", json={"state": "HALT", "reason": "x"}, headers={"Idempotency-Key": "k"})
    assert switched.get_json()["reason_code"] == "IDEMPOTENCY_KEY_REUSED", "whichever route it is"
    assert admin("GET", "policy").get_json()["overrides"] == {"base_capital": 6_000}


def test_every_malformed_field_is_named(admin: Caller) -> None:
    body = {"SHARPE_THRESHOLD_REDUCE": "high", "MIN_DATA_POINTS": 1, "typo": 1, "trading_state": "HALT", "version": 9}
    answer = put_policy(admin, 0, body)
    assert answer.status_code == 422
    assert {one["field"]: one["detail"] for one in answer.get_json()["errors"]} == {
        "trading_state": "must be set by PUT trading-state, was 'HALT'",
        "SHARPE_THRESHOLD_REDUCE": "must be a number from -10 to 10, was 'high'",
        "MIN_DATA_POINTS": "must be a whole number from 2 to 90, was 1",
        "typo": "must be a known policy field, was 1",
        "version": "must be left to the server, was 9",
    }
    together = put_policy(admin, 0, {"SHARPE_THRESHOLD_REDUCE": 0.2}).get_json()
    assert [one["field"] for one in together["errors"]] == ["SHARPE_THRESHOLD_SHADOW"]
    assert admin("GET", "policy").get_json()["version"] == 0


def test_a_reason_goes_on_record_and_belongs_to_its_key(admin: Caller) -> None:
    def switch_off(reason: str) -> Any:
        headers = {"If-Match": '"0"', "Idempotency-Key": "k"}
        return admin("PUT", f"policy?reason={reason}", json={"disabled_strategies": ["Value"]}, headers=headers)

    assert switch_off("earnings").status_code == switch_off("earnings").status_code == 200
    assert switch_off("other").get_json()["reason_code"] == "IDEMPOTENCY_KEY_REUSED"
    assert switch_off("x" * 501).status_code == 422
    assert put_policy(admin, 1, {"base_capital": 5_000}).status_code == 200
    items = admin("GET", "policy/history").get_json()["items"]
    assert [one["reason"] for one in items] == [None, "earnings"]


def test_history_says_who_when_and_what(admin: Caller, desk: Desk) -> None:
    put_policy(admin, 0, {"base_capital": 5_000})
    halt(admin, until=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    put_policy(admin, 2, {"base_capital": 6_000, "promotion_margin": 0.1})
    items = admin("GET", "policy/history").get_json()["items"]
    assert [(one["version"], one["changed"]) for one in items] == [
        (3, ["base_capital", "promotion_margin"]),
        (2, ["trading_state", "trading_state_reason", "trading_state_until"]),
        (1, ["base_capital"]),
    ]
    assert all(one["updated_by"] and one["updated_at"] for one in items)
    assert items[0]["policy"]["trading_state"] == "HALT", "a change of policy does not turn the kill switch back"
    older = admin("GET", "policy/history?before=3&limit=1").get_json()["items"]
    assert [one["version"] for one in older] == [2]


def test_a_tenants_market_is_one_that_there_is(admin: Caller) -> None:
    refused = put_policy(admin, 0, {"market": "XXXX"})
    assert refused.status_code == 422
    (error,) = refused.get_json()["errors"]
    limit = "24x7 or the ISO 10383 code of an exchange that exchange_calendars knows, like XNYS"
    assert error == {"field": "market", "detail": f"must be {limit}, was 'XXXX'"}
    default = admin("GET", "policy").get_json()
    assert (default["overrides"], default["effective"]["market"]) == ({}, "XNYS")
    for version, market in enumerate(["XASX", "24x7"]):
        answer = put_policy(admin, version, {"market": market}).get_json()
        assert (answer["overrides"], answer["effective"]["market"]) == ({"market": market}, market)


def test_a_policy_broken_by_hand_is_shown_with_its_problems_and_can_be_corrected(desk: Desk, admin: Caller) -> None:
    paths.policy(desk.db, "acme").set({"base_capital": -1, "odd.name": True, "version": 4})
    shown = admin("GET", "policy").get_json()
    assert {one["field"] for one in shown["problems"]} == {"base_capital", "odd.name"}
    assert shown["effective"]["base_capital"] == 10_000
    assert desk.cycle()["Trend"]["action"] == "HOLD"
    assert put_policy(admin, 4, {"base_capital": 9_000}).get_json()["problems"] == []
    assert desk.cycle()["Trend"]["action"] == "BUY"


@pytest.mark.parametrize("left", [None, {"version": "three"}, {"version": -1, "max_gross_allocation": 0.5}])
def test_the_kill_switch_turns_after_the_policy_was_deleted_or_edited_by_hand(
    desk: Desk, admin: Caller, left: dict[str, Any] | None
) -> None:
    """Its history goes on: a version that is there already would conflict for ever."""
    put_policy(admin, 0, {"max_gross_allocation": 0.3})
    put_policy(admin, 1, {"max_gross_allocation": 0.4})
    stored = paths.policy(desk.db, "acme")
    stored.delete() if left is None else stored.set(left)
    assert (halt(admin).status_code, admin("GET", "policy").get_json()["version"]) == (200, 3)
    assert [change["version"] for change in admin("GET", "policy/history").get_json()["items"]] == [3, 2, 1]
    assert desk.cycle()["Trend"]["reason_code"] == "TRADING_HALTED"


def test_where_no_process_can_run_strategies_a_cycle_is_to_be_asked_for_again_and_the_kill_switch_turns(
    desk: Desk, admin: Caller
) -> None:
    def orchestrate(*_: Any) -> None:
        raise StrategyProcessesError("no process is to be had")

    app = build_app()
    provide(app, dataclasses.replace(desk.app.extensions["maestro"], orchestrate=orchestrate))
    caller = Caller(app, admin.token)
    refused = caller("POST", "orchestrations", headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.get_json()["reason_code"]) == (503, "STRATEGIES_UNAVAILABLE")
    assert refused.headers["Retry-After"] == "1"
    assert halt(caller).status_code == 200
    assert admin("POST", "orchestrations", headers={"Idempotency-Key": "k"}).status_code == 200, "nothing was decided"


def test_the_kill_switch_holds_for_the_next_redemption_and_the_next_cycle(desk: Desk, admin: Caller) -> None:
    signals = desk.cycle()
    assert halt(admin).get_json()["effective"]["trading_state"] == "HALT"
    refused = admin("POST", f"signals/{signals['Trend']['nonce']}/redeem")
    assert (refused.status_code, refused.get_json()["reason_code"]) == (423, "TRADING_HALTED")
    assert admin("POST", f"signals/{signals['Exit']['nonce']}/redeem").status_code == 200, "exits always pass"
    halted = desk.cycle()
    assert [halted[name]["action"] for name in ("Trend", "Exit")] == ["HOLD", "SELL"]
    assert halted["Trend"]["reason_code"] == "TRADING_HALTED"
    stored = paths.policy(desk.db, "acme").get().to_dict() or {}
    assert stored["trading_state_reason"] == "3 a.m."
    assert stored["trading_state_by"]
    halt(admin, "RUN")
    assert desk.cycle()["Trend"]["action"] == "BUY"


def test_a_halt_that_comes_during_a_redemption_wins(desk: Desk, admin: Caller, trader: Caller) -> None:
    """Whoever redeems after the answer to the switch is refused, whatever was under way."""
    for _ in range(5):
        halt(admin, "RUN")
        nonces = [signal["nonce"] for name, signal in desk.cycle().items() if name in {"Trend", "Value"}]
        with ThreadPoolExecutor(3) as pool:
            switched = pool.submit(halt, admin)
            answers = list(pool.map(lambda nonce: trader("POST", f"signals/{nonce}/redeem"), nonces))
        assert switched.result().status_code == 200
        changed_at = paths.policy(desk.db, "acme").get().update_time
        for nonce, answer in zip(nonces, answers, strict=True):
            if answer.status_code == 200:
                assert paths.redemption(desk.db, "acme", nonce).get().create_time < changed_at
            else:
                assert answer.get_json()["reason_code"] == "TRADING_HALTED"
        for nonce in nonces:
            assert trader("POST", f"signals/{nonce}/redeem").status_code in {409, 423}
        paths.current_session(desk.db, "acme").update({"reservations": {}})


def test_a_halt_ends_by_itself_when_it_is_told_to(desk: Desk, admin: Caller) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    halt(admin, until=soon.isoformat())
    assert desk.cycle()["Trend"]["action"] == "HOLD"
    while datetime.now(UTC) < soon:
        pass
    signals = desk.cycle()
    assert signals["Trend"]["action"] == "BUY"
    assert admin("POST", f"signals/{signals['Trend']['nonce']}/redeem").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "STOP", "reason": "x"}, "state"),
        ({"state": "HALT"}, "reason"),
        ({"state": "HALT", "reason": ""}, "reason"),
        ({"state": "HALT", "reason": "x" * 501}, "reason"),
        ({"state": "HALT", "reason": "x", "until": "2020-01-01T00:00:00Z"}, "until"),
    ],
)
def test_a_malformed_switch_turns_nothing(admin: Caller, body: dict[str, Any], field: str) -> None:
    answer = admin("PUT", "trading-state", json=body)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, field)
    assert admin("GET", "policy").get_json()["version"] == 0
