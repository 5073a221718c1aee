"""`lab run`, from prices to files, on the services themselves."""

from __future__ import annotations

import contextlib
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.test_command_line import run
from tools.lab import run as module
from tools.lab import task
from tools.lab.given import Given
from tools.lab.policies import chosen_policies
from tools.lab.results.beside import Chance
from tools.lab.results.rules import without_all
from tools.lab.run import Folder, run_policies
from tools.lab.source import Advance, Source
from tools.prerequisites import ROOT

PRICES = ROOT / "examples/data/us_equities_daily_2018_2022.csv"
DAYS = ("--from", "2020-02-18", "--to", "2020-03-31")
SHORT = ("--prices", str(PRICES), *DAYS, "--leave-out", "SP500", "--replications", "100")
FILES = ("decisions.parquet", "report.html", "result.json", "sessions.parquet", "tried.jsonl")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        assert run(patch, "run", *SHORT, "--out", str(folder)) == 0
    return folder


def test_every_file_is_there_and_nothing_else(done: Path) -> None:
    assert sorted(path.name for path in done.iterdir()) == sorted(FILES)


def test_a_result_has_the_figures_of_off_and_guide(done: Path) -> None:
    result = json.loads((done / "result.json").read_text(encoding="utf-8"))
    assert list(result["policies"]) == ["off", "guide"]
    assert (result["seed"], result["sessions"], result["policies_tried"]) == (1, 31, 1)
    for one in result["policies"].values():
        for name in ("sharpe", "sharpe_standard_error", "psr", "deflated_sharpe", "max_drawdown", "return"):
            assert isinstance(one[name], float), name
        for name in ("volatility", "exposure", "turnover", "costs", "mode_changes", "mode_changes_a_year"):
            assert one[name] >= 0, name
    guide = result["policies"]["guide"]
    assert set(guide["beside"]) == {"off", "off_at_same_exposure", "buy_and_hold"}
    assert guide["verdict"]["is_too_few_to_tell"]
    assert sum(one["effect"] for one in guide["rules"]["each"]) + guide["rules"]["remainder"] == pytest.approx(
        guide["final_equity"] - result["policies"]["off"]["final_equity"]
    )
    assert any("companies that failed are missing" in warning for warning in result["warnings"])


def test_two_runs_with_one_seed_are_the_same_bytes(done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "run", *SHORT, "--out", str(tmp_path)) == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (done / name).read_bytes(), name
    assert run(monkeypatch, "run", *SHORT, "--seed", "2", "--out", str(tmp_path)) == 0
    assert (tmp_path / "result.json").read_bytes() != (done / "result.json").read_bytes()


