"""A log read back as inputs: decided again under the same policy, every kind of signal becomes what it became."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import OnDrift, OnShadow, Policy, TradingState
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.lab.held_fixed import NO_PART, NOT_TOLD, WEIGHED, not_told
from functions.domain.lab.recorded_session import Issued, paper_exits, read_session
from functions.domain.lab.replayed_sessions import modes_after, replayed
from functions.domain.orchestration.decide import DecisionRequest, decide
from functions.domain.orchestration.drift import Difference, DriftKind, Drifts, Subject
from functions.domain.orchestration.inputs import Account, InputIssue
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.paper_costs import STATED
from functions.domain.orchestration.position_book import Holding, Order, PositionBook
from functions.domain.orchestration.signals import read_signal
from functions.domain.track_record.breakers import BreakerState
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.windows import PerformanceWindows
from tests.fakes import MARCH_16

BEGAN = MARCH_16 - timedelta(hours=15)
SHORTS = Policy(allow_shorts=True)
EXIT_ORDER = {"n": Order(strategy_id="A", symbol="KO", is_entry=False, lapses_at=MARCH_16 + timedelta(hours=1))}
MODE_REASONS = {
    AgentMode.ACTIVE: ReasonCode.SHARPE_HEALTHY,
    AgentMode.REDUCED: ReasonCode.SHARPE_BELOW_REDUCE,
    AgentMode.SHADOW_MODE: ReasonCode.SHARPE_BELOW_SHADOW,
}


def decided(
    proposals: dict[str, Any],
    held: dict[str, float] | None,
    policy: Policy = SHORTS,
    mode: AgentMode = AgentMode.ACTIVE,
    orders: dict[str, Order] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return the log of a decision; ``held`` is what A holds by symbol, None: the book is not open."""
    holdings = {("A", symbol): Holding(qty, 45.0, symbol) for symbol, qty in (held or {}).items()}
    book = PositionBook() if held is None else PositionBook(BEGAN, "ann", holdings, orders or {})
    state = ModeState(mode, BEGAN - timedelta(days=9), MODE_REASONS[mode])
    request = DecisionRequest(
        tenant_id="acme",
        session_id="maestro_1_0f",
        slot=None,
        now=MARCH_16,
        policy=policy,
        windows=PerformanceWindows.empty(),
        previous_modes=dict.fromkeys(proposals, state),
        breaker=BreakerState(),
        paper={},
        paper_costs=STATED,
        prices={"KO": 45.0, "XOM": 30.0},
        positions=KnownPositions(book, {}, MARCH_16),
        account=Account(equity=1e5, buying_power=5e4),
        issues=(),
        signals=[read_signal(name, one) for name, one in proposals.items()],
        load_errors={},
        new_nonce=str,
    )
    return decide(replace(request, **changes)).decision.to_firestore_doc()


def again(log: dict[str, Any], policy: Policy = SHORTS) -> tuple[dict[str, Issued], dict[str, Issued]]:
    """Return what was decided, and what is when the log is decided again."""
    session = read_session(log, MARCH_16.date(), BEGAN, {"P"})
    (found,) = replayed([session], modes_after(session), PerformanceWindows.empty(), lambda _: policy)
    return dict(session.issued), dict(found.issued)


def check_same(log: dict[str, Any], policy: Policy = SHORTS) -> dict[str, Issued]:
    was, now = again(log, policy)
    assert was.keys() == now.keys()
    for name, issued in was.items():
        assert issued.is_same(now[name]), (issued, now[name])
    return was


BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.3}
SELL = {"action": "SELL", "ticker": "KO"}
SIGNALS: dict[str, dict[str, Any]] = {
    "buy": BUY,
    "sell": SELL,
    "sell half": SELL | {"allocation": 0.5},
    "sell short": SELL | {"allocation": 0.2},
    "sell more than there is": SELL | {"allocation": 1.0, "qty": 40},
    "buy back some": BUY | {"allocation": 0.001},
    "buy more than is short": BUY | {"qty": 40},
    "close": {"action": "CLOSE_ALL", "ticker": "KO"},
    "close all": {"action": "CLOSE_ALL"},
    "hold": {"action": "HOLD"},
    "no signal": {"action": "SHOUT"},
}
POSITIONS: dict[str, dict[str, float] | None] = {
    "long": {"KO": 10.0},
    "short": {"KO": -10.0},
    "nothing": {},
    "nobody knows": None,
}
MODES = (AgentMode.ACTIVE, AgentMode.REDUCED, AgentMode.SHADOW_MODE)


@pytest.mark.parametrize(("signal", "position", "mode"), list(itertools.product(SIGNALS, POSITIONS, MODES)), ids=str)
@pytest.mark.parametrize("allow_shorts", [True, False])
def test_every_signal_becomes_again_what_it_became(
    signal: str, position: str, mode: AgentMode, allow_shorts: bool
) -> None:
    policy = Policy(allow_shorts=allow_shorts)
    log = decided({"A": SIGNALS[signal], "B": BUY}, POSITIONS[position], policy, mode)
    check_same(log, policy)


@pytest.mark.parametrize("state", [TradingState.HALT, TradingState.REDUCE_ONLY])
def test_the_kill_switch_is_as_it_was_whatever_the_policy_says_now(state: TradingState) -> None:
    log = decided({"A": BUY, "B": SELL}, None, Policy(trading_state=state))
    assert check_same(log, Policy())["A"].said != ()


