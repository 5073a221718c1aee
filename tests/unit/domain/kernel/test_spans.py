"""What is left of stretches of ids, whoever goes through which part of them in whatever order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.spans import EVERYTHING, Span, next_beyond, without

IDS = [""] + [f"{one}{two}" for one in "abcé" for two in "12😀"]
SPANS = st.builds(Span, st.sampled_from(IDS), st.sampled_from([*IDS[1:], None])).filter(lambda one: not one.is_empty)


def ids_in(spans: tuple[Span, ...]) -> set[str]:
    return {one for one in IDS[1:] for span in spans if one > span.after and (span.until is None or one <= span.until)}


@given(st.lists(SPANS, max_size=6), st.randoms())
def test_what_is_left_is_what_nobody_did_in_any_order_and_twice(done: list[Span], random: Any) -> None:
    left: tuple[Span, ...] = EVERYTHING
    shuffled: tuple[Span, ...] = EVERYTHING
    for one in done:
        left = without(left, one)
    for one in random.sample(done, len(done)) + done[:2]:
        shuffled = without(shuffled, one)
    assert ids_in(left) == ids_in(shuffled) == set(IDS[1:]) - ids_in(tuple(done))
    assert not any(one.is_empty for one in left)
    assert tuple(Span.from_map(one.to_map()) for one in left) == left


@given(st.lists(SPANS, max_size=6), st.sampled_from(IDS))
def test_whoever_goes_on_begins_with_the_first_that_is_left_above_him(done: list[Span], at: str) -> None:
    left: tuple[Span, ...] = EVERYTHING
    for one in done:
        left = without(left, one)
    following = next_beyond(left, at)
    above = sorted(one for one in ids_in(left) if one > at)
    if following is None:
        assert above == []
    else:
        assert following.after >= at
        assert above == sorted(one for one in ids_in(left) if one > following.after)


@pytest.mark.parametrize("stored", [None, "a", {}, {"after": 1, "until": None}, {"after": "", "until": 7}])
def test_what_is_no_span_is_named(stored: Any) -> None:
    with pytest.raises(InputError, match="span must be a map of after and until"):
        Span.from_map(stored)
