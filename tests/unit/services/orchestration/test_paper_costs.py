"""Paper costs what live does: cycles and nights together, in memory."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.paper_costs import STATED, PaperCosts
from functions.domain.orchestration.signals import ProposedSignal, read_signal
from functions.domain.track_record.modes import ModeState
from functions.services.orchestration.cycle_request import CycleRequest, CycleResult
from functions.services.orchestration.known_state import validated
from functions.services.orchestration.run_cycle import RunCycle
from tests.fakes import FakeClock, FakeCycleStore
from tests.unit.services.ledger.desk import Desk, utc, weekdays
from tools.lab.engine.simulated import CountedIds

BUY = {"action": "BUY", "ticker": "KO", "allocation": 0.4}
SELL = {"action": "SELL", "ticker": "KO", "allocation": 0.5}
DAYS = ("2020-03-02", "2020-03-03", "2020-03-04", "2020-03-05")
COMPARED = ("pnl", "realized_pnl", "unrealized_pnl", "fees", "trading_fees", "slippage", "turnover", "fills")
IDS = CountedIds()


class World:
    """A tenant whose Trend is shadowed, and trades the same live: cycles, and the night after each."""

    def __init__(self, fee_bps: float, slippage_bps: float, live_fills: int = 40) -> None:
        self.fee_bps, self.slippage_bps = fee_bps, slippage_bps
        self.cycles = FakeCycleStore()
        self.desk = Desk()
        since = utc("2020-02-03 20:00")
        shadowed = {"Trend": ModeState(AgentMode.SHADOW_MODE, since, ReasonCode.SHARPE_BELOW_SHADOW)}
        self.cycles.put("tenants/acme/state/modes", modes_document(shadowed, since))
        for number, day in enumerate(weekdays("2020-02-03", live_fills // 2)):
            for side in ("buy", "sell"):
                self.live(f"{side}{number}", f"{day} 15:00", side, 1.0 + number, 44.0 + number, strategy_id="Old")
        self.night("2020-02-28")

    def live(self, name: str, at: str, side: str, qty: float, price: float, **fields: Any) -> None:
        costs = {"fees": qty * price * self.fee_bps / 1e4, "slippage": qty * price * self.slippage_bps / 1e4}
        self.desk.fill(name, at, side, qty, price, **{**costs, **fields})

    def cycle(self, at: str, price: float, proposal: dict[str, Any]) -> CycleResult:
        now = utc(at)
        self.cycles.put("tenants/acme/accounts/primary", {"equity": 1e5, "buying_power": 1e5, "as_of": now})
        self.cycles.put("tenants/acme/market_data/latest", {"as_of": now, "symbols": {"KO": {"price": price}}})

        async def propose(_inputs: CycleInputs, _policy: Policy) -> list[ProposedSignal]:
            return [read_signal("Trend", proposal)]

        cycle = RunCycle(self.cycles, FakeClock(now), IDS, Calendars())
        result = asyncio.run(cycle.run(CycleRequest(tenant_id="acme", propose=propose)))
        assert result is not None
        return result

    def records(self) -> dict[str, dict[str, Any]]:
        """Return the fills on paper by id."""
        return self.cycles.those_below("tenants/acme/shadow_pnl")

    def trade(self, day: str, price: float, proposal: dict[str, Any]) -> None:
        """Run a cycle, and trade live what it traded on paper."""
        self.cycle(f"{day} 15:00", price, proposal)
        for name, record in self.records().items():
            if name not in self.desk.ledger.paper:
                self.desk.ledger.paper[name] = record
                self.live(name, f"{day} 15:00", record["side"], record["qty"], record["price"])

    def night(self, day: str, now: str | None = None) -> None:
        self.desk.take(day, now)
        self.cycles.put("tenants/acme/state/windows", self.desk.ledger.stored_windows[None])

    def days(self, uid: str) -> dict[str, dict[str, Any]]:
        """Return Trend's daily documents of one book by day, without what tells when and by whom they were made."""
        documents = ((day, self.desk.ledger.performance.get(f"{uid}__Trend__{day}")) for day in DAYS)
        return {day: {name: one[name] for name in COMPARED} for day, one in documents if one is not None}


@pytest.mark.parametrize(("fee_bps", "slippage_bps"), [(1.37, 2.91), (-0.43, 0.7), (0.0, 55.0), (26.0, 11.3)])
def test_the_same_strategy_at_the_same_prices_earns_the_same_live_and_on_paper(
    fee_bps: float, slippage_bps: float
) -> None:
    world = World(fee_bps, slippage_bps)
    proposals: tuple[dict[str, Any], ...] = (BUY, {"action": "HOLD"}, SELL, {**SELL, "allocation": 1.0})
    for day, close, proposal in zip(DAYS, (47.0, 44.5, 46.25, 45.0), proposals, strict=True):
        world.trade(day, close - 1.5, proposal)
        world.desk.put_prices(f"{day} 20:55", KO=close)
        world.night(day)
    live, paper = world.days("ann"), world.days("shadow")
    assert [one["fills"] for one in paper.values()] == [1, 0, 1, 1]
    assert live.keys() == paper.keys() == set(DAYS)
    for day in DAYS:
        assert paper[day] == pytest.approx(live[day], rel=1e-9, abs=1e-9), day
    costs = [one["fees"] + one["slippage"] for one in paper.values()]
    traded = sum(one["turnover"] for one in paper.values())
    assert sum(costs) == pytest.approx(traded * (fee_bps + slippage_bps) / 1e4), "a cost counts once"
    free = sum(one["qty"] * one["price"] * (1 if one["side"] == "sell" else -1) for one in world.records().values())
    assert sum(one["pnl"] for one in paper.values()) == pytest.approx(free - sum(costs)), "all of it is closed"


