"""What Firestore takes as a document's id, and so what may enter as one."""

from __future__ import annotations

from typing import Any

import pytest

from functions.domain.access.roles import read_claims
from functions.domain.kernel.errors import InputError, RefusedError
from functions.domain.kernel.parsing import check_document_id, is_document_id

IDS = [
    "a",
    "acme",
    ".a",
    "...",
    "__",
    "___",
    "__a",
    "a__",
    "_a_",
    "ann@example.com",
    "a b",
    "é" * 750,
    "\n",
    "😀",
    "a" * 1500,
]
NO_IDS: list[Any] = [
    "",
    ".",
    "..",
    "/",
    "a/b",
    "____",
    "__x__",
    "__x\ny__",
    "a" * 1501,
    "é" * 751,
    "\ud800",
    "a\udfff",
    None,
    7,
    b"a",
    ["a"],
    {"a": "b"},
]


@pytest.mark.parametrize("value", IDS)
def test_what_firestore_takes_is_an_id(value: str) -> None:
    assert is_document_id(value)
    check_document_id("tenant_id", value)


@pytest.mark.parametrize("value", NO_IDS)
def test_what_firestore_would_refuse_is_none(value: Any) -> None:
    assert not is_document_id(value)
    with pytest.raises(InputError, match="tenant_id must be an id of 1 to 1,500 bytes"):
        check_document_id("tenant_id", value)


@pytest.mark.parametrize("value", NO_IDS)
@pytest.mark.parametrize("name", ["uid", "tenant_id"])
def test_a_token_that_names_no_document_is_of_no_member(name: str, value: Any) -> None:
    with pytest.raises(RefusedError, match="NOT_A_MEMBER"):
        read_claims({"uid": "ann", "tenant_id": "acme", "role": "admin"} | {name: value})
