"""What is between two policies adds up, and is attributed to the decisions that made it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.tools.lab.results.runs import a_run, noise
from tools.lab.policy_run import PolicyRun
from tools.lab.results.attribution import SIZES, attributed

OFF = a_run("off", noise(1, 60), policy={"enabled": False})


def held(run: PolicyRun, strategy: str, values: dict[int, float]) -> PolicyRun:
    """Return a run in which a strategy holds other USD in some sessions."""
    rows = tuple(replace(row, held=values.get(at, row.held)) for at, row in enumerate(run.strategies[strategy]))
    return replace(run, strategies={**run.strategies, strategy: rows})


def test_days_strategies_and_causes_add_up_to_the_difference() -> None:
    other = a_run("guide", noise(2, 60), codes={"Alpha": {10: ("SYSTEMIC_RISK",)}}, exposure=0.3)
    found = attributed(other, OFF)
    for sums in (found.strategies, found.causes):
        assert sum(sums.values()) == pytest.approx(found.difference)
    assert sum(day.difference for day in found.days) == pytest.approx(found.difference)
    for day in found.days:
        assert sum(day.causes.values()) == pytest.approx(day.difference)


def test_a_difference_is_attributed_to_the_last_decision_that_differed_while_they_hold_something_else() -> None:
    returns = noise(1, 60)
    returns[12] += 0.05  # while Alpha held something else
    returns[40] += 0.01  # when both held the same again
    mine = a_run("guide", returns, codes={"Alpha": {10: ("GROSS_ALLOCATION_CAP",)}})
    found = attributed(held(mine, "Alpha", dict.fromkeys(range(11, 14), 0.0)), OFF)
    assert set(found.causes) == {"guide: GROSS_ALLOCATION_CAP", SIZES}
    assert found.largest(1)[0].day == OFF.sessions[12].day


def test_a_shadowed_buy_is_another_decision_and_a_shadowed_hold_is_not() -> None:
    shadowed = a_run("guide", noise(1, 60), modes={"Beta": ["SHADOW_MODE"] * 60})
    assert sum(attributed(shadowed, OFF).decisions.values()) == 60
    rows = tuple(replace(row, proposed="HOLD", issued="HOLD") for row in shadowed.strategies["Beta"])
    theirs = tuple(replace(row, mode="ACTIVE") for row in rows)
    one = replace(shadowed, strategies={**shadowed.strategies, "Beta": rows})
    other = replace(OFF, strategies={**OFF.strategies, "Beta": theirs})
    assert attributed(one, other).decisions == {}


def test_the_same_run_makes_no_difference() -> None:
    found = attributed(replace(OFF, name="copy"), OFF)
    assert found.difference == 0
    assert set(found.causes.values()) == {0.0}
    assert found.decisions == {}


def test_half_the_size_is_another_decision() -> None:
    found = attributed(a_run("guide", noise(1, 60), modes={"Alpha": ["REDUCED"] * 60}), OFF)
    assert sum(found.decisions.values()) == 60


def test_what_a_strategy_proposes_after_a_rule_stopped_it_is_attributed_to_the_rule() -> None:
    mine = a_run("guide", noise(2, 60), codes={"Alpha": {10: ("SYSTEMIC_RISK",)}})
    mine = held(mine, "Alpha", dict.fromkeys(range(11, 40), 0.0))
    rows = tuple(
        replace(row, proposed="HOLD", issued="HOLD") if 10 < at < 40 else row
        for at, row in enumerate(OFF.strategies["Alpha"])
    )
    theirs = replace(OFF, strategies={**OFF.strategies, "Alpha": rows})
    found = attributed(mine, theirs)
    assert set(found.causes) == {"guide: SYSTEMIC_RISK", SIZES}
    between = zip(mine.strategies["Alpha"][11:41], theirs.strategies["Alpha"][11:41], strict=True)
    assert found.causes["guide: SYSTEMIC_RISK"] == pytest.approx(sum(a.profit - b.profit for a, b in between))


def test_an_exit_of_a_shadowed_strategy_is_a_live_one() -> None:
    rows = tuple(replace(row, proposed="SELL", issued="SELL") for row in OFF.strategies["Alpha"])
    shadowed = tuple(replace(row, mode="SHADOW_MODE", reason_codes=("LIVE_EXIT",)) for row in rows)
    runs = [replace(OFF, strategies={"Alpha": each}) for each in (shadowed, rows)]
    assert attributed(*runs).decisions == {}
