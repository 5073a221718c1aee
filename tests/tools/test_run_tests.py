"""The shares of `make test`: every test is in one of them, and what they print and return is one whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.conftest import WITHOUT_EMULATORS, pytest_collection_modifyitems, share_of
from tools import run_tests
from tools.prerequisites import ROOT
from tools.run_tests import SHARES

PASSES, FAILS, NO_TESTS = 0, 1, 5


def item_of(*fixtures: str, mark: str | None = None, path: Path = ROOT / "tests/flow/test_it.py") -> pytest.Item:
    marker = None if mark is None else SimpleNamespace(args=(mark,))
    item = SimpleNamespace(fixturenames=fixtures, get_closest_marker=lambda _: marker, path=path, nodeid=path.name)
    return cast("pytest.Item", item)


def selected(share: str | None, items: list[pytest.Item]) -> list[pytest.Item]:
    hook = SimpleNamespace(pytest_deselected=lambda items: None)
    config: Any = SimpleNamespace(getoption=lambda _: share, hook=hook)
    chosen = list(items)
    pytest_collection_modifyitems(config, chosen)
    return chosen


@pytest.mark.parametrize(
    ("fixtures", "mark", "share"),
    [
        (["tmp_path"], None, "alone"),
        (["own_db", "firestore"], None, "data"),
        (["db", "firestore", "accounts"], None, "data"),
        (["emulators", "accounts", "firestore"], None, "functions"),
        (["tmp_path"], "functions", "functions"),
    ],
)
def test_what_a_test_needs_decides_its_share(fixtures: list[str], mark: str | None, share: str) -> None:
    assert share_of([item_of(), item_of(*fixtures, mark=mark)]) == share


def test_every_test_is_in_the_one_share_of_its_file_and_in_its_place() -> None:
    needs = {"a": "emulators", "b": "tmp_path", "c": "firestore", "d": "accounts", "e": "emulators", "f": "tmp_path"}
    items = [item_of(*few, path=Path(file)) for file, one in needs.items() for few in ([], [one], ["tmp_path"])]
    chosen = [selected(share, items) for share in SHARES]
    assert chosen == [items[0:3] + items[12:15], items[6:12], items[3:6] + items[15:18]]
    assert selected(None, items) == items


def test_a_unit_test_that_needs_emulators_is_refused_for_no_share_would_look_for_it() -> None:
    lost = item_of("firestore", path=WITHOUT_EMULATORS / "test_lost.py")
    with pytest.raises(pytest.UsageError, match=r"test_lost\.py needs emulators"):
        selected("alone", [item_of(), lost])


def ending(*codes: int) -> dict[str, list[str]]:
    return {name: ["bash", "-c", f"echo of {name}; exit {code}"] for name, code in zip(SHARES, codes, strict=True)}


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ((PASSES, PASSES, PASSES), PASSES),
        ((NO_TESTS, PASSES, NO_TESTS), PASSES),
        ((NO_TESTS, NO_TESTS, NO_TESTS), NO_TESTS),
        ((PASSES, FAILS, PASSES), FAILS),
        ((NO_TESTS, NO_TESTS, FAILS), FAILS),
        ((PASSES, PASSES, 3), 3),
    ],
)
def test_one_share_that_fails_fails_the_whole_and_one_without_tests_does_not(codes: tuple[int, ...], code: int) -> None:
    assert run_tests.run(ending(*codes)) == code


def test_every_line_says_whose_it_is_and_the_last_ones_come_together(capsys: pytest.CaptureFixture[str]) -> None:
    run_tests.run(ending(0, 0, 0))
    lines = ["functions of functions", "data      of data", "alone     of alone"]
    printed = capsys.readouterr().out.splitlines()
    assert (sorted(printed[:3]), printed[3:]) == (sorted(lines), lines)


def test_an_interruption_is_passed_on_once_and_waits_for_what_cleans_up(tmp_path: Path) -> None:
    clean_up = f"sleep 0.5; kill $!; echo $$ >> {tmp_path}/clean; exit 2"
    each = f"trap '{clean_up}' INT; sleep 600 & echo $$ >> {tmp_path}/up; wait"
    script = f"""
import sys
from tools import run_tests
run_tests.pytest = lambda share, arguments: ["bash", "-c", {each!r}]
sys.exit(run_tests.main())
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL) as runner:
        while not (tmp_path / "up").exists() or len((tmp_path / "up").read_text().split()) < len(SHARES):
            assert runner.poll() is None
            time.sleep(0.02)
        runner.terminate()
        assert runner.wait(60) == run_tests.INTERRUPTED
    assert sorted((tmp_path / "clean").read_text().split()) == sorted((tmp_path / "up").read_text().split())
