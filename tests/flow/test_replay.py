"""Four months of real markets through everything that is deployed: cycles, broker, ledger, performance, modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import empyrical
import numpy as np
import pandas as pd
import pytest

from examples.demo import FIRST_DAY, LAST_DAY, demo_policy
from examples.demo_days import BREAKER_REASONS, SYSTEMIC
from examples.demo_walk import UID, Demo, DemoTenant
from examples.replay import Prices
from functions.adapters.firestore import paths
from functions.adapters.firestore.preview_store import FirestorePreviewStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock
from functions.domain.orchestration.decision import logged_verdicts
from functions.services.lab.what_if import PreviewPolicy
from functions.strategies.maestro_controller import MaestroController
from tests.flow.lab_comparison import of_emulator, of_lab, replayed
from tests.samples import SAMPLE_NAMES, names_of_users
from tests.waiting import eventually
from tools.emulator_suite import EmulatorSuite
from tools.lab.engine.account import Tenant
from tools.lab.engine.paper_broker import TRADING_MODES

pytestmark = pytest.mark.timeout(600)
RELATIVE = 1e-9


@pytest.fixture(scope="module")
def demo(emulators: EmulatorSuite) -> Demo:
    """The demo, walked over its days with its policy."""
    prices = Prices.load()
    demo = Demo(emulators, prices, tenant_count=1)
    demo.seed({**demo_policy(), "disabled_strategies": names_of_users()})
    days = prices.between(FIRST_DAY, LAST_DAY)
    assert len(list(demo.walk(days))) == 83
    return demo


@pytest.fixture(scope="module")
def tenant(demo: Demo) -> DemoTenant:
    return demo.tenants[0]


@pytest.fixture(scope="module")
def daily(demo: Demo, tenant: DemoTenant) -> pd.DataFrame:
    """Every stored daily document."""
    stored = [one.to_dict() or {} for one in paths.strategy_performance(demo.db, tenant.tenant_id).stream()]
    return pd.DataFrame([document for document in stored if document["period"] == "day"])


def test_every_day_is_decided_once(tenant: DemoTenant) -> None:
    assert len(tenant.decisions) == 83
    assert len({decision["slot"] for decision in tenant.decisions}) == 83
    for decision in tenant.decisions:
        assert {verdict["strategy_name"] for verdict in logged_verdicts(decision)} >= SAMPLE_NAMES
    assert all(not decision["strategy_errors"] and not decision["input_issues"] for decision in tenant.decisions)


def test_sells_that_come_together_stop_the_one_who_buys_the_fall(tenant: DemoTenant) -> None:
    # Monday, 24 February: the S&P 500 falls 3.4 %. Breakouts and a volatility rule leave, mean reversion buys.
    risky = {day.date: day for day in tenant.days if day.decision["systemic_risk_detected"]}
    assert list(risky) == ["2020-02-24", "2020-03-12"]
    monday = risky["2020-02-24"]
    assert set(monday.sellers) == {"BollingerBreakout", "TurtleChannel", "VolatilityManaged"}
    assert monday.stopped_buys(SYSTEMIC, TRADING_MODES) == ["RsiMeanReversion PFE"]
    modes = {verdict["strategy_name"]: verdict["mode"] for verdict in monday.verdicts}
    assert modes["BollingerBreakout"] == modes["TurtleChannel"] == "ACTIVE", "they leave real positions"


def test_a_breaker_trips_on_the_second_day_below_ten_percent_stops_buys_and_closes(tenant: DemoTenant) -> None:
    tripped = [day for day in tenant.days if day.breaker.tripped_until is not None]
    assert [day.date for day in tripped] == ["2020-02-28", "2020-03-02", "2020-03-03"]
    seen = tripped[0].breaker
    assert len(seen.recent) == 2
    assert seen.peak is not None
    assert max(seen.recent) < 0.9 * seen.peak
    assert [day.stopped_buys(BREAKER_REASONS, TRADING_MODES) for day in tripped] == [[], [], ["PairsReversion PEP"]]
    bought = [day.date for day in tenant.days if "BUY" in {s["action"] for s in day.decision["signals"].values()}]
    assert not set(bought) & {day.date for day in tripped}
    assert max(bought) > tripped[-1].date, "after it has closed, BUYs pass again"


def test_the_same_strategies_without_maestro_go_through_the_same_days(demo: Demo) -> None:
    without = demo.without_maestro.equities
    assert len(without) == 84
    assert without[0] == 100_000.0
    assert without[-1] == pytest.approx(98_922, abs=1)


def test_the_policy_that_held_tried_on_the_record_changes_nothing_and_every_day_is_decided_again_as_it_was(
    demo: Demo, tenant: DemoTenant
) -> None:
    preview = PreviewPolicy(FirestorePreviewStore(demo.db), SystemClock(), Calendars())
    policy = paths.policy(demo.db, tenant.tenant_id).get().to_dict() or {}
    defaults = MaestroController.policy_defaults()
    found = preview.run(tenant.tenant_id, policy, defaults).found
    assert (len(found.sessions), found.reproduced, found.changes) == (83, 83, ())
    assert (found.before.systemic_sessions, found.before.breaker_sessions) == (2, 2)
    laxer = preview.run(tenant.tenant_id, {**policy, "SYSTEMIC_SELL_THRESHOLD": 4}, defaults).found
    let_through = {one.strategy_name for one in laxer.changes if one.day.isoformat() == "2020-02-24"}
    assert "RsiMeanReversion" in let_through, "the one that the sells of that day stopped"


def modes_of(tenant: DemoTenant, name: str) -> list[str]:
    """A strategy's modes in the order it had them, each once in a row."""
    verdicts = (v for d in tenant.decisions for v in logged_verdicts(d) if v["strategy_name"] == name)
    modes: list[str] = []
    for verdict in verdicts:
        if not modes or modes[-1] != verdict["mode"]:
            modes.append(verdict["mode"])
    return modes


