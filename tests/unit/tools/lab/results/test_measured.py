"""The figures of a run are those of its sessions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from functions.domain.track_record.statistics import max_drawdown, sharpe_ratio
from tests.unit.tools.lab.results.runs import CASH, TERMS, a_measured, a_run, noise
from tools.lab.results.measured import daily_returns, measured


def test_returns_are_those_of_equity_from_the_starting_cash_on() -> None:
    returns = noise(1)
    found = a_measured("guide", returns)
    np.testing.assert_allclose(found.returns, returns, atol=1e-12)
    assert found.figures.total_return == pytest.approx(np.prod(1 + returns) - 1)
    assert found.figures.sharpe_ratio == pytest.approx(float(sharpe_ratio(returns, periods_a_year=252)))
    assert found.figures.max_drawdown == pytest.approx(float(max_drawdown(returns)))


def test_a_loss_in_the_first_session_counts() -> None:
    assert a_measured("guide", [-0.1, 0.2, 0.0]).figures.max_drawdown == pytest.approx(-0.1)


def test_money_that_comes_in_is_no_return() -> None:
    run = a_run("guide", [0.0, 1.0, 0.0])
    paid = replace(run, sessions=(run.sessions[0], replace(run.sessions[1], flows=CASH), run.sessions[2]))
    assert daily_returns(paid, CASH).tolist() == [0.0, 0.0, 0.0]


def test_turnover_is_two_way_and_costs_are_summed() -> None:
    found = a_measured("guide", [0.0] * 252, traded=1000.0, costs=2.0)
    assert found.turnover == pytest.approx(252 * 1000 / CASH)
    assert found.costs == pytest.approx(504.0)
    assert found.cost_rate == pytest.approx(504 / CASH)
    assert found.exposure == pytest.approx(0.5)


def test_mode_changes_are_counted_of_all_strategies_and_a_year() -> None:
    modes = {"Alpha": ["ACTIVE", "REDUCED", "REDUCED", "ACTIVE"] * 63, "Beta": ["SHADOW_MODE"] * 252}
    found = a_measured("guide", [0.001] * 252, modes=modes)
    alpha, beta = found.strategies
    assert (alpha.mode_changes, beta.mode_changes) == (126, 0)
    assert found.mode_changes == found.mode_changes_a_year == 126
    assert alpha.sessions_by_mode == {"ACTIVE": 126, "REDUCED": 126}
    assert beta.changed_signals == 252, "on paper is something else than what it proposed"
    assert alpha.changed_signals == 0


def test_profits_of_strategies_add_up_to_the_accounts() -> None:
    found = a_measured("guide", noise(2))
    assert sum(one.profit for one in found.strategies) == pytest.approx(found.final_equity - CASH)


def test_the_interval_is_the_ratio_with_two_standard_errors_on_either_side() -> None:
    found = a_measured("guide", noise(3))
    low, high = found.sharpe_interval
    assert high - low == pytest.approx(2 * 1.959964 * found.figures.sharpe_standard_error)


def test_nothing_has_no_figures() -> None:
    found = measured(a_run("guide", []), TERMS)
    assert np.isnan([found.final_equity, found.figures.sharpe_ratio, found.turnover]).all()
