"""`make strategy`: what it writes passes, and what is wrong with a strategy is found and named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.docs.blocks import blocks
from tests.waiting import eventually
from tools import strategy, strategy_check
from tools.prerequisites import ROOT
from tools.strategy_check import LONGEST_NAME, Finding, Report, check
from tools.strategy_files import write_new

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
    "name", ["my_trend", "trend", "My-Trend", "2Fast", "", "Class", "True", "BaseStrategy", "X" * 41, "../Up", "SHORT"]
)
def test_a_name_that_is_no_class_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="the name must be a class name such as MyTrend"):
        write_new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(project: Path) -> None:
    strategy_file, test = write_new("Kept", project)
    strategy_file.write_text("class Kept: edited = True\n")
    for name in ("Kept", "MovingAverageTrend"):  # the second is in trend.py
        with pytest.raises(ValueError, match="already exists"):
            write_new(name, project)
    strategy_file.rename(strategy_file.with_name("elsewhere.py.txt"))
    with pytest.raises(ValueError, match=r"tests/strategies/test_kept\.py already exists"):
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


HOLDS = "def evaluate(self, market_data, account_snapshot, regime=None):\n    return self.hold('')\n"

READS = """
def evaluate(self, market_data, account_snapshot, regime=None):
    with open({path!r}) as file:
        return self.buy("KO", 0.1, "read") if file.read() else self.hold("")
