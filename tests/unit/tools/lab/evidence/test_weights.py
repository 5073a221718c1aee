"""Policies as weights over daily returns, on days whose result is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from functions.domain.track_record.session_returns import SessionReturns
from tools.lab.evidence.portfolio import COST, VOLATILITY_DAYS, at_target_volatility, weighted
from tools.lab.evidence.weights import GROUPS, drawn_groups, of_groups, of_strategies
from tools.lab.results.beside import Chance


def test_a_weight_holds_from_the_next_session_on_and_pays_for_its_changes() -> None:
    returns = np.array([[0.9, 0.1, 0.2, 0.3], [0.9, math.nan, 0.0, 0.1]])
    weights = np.array([[1.0, 0.0, 0.5, 1.0], [1.0, 1.0, 1.0, 1.0]])
    found = weighted(returns, weights)
    assert found.tolist() == pytest.approx([0.5 * 0.1 - COST * 1.0, -COST * 0.5, 0.25 * 0.3 + 0.5 * 0.1 - COST * 0.25])


def test_a_target_volatility_scales_down_only_and_knows_the_days_before_alone() -> None:
    calm, wild = [0.0001, -0.0001] * 50, [0.04, -0.04] * 50
    scales = at_target_volatility(np.array([calm + wild, calm + wild]), 252)
    assert scales[0, :101].tolist() == [1.0] * 101
    assert scales[1, -1] == pytest.approx(0.10 / (np.std(wild[:VOLATILITY_DAYS], ddof=1) * math.sqrt(252)))


def test_groups_are_different_ones_and_all_of_few() -> None:
    assert len(drawn_groups(28, 7, np.random.default_rng(1))) == GROUPS
    few = drawn_groups(5, 4, np.random.default_rng(1))
    assert sorted(map(tuple, few.tolist())) == [(0, 1, 2, 3), (0, 1, 2, 4), (0, 1, 3, 4), (0, 2, 3, 4), (1, 2, 3, 4)]


def test_tables_say_the_same_of_one_seed() -> None:
    sessions = SessionReturns.plain(np.random.default_rng(2).normal(0.0005, 0.01, (4, 150)))
    chance = Chance(seed=1, replications=100)
    table = of_strategies(sessions, 252, chance)
    assert table == of_strategies(sessions, 252, chance)
    rows = [line.split(" | ") for line in table.splitlines()]
    assert [row[0] for row in rows[2:]] == [
        "| always on", "| guide's ladder", "| proof 0.95", "| proof 0.8, lookback 90",
        "| guide's ladder on 252 sessions", "| target volatility 10 %",
    ]  # fmt: skip
    assert rows[2][4:] == ["", "100.0 % |"]
    groups = of_groups(sessions, 252, np.random.default_rng(1), 3)
    assert groups.startswith("| 4 groups of 3 out of 4 | Sharpe, median |")
