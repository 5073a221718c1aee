"""Every session's decisions, and the account at each close, as Parquet: the same runs give the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tools.lab.policy_run import AccountSession, PolicyRun, StrategySession
from tools.lab.results.files import replacing

DECISIONS, SESSIONS = "decisions.parquet", "sessions.parquet"
_WORD = pa.dictionary(pa.int32(), pa.string())
_DECISIONS = pa.schema(
    [
        ("policy", _WORD),
        ("strategy", _WORD),
        ("day", pa.date32()),
        ("mode", _WORD),
        ("proposed", _WORD),
        ("issued", _WORD),
        ("reason_codes", pa.list_(pa.string())),
        ("profit", pa.float64()),
        ("held", pa.float64()),
        ("sharpe_ratio", pa.float64()),
    ]
)
_SESSIONS = pa.schema(
    [
        ("policy", _WORD),
        ("day", pa.date32()),
        *((name, pa.float64()) for name in ("equity", "market_value", "traded", "costs", "flows")),
    ]
)


ROUND_TRIPS = "round_trips.json"


def store_run(folder: Path, run: PolicyRun) -> None:
    """Write one whole run, so that `stored_run` finds it: its last file exists only when all do."""
    folder.mkdir(parents=True, exist_ok=True)
    write_decisions(folder, [run])
    with replacing(folder / ROUND_TRIPS) as unfinished:
        unfinished.write_text(json.dumps(dict(run.round_trips)), encoding="utf-8")


def stored_run(folder: Path, name: str, policy: Mapping[str, Any]) -> PolicyRun | None:
    """Return a run that `store_run` wrote, under any name; None if there is none, or a part of one."""
    file = folder / ROUND_TRIPS
    if not file.exists():
        return None
    (run,) = read_runs(folder, None).values()
    return replace(run, name=name, policy=policy, round_trips=json.loads(file.read_text(encoding="utf-8")))


def write_decisions(folder: Path, runs: Iterable[PolicyRun]) -> None:
    """Write both tables."""
    several = list(runs)
    decisions = [
        (run.name, strategy, *(getattr(row, field.name) for field in list(_DECISIONS)[2:]))
        for run in several
        for strategy, rows in run.strategies.items()
        for row in rows
    ]
    sessions = [
        (run.name, *(getattr(row, field.name) for field in list(_SESSIONS)[1:]))
        for run in several
        for row in run.sessions
    ]
    _write(folder / DECISIONS, _DECISIONS, decisions)
    _write(folder / SESSIONS, _SESSIONS, sessions)


def read_runs(folder: Path, policies: Mapping[str, Mapping[str, Any]] | None) -> dict[str, PolicyRun]:
    """
    Return the runs that were written, by policy; their round trips are not there.

    Parameters
    ----------
    policies : mapping or None
        Their documents by name; None leaves them out.
    """
    sessions: dict[str, list[AccountSession]] = {name: [] for name in policies or ()}
    for row in pq.read_table(folder / SESSIONS).to_pylist():
        sessions.setdefault(row.pop("policy"), []).append(AccountSession(**row))
    strategies: dict[str, dict[str, list[StrategySession]]] = {name: {} for name in sessions}
    for row in pq.read_table(folder / DECISIONS).to_pylist():
        of_policy = strategies[row.pop("policy")]
        codes = tuple(row.pop("reason_codes"))
        of_policy.setdefault(row.pop("strategy"), []).append(StrategySession(**row, reason_codes=codes))
    return {
        name: PolicyRun(
            name=name,
            policy=(policies or {}).get(name, {}),
            sessions=tuple(sessions[name]),
            strategies={strategy: tuple(rows) for strategy, rows in strategies[name].items()},
            round_trips={},
        )
        for name in sessions
    }


def _write(path: Path, schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    with replacing(path) as unfinished:
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), unfinished, compression="zstd")
