"""The product's ladder over daily returns: what decides is the domain's, and no session knows itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from functions.domain.kernel.policy import Policy
from functions.domain.track_record.modes import ModeState
from functions.domain.track_record.session_returns import SessionReturns
from functions.domain.track_record.standing import standings
from functions.domain.track_record.windows import PerformanceWindows
from tools.lab.evidence.ladder import mode_weights, mode_weights_of_long_records, part_of

RETURNS = np.random.default_rng(5).normal(0.0005, 0.01, (6, 120))
POLICIES = {
    "guide": Policy(),
    "proof": Policy(demotion_confidence=0.8, performance_lookback_days=90),
    "points": Policy(performance_lookback_days=90, min_data_points=60),
}


@pytest.mark.parametrize("name", POLICIES)
def test_weights_are_those_of_the_modes_that_a_cycle_would_set(name: str) -> None:
    policy, names = POLICIES[name], tuple("ABCDEF")
    days = [date(2020, 1, 1) + timedelta(days=day) for day in range(120)]
    modes: dict[str, ModeState] = {}
    found = mode_weights(SessionReturns.plain(RETURNS), policy)
    for number, day in enumerate(days):
        rows = zip(names, RETURNS[:, :number].tolist(), strict=True)
        cells = [(one, at, value) for one, row in rows for at, value in zip(days[:number], row, strict=True)]
        windows, now = PerformanceWindows.from_daily_returns(cells), datetime(2020, 1, 1, tzinfo=UTC)
        standing = standings(names, windows, modes, policy, now + timedelta(days=(day - days[0]).days))
        modes = {one: known.state for one, known in standing.items()}
        assert found[:, number].tolist() == [one.weight for one in standing.values()]
    assert {0.0, 1.0} <= set(found.ravel().tolist())


@pytest.mark.parametrize("name", POLICIES)
def test_no_session_knows_itself_or_what_comes_after(name: str) -> None:
    changed = RETURNS.copy()
    changed[:, 80:] = -0.05
    before, after = (mode_weights(SessionReturns.plain(one), POLICIES[name]) for one in (RETURNS, changed))
    assert before[:, :81].tolist() == after[:, :81].tolist()
    assert before[:, 81:].tolist() != after[:, 81:].tolist()


def test_a_long_record_is_the_ladder_s_own_where_the_policy_could_ask_for_it() -> None:
    policy = Policy(performance_lookback_days=90)
    sessions = SessionReturns.plain(RETURNS)
    assert mode_weights_of_long_records(sessions, policy, 90).tolist() == mode_weights(sessions, policy).tolist()


def test_parts_of_several_steps_add_up() -> None:
    told: list[tuple[int, int]] = []
    for step in range(2):
        part = part_of(lambda *so_far: told.append(so_far), step, 2)
        assert part is not None
        part(5, 10)
    assert told == [(5, 20), (15, 20)]
    assert part_of(None, 0, 2) is None
