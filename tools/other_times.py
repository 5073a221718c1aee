"""The same day seen at other times: files that end on it, and a clock that says something else."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LATER = dt.timedelta(days=1001, hours=7)
"""Another year, weekday and hour."""
_ANY_BYTES = "latin-1"
"""Reads every file, and writes it back as it was."""


@dataclass(frozen=True, slots=True)
class DatedFiles:
    """Every CSV file of a folder whose rows begin with an ISO date, after one head line."""

    lines: dict[Path, list[str]]

    @classmethod
    def under(cls, folder: Path) -> DatedFiles:
        files = {path: path.read_text(encoding=_ANY_BYTES).splitlines(keepends=True) for path in folder.rglob("*.csv")}
        return cls({path: lines for path, lines in files.items() if len(lines) > 1 and _begins_with_a_date(lines[1])})

    def cut_after(self, day: str) -> None:
        """Leave out all rows after a day."""
        for path, (head, *rows) in self.lines.items():
            path.write_text(head + "".join(row for row in rows if row[:10] <= day), encoding=_ANY_BYTES)

    def restore(self) -> None:
        for path, lines in self.lines.items():
            path.write_text("".join(lines), encoding=_ANY_BYTES)


def _begins_with_a_date(row: str) -> bool:
    try:
        dt.date.fromisoformat(row[:10])
    except ValueError:
        return False
    return True


def move_clock() -> None:
    """Let what is imported from now on see another time; what is imported already keeps the true one."""
    true_time = time.time
    time.time = lambda: true_time() + _LATER.total_seconds()
    vars(dt).update(datetime=_LaterDatetime, date=_LaterDate)


class _StandsFor(type):
    """Metaclass of a stand-in class: true dates and times are instances of it, too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.__mro__[1])


class _LaterDatetime(dt.datetime, metaclass=_StandsFor):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Any:
        return super().now(tz) + _LATER

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()


class _LaterDate(dt.date, metaclass=_StandsFor):
    @classmethod
    def today(cls) -> Any:
        return super().today() + _LATER
