"""What an operator gets wrong is one line that names field, limit and value, before anything is asked of a store."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click import Command, Group
from typer.main import get_command

from tools import connection, maestro
from tools.terminal import command_line, given


@pytest.fixture(autouse=True)
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> None:
        raise AssertionError("the command line is wrong: no store should be asked")

    monkeypatch.setattr(connection, "database", look)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, list[str]]:
    with pytest.raises(SystemExit) as ended:
        maestro.run(lambda: maestro.app(list(words)))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err.splitlines()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("channel", "put", "demo-1", "/nonexistent"),
            "file must be one that can be read (No such file or directory), was '/nonexistent'",
        ),
        (("channel", "put", "demo-1", "/"), "file must be one that can be read (Is a directory), was '/'"),
        (("month", "demo-1", "2231-01"), "label must be a month that has begun, was '2231-01'"),
        (("day", "demo-1", "2231-01-02"), "label must be a day that has begun, was '2231-01-02'"),
        (
            ("--market", "XXXX", "day", "demo-1", "2020-03-06"),
            "market must be 24x7 or the ISO 10383 code of an exchange that exchange_calendars knows, like",
        ),
        (
            ("month", "demo-1", "2020-03", "--csv", "/nowhere/march.csv"),
            "csv must be a file in a folder that exists, was '/nowhere/march.csv'",
        ),
        (("list", "demo-1", "--since", "yesterday"), "since must be YYYY-MM-DD, was 'yesterday'"),
        (
            ("why", "demo-1", "Trend", "--at", "noon"),
            "at must be an ISO 8601 time with its zone, was 'noon'",
        ),
        (("why", "demo-1", "Trend", "--at", "2020-03-06"), "at must be a time with its zone, was datetime.datetime("),
    ],
)
def test_it_is_one_line(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, (line,) = run(capsys, *words)
    assert (code, out) == (1, "")
    assert line.startswith(f"maestro: {message}")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"{", b'{"channels": [{"id": "a b"}]}'])
def test_channels_that_cannot_be_read_are_one_line(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "channels.json"
    file.write_bytes(content)
    code, out, lines = run(capsys, "channel", "put", "demo-1", str(file))
    assert (code, out, len(lines)) == (1, "", 1)


@pytest.mark.parametrize("words", [("list", "demo-1", "--period", "week"), ("list", "demo-1", "--limit", "0")])
def test_a_command_line_that_cannot_be_read_is_a_usage_error(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *words)[0] == 2


def commands(command: Command, *names: str) -> list[tuple[tuple[str, ...], Command]]:
    if not hasattr(command, "commands"):
        return [(names, command)]
    group: Group = command  # type: ignore[assignment]  # typer has its own copy of click's classes
    return [found for name, one in group.commands.items() for found in commands(one, *names, name)]


def test_every_command_has_a_document_for_machines() -> None:
    every = commands(get_command(maestro.app))  # type: ignore[arg-type]  # as above
    assert len(every) >= 18
    without = [names for names, one in every if not any("--json" in parameter.opts for parameter in one.params)]
    assert without == []


def test_help_says_where_it_works_and_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for words in ("make dev", "--project", 'make maestro ARGS="why demo-1', "Look", "Compute", "Manage"):
        assert words in out


@pytest.mark.parametrize("email", ["ann@example.com", "o'neil@example.com", 'a"b`c\\d$(e)!@example.com'])
@pytest.mark.parametrize("options", [[], ["--project", "acme-prod"]])
def test_a_hint_can_be_typed_as_it_stands(
    options: list[str], email: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.terminal.given", options)
    (tmp_path / "Makefile").write_text("maestro:\n\t@printf '%s\\n' $(ARGS)\n")
    typed = command_line("user", "rotate", "acme", email)
    mine = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # pytest may run in make
    done = subprocess.run(["bash", "-c", typed], cwd=tmp_path, env=mine, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [*options, "user", "rotate", "acme", email]


def test_hints_repeat_the_project_that_was_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.setenv(name, "demo-maestro")  # so that what --project sets is undone
    words = ("why", "acme", "Trend", "--at", "noon")
    for options in (("--project", "acme-prod"), ()):
        run(capsys, *options, *words)
        assert tuple(given) == options
    assert command_line("tenant", "list") == 'make maestro ARGS="tenant list"'
