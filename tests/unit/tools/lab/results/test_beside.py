"""What a policy is compared with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from functions.domain.lab.holdings import at_mean_exposure
from functions.domain.lab.path_differences import path_differences
from tests.unit.domain.lab.records import sessions
from tests.unit.tools.lab.results.runs import TERMS, a_measured, noise
from tools.lab.prices.bars import DailyBars
from tools.lab.results.benchmark import buy_and_hold
from tools.lab.results.beside import HOLD, RAW, SCALED, Chance, compared, reversed_, spells_between

CHANCE = Chance(seed=1, replications=200)


def test_a_policy_that_holds_less_of_the_same_is_told_by_raw_at_its_exposure() -> None:
    returns = noise(1)
    raw = a_measured("off", returns, exposure=0.8)
    half = a_measured("half", 0.5 * returns, exposure=0.4)
    beside = compared([half], raw, None, TERMS, CHANCE)["half"].beside
    assert beside[RAW].max_drawdown.difference > 0
    assert not beside[RAW].max_drawdown.holds_zero
    assert beside[SCALED].max_drawdown.difference == pytest.approx(0, abs=1e-9)
    assert beside[RAW].sharpe.difference == pytest.approx(0, abs=1e-9)
    assert beside[RAW].correlation == pytest.approx(1)
    assert HOLD not in beside


def test_differences_are_the_policys_minus_the_others() -> None:
    raw, better = a_measured("off", noise(1)), a_measured("better", noise(1) + 0.003)
    one = compared([better], raw, noise(1), TERMS, CHANCE)["better"].beside
    for other in (RAW, HOLD):
        assert 0 < one[other].sharpe.low < one[other].sharpe.difference < one[other].sharpe.high
        assert one[other].total_return.difference == pytest.approx(
            better.figures.total_return - raw.figures.total_return
        )


def test_a_figure_does_not_depend_on_which_other_policies_are_compared_but_for_the_block_length() -> None:
    raw, one, other = (a_measured(name, noise(seed)) for seed, name in enumerate(("off", "one", "other")))
    alone, both = (compared(policies, raw, None, TERMS, CHANCE) for policies in ([one], [one, other]))
    assert alone["one"].block_length <= both["one"].block_length
    if alone["one"].block_length == both["one"].block_length:
        assert alone["one"].beside == both["one"].beside
    assert alone["one"].beside[RAW].other == both["one"].beside[RAW].other


def test_paths_are_resampled_once_and_say_what_they_say_of_each_policy_by_itself() -> None:
    raw, hold = a_measured("off", noise(0)), noise(3)
    policies = [a_measured(name, noise(seed), exposure=0.4) for seed, name in enumerate(("one", "other"), 1)]
    for name, found in compared(policies, raw, hold, TERMS, CHANCE).items():
        own = next(one for one in policies if one.name == name)
        scaled = at_mean_exposure(raw.returns, raw.exposure, own.exposure, periods_a_year=TERMS.periods_a_year)
        alone = path_differences(
            np.stack([own.returns, raw.returns, scaled, hold]),
            CHANCE.generator(),
            block_length=found.block_length,
            periods_a_year=TERMS.periods_a_year,
            replications=CHANCE.replications,
        )
        for row, other in enumerate((RAW, SCALED, HOLD), 1):
            assert found.beside[other].total_return == reversed_(alone.total_return[row])
            assert found.beside[other].max_drawdown == reversed_(alone.max_drawdown[row])


def test_too_few_trades_say_so() -> None:
    raw, few = a_measured("off", noise(1)), a_measured("few", noise(1) + 0.003, round_trips=2)
    found = compared([few], raw, None, TERMS, CHANCE)["few"]
    assert "4 round trips, but 30 are needed" in found.too_few
    assert "holdings differed 0 times, but 10 are needed" in found.too_few
    assert not any("interval" in why for why in found.too_few)


def test_spells_are_counted_of_every_strategy_where_a_share_of_equity_differs_by_a_hundredth() -> None:
    raw = a_measured("off", [0.0] * 6, exposure=0.5)
    assert spells_between(a_measured("same", [0.01] * 6, exposure=0.5), raw) == 0
    assert spells_between(a_measured("a little less", [0.0] * 6, exposure=0.49), raw) == 0
    less = a_measured("less", [0.0] * 6, exposure=0.47)
    assert spells_between(less, raw) == 2, "one of each strategy"
    rows = less.run.strategies["Alpha"]
    mixed = (*rows[:2], raw.run.strategies["Alpha"][2], *rows[3:])
    again = replace(less, run=replace(less.run, strategies={**less.run.strategies, "Alpha": mixed}))
    assert spells_between(again, raw) == 3


def test_nothing_is_compared_where_a_return_is_not_known() -> None:
    ruined = a_measured("off", [-1.0, 0.0, 0.0])
    assert compared([a_measured("guide", [0.1, 0.0, 0.0])], ruined, None, TERMS, CHANCE) == {}


def bars(closes: list[list[float]]) -> DailyBars:
    values = np.array(closes)
    days = tuple(sessions(len(values)))
    return DailyBars.of(days, tuple("ABC"[: values.shape[1]]), np.stack([values] * 5))


def test_buy_and_hold_buys_as_much_of_each_once() -> None:
    found = buy_and_hold(bars([[9, 9], [10, 100], [20, 100], [20, 50]]), sessions(4)[1:])
    assert found is not None
    assert found.returns == pytest.approx([0.0, 0.5, -1 / 6])


def test_what_has_no_price_yet_is_left_out_and_what_ends_is_kept_as_cash() -> None:
    nan = float("nan")
    found = buy_and_hold(bars([[10, 10, nan], [20, 20, 5], [nan, 10, 5]]), sessions(3))
    assert found is not None
    assert (found.symbols, found.left_out) == (("A", "B"), ("C",))
    assert found.returns == pytest.approx([0.0, 1.0, -0.25])


def test_there_is_no_benchmark_of_days_without_prices() -> None:
    days = sessions(3)
    assert buy_and_hold(bars([[1.0], [2.0], [3.0]]), [*days, days[-1] + timedelta(days=1)]) is None
    assert buy_and_hold(bars([[1.0]]), []) is None
    assert buy_and_hold(bars([[float("nan")], [1.0]]), sessions(2)) is None
