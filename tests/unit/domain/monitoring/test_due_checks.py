"""Which tenants are checked in a slot, and when the time of the next check is stored anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.domain.monitoring.due_checks import is_due, is_to_be_stored

NIGHT = datetime(2020, 3, 17, 1, 2, 3, tzinfo=UTC)
OPENS = datetime(2020, 3, 17, 13, 30, tzinfo=UTC)
HOUR, SLOT = timedelta(hours=1), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("known", "following", "is_stored"),
    [
        (None, NIGHT, False),  # the market is open, and nothing said otherwise
        (None, NIGHT + SLOT, False),  # the next slot comes anyway
        (None, OPENS, True),
        (NIGHT - HOUR, OPENS, True),
        (NIGHT - HOUR, NIGHT, False),
        (OPENS, OPENS, False),
        (OPENS, NIGHT + HOUR, True),  # something comes sooner
        (OPENS, NIGHT, True),  # the market was changed, and is open
        (NIGHT + 20 * HOUR, NIGHT + 24 * HOUR, False),  # a weekend: once a day is enough
        (NIGHT + HOUR / 2, NIGHT + 24 * HOUR, True),
    ],
)
def test_only_news_is_stored(known: datetime | None, following: datetime, is_stored: bool) -> None:
    assert is_to_be_stored(known, following, NIGHT) is is_stored


@pytest.mark.parametrize(
    ("known", "minute", "due"),
    [
        (None, 5, True),
        (NIGHT + HOUR, 5, False),
        (NIGHT + HOUR, 0, True),  # the first check of each hour closes memberships
        (NIGHT, 5, True),
        (NIGHT - HOUR, 5, True),
        (NIGHT + timedelta(days=2), 5, True),  # nobody rests as long as that
    ],
)
def test_who_rests_is_due_once_an_hour(known: datetime | None, minute: int, due: bool) -> None:
    assert is_due(known, NIGHT, NIGHT.replace(minute=minute)) is due