def test_a_tripped_breaker_holds_again_unless_the_policy_has_none_of_its_kind() -> None:
    tripped = BreakerState(tripped_until=MARCH_16 + timedelta(hours=9), reason_code=ReasonCode.ACCOUNT_DRAWDOWN)
    log = decided({"A": BUY}, None, breaker=tripped)
    assert check_same(log, Policy(max_drawdown=0.2))["A"].reason_code is ReasonCode.ACCOUNT_DRAWDOWN
    _, now = again(log, Policy(daily_loss_limit=0.2))
    assert now["A"].allocation == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("issue", "held"),
    [
        (InputIssue(ReasonCode.STALE_ACCOUNT, "old"), {"A", "C"}),
        (InputIssue(ReasonCode.MALFORMED_MARKET_DATA, "no map", None, "symbols"), {"A", "C"}),
        (InputIssue(ReasonCode.MALFORMED_MARKET_DATA, "below 0", "KO", "KO.price"), {"A"}),
        (InputIssue(ReasonCode.MALFORMED_MARKET_DATA, "below 0", "BRK.B", "BRK.B.history[3]"), {"C"}),
        (InputIssue(ReasonCode.MALFORMED_MARKET_DATA, "no map", "BRK.B", "BRK.B"), {"C"}),
    ],
)
def test_what_was_wrong_with_inputs_holds_the_same_entries(issue: InputIssue, held: set[str]) -> None:
    log = decided({"A": BUY, "B": SELL, "C": BUY | {"ticker": "BRK.B"}}, None, issues=(issue,))
    assert {name for name, one in check_same(log).items() if one.reason_code is issue.reason_code} == held


def test_drift_holds_the_same_entries_unless_the_policy_only_warns() -> None:
    since = MARCH_16 - timedelta(days=1)
    kind: dict[str, Any] = {"subject": Subject.POSITION, "kind": DriftKind.UNKNOWN, "since": since, "read_at": since}
    drifts = Drifts((Difference(symbol="KO", broker=1.0, book=2.0, is_drift=True, **kind),))
    proposals = {"A": BUY, "B": BUY | {"ticker": "XOM"}}
    for policy, held in ((Policy(on_drift=OnDrift.HOLD), {"A"}), (Policy(on_drift=OnDrift.HALT), {"A", "B"})):
        log = decided(proposals, None, policy, drifts=drifts)
        was = check_same(log, policy)
        assert {name for name, one in was.items() if one.reason_code is ReasonCode.BOOK_DRIFT} == held
        assert again(log, Policy())[1]["A"].allocation == pytest.approx(0.3)


def test_an_exit_that_is_under_way_is_under_way_again() -> None:
    for proposal in (SELL, {"action": "CLOSE_ALL"}):
        log = decided({"A": proposal}, {"KO": 10.0}, orders=EXIT_ORDER)
        assert check_same(log)["A"].reason_code is ReasonCode.EXIT_UNDER_WAY


def test_what_a_shadowed_strategy_holds_is_flattened_again_and_kept_by_a_policy_that_keeps() -> None:
    flatten = Policy(on_shadow=OnShadow.FLATTEN)
    log = decided({"A": BUY}, {"KO": 10.0}, flatten, AgentMode.SHADOW_MODE)
    assert ReasonCode.ON_SHADOW_FLATTEN in check_same(log, flatten)["A"].said
    _, now = again(log, Policy())
    assert now["A"].action == "HOLD", "what the strategy itself said is not on record"


def test_exits_on_paper_are_counted_where_something_was_held_there() -> None:
    proposals = {"A": SELL, "B": SELL, "P": SELL, "E": BUY}
    log = decided(proposals, {"KO": 10.0}, Policy(), AgentMode.SHADOW_MODE, paper={"P": {"KO": 1.0}})
    assert paper_exits(log) == {"B": "KO", "P": "KO"}
    session = read_session(log, MARCH_16.date(), BEGAN, {"P"})
    (two,) = replayed(
        [session], modes_after(session), PerformanceWindows.empty(), lambda _: Policy(systemic_sell_threshold=2)
    )
    (three,) = replayed([session], modes_after(session), PerformanceWindows.empty(), lambda _: Policy())
    assert (two.is_systemic, three.is_systemic) == (True, False)


@pytest.mark.parametrize(
    ("field", "value"), [("reason_code", "NOBODY"), ("final_allocation", "much"), ("mode", "ASLEEP")]
)
def test_a_log_that_cannot_be_read_says_where(field: str, value: Any) -> None:
    log = decided({"A": BUY}, None)
    log["allocation_decisions"][0][field] = value
    with pytest.raises(InputError, match=field):
        read_session(log, MARCH_16.date(), BEGAN, set())


def test_every_setting_is_weighed_not_told_or_has_no_part() -> None:
    named = [*WEIGHED, *NOT_TOLD, *NO_PART]
    assert sorted(named) == sorted(Policy.__dataclass_fields__)
    changed = replace(Policy(), max_drawdown=0.1, report_hour=3, risk_free_rate=0.1, allow_shorts=True)
    assert not_told(Policy(), changed) == ("allow_shorts", "max_drawdown")
