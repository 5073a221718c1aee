"""What a stored document must have: named by field and kind, never by what it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest

from functions.domain.kernel.errors import DamagedDocument, InputError, StoreRefused
from functions.domain.kernel.stored_fields import (
    BYTES,
    COUNT,
    DAY,
    DOCUMENT_ID,
    FIGURE,
    FLAG,
    LIST,
    MAP,
    MAP_OF_MAPS,
    MAPS,
    NUMBER,
    NUMBERS,
    TEXT,
    TEXTS,
    TIME,
    Kind,
    check_fields,
    kind_of,
    word,
)
from functions.services.kernel.damage import check_stored, reading
from functions.services.kernel.ports import StoredDocument

NOW = datetime(2020, 3, 16, tzinfo=UTC)
NAN = float("nan")


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        (TEXT, ["", "a"], [None, 1, b"a", ["a"]]),
        (FLAG, [True, False], [0, "true", None]),
        (NUMBER, [0, -1.5], [NAN, float("inf"), True, "1", None]),
        (FIGURE, [0, -1.5, NAN], [True, "1", None]),
        (COUNT, [0, 7, 7.0], [-1, 1.5, True, "7", NAN]),
        (TIME, [NOW], ["2020-03-16", 0, None]),
        (DAY, ["2020-03-16"], ["20200316", "2020-13-01", 7, None, NOW]),
        (BYTES, [b""], ["", None]),
        (LIST, [[], [1]], ["ab", {}, None]),
        (MAP, [{}], [[], "a", None]),
        (TEXTS, [[], ["a"]], ["ab", [1], [None]]),
        (MAPS, [[], [{}]], [{}, [1], [None]]),
        (MAP_OF_MAPS, [{}, {"a": {}}], [[], {"a": 1}]),
        (NUMBERS, [{}, {"a": 1.0}], [[], {"a": "1"}, {"a": NAN}]),
        (DOCUMENT_ID, ["s"], ["", "a/b", None, 7]),
        (word(Colour), ["RED", Colour.BLUE], ["GREEN", None, ["RED"]]),
    ],
)
def test_what_each_kind_takes(kind: Kind, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        check_fields({"it": value}, {"it": kind})
    for value in wrong:
        with pytest.raises(InputError, match=r"^it must be "):
            check_fields({"it": value}, {"it": kind})


def test_what_may_be_missing_or_null_and_what_may_not() -> None:
    check_fields({"more": 1}, {}, {"it": TEXT})
    check_fields({"it": None}, {}, {"it": TEXT})
    with pytest.raises(InputError, match="it must be a text, was missing"):
        check_fields({}, {"it": TEXT})
    with pytest.raises(InputError, match=r"outer\[2\]\.it must be a text, or null"):
        check_fields({"it": 1}, {}, {"it": TEXT}, "outer[2].")
    with pytest.raises(InputError, match="more must be a field that this version knows"):
        check_fields({"it": "a", "more": 1}, {"it": TEXT}, is_closed=True)


@pytest.mark.parametrize("value", ["xoxb-s3cret", ["xoxb-s3cret"], {"xoxb-s3cret": 1}, b"xoxb-s3cret"])
def test_a_damaged_document_is_told_without_what_it_holds(value: Any) -> None:
    document = StoredDocument("tenants/acme/state/session", {"slot": value})
    with pytest.raises(DamagedDocument) as damaged:
        check_stored(document, {"slot": TIME})
    kind = kind_of(value)
    assert str(damaged.value) == f"tenants/acme/state/session: slot must be a timestamp, and is {kind}"
    assert isinstance(damaged.value, StoreRefused), "no task is delivered again for it"


def test_nonces_are_cut_in_path_and_field() -> None:
    nonce = "0123456789abcdef" * 2
    error = DamagedDocument(
        f"tenants/acme/redemptions/{nonce}", f"orders.{nonce}.qty", "a number", "missing", "mend it"
    )
    assert str(error) == (
        "tenants/acme/redemptions/01234567…: orders.01234567….qty must be a number, and is missing; mend it"
    )


def test_no_document_is_none_that_is_damaged() -> None:
    check_stored(None, {"slot": TEXT})
    with pytest.raises(DamagedDocument, match="a stored document: it must be"), reading({}):
        raise InputError("it", "a text", 1)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"ended_at": NOW}, None),
        ({"ended_at": None}, None),
        ({}, "alert.ended_at must be there, or null, was missing"),
        ({"ended_at": 7}, "alert.ended_at must be a timestamp, or null, was 7"),
    ],
)
def test_what_may_be_null_may_not_be_missing(document: dict[str, Any], told: str | None) -> None:
    if told is None:
        check_fields(document, {}, inside="alert.", or_null={"ended_at": TIME}, is_closed=True)
        return
    with pytest.raises(InputError) as error:
        check_fields(document, {}, inside="alert.", or_null={"ended_at": TIME})
    assert str(error.value) == told
