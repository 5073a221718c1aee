"""What a rule did is told by running without it."""

from __future__ import annotations

import pytest

from functions.domain.kernel.policy import Policy
from tests.unit.tools.lab.results.runs import CASH, a_run
from tools.lab.policy_run import PolicyRun
from tools.lab.results.rules import RULES, effects, without_all, without_rules

OFF = a_run("off", [0.0, 0.10], policy={"enabled": False})
CAPPED = {"Alpha": {1: ("GROSS_ALLOCATION_CAP",)}}
SHADOWED = {"Beta": ["ACTIVE", "SHADOW_MODE"]}


def ended(name: str, fraction: float, **more: object) -> PolicyRun:
    return a_run(name, [0.0, fraction], **more)  # type: ignore[arg-type]


def test_each_rule_that_acted_is_left_out_once() -> None:
    run = a_run("guide", [0.0, 0.05], policy={"RISK_FREE_RATE": 0.0}, modes=SHADOWED, codes=CAPPED)
    others = without_rules([OFF, run])
    assert list(others) == ["guide without modes", "guide without cap"]
    assert others["guide without cap"] == {"RISK_FREE_RATE": 0.0, "max_gross_allocation": 10.0}


def test_a_rule_that_changed_nothing_costs_no_replay() -> None:
    assert without_rules([OFF, a_run("guide", [0.0, 0.05])]) == {}


def test_effects_are_differences_of_final_equity_with_the_remainder_shown() -> None:
    run = ended("guide", 0.05, modes=SHADOWED, codes=CAPPED)
    others = {"guide without modes": ended("x", 0.07), "guide without cap": ended("y", 0.04)}
    found = effects(run, OFF, others)
    assert found is not None
    assert [one.rule.name for one in found.rules] == ["modes", "cap"]
    assert [one.effect for one in found.rules] == pytest.approx([-0.02 * CASH, 0.01 * CASH])
    assert found.together == pytest.approx(-0.05 * CASH)
    assert sum(one.effect for one in found.rules) + found.remainder == pytest.approx(found.together)


def test_a_rule_that_acted_in_the_run_without_it_is_told() -> None:
    run = ended("guide", 0.05, modes=SHADOWED)
    found = effects(run, OFF, {"guide without modes": ended("x", 0.07, modes=SHADOWED)})
    assert found is not None
    assert found.rules[0].still_acted == 1


def test_a_replay_that_was_broken_off_says_nothing_of_its_rule() -> None:
    run = ended("guide", 0.05, modes=SHADOWED)
    found = effects(run, OFF, {"guide without modes": a_run("x", [0.0])})
    assert found is not None
    assert found.rules == ()
    assert found.remainder == found.together


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_policy_without_a_rule_is_one_that_the_product_takes(rule: object) -> None:
    assert Policy.problems({}, rule.without) == []  # type: ignore[attr-defined]


def test_a_policy_without_any_keeps_what_is_no_rule() -> None:
    bare = without_all({"allow_shorts": True, "max_drawdown": 0.1})
    assert bare["allow_shorts"] is True
    assert bare["max_drawdown"] is None
    assert Policy.problems({}, bare) == []
