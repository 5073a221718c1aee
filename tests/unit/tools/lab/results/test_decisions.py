"""Decisions go to Parquet and come back as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from tests.unit.tools.lab.results.runs import a_run, noise
from tools.lab.results.decisions import DECISIONS, SESSIONS, read_runs, write_decisions

RUNS = [
    a_run("off", noise(1, 40), policy={"enabled": False}),
    a_run("guide", noise(2, 40), codes={"Alpha": {3: ("SYSTEMIC_RISK", "GROSS_ALLOCATION_CAP")}}),
]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_decisions(tmp_path, RUNS)
    read = read_runs(tmp_path, {run.name: run.policy for run in RUNS})
    assert list(read.values()) == [replace(run, round_trips={}) for run in RUNS]


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_decisions(tmp_path / name, RUNS)
        files.append([(tmp_path / name / file).read_bytes() for file in (DECISIONS, SESSIONS)])
    assert files[0] == files[1]


def test_every_decision_is_a_row_and_it_is_compressed(tmp_path: Path) -> None:
    write_decisions(tmp_path, RUNS)
    table = pq.read_table(tmp_path / DECISIONS)
    assert table.num_rows == 2 * 2 * 40
    assert pq.ParquetFile(tmp_path / DECISIONS).metadata.row_group(0).column(0).compression == "ZSTD"
    guide = [row for row in table.to_pylist() if row["policy"] == "guide"]
    assert guide[3]["reason_codes"] == ["SYSTEMIC_RISK", "GROSS_ALLOCATION_CAP"]


def test_nothing_is_a_file_too(tmp_path: Path) -> None:
    write_decisions(tmp_path, [a_run("off", [])])
    assert read_runs(tmp_path, {"off": {}})["off"].sessions == ()
