"""
The emulators that the collected tests need, started once, before the first of them.

Starting is no test's time: it takes minutes on a busy machine. If it fails, no test runs and one message says why.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence

import pytest
from google.cloud.firestore import Client
from hypothesis import HealthCheck, settings

from tools.emulator_suite import EMULATORS, EmulatorError, EmulatorSuite
from tools.prerequisites import MissingPrerequisiteError

NEEDED = {"firestore": ("firestore",), "accounts": ("firestore", "auth"), "emulators": EMULATORS}
"""Emulators by the fixture that hands them out, each with those before it."""
FAILED = 3
RUNNING = pytest.StashKey[EmulatorSuite]()

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a busy machine is no failure


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
        yield suite


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
