"""The lab's command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lab import __main__ as lab

FILES = Path(__file__).parent / "prices/files"


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["lab", *words])
    try:
        return lab.main()
    except SystemExit as end:
        return int(end.code or 0)


def test_a_file_of_prices_is_told_with_its_doubts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "prices", str(FILES / "tiingo_AAA.csv"), "--symbol", "XYZ") == 0
    detected, warning = capsys.readouterr().out.splitlines()
    assert detected.startswith("tiingo_AAA.csv: CSV, one symbol, ")
    assert "symbol XYZ" in detected
    assert warning == "warning: one symbol: strategies that compare symbols have nothing to compare"


def test_what_the_user_has_to_fix_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "prices", str(FILES / "README.md")) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("lab: README.md, line 1: '# Price files people have' is not a line of a table; ")
    assert said.err.count("\n") == 1
