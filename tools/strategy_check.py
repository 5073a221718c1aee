"""Find out what is wrong with a strategy: ask it about the sample prices, and ask again where the future is missing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tools.prerequisites import FUNCTIONS_VENV, ROOT

LONGEST_NAME = 40
BUDGET_SECONDS = 20.0
"""For asking about all days, and again for asking elsewhere; a strategy that takes longer is asked about fewer."""
QUESTION_SECONDS = 12.0
"""For one new instance: more than its own limit, and three fit between the budget and giving up."""
_GIVE_UP_SECONDS = 60.0
_MOST_ASKED_AGAIN = 40
_NOT_COPIED = shutil.ignore_patterns("venv", "__pycache__", "*.local")
_CAUSES = {
    "look-ahead": "looks ahead: {}, but {} with the rows after that day cut off",
    "memory": "{}, but {} from a new instance: it remembers earlier calls, or leaves something to chance",
    "clock": "{}, but {} at another time: it reads the clock, where market_data['as_of'] is the time",
    "copy": "{}, but {} from a new instance in a copy of the project",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    what: str
    day: str | None = None
    """The first day it shows on."""


@dataclass(slots=True)
class Report:
    """What a strategy did, and what is wrong with it."""

    strategy: str
    file: str
    findings: list[Finding] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    """One a day: day, action, ticker, allocation, confidence, reasoning, error."""
    slowest_seconds: float = 0.0
    limit_seconds: float = 0.0
    touched: list[str] = field(default_factory=list)
    """Files and addresses it read besides its inputs."""
    asked_again: int = 0
    """Days on which a new instance was asked where later bars are cut off."""

    @property
    def counts(self) -> dict[str, int]:
        counted = Counter(signal["action"] for signal in self.signals)
        return {action: counted[action] for action in ("BUY", "SELL", "HOLD")}


def files_with(name: str, root: Path = ROOT) -> list[Path]:
    """Return the strategy files that define a class, also those that do not import."""
    folder = root / "functions/strategies"
    found = sorted(path for path in [*folder.glob("*.py"), *folder.glob("*/__init__.py")] if path.is_file())
    head = re.compile(rf"^[ \t]*class {re.escape(name)}\b", re.MULTILINE)
    return [path for path in found if head.search(path.read_text(encoding="utf-8", errors="replace"))]


def not_a_class_name(name: str) -> ValueError:
    return ValueError(
        f"the name must be a class name such as MyTrend, of at most {LONGEST_NAME} characters, was {name!r}"
    )


def check(name: str, start: date, end: date, root: Path = ROOT) -> Report:
    """
    Check a strategy on the sample prices from ``start`` to ``end``.

    Raises
    ------
    ValueError
        If the name is not an identifier.
    LookupError
        If no file defines it.
    """
    if not name.isidentifier():
        raise not_a_class_name(name)
    files = files_with(name, root)
    if not files:
        raise LookupError(f'no class {name} in functions/strategies: make strategy ARGS="list" shows what is there')
    report = Report(name, str(files[0].relative_to(root)))
    with tempfile.TemporaryDirectory(prefix="maestro-check-") as folder:
        copy = Path(folder)
        for part in ("functions", "examples"):
            shutil.copytree(root / part, copy / part, ignore=_NOT_COPIED, ignore_dangling_symlinks=True)
        module = files[0].parent.name if files[0].name == "__init__.py" else files[0].stem
        request = {"name": name, "module": module, "start": f"{start}", "end": f"{end}"}
        with Worker(root) as walker, Worker(copy, is_quiet=True) as elsewhere:
            walked = walker.answer("walk", **request)
            report.findings += list(found_on_the_walk(report, walked, root))
            if isinstance(walked, dict) and walked["days"] and not report.findings:
                days = asked_again(walked["days"])
                copy_touched(report.touched, root, copy)
                difference = elsewhere.answer(
                    "ask_elsewhere", name=name, days=days, modules=walked["modules"], question_seconds=QUESTION_SECONDS
                )
                report.findings += list(found_elsewhere(report, difference, days))
    return report


def copy_touched(touched: list[str], root: Path, copy: Path) -> None:
    """Copy the files of the project that a strategy read and that are not in the copy yet."""
    for name in touched:
        original, copied = root / name, copy / name
        if not Path(name).is_absolute() and original.is_file() and not copied.exists():
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(original, copied)


class Worker:
    """A process of `tools.strategy_worker`, with the packages that are deployed."""

    def __init__(self, folder: Path, *, is_quiet: bool = False) -> None:
        python = FUNCTIONS_VENV / "bin/python"
        self._process = subprocess.Popen(
            [python if python.exists() else sys.executable, "-m", "tools.strategy_worker"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if is_quiet else None,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS refuses where all have ended
            os.killpg(self._process.pid, signal.SIGKILL)  # with what it or a strategy started
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def answer(self, task: str, **request: Any) -> Any:
        """Return what it answers; a str says why it does not."""
        question = json.dumps({"task": task, **request, "budget_seconds": BUDGET_SECONDS})
        try:
            text, _ = self._process.communicate(question, timeout=_GIVE_UP_SECONDS)
        except subprocess.TimeoutExpired:
            return f"no answer within {_GIVE_UP_SECONDS:g} s, and it cannot be stopped: see what blocks in it"
        return json.loads(text) if text else f"it ended its process, with exit code {self._process.returncode}"


def found_on_the_walk(report: Report, walked: Any, root: Path) -> Iterator[Finding]:
    """Fill the report with what was seen day by day, and yield what is wrong with it."""
    if isinstance(walked, str):
        yield Finding(walked)
        return
    if walked["load_error"] is not None:
        yield Finding(f"does not load: {walked['load_error']}{hint_on(walked['load_error'], root)}")
    if not walked["days"]:
        return
    report.slowest_seconds, report.limit_seconds = walked["slowest_seconds"], walked["limit_seconds"]
    report.touched = walked["touched"]
    report.signals = [{"day": day["day"], **day["answer"]} for day in walked["days"]]
    failed = [*failures(report.signals, walked["symbols"]), *unknown_symbols(report.signals, walked["symbols"])]
    yield from failed
    if failed:
        return
    for day in walked["days"]:
        if tradable(day["answer"]) != tradable(day["again"]):
            both = f"{shown(day['answer'])}, then {shown(day['again'])}"
            yield Finding(f"gives two answers to the same question, {both}: chance, or memory", day["day"])
            return


def hint_on(load_error: str, root: Path) -> str:
    """Return how to get a module or a setting that is missing; "" if none is."""
    if load_error.startswith("KeyError") and "config" in load_error:
        return "; Maestro builds it with an empty config: its settings need defaults in its own file"
    missing = re.search("ModuleNotFoundError: No module named '([^'.]+)", load_error)
    if missing is None or missing[1] == "functions":
        return ""
    sibling = root / "functions/strategies" / missing[1]
    if sibling.is_dir() or sibling.with_suffix(".py").is_file():
        return f"; import it as functions.strategies.{missing[1]}"
    return "; a package goes into functions/strategies/requirements.in, then: make lock"


def unknown_symbols(signals: list[dict[str, Any]], known: list[str]) -> Iterator[Finding]:
    """Yield each symbol once that it buys and the market data does not have, with its first day."""
    bought = {signal["ticker"]: signal["day"] for signal in reversed(signals) if signal["action"] == "BUY"}
    for ticker, day in bought.items():
        if ticker not in known:
            yield Finding(f"buys {ticker}, which the market data does not have: it has {', '.join(known)}", day)


def failures(signals: list[dict[str, Any]], symbols: list[str]) -> Iterator[Finding]:
    """Yield each kind of failure once, with its first day and how often it came."""
    flat = {f"KeyError: {symbol!r}": f"; prices are in market_data['symbols'][{symbol!r}]" for symbol in symbols}
    failed = [(signal["where"], signal["error"], signal["day"]) for signal in signals if signal["error"]]
    often = Counter((where, re.sub(r"\d+", "", error)) for where, error, _ in failed)
    for where, error, day in failed:
        count = often.pop((where, re.sub(r"\d+", "", error)), 0)
        if count:
            line = f" ({where})" if where else ""
            days = f", on {count} days" if count > 1 else ""
            yield Finding(f"{error}{line}{days}{flat.get(error, '')}", day)


def asked_again(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the days to ask about again: all on which it acts, as far as there is time, and some between."""
    acted = [day for day in days if day["answer"]["action"] != "HOLD"]
    chosen = [*spread(acted, _MOST_ASKED_AGAIN // 2), *spread(days, _MOST_ASKED_AGAIN // 2)]
    return [day for day in days if day in chosen]


def spread(days: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    return days if len(days) <= most else [days[round(i * (len(days) - 1) / (most - 1))] for i in range(most)]


def found_elsewhere(report: Report, difference: Any, days: list[dict[str, Any]]) -> Iterator[Finding]:
    """Note in the report how often it was asked again, and yield the difference that was found."""
    if isinstance(difference, str):
        yield Finding(f"with the rows after each day cut off: {difference}")
        return
    report.asked_again = difference["asked"]
    if "day" in difference:
        (first,) = (day["answer"] for day in days if day["day"] == difference["day"])
        told = _CAUSES[difference["cause"]].format(shown(first), shown(difference["answer"]))
        yield Finding(f"depends on something other than the data up to that day: {told}", difference["day"])
    elif uncut := sorted({*report.touched, *difference["touched"]} - set(difference["cut"])):
        were = "was" if len(uncut) == 1 else "were"
        yield Finding(f"cannot tell whether it looks ahead: {', '.join(uncut)} {were} not cut off")


def tradable(answer: dict[str, Any]) -> list[Any]:
    return [answer[key] for key in ("action", "ticker", "allocation", "confidence", "error")]


def shown(answer: dict[str, Any]) -> str:
    if answer["error"]:
        return f"an error ({answer['error']})"
    return "HOLD" if answer["action"] == "HOLD" else f"{answer['action']} {answer['ticker']} {answer['allocation']:.1%}"
