"""How far a command is, on standard error, and nothing once it is over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tools.lab.source import Advance
from tools.terminal import notes


@contextlib.contextmanager
def shown_progress(text: str) -> Iterator[Advance]:
    """Show how many sessions are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} sessions"))
    with Progress(*columns, TimeRemainingColumn(), console=notes, transient=True) as shown:
        bar = shown.add_task(text, total=None)
        yield lambda done, of: shown.update(bar, completed=done, total=of)