def is_within(wanted: Sequence[str], sequence: Sequence[str]) -> bool:
    rest: Iterator[str] = iter(sequence)
    return all(mode in rest for mode in wanted)


def test_a_strategy_falls_to_shadow_and_earns_its_way_back_one_rung_at_a_time(tenant: DemoTenant) -> None:
    names = [verdict["strategy_name"] for verdict in logged_verdicts(tenant.decisions[-1])]
    histories = {name: modes_of(tenant, name) for name in names}
    journey = ["ACTIVE", "SHADOW_MODE", "REDUCED", "ACTIVE"]
    assert any(is_within(journey, modes) for modes in histories.values()), histories
    for modes in histories.values():
        assert "SHADOW_MODE>ACTIVE" not in ">".join(modes), "no rung is skipped on the way up"


def test_sharpe_ratios_in_decisions_are_empyricals_of_the_stored_days(tenant: DemoTenant, daily: pd.DataFrame) -> None:
    last = tenant.decisions[-1]
    midnight = pd.Timestamp(last["timestamp"]).normalize()
    before = daily[daily["period_start"] < midnight]
    checked = 0
    for verdict in logged_verdicts(last):
        mine = before[before["strategy_id"] == verdict["strategy_name"]]
        counted = mine.groupby("period_start").apply(counted_day, include_groups=False).sort_index()[-30:]
        assert verdict["data_points"] == counted["is_active"].sum()
        if verdict["sharpe_ratio"] is not None:
            expected = empyrical.sharpe_ratio(excess(counted).to_numpy(), risk_free=0.0)
            assert verdict["sharpe_ratio"] == pytest.approx(expected, rel=RELATIVE)
            checked += 1
    assert checked >= 2


def counted_day(day: pd.DataFrame) -> pd.Series:
    """A day counts with its paper return where there was anything on paper, else with its live one."""
    paper = day[day["book"] == "shadow"]
    counted = paper if bool(paper["is_active"].any()) else day[day["book"] == "live"]
    return counted[["pnl", "capital_base", "capital_long", "is_active"]].iloc[0]


