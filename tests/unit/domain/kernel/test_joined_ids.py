"""Ids that join texts are the same for the same texts only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from functions.domain.kernel.joined_ids import joined_id
from functions.domain.kernel.parsing import is_document_id

texts = st.lists(st.text("a_%5F-", min_size=1, max_size=6), min_size=1, max_size=4)


def test_ordinary_names_stand_as_they_are() -> None:
    assert joined_id("ann", "Trend_2", "2020-03-16") == "ann__Trend_2__2020-03-16"


def test_two_owners_whose_names_join_to_one_text_have_two_ids() -> None:
    assert joined_id("a", "b__c", "2020-03") != joined_id("a__b", "c", "2020-03")
    assert joined_id("a_", "b", "2020-03") != joined_id("a", "_b", "2020-03")


@given(texts, texts)
def test_other_texts_have_another_id(one: list[str], other: list[str]) -> None:
    assert (joined_id(*one) == joined_id(*other)) == (one == other)
    assert is_document_id(joined_id(*one))
