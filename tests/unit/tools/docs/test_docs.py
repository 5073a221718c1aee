"""`make docs` writes what is marked, leaves the rest alone, and says what is stale or cannot be made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.domain.kernel import policy
from functions.domain.kernel.reasons import ReasonCode
from tools.docs import __main__ as command
from tools.docs import pages, printed, reasons, scaling, settings
from tools.docs.sections import DocumentError, replaced, section, table
from tools.prerequisites import ROOT

PAGE = "before\n<!-- generated: one -->\nold\n<!-- end -->\nbetween\n<!-- printed: two -->\nkept\n<!-- end -->\nafter\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one document, with a section that says "new"."""
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "WHOLE", {})
    monkeypatch.setattr(pages, "SECTIONS", {"one": lambda _page, _read: "new"})
    monkeypatch.setattr(printed, "PROGRAMS", {"two": (printed.printed_as_is("two", ("-c", "print('ran  ')")),)})
    monkeypatch.setattr(command, "PROGRAMS", printed.PROGRAMS)
    (tmp_path / "README.md").write_text(PAGE)
    return tmp_path


def test_the_check_names_what_is_stale_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check"]) == 1
    assert capsys.readouterr().out == "stale: make docs (writes README.md)\n"
    assert (folder / "README.md").read_text() == PAGE


def test_what_is_written_is_not_stale_any_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert (folder / "README.md").read_text() == PAGE.replace("old", "new")
    assert (command.main(["--check"]), command.main([])) == (0, 0)
    assert capsys.readouterr().out == "wrote README.md\n"


def test_a_program_runs_only_when_it_is_asked(folder: Path) -> None:
    assert command.main(["two"]) == 0
    assert (folder / "README.md").read_text() == PAGE.replace("old", "new").replace("kept", "```text\nran\n```")


def test_a_program_that_fails_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = printed.printed_as_is("two", ("-c", "print('half'); raise SystemExit(3)"))
    monkeypatch.setitem(printed.PROGRAMS, "two", (failing,))
    assert command.main(["two"]) == 1
    assert capsys.readouterr().err == "docs: two ended with 3: nothing was written\n"
    assert (folder / "README.md").read_text() == PAGE


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (
            "<!-- generated: nobody -->\n<!-- end -->\n",
            "README.md: nothing makes <!-- generated: nobody -->; there are one\n",
        ),
        (
            "<!-- printed: nobody -->\n<!-- end -->\n",
            "README.md: nothing makes <!-- printed: nobody -->; there are two\n",
        ),
        ("<!-- generated: one -->\n", "a marked section lacks its <!-- end -->"),
        (f"<!-- generated: one -->\n{PAGE}", "a marked section lacks its <!-- end -->"),
    ],
)
def test_a_mark_that_leads_nowhere_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], page: str, problem: str
) -> None:
    (folder / "README.md").write_text(page)
    assert command.main([]) == 1
    assert problem in capsys.readouterr().err


def test_sections_of_a_document_are_found_by_kind_and_name() -> None:
    assert section(PAGE, "printed", "two") == "kept\n"
    with pytest.raises(DocumentError, match="no section <!-- printed: one -->"):
        section(PAGE, "printed", "one")
    assert replaced(PAGE, lambda _kind, _name: None) == PAGE


def test_a_bar_in_a_cell_is_not_a_cells_end() -> None:
    assert table(["a"], [["x|y"]]) == "| a |\n|---|\n| x\\|y |"


def test_every_setting_is_told_with_default_and_limits() -> None:
    told = dict(re.findall(r"^\| `(\w+)` (\|.+)$", settings.settings_tables(), re.MULTILINE))
    assert told.keys() == policy.settings().keys()
    assert told["RISK_FREE_RATE"].startswith("| 0.04 | number from -0.5 to 1 | ")
    assert told["base_capital"].startswith("| 10,000 | number from 1 to 1e+12 | ")
    assert told["on_drift"].startswith("| `warn` | one of warn, hold, halt | ")
    assert told["max_drawdown"].startswith("| none | number from 0.001 to 1 or null | ")


def test_every_reason_code_is_told_with_the_status_of_its_refusal() -> None:
    told = reasons.reason_codes()
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == set(ReasonCode)
    assert re.search(r"^\| `SIGNAL_EXPIRED` \| redemption \| 410 \| \S", told, re.MULTILINE)


