"""When a tenant's alerts must be checked next if nothing changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.findings import Observed
from functions.domain.monitoring.rest import next_check
from functions.domain.track_record.breakers import BreakerState

NIGHT = datetime(2020, 3, 17, 1, 2, 3, tzinfo=UTC)
OPENS = datetime(2020, 3, 17, 13, 30, tzinfo=UTC)
HOUR, SLOT = timedelta(hours=1), timedelta(minutes=5)


def new_york(at: datetime) -> bool:
    return OPENS <= at < OPENS + 6.5 * HOUR


def seen(now: datetime = NIGHT, **fields: Any) -> Observed:
    standing = {"policy": Policy(), "breaker": BreakerState(), "new_decisions": (), "last_decision": None}
    return Observed(**{"now": now, "is_market_open": False, "jobs": (), "lapsed": (), **standing, **fields})


RUNNING = {"job_id": "day-1", "status": "RUNNING", "started_at": NIGHT - HOUR}
HALTED = Policy.from_sources({}, {"trading_state": "HALT", "trading_state_until": NIGHT + 2 * HOUR})
TRIPPED = BreakerState(tripped_until=NIGHT + 3 * HOUR, reason_code=ReasonCode.DAILY_LOSS)


@pytest.mark.parametrize(
    ("observed", "lapse", "due"),
    [
        (seen(), None, OPENS),
        (seen(), NIGHT + HOUR, NIGHT + HOUR),
        (seen(), OPENS + HOUR, OPENS),
        (seen(policy=HALTED), None, NIGHT + 2 * HOUR),
        (seen(breaker=TRIPPED), None, NIGHT + 3 * HOUR),
        (seen(breaker=TRIPPED, policy=HALTED), NIGHT + SLOT, NIGHT + SLOT),
        (seen(jobs=[RUNNING]), None, NIGHT + HOUR + timedelta(seconds=1)),
        (seen(jobs=[RUNNING | {"status": "DONE"}, {"status": "FAILED"}]), None, OPENS),
        (seen(jobs=[RUNNING | {"started_at": NIGHT - 3 * HOUR}]), None, OPENS),  # cut off already
        (seen(breaker=BreakerState(tripped_until=NIGHT)), None, OPENS),
        (seen(OPENS + 2 * HOUR), None, OPENS + 2 * HOUR),  # the market is open
        (seen(OPENS - 10 * timedelta(days=1)), None, OPENS - 9 * timedelta(days=1) - SLOT),  # a day at most
    ],
)
def test_the_next_check_is_when_the_market_opens_or_time_changes_something(
    observed: Observed, lapse: datetime | None, due: datetime
) -> None:
    assert next_check(observed, new_york, lambda: lapse) == due


def test_nobody_looks_for_lapses_while_the_market_is_open() -> None:
    def asked() -> datetime | None:
        raise AssertionError("a read")

    assert next_check(seen(OPENS), new_york, asked) == OPENS
