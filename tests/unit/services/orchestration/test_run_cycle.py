"""One cycle, on the in-memory store."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import RefusedError, StoreUnavailable
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.alerts import AlertKind
from functions.domain.monitoring.findings import of_decision
from functions.domain.orchestration.cycle_documents import issued_signals, modes_document
from functions.domain.orchestration.decision import logged_verdicts
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.orchestration.signals import ProposedSignal, read_signal
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import PerformanceWindows
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock, MarketCalendars
from functions.services.orchestration.cycle_request import CycleRequest, CycleResult, GivenInputs
from functions.services.orchestration.run_cycle import MAX_COMMIT_ATTEMPTS, RunCycle
from tests.fakes import MARCH_16, FakeClock, FakeCycleStore
from tools.lab.engine.simulated import CountedIds

BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.4, "confidence": 0.8, "reasoning": "up"}
SELL = {"action": "SELL", "ticker": "XOM", "allocation": 1.0}
SLOT = "2020-03-16T19:55:00Z"
LATER_SLOT = "2020-03-16T20:00:00Z"
TENANT = "tenants/acme"
IDS = CountedIds()
CLOCK = FakeClock()
CALENDARS = Calendars()
KEY = RequestKey("ann", "k", {"post": "orchestrations"})
OTHER = RequestKey("ann", "k", {"redeem": "0f" * 16})
"""Another request under the same key."""


@pytest.fixture
def store() -> FakeCycleStore:
    store = FakeCycleStore()
    store.put(f"{TENANT}/accounts/primary", {"equity": "100000", "buying_power": 50_000, "as_of": MARCH_16})
    store.put(f"{TENANT}/market_data/latest", {"as_of": MARCH_16, "symbols": {"KO": {"price": 45.0}}})
    return store


def run(
    store: FakeCycleStore,
    proposals: Mapping[str, Any] | Callable[[CycleInputs], Mapping[str, Any]],
    clock: Clock = CLOCK,
    calendars: MarketCalendars = CALENDARS,
    **request: Any,
) -> CycleResult | None:
    async def propose(inputs: CycleInputs, policy: Policy) -> list[ProposedSignal]:
        given = proposals(inputs) if callable(proposals) else proposals
        return [read_signal(name, proposal) for name, proposal in given.items()]

    cycle = RunCycle(store, clock, IDS, calendars)
    return asyncio.run(cycle.run(CycleRequest(tenant_id="acme", propose=propose, **request)))


def decided(store: FakeCycleStore, proposals: Any, **request: Any) -> CycleResult:
    result = run(store, proposals, **request)
    assert result is not None
    return result


def reason(result: CycleResult, name: str) -> str:
    return next(str(d.reason_code) for d in result.decision.verdicts if d.strategy_name == name)


def test_a_cycle_stamps_logs_and_opens_a_session(store: FakeCycleStore) -> None:
    result = decided(store, {"A": BUY, "B": SELL}, slot=SLOT)
    signal = result.signals["A"]
    assert signal["agent_id"] == "acme_A"
    assert signal["session_id"] == result.decision.session_id
    assert signal["notional"] == pytest.approx(0.4 * 50_000)
    assert result.signals["A"]["nonce"] != result.signals["B"]["nonce"]
    session = store.documents[f"{TENANT}/sessions/{result.decision.session_id}"]
    assert issued_signals(session)["A"]["nonce"] == signal["nonce"]
    assert store.documents[f"{TENANT}/state/session"]["session_id"] == result.decision.session_id
    assert store.documents[f"{TENANT}/cycles/{SLOT}"]["session_id"] == result.decision.session_id
    log = store.logs()[0]
    assert signal["nonce"] not in repr(log)
    assert log["slot"] == SLOT
    assert log["ai_summary"]


def test_a_repeated_slot_is_decided_once(store: FakeCycleStore) -> None:
    assert run(store, {"A": BUY}, slot=SLOT) is not None
    assert run(store, {"A": BUY}, slot=SLOT) is None
    assert len(store.logs()) == 1


def test_two_racing_deliveries_of_a_slot_make_one_decision(store: FakeCycleStore) -> None:
    store.before_commit.append(lambda: run(store, {"A": BUY}, slot=SLOT))
    assert run(store, {"A": BUY}, slot=SLOT) is None
    assert len(store.logs()) == 1


def test_a_slot_overtaken_by_a_newer_one_is_put_on_record_and_not_decided(store: FakeCycleStore) -> None:
    newest = decided(store, {"A": BUY}, slot=LATER_SLOT)
    assert run(store, {"A": BUY}, slot=SLOT) is None
    assert store.documents[f"{TENANT}/cycles/{SLOT}"]["status"] == "SUPERSEDED"
    assert store.documents[f"{TENANT}/state/session"]["session_id"] == newest.decision.session_id
    assert len(store.logs()) == 1


def test_a_cycle_somebody_asked_for_does_not_hide_the_newest_slot(store: FakeCycleStore) -> None:
    run(store, {"A": BUY}, slot=LATER_SLOT)
    run(store, {"A": BUY})
    assert run(store, {"A": BUY}, slot=SLOT) is None


def test_a_cycle_somebody_asked_for_is_decided_once(store: FakeCycleStore) -> None:
    result = decided(store, {"A": BUY}, key=KEY)
    assert run(store, {"A": BUY}, key=KEY) is None
    record = store.documents[f"{TENANT}/idempotency/{KEY.id}"]
    assert (record["answer"], len(store.logs())) == ({"session_id": result.decision.session_id}, 1)


def test_a_key_that_belongs_to_another_request_starts_no_cycle(store: FakeCycleStore) -> None:
    store.put(f"{TENANT}/idempotency/{OTHER.id}", OTHER.record({}, MARCH_16))
    with pytest.raises(RefusedError, match="IDEMPOTENCY_KEY_REUSED"):
        run(store, {"A": BUY}, key=KEY)
    assert store.logs() == []


def test_a_key_that_another_request_takes_meanwhile_is_not_taken_again(store: FakeCycleStore) -> None:
    store.before_commit.append(lambda: store.put(f"{TENANT}/idempotency/{OTHER.id}", OTHER.record({}, MARCH_16)))
    with pytest.raises(RefusedError, match="IDEMPOTENCY_KEY_REUSED"):
        run(store, {"A": BUY}, key=KEY)
    assert store.logs() == []


def test_a_lost_race_is_decided_again_on_what_the_winner_left(store: FakeCycleStore) -> None:
    def halt() -> None:
        store.put(f"{TENANT}/config/maestro", {"trading_state": "HALT"})
        store.put(f"{TENANT}/state/session", {"session_id": "another", "reservations": {"n": 1}})

    store.put(f"{TENANT}/state/session", {"session_id": "first", "reservations": {"n": 1}})
    store.before_commit.append(halt)
    result = decided(store, {"A": BUY, "B": SELL}, slot=SLOT)
    assert result.signals["A"]["action"] == "HOLD"
    assert reason(result, "A") == "TRADING_HALTED"
    assert result.signals["B"]["action"] == "SELL"
    assert store.documents[f"{TENANT}/state/session"]["reservations"] == {"n": 1}


def test_a_slot_that_loses_without_end_is_an_error_and_is_tried_again(store: FakeCycleStore) -> None:
    store.before_commit += [lambda: store.put(f"{TENANT}/state/session", {})] * MAX_COMMIT_ATTEMPTS
    with pytest.raises(StoreUnavailable, match=f"lost {MAX_COMMIT_ATTEMPTS} races"):
        run(store, {"A": BUY}, slot=SLOT)
    assert run(store, {"A": BUY}, slot=SLOT) is not None


def test_a_caller_whose_cycle_loses_without_end_gets_exits_only(store: FakeCycleStore) -> None:
    store.before_commit += [lambda: store.put(f"{TENANT}/state/session", {})] * MAX_COMMIT_ATTEMPTS
    result = decided(store, {"A": BUY, "B": SELL})
    assert (result.signals["A"]["action"], reason(result, "A")) == ("HOLD", "STORE_UNAVAILABLE")
    assert result.signals["B"]["action"] == "SELL"
    assert store.logs() == []


def test_an_unreachable_store_stops_buys_lets_exits_pass_and_stamps_both() -> None:
    store = FakeCycleStore()
    store.is_down = True
    result = decided(store, {"A": BUY, "B": SELL}, given=GivenInputs({}, {}))
    assert result.signals["A"]["action"] == "HOLD"
    assert reason(result, "A") == "STORE_UNAVAILABLE"
    assert result.signals["B"]["action"] == "SELL"
    assert result.signals["B"]["nonce"]


def test_a_store_that_fails_at_the_commit_stops_buys(store: FakeCycleStore) -> None:
    store.before_commit.append(lambda: setattr(store, "is_down", True))
    result = decided(store, {"A": BUY, "B": SELL}, given=GivenInputs({}, {}))
    assert reason(result, "A") == "STORE_UNAVAILABLE"
    assert result.signals["B"]["action"] == "SELL"
    assert store.logs() == []


def test_an_unreachable_store_fails_a_scheduled_cycle_so_that_it_is_retried(store: FakeCycleStore) -> None:
    store.is_down = True
    with pytest.raises(StoreUnavailable):
        run(store, {"A": BUY}, slot=SLOT)


@pytest.mark.parametrize(
    ("path", "document", "code"),
    [
        ("accounts/primary", None, "MISSING_ACCOUNT"),
        ("accounts/primary", {"equity": "lots", "as_of": MARCH_16}, "MALFORMED_ACCOUNT"),
        ("accounts/primary", {"equity": 1, "buying_power": "NaN", "as_of": MARCH_16}, "MALFORMED_ACCOUNT"),
        ("accounts/primary", {"equity": 1, "positions": "none", "as_of": MARCH_16}, "MALFORMED_ACCOUNT"),
        ("accounts/primary", {"equity": 1}, "MALFORMED_ACCOUNT"),
        ("accounts/primary", {"equity": 1, "as_of": MARCH_16 - timedelta(hours=1)}, "STALE_ACCOUNT"),
        ("accounts/primary", {"equity": 1, "as_of": MARCH_16 + timedelta(hours=1)}, "MALFORMED_ACCOUNT"),
        ("market_data/latest", None, "MISSING_MARKET_DATA"),
        ("market_data/latest", {"symbols": [], "as_of": MARCH_16}, "MALFORMED_MARKET_DATA"),
        ("market_data/latest", {"symbols": {"KO": {"price": -3}}, "as_of": MARCH_16}, "MALFORMED_MARKET_DATA"),
        (
            "market_data/latest",
            {"symbols": {"KO": {"price": float("nan")}}, "as_of": MARCH_16},
            "MALFORMED_MARKET_DATA",
        ),
        (
            "market_data/latest",
            {"symbols": {"KO": {"price": 1, "history": [1, "x"]}}, "as_of": MARCH_16},
            "MALFORMED_MARKET_DATA",
        ),
        ("market_data/latest", {"symbols": {}}, "MALFORMED_MARKET_DATA"),
        ("market_data/latest", {"symbols": {}, "as_of": "yesterday"}, "MALFORMED_MARKET_DATA"),
        ("market_data/latest", {"symbols": {}, "as_of": MARCH_16 - timedelta(minutes=16)}, "STALE_MARKET_DATA"),
        ("config/maestro", {"trading_state": "PANIC"}, "MALFORMED_POLICY"),
        ("config/maestro", {"SHARPE_TRESHOLD_REDUCE": 1.0}, "MALFORMED_POLICY"),
        ("config/maestro", {"MIN_DATA_POINTS": 1.5}, "MALFORMED_POLICY"),
        ("state/windows", {"strategy_names": ["A"], "dates": [], "returns": b"12345678"}, "MALFORMED_STATE"),
        ("state/modes", {"strategies_json": '{"A": {"mode": "SLEEPY"}}'}, "MALFORMED_STATE"),
        ("state/modes", {"strategies_json": "[]"}, "MALFORMED_STATE"),
        ("state/modes", {}, "MALFORMED_STATE"),
    ],
)
def test_bad_input_stops_buys_lets_exits_pass_and_is_named(
    store: FakeCycleStore, path: str, document: dict[str, Any] | None, code: str
) -> None:
    store.delete(f"{TENANT}/{path}")
    if document is not None:
        store.put(f"{TENANT}/{path}", document)
    result = decided(store, {"A": BUY, "B": SELL}, slot=SLOT)
    assert reason(result, "A") == code
    assert result.signals["A"]["action"] == "HOLD"
    assert result.signals["A"]["original_action"] == "BUY"
    assert result.signals["B"]["action"] == "SELL"
    assert result.signals["B"]["allocation"] == 1.0
    assert code in {issue["reason_code"] for issue in store.logs()[0]["input_issues"]}


def test_a_malformed_symbol_stops_only_buys_of_that_symbol(store: FakeCycleStore) -> None:
    symbols = {"KO": {"price": 45.0}, "PEP": {"price": None}}
    store.put(f"{TENANT}/market_data/latest", {"as_of": MARCH_16, "symbols": symbols})
    seen: dict[str, Any] = {}

    def propose(inputs: CycleInputs) -> dict[str, Any]:
        seen.update(inputs.market_data["symbols"])
        return {"A": BUY, "P": {**BUY, "ticker": "PEP"}}

    result = decided(store, propose, slot=SLOT)
    assert result.signals["A"]["action"] == "BUY"
    assert reason(result, "P") == "MALFORMED_MARKET_DATA"
    assert list(seen) == ["KO"]


def test_unreadable_state_changes_no_mode_and_is_not_overwritten(store: FakeCycleStore) -> None:
    since = MARCH_16 - timedelta(days=3)
    modes = modes_document({"A": ModeState(AgentMode.SHADOW_MODE, since, ReasonCode.SHARPE_BELOW_SHADOW)}, since)
    store.put(f"{TENANT}/state/modes", modes)
    store.put(f"{TENANT}/state/windows", {"strategy_names": ["A"], "dates": ["2020-03-13"], "returns": b""})
    result = decided(store, {"A": BUY, "B": BUY}, slot=SLOT)
    assert result.decision.allocation_decisions[0].mode == "SHADOW_MODE"
    assert store.documents[f"{TENANT}/state/modes"] == modes


def test_that_a_strategy_moves_is_said_in_the_cycle_in_which_it_moves_and_in_no_other(store: FakeCycleStore) -> None:
    days = [MARCH_16.date() - timedelta(days=20 - day) for day in range(20)]
    losses = [("A", day, -0.02 + 0.01 * (day.day % 2)) for day in days]
    store.put(f"{TENANT}/state/windows", PerformanceWindows.from_daily_returns(losses).to_document())
    said = []
    for number in range(3):
        at = MARCH_16 + timedelta(minutes=5 * number)
        result = decided(store, {"A": BUY}, clock=FakeClock(at), slot=at.isoformat())
        said.append(result.decision.verdicts[0].reasoning.rpartition("0.5. ")[2])
        assert result.decision.verdicts[0].mode == "SHADOW_MODE"
    assert said == ["Moving to SHADOW_MODE.", "Staying in SHADOW_MODE.", "Staying in SHADOW_MODE."]


def test_no_exit_that_stays_whole_is_said_to_be_halved(store: FakeCycleStore) -> None:
    since = MARCH_16 - timedelta(days=3)
    reduced = dict.fromkeys(("A", "B"), ModeState(AgentMode.REDUCED, since, ReasonCode.SHARPE_BELOW_REDUCE))
    store.put(f"{TENANT}/state/modes", modes_document(reduced, since))
    days = [MARCH_16.date() - timedelta(days=20 - day) for day in range(20)]
    middling = [(name, day, 0.00064 + 0.01 * (-1) ** day.toordinal()) for day in days for name in ("A", "B")]
    store.put(f"{TENANT}/state/windows", PerformanceWindows.from_daily_returns(middling).to_document())
    result = decided(store, {"A": {"action": "SELL", "ticker": "KO"}, "B": BUY}, slot=SLOT)
    leaves, enters = result.decision.verdicts
    assert (leaves.mode, leaves.final_allocation, enters.final_allocation) == ("REDUCED", 1.0, 0.2)
    assert leaves.reasoning.endswith("Staying in REDUCED. An exit stays whole.")
    assert enters.reasoning.endswith("Staying in REDUCED: 50% of the allocation.")


def test_a_sample_that_the_policy_does_not_name_trades_nothing(store: FakeCycleStore) -> None:
    proposals = {"S": BUY, "Exit": SELL, "A": BUY}
    for policy in ({}, {"enabled": False}):
        store.put(f"{TENANT}/config/maestro", policy)
        result = decided(store, proposals, samples={"S", "Exit"})
        assert {name: signal["allocation"] for name, signal in result.signals.items()} == {"S": 0, "Exit": 0, "A": 0.4}
        assert {result.signals[name]["mode"] for name in ("S", "Exit")} == {"DISABLED"}
        assert {reason(result, name) for name in ("S", "Exit")} == {"SAMPLE_NOT_NAMED"}
    store.put(f"{TENANT}/config/maestro", {"sample_strategies": ["S"]})
    result = decided(store, proposals, samples={"S", "Exit"})
    assert (result.signals["S"]["mode"], result.signals["S"]["allocation"]) == ("ACTIVE", 0.4)
    assert reason(result, "Exit") == "SAMPLE_NOT_NAMED"


def test_with_the_store_out_of_reach_samples_only_leave_positions_of_their_own(store: FakeCycleStore) -> None:
    """Whether the tenant names them is not known then."""
    store.is_down = True
    positions = [{"symbol": "XOM", "qty": 10, "strategy_id": "Exit"}, {"symbol": "KO", "qty": 10}]
    given = GivenInputs({"KO": {"price": 45.0}}, {"equity": 1e5, "buying_power": 1e5, "positions": positions})
    proposals = {"Exit": SELL, "Other": SELL | {"ticker": "KO"}, "S": BUY}
    signals = decided(store, proposals, given=given, samples=proposals.keys()).signals
    assert (signals["Exit"]["mode"], signals["Exit"]["allocation"]) == ("REDUCED", 1.0)
    assert (signals["Other"]["mode"], signals["Other"]["allocation"]) == ("SHADOW_MODE", 0)
    assert (signals["S"]["action"], signals["S"]["mode"]) == ("HOLD", "SHADOW_MODE")


def test_inputs_a_caller_gives_need_no_time_but_one_given_is_checked(store: FakeCycleStore) -> None:
    flat = {"KO": {"price": 45.0, "volume": 10}}
    fresh = decided(store, {"A": BUY}, given=GivenInputs(flat, {"equity": "100000.00", "buying_power": "50000.00"}))
    assert fresh.signals["A"]["action"] == "BUY"
    assert fresh.signals["A"]["notional"] == pytest.approx(20_000)
    old = {**flat, "as_of": (MARCH_16 - timedelta(days=1)).isoformat()}
    assert reason(decided(store, {"A": BUY}, given=GivenInputs(old, {})), "A") == "STALE_MARKET_DATA"


def test_the_log_says_what_the_guide_says(store: FakeCycleStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="maestro"):
        run(store, {"XYZ": BUY}, slot=SLOT)
    assert "🎭 Maestro orchestration starting..." in caplog.messages
    assert "Strategy XYZ: Sharpe=n/a, Weight=1.00, Mode=ACTIVE" in caplog.messages
    assert "🎭 Maestro orchestration complete" in caplog.messages


def test_modes_are_stored_only_when_one_changes(store: FakeCycleStore) -> None:
    run(store, {"A": BUY}, slot=SLOT)
    version = store.versions[f"{TENANT}/state/modes"]
    run(store, {"A": BUY}, slot=LATER_SLOT)
    assert store.versions[f"{TENANT}/state/modes"] == version


def test_a_tripped_account_breaker_stops_buys_and_survives_in_the_session(store: FakeCycleStore) -> None:
    store.put(f"{TENANT}/config/maestro", {"daily_loss_limit": 0.05, "breaker_confirmations": 2})
    slots = [f"2020-03-16T19:{minute:02d}:00Z" for minute in (30, 35, 40, 45, 50)]
    results: list[CycleResult] = []
    for slot, equity in zip(slots, [100_000, 100_000, 94_000, 94_000, 99_000], strict=True):
        read_at = MARCH_16 + timedelta(seconds=len(results))
        account = {"equity": equity, "buying_power": 50_000, "as_of": read_at}
        store.put(f"{TENANT}/accounts/primary", account)
        results.append(decided(store, {"A": BUY, "B": SELL}, slot=slot))
    assert [result.signals["A"]["action"] for result in results] == ["BUY", "BUY", "BUY", "HOLD", "HOLD"]
    assert reason(results[3], "A") == "DAILY_LOSS"
    assert {result.signals["B"]["action"] for result in results} == {"SELL"}
    assert store.documents[f"{TENANT}/state/session"]["breaker"]["reason_code"] == "DAILY_LOSS"


def test_a_withdrawal_is_no_loss_to_the_breaker_told_in_time_or_late(
    store: FakeCycleStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.put(f"{TENANT}/config/maestro", {"max_drawdown": 0.2, "breaker_confirmations": 1})

    def cycle(minutes: int, equity: float) -> str:
        at = MARCH_16 + timedelta(minutes=minutes)
        store.put(f"{TENANT}/accounts/primary", {"equity": equity, "buying_power": 50_000, "as_of": at})
        return str(decided(store, {"A": BUY}, clock=FakeClock(at)).signals["A"]["action"])

    def tell(usd: float, minutes: int, at: int) -> None:
        session = store.documents[f"{TENANT}/state/session"]
        breaker = BreakerState.from_document(session["breaker"])
        told = breaker.with_flow(usd, MARCH_16 + timedelta(minutes=minutes), MARCH_16 + timedelta(minutes=at))
        store.put(f"{TENANT}/state/session", {**session, "breaker": told.to_document()})

    assert cycle(0, 100_000) == "BUY"
    tell(-30_000, minutes=2, at=2)
    assert cycle(5, 70_000) == "BUY"
    assert cycle(10, 40_000) == "HOLD", "nobody told of what left in between"
    tell(-30_000, minutes=10, at=11)
    assert "released" not in caplog.text
    assert cycle(15, 40_000) == "BUY", "the snapshot that tripped it might not have contained the flow: the next does"
    released = "account breaker tripped by drawdown until 2020-03-17T20:05:00+00:00 is released: the recorded flows of "
    assert f"{released}money show there was no loss" in caplog.messages
    assert cycle(20, 30_000) == "HOLD"


SYDNEYS_MORNING = datetime(2020, 3, 16, 23, 15, tzinfo=UTC)  # it goes on over UTC's midnight
NEW_YORKS_EVENING = datetime(2020, 3, 17, 3, 15, tzinfo=UTC)
HONG_KONGS_LUNCH = datetime(2020, 3, 17, 3, 15, tzinfo=UTC)
FIRST, NEXT = timedelta(minutes=35), timedelta(minutes=105)


@pytest.mark.parametrize(
    ("market", "begin", "tripped"),
    [
        ("XASX", SYDNEYS_MORNING, "DAILY_LOSS"),
        ("24x7", SYDNEYS_MORNING, None),  # UTC's midnight is between the two
        ("XNYS", SYDNEYS_MORNING, "DAILY_LOSS"),  # after hours, all of one evening
        ("XNYS", NEW_YORKS_EVENING, None),  # New York's midnight
        ("XHKG", HONG_KONGS_LUNCH, "DAILY_LOSS"),
        ("24x7", HONG_KONGS_LUNCH, "DAILY_LOSS"),
    ],
)
def test_a_days_loss_is_one_session_of_the_market(
    store: FakeCycleStore, market: str, begin: datetime, tripped: str | None
) -> None:
    policy = {"daily_loss_limit": 0.05, "breaker_confirmations": 1, "market": market}
    store.put(f"{TENANT}/config/maestro", policy)
    for passed, equity in {timedelta(): 100_000, FIRST: 97_000, NEXT: 94_000}.items():
        at = begin + passed
        store.put(f"{TENANT}/accounts/primary", {"equity": equity, "buying_power": 50_000, "as_of": at})
        run(store, {"A": BUY}, clock=FakeClock(at))
    assert store.documents[f"{TENANT}/state/session"]["breaker"]["reason_code"] == tripped


def test_the_deployments_market_is_the_default(store: FakeCycleStore) -> None:
    store.put(f"{TENANT}/config/maestro", {"daily_loss_limit": 0.05, "breaker_confirmations": 1})
    for passed, equity in {timedelta(): 100_000, FIRST: 97_000, NEXT: 94_000}.items():
        at = SYDNEYS_MORNING + passed
        store.put(f"{TENANT}/accounts/primary", {"equity": equity, "buying_power": 50_000, "as_of": at})
        run(store, {"A": BUY}, clock=FakeClock(at), policy_defaults={"market": "24x7"})
    assert store.documents[f"{TENANT}/state/session"]["breaker"]["reason_code"] is None


@pytest.mark.parametrize("market", ["XXXX", "24/7", 7])
def test_an_unknown_market_in_a_stored_policy_holds_entries_lets_exits_pass_and_is_an_alert(
    store: FakeCycleStore, market: Any
) -> None:
    store.put(f"{TENANT}/config/maestro", {"market": market})
    result = decided(store, {"A": BUY, "B": SELL}, slot=SLOT)
    assert (result.signals["A"]["action"], reason(result, "A")) == ("HOLD", "MALFORMED_POLICY")
    assert result.signals["B"]["action"] == "SELL"
    (issue,) = result.decision.input_issues
    assert issue.detail.startswith("market must be 24x7 or the ISO 10383 code of an exchange")
    (alert,) = (one for one in of_decision(store.logs()[0]) if one.kind is AlertKind.INPUTS)
    assert "MALFORMED_POLICY" in alert.title
    assert f"was {market!r}" in alert.detail


def test_a_market_whose_hours_nobody_knows_yet_holds_entries_where_a_days_loss_counts(store: FakeCycleStore) -> None:
    at = datetime(2031, 3, 17, 3, tzinfo=UTC)
    store.put(f"{TENANT}/accounts/primary", {"equity": "100000", "buying_power": 50_000, "as_of": at})
    store.put(f"{TENANT}/market_data/latest", {"as_of": at, "symbols": {"KO": {"price": 45.0}}})
    store.put(f"{TENANT}/config/maestro", {"market": "XSHG", "daily_loss_limit": 0.05})
    result = decided(store, {"A": BUY, "B": SELL}, clock=FakeClock(at))
    assert (result.signals["A"]["action"], reason(result, "A")) == ("HOLD", "MALFORMED_POLICY")
    assert result.signals["B"]["action"] == "SELL"


def test_a_shadowed_strategy_trades_on_paper_sees_it_and_is_closed_out_when_it_leaves(store: FakeCycleStore) -> None:
    since = MARCH_16 - timedelta(days=3)
    shadowed = {"A": ModeState(AgentMode.SHADOW_MODE, since, ReasonCode.SHARPE_BELOW_SHADOW)}
    store.put(f"{TENANT}/state/modes", modes_document(shadowed, since))
    seen: list[Any] = []

    def look(inputs: CycleInputs) -> dict[str, Any]:
        seen.append(inputs.account_snapshot["positions"])
        return {"A": BUY}

    result = decided(store, look, slot="2020-03-16T19:45:00Z")
    assert (result.signals["A"]["mode"], result.signals["A"]["allocation"]) == ("SHADOW_MODE", 0.0)
    decided(store, look, slot="2020-03-16T19:50:00Z")
    quantity = 0.4 * 100_000 / 45.0
    position = {"symbol": "KO", "qty": pytest.approx(quantity), "strategy_id": "A", "book": "shadow"}
    assert seen == [[], [position]]
    records = {path: doc for path, doc in store.documents.items() if "/shadow_pnl/" in path}
    assert len(records) == 1, "one fill, however often the strategy repeats itself"
    record = next(iter(records.values()))
    assert (record["side"], record["symbol"], record["price"], record["mode"]) == ("buy", "KO", 45.0, "SHADOW_MODE")
    assert record["qty"] == pytest.approx(quantity)
    guides_own = {"timestamp", "strategy_name", "action", "ticker", "reasoning", "agent_id", "nonce", "session_id"}
    assert guides_own <= set(record)
    modes = modes_document(
        {"A": ModeState(AgentMode.REDUCED, since, ReasonCode.SHARPE_BELOW_REDUCE)}, since, {"A": {"KO": quantity}}
    )
    store.put(f"{TENANT}/state/modes", modes)
    decided(store, {"A": {"action": "HOLD"}}, slot=SLOT)
    sides = sorted(doc["side"] for path, doc in store.documents.items() if "/shadow_pnl/" in path)
    assert sides == ["buy", "sell"]
    assert json.loads(store.documents[f"{TENANT}/state/modes"]["paper_json"]) == {}


def test_a_shadowed_strategys_exit_from_a_live_position_passes_whole(store: FakeCycleStore) -> None:
    since = MARCH_16 - timedelta(days=3)
    shadowed = dict.fromkeys("AB", ModeState(AgentMode.SHADOW_MODE, since, ReasonCode.SHARPE_BELOW_SHADOW))
    store.put(f"{TENANT}/state/modes", modes_document(shadowed, since))
    positions = [{"symbol": "KO", "qty": "12", "strategy_id": "A"}, {"symbol": "KO", "qty": 5}]
    account = {"equity": 100_000, "buying_power": 1, "positions": positions, "as_of": MARCH_16}
    store.put(f"{TENANT}/accounts/primary", account)
    exit_all = {"action": "SELL", "ticker": "KO"}
    result = decided(store, {"A": exit_all, "B": exit_all}, slot=SLOT)
    assert (result.signals["A"]["mode"], result.signals["A"]["allocation"]) == ("REDUCED", 1.0)
    assert reason(result, "A") == "LIVE_EXIT"
    verdict = result.decision.allocation_decisions[0]
    assert (verdict.mode, verdict.final_allocation) == ("SHADOW_MODE", 1.0)
    assert result.signals["B"]["mode"] == "SHADOW_MODE", "another's position is not B's to leave"
    assert not [path for path in store.documents if "/shadow_pnl/" in path]


def test_disabled_strategies_stand_beside_the_others_in_the_log(store: FakeCycleStore) -> None:
    store.put(f"{TENANT}/config/maestro", {"disabled_strategies": ["Off"]})
    result = decided(store, {"Off": BUY, "On": BUY})
    log = store.documents[f"systemStatus/orchestration_logs/logs/{result.decision.session_id}"]
    assert [entry["strategy_name"] for entry in log["allocation_decisions"]] == ["On"]
    assert [(entry["strategy_name"], entry["mode"]) for entry in log["disabled_decisions"]] == [("Off", "DISABLED")]
    assert [entry["strategy_name"] for entry in logged_verdicts(log)] == ["On", "Off"]
    assert logged_verdicts(log)[0]["sharpe_ratio"] is None
    assert math.isnan(log["allocation_decisions"][0]["sharpe_ratio"])


def test_identities_are_on_the_decision_and_their_nonces_never_in_the_log(store: FakeCycleStore) -> None:
    result = decided(store, {"Trend": BUY, "Exit": SELL})
    identities = result.decision.agent_identities
    assert {name: one.nonce for name, one in identities.items()} == {
        name: signal["nonce"] for name, signal in result.signals.items()
    }
    logged = repr(result.decision.to_firestore_doc()) + repr(result.decision)
    assert not any(one.nonce in logged for one in identities.values())


def test_too_little_data_is_in_the_process_log(store: FakeCycleStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="maestro"):
        decided(store, {"New": BUY})
    line = "Strategy New: Insufficient data for Sharpe calculation (0 active days, need 5 that vary)."
    assert caplog.messages.count(line) == 1


def test_the_log_says_what_a_buy_and_a_sell_mean_for_the_position(store: FakeCycleStore) -> None:
    book = PositionBook(opened_at=MARCH_16).with_fill("Short", "KO", -5.0, 50.0).with_fill("Long", "KO", 5.0, 50.0)
    store.put(f"{TENANT}/state/positions", book.to_document(MARCH_16))
    store.put(f"{TENANT}/config/maestro", {"allow_shorts": True})
    opening = {**BUY, "action": "SELL", "allocation": 0.1}
    decided(
        store,
        {
            "New": BUY,
            "Short": {**BUY, "qty": 5.0},
            "Long": {**SELL, "ticker": "KO"},
            "Opener": opening,
            "Idle": {"action": "HOLD"},
        },
    )
    logged = {name: (one["action"], one.get("intent")) for name, one in store.logs()[0]["signals"].items()}
    assert logged == {
        "New": ("BUY", "ENTRY"),
        "Short": ("BUY", "EXIT"),
        "Long": ("SELL", "EXIT"),
        "Opener": ("SELL", "ENTRY"),
        "Idle": ("HOLD", None),
    }


FED = {"slot": SLOT, "at": MARCH_16, "status": "OK", "detail": "all is well", "booked": 0}


@pytest.mark.parametrize(
    ("broker", "told"),
    [
        (None, None),
        ({"status": "DISCONNECTED", "feed": {**FED, "status": "FAILED"}}, None),
        ({"status": "CONNECTED", "feed": FED}, None),
        ({"status": "CONNECTED", "feed": None}, "no feed from the broker has run yet"),
        ({"status": "CONNECTED", "feed": {**FED, "status": "FAILED", "detail": "it hangs"}}, "it hangs"),
        ({"status": "CONNECTED", "feed": {**FED, "status": "BEHIND", "detail": "more to book"}}, "more to book"),
        ({"status": "CONNECTED", "feed": {**FED, "slot": "2020-03-16T19:50:00Z"}}, "was for slot 2020-03-16T19:50:00Z"),
        ({"status": "CONNECTED", "feed": {**FED, "at": "noon"}}, "feed.at must be a timestamp"),
        ({"status": 7}, "status must be one of"),
    ],
)
def test_a_feed_that_brought_less_than_a_cycle_needs_holds_entries_and_lets_exits_pass(
    store: FakeCycleStore, broker: dict[str, Any] | None, told: str | None
) -> None:
    if broker is not None:
        store.put(f"{TENANT}/state/broker", broker)
    result = decided(store, {"A": BUY, "B": SELL}, slot=SLOT)
    issues = [one for one in result.decision.input_issues if one.reason_code is ReasonCode.BROKER_FEED]
    assert (len(issues) == 1 and told in issues[0].detail) if told else not issues
    assert result.signals["A"]["action"] == ("HOLD" if told else "BUY")
    assert result.signals["B"]["action"] == "SELL"
    assert not result.decision.input_issues or told


def test_inputs_that_a_caller_hands_over_are_not_the_brokers(store: FakeCycleStore) -> None:
    store.put(f"{TENANT}/state/broker", {"status": "CONNECTED", "feed": None})
    given = GivenInputs({"KO": {"price": 45.0}}, {"equity": 1e5, "buying_power": 1e5, "as_of": MARCH_16})
    assert decided(store, {"A": BUY}, given=given).signals["A"]["action"] == "BUY"
