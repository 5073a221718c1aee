"""Redeeming, releasing and filling signals: one table of refusals, then every interleaving hypothesis can think of."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.domain.kernel.errors import InputError, RefusedError, StoreUnavailable
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import read_signal
from functions.domain.track_record.breakers import BreakerState
from functions.domain.trading.redemption import Redemption, RedemptionStatus
from functions.domain.trading.reported_fills import FillResult, FillStatus, ReportedFill
from functions.domain.trading.reservations import MOST_SPENDINGS, CurrentSession
from functions.services.kernel.commits import Commits
from functions.services.kernel.ports import Document
from functions.services.orchestration.cycle_request import CycleRequest, GivenInputs
from functions.services.orchestration.run_cycle import RunCycle
from functions.services.trading.record_fills import RecordFills
from functions.services.trading.redeem_signals import RedeemSignals
from tests.fakes import MARCH_16, FakeClock, FakeCycleStore, FakeLedger, FakeTradingStore
from tools.lab.engine.simulated import CountedIds

BUYING_POWER = 10_000.0
MARKET: Mapping[str, float] = {"AAPL": 100.0}
PROPOSED = {
    "Big": {"action": "BUY", "ticker": "AAPL", "allocation": 0.6},
    "Small": {"action": "BUY", "ticker": "MSFT", "allocation": 0.3},
    "Exit": {"action": "SELL", "ticker": "KO"},
    "Idle": {"action": "HOLD"},
}


FILL = ReportedFill(strategy_id="Big", symbol="AAPL", side="buy", qty=1, price=100.0, ts=MARCH_16)


class Desk:
    """A tenant with a trading client, in memory."""

    def __init__(self) -> None:
        self.cycles = FakeCycleStore()
        self.clock = FakeClock()
        store = FakeTradingStore(self.cycles)
        self._run_cycle = RunCycle(self.cycles, self.clock, CountedIds(), OneCalendar(AlwaysOpen()))
        self.pauses: list[int] = []
        commits = Commits(self.pauses.append)
        self.signals = RedeemSignals(store, self.clock, commits)
        self.fills = RecordFills(store, FakeLedger(self.cycles), self.clock, commits)

    def cycle(
        self,
        buying_power: float | None = BUYING_POWER,
        as_of: datetime | None = None,
        proposed: Any = PROPOSED,
        ledger_version: int | None = None,
        account: dict[str, Any] | None = None,
        market: Mapping[str, float] = MARKET,
    ) -> dict[str, dict[str, Any]]:
        async def propose(*_: Any) -> Any:
            return [read_signal(name, signal) for name, signal in proposed.items()]

        known = {"equity": BUYING_POWER, "as_of": as_of or self.clock.time}
        known |= {} if buying_power is None else {"buying_power": buying_power}
        known |= {} if ledger_version is None else {"ledger_version": ledger_version}
        given = GivenInputs(
            {symbol: {"price": price} for symbol, price in market.items()}, known if account is None else account
        )
        request = CycleRequest(tenant_id="acme", propose=propose, given=given)
        result = asyncio.run(self._run_cycle.run(request))
        assert result is not None
        return result.signals

    def redeem(self, nonce: str, key: str | None = None, uid: str = "ann") -> Redemption:
        return self.signals.redeem("acme", uid, nonce, key, {})

    def fill(self, redemption: Redemption, qty: float, price: float = 100.0, **fields: Any) -> FillStatus:
        fill = ReportedFill(
            strategy_id=redemption.strategy_id,
            symbol=redemption.symbol,
            side=redemption.action.lower(),
            qty=qty,
            price=price,
            ts=self.clock.time,
            nonce=redemption.nonce,
        )
        return self.report([replace(fill, **fields)])[0].status

    def report(self, fills: list[ReportedFill]) -> list[FillResult]:
        return self.fills.run("acme", "ann", fills, {}).results

    def current(self) -> CurrentSession:
        return CurrentSession.from_document(self.cycles.documents["tenants/acme/state/session"])

    def ledger_version(self) -> int:
        return int(self.cycles.documents.get("tenants/acme/state/session", {}).get("ledger_version") or 0)

    def held(self) -> float:
        return self.current().held(self.clock.time)

    def put_policy(self, **settings_: Any) -> None:
        self.cycles.put("tenants/acme/config/maestro", settings_)

    def ledger(self) -> list[Document]:
        return [one for path, one in self.cycles.documents.items() if path.startswith("tenants/acme/ledger_trades/")]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def refused(desk: Desk, nonce: str, **how: Any) -> ReasonCode:
    with pytest.raises(RefusedError) as caught:
        desk.redeem(nonce, **how)
    return caught.value.reason_code


def test_a_redeemed_buy_reserves_its_notional_and_an_exit_nothing(desk: Desk) -> None:
    signals = desk.cycle()
    redemption = desk.redeem(signals["Big"]["nonce"])
    assert (redemption.notional, redemption.symbol, redemption.agent_id) == (6_000.0, "AAPL", "acme_Big")
    assert redemption.lapses_at == MARCH_16 + timedelta(minutes=15)
    assert desk.redeem(signals["Exit"]["nonce"]).notional == 0.0
    assert desk.held() == 6_000.0


def test_what_is_not_to_be_traded_is_refused(desk: Desk) -> None:
    old = desk.cycle()
    signals = desk.cycle()
    assert refused(desk, signals["Idle"]["nonce"]) is ReasonCode.NOT_REDEEMABLE
    assert refused(desk, old["Big"]["nonce"]) is ReasonCode.SESSION_SUPERSEDED
    assert refused(desk, "f" * 32) is ReasonCode.SIGNAL_UNKNOWN
    desk.clock.time += timedelta(seconds=299)
    desk.redeem(signals["Small"]["nonce"])
    desk.clock.time += timedelta(seconds=1)
    assert refused(desk, signals["Exit"]["nonce"]) is ReasonCode.SIGNAL_EXPIRED
    assert desk.held() == 3_000.0


def test_a_shadowed_strategys_signal_is_refused(desk: Desk) -> None:
    desk.put_policy(insufficient_data_mode="SHADOW_MODE")
    assert refused(desk, desk.cycle()["Big"]["nonce"]) is ReasonCode.NOT_REDEEMABLE


def test_before_the_first_cycle_there_is_nothing_to_redeem(desk: Desk) -> None:
    assert refused(desk, "f" * 32) is ReasonCode.SIGNAL_UNKNOWN
    assert desk.signals.latest("acme") is None


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"trading_state": "HALT"}, ReasonCode.TRADING_HALTED),
        ({"trading_state": "HALT", "trading_state_until": MARCH_16 + timedelta(hours=1)}, ReasonCode.TRADING_HALTED),
        ({"trading_state": "REDUCE_ONLY"}, ReasonCode.REDUCE_ONLY),
        ({"disabled_strategies": ["Big"]}, ReasonCode.DISABLED_BY_POLICY),
        ({"disabled_strategies": {"Big": MARCH_16 + timedelta(hours=1)}}, ReasonCode.DISABLED_BY_POLICY),
        ({"base_capital": -1}, ReasonCode.MALFORMED_POLICY),
    ],
)
def test_a_policy_that_changed_since_holds_for_buys_and_never_blocks_an_exit(
    desk: Desk, policy: dict[str, Any], reason: ReasonCode
) -> None:
    signals = desk.cycle()
    desk.put_policy(**policy)
    assert refused(desk, signals["Big"]["nonce"]) is reason
    assert desk.redeem(signals["Exit"]["nonce"]).status is RedemptionStatus.RESERVED


def test_a_trading_state_that_ended_is_run_again(desk: Desk) -> None:
    desk.put_policy(trading_state="HALT", trading_state_until=MARCH_16 - timedelta(seconds=1))
    signals = desk.cycle()
    assert signals["Big"]["action"] == "BUY"
    desk.redeem(signals["Big"]["nonce"])


def test_unknown_buying_power_is_not_spent(desk: Desk) -> None:
    assert refused(desk, desk.cycle(buying_power=None)["Big"]["nonce"]) is ReasonCode.BUYING_POWER_UNKNOWN


@pytest.mark.parametrize(
    "figures",
    [
        {"equity": 50_000.0, "buying_power": -1_234.5},
        {"equity": "50000.123456789012", "buying_power": "-1234.5"},
        {"equity": -500.0, "buying_power": 10_000.0},
        {"equity": None, "buying_power": -1.0},
        {"equity": 50_000.0, "buying_power": 0.0},
    ],
)
def test_an_account_in_a_margin_call_gets_no_entry_and_every_exit(desk: Desk, figures: dict[str, Any]) -> None:
    shorts = {"Cover": {"action": "BUY", "ticker": "AAPL", "allocation": 0.5}}
    signals = desk.cycle(account=figures | {"positions": []}, proposed=PROPOSED | shorts)
    assert {signals[name]["notional"] for name in ("Big", "Small", "Cover")} == {0.0}
    assert desk.current().buying_power.usd == 0.0
    assert refused(desk, signals["Big"]["nonce"]) is ReasonCode.INSUFFICIENT_BUYING_POWER
    assert desk.redeem(signals["Exit"]["nonce"]).action == "SELL"


def test_an_account_of_unknown_equity_trades_on_its_buying_power_and_observes_nothing(desk: Desk) -> None:
    desk.put_policy(max_drawdown=0.1, breaker_confirmations=1)
    desk.cycle()
    before = desk.current().breaker
    desk.clock.time += timedelta(minutes=5)
    signals = desk.cycle(account={"equity": None, "buying_power": BUYING_POWER})
    assert desk.redeem(signals["Big"]["nonce"]).notional == 6_000.0
    assert desk.current().breaker == before


def test_equity_below_0_trips_the_breaker(desk: Desk) -> None:
    desk.put_policy(max_drawdown=0.9, breaker_confirmations=1)
    desk.cycle()
    desk.clock.time += timedelta(minutes=5)
    signals = desk.cycle(account={"equity": "-0.01", "buying_power": BUYING_POWER})
    assert signals["Big"]["action"] == "HOLD"
    assert desk.current().breaker.reason_code is ReasonCode.ACCOUNT_DRAWDOWN


def test_buying_power_that_others_hold_is_not_spent_again(desk: Desk) -> None:
    first = desk.cycle()
    desk.redeem(first["Big"]["nonce"])
    second = desk.cycle()
    assert refused(desk, second["Big"]["nonce"]) is ReasonCode.INSUFFICIENT_BUYING_POWER
    desk.redeem(second["Small"]["nonce"])
    desk.signals.release("acme", "ann", first["Big"]["nonce"])
    desk.redeem(second["Big"]["nonce"])
    assert desk.held() == 9_000.0


def test_a_nonce_is_redeemed_once_and_the_same_request_gets_the_first_answer(desk: Desk) -> None:
    nonce = desk.cycle()["Big"]["nonce"]
    first = desk.redeem(nonce, key="k1")
    desk.fill(first, 10)
    assert desk.redeem(nonce, key="k1") == first
    assert refused(desk, nonce, key="k2") is ReasonCode.ALREADY_REDEEMED
    assert refused(desk, nonce) is ReasonCode.ALREADY_REDEEMED
    assert refused(desk, nonce, key="k1", uid="bob") is ReasonCode.ALREADY_REDEEMED
    desk.cycle()
    desk.clock.time += timedelta(seconds=299)
    assert desk.redeem(nonce, key="k1") == first, "also after the session is over"


def withdraw_by_policy(desk: Desk, **settings_: Any) -> None:
    desk.put_policy(**settings_)


def withdraw_by_breaker(desk: Desk) -> None:
    tripped = BreakerState(tripped_until=MARCH_16 + timedelta(hours=1), reason_code=ReasonCode.DAILY_LOSS)
    session = desk.cycles.documents["tenants/acme/state/session"]
    desk.cycles.put("tenants/acme/state/session", {**session, "breaker": tripped.to_document()})


def withdraw_by_time(desk: Desk, **time: int) -> None:
    desk.clock.time += timedelta(**time)


@pytest.mark.parametrize(
    ("withdraw", "why"),
    [
        (partial(withdraw_by_policy, trading_state="HALT"), "trading is halted: exits only"),
        (partial(withdraw_by_policy, trading_state="REDUCE_ONLY"), "trading state is REDUCE_ONLY: exits only"),
        (partial(withdraw_by_policy, typo=1), "the policy cannot be read"),
        (partial(withdraw_by_policy, disabled_strategies=["Big"]), "Big was disabled since"),
        (withdraw_by_breaker, "account breaker tripped by daily loss"),
        (partial(withdraw_by_time, minutes=5), "it expired at 2020-03-16T20:00:00"),
        (partial(withdraw_by_time, minutes=15), "it lapsed at 2020-03-16T20:10:00"),
    ],
)
def test_a_redeemed_entry_that_was_withdrawn_since_is_not_answered_trade_it(
    desk: Desk, withdraw: Callable[[Desk], None], why: str
) -> None:
    """A client whose first answer was lost asks again: for an entry it must not send an order that it did not send."""
    signals = desk.cycle()
    desk.redeem(signals["Big"]["nonce"], key="entry")
    first = desk.redeem(signals["Exit"]["nonce"], key="exit")
    withdraw(desk)
    with pytest.raises(RefusedError, match="if no order was sent, send none and release it; it holds ") as caught:
        desk.redeem(signals["Big"]["nonce"], key="entry")
    assert caught.value.reason_code is ReasonCode.ENTRY_WITHDRAWN
    assert why in caught.value.detail
    assert desk.redeem(signals["Exit"]["nonce"], key="exit") == first, "an exit is never withdrawn"
    desk.signals.release("acme", "ann", signals["Big"]["nonce"])
    assert desk.held() == 0.0


def test_a_key_belongs_to_one_request(desk: Desk) -> None:
    signals = desk.cycle()
    first = desk.redeem(signals["Big"]["nonce"], key="k")
    assert refused(desk, signals["Small"]["nonce"], key="k") is ReasonCode.IDEMPOTENCY_KEY_REUSED
    assert desk.redeem(signals["Big"]["nonce"], key="k") == first
    assert desk.redeem(signals["Small"]["nonce"], key="k", uid="bob").notional == 3_000.0, "keys are the caller's own"


def test_a_released_signal_is_not_answered_again(desk: Desk) -> None:
    nonce = desk.cycle()["Big"]["nonce"]
    desk.redeem(nonce, key="k1")
    desk.signals.release("acme", "ann", nonce)
    assert refused(desk, nonce, key="k1") is ReasonCode.ALREADY_REDEEMED


def test_a_strategy_may_leave_everything_it_has(desk: Desk) -> None:
    desk.cycle()
    everything = desk.cycle(proposed={"Exit": {"action": "CLOSE_ALL"}})["Exit"]
    redemption = desk.redeem(everything["nonce"])
    assert (redemption.action, redemption.symbol) == ("SELL", "")
    assert desk.fill(redemption, 5, symbol="KO", broker_fill_id="b1") is FillStatus.RECORDED
    assert desk.fill(redemption, 5, symbol="PEP", broker_fill_id="b2", is_order_complete=True) is FillStatus.RECORDED


def test_without_a_key_even_a_repetition_is_refused(desk: Desk) -> None:
    nonce = desk.cycle()["Big"]["nonce"]
    desk.redeem(nonce)
    assert refused(desk, nonce) is ReasonCode.ALREADY_REDEEMED


def test_a_killed_client_holds_its_buying_power_until_it_lapses(desk: Desk) -> None:
    signals = desk.cycle()
    desk.redeem(signals["Big"]["nonce"])
    desk.clock.time += timedelta(minutes=14, seconds=59)
    assert refused(desk, desk.cycle()["Big"]["nonce"]) is ReasonCode.INSUFFICIENT_BUYING_POWER
    desk.clock.time += timedelta(seconds=1)
    desk.redeem(desk.cycle()["Big"]["nonce"])
    assert desk.held() == 6_000.0


def test_what_is_filled_is_spent_until_a_newer_account_says_so(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.fill(redemption, 20)
    assert desk.held() == 6_000.0, "2 000 spent, 4 000 reserved"
    desk.fill(redemption, 20, order_id="o", is_order_complete=True)
    assert desk.held() == 4_000.0, "the order is over: what it did not use is free"
    desk.clock.time += timedelta(minutes=20)
    assert desk.held() == 4_000.0, "a fill does not lapse"
    desk.cycle(buying_power=6_000.0)
    assert desk.held() == 0.0, "the broker's own figure counts it now"


def test_a_young_account_may_not_know_of_a_fill_yet(desk: Desk) -> None:
    """A clock that is a minute ahead dates what it read before the fill after it."""
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.fill(redemption, 60)
    desk.clock.time += timedelta(seconds=2)
    ahead = desk.clock.time + timedelta(seconds=57)
    assert refused(desk, desk.cycle(as_of=ahead)["Big"]["nonce"]) is ReasonCode.INSUFFICIENT_BUYING_POWER
    assert desk.held() == 6_000.0
    desk.clock.time += timedelta(seconds=57)
    desk.cycle(buying_power=4_000.0, as_of=desk.clock.time)
    assert desk.held() == 6_000.0, "59 s after the fill it is still not certain"
    desk.clock.time += timedelta(seconds=2)
    desk.cycle(buying_power=4_000.0)
    assert desk.held() == 0.0


def test_a_version_tells_exactly_which_fills_an_account_knows_of(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    desk.fill(redemption, 40)
    version = desk.current().ledger_version
    desk.fill(redemption, 5)
    desk.clock.time += timedelta(seconds=1)
    desk.cycle(buying_power=6_000.0, ledger_version=version)
    assert desk.held() == 1_500.0 + 500.0, "the first fill is in it, the second is not, the rest is reserved"
    desk.fill(redemption, 15)
    assert desk.held() == 2_000.0
    desk.cycle(buying_power=4_000.0, ledger_version=version + 2)
    assert desk.held() == 0.0


@pytest.mark.parametrize(("field", "value"), [("ledger_version", 9), ("as_of", MARCH_16 + timedelta(seconds=61))])
def test_an_account_of_a_future_that_nobody_knows_is_not_taken(desk: Desk, field: str, value: Any) -> None:
    desk.cycle()
    signals = desk.cycle(**{field: value})
    assert signals["Big"]["action"] == "HOLD"
    assert desk.current().buying_power.usd is None
    assert desk.current().buying_power.as_of == MARCH_16, "and latches nothing"
    assert desk.cycle()["Big"]["action"] == "BUY"


def test_an_older_account_never_replaces_a_newer_one(desk: Desk) -> None:
    desk.cycle(buying_power=6_000.0)
    desk.cycle(buying_power=10_000.0, as_of=MARCH_16 - timedelta(seconds=10))
    assert desk.current().buying_power.usd == 6_000.0


def test_a_session_from_before_versions_still_counts_what_it_spent(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    session = desk.cycles.documents["tenants/acme/state/session"]
    old = {"notional": 2_000.0, "lapses_at": redemption.lapses_at, "spent": 4_000.0, "spent_at": MARCH_16}
    kept = {name: session[name] for name in ("session_id", "buying_power", "buying_power_as_of")}
    desk.cycles.put("tenants/acme/state/session", {**kept, "reservations": {redemption.nonce: old}})
    assert desk.held() == 6_000.0


@pytest.mark.parametrize(
    ("ts", "limit"),
    [
        (MARCH_16 + timedelta(seconds=61), r"fills.0.ts must be at most 60 s ahead of the server's clock, 2020-03-16T"),
        (MARCH_16 - timedelta(days=7, seconds=1), r"fills.0.ts must be at most 7 days ago \(max_fill_age_days\)"),
        (datetime(1970, 1, 21, tzinfo=UTC), "make maestro ARGS=backfill, was '1970-01-21T00:00:00"),
    ],
)
def test_a_fill_that_happened_at_no_likely_time_is_refused_with_its_batch(desk: Desk, ts: datetime, limit: str) -> None:
    good = replace(FILL, broker_fill_id="good", ts=MARCH_16)
    with pytest.raises(InputError, match=limit):
        desk.report([replace(FILL, broker_fill_id="odd", ts=ts), good])
    assert desk.ledger() == []


def test_a_late_repeat_of_a_fill_is_known_whatever_its_age(desk: Desk) -> None:
    fill = replace(FILL, broker_fill_id="once", ts=MARCH_16)
    assert desk.report([fill])[0].status is FillStatus.RECORDED
    desk.clock.time += timedelta(days=30)
    assert desk.report([fill])[0].status is FillStatus.DUPLICATE


def test_the_policy_says_how_old_a_fill_may_be(desk: Desk) -> None:
    desk.put_policy(max_fill_age_days=30)
    old = replace(FILL, broker_fill_id="old", ts=MARCH_16 - timedelta(days=29))
    assert desk.report([old])[0].status is FillStatus.RECORDED


def test_a_backfill_is_of_any_age_and_holds_no_buying_power(desk: Desk) -> None:
    desk.cycle()
    old = replace(FILL, broker_fill_id="old", ts=MARCH_16 - timedelta(days=900))
    recorded = desk.fills.run("acme", "ann", [old], {}, is_backfill=True)
    assert ([one.status for one in recorded.results], recorded.ledger_version) == ([FillStatus.RECORDED], 1)
    assert desk.held() == 0.0
    ahead = replace(old, broker_fill_id="ahead", ts=MARCH_16 + timedelta(days=1))
    with pytest.raises(InputError, match="ahead"):
        desk.fills.run("acme", "ann", [ahead], {}, is_backfill=True)


def test_of_many_fills_the_oldest_count_as_one(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    for number in range(MOST_SPENDINGS + 50):
        desk.fill(redemption, 0.1, broker_fill_id=str(number))
    assert len(desk.current().spendings) == MOST_SPENDINGS
    assert desk.held() == pytest.approx(6_000.0)
    desk.cycle(ledger_version=51)
    assert desk.held() == pytest.approx(6_000.0 - 51 * 10), "those 51 are in the account together"


def test_fills_are_recorded_once_in_any_order_and_never_lost(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    assert desk.fill(redemption, 10, broker_fill_id="b2") is FillStatus.RECORDED
    assert desk.fill(redemption, 10, broker_fill_id="b1") is FillStatus.RECORDED
    assert desk.fill(redemption, 10, broker_fill_id="b2") is FillStatus.DUPLICATE
    assert desk.fill(redemption, 11, broker_fill_id="b2") is FillStatus.REJECTED
    assert desk.fill(redemption, 10, side="sell", broker_fill_id="b3") is FillStatus.REJECTED
    desk.signals.release("acme", "ann", redemption.nonce)
    assert desk.held() == 2_000.0
    assert desk.fill(redemption, 10, broker_fill_id="late") is FillStatus.RECORDED
    assert desk.held() == 3_000.0
    assert [one["qty"] for one in desk.ledger()] == [10, 10, 10]


def test_an_overfill_and_a_fill_without_redemption_are_recorded_and_reported(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    fill = ReportedFill(
        strategy_id="Big", symbol="AAPL", side="buy", qty=70, price=100.0, ts=MARCH_16, nonce=redemption.nonce
    )
    stranger = replace(fill, nonce="f" * 32)
    results = desk.report([fill, stranger, replace(fill, nonce=None, broker_fill_id="x")])
    assert [one.status for one in results] == [FillStatus.RECORDED] * 3
    assert [one.reason_code for one in results] == [ReasonCode.OVERFILLED, ReasonCode.NOT_IN_A_REDEMPTION, None]
    assert desk.held() == 21_000.0, "what was bought is spent, redeemed or not: no BUY until an account says otherwise"
    assert len(desk.ledger()) == 3


def test_the_same_fill_twice_in_one_batch_is_recorded_once(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"])
    fill = ReportedFill(
        strategy_id="Big", symbol="AAPL", side="buy", qty=1, price=100.0, ts=MARCH_16, nonce=redemption.nonce
    )
    assert [one.status for one in desk.report([fill, fill])] == ["RECORDED", "DUPLICATE"]
    assert desk.held() == 6_000.0


def test_releasing_again_changes_nothing_and_what_was_filled_or_never_redeemed_cannot_be_released(desk: Desk) -> None:
    signals = desk.cycle()
    redemption = desk.redeem(signals["Big"]["nonce"])
    released = desk.signals.release("acme", "ann", redemption.nonce)
    desk.clock.time += timedelta(seconds=1)
    assert desk.signals.release("acme", "ann", redemption.nonce) == released
    filled = desk.redeem(signals["Small"]["nonce"])
    desk.fill(filled, 30)
    with pytest.raises(RefusedError, match="ALREADY_FILLED"):
        desk.signals.release("acme", "ann", filled.nonce)
    with pytest.raises(RefusedError, match="NOT_REDEEMED"):
        desk.signals.release("acme", "ann", signals["Exit"]["nonce"])


def test_only_who_redeemed_or_an_admin_releases(desk: Desk) -> None:
    redemption = desk.redeem(desk.cycle()["Big"]["nonce"], uid="ann")
    with pytest.raises(RefusedError, match="NOT_YOUR_REDEMPTION"):
        desk.signals.release("acme", "bob", redemption.nonce)
    assert desk.held() == 6_000.0
    assert desk.signals.release("acme", "root", redemption.nonce, is_admin=True).status == "RELEASED"
    assert desk.held() == 0.0


def test_a_tripped_breaker_holds_at_redemption_and_lets_exits_pass(desk: Desk) -> None:
    signals = desk.cycle()
    withdraw_by_breaker(desk)
    assert refused(desk, signals["Big"]["nonce"]) is ReasonCode.DAILY_LOSS
    assert desk.redeem(signals["Exit"]["nonce"]).action == "SELL"


@pytest.mark.parametrize(
    "account",
    [
        {"as_of": MARCH_16 - timedelta(hours=1), "equity": 1.0},
        {"as_of": MARCH_16 + timedelta(hours=1), "equity": 1.0},
        {"equity": "much"},
        {},
    ],
)
def test_breakers_do_not_count_a_snapshot_that_is_stale_of_the_future_malformed_or_empty(
    desk: Desk, account: dict[str, Any]
) -> None:
    desk.put_policy(max_drawdown=0.1, breaker_confirmations=1)
    desk.cycle()
    before = desk.current().breaker
    desk.clock.time += timedelta(seconds=1)
    desk.cycle(account=account)
    assert desk.current().breaker == before
    desk.cycle(account={"equity": 1.0})
    assert desk.current().breaker.reason_code is ReasonCode.ACCOUNT_DRAWDOWN


def test_a_cycle_that_comes_first_supersedes_the_signal(desk: Desk) -> None:
    nonce = desk.cycle()["Big"]["nonce"]
    desk.cycles.before_commit.append(desk.cycle)
    assert refused(desk, nonce) is ReasonCode.SESSION_SUPERSEDED
    assert desk.held() == 0.0
    assert desk.pauses == [0]


def test_with_too_many_writers_the_client_is_told_to_try_again(desk: Desk) -> None:
    nonce = desk.cycle()["Big"]["nonce"]
    session = "tenants/acme/state/session"
    desk.cycles.before_commit = [lambda: desk.cycles.put(session, desk.cycles.documents[session])] * 40
    assert refused(desk, nonce) is ReasonCode.CONTENTION


def test_a_damaged_session_redeems_nothing_and_answers_exits_again(desk: Desk) -> None:
    signals = desk.cycle()
    first = desk.redeem(signals["Exit"]["nonce"], key="exit")
    desk.cycles.documents["tenants/acme/state/session"]["reservations"] = {"x": 1}
    with pytest.raises(StoreUnavailable):
        desk.redeem(signals["Big"]["nonce"])
    assert desk.redeem(signals["Exit"]["nonce"], key="exit") == first


class Interleavings(RuleBasedStateMachine):
    """Cycles, clients, fills and time in any order."""

    @initialize()
    def start(self) -> None:
        self.desk = Desk()
        self.account: dict[str, Any] = {"buying_power": BUYING_POWER, "as_of": self.desk.clock.time}
        self.issued = self.desk.cycle()
        self.redeemed: dict[str, Redemption] = {}
        self.filled: dict[str, float] = {}
        self.over: set[str] = set()
        self.late = 0.0
        """What was filled after its reservation was over: facts, which no gate can refuse, USD."""

    @rule(offset=st.integers(-60, 60), is_versioned=st.booleans())
    def hear_from_the_broker(self, offset: int, is_versioned: bool) -> None:
        """What was there, less what was bought, by some client's clock."""
        self.account = {
            "buying_power": max(0.0, BUYING_POWER - sum(self.filled.values())),
            "as_of": self.desk.clock.time + timedelta(seconds=offset),
            "ledger_version": self.desk.current().ledger_version if is_versioned else None,
        }

    @rule()
    def run_cycle(self) -> None:
        self.issued = self.desk.cycle(**self.account)

    @rule(name=st.sampled_from(sorted(PROPOSED)))
    def redeem(self, name: str) -> None:
        nonce = self.issued[name]["nonce"]
        before = self.desk.held()
        try:
            redemption = self.desk.redeem(nonce)
        except RefusedError:
            assert self.desk.held() == pytest.approx(before)
            return
        assert nonce not in self.redeemed, "a nonce is redeemed once"
        self.redeemed[nonce] = redemption
        if not redemption.notional:
            return  # an exit is never blocked
        current = self.desk.current()
        assert current.held(self.desk.clock.time) <= (current.buying_power.usd or 0.0) * (1 + 1e-9)
        spent = sum(self.filled.values())
        assert spent + self.reserved() <= BUYING_POWER + self.late + 1e-6, "no dollar is promised twice"

    def reserved(self) -> float:
        """Return what open orders may still spend, USD, by the test's own books."""
        now = self.desk.clock.time
        live = [one for one in self.redeemed.values() if one.nonce not in self.over and now < one.lapses_at]
        return sum(max(0.0, one.notional - self.filled.get(one.nonce, 0.0)) for one in live)

    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        buys = [one for one in self.redeemed.values() if one.notional]
        if not buys:
            return
        redemption = data.draw(st.sampled_from(buys))
        left = redemption.notional - self.filled.get(redemption.nonce, 0.0)
        qty = data.draw(st.floats(0, 1)) * left / 100
        number = data.draw(st.integers(0, 3))
        if qty > 0 and self.desk.fill(redemption, qty, broker_fill_id=f"{redemption.nonce}-{number}") == "RECORDED":
            self.filled[redemption.nonce] = self.filled.get(redemption.nonce, 0.0) + qty * 100
            is_late = redemption.nonce in self.over or self.desk.clock.time >= redemption.lapses_at
            self.late += qty * 100 if is_late else 0.0

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.redeemed:
            nonce = data.draw(st.sampled_from(sorted(self.redeemed)))
            with contextlib.suppress(RefusedError):
                self.desk.signals.release("acme", "ann", nonce)
                self.over.add(nonce)

    @rule(seconds=st.sampled_from([1, 30, 59, 100, 290, 901]))
    def wait(self, seconds: int) -> None:
        self.desk.clock.time += timedelta(seconds=seconds)

    @invariant()
    def the_ledger_holds_every_recorded_fill_once(self) -> None:
        if hasattr(self, "desk"):
            in_ledger = sum(one["qty"] * one["price"] for one in self.desk.ledger())
            assert in_ledger == pytest.approx(sum(self.filled.values()), abs=1e-6)


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=100, stateful_step_count=30)
