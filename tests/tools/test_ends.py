"""What a command says at its end is so: data that was kept or lost, lock files that were written or not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from tools import dev, local_emulators, lock
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

EXPORTED = "firebase-export-metadata.json"
LOCKS = [*lock.COMPILED.values(), lock.NPM_LOCK]


class Suite:
    """Stands for the emulators; exports or fails to."""

    env: Mapping[str, str] = {
        "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
        "FIREBASE_AUTH_EMULATOR_HOST": "127.0.0.1:2",
        "GCLOUD_PROJECT": "demo-maestro",
    }
    log = ROOT / ".logs/emulators-0.log"

    def __init__(self, data: Path, *, exports: bool) -> None:
        self._data = data
        self._exports = exports

    def __enter__(self) -> Suite:
        return self

    def __exit__(self, *_: object) -> None:
        if self._exports:
            self._data.mkdir(exist_ok=True)
            (self._data / EXPORTED).write_text("{}")

    def host(self, _: str) -> str:
        return "127.0.0.1:1"

    def triggers(self) -> list[dict[str, Any]]:
        raise KeyboardInterrupt


@pytest.mark.parametrize("is_old_there", [True, False])
@pytest.mark.parametrize("exports", [True, False])
def test_dev_says_whether_the_data_was_kept(
    exports: bool,
    is_old_there: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = tmp_path / ".data"
    monkeypatch.setattr(dev, "DATA", data)
    monkeypatch.setattr(local_emulators, "FOLDER", tmp_path / ".logs")
    if is_old_there:
        Suite(data, exports=True).__exit__()
        os.utime(data / EXPORTED, (1, 1))
    code = dev.serve(cast("EmulatorSuite", Suite(data, exports=exports)))
    out, err = capsys.readouterr()
    assert "export FIRESTORE_EMULATOR_HOST=127.0.0.1:1 FIREBASE_AUTH_EMULATOR_HOST=127.0.0.1:2 GCLOUD_PROJECT=" in out
    if exports:
        assert (code, err) == (0, "")
        assert "Stopped; the data is in .data." in out
        return
    kept = "(.data is from an earlier run)" if is_old_there else "(there is none in .data)"
    assert (code, "the data is in" in out) == (1, False)
    assert f"the data of this run was not saved {kept}" in err


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What git has of the project: no environments, no node_modules."""
    for name in (*lock.COMPILED, *LOCKS, *lock.ALSO_READ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    monkeypatch.setattr(lock, "SETUP", tmp_path / ".setup")
    monkeypatch.setattr(lock, "uv", lambda: "uv")
    return tmp_path


@pytest.mark.parametrize("failing", [0, 1, 2, None])
def test_lock_writes_every_file_or_none(
    failing: int | None, clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {name: (clone / name).read_bytes() for name in LOCKS}
    calls: list[Path] = []

    def compile_one(command: list[str], folder: Path) -> None:
        name = LOCKS[len(calls)]
        calls.append(folder)
        (folder / name).write_text('{"packages": {}}')
        if len(calls) - 1 == failing:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(lock, "run", compile_one)
    code = lock.main()
    after = {name: (clone / name).read_bytes() for name in LOCKS}
    assert list((clone / ".setup").iterdir()) == []
    if failing is None:
        assert code == 0
        assert all(after[name] != before[name] for name in LOCKS)
    else:
        assert (code, after) == (1, before)
        assert "failed, and nothing was changed" in capsys.readouterr().err


@pytest.mark.parametrize("text", ['{"packages": []}', "{}", "no JSON"])
def test_a_lock_that_makes_no_sense_is_one_line(
    text: str, clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {name: (clone / name).read_bytes() for name in LOCKS}
    monkeypatch.setattr(lock, "run", lambda _, folder: (folder / lock.NPM_LOCK).write_text(text))
    assert lock.main() == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert err.endswith(": nothing was changed\n")
    assert {name: (clone / name).read_bytes() for name in LOCKS} == before


def test_lock_says_what_it_wrote_before_the_disk_refused(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    second = clone / LOCKS[1]
    second.unlink()
    (second / "in the way").mkdir(parents=True)
    monkeypatch.setattr(lock, "lock_in", made_in)
    assert lock.main() == 1
    out, err = capsys.readouterr()
    assert out == f"wrote {LOCKS[0]}\n"
    assert "Is a directory" in err
    assert err.endswith(f": only {LOCKS[0]} changed\n")


def made_in(folder: Path) -> list[str]:
    for name in LOCKS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")
    return LOCKS


@pytest.mark.parametrize("name", ["requirements-tools.in", "requirements-lab.in", "requirements-dev.in"])
def test_the_developers_packages_never_contradict_those_of_the_functions(name: str) -> None:
    pinned = {line.split("==")[0] for line in (ROOT / "functions/requirements.txt").read_text().splitlines()}
    own = (line.split("==") for line in (ROOT / name).read_text().splitlines())
    assert [words[0] for words in own if len(words) == 2 and words[0] in pinned] == []


def test_developers_have_all_that_tools_and_lab_have_in_the_same_version() -> None:
    tools, lab, developers = (
        {line for line in (ROOT / name).read_text().splitlines() if "==" in line}
        for name in ("requirements-tools.txt", "requirements-lab.txt", "requirements-dev.txt")
    )
    assert tools < lab < developers
