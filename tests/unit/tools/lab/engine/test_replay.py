"""A replay is of whole sessions, the same each time, and of each policy as if it were alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pytest

from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.errors import InputError, PolicyError
from functions.strategies.base import BaseStrategy, Inputs, Signal
from tools.lab.engine.account import PolicyAccount, Tenant
from tools.lab.engine.paper_broker import Costs, PaperBroker
from tools.lab.engine.replay import replay, walk
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.strategies import LabStrategies
from tools.lab.prices.bars import DailyBars

GUIDE: dict[str, Any] = {}
OFF = {"enabled": False}


class Swinging(BaseStrategy):
    """In on even days of the month, out on odd ones."""

    symbol = "KO"

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        held = self.held_symbol(account_snapshot)
        if self.symbol not in market_data["symbols"]:
            return self.hold("not there")
        if market_data["as_of"].day % 2:
            return self.sell(held, "odd") if held else self.hold("odd")
        return self.hold("in") if held else self.buy(self.symbol, 0.4, "even")


class Late(Swinging):
    symbol = "PEP"


class Counting(BaseStrategy):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        self.seen.append(len(market_data["symbols"]["KO"]["history"]))
        return self.hold(f"{len(self.seen)} of {self.seen[-1]}")


class Slow(BaseStrategy):
    def evaluate(self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None) -> Signal:
        time.sleep(0.5)
        return self.hold("late")


def bars(market: str = "XNYS", first: date = date(2021, 1, 20), last: date = date(2021, 2, 12)) -> DailyBars:
    """Two symbols: one of all days, one that begins on the fourth and ends two days before the last."""
    days = tuple(Calendars().of(market).sessions(first, last))
    steps = np.random.default_rng(3).normal(0.0, 0.01, (len(days), 2)).cumsum(axis=0)
    close = 100.0 * np.exp(steps)
    close[:3, 1] = close[-2:, 1] = np.nan
    unknown = np.full_like(close, np.nan)
    return DailyBars.of(days, ("KO", "PEP"), np.array([unknown, unknown, unknown, close, unknown]))


def test_every_policy_is_replayed_as_if_it_were_alone_and_the_same_each_time() -> None:
    policies: dict[str, Mapping[str, Any]] = {"guide": GUIDE, "off": OFF, "half": {"max_gross_allocation": 0.2}}
    together = replay(bars(), [Swinging, Late], policies, market="XNYS")
    assert list(together) == ["guide", "off", "half"]
    for name, policy in policies.items():
        alone = replay(bars(), [Swinging, Late], {name: policy}, market="XNYS")
        assert repr(alone[name]) == repr(together[name])
    assert repr(together["half"].sessions) != repr(together["off"].sessions)


def test_off_does_what_strategies_say_and_its_rows_add_up() -> None:
    decisions: list[tuple[str, Mapping[str, Any]]] = []
    found = replay(
        bars(),
        [Swinging, Late],
        {"off": OFF},
        market="XNYS",
        costs=Costs(fee_per_share=0.01, slippage=0.001),
        starting_cash=50_000.0,
        on_decision=lambda name, log: decisions.append((name, log)),
    )["off"]
    assert (found.policy, found.is_whole) == (OFF, True)
    assert [one.day for one in found.sessions] == list(bars().days)
    assert [log["slot"][:10] for name, log in decisions if name == "off"] == [str(day) for day in bars().days]
    swinging = found.strategies["Swinging"]
    assert [row.proposed for row in swinging] == [row.issued for row in swinging]
    assert {"BUY", "SELL", "HOLD"} == {row.issued for row in swinging}
    earned = sum(row.profit for rows in found.strategies.values() for row in rows)
    assert earned == pytest.approx(found.sessions[-1].equity - 50_000.0, abs=1e-6)
    for session, *rows in zip(found.sessions, *found.strategies.values(), strict=True):
        assert session.market_value == pytest.approx(sum(row.held for row in rows))
    assert sum(one.costs for one in found.sessions) > 0.001 * sum(one.traded for one in found.sessions) > 0
    sold = sum(row.issued == "SELL" for row in swinging[:-1])
    assert found.round_trips["Swinging"] == sold


def test_a_symbol_is_there_from_its_first_close_to_its_last() -> None:
    decisions: list[Mapping[str, Any]] = []
    found = replay(bars(), [Late], {"off": OFF}, market="XNYS", on_decision=lambda _, log: decisions.append(log))["off"]
    reasons = [log["signals"]["Late"]["reasoning"] for log in decisions]
    assert [reason == "not there" for reason in reasons] == [True] * 3 + [False] * (len(reasons) - 5) + [True] * 2
    assert all(one.equity > 0 for one in found.sessions)


@pytest.mark.parametrize("market", ["24x7", "XHKG", "CMES"])
def test_every_market_has_its_own_sessions(market: str) -> None:
    some = bars(market)
    found = replay(some, [Swinging], {"off": OFF}, market=market)["off"]
    assert len(found.sessions) == len(some.days)
    earned = sum(row.profit for row in found.strategies["Swinging"])
    assert earned == pytest.approx(found.sessions[-1].equity - 100_000.0, abs=1e-6)
    assert found.round_trips["Swinging"] > 0


def test_first_and_last_are_included_and_earlier_closes_are_history() -> None:
    days = bars().days
    decisions: list[Mapping[str, Any]] = []
    found = replay(
        bars(),
        [Counting],
        {"guide": GUIDE},
        market="XNYS",
        first=days[5],
        last=days[8],
        on_decision=lambda _, log: decisions.append(log),
    )["guide"]
    assert [one.day for one in found.sessions] == list(days[5:9])
    reasons = [log["signals"]["Counting"]["reasoning"] for log in decisions]
    assert reasons == ["1 of 6", "1 of 7", "1 of 8", "1 of 9"], "what it kept in self is gone, as deployed"


def test_a_strategy_of_the_users_own_has_its_time_limit() -> None:
    policy = {"strategy_timeout_seconds": 0.05}
    decisions: list[Mapping[str, Any]] = []
    found = replay(
        bars(),
        [Slow, Swinging],
        {"guide": policy},
        market="XNYS",
        last=bars().days[1],
        on_decision=lambda _, log: decisions.append(log),
    )["guide"]
    assert "no answer within 0.05 s" in decisions[0]["strategy_errors"]["Slow"]
    assert found.strategies["Slow"][0].reason_codes[0] == "STRATEGY_TIMEOUT"
    assert found.strategies["Swinging"][0].issued != "", "the others go on"


def test_an_interruption_leaves_whole_sessions_of_all_policies() -> None:
    def progress(done: int, of: int) -> None:
        assert of == len(bars().days)
        if done == 4:
            raise KeyboardInterrupt

    found = replay(bars(), [Swinging], {"guide": GUIDE, "off": OFF}, market="XNYS", progress=progress)
    assert [one.is_whole for one in found.values()] == [False, False]
    assert [len(one.sessions) for one in found.values()] == [4, 4]
    assert {len(rows) for one in found.values() for rows in one.strategies.values()} == {4}
    whole = replay(bars(), [Swinging], {"off": OFF}, market="XNYS", last=bars().days[3])["off"]
    assert repr(found["off"].sessions) == repr(whole.sessions)


def test_memory_does_not_grow_with_the_sessions() -> None:
    some = bars(last=date(2022, 6, 30))
    counts = [documents_after(some, last) for last in (some.days[200], some.days[-1])]
    assert counts[1] <= counts[0] + 10


def documents_after(some: DailyBars, last: date) -> int:
    calendars, strategies = RememberedCalendars(), LabStrategies([Swinging])
    sessions = Sessions(some, calendars.of("XNYS"), None, last)
    account = PolicyAccount(Tenant(), GUIDE, strategies, "XNYS", calendars, PaperBroker("lab"), ReadOnce())
    assert walk(sessions, {"guide": account}, {"guide": Rows("guide", GUIDE, strategies.names)})
    return len(account.documents.all())


def test_what_cannot_be_replayed_is_refused_by_its_name() -> None:
    with pytest.raises(InputError, match="days must be one or more sessions"):
        replay(bars(), [Swinging], {"guide": GUIDE}, market="XNYS", first=date(2030, 1, 1))
    with pytest.raises(InputError, match=r"days must be sessions of the market.*2021-01-23"):
        replay(bars("24x7"), [Swinging], {"guide": GUIDE}, market="XNYS")
    with pytest.raises(InputError, match=r"policies.guide.market must be that of the prices, XNYS"):
        replay(bars(), [Swinging], {"guide": {"market": "24x7"}}, market="XNYS")
    with pytest.raises(PolicyError, match="max_drawdown"):
        replay(bars(), [Swinging], {"guide": {"max_drawdown": 7}}, market="XNYS")
    with pytest.raises(InputError, match="strategies must be one of each class"):
        replay(bars(), [Swinging, Swinging], {"guide": GUIDE}, market="XNYS")
