"""Steps of set-up: what they tell, what runs side by side, and how they end."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tools import setup
from tools.prerequisites import ROOT
from tools.steps import Step, plan_of

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def nothing() -> None:
    """Make nothing."""


def step(name: str, *, after: tuple[str, ...] = (), megabytes: int = 0, seconds: int = 0) -> Step:
    return Step(name, [], Path("/nowhere"), nothing, after=after, megabytes=megabytes, seconds=seconds)


SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from tools import setup, steps
from tools.steps import Step, run

here = Path(sys.argv[1])
steps.SETUP = here / ".setup"

def sleep(seconds, name):
    run("sleep", str(seconds), hint="cannot sleep")
    (here / name).touch()

def fail():
    run("sh", "-c", "sleep 0.5; echo what it says; exit 3", hint="do this")

setup.steps_of = lambda _: [STEPS]
sys.exit(setup.main([]))
"""


def start(tmp_path: Path, steps: str) -> subprocess.Popen[str]:
    """Run set-up with other steps, in a process of its own: it ends what it started when one fails."""
    command = [sys.executable, "-c", SCRIPT.replace("STEPS", steps), str(tmp_path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def sleeping(seconds: int) -> list[str]:
    found = subprocess.run(["pgrep", "-f", f"^sleep {seconds}$"], capture_output=True, text=True, check=False)
    return found.stdout.split()


def test_steps_run_side_by_side_and_wait_for_those_they_need(tmp_path: Path) -> None:
    steps = """
        Step("one", [], here / "one", partial(sleep, 2, "one"), seconds=2),
        Step("two", [], here / "two", partial(sleep, 1, "two"), megabytes=3),
        Step("three", [], here / "three", partial(sleep, 0, "three"), after=("two", "not wanted")),
    """
    out, err = start(tmp_path, steps).communicate(timeout=60)
    lines = out.splitlines()
    assert err == ""
    assert lines[:3] == [
        "setup: downloads about 3 MB (two 3), about 2 s on two idle cores and a fast network",
        "setup: one …",
        "setup: two …",
    ]
    assert [re.sub(r" in \d+ s$", "", line) for line in lines[3:]] == [
        "setup: two ready",
        "setup: three …",
        "setup: three ready",
        "setup: one ready",
    ]
    again = start(tmp_path, steps)
    assert again.communicate(timeout=60) == ("", "")
    assert again.returncode == 0


def test_a_step_that_fails_ends_the_others_which_are_made_again(tmp_path: Path) -> None:
    steps = 'Step("long", [], here, partial(sleep, 7771, "long")), Step("bad", [], here, fail)'
    run = start(tmp_path, steps)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (1, "what it says\nsetup: do this\n")
    assert "ready" not in out
    assert sleeping(7771) == []
    assert list((tmp_path / ".setup").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing_running(number: signal.Signals, tmp_path: Path) -> None:
    seconds = 7772 + number
    run = start(tmp_path, f'Step("long", [], here, partial(sleep, {seconds}, "long"))')
    deadline = time.monotonic() + 60
    while not sleeping(seconds) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sleeping(seconds)
    run.send_signal(number)
    _, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (1, "setup: interrupted; the next run continues from here\n")
    assert sleeping(seconds) == []
    assert list((tmp_path / ".setup").iterdir()) == []


def test_the_plan_adds_up_downloads_and_follows_the_longest_way() -> None:
    steps = [
        step("a", megabytes=10, seconds=30),
        step("b", megabytes=5, seconds=40, after=("a", "elsewhere")),
        step("c", seconds=60),
    ]
    assert plan_of(steps) == "downloads about 15 MB (a 10, b 5), about 1.2 min on two idle cores and a fast network"
    assert plan_of(steps[2:]) == "about 1.0 min on two idle cores and a fast network"


def test_a_part_has_every_step_that_its_steps_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "uv", lambda: setup.OWN_UV)
    monkeypatch.setattr(setup, "UPLOT", Path("/nowhere"))
    for name in ("java_home", "cached_emulator", "emulator_binary", "browser"):
        monkeypatch.setattr(setup, name, lambda: None)
    for part, names in setup.PARTS.items():
        steps = setup.steps_of([part])
        assert {one.name for one in steps} == {*names}
        left_out = {name for one in steps for name in one.after} - {*names}
        assert left_out <= {"functions/venv"}, part  # an order that spares downloads, no need


def test_a_part_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main(["--browser"]) == 1
    assert capsys.readouterr().err.startswith("setup: there is no part --browser, the parts are tools, ")


def test_every_target_asks_for_parts_that_exist() -> None:
    asked = re.findall(r"^\t\$\(SETUP\) ?(.*)$", MAKEFILE, re.MULTILINE)
    assert len(asked) > 10
    assert {part for words in asked for part in words.split()} == {*setup.PARTS}
    for recipe in re.split(r"\n(?=\S)", MAKEFILE):
        if "$(PYTHON) " in recipe or "npm " in recipe:
            assert "\t$(SETUP) " in recipe, recipe


def test_tools_and_examples_import_nothing_that_only_developers_have() -> None:
    in_tools, in_lab = (
        {line.split("==")[0] for line in (ROOT / name).read_text().splitlines() if "==" in line}
        for name in ("requirements-tools.txt", "requirements-lab.txt")
    )
    owners = packages_distributions()
    files = [*(ROOT / "tools").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]
    for file in files:
        if file.name in {"screenshots.py", "bench_dashboard.py"}:  # they drive a browser, as developers do
            continue
        installed = in_lab if file.is_relative_to(ROOT / "tools/lab") else in_tools
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for package in {name.split(".")[0] for name in names} & owners.keys():
                assert {owner.lower().replace("_", "-") for owner in owners[package]} & installed, (
                    f"{file.name} imports {package}"
                )
