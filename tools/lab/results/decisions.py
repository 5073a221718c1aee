"""Every session's decisions, and the account at each close, as Parquet: the same runs give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tools.lab.policy_run import AccountSession, PolicyRun, StrategySession

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


def read_runs(folder: Path, policies: Mapping[str, Mapping[str, Any]]) -> dict[str, PolicyRun]:
    """
    Return the runs that were written, by policy; their round trips are not there.

    Parameters
    ----------
    policies : mapping
        Their documents by name.
    """
    sessions: dict[str, list[AccountSession]] = {name: [] for name in policies}
    for row in pq.read_table(folder / SESSIONS).to_pylist():
        sessions[row.pop("policy")].append(AccountSession(**row))
    strategies: dict[str, dict[str, list[StrategySession]]] = {name: {} for name in policies}
    for row in pq.read_table(folder / DECISIONS).to_pylist():
        of_policy = strategies[row.pop("policy")]
        codes = tuple(row.pop("reason_codes"))
        of_policy.setdefault(row.pop("strategy"), []).append(StrategySession(**row, reason_codes=codes))
    return {
        name: PolicyRun(
            name=name,
            policy=document,
            sessions=tuple(sessions[name]),
            strategies={strategy: tuple(rows) for strategy, rows in strategies[name].items()},
            round_trips={},
        )
        for name, document in policies.items()
    }


def _write(path: Path, schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    unfinished = path.with_suffix(".unfinished")
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), unfinished, compression="zstd")
    unfinished.replace(path)
