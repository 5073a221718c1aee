"""`make strategy`: what it writes passes, and what is wrong with a strategy is found and named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.docs.blocks import blocks
from tools import strategy
from tools.prerequisites import ROOT
from tools.strategy_check import Report, check
from tools.strategy_files import LONGEST_NAME, write_new

START, END = date(2020, 2, 24), date(2020, 3, 6)
"""Ten trading days."""
QUICKSTART = ROOT / "functions/strategies/MAESTRO_QUICKSTART.md"
HEAD = "import csv, datetime, os, random, sys, time\nfrom functions.strategies.base import BaseStrategy\n\n\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, whose strategies may be broken."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for part in ("functions", "examples"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("venv", "__pycache__", "*.local"))
    return copy


def checked(project: Path, name: str, body: str, base: str = "BaseStrategy") -> Report:
    """Check a class with this body, of ten days."""
    file = project / f"functions/strategies/own_{name.lower()}.py"
    file.write_text(f"{HEAD}class {name}({base}):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n")
    try:
        return check(name, START, END, project)
    finally:
        file.unlink()


def test_what_is_new_and_the_quick_starts_pass_every_check_and_are_clean(project: Path) -> None:
    name = "My" + "T" * (LONGEST_NAME - 2)
    (quick_start,) = [block.code for block in blocks(QUICKSTART) if "class BuyTheDip" in block.code]
    dip = project / "functions/strategies/buy_the_dip.py"
    dip.write_text(quick_start)
    files = [dip, *write_new("MyTrend", project), *write_new(name, project)]
    for tool in (["ruff", "format", "--check"], ["ruff", "check"], ["mypy"], ["pytest", "-q"]):
        command = [sys.executable, "-m", *tool, *map(str, files)]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout
    report = check("MyTrend", START, END, project)
    assert report.findings == []
    assert report.counts["BUY"] > 0
    assert report.counts["SELL"] > 0
    assert (len(report.signals), report.asked_again, report.touched) == (10, 10, [])
    assert check("BuyTheDip", START, END, project).findings == []


@pytest.mark.parametrize(
    "name", ["my_trend", "trend", "My-Trend", "2Fast", "", "Class", "True", "BaseStrategy", "X" * 41, "../Up"]
)
def test_a_name_that_is_no_class_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="the name must be a class name as MyTrend"):
        write_new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(project: Path) -> None:
    strategy_file, test = write_new("Kept", project)
    strategy_file.write_text("class Kept: edited = True\n")
    for name in ("Kept", "MovingAverageTrend"):  # the second is in trend.py
        with pytest.raises(ValueError, match="is there already"):
            write_new(name, project)
    strategy_file.rename(strategy_file.with_name("elsewhere.py.txt"))
    with pytest.raises(ValueError, match=r"tests/strategies/test_kept\.py is there already"):
        write_new("Kept", project)
    test.unlink()


def test_a_file_with_the_future_is_found(project: Path) -> None:
    report = checked(
        project,
        "Seer",
        """
        def evaluate(self, market_data, account_snapshot, regime=None):
            with open("examples/data/us_equities_daily_2018_2022.csv") as file:
                closes = {row["Date"]: float(row["KO"]) for row in csv.DictReader(file)}
            today = str(market_data["as_of"].date())
            later = [close for day, close in closes.items() if day > today]
            if later and later[0] > closes[today]:
                return self.buy("KO", 0.1, "it will rise")
            return self.hold("it will fall")
        """,
    )
    (finding,) = report.findings
    assert "looks ahead: BUY KO 10.0%, but HOLD with" in finding.what
    first_buy = next(signal["day"] for signal in report.signals if signal["action"] == "BUY")
    assert finding.day == first_buy
    assert report.touched == ["examples/data/us_equities_daily_2018_2022.csv"]


REMEMBERS = """
self.seen = getattr(self, "seen", {})
self.seen[market_data["as_of"]] = 1
return self.buy("KO", 0.1, "old enough") if len(self.seen) > 5 else self.hold("waits")
"""


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("Random", "return self.buy('KO', random.random() / 2, 'a guess')", "gives two answers to the same question"),
        (
            "ByHash",
            "return self.buy('KO', abs(hash('KO')) % 1000 / 1000, 'differs by process')",
            "from a new instance: it remembers earlier calls, or leaves something to chance",
        ),
        (
            "Rememberer",
            REMEMBERS,
            "it remembers earlier calls",
        ),
        (
            "ByWatch",
            "return self.buy('KO', datetime.datetime.now(datetime.UTC).month / 100, 'by the month')",
            "it reads the clock",
        ),
        (
            "Raiser",
            "return self.buy('KO', 1 / 0, 'never')",
            "ZeroDivisionError: division by zero (own_raiser.py, line ",
        ),
        ("Mutator", "market_data['symbols'].clear()\nreturn self.hold('')", "read-only"),
        ("Greedy", "return self.buy('KO', 1.5, 'too much')", "allocation must be a number from 0 to 1, was 1.5"),
        ("Exits", "os._exit(3)", "it ended its process, with exit code 3"),
        ("Sleeper", "time.sleep(30)\nreturn self.hold('')", "no answer within 5 s"),
    ],
)
def test_what_is_wrong_is_named(project: Path, name: str, body: str, said: str) -> None:
    evaluate = "def evaluate(self, market_data, account_snapshot, regime=None):\n" + textwrap.indent(body, "    ")
    (finding,) = checked(project, name, evaluate).findings
    assert said in finding.what
    assert finding.day == (None if name == "Exits" else finding.day or "")


HOLDS = "def evaluate(self, market_data, account_snapshot, regime=None):\n    return self.hold('')\n"


@pytest.mark.parametrize(
    ("name", "body", "base", "said"),
    [
        ("Unlucky", "import no_such_package", "BaseStrategy", "functions/strategies/requirements.in, then: make lock"),
        ("Typo", "x = undefined", "BaseStrategy", "NameError: name 'undefined' is not defined (own_typo.py, line 6: "),
        ("Picky", f"def __init__(self, broker):\n    pass\n{HOLDS}", "BaseStrategy", "TypeError: "),
        ("Abstract", "pass", "BaseStrategy", "it has no evaluate"),
        ("Loose", "pass", "object", "it does not derive from BaseStrategy"),
        (
            "MovingAverageTrend",
            HOLDS,
            "BaseStrategy",
            "class MovingAverageTrend is in own_movingaveragetrend.py already",
        ),
    ],
)
def test_what_does_not_load_says_why(project: Path, name: str, body: str, base: str, said: str) -> None:
    report = checked(project, name, body, base)
    assert report.findings[0].what.startswith("does not load: ")
    assert said in report.findings[0].what


def test_exit_codes_and_json() -> None:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(strategy.app, words)
        return done.exit_code, done.stdout

    assert run("check", "NoSuchStrategy")[0] == 2
    assert run("check", "MovingAverageTrend", "--from", "2031-01-01", "--to", "2031-02-01")[0] == 2
    assert run("new", "not_a_class")[0] == 2
    code, printed = run("check", "MovingAverageTrend", "--from", str(START), "--to", str(END), "--json")
    report = json.loads(printed)
    assert (code, report["findings"], sum(report["counts"].values())) == (0, [], 10)
    code, printed = run("list", "--json")
    assert "PairsReversion" in [one["strategy"] for one in json.loads(printed)["strategies"]]
    assert code == 0
