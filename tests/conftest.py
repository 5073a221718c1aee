"""
The emulators that the collected tests need, started once, before the first of them.

Starting is no test's time: it takes minutes on a busy machine. If it fails, no test runs and one message says why.

`make test` runs the tests in shares, side by side (`tools/run_tests.py`). Each has emulators of its own, so that none
clears another's data, and one alone has functions: two that start workers at once can take each other's ports.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google.cloud.firestore import Client
from hypothesis import HealthCheck, settings

from tools.emulator_suite import EMULATORS, EmulatorError, EmulatorSuite
from tools.prerequisites import ROOT, MissingPrerequisiteError
from tools.run_tests import SHARES

NEEDED = {"firestore": ("firestore",), "accounts": ("firestore", "auth"), "emulators": EMULATORS}
"""Emulators by the fixture that hands them out, each with those before it."""
FUNCTIONS, DATA, ALONE = SHARES
WITHOUT_EMULATORS = ROOT / "tests/unit"
"""More than half of all tests: collected only where they run."""
FAILED = 3
PATIENCE_SECONDS = 300.0
RUNNING = pytest.StashKey[EmulatorSuite]()

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a busy machine is no failure


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", choices=SHARES, help="run only the tests that need this much of the emulators")
    parser.addoption("--clean-cycles", type=int, default=800, help="how many cycles of clean accounts are reconciled")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    share = config.getoption("share")
    return True if share in (FUNCTIONS, DATA) and collection_path == WITHOUT_EMULATORS else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is in another share."""
    if (share := config.getoption("share")) is None:
        return
    by_file: dict[Path, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.path, []).append(item)
    shares = {file: share_of(tests) for file, tests in by_file.items()}
    if share == ALONE and (lost := [f for f in shares if f.is_relative_to(WITHOUT_EMULATORS) and shares[f] != ALONE]):
        raise pytest.UsageError(f"{lost[0]} needs emulators: no share would run it there")
    config.hook.pytest_deselected(items=[item for item in items if shares[item.path] != share])
    items[:] = [item for item in items if shares[item.path] == share]


def share_of(tests: Sequence[pytest.Item]) -> str:
    """Return the share of a file, whose tests may build on each other; one that starts functions says so by a mark."""
    marks = [mark for test in tests if (mark := test.get_closest_marker("share")) is not None]
    if marks:
        return str(marks[0].args[0])
    needed = needed_by(tests)
    if not needed:
        return ALONE
    return FUNCTIONS if "functions" in needed else DATA


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    wanted = needed_by(session.items)
    option = session.config.option
    if not wanted or option.collectonly or (session.testsfailed and not option.continue_on_collection_errors):
        return (yield)
    try:
        with running(wanted) as session.stash[RUNNING]:
            return (yield)
    except (EmulatorError, MissingPrerequisiteError) as error:
        pytest.exit(f"{error}\n\nThe emulators failed. Try make setup; pytest tests/unit needs none.", FAILED)


def needed_by(items: Sequence[pytest.Item]) -> Sequence[str]:
    """Return the fewest emulators that will do for all tests."""
    asked = {name for item in items for name in getattr(item, "fixturenames", ())}
    return next((emulators for fixture, emulators in reversed(NEEDED.items()) if fixture in asked), ())


@contextlib.contextmanager
def running(only: Sequence[str]) -> Iterator[EmulatorSuite]:
    """Run emulators on free ports, with this process's environment set to them."""
    suite = EmulatorSuite(environment={"MARKET_CALENDAR": "XNYS"}, only=only, prompt_tasks=True)
    with suite, pytest.MonkeyPatch.context() as patch:
        for name, value in suite.env.items():
            patch.setitem(os.environ, name, value)
        warm_up(suite.client("demo-warm-up"))
        yield suite


def warm_up(db: Client) -> None:
    """Write, find and read a document: what is asked first takes longest, longer than a test may wait for it."""
    document = db.document("tenants/first")
    document.set({"n": 1}, timeout=PATIENCE_SECONDS)
    assert [found.get("n") for found in db.collection("tenants").limit(1).stream(timeout=PATIENCE_SECONDS)] == [1]
    assert document.get(timeout=PATIENCE_SECONDS).exists


@pytest.fixture(scope="session")
def firestore(request: pytest.FixtureRequest) -> EmulatorSuite:
    """The running emulators, Firestore's at least."""
    return request.session.stash[RUNNING]


@pytest.fixture(scope="session")
def accounts(firestore: EmulatorSuite) -> EmulatorSuite:
    """The running emulators, Firestore's and Auth's at least."""
    return firestore


@pytest.fixture(scope="session")
def emulators(accounts: EmulatorSuite) -> EmulatorSuite:
    """All emulators, with this project's functions loaded."""
    return accounts


@pytest.fixture
def db(firestore: EmulatorSuite) -> Client:
    """A client of the project that the functions run in, emptied."""
    firestore.clear()
    return firestore.client()


@pytest.fixture
def own_db(firestore: EmulatorSuite) -> Client:
    """A client of a project of the test's own."""
    return firestore.client(f"demo-{uuid.uuid4().hex[:12]}")