def test_a_report_asks_for_nothing_and_has_each_chart_as_a_table(done: Path) -> None:
    html = (done / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)\s*=|url\((?!#)|@import", html.replace("xlink:href", ""))
    charts = re.findall(r'id="chart-(\w+)" role="img" aria-label="([^"]+)"', html)
    assert [name for name, _ in charts] == ["equity", "drawdown", "exposure", "turnover"]
    assert all("off: from" in label and "guide: from" in label for _, label in charts)
    assert html.count("as a table, by month") == 4
    assert len(html.encode()) < 300_000


def test_the_terminal_says_two_way_and_what_cannot_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "run", *SHORT, "--no-rules", "--out", str(tmp_path)) == 0
    said = capsys.readouterr()
    assert "two-way" in said.out
    assert "guide: too few to tell apart from off" in said.out
    assert f"to {tmp_path}" in said.err


def test_json_goes_to_standard_output_alone(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "run", *SHORT, "--json", "--out", str(tmp_path)) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((done / "result.json").read_text(encoding="utf-8"))


def test_what_was_tried_in_a_folder_deflates_what_comes_later(tmp_path: Path) -> None:
    task = Given(prices=PRICES, out=tmp_path, first="2020-02-18", last="2020-03-31", leave_out=["SP500"]).task()
    chance, folder = Chance(seed=1, replications=100), Folder(tmp_path)
    first = run_policies(task, chosen_policies([]), folder, chance, with_rules=False)
    others = chosen_policies(["conservative", "aggressive", "responsive", "sensitive"])
    run_policies(task, others, folder, chance, with_rules=False)
    again = run_policies(task, chosen_policies([]), folder, chance, with_rules=False)
    assert (len(first.tried.trials), len(again.tried.trials)) == (1, 5)
    assert again.deflated(again.policies["guide"]) < first.deflated(first.policies["guide"])


def test_without_any_rule_a_policy_is_off_to_the_cent(tmp_path: Path) -> None:
    task = Given(prices=PRICES, out=tmp_path, first="2020-02-18", last="2020-06-30", leave_out=["SP500"]).task()
    guide = {"max_drawdown": 0.1, "daily_loss_limit": 0.02, "SYSTEMIC_SELL_THRESHOLD": 2}
    runs = task.replay({"off": {"enabled": False}, "guide": guide, "bare": without_all(guide)})
    assert runs["bare"].sessions == runs["off"].sessions
    assert runs["guide"].sessions != runs["off"].sessions


def test_a_strategy_whose_symbols_are_not_in_the_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = "AAPL,AMD,BAC,BBY,CVX,GE,HD,JNJ,JPM,KO,LLY,MRK,MSFT,PEP,PFE,PG,RRC,UNH,WMT"
    words = ("--strategies", "TurtleChannel", "--leave-out", others, "--no-rules", "--out", str(tmp_path))
    assert run(monkeypatch, "run", *SHORT, *words) == 0
    warning = "warning: never held anything, even raw: TurtleChannel (are their symbols in the file?)"
    assert warning in capsys.readouterr().out


def test_ctrl_c_leaves_the_sessions_that_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = module.progress

    @contextlib.contextmanager
    def pressing(words: str, task: Source, policies: int) -> Iterator[Advance]:
        with real(words, task, policies) as advance:

            def then(so_far: int, of: int) -> None:
                advance(so_far, of)
                if so_far == 20:
                    signal.raise_signal(signal.SIGINT)

            yield then

    monkeypatch.setattr(module, "progress", pressing)
    assert run(monkeypatch, "run", *SHORT, "--out", str(tmp_path)) == 130
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert not result["is_whole"]
    assert result["sessions"] == 20
    assert "warning: interrupted: 20 sessions, up to 2020-03-16" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "2020"), "--from must be a day, YYYY-MM-DD, was '2020'"),
        (
            ("--from", "2023-01-01"),
            "--from must be such that two sessions or more are left of 2018-01-02 to 2022-12-28",
        ),
        (("--to", "2018-02-01"), "--to must be such that two sessions or more are left"),
        (("--costs", "cheap"), "--costs must be two numbers: USD a share, and basis points (0.005,2), was 'cheap'"),
        (("--costs", "-1,2"), "--costs (USD a share) must be from 0 to 100, was -1.0"),
        (("--cash", "0"), "--cash must be from 1 to 1e+12, was 0.0"),
        (("--seed", "-1"), "--seed must be from 0 to 9.22337e+18, was -1"),
        (("--replications", "5"), "--replications must be from 100 to 100000, was 5"),
        (("--strategies", "Nobody"), "--strategies must be one of BollingerBreakout, "),
        (("--leave-out", "XYZ"), "--leave-out must be one of AAPL, "),
        (("--market", "XXXX"), "XXXX"),
        (("--policy", "nobody"), "--policy must be a file, or one of off, guide, "),
        (("--seed", "many"), "valid integer, unable to parse string as an integer, was 'many'"),
        (("--nonsense",), "No such option: --nonsense"),
    ],
)
def test_bad_arguments_are_one_line_with_option_limit_and_value(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    assert run(monkeypatch, "run", "--prices", str(PRICES), "--out", str(tmp_path), *words) in {1, 2}
    said = capsys.readouterr()
    assert said.err.startswith("lab: ")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="--out must be a folder that can be written"):
        Folder(tmp_path / "file/below")


def test_help_tells_every_option_with_its_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "run", "--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "--prices",
        "--policy NAME|FILE",
        "[default: guide]",
        "off is always included",
        "Ctrl-C",
        "--out DIR",
    ):
        assert words in said


def test_strategies_that_do_not_load_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = task.found_strategies()
    monkeypatch.setattr(task, "discover", lambda *_: (classes, {"gap_fade": "SyntaxError: expected ':'"}))
    said = "gap_fade is left out, as it does not load: SyntaxError: expected ':'"
    assert task.chosen_strategies(()) == (tuple(sorted(classes)), (said,))
    with pytest.raises(InputError, match=said):
        task.chosen_strategies(["GapFade"])
