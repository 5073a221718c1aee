"""What every ScheduleRuns must do: the in-memory one and Firestore's."""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.run_store import FirestoreScheduleRuns
from functions.domain.kernel.errors import StoreConflict
from functions.services.kernel.ports import ScheduleRuns
from tests.fakes import FakeRuns

FIRST: dict[str, Any] = {"runs": {"2020-03-16T19:55:00+00:00": [{"after": "a.b/c", "until": None}]}}
SECOND: dict[str, Any] = {"runs": {"2020-03-16T20:00:00+00:00": []}}


@pytest.fixture(params=["fake", "emulator"])
def runs(request: pytest.FixtureRequest, own_db: Client) -> ScheduleRuns:
    return FakeRuns() if request.param == "fake" else FirestoreScheduleRuns(own_db)


def test_a_record_is_stored_over_what_was_read_and_over_nothing_else(runs: ScheduleRuns) -> None:
    nothing = runs.read("orchestrate_tick")
    assert nothing.value is None
    runs.write("orchestrate_tick", FIRST, nothing)
    with pytest.raises(StoreConflict):
        runs.write("orchestrate_tick", SECOND, nothing)
    first = runs.read("orchestrate_tick")
    assert first.value == FIRST
    runs.write("orchestrate_tick", SECOND, first)
    with pytest.raises(StoreConflict):
        runs.write("orchestrate_tick", FIRST, first)
    assert runs.read("orchestrate_tick").value == SECOND, "of the run before nothing is left"
    assert runs.read("check_alerts").value is None
