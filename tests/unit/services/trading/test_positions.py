"""What is promised about positions, from the cycle to the fill, on the real services: one test per promise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.modes import ModeState
from functions.domain.trading.redemption import RedemptionStatus
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.services.kernel.commits import Commits
from functions.services.trading.record_fills import RecordFills
from tests.fakes import MARCH_16, FakeLedger, FakeTradingStore
from tests.unit.services.trading.test_redeem_signals import Desk, refused

POSITIONS = "tenants/acme/state/positions"
SELL_KO, BUY_KO = {"action": "SELL", "ticker": "KO"}, {"action": "BUY", "ticker": "KO", "allocation": 0.1}
MARKET = {"AAPL": 100.0, "KO": 40.0}


def desk_with(**held: float) -> Desk:
    """Return a tenant whose open book says what strategies hold of KO, units."""
    desk = Desk()
    book = PositionBook(opened_at=MARCH_16)
    for name, qty in held.items():
        book = book.with_fill(name, "KO", qty, 40.0)
    desk.cycles.put(POSITIONS, book.to_document(MARCH_16))
    return desk


def held(desk: Desk, name: str, symbol: str = "KO") -> float:
    return PositionBook.from_document(desk.cycles.documents[POSITIONS]).holding(name, symbol).qty


def cycle(desk: Desk, proposed: dict[str, Any], **how: Any) -> dict[str, dict[str, Any]]:
    return desk.cycle(proposed=proposed, market=MARKET, **how)


def shadow(desk: Desk, *names: str) -> None:
    state = ModeState(AgentMode.SHADOW_MODE, MARCH_16, ReasonCode.SHARPE_BELOW_SHADOW)
    desk.cycles.put("tenants/acme/state/modes", modes_document(dict.fromkeys(names, state), MARCH_16))


@pytest.mark.parametrize("allow_shorts", [True, False])
@pytest.mark.parametrize("state", ["RUN", "HALT", "REDUCE_ONLY"])
def test_a_sell_that_is_known_to_meet_nothing_is_held_with_its_reason(state: str, allow_shorts: bool) -> None:
    desk = desk_with(Other=5.0)
    desk.put_policy(trading_state=state, allow_shorts=allow_shorts)
    signal = cycle(desk, {"A": SELL_KO})["A"]
    found = (signal["action"], signal["intent"], signal["reason_code"])
    assert found == ("HOLD", "NOTHING", "NOTHING_TO_EXIT")
    assert refused(desk, signal["nonce"]) is ReasonCode.NOT_REDEEMABLE


def test_a_short_is_an_entry_where_the_policy_allows_it_and_nothing_where_not() -> None:
    desk = desk_with()
    short = {"A": {**SELL_KO, "allocation": 0.5}}
    assert cycle(desk, short)["A"]["reason_code"] == "NOTHING_TO_EXIT"
    desk.put_policy(allow_shorts=True)
    signal = cycle(desk, short)["A"]
    assert (signal["action"], signal["intent"], signal["notional"]) == ("SELL", "ENTRY", 5_000.0)
    desk.put_policy(allow_shorts=False)
    assert refused(desk, signal["nonce"]) is ReasonCode.SHORTS_NOT_ALLOWED
    desk.put_policy(allow_shorts=True, trading_state="HALT")
    assert refused(desk, signal["nonce"]) is ReasonCode.TRADING_HALTED
    assert cycle(desk, short)["A"]["reason_code"] == "TRADING_HALTED"
    desk.put_policy(allow_shorts=True)
    first, second = (cycle(desk, short)["A"] for _ in range(2))
    assert refused(desk, first["nonce"]) is ReasonCode.SESSION_SUPERSEDED
    assert desk.redeem(second["nonce"]).notional == 5_000.0
    assert desk.held() == 5_000.0


def test_a_short_that_is_under_way_makes_no_second_sell_an_exit() -> None:
    """An exit always passes, without buying power: a short that is repeated before its fill came is an entry still."""
    desk = desk_with()
    desk.put_policy(allow_shorts=True)
    short = {"A": {**SELL_KO, "allocation": 0.5}}
    desk.redeem(cycle(desk, short)["A"]["nonce"])
    assert cycle(desk, short)["A"]["intent"] == "ENTRY"
    desk.put_policy(allow_shorts=True, trading_state="HALT")
    assert cycle(desk, short)["A"]["reason_code"] == "TRADING_HALTED"


@pytest.mark.parametrize("trouble", ["HALT", "stale account", "no account", "systemic risk", "SHADOW_MODE", "disabled"])
def test_a_buy_that_covers_a_short_passes_whole_whatever_the_trouble(trouble: str) -> None:
    desk = desk_with(A=-100.0, B=1.0, C=1.0, D=1.0)
    how: dict[str, Any] = {}
    match trouble:
        case "HALT":
            desk.put_policy(trading_state="HALT")
        case "stale account":
            how = {"as_of": MARCH_16 - timedelta(hours=1)}
        case "no account":
            how = {"account": "nothing"}
        case "SHADOW_MODE":
            shadow(desk, "A")
        case "disabled":
            desk.put_policy(disabled_strategies=["A"])
    others = dict.fromkeys("BCD", SELL_KO) if trouble == "systemic risk" else {}
    signal = cycle(desk, {"A": {**BUY_KO, "qty": 100}, **others}, **how)["A"]
    assert (signal["action"], signal["intent"], signal["max_qty"]) == ("BUY", "EXIT", 100.0)
    redemption = desk.redeem(signal["nonce"])
    assert (redemption.max_qty, redemption.notional, desk.held()) == (100.0, 0.0, 0.0)
    assert desk.fill(redemption, 100.0, price=40.0) is FillStatus.RECORDED
    assert held(desk, "A") == 0.0


def test_a_cover_carries_what_it_costs_whatever_the_spelling_of_its_price() -> None:
    desk = Desk()
    book = PositionBook(opened_at=MARCH_16).with_fill("A", "BTCUSD", -0.25, 8_000.0)
    desk.cycles.put(POSITIONS, book.to_document(MARCH_16))
    proposed = {"A": {"action": "CLOSE_ALL", "ticker": "btc-usd"}}
    signal = desk.cycle(proposed=proposed, market={"BTC/USD": 8_000.0})["A"]
    assert (signal["action"], signal["max_qty"], signal["allocation"]) == ("BUY", 0.25, 0.2)
    unpriced = desk.cycle(proposed=proposed, market={"KO": 50.0})["A"]
    assert (unpriced["max_qty"], unpriced["allocation"]) == (0.25, 0.0), "whoever multiplies must not flip"


def test_a_fill_far_beyond_a_position_is_recorded_and_reported_and_its_size_was_named() -> None:
    desk = desk_with(A=10.0)
    redemption = desk.redeem(cycle(desk, {"A": SELL_KO})["A"]["nonce"])
    assert redemption.max_qty == 10.0
    fill = desk.fill(redemption, 1_000_000.0, price=40.0)
    assert fill is FillStatus.RECORDED
    over = desk.current().overfills[-1]
    assert (over.strategy_id, over.symbol, over.side, over.qty) == ("A", "KO", "sell", 999_990.0)
    assert held(desk, "A") == -999_990.0
    assert desk.ledger()[0]["qty"] == 1_000_000.0


def test_what_no_strategy_bought_no_strategy_sees_or_sells() -> None:
    desk = desk_with(B=5.0)
    account = {"equity": 1e4, "buying_power": 1e4, "positions": [{"symbol": "KO", "qty": 105.0}], "as_of": MARCH_16}
    signals = cycle(desk, {"A": SELL_KO, "B": SELL_KO, "C": {"action": "CLOSE_ALL"}}, account=account)
    assert {name: (one["action"], one.get("max_qty")) for name, one in signals.items()} == {
        "A": ("HOLD", None),
        "B": ("SELL", 5.0),
        "C": ("HOLD", None),
    }


@pytest.mark.parametrize("mode", ["SHADOW_MODE", "DISABLED"])
def test_a_shadowed_or_disabled_strategy_leaves_what_it_bought_though_the_account_names_nobody(mode: str) -> None:
    desk = desk_with()
    desk.fill(desk.redeem(cycle(desk, {"A": BUY_KO})["A"]["nonce"]), 10.0, price=40.0, is_order_complete=True)
    if mode == "DISABLED":
        desk.put_policy(disabled_strategies=["A"])
    else:
        shadow(desk, "A")
    account = {"buying_power": 1e4, "positions": [{"symbol": "KO", "qty": 10.0}], "as_of": MARCH_16}
    signal = cycle(desk, {"A": SELL_KO}, account=account)["A"]
    assert (signal["action"], signal["max_qty"], signal["mode"]) == ("SELL", 10.0, "REDUCED")
    assert signal["reason_code"] == "LIVE_EXIT"
    assert desk.redeem(signal["nonce"]).max_qty == 10.0


def test_an_exit_that_is_under_way_is_not_counted_again() -> None:
    desk = desk_with(A=10.0, B=10.0, C=10.0)
    desk.redeem(cycle(desk, {"A": SELL_KO})["A"]["nonce"])
    take_profit = {"action": "SELL", "ticker": "KO", "allocation": 0.5}
    signals = cycle(desk, {"A": SELL_KO, "B": take_profit, "C": take_profit, "D": BUY_KO})
    assert (signals["A"]["action"], signals["A"]["reason_code"]) == ("HOLD", "EXIT_UNDER_WAY")
    assert (signals["B"]["max_qty"], signals["D"]["action"]) == (5.0, "BUY")


def test_positions_that_maestro_itself_flattens_are_no_systemic_risk() -> None:
    desk = desk_with(A=10.0, B=10.0, C=-10.0)
    desk.put_policy(on_shadow="flatten")
    shadow(desk, "A", "B", "C")
    hold = {"action": "HOLD"}
    signals = cycle(desk, {"A": hold, "B": hold, "C": hold, "D": BUY_KO})
    assert [signals[name]["action"] for name in "ABCD"] == ["SELL", "SELL", "BUY", "BUY"]
    assert all(signals[name]["max_qty"] == 10.0 for name in "ABC")


def test_a_guides_reader_without_fills_or_positions_gets_exits_and_the_systemic_rule() -> None:
    desk = Desk()
    signals = cycle(desk, {**dict.fromkeys("ABC", SELL_KO), "D": BUY_KO})
    assert [signals[name]["action"] for name in "ABCD"] == ["SELL", "SELL", "SELL", "HOLD"]
    assert signals["D"]["reason_code"] == "SYSTEMIC_RISK"
    assert all(desk.redeem(signals[name]["nonce"]).max_qty is None for name in "ABC")


@pytest.mark.parametrize("account", [{"buying_power": 1e4}, {"buying_power": 1e4, "positions": "everything"}])
def test_an_account_without_usable_positions_limits_no_unknown_exit(account: dict[str, Any]) -> None:
    desk = desk_with()
    desk.redeem(cycle(desk, {"A": BUY_KO})["A"]["nonce"])
    desk.clock.time += timedelta(hours=1)
    signal = cycle(desk, {"A": SELL_KO}, account=account)["A"]
    assert (signal["action"], signal["intent"], signal["max_qty"]) == ("SELL", "EXIT", None)
    assert desk.redeem(signal["nonce"]).max_qty is None


def test_an_exit_names_at_its_redemption_what_fills_left_since() -> None:
    desk = desk_with(A=10.0)
    signal = cycle(desk, {"A": SELL_KO})["A"]
    desk.report([ReportedFill(strategy_id="A", symbol="ko", side="sell", qty=4, price=40.0, ts=MARCH_16, nonce="f")])
    assert desk.redeem(signal["nonce"]).max_qty == 6.0


def test_a_signal_of_before_the_book_was_opened_is_sized_by_it() -> None:
    desk = Desk()
    signals = cycle(desk, {"A": SELL_KO, "B": SELL_KO})
    book = PositionBook(opened_at=MARCH_16).with_fill("A", "KO", 10.0, 40.0)
    desk.cycles.put(POSITIONS, book.to_document(MARCH_16))
    assert desk.redeem(signals["A"]["nonce"]).max_qty == 10.0
    assert refused(desk, signals["B"]["nonce"]) is ReasonCode.NOTHING_TO_EXIT


@pytest.mark.parametrize("qty", ["10", 3, "everything", [1]])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_session_of_before_intents_is_redeemed_and_a_strategys_own_qty_in_it_says_nothing(
    qty: Any, is_open: bool
) -> None:
    desk = desk_with(A=10.0) if is_open else Desk()
    signal = cycle(desk, {"A": SELL_KO, "B": BUY_KO})["A"]
    path = f"tenants/acme/sessions/{signal['session_id']}"
    session = desk.cycles.documents[path]
    old = session["signals_json"].replace('"intent":"EXIT",', "").replace('"max_qty":10.0', '"qty":null')
    old = old.replace('"qty":null', f'"qty":{str(qty) if not isinstance(qty, str) else chr(34) + qty + chr(34)}')
    desk.cycles.put(path, {**session, "signals_json": old})
    redemption = desk.redeem(signal["nonce"])
    assert (redemption.intent, redemption.max_qty) == ("EXIT", 10.0 if is_open else None)
    assert desk.fill(redemption, 10.0, price=40.0) is FillStatus.RECORDED


def test_an_exit_from_everything_ends_order_by_order() -> None:
    """The broker has one order for each symbol; the last fill of one says nothing of the others."""
    desk = desk_with(A=10.0)
    desk.report([ReportedFill(strategy_id="A", symbol="AAPL", side="buy", qty=3, price=100.0, ts=MARCH_16, nonce="f")])
    redemption = desk.redeem(cycle(desk, {"A": {"action": "SELL"}})["A"]["nonce"])
    assert redemption.max_qty_by_symbol == {"KO": 10.0, "AAPL": 3.0}
    desk.fill(redemption, 3.0, symbol="AAPL", is_order_complete=True)
    assert cycle(desk, {"A": SELL_KO})["A"]["reason_code"] == "EXIT_UNDER_WAY"
    desk.fill(redemption, 4.0, symbol="KO", is_order_complete=True)
    stored = desk.cycles.documents[f"tenants/acme/redemptions/{redemption.nonce}"]
    assert stored["status"] == RedemptionStatus.FILLED
    assert cycle(desk, {"A": SELL_KO})["A"]["max_qty"] == 6.0


def test_an_exit_from_everything_is_redeemed_for_what_is_no_longer_known() -> None:
    """The entry lapsed half filled, and was sold by hand: more of it may be there."""
    desk = desk_with()
    entry = desk.redeem(cycle(desk, {"A": BUY_KO})["A"]["nonce"])
    desk.fill(entry, 10.0, price=40.0)
    signal = cycle(desk, {"A": {"action": "SELL"}})["A"]
    assert signal["max_qty_by_symbol"] == {"KO": 10.0}
    desk.report([ReportedFill(strategy_id="A", symbol="KO", side="sell", qty=10, price=40.0, ts=MARCH_16, nonce="f")])
    assert desk.redeem(signal["nonce"]).max_qty_by_symbol == {"KO": 10.0}


def test_a_sale_beyond_the_reported_buys_of_an_open_entry_leaves_the_rest_unknown() -> None:
    desk = desk_with()
    entry = desk.redeem(cycle(desk, {"A": BUY_KO})["A"]["nonce"])
    desk.report([ReportedFill(strategy_id="A", symbol="KO", side="sell", qty=10, price=40.0, ts=MARCH_16, nonce="f")])
    assert held(desk, "A") == -10.0
    signal = cycle(desk, {"A": SELL_KO})["A"]
    assert (signal["action"], signal["intent"]) == ("SELL", "EXIT")
    desk.redeem(signal["nonce"])
    assert entry.is_entry


@pytest.mark.parametrize("name", ["intent", "max_qty", "max_qty_by_symbol"])
def test_a_strategys_own_fields_never_pass_for_maestros(name: str) -> None:
    desk = desk_with(A=10.0)
    signals = cycle(desk, {"A": {**SELL_KO, name: "EXIT"}, "B": {**BUY_KO, name: "EXIT"}})
    ours = {"intent": ("EXIT", "ENTRY"), "max_qty": (10.0, None)}.get(name, (None, None))
    assert (signals["A"].get(name), signals["B"].get(name)) == ours


@pytest.mark.parametrize("qty", ["10", 0, -3, float("nan"), float("inf"), True, None, [1], {"qty": 1}])
def test_a_qty_that_is_no_number_above_zero_is_none(qty: Any) -> None:
    desk = desk_with(A=10.0, B=-10.0)
    signals = cycle(desk, {"A": {**SELL_KO, "qty": qty}, "B": {**BUY_KO, "allocation": 1, "qty": qty}})
    assert (signals["A"]["max_qty"], signals["B"]["max_qty"]) == (10.0, 10.0)
    assert {desk.redeem(one["nonce"]).max_qty for one in signals.values()} == {10.0}


def test_an_exit_is_sized_again_over_what_another_client_committed_first() -> None:
    desk = desk_with(A=10.0)
    signal = cycle(desk, {"A": SELL_KO})["A"]
    hand = ReportedFill(strategy_id="A", symbol="KO", side="sell", qty=10, price=40.0, ts=MARCH_16, nonce="f")
    other = RecordFills(FakeTradingStore(desk.cycles), FakeLedger(desk.cycles), desk.clock, Commits(desk.pauses.append))
    desk.cycles.before_commit.append(lambda: other.run("acme", "ann", [hand], {}))
    with pytest.raises(RefusedError, match="NOTHING_TO_EXIT"):
        desk.redeem(signal["nonce"])


def test_a_cycle_that_lost_a_race_judges_again_what_the_redemption_left() -> None:
    desk = desk_with(A=10.0)
    first = cycle(desk, {"A": SELL_KO})["A"]
    desk.cycles.before_commit.append(lambda: desk.redeem(first["nonce"]))
    assert cycle(desk, {"A": SELL_KO})["A"]["reason_code"] == "EXIT_UNDER_WAY"
