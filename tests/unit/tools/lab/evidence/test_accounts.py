"""The documents' tables, from runs whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.domain.kernel.policy import Policy
from tests.unit.tools.lab.results.runs import CASH, TERMS, a_measured, a_run
from tools.lab.evidence.accounts import POLICIES, after_mode
from tools.lab.evidence.markdown import markdown
from tools.lab.results.measured import Measured, measured


def earning(mode_until: int) -> Measured:
    """Return a policy that shadows Alpha at first; from then on it earns 1 % of what it holds a session, raw."""
    run = a_run("guide", [0.0] * 100, modes={"Alpha": ["SHADOW_MODE"] * mode_until + ["ACTIVE"] * (100 - mode_until)})
    rows = tuple(
        replace(row, held=1000.0, profit=10.0 if at >= mode_until else 0.0)
        for at, row in enumerate(run.strategies["Alpha"])
    )
    return measured(replace(run, strategies={"Alpha": rows}), TERMS)


def test_what_was_earned_after_a_mode_is_that_of_the_sessions_after_it() -> None:
    one = earning(40)
    active, days = after_mode(one, one, "ACTIVE")
    assert (round(active, 9), days) == (0.01, 59)
    shadowed, count = after_mode(one, one, "SHADOW_MODE")
    assert count == 40
    # Of 40 x 30 sessions after a shadowed one, those from session 40 on earned: 1 for the 11th, 2 for the 12th, … 30.
    assert shadowed == pytest.approx(0.01 * sum(range(1, 31)) / (40 * 30))
    assert after_mode(one, one, "REDUCED")[1] == 0


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_of_the_tables_is_one_the_product_takes(name: str) -> None:
    assert Policy.problems({}, POLICIES[name]) == []


def test_a_table_is_markdown() -> None:
    assert markdown(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_strategy_that_holds_nothing_says_nothing() -> None:
    one = a_measured("guide", [0.0] * 50, exposure=0.0)
    earned, count = after_mode(one, one, "ACTIVE")
    assert count == 98
    assert str(earned) == "nan"
    assert one.final_equity == CASH
