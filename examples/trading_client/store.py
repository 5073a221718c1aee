"""What a client has to remember when it starts again: a small SQLite file that one process holds at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Row = tuple[str, str, Mapping[str, Any] | None]
"""Kind, key, and what to keep there; None forgets it."""


class StoreInUseError(Exception):
    """Another process holds the file: two clients that share a memory would trade twice."""


class Store:
    """
    Keeps JSON by kind and key; what `write` has written when it returns survives a crash.

    Parameters
    ----------
    path : Path, optional
        The file; without one everything is forgotten at the end.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path or ":memory:", timeout=0.5, isolation_level=None)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("BEGIN EXCLUSIVE")  # the lock stays after the commit
            self._connection.execute("CREATE TABLE IF NOT EXISTS kept (kind, key, value, PRIMARY KEY (kind, key))")
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise StoreInUseError(
                f"{path} cannot be opened ({error}): does another trading client run on it?"
            ) from error

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        row = self._connection.execute("SELECT value FROM kept WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return everything of a kind, by key, oldest first."""
        rows = self._connection.execute("SELECT key, value FROM kept WHERE kind = ? ORDER BY rowid", (kind,))
        return {key: json.loads(value) for key, value in rows}

    def write(self, rows: Iterable[Row]) -> None:
        """Write all of it, or nothing."""
        self._connection.execute("BEGIN")
        try:
            for kind, key, value in rows:
                if value is None:
                    self._connection.execute("DELETE FROM kept WHERE kind = ? AND key = ?", (kind, key))
                else:
                    self._connection.execute(
                        "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                        (kind, key, json.dumps(value)),
                    )
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
