"""What the architecture page lists: the deployed functions with their triggers, and the layers in order."""

from __future__ import annotations

import tomllib
from typing import Any

from functions import main
from tools.docs.sections import DocumentError, table
from tools.prerequisites import ROOT


def deployed_functions() -> str:
    """Return a row for every deployed function: its trigger, and its own first sentence."""
    rows = []
    for name in main.__all__:
        function = getattr(main, name)
        told = (function.__doc__ or "").strip().partition("\n")[0]
        if not told:
            raise DocumentError(f"functions/triggers: {name} has no docstring")
        rows.append([f"`{name}`", _trigger(function.__firebase_endpoint__), told.replace("``", "`").removesuffix(".")])
    return table(["function", "trigger", "what it does"], rows)


def _trigger(endpoint: Any) -> str:
    """Return what calls a function, in words."""
    if endpoint.scheduleTrigger:
        return f"schedule, `{endpoint.scheduleTrigger['schedule']}`"
    if endpoint.taskQueueTrigger:
        return "task queue"
    if endpoint.eventTrigger:
        return f"Firestore, `{endpoint.eventTrigger['eventFilterPathPatterns']['document']}`"
    return "HTTPS"


def layers() -> str:
    """Return the layers from the outermost in, as import-linter enforces them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = [one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    return "    " + " → ".join(layer.removeprefix("functions.") for layer in contract["layers"])