def test_a_month_is_the_events_times_what_one_costs() -> None:
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    dearer = page.replace("| cycle | 12 | 5 | 1 | 2 |", "| cycle | 13 | 5 | 1 | 2 |")
    cycles = scaling.times("XNYS", page)["cycle"]
    assert cycles == 21 * 78
    more = scaling.month("XNYS", dearer)["reads"] - scaling.month("XNYS", page)["reads"]
    assert more == cycles
    assert scaling.month_table("XNYS", dearer) != scaling.month_table("XNYS", page)
    assert scaling.dollars_table(dearer) != scaling.dollars_table(page)


def test_programs_of_one_word_run_in_turn_in_one_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = "open('{folder}/kept', 'w').write('x'); print('wrote')", "print(open('{folder}/kept').read())"
    first, second = (printed.printed_as_is(name, ("-c", code)) for name, code in (("one", write), ("two", read)))
    monkeypatch.setitem(printed.PROGRAMS, "two", (first, second))
    assert command.main(["two"]) == 0
    assert (folder / "README.md").read_text() == PAGE.replace("old", "new").replace("kept", "```text\nx\n```")


def test_the_labs_tables_are_named_after_their_headings() -> None:
    headed = printed.evidence("warning: none failed\n\n**One.**\n\n| a |\n\nmore\n\n**Two**, in words\n\n| b |\n")
    assert headed == {"lab evidence: One": "| a |\n\nmore", "lab evidence: Two": "| b |"}


def test_a_command_of_the_lab_shows_how_to_run_it_and_what_it_prints_of_policies() -> None:
    run = printed.lab("run --prices a.csv --out .lab")
    assert run.arguments == ("-m", "tools.lab", "run", "--prices", "a.csv", "--out", "{folder}/.lab")
    printed_text = "a.csv: read  \n   \n Policy  Return\n off     1 %\n  \n Policy  Strategy\n off     Trend\n \nend\n"
    assert run.parts(printed_text) == {
        "lab run": '```text\nmake lab ARGS="run --prices a.csv --out .lab"\na.csv: read\n\n'
        " Policy  Return\n off     1 %\n\n…\n\nend\n```"
    }


def test_the_demos_output_ends_where_the_lab_reads_its_tenant() -> None:
    parts = printed.demo_and_record("1 day\n\nWhere to look next:\n\n$ python -m tools.lab run\ndemo-1: 83 sessions\n")
    assert parts["demo"] == "```text\n1 day\n\nWhere to look next:\n```"
    assert parts["lab record"].endswith('--out .lab"\ndemo-1: 83 sessions\n```')
    assert printed.demo_and_record("1 day\n") == {}, "a demo that ran nothing at its end"


def test_every_printed_section_of_the_documents_has_a_program() -> None:
    made = ("demo", "bench", "lab run", "lab evidence: Accounts")
    assert all(map(printed.is_made, made))
    assert not any(map(printed.is_made, ("lab", "lab evidence", "demo: more")))


def test_the_evidence_in_brief_is_of_the_table_of_accounts() -> None:
    head = "| policy | return a year | max drawdown | Sharpe ± SE | turnover | mode changes |"
    page = f"| other |\n\n{head}\n| off | 1 % | −2 % | 0.5 | 7 | 8 |\n\ntext\n"
    assert printed.evidence_in_brief(page).splitlines()[1:] == ["| off | 1 % | −2 % | 0.5 | 8 |"]
    with pytest.raises(DocumentError, match="no column mode changes"):
        printed.evidence_in_brief(page.replace("mode changes", "changes"))
    with pytest.raises(DocumentError, match="no table of policies"):
        printed.evidence_in_brief("| other |\n")


def test_the_demo_in_brief_is_what_happened_and_the_accounts() -> None:
    lines = "1 day\n\nWhat happened\n  a\n\nWith and without Maestro, then\n\n Account\n with\n\nWithout: the same\n"
    page = f"<!-- printed: demo -->\n```text\n{lines}```\n<!-- end -->\n"
    assert printed.events_of_demo(page) == (
        "```text\nWhat happened\n  a\n\nWith and without Maestro, then\n\n Account\n with\n```"
    )
    with pytest.raises(DocumentError, match="no line that begins with 'What happened'"):
        printed.events_of_demo(page.replace("What happened", "Then"))
