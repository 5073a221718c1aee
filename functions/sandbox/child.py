"""One strategy, evaluated once, in a process that ends with its answer."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from functions.domain.kernel.errors import SignalError, described
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import COROUTINE_ANSWER, parse_signal
from functions.sandbox import wire
from functions.sandbox.limits import Limits

MAX_ERROR_CHARACTERS = 20_000
Inputs = tuple[Any, Any, Any]
"""Market data, account snapshot and regime."""


class _UnusableError(Exception):
    """A strategy's return value is not a valid answer."""

    def __init__(self, code: ReasonCode, text: str) -> None:
        self.code = code
        super().__init__(text)


Evaluate = Callable[..., Any]
"""A strategy's ``evaluate``, with three arguments; sync or async."""


def answer(
    name: str, evaluate: Evaluate, inputs: Inputs, own: Mapping[str, Any], allowed: Limits, writing: int
) -> NoReturn:
    """Evaluate a strategy, write its answer to a pipe, and end this process."""
    try:
        market_data, account, regime = inputs
        account = {**account, **own} if own else account
        body = _body(name, evaluate, (market_data, account, regime), allowed)
        _write(writing, wire.framed(body))
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(BaseException):
                stream.flush()
        os._exit(0)


def _body(name: str, evaluate: Evaluate, inputs: Inputs, allowed: Limits) -> bytes:
    try:
        body = json.dumps({"signal": _signal(name, evaluate, inputs)}).encode()
    except SignalError as error:
        return _failed(ReasonCode.MALFORMED_SIGNAL, error, str(error))
    except _UnusableError as error:
        return _failed(error.code, error, str(error))
    except MemoryError as error:
        limit = f"it requested more than {allowed.memory_bytes >> 20} MB of memory"
        return _failed(ReasonCode.STRATEGY_MEMORY, error, limit)
    except BaseException as error:  # noqa: BLE001 - even SystemExit: a strategy ends only itself
        return _failed(ReasonCode.STRATEGY_ERROR, error, described(error))
    if len(body) > allowed.answer_bytes:
        limit = f"its answer has {len(body):,} bytes, limit {allowed.answer_bytes:,}"
        return json.dumps({"code": ReasonCode.STRATEGY_ANSWER_TOO_LARGE, "error": limit}).encode()
    return body


def _failed(code: ReasonCode, error: BaseException, text: str) -> bytes:
    error.__traceback__ = None  # its frames hold what used up the memory
    return json.dumps({"code": code, "error": text[:MAX_ERROR_CHARACTERS]}).encode()


def _signal(name: str, evaluate: Evaluate, inputs: Inputs) -> dict[str, Any]:
    if inspect.iscoroutinefunction(evaluate):
        proposed = asyncio.run(evaluate(*inputs))
    else:
        proposed = evaluate(*inputs)
        if inspect.iscoroutine(proposed):
            proposed.close()
            raise _UnusableError(ReasonCode.MALFORMED_SIGNAL, COROUTINE_ANSWER)
    return _as_plain(name, proposed)


def _as_plain(name: str, proposed: Any) -> dict[str, Any]:
    """Return an answer as plain data, after checking that it is a signal."""
    try:
        plain: dict[str, Any] = wire.plain(parse_signal(name, proposed).to_proposal())
    except (SignalError, MemoryError):
        raise
    except BaseException as error:
        text = f"its answer cannot be read: {described(error)}"
        raise _UnusableError(ReasonCode.STRATEGY_ERROR, text) from error
    return plain


def _write(writing: int, frame: bytes) -> None:
    left = memoryview(frame)
    while left:
        left = left[os.write(writing, left) :]
