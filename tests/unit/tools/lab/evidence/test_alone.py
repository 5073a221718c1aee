"""Strategies alone: the returns that the ledger measures, of each as if it had the account to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.tools.lab.test_command_line import run
from tools.lab.evidence import alone as module
from tools.lab.evidence.alone import VARIANTS, replayed_alone
from tools.lab.given import Given
from tools.lab.task import Task, found_strategies
from tools.prerequisites import ROOT

PRICES = ROOT / "examples/data/us_equities_daily_2018_2022.csv"


def task(*strategies: str) -> Task:
    given = Given(
        prices=PRICES,
        out=Path(),
        first="2020-02-18",
        last="2020-03-31",
        strategies=list(strategies),
        leave_out=["SP500"],
    )
    found = given.task()
    assert isinstance(found, Task)
    return found


def test_every_variant_is_a_setting_that_its_sample_has() -> None:
    for name, variants in VARIANTS.items():
        assert len({str(sorted(one.items())) for one in variants}) == len(variants)
        for one in variants:
            defaults: dict[str, Any] = found_strategies()[name]().defaults
            assert one.keys() <= defaults.keys()
            assert all(defaults[setting] != value for setting, value in one.items())


def test_what_one_earns_does_not_depend_on_who_else_is_replayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VARIANTS", {"TurtleChannel": [{"exit_days": 5}]})
    both, one = replayed_alone(task("TurtleChannel", "TwelveOneMomentum")), replayed_alone(task("TwelveOneMomentum"))
    assert both is not None
    assert one is not None
    assert both.strategies.returns.shape == (2, 31)
    assert both.variants.returns.shape == (3, 31)
    assert both.strategies.returns[1].tobytes() == one.strategies.returns[0].tobytes()
    assert np.array_equal(both.variants.returns[:2], both.strategies.returns, equal_nan=True)
    assert not np.array_equal(both.variants.returns[2], both.strategies.returns[0], equal_nan=True)


def test_a_return_is_that_of_what_was_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VARIANTS", {})
    one = task("TwelveOneMomentum")
    found, bars = replayed_alone(one), one.prices.bars
    assert found is not None
    # What is proposed in the first session is bought at the second's close, and held in the fourth.
    fourth = bars.days.index(one.first) + 3
    changes = bars.close[fourth] / bars.close[fourth - 1] - 1.0
    earned = found.strategies.returns[0, 3]
    assert bars.symbols[int(np.abs(changes - earned).argmin())] == "AMD"
    assert earned == pytest.approx(changes[bars.symbols.index("AMD")], abs=0.003)  # of what it cost, not of its value


def test_the_command_prints_every_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("tools.lab.evidence.worlds.HISTORIES", 2)
    monkeypatch.setattr("tools.lab.evidence.chance.SIMULATED", 2)
    days = ("--from", "2020-02-18", "--to", "2020-03-31", "--strategies", "TurtleChannel")
    words = ("--prices", str(PRICES), *days, "--replications", "100", "--out", str(tmp_path))
    assert run(monkeypatch, "evidence", *words) == 0
    said = capsys.readouterr().out
    headings = [line.split("**")[1] for line in said.splitlines() if line.startswith("**")]
    assert headings == [
        "Accounts.",
        "Differences from the strategies alone",
        "What a mode says about the next 30 sessions.",
        "Standard errors by number of days.",
        "Modes by chance",
        "Simulated worlds",
        "Policies as weights.",
        "Groups of variants.",
    ]
    assert "| 1 groups of 3 out of 3 |" in said
