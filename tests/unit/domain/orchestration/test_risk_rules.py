"""Every rule by table, and what must hold for all of them whatever the book."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.drift import Difference, DriftKind, Drifts, Subject
from functions.domain.orchestration.inputs import InputIssue
from functions.domain.orchestration.intent import judge
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.orchestration.risk_rules import (
    RISK_RULES,
    GrossAllocationRule,
    InputsRule,
    RiskContext,
    RiskRule,
    RuledSignal,
    SystemicSellsRule,
    TradingStateRule,
    systemic_risk_of,
)
from functions.domain.orchestration.signals import Action, ProposedSignal

BUY, SELL, HOLD = Action
NOW = datetime(2020, 3, 16, tzinfo=UTC)
ACTIVE, REDUCED, SHADOW, DISABLED = AgentMode


def book(*actions: Action, mode: AgentMode = ACTIVE, allocation: float = 0.4, ticker: str = "KO") -> list[RuledSignal]:
    proposals = [ProposedSignal(f"S{number}", action, ticker, allocation, 0.9) for number, action in enumerate(actions)]
    return [weighted(proposal, mode) for proposal in proposals]


def weighted(proposal: ProposedSignal, mode: AgentMode) -> RuledSignal:
    """Weigh a proposal while nobody knows the positions."""
    unknown = KnownPositions(PositionBook(), {}, NOW)
    judgement = judge(proposal, unknown, allow_shorts=False, price=None, buying_power=None)
    return RuledSignal.weighted(proposal, mode, WEIGHTS[mode], judgement)


def ruled(rule: RiskRule, signals: list[RuledSignal], *issues: InputIssue, **settings: Any) -> list[RuledSignal]:
    return rule.apply(signals, RiskContext(Policy(**settings), issues))


def actions(signals: list[RuledSignal]) -> list[Action]:
    return [signal.action for signal in signals]


@pytest.mark.parametrize(
    ("mode", "action", "allocation"),
    [
        (ACTIVE, BUY, 0.4),
        (REDUCED, BUY, 0.2),
        (SHADOW, BUY, 0.0),
        (DISABLED, BUY, 0.0),
        (ACTIVE, SELL, 0.4),
        (REDUCED, SELL, 0.4),  # half an exit would leave half the risk
        (SHADOW, SELL, 0.0),
    ],
)
def test_a_mode_weighs_entries_and_leaves_exits_whole(mode: AgentMode, action: Action, allocation: float) -> None:
    assert book(action, mode=mode)[0].allocation == allocation


@pytest.mark.parametrize(
    ("state", "first", "code"),
    [("RUN", BUY, None), ("REDUCE_ONLY", HOLD, ReasonCode.REDUCE_ONLY), ("HALT", HOLD, ReasonCode.TRADING_HALTED)],
)
def test_trading_state(state: str, first: Action, code: ReasonCode | None) -> None:
    result = ruled(TradingStateRule(), book(BUY, SELL, HOLD), trading_state=state)
    assert actions(result) == [first, SELL, HOLD]
    assert [change.reason_code for change in result[0].changes] == ([code] if code else [])


def test_an_issue_with_all_inputs_stops_every_buy_and_one_symbols_issue_its_own() -> None:
    general = InputIssue(ReasonCode.STALE_ACCOUNT, "account is 901 s old, limit 900 s")
    pep = InputIssue(ReasonCode.MALFORMED_MARKET_DATA, "PEP.price must be > 0", "PEP")
    signals = book(BUY, SELL) + book(BUY, SELL, ticker="PEP")
    assert actions(ruled(InputsRule(), signals, general)) == [HOLD, SELL, HOLD, SELL]
    assert actions(ruled(InputsRule(), signals, pep)) == [BUY, SELL, HOLD, SELL]


@pytest.mark.parametrize(
    ("sells", "threshold", "overridden"), [(2, 3, False), (3, 3, True), (4, 3, True), (2, 2, True), (3, 4, False)]
)
def test_systemic_sells(sells: int, threshold: int, overridden: bool) -> None:
    signals = book(BUY, *[SELL] * sells, HOLD)
    result = ruled(SystemicSellsRule(), signals, systemic_sell_threshold=threshold)
    assert result[0].action is (HOLD if overridden else BUY)
    assert (result[0].allocation, result[0].confidence) == ((0.0, 0.0) if overridden else (0.4, 0.9))
    risk = systemic_risk_of(result, Policy(systemic_sell_threshold=threshold))
    assert (risk is not None) == overridden
    if risk is not None:
        names = ", ".join(f"S{number + 1}" for number in range(sells))
        assert risk.details == f"{sells} strategies signal SELL ({names}). Overrode 1 BUY signal to HOLD."


@pytest.mark.parametrize(
    ("buys", "effect"),
    [
        (0, "No BUY to override."),
        (1, "Overrode 1 BUY signal to HOLD."),
        (2, "Overrode 2 BUY signals to HOLD."),
    ],
)
def test_systemic_sells_say_how_many_buys_were_overridden(buys: int, effect: str) -> None:
    result = ruled(SystemicSellsRule(), book(*[BUY] * buys, SELL, SELL, SELL))
    risk = systemic_risk_of(result, Policy())
    assert risk is not None
    assert risk.details.endswith(f"). {effect}")


def test_disabled_and_failed_strategies_do_not_count_as_sellers() -> None:
    failed = ProposedSignal("F", HOLD, error="RuntimeError: SELL", reason_code=ReasonCode.STRATEGY_ERROR)
    signals = [*book(BUY, SELL, SELL), *book(SELL, mode=DISABLED), weighted(failed, ACTIVE)]
    assert ruled(SystemicSellsRule(), signals)[0].action is BUY
    shadowed = [*book(BUY, SELL, SELL), *book(SELL, mode=SHADOW)]
    assert ruled(SystemicSellsRule(), shadowed)[0].action is HOLD


def test_buys_shrink_in_proportion_to_the_gross_cap() -> None:
    result = ruled(GrossAllocationRule(), book(BUY, BUY, BUY, SELL, allocation=0.5), max_gross_allocation=0.75)
    assert [signal.allocation for signal in result] == pytest.approx([0.25, 0.25, 0.25, 0.5])
    assert result[0].changes[0].original_allocation == 0.5
    assert result[3].changes == ()
    within = book(BUY, BUY, allocation=0.5)
    assert ruled(GrossAllocationRule(), within) == within


signals_of_any_kind = st.lists(
    st.builds(
        lambda number, action, mode, allocation: weighted(
            ProposedSignal(f"S{number}", action, "KO", allocation, 0.5), mode
        ),
        st.integers(0, 10_000),
        st.sampled_from(Action),
        st.sampled_from(AgentMode),
        st.floats(0, 1),
    ),
    max_size=12,
)
policies = st.builds(
    lambda state, threshold, cap, on_drift: Policy(
        trading_state=state, systemic_sell_threshold=threshold, max_gross_allocation=cap, on_drift=on_drift
    ),
    st.sampled_from(["RUN", "REDUCE_ONLY", "HALT"]),
    st.integers(1, 5),
    st.floats(0, 2),
    st.sampled_from(["warn", "hold", "halt"]),
)
drifts = st.lists(
    st.builds(
        Difference,
        subject=st.sampled_from(Subject),
        symbol=st.sampled_from(("KO", "PEP", "")),
        broker=st.just(1.0),
        book=st.just(2.0),
        kind=st.just(DriftKind.UNKNOWN),
        since=st.just(NOW),
        read_at=st.just(NOW),
        is_drift=st.booleans(),
    ),
    max_size=2,
).map(lambda found: Drifts(tuple(found)))
issues = st.lists(
    st.builds(InputIssue, st.just(ReasonCode.STALE_ACCOUNT), st.just("old"), st.none() | st.just("KO")), max_size=2
).map(tuple)


@given(signals_of_any_kind, policies, issues, drifts)
def test_no_rule_touches_an_exit_adds_exposure_or_forgets_a_reason(
    signals: list[RuledSignal], policy: Policy, given_issues: tuple[InputIssue, ...], differing: Drifts
) -> None:
    result = signals
    for rule in RISK_RULES:
        result = rule.apply(result, RiskContext(policy, given_issues, drifts=differing))
    assert [signal.name for signal in result] == [signal.name for signal in signals]
    for before, after in zip(signals, result, strict=True):
        if before.action is not BUY:
            assert after == before
        assert after.action in {before.action, HOLD}
        assert after.allocation <= before.allocation
        has_changed = (after.action, after.allocation) != (before.action, before.allocation)
        assert bool(after.changes) == has_changed or before.allocation == 0
    gross = sum(signal.allocation for signal in result if signal.action is BUY)
    assert gross <= policy.max_gross_allocation * (1 + 1e-12)


@given(signals_of_any_kind, policies, issues, drifts)
def test_applying_the_rules_again_changes_nothing(
    signals: list[RuledSignal], policy: Policy, given_issues: tuple[InputIssue, ...], differing: Drifts
) -> None:
    context = RiskContext(policy, given_issues, drifts=differing)
    once = signals
    for rule in RISK_RULES:
        once = rule.apply(once, context)
    again = once
    for rule in RISK_RULES:
        again = rule.apply(again, context)
    assert actions(again) == actions(once)
    assert [s.allocation for s in again] == pytest.approx([s.allocation for s in once])
