"""docs/data-model.md lists every document and every field that there is, and no other."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client, CollectionReference

from functions.adapters.firestore import paths
from tests.docs.everything import let_everything_happen
from tools.emulator_suite import EmulatorSuite
from tools.prerequisites import ROOT

PAGE = ROOT / "docs" / "data-model.md"
KEPT = {"systemStatus", "orchestration_logs", "logs", "market_regime", "tenants", "maestro", "notifications", "primary"}
KEPT |= {"schedules", "runs", "changes", "broker", "connection", "brokers", "strategies", "drift"}
KEPT |= {"latest", "windows", "modes", "cockpit", "results", "session", "positions", "ledger", "alerts"}
"""Segments of a path that are names; others are ids."""
NESTED = {"allocation_decisions", "signals", "input_issues", "reservations", "spendings", "overfills", "channels"}
NESTED |= {"book_differences", "members"}
"""Fields whose own fields are a contract too."""
Documents = dict[str, list[dict[str, Any]]]


def pattern_of(path: str) -> str:
    """
    Return a document's path with its ids as stars.

    >>> pattern_of("tenants/acme/state/windows__ann")
    'tenants/*/state/windows'
    """
    *folders, last = path.split("/")
    names = [*folders, last.split("__")[0] if folders[-1] == "state" else last]
    return "/".join(name if at % 2 == 0 or name in KEPT else "*" for at, name in enumerate(names))


def observed(db: Client) -> Documents:
    """Return every document of a database by the pattern of its path, and of every nested field by its own."""
    found: Documents = defaultdict(list)
    for path, document in _walk(db.collections()):
        pattern = pattern_of(path)
        found[pattern].append(document)
        for name in NESTED & document.keys():
            value = document[name]
            entries = value.values() if isinstance(value, dict) else value
            found[f"{pattern} {name}"] += entries
    return found


def _walk(collections: Iterator[CollectionReference]) -> Iterator[tuple[str, dict[str, Any]]]:
    for collection in collections:
        for reference in collection.list_documents():
            snapshot = reference.get()
            if snapshot.exists:
                yield snapshot.reference.path, snapshot.to_dict() or {}
            yield from _walk(reference.collections())


def documented() -> dict[str, dict[str, bool]]:
    """Return the page's fields by pattern, and whether each is always there."""
    found: dict[str, dict[str, bool]] = {}
    for section in re.split(r"^### ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        path, *nested = re.findall(r"`([^`]+)`", title)
        pattern = " ".join(["/".join("*" if "{" in name else name for name in path.split("/")), *nested])
        rows = re.findall(r"^\| ((?:`\w+`\??(?:, )?)+) \|", section, re.MULTILINE)
        fields = [one for row in rows for one in re.findall(r"`(\w+)`(\??)", row)]
        found[pattern] = {name: mark == "" for name, mark in fields}
    return found


def test_the_page_lists_every_field_of_every_document(emulators: EmulatorSuite, db: Client) -> None:
    let_everything_happen(db)
    seen, told = observed(db), documented()
    assert sorted(told) == sorted(seen), "a section too few, or too many"
    free = {pattern for pattern, fields in told.items() if not fields}
    assert free == {"systemStatus/market_regime"}, "only its writer knows its fields"
    wrong = [problem for pattern in told.keys() - free for problem in problems(pattern, told[pattern], seen[pattern])]
    assert not wrong, "\n".join(sorted(wrong))


def problems(pattern: str, told: dict[str, bool], documents: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what a section says of its fields that the documents do not bear out."""
    seen = {name: all(name in document for document in documents) for name in set().union(*documents)}
    for name in seen.keys() | told.keys():
        if name not in told:
            yield f"{pattern}: {name} is not documented"
        elif name not in seen:
            yield f"{pattern}: {name} is documented, and never stored"
        elif told[name] != seen[name]:
            yield f"{pattern}: {name} {'is in every document' if seen[name] else 'is missing from some documents'}"


def test_every_path_of_the_code_has_a_section() -> None:
    db = Client(project="demo-none", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    patterns = set()
    for name, path in inspect.getmembers(paths, inspect.isfunction):
        if not name.startswith("_"):
            _, *others = inspect.signature(path).parameters
            place = path(db, *others)
            segments = place._path + (("id",) if isinstance(place, CollectionReference) else ())
            patterns.add(pattern_of("/".join(segments)))
    assert patterns <= documented().keys()
