"""A Firestore client whose calls fail at random, below everything that repeats or translates errors."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client

UNSENT, APPLIED, UNREAD = "not sent", "applied, and the answer lost", "not read"
RATES = {UNSENT: 0.1, APPLIED: 0.1, UNREAD: 0.03}
"""Of commits, or of reads."""
_OF_COMMITS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_OF_READS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
"""The client repeats a read by itself after the first, not after the second."""


class InjectedError(grpc.RpcError):  # type: ignore[misc]  # grpc ships no types
    """What a channel raises when a call fails; a call with this outcome, too."""

    def __init__(self, code: grpc.StatusCode, why: str) -> None:
        super().__init__(why)
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return str(self)

    def result(self) -> NoReturn:
        raise self

    def trailing_metadata(self) -> tuple[()]:
        return ()


class Faults(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Lets calls through, or not, or their answers."""

    def __init__(self, seed: int | str) -> None:
        self._choose = random.Random(seed)
        self._lock = threading.Lock()
        self.injected: Counter[str] = Counter()

    def intercept_unary_unary(self, call: Callable[..., Any], details: Any, request: Any) -> Any:
        if not details.method.endswith("/Commit"):
            return call(details, request)
        fate = self._fate(UNSENT, APPLIED)
        if fate == UNSENT:
            raise self._error(UNSENT, _OF_COMMITS)
        answer = call(details, request)
        answer.result()  # what it was refused for is no fault of ours
        if fate == APPLIED:
            raise self._error(APPLIED, _OF_COMMITS)
        return answer

    def intercept_unary_stream(self, call: Callable[..., Any], details: Any, request: Any) -> Any:
        if self._fate(UNREAD) is not None:
            raise self._error(UNREAD, _OF_READS)
        return call(details, request)

    def _fate(self, *fates: str) -> str | None:
        with self._lock:
            luck = self._choose.random()
        for fate in fates:
            luck -= RATES[fate]
            if luck < 0:
                return fate
        return None

    def _error(self, fate: str, codes: tuple[grpc.StatusCode, ...]) -> InjectedError:
        with self._lock:
            self.injected[fate] += 1
            return InjectedError(self._choose.choice(codes), fate)


class FaultyClient(Client):
    """A client of the emulator on a channel with faults."""

    def __init__(self, project: str, seed: int | str) -> None:
        super().__init__(project=project, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
        self.faults = Faults(seed)

    def _emulator_channel(self, transport: Any) -> Any:
        return grpc.intercept_channel(super()._emulator_channel(transport), self.faults)  # type: ignore[no-untyped-call]
