"""Processes that die before any one call of their stores; after a call is before the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.servers.broker.feeds import Fed

STORES: Mapping[str, Sequence[str]] = {
    "connections": ("read", "owner", "claim", "write", "release"),
    "keys": ("read", "write", "delete"),
    "trading": ("read", "commit"),
    "ledger_reads": ("entries", "at_instant"),
}


class KilledError(BaseException):
    """The process died."""


@contextmanager
def killed(desk: Fed, last: int) -> Iterator[None]:
    """Let what is done inside die before one of the calls of its stores."""
    with counted(desk, last), pytest.raises(KilledError):
        yield


@contextmanager
def counted(desk: Fed, last: int | None = None) -> Iterator[list[int]]:
    """Yield a list of one count, of calls of the desk's stores, which grows."""
    count = [0]

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            mine = count[0]
            count[0] += 1
            if mine == last:
                raise KilledError
            return call(*given, **named)

        return wrapped

    for name, methods in STORES.items():
        store = getattr(desk, name)
        for method in methods:
            setattr(store, method, dying(getattr(store, method)))
    try:
        yield count
    finally:
        for name, methods in STORES.items():
            for method in methods:
                delattr(getattr(desk, name), method)
