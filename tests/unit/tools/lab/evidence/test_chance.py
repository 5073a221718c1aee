"""Simulated records and worlds: their truth, and what the documents say of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from functions.domain.kernel.policy import Policy
from tools.lab.evidence.chance import modes_by_chance, simulated_returns, what_days_tell
from tools.lab.evidence.worlds import DAYS, DEAD, QUARTER, STRATEGIES, by_quarters, dying, in_worlds, returns_of, static


def test_thirty_days_tell_a_ratio_by_three() -> None:
    said = what_days_tell(252)
    assert "| 30 | 2.95 | 2.95 | 2.96 |" in said
    assert "685, 173, 79" in said


def test_simulated_strategies_have_their_true_ratios_over_the_risk_free_rate() -> None:
    returns = simulated_returns(np.random.default_rng(1), [0.0, 2.0], 200_000, Policy())
    ratios = (returns - 0.04 / 252).mean(axis=1) / returns.std(axis=1) * math.sqrt(252)
    assert ratios.tolist() == pytest.approx([0.0, 2.0], abs=0.1)


def test_chance_alone_shadows_about_half_of_what_is_worth_nothing() -> None:
    table = modes_by_chance({"guide": {}}, np.random.default_rng(1), simulated=200)
    name, ratio, after_30, *_ = table.splitlines()[2].strip("| ").split(" | ")
    active, reduced, shadow = (int(share.removesuffix(" %")) for share in after_30.split(" / "))
    assert (name, ratio) == ("guide", "0")
    assert active + reduced + shadow == pytest.approx(100, abs=1)
    assert 30 <= active <= 45
    assert 50 <= shadow <= 65
    assert table == modes_by_chance({"guide": {}}, np.random.default_rng(1), simulated=200)


def test_skill_stays_dies_or_comes_by_the_quarter() -> None:
    generator = np.random.default_rng(1)
    assert (np.diff(static(generator, 50), axis=1) == 0).all()
    dead = dying(generator, 500)
    assert (dead[:, -1] == DEAD).mean() == pytest.approx(0.4, abs=0.06)
    assert set(np.flatnonzero(np.diff(by_quarters(generator, 3), axis=1).any(axis=0) + 0) + 1) == set(
        range(QUARTER, DAYS, QUARTER)
    )


def test_worlds_have_their_true_ratios_and_a_row_each() -> None:
    returns = returns_of(lambda _, count: np.full((count, DAYS), 1.0), np.random.default_rng(1), 40)
    assert returns.shape == (40, STRATEGIES, DAYS)
    ratios = (returns - 0.04 / 252).mean() / returns.std() * math.sqrt(252)
    assert ratios == pytest.approx(1.0, abs=0.25)
    assert np.corrcoef(returns[0, 0], returns[0, 1])[0, 1] == pytest.approx(0.3, abs=0.1)
    one = in_worlds(np.random.default_rng(1), histories=2)
    assert [line.split(" | ")[0] for line in one.splitlines()[2:]] == [
        "| skill that stays", "| 4 of 10 die", "| skill by the quarter",
    ]  # fmt: skip
