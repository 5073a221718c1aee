"""How often a commit is tried, when there is a pause, and what losing every race means."""

from __future__ import annotations

import pytest

from functions.domain.kernel.errors import RefusedError, StoreConflict, StoreUnavailable
from functions.services.kernel.commits import MAX_ATTEMPTS, Commits, races


def tried(outcomes: list[Exception | None], pauses: list[int], most: int = 3) -> int | None:
    """Return the number of the race that was won."""
    for number, race in enumerate(races(most, pauses.append)):
        with race:
            outcome = outcomes.pop(0)
            if outcome is not None:
                raise outcome
            return number
    return None


@pytest.mark.parametrize(
    ("lost", "won", "pauses"),
    [(0, 0, []), (1, 1, [0]), (2, 2, [0, 1]), (3, None, [0, 1, 2])],
)
def test_every_lost_race_is_followed_by_a_pause_and_a_won_one_ends_them(
    lost: int, won: int | None, pauses: list[int]
) -> None:
    seen: list[int] = []
    assert tried([*[StoreConflict("late")] * lost, None], seen) == won
    assert seen == pauses


def test_only_a_conflict_is_tried_again() -> None:
    pauses: list[int] = []
    with pytest.raises(StoreUnavailable):
        tried([StoreUnavailable("down"), None], pauses)
    assert pauses == []


def test_who_loses_every_race_is_told_of_contention() -> None:
    pauses: list[int] = []

    def attempt() -> None:
        raise StoreConflict("late")

    with pytest.raises(RefusedError, match="too many concurrent writes"):
        Commits(pauses.append).run("acme", attempt)
    assert pauses == list(range(MAX_ATTEMPTS))


def test_what_is_won_is_not_committed_again_though_the_loop_goes_on() -> None:
    committed = []
    for race in races(5):
        with race:
            committed.append("once")
    assert committed == ["once"]
