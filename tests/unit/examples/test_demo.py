"""What the demo sets up, and the strategies that it lets run beside Maestro."""

from __future__ import annotations

from datetime import date

from examples.demo import FIRST_DAY, LAST_DAY, demo_policy, policy_line
from examples.replay import Prices
from examples.without_maestro import WithoutMaestro
from functions.domain.kernel.policy import Policy
from tests.samples import SAMPLE_NAMES

PRICES = Prices.load()


def test_the_policy_of_the_demo_is_one_that_an_operator_can_set() -> None:
    assert Policy.from_sources({}, demo_policy()).max_drawdown == 0.10
    assert policy_line(demo_policy()) == (
        "Policy: a demotion needs 10 active days and 75% confidence; "
        "10% drawdown on 2 days in a row stops BUYs for 5 days"
    )


def test_the_demo_takes_83_days() -> None:
    assert len(PRICES.between(FIRST_DAY, LAST_DAY)) == 83


def test_without_maestro_every_proposal_of_those_who_take_part_is_filled_at_the_next_close() -> None:
    without = WithoutMaestro("raw")
    first, second = PRICES.between(date(2020, 1, 2), date(2020, 1, 3))
    proposed = without.propose(PRICES, first, PRICES.market_data(first))
    assert proposed.keys() >= SAMPLE_NAMES
    buyers = [name for name in sorted(SAMPLE_NAMES) if proposed[name]["action"] == "BUY"]
    assert len(buyers) > 2
    taking_part = buyers[:2]
    without.close_day(PRICES, first, proposed, taking_part)
    assert without.equities == [100_000.0, 100_000.0], "nothing is filled on the day it is asked for"
    assert not {p["strategy_id"] for p in without.account(PRICES, first)["positions"]}
    without.close_day(PRICES, second, {}, taking_part)
    held = {position["strategy_id"] for position in without.account(PRICES, second)["positions"]}
    assert held == set(taking_part)
    assert without.equities[-1] < 100_000.0, "it pays fees and slippage"
