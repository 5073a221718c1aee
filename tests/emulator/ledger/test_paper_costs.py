"""A night, a cycle and a night on Firestore: what live fills cost is what the next fill on paper is charged."""

from __future__ import annotations

import asyncio

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SecretIds
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal, read_signal
from functions.domain.track_record.modes import ModeState
from functions.services.orchestration.cycle_request import CycleRequest
from functions.services.orchestration.run_cycle import RunCycle
from tests.emulator.ledger.test_snapshots import (
    MONDAY,
    TENANT,
    TUESDAY,
    WEDNESDAY,
    Clock,
    at,
    performance,
    put_fill,
    take,
)

FEE_BPS, SLIPPAGE_BPS = 1.3, 2.6


def put_live(db: Client, fill_id: str, qty: float, price: float, strategy_id: str, **fields: object) -> None:
    """Store a purchase at the tenant's usual costs."""
    usd = qty * price / 1e4
    costs = {"fees": FEE_BPS * usd, "slippage": SLIPPAGE_BPS * usd}
    put_fill(db, fill_id, MONDAY, "buy", qty, price, strategy_id=strategy_id, **costs, **fields)


def test_a_cycle_charges_on_paper_what_the_night_found_that_live_fills_cost(own_db: Client) -> None:
    for number in range(30):
        put_live(own_db, f"f{number}", 1.0 + number, 45.0 + number, "Old")
    take(own_db, MONDAY)
    windows = paths.windows(own_db, TENANT, None).get().to_dict() or {}
    expected = {"fee_bps": pytest.approx(FEE_BPS), "slippage_bps": pytest.approx(SLIPPAGE_BPS), "fills": 30}
    assert windows["live_costs"] == expected

    shadowed = {"Trend": ModeState(AgentMode.SHADOW_MODE, at(MONDAY), ReasonCode.SHARPE_BELOW_SHADOW)}
    paths.modes(own_db, TENANT, None).set(modes_document(shadowed, at(MONDAY)))
    now = at(TUESDAY)
    paths.account(own_db, TENANT).set({"equity": 1e5, "buying_power": 1e5, "as_of": now})
    paths.market_data(own_db, TENANT).set({"as_of": now, "symbols": {"KO": {"price": 45.0}}})

    async def propose(_inputs: CycleInputs, _policy: Policy) -> list[ProposedSignal]:
        return [read_signal("Trend", {"action": "BUY", "ticker": "KO", "allocation": 0.4})]

    cycle = RunCycle(FirestoreCycleStore(own_db), Clock(now), SecretIds(), Calendars())
    assert asyncio.run(cycle.run(CycleRequest(tenant_id=TENANT, propose=propose))) is not None
    [record] = [one.to_dict() or {} for one in paths.shadow_pnl(own_db, TENANT).stream()]
    assert (record["fees"], record["slippage"]) == pytest.approx((4.0 * FEE_BPS, 4.0 * SLIPPAGE_BPS))

    put_live(own_db, "same", record["qty"], record["price"], "Trend", ts=now, created_at=now)
    for day, close in ((TUESDAY, 46.5), (WEDNESDAY, 44.0)):
        paths.market_data(own_db, TENANT).set({"as_of": at(day, 20), "symbols": {"KO": {"price": close}}})
        take(own_db, day)
    days = performance(own_db)
    for day in (TUESDAY, WEDNESDAY):
        live, paper = (days[f"{uid}__Trend__{day}"] for uid in ("ann", "shadow"))
        assert (paper["book"], paper["fills"]) == ("shadow", 1 if day == TUESDAY else 0)
        for name in ("pnl", "realized_pnl", "unrealized_pnl", "fees", "trading_fees", "slippage", "turnover"):
            assert paper[name] == pytest.approx(live[name], rel=1e-9, abs=1e-9), (day, name)
    assert days[f"shadow__Trend__{TUESDAY}"]["pnl"] == pytest.approx(4e4 * (1.5 / 45.0 - 3.9e-4))