def excess(days: pd.DataFrame) -> pd.Series:
    """Return what days earned beyond the risk-free rate on what was held long when they began."""
    charge = 0.04 / 252 * days["capital_long"]
    return (days["pnl"] - charge) / days["capital_base"]


def test_months_equal_recomputing_them_with_pandas_and_empyrical(
    demo: Demo, tenant: DemoTenant, daily: pd.DataFrame
) -> None:
    months = demo.months(tenant)
    spanned = {"2019-12", "2020-01", "2020-02", "2020-03", "2020-04"}
    assert {month["month"] for month in months} == spanned
    for month in months:
        is_mine = (daily["uid"] == month["uid"]) & (daily["strategy_id"] == month["strategy_id"])
        is_in = (daily["period_start"] >= month["period_start"]) & (daily["period_start"] < month["period_end"])
        days = daily[is_mine & is_in].sort_values("period_start")
        returns = days["return_fraction"].to_numpy(dtype=np.float64)
        assert month["trading_days"] == len(days)
        if not len(days):
            continue
        assert month["pnl"] == pytest.approx(days["pnl"].sum(), rel=RELATIVE, abs=1e-6)
        assert month["fills"] == days["fills"].sum()
        assert month["return_fraction"] == pytest.approx(empyrical.cum_returns_final(returns), rel=RELATIVE, abs=1e-12)
        assert month["max_drawdown"] == pytest.approx(empyrical.max_drawdown(returns), rel=RELATIVE, abs=1e-12)
        assert month["win_rate"] == pytest.approx((returns > 0).mean())
        assert month["active_days"] == days["is_active"].sum()
        if month["sharpe_ratio"] is not None:
            expected = empyrical.sharpe_ratio(excess(days).to_numpy(dtype=np.float64), risk_free=0.0)
            assert month["sharpe_ratio"] == pytest.approx(expected, rel=1e-6)


def test_no_month_of_few_days_in_the_market_has_a_ratio(demo: Demo, tenant: DemoTenant) -> None:
    for month in demo.months(tenant):
        if month["active_days"] < 10:
            assert (month["sharpe_ratio"], month["probabilistic_sharpe_ratio"]) == (None, None)
        elif month["sharpe_ratio"] is not None:
            assert abs(month["sharpe_ratio"]) < 20, "a ratio like -76 beside a P&L of 3 USD"


def test_the_ledger_explains_the_account(demo: Demo, tenant: DemoTenant, daily: pd.DataFrame) -> None:
    live: Any = daily[daily["book"] == "live"]
    earned = tenant.days[-1].equity - 100_000.0
    assert live["pnl"].sum() == pytest.approx(earned, abs=0.01), "every dollar is in some strategy's profit or loss"


def test_the_lab_decides_books_and_measures_exactly_the_same(demo: Demo, tenant: DemoTenant) -> None:
    policy = {**demo_policy(), "disabled_strategies": names_of_users()}
    run, documents = replayed(Tenant(tenant_id=tenant.tenant_id, uid=UID), policy)
    assert [one.equity for one in run.sessions] == [day.equity for day in tenant.days]
    eventually(lambda: has_taken_in_every_fill(demo, tenant))
    found, expected = of_lab(documents, tenant.tenant_id, UID), of_emulator(demo.db, tenant.tenant_id, UID)
    assert len(expected) > 1500
    assert sorted(found) == sorted(expected)
    different = {path: (text, expected[path]) for path, text in found.items() if text != expected[path]}
    assert not different, next(iter(different.items()))


def has_taken_in_every_fill(demo: Demo, tenant: DemoTenant) -> bool | None:
    """Tell whether the trigger that follows the last fill is through; None: not yet."""
    fills = [one.to_dict() or {} for one in paths.ledger_trades(demo.db, tenant.tenant_id).stream()]
    return all(fill.get("ledger_version") is not None for fill in fills) or None