@pytest.mark.parametrize(
    ("live_fills", "slippage_bps", "policy", "expected"),
    [
        (28, 9.0, {}, STATED),
        (30, 9.0, {}, PaperCosts(7.0, 9.0)),
        (30, 0.0, {}, PaperCosts(7.0, STATED.slippage_bps)),  # no fill states slippage
        (30, 9.0, {"paper_slippage_bps": 0.5}, PaperCosts(7.0, 0.5)),
        (0, 0.0, {"paper_fee_bps": -0.2, "paper_slippage_bps": 0}, PaperCosts(-0.2, 0.0)),
        (0, 0.0, {"market": "24x7"}, PaperCosts(10.0, 5.0)),
    ],
)
def test_what_a_cycle_charges(
    live_fills: int, slippage_bps: float, policy: dict[str, Any], expected: PaperCosts
) -> None:
    world = World(7.0, slippage_bps, max(live_fills, 2))
    world.cycles.put("tenants/acme/config/maestro", policy)
    world.cycle("2020-03-02 15:00", 45.0, BUY)
    [record] = world.records().values()
    assert (record["price"], record["qty"]) == (45.0, pytest.approx(0.4 * 1e5 / 45.0))
    assert record["fees"] == pytest.approx(0.4 * 1e5 * expected.fee_bps / 1e4)
    assert record["slippage"] == pytest.approx(0.4 * 1e5 * expected.slippage_bps / 1e4)


def test_days_that_are_computed_again_cost_what_they_did() -> None:
    world = World(1.0, 2.0)
    world.trade(DAYS[0], 45.0, BUY)
    for day in DAYS[:2]:
        world.night(day)
    before, costs = world.days("shadow"), world.desk.ledger.stored_windows[None]["live_costs"]
    late = {"fees": 900.0, "strategy_id": "Old", "created_at": utc(f"{DAYS[2]} 12:00")}
    world.desk.fill("late", "2020-02-10 15:00", "buy", 10.0, 45.0, **late)
    world.night(DAYS[1], f"{DAYS[2]} 13:00")
    renewed = world.desk.ledger.stored_windows[None]["live_costs"]
    assert renewed["fee_bps"] > 2 * costs["fee_bps"]
    assert renewed["fills"] == costs["fills"] + 1
    assert world.days("shadow") == before
    world.trade(DAYS[2], 45.0, {**SELL, "allocation": 1.0})
    sold = world.records()[next(name for name, one in world.records().items() if one["side"] == "sell")]
    assert sold["fees"] == pytest.approx(sold["qty"] * 45.0 * renewed["fee_bps"] / 1e4), "from then on"


def test_a_users_cycle_is_charged_what_all_of_the_tenants_fills_cost() -> None:
    world = World(3.0, 4.0)
    world.live("bobs", f"{DAYS[0]} 15:00", "buy", 1e6, 45.0, uid="bob")
    world.night(DAYS[0])
    ann, bob, tenant = (world.desk.ledger.stored_windows[uid]["live_costs"] for uid in ("ann", "bob", None))
    assert ann == bob == tenant
    assert tenant["fills"] == 41


def test_damaged_costs_are_an_issue_and_the_stated_figures_hold() -> None:
    world = World(3.0, 4.0)
    windows = world.cycles.documents["tenants/acme/state/windows"]
    world.cycles.put("tenants/acme/state/windows", {**windows, "live_costs": {"fills": 40, "fee_bps": "3"}})
    result = world.cycle("2020-03-02 15:00", 45.0, BUY)
    [issue] = result.decision.input_issues
    assert (issue.reason_code, issue.subject) == (ReasonCode.MALFORMED_STATE, "live_costs.fee_bps")
    assert result.signals["Trend"]["action"] == "HOLD"
    known = validated(world.cycles.read("acme", None, None), {})
    assert PaperCosts.of(known.policy, known.live_costs) == STATED
    assert known.windows.dates, "the returns are good"
    world.night("2020-02-28", f"{DAYS[0]} 16:00")
    repaired = world.cycle("2020-03-02 15:05", 45.0, BUY)
    assert not repaired.decision.input_issues
    [record] = world.records().values()
    assert record["fees"] == pytest.approx(0.4 * 1e5 * 3.0 / 1e4), "the night writes them again"
