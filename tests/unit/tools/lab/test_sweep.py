"""Sweeps and walks: all cores, resumable, and judged on days that the choice did not see."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.test_command_line import run
from tests.unit.tools.lab.test_run import PRICES, SHORT
from tools.lab import sweep as module
from tools.lab.given import Given
from tools.lab.policies import BUILT_IN, OFF, grid
from tools.lab.policy_run import PolicyRun
from tools.lab.results.beside import Chance
from tools.lab.run import Folder
from tools.lab.sweep import best, sweep
from tools.lab.task import Task
from tools.lab.walk import parts, walk

CHANCE = Chance(seed=1, replications=100)
POLICIES = {OFF: BUILT_IN[OFF], **grid(["thresholds"])}
FEW = "BollingerBreakout,TurtleChannel"


def a_task(out: Path, first: str = "2020-02-18", last: str = "2020-03-31") -> Task:
    task = Given(prices=PRICES, out=out, first=first, last=last, leave_out=["SP500"], strategies=[FEW]).task()
    assert isinstance(task, Task)
    return task


def test_two_processes_find_what_one_finds_to_the_byte(tmp_path: Path) -> None:
    documents = []
    for cores in (1, 2):
        folder = Folder(tmp_path / str(cores))
        assert sweep(a_task(tmp_path), POLICIES, folder, CHANCE, cores) is not None
        documents.append((folder.path / "sweep.json").read_bytes())
    assert documents[0] == documents[1]
    assert list(json.loads(documents[0])["policies"]) == list(POLICIES)


def test_what_is_done_is_not_done_again_and_ctrl_c_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replayed: list[str] = []
    real = Task.replay

    def counting(self: Task, policies: Mapping[str, Any], progress: Any = None) -> dict[str, PolicyRun]:
        replayed.extend(policies)

        def pressed(done: int, _of: int) -> None:
            if len(replayed) == 3 and done == 5:
                signal.raise_signal(signal.SIGINT)

        return real(self, policies, pressed)

    monkeypatch.setattr(Task, "replay", counting)
    monkeypatch.setattr(module, "_MOST_AT_ONCE", 1)
    task, folder = a_task(tmp_path), Folder(tmp_path)
    assert sweep(task, POLICIES, folder, CHANCE, 1) is None
    assert replayed == list(POLICIES)[:3]
    assert sweep(task, POLICIES, folder, CHANCE, 1) is not None
    assert replayed[3:] == list(POLICIES)[2:], "the one that was broken off, and the one after"
    assert sweep(task, POLICIES, folder, CHANCE, 1) is not None
    assert len(replayed) == 5
    other = a_task(tmp_path, last="2020-03-30")
    assert sweep(other, POLICIES, folder, CHANCE, 1) is not None
    assert len(replayed) == 9, "other days are another replay"


@pytest.mark.parametrize(
    ("policies", "cores", "sizes"),
    [
        (8, 1, [4, 4]),
        (8, 2, [4, 4]),
        (9, 2, [2, 2, 2, 3]),
        (3, 2, [1, 2]),
        (1, 4, [1]),
        (0, 2, []),
        (17, 4, [2] * 7 + [3]),
    ],
)
def test_every_core_has_as_many_policies_as_the_others(policies: int, cores: int, sizes: list[int]) -> None:
    names = [str(number) for number in range(policies)]
    chunks = list(module._chunks(names, cores))
    assert [len(chunk) for chunk in chunks] == sizes
    assert [name for chunk in chunks for name in chunk] == names


def test_a_sweep_counts_all_its_policies_as_tried_and_deflates_by_them(tmp_path: Path) -> None:
    found = sweep(a_task(tmp_path), POLICIES, Folder(tmp_path), CHANCE, 1)
    assert found is not None
    assert len(found.tried.trials) == 3
    ratios = {name: one.figures.sharpe_ratio for name, one in found.policies.items() if name != OFF}
    assert ratios[best(found)] == max(ratios.values())


def test_a_walk_judges_the_chosen_on_days_that_the_choice_did_not_see(tmp_path: Path) -> None:
    task = a_task(tmp_path, "2019-11-01", "2020-06-01")
    walked = walk(task, POLICIES, Folder(tmp_path), CHANCE, split="2020-02-18", cores=1, with_rules=False)
    assert walked is not None
    assert walked.first.raw.days[-1] == date(2020, 2, 14)
    assert walked.second.raw.days[0] == date(2020, 2, 18)
    assert list(walked.second.policies) == [OFF, walked.chosen]
    how = f"{walked.chosen} was chosen among 3 policies by its Sharpe ratio from 2019-11-01 to 2020-02-14, "
    assert walked.second.warnings[0].startswith(how)
    document = json.loads((tmp_path / "walk.json").read_text(encoding="utf-8"))
    assert document["judged"] == json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert set(document["chosen_on"]["sharpe"]) == set(POLICIES)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("0.01", "--split must be such that 60 sessions or more are on either side of 145, was '0.01'"),
        ("2", "--split must be such that 60 sessions or more are on either side of 145, was '2'"),
        ("soon", r"--split must be a share of the sessions \(0.5\), or the second part's first day, was 'soon'"),
    ],
)
def test_a_split_that_leaves_too_little_is_refused(tmp_path: Path, split: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parts(a_task(tmp_path, "2019-11-01", "2020-06-01"), split)


def test_halves_share_no_day_and_leave_none_out(tmp_path: Path) -> None:
    task = a_task(tmp_path, "2019-11-01", "2020-06-01")
    days = [day for day in task.prices.bars.days if task.first <= day <= task.last]
    before, after = parts(task, "0.5")
    assert (before.first, after.last) == (days[0], days[-1])
    assert days.index(after.first) == days.index(before.last) + 1 == 72


def test_compare_names_days_strategies_and_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "run", *SHORT, "--no-rules", "--out", str(tmp_path)) == 0
    capsys.readouterr()
    assert run(monkeypatch, "compare", "guide", "off", "--out", str(tmp_path), "--days", "3") == 0
    said = capsys.readouterr().out
    assert "guide ended " in said
    assert "These 3 of 31 days make" in said
    assert "guide: SHARPE_BELOW_SHADOW" in said
    assert run(monkeypatch, "compare", f"{tmp_path}/guide", f"{tmp_path}/off", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(found["causes"].values()) == pytest.approx(found["difference"], abs=1e-6)
    assert run(monkeypatch, "compare", "guide", "off") == 1
    assert "lab: --out must be given, or the policy as DIR/NAME, was 'guide'" in capsys.readouterr().err
    assert run(monkeypatch, "compare", "guide", "nobody", "--out", str(tmp_path)) == 1
    assert "lab: policy must be one of off, guide, which `run` left in" in capsys.readouterr().err
