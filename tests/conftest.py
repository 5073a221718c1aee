"""The emulators, started once for all tests that ask for them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from google.cloud.firestore import Client

from tools.emulators import EmulatorSuite


@pytest.fixture(scope="session")
def emulators() -> Iterator[EmulatorSuite]:
    """The Firebase emulators on free ports, with this project's functions loaded."""
    with EmulatorSuite(environment={"MARKET_CALENDAR": "XNYS"}) as suite, pytest.MonkeyPatch.context() as patch:
        for name, value in suite.env.items():
            patch.setitem(os.environ, name, value)
        yield suite


@pytest.fixture
def db(emulators: EmulatorSuite) -> Client:
    """A client of the project that the functions run in, emptied."""
    emulators.clear()
    return emulators.client()


@pytest.fixture
def own_db(emulators: EmulatorSuite) -> Client:
    """A client of a project of the test's own."""
    return emulators.client(f"demo-{uuid.uuid4().hex[:12]}")
