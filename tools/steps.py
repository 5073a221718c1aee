"""
Run steps that each make one thing, side by side where none waits for another. Standard library only.

Each keeps a stamp of what it was made from under .setup/, so a second run does nothing.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from tools.interrupts import uninterrupted
from tools.prerequisites import ROOT, SETUP, MissingPrerequisiteError
from tools.processes import adopt_orphans, descendants, end_processes

_SECONDS_BETWEEN_NEWS = 10.0
_starting = threading.Lock()
_is_stopping = threading.Event()
_thread = threading.local()


class StoppedError(Exception):
    """Set-up is ending: another step failed, or someone interrupted it."""


def last_line(said: list[str]) -> str:
    return said[-1][:60] if said else ""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One thing to make.

    Parameters
    ----------
    name : str
        As people read it.
    made_from : sequence of str or Path
        Versions, and files whose content counts; another one makes it again.
    result : Path
        What exists once it is made.
    make : callable
        Makes it.
    after : tuple of str
        Names of the steps it waits for, if they run.
    megabytes, seconds : int
        What it downloads and how long it takes, measured on two cores; shown to people.
    news : callable
        Says in a few words how far it is, from the lines that its commands printed.
    """

    name: str
    made_from: Sequence[str | Path]
    result: Path
    make: Callable[[], None]
    after: tuple[str, ...] = ()
    megabytes: int = 0
    seconds: int = 0
    news: Callable[[list[str]], str] = last_line

    def is_ready(self) -> bool:
        """Return whether the result exists and was made from the same; one cut short counts as not made."""
        return self.result.exists() and self._stamp.exists() and self._stamp.read_text() == self._digest()

    def run(self) -> None:
        """Make it, unless it is ready."""
        if self.is_ready():
            return
        digest = self._digest()
        self._stamp.parent.mkdir(exist_ok=True)
        self._stamp.unlink(missing_ok=True)
        self.make()
        self._stamp.write_text(digest)

    @property
    def _stamp(self) -> Path:
        return SETUP / f"{self.name.replace('/', '-').replace(' ', '-').strip('.')}.stamp"

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for source in self.made_from:
            digest.update(source.read_bytes() if isinstance(source, Path) else source.encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Running:
    step: Step
    started: float = field(default_factory=time.monotonic)
    said: list[str] = field(default_factory=list)

    def run(self) -> None:
        _thread.said = self.said
        self.step.run()

    def __str__(self) -> str:
        news = self.step.news(self.said)
        return f"{self.step.name} ({self.seconds:.0f} s{', ' if news else ''}{news})"

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


def run_steps(steps: Sequence[Step]) -> None:
    """
    Run those that are not ready, and say what goes on; print nothing if all are.

    Raises
    ------
    MissingPrerequisiteError
        By the first step that failed; whatever else was running has ended.
    """
    todo = [step for step in steps if not step.is_ready()]
    if not todo:
        return
    _say(plan_of(todo))
    adopt_orphans()
    try:
        with ThreadPoolExecutor(len(steps)) as pool:
            try:
                _follow(list(steps), pool)
            except BaseException:
                with uninterrupted():
                    _stop_commands()
                raise
    finally:
        _is_stopping.clear()


def plan_of(steps: Sequence[Step]) -> str:
    """Return what steps download and how long they take together, in one line."""
    parts = ", ".join(f"{step.name} {step.megabytes}" for step in steps if step.megabytes)
    by_name = {step.name: step for step in steps}

    def seconds_until(step: Step) -> int:
        return step.seconds + max((seconds_until(by_name[name]) for name in step.after if name in by_name), default=0)

    seconds = max(map(seconds_until, steps))
    duration = f"{seconds} s" if seconds < 60 else f"{seconds / 60:.1f} min"
    download = f"downloads about {sum(step.megabytes for step in steps)} MB ({parts}), " if parts else ""
    return f"{download}about {duration} on two idle cores and a fast network"


def _follow(waiting: list[Step], pool: ThreadPoolExecutor) -> None:
    """Start each step as soon as those before it are ready, until all are."""
    running: dict[Future[None], _Running] = {}
    news_at = time.monotonic() + _SECONDS_BETWEEN_NEWS
    while waiting or running:
        unfinished = {step.name for step in waiting} | {one.step.name for one in running.values()}
        free = [step for step in waiting if unfinished.isdisjoint(step.after)]
        waiting = [step for step in waiting if step not in free]
        due = [step for step in free if not step.is_ready()]  # asked late: a step before may have removed its result
        for step in due:
            _say(f"{step.name} …")
            one = _Running(step)
            running[pool.submit(one.run)] = one
        if len(due) < len(free):
            continue  # what waits for one that is ready can start at once
        done, _ = wait(running, max(0.0, news_at - time.monotonic()), return_when=FIRST_COMPLETED)
        for future in done:
            one = running.pop(future)
            future.result()
            _say(f"{one.step.name} ready in {one.seconds:.0f} s")
        if running and time.monotonic() >= news_at:
            _say("still at " + ", ".join(map(str, running.values())))
            news_at = time.monotonic() + _SECONDS_BETWEEN_NEWS


def _say(words: str) -> None:
    print(f"setup: {words}", flush=True)


def run(*command: str | Path, hint: str, env: dict[str, str] | None = None) -> None:
    """
    Run a command of a step.

    Raises
    ------
    MissingPrerequisiteError
        With the hint if the command fails, caused by what it printed.
    StoppedError
        If set-up is ending, so that a command that was cut short makes no stamp.
    """
    said: list[str] = getattr(_thread, "said", [])
    start = len(said)
    try:
        process = _start([str(word) for word in command], os.environ | (env or {}))
    except OSError as error:
        raise MissingPrerequisiteError(f"{command[0]} cannot run ({error}): {hint}") from error
    with process:
        said.extend(line.strip() for line in process.stdout or ())
    if _is_stopping.is_set():
        raise StoppedError
    if process.returncode:
        output = "\n".join(said[start:])
        raise MissingPrerequisiteError(hint) from subprocess.CalledProcessError(process.returncode, command, output)


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    with _starting:
        if _is_stopping.is_set():
            raise StoppedError
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )


def _stop_commands() -> None:
    """End every command that runs, and start no other."""
    with _starting:
        _is_stopping.set()
    for _ in range(3):  # what one starts while it ends is found the next time
        if left := descendants(os.getpid()):
            end_processes(left)
