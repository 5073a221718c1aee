"""`lab sweep`: replay many policies on all cores; a second start goes on with what is left."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tools.lab.policies import OFF
from tools.lab.policy_run import PolicyRun
from tools.lab.results.beside import Chance
from tools.lab.results.decisions import store_run, stored_run
from tools.lab.results.document import document_of, write_document
from tools.lab.results.outcome import Outcome
from tools.lab.results.tried import key_of
from tools.lab.run import Folder, judged
from tools.lab.source import Source
from tools.terminal import notes

SWEEP = "sweep.json"
RUNS = "runs"
"""The folder of runs that are done, below DIR."""
_MOST_AT_ONCE = 4
"""Policies a process replays together: they share what is made of a day, and are lost together."""
Policies = Mapping[str, Mapping[str, Any]]
Job = tuple[Policies, Mapping[str, Path]]
"""Policies that are replayed together, and where each is stored."""


def sweep(task: Source, policies: Policies, folder: Folder, chance: Chance, cores: int) -> Outcome | None:
    """
    Replay policies, those that are not done yet, and store what they would have done.

    Returns
    -------
    Outcome or None
        None if it was interrupted; what is done is kept.
    """
    runs = replayed(task, policies, folder, cores)
    if runs is None:
        return None
    found = judged(task, runs, folder, chance)
    write_document(folder.path / SWEEP, document_of(found))
    return found


def replayed(task: Source, policies: Policies, folder: Folder, cores: int) -> dict[str, PolicyRun] | None:
    """Return a run of every policy, on so many processes; None if Ctrl-C left some undone."""
    places = _places(task, policies, folder)
    done = _stored_runs(places, policies)
    left = {name: policy for name, policy in policies.items() if name not in done}
    is_through = not left or _replay(task, left, places, cores)
    done |= _stored_runs(places, left)
    if not is_through:
        notes.print(
            f"interrupted: {len(done)} of {len(policies)} policies are done; the same command continues from there"
        )
        return None
    return {name: done[name] for name in policies if name in done}


def _stored_runs(places: Mapping[str, Path], policies: Policies) -> dict[str, PolicyRun]:
    """Return the runs that are complete, by name."""
    found = {name: stored_run(places[name], name, policy) for name, policy in policies.items()}
    return {name: run for name, run in found.items() if run is not None}


def best(found: Outcome) -> str:
    """Return the policy with the highest Sharpe ratio, the first of equals; ``off`` does not count."""
    ratios = {name: one.figures.sharpe_ratio for name, one in found.policies.items() if name != OFF}
    return max(ratios, key=lambda name: -math.inf if math.isnan(ratios[name]) else ratios[name])


def _places(task: Source, policies: Policies, folder: Folder) -> dict[str, Path]:
    """Return where each policy's run is kept: by its content, not its name."""
    digest = task.digest()
    return {name: folder.path / RUNS / key_of(policy, {"task": digest}) for name, policy in policies.items()}


def _replay(task: Source, policies: Policies, places: Mapping[str, Path], cores: int) -> bool:
    """Replay policies and store those that are done; False if it was interrupted."""
    jobs = [
        ({name: policies[name] for name in chunk}, {name: places[name] for name in chunk})
        for chunk in _chunks(list(policies), cores)
    ]
    processes, done = min(cores, len(jobs)), 0
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} policies"))
    with Progress(*columns, TimeElapsedColumn(), console=notes, transient=True) as progress:
        bar = progress.add_task(f"Sweeping on {processes} process{'es' * (processes > 1)}", total=len(policies))
        for count in _here(task, jobs) if processes == 1 else _in_processes(task, jobs, processes):
            done += count
            progress.update(bar, completed=done)
    return done == len(policies)


def _here(task: Source, jobs: Sequence[Job]) -> Iterator[int]:
    """Do jobs one after the other, and yield how many policies each stored; end upon Ctrl-C."""
    for policies, places in jobs:
        count = _stored(task, policies, places)
        yield count
        if count < len(policies):
            return


def _in_processes(task: Source, jobs: Sequence[Job], processes: int) -> Iterator[int]:
    """Do jobs in processes, and yield how many policies each stored as they end; end upon Ctrl-C."""
    executor = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(task,))
    try:
        for job in as_completed([executor.submit(_job, *job) for job in jobs]):
            yield job.result()
    except KeyboardInterrupt:
        return
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _chunks(names: Sequence[str], cores: int) -> Iterator[Sequence[str]]:
    """Yield names in jobs of one size, give or take one: the fewest of which every core gets as many."""
    jobs = min(len(names), cores * math.ceil(len(names) / (cores * _MOST_AT_ONCE)))
    for job in range(jobs):
        yield names[len(names) * job // jobs : len(names) * (job + 1) // jobs]


_task: Source | None = None
"""What this process works on."""


def _begin(task: Source) -> None:
    global _task  # noqa: PLW0603 - sent to each process once, as it holds all prices
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # between replays: the process that asked for them goes on


def _job(policies: Policies, places: Mapping[str, Path]) -> int:
    if _task is None:
        raise RuntimeError("no task was sent to this process")
    return _stored(_task, policies, places)


def _stored(task: Source, policies: Policies, places: Mapping[str, Path]) -> int:
    """Replay policies and store those that are whole; return how many."""
    runs = [run for run in task.replay(policies).values() if run.is_whole]
    for run in runs:
        store_run(places[run.name], run)
    return len(runs)


def all_cores() -> int:
    """Return how many processes can run at once here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