"""


def test_a_file_that_cannot_be_cut_off_is_named(project: Path, tmp_path: Path) -> None:
    outside, inside, bare = tmp_path / "prices.csv", project / "data/prices.json", project / "data/prices"
    inside.parent.mkdir(exist_ok=True)
    for file in (outside, inside, bare):
        file.write_text("Date,KO\n2020-01-02,1\n2031-01-02,2\n")
    for path in (str(outside), "data/prices.json", "data/prices"):
        report = checked(project, "Uncut", READS.format(path=path))
        assert [finding.what for finding in report.findings] == [
            f"cannot tell whether it looks ahead: {path} was not cut off"
        ]
        assert report.asked_again == 10


def test_a_file_elsewhere_in_the_project_is_copied_and_cut(project: Path) -> None:
    file = project / "data/prices.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("Date,KO\n2020-01-02,1\n2031-01-02,2\n")
    report = checked(project, "Reader", READS.format(path="data/prices.csv"))
    assert (report.findings, report.touched, report.asked_again) == ([], ["data/prices.csv"], 10)
    (finding,) = checked(
        project, "Ahead", READS.format(path="data/prices.csv").replace("()", "().count('2031')")
    ).findings
    assert "looks ahead" in finding.what


def test_a_file_that_only_the_copy_lacks_is_not_called_memory(project: Path) -> None:
    (project / "data").mkdir(exist_ok=True)
    (project / "data/one").write_text("1")
    body = """
    def evaluate(self, market_data, account_snapshot, regime=None):
        return self.buy("KO", 0.1, "has it") if os.path.exists("data/one") else self.hold(open("data/one").read())
    """
    (finding,) = checked(project, "Lister", body).findings
    assert "FileNotFoundError" in finding.what
    assert "from a new instance in a copy of the project" in finding.what


def test_an_address_is_shown_with_its_port(project: Path) -> None:
    body = """
    def evaluate(self, market_data, account_snapshot, regime=None):
        import socket
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
        return self.hold("")
    """
    report = checked(project, "Caller", body)
    assert report.touched == ["127.0.0.1:9"]
    assert "cannot tell whether it looks ahead: 127.0.0.1:9 was not" in report.findings[0].what


def test_a_strategy_that_blocks_only_in_the_copy_is_ended(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strategy_check, "QUESTION_SECONDS", 2.0)
    body = f"""
    if "maestro-check-" in __file__:
        open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
        time.sleep(1e5)
    {{}}
    """
    (finding,) = checked(project, "Blocker", textwrap.dedent(body).format(HOLDS)).findings
    assert "an error (no answer: it blocks) from a new instance in a copy" in finding.what
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def is_running(process: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in {"", "Z"}


def test_what_a_worker_starts_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategy_check, "_GIVE_UP_SECONDS", 5.0)
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/__init__.py").touch()
    (tmp_path / "tools/strategy_worker.py").write_text(
        "import os, time\nif os.fork() == 0:\n    open('pid', 'w').write(str(os.getpid()))\ntime.sleep(1e5)\n"
    )
    with strategy_check.Worker(tmp_path) as worker:
        assert "no answer within 5 s" in worker.answer("walk")
        child = int((tmp_path / "pid").read_text())
    assert eventually(lambda: None if is_running(child) else True)


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
        ("Flat", "return self.hold(market_data['KO'])", "; prices are in market_data['symbols']['KO']"),
        ("Mutator", "market_data['symbols'].clear()\nreturn self.hold('')", "read-only"),
        ("Greedy", "return self.buy('KO', 1.5, 'too much')", "allocation must be a number from 0 to 1, was 1.5"),
        (
            "Foreign",
            "return self.buy('NOPE', 0.1, 'liked')",
            "buys NOPE, which the market data does not have: it has A",
        ),
        ("Exits", "os._exit(3)", "it ended its process, with exit code 3"),
        ("Sleeper", "time.sleep(30)\nreturn self.hold('')", "no answer within 5 s"),
    ],
)
def test_what_is_wrong_is_named(project: Path, name: str, body: str, said: str) -> None:
    evaluate = "def evaluate(self, market_data, account_snapshot, regime=None):\n" + textwrap.indent(body, "    ")
    (finding,) = checked(project, name, evaluate).findings
    assert said in finding.what
    assert finding.day == (None if name == "Exits" else finding.day or "")


@pytest.mark.parametrize(
    ("name", "body", "base", "said"),
    [
        ("Unlucky", "import no_such_package", "BaseStrategy", "functions/strategies/requirements.in, then: make lock"),
        ("Typo", "x = undefined", "BaseStrategy", "NameError: name 'undefined' is not defined (own_typo.py, line 6: "),
        ("Picky", f"def __init__(self, broker):\n    pass\n{HOLDS}", "BaseStrategy", "TypeError: "),
        ("Abstract", "pass", "BaseStrategy", "it has no evaluate"),
        ("Loose", "pass", "object", "BaseStrategy, and class Loose(BaseStrategy):"),
        (
            "Configured",
            f"def __init__(self, config):\n    self.days = config['days']\n{HOLDS}",
            "BaseStrategy",
            "self.days = config['days']); Maestro builds it with an empty config: its settings need defaults",
        ),
        (
            "MovingAverageTrend",
            HOLDS,
            "BaseStrategy",
            "class MovingAverageTrend already exists in own_movingaveragetrend.py",
        ),
    ],
)
def test_what_does_not_load_says_why(project: Path, name: str, body: str, base: str, said: str) -> None:
    report = checked(project, name, body, base)
    assert report.findings[0].what.startswith("does not load: ")
    assert said in report.findings[0].what


@pytest.mark.parametrize("module", ["functions.strategies.gone", "trend"])
def test_a_module_of_the_project_is_not_called_a_package_to_lock(project: Path, module: str) -> None:
    (finding,) = checked(project, "Importer", f"import {module}").findings
    assert "ModuleNotFoundError" in finding.what
    assert "requirements.in" not in finding.what


@pytest.mark.parametrize("name", ["MyTrend(", "My.*", ""])
def test_check_refuses_what_is_not_a_name(project: Path, name: str) -> None:
    with pytest.raises(ValueError, match="the name must be a class name such as MyTrend"):
        check(name, START, END, project)


def test_a_class_below_a_condition_is_found_and_has_a_reason(project: Path) -> None:
    file = project / "functions/strategies/own_conditional.py"
    for condition, expected in ((True, []), (False, ["does not load: own_conditional has no class Conditional"])):
        indented = textwrap.indent(f"class Conditional(BaseStrategy):\n{textwrap.indent(HOLDS, '    ')}", "    ")
        file.write_text(f"{HEAD}if {condition}:\n{indented}")
        findings = check("Conditional", START, END, project).findings
        assert [finding.what.removesuffix(" once it is imported") for finding in findings] == expected
    file.unlink()


def test_dangling_links_are_ignored(project: Path) -> None:
    link = project / "functions/strategies/.#trend.py"
    link.symlink_to("nowhere")
    try:
        assert checked(project, "Linked", HOLDS).findings == []
    finally:
        link.unlink()


def test_only_a_file_with_the_class_is_offered_for_editing(project: Path) -> None:
    with pytest.raises(ValueError, match=r"loader\.py already exists: choose another name$"):
        write_new("Loader", project)


def test_what_is_wrong_comes_before_what_was_not_tested(capsys: pytest.CaptureFixture[str]) -> None:
    signal = {"day": "2020-01-02", "action": "HOLD", "ticker": "", "allocation": 0.0, "reasoning": "", "error": "x"}
    report = Report("MyTrend", "my_trend.py", [Finding("it fails")], [signal])
    strategy.show(report)
    assert capsys.readouterr().out.endswith("wrong: it fails\n  look-ahead was not tested: fix the above first\n")
    report.findings, report.asked_again = [], 1
    strategy.show(report)
    assert "  asked again on 1 of them with later rows removed: same answers\n" in capsys.readouterr().out


def test_a_file_system_that_refuses_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Report:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(strategy, "check", full)
    done = CliRunner().invoke(strategy.app, ["check", "MovingAverageTrend"])
    assert (done.exit_code, done.stderr) == (1, "strategy: [Errno 28] No space left on device\n")


def test_exit_codes_and_json() -> None:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(strategy.app, words)
        return done.exit_code, done.stdout

    assert run() == (0, run("--help")[1])
    assert run("check", "NoSuchStrategy")[0] == 1
    assert run("check", "MovingAverageTrend", "--from", "2031-01-01", "--to", "2031-02-01")[0] == 1
    assert run("new", "not_a_class")[0] == 1
    assert run("check")[0] == run("check", "MovingAverageTrend", "--from", "yesterday")[0] == 2
    code, printed = run("check", "MovingAverageTrend", "--from", str(START), "--to", str(END), "--json")
    report = json.loads(printed)
    assert (code, report["findings"], sum(report["counts"].values())) == (0, [], 10)
    code, printed = run("list", "--json")
    assert "PairsReversion" in [one["strategy"] for one in json.loads(printed)["strategies"]]
    assert code == 0
