"""The shadow book: what strategies trade on paper."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.intent import Intent, Judgement
from functions.domain.orchestration.paper import (
    PaperFill,
    paper_json,
    prices_of,
    read_paper,
    trade_on_paper,
    with_paper_positions,
)
from functions.domain.orchestration.paper_costs import STATED, STATED_AROUND_THE_CLOCK, PaperCosts
from functions.domain.orchestration.risk_rules import RuledSignal
from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.domain.track_record.live_costs import LiveCosts

BUY, SELL, HOLD = Action
ACTIVE, REDUCED, SHADOW, DISABLED = AgentMode
FREE = PaperCosts(0.0, 0.0)
PRICES = {"KO": 50.0, "PEP": 100.0}


def signal(action: Action, ticker: str = "KO", mode: AgentMode = SHADOW, allocation: float = 0.2) -> RuledSignal:
    judgement = Judgement(Intent.EXIT if action is SELL else Intent.ENTRY, action)
    return RuledSignal.weighted(ProposedSignal("S", action, ticker, allocation), mode, WEIGHTS[mode], judgement)


def filled(action: Action, quantity: float) -> PaperFill:
    """Return a fill of KO that cost nothing."""
    return PaperFill("S", action, "KO", quantity, 50.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("what", "held", "left", "fills"),
    [
        (signal(BUY), {}, {"KO": 40.0}, [filled(BUY, 40.0)]),
        (signal(BUY), {"KO": 7.0}, {"KO": 7.0}, []),  # one position per symbol: no BUY is added every five minutes
        (signal(BUY, "???"), {}, {}, []),
        (signal(SELL, allocation=1.0), {"KO": 7.0}, {}, [filled(SELL, 7.0)]),
        (signal(SELL, allocation=0.5), {"KO": 8.0}, {"KO": 4.0}, [filled(SELL, 4.0)]),
        (signal(SELL, "PEP", allocation=1.0), {"KO": 7.0}, {"KO": 7.0}, []),
        (signal(SELL, "", allocation=1.0), {"KO": 7.0}, {}, [filled(SELL, 7.0)]),
        (signal(HOLD), {"KO": 7.0}, {"KO": 7.0}, []),
        (signal(BUY, mode=ACTIVE), {}, {}, []),  # live: not on paper
        (signal(HOLD, mode=REDUCED), {"KO": 7.0}, {}, [filled(SELL, 7.0)]),  # left SHADOW_MODE
    ],
)
def test_one_cycle(what: RuledSignal, held: dict[str, float], left: dict[str, float], fills: list[PaperFill]) -> None:
    positions, traded = trade_on_paper([what], {"S": held} if held else {}, PRICES, 10_000, FREE)
    assert positions == ({"S": left} if left else {})
    assert traded == fills


@pytest.mark.parametrize(
    ("costs", "fees", "slippage"), [(PaperCosts(1.0, 2.0), 0.2, 0.4), (PaperCosts(-0.5, 0.0), -0.1, 0.0)]
)
def test_fills_cost_their_share_of_what_is_traded_and_trade_at_the_cycles_price(
    costs: PaperCosts, fees: float, slippage: float
) -> None:
    for what, held in ((signal(BUY), {}), (signal(SELL, allocation=1.0), {"S": {"KO": 40.0}})):
        _, [fill] = trade_on_paper([what], held, PRICES, 10_000, costs)
        assert (fill.quantity, fill.price) == (40.0, 50.0)
        assert (fill.fees, fill.slippage) == pytest.approx((fees, slippage))


@pytest.mark.parametrize(
    ("settings", "live", "expected"),
    [
        ({}, LiveCosts(), STATED),
        ({"market": "24x7"}, LiveCosts(), STATED_AROUND_THE_CLOCK),
        ({}, LiveCosts(3.0, 4.0, 30), PaperCosts(3.0, 4.0)),
        ({}, LiveCosts(0.0, None, 30), PaperCosts(0.0, STATED.slippage_bps)),  # a figure of 0 is one that is known
        ({}, LiveCosts(-0.3, 1.0, 30), PaperCosts(-0.3, 1.0)),
        ({"paper_fee_bps": 0}, LiveCosts(3.0, 4.0, 30), PaperCosts(0.0, 4.0)),
        ({"paper_slippage_bps": 7.5}, LiveCosts(), PaperCosts(STATED.fee_bps, 7.5)),
        ({"paper_fee_bps": -1, "paper_slippage_bps": 0}, LiveCosts(3.0, 4.0, 30), PaperCosts(-1.0, 0.0)),
    ],
)
def test_the_policy_comes_first_then_live_fills_then_stated_figures(
    settings: dict[str, Any], live: LiveCosts, expected: PaperCosts
) -> None:
    assert PaperCosts.of(Policy.from_sources({}, settings), live) == expected


@given(st.lists(st.builds(signal, st.sampled_from(Action), st.sampled_from(["KO", "PEP"]), st.sampled_from(AgentMode))))
def test_fills_explain_positions_and_nothing_is_sold_short(signals: list[RuledSignal]) -> None:
    held: dict[str, dict[str, float]] = {}
    bought = dict.fromkeys(PRICES, 0.0)
    for one in signals:
        held, fills = trade_on_paper([one], held, PRICES, 10_000, FREE)
        for fill in fills:
            assert fill.quantity > 0
            bought[fill.symbol] += fill.quantity if fill.action is BUY else -fill.quantity
    for symbol, quantity in bought.items():
        assert held.get("S", {}).get(symbol, 0.0) == pytest.approx(quantity, abs=1e-9)
        assert quantity >= -1e-9


def test_strategies_see_their_paper_positions_beside_live_ones() -> None:
    account = {"equity": 1.0, "positions": [{"symbol": "XOM", "qty": 3}]}
    seen = with_paper_positions(account, {"S": {"KO": 7.0}})
    assert seen["positions"] == [
        {"symbol": "XOM", "qty": 3},
        {"symbol": "KO", "qty": 7.0, "strategy_id": "S", "book": "shadow"},
    ]
    assert account["positions"] == [{"symbol": "XOM", "qty": 3}]


def test_paper_positions_survive_their_document_and_damage_is_named() -> None:
    held = {"S": {"KO": 7.5}}
    assert read_paper({"paper_json": paper_json(held)}) == held
    assert read_paper({}) == read_paper(None) == {}
    with pytest.raises(InputError, match=r"modes\.paper_json"):
        read_paper({"paper_json": "[1]"})


def test_prices_are_read_wrapped_and_flat() -> None:
    quotes = {"KO": {"price": "50"}, "BAD": {"price": -1}, "NOTE": "text"}
    assert prices_of({"as_of": 1, "symbols": quotes}) == prices_of(quotes) == {"KO": 50.0}
