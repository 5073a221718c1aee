"""Keep the emulator's cold-start probe away from handlers."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import flask

T = TypeVar("T")
PROBE_PATH = "/__/health"


def ignores_probe(handler: Callable[[T], None]) -> Callable[[T], None]:
    """
    Skip the handler when the Functions emulator asks a new worker whether it is up.

    The emulator's probe calls the function itself, so without this every cold start runs a schedule's body once more.
    In the cloud nothing calls that path, so nothing is skipped.
    """

    @functools.wraps(handler)
    def guarded(event: T) -> Any:
        is_emulated = os.environ.get("FUNCTIONS_EMULATOR") == "true"
        if is_emulated and flask.has_request_context() and flask.request.path == PROBE_PATH:
            return None
        return handler(event)

    return guarded
