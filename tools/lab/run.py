"""`lab run`: replay policies, and say what each would have done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.domain.kernel.errors import InputError
from tools.lab.policy_run import PolicyRun
from tools.lab.results.beside import Chance
from tools.lab.results.decisions import DECISIONS, SESSIONS, write_decisions
from tools.lab.results.document import RESULT, document_of, write_document
from tools.lab.results.measured import measured
from tools.lab.results.outcome import Outcome, outcome, with_effects
from tools.lab.results.report import REPORT, write_report
from tools.lab.results.rules import without_rules
from tools.lab.results.tried import record
from tools.lab.shown_progress import shown_progress
from tools.lab.source import Advance, Source, terms_of
from tools.terminal import notes


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a command's results go."""

    path: Path

    def __post_init__(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("--out", f"a folder that can be written ({error.strerror})", str(self.path)) from error

    @property
    def files(self) -> list[Path]:
        """What `store` writes."""
        return [self.path / name for name in (REPORT, RESULT, DECISIONS, SESSIONS)]

    def store(self, found: Outcome) -> None:
        """Write every file again; each is complete, or as it was."""
        write_decisions(self.path, [one.run for one in found.policies.values()])
        write_document(self.path / RESULT, document_of(found))
        write_report(self.path / REPORT, found)


def run_policies(
    task: Source,
    policies: Mapping[str, Mapping[str, Any]],
    folder: Folder,
    chance: Chance,
    *,
    with_rules: bool,
    note: str = "",
) -> Outcome:
    """
    Replay policies and store what they would have done; then, what each of their rules did. The note comes first.

    Results are stored before the rules are looked at, and after Ctrl-C up to the session in which it came.

    Raises
    ------
    InputError
        If it was interrupted before the second session was over.
    """
    with progress("Replaying", task, len(policies)) as advance:
        runs = task.replay(policies, advance)
    sessions = min(len(run.sessions) for run in runs.values())
    if sessions < 2:
        raise InputError("sessions", "two or more before it is interrupted, to have a result", sessions)
    found = judged(task, runs, folder, chance, note)
    folder.store(found)
    if with_rules and task.costs is not None and found.is_whole and (others := without_rules(list(runs.values()))):
        found = with_rules_judged(found, others)
        folder.store(found)
    return found


def judged(task: Source, runs: Mapping[str, PolicyRun], folder: Folder, chance: Chance, note: str = "") -> Outcome:
    """Measure runs, ``off`` among them, count them as tried, and compare them."""
    policies = {name: measured(run, terms_of(task)) for name, run in runs.items()}
    return outcome(task, policies, record(folder.path, list(policies.values()), task.fingerprints()), chance, note)


def with_rules_judged(found: Outcome, others: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """Replay policies without their rules, and add what that says; as it was, if that is interrupted."""
    with progress("Without each rule", found.task, len(others)) as advance:
        replayed = found.task.replay(others, advance)
    if not all(run.is_whole for run in replayed.values()):
        notes.print("interrupted: what each rule did is left out")
        return found
    return with_effects(found, replayed)


@contextlib.contextmanager
def progress(words: str, task: Source, policies: int) -> Iterator[Advance]:
    """Show how far a replay is, on standard error, and nothing once it is over."""
    text = f"{words}: {policies} polic{'y' if policies == 1 else 'ies'}, {len(task.strategies)} strategies"
    with shown_progress(text) as advance:
        yield advance
