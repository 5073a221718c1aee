"""What the project's own files say about the emulators: their configuration, and the functions to expect."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from typing import Any

from tools.prerequisites import ROOT


def config_with(ports: Mapping[str, int]) -> dict[str, Any]:
    """Return firebase.json with other ports; it is the only place firebase-tools takes ports from."""
    config: dict[str, Any] = json.loads((ROOT / "firebase.json").read_text())
    emulators = config["emulators"]
    for name, port in ports.items():
        if name == "firestore_websocket":
            emulators["firestore"]["websocketPort"] = port
        else:
            emulators.setdefault(name, {})["port"] = port
    _let_the_dashboard_find_emulators(config["hosting"], ports)
    return config


def _let_the_dashboard_find_emulators(hosting: dict[str, Any], ports: Mapping[str, int]) -> None:
    """Redirect the dashboard's question to the emulators' hub, and let it connect to them; the cloud does neither."""
    addresses = {name: f"http://127.0.0.1:{ports[name]}" for name in ("hub", "auth", "firestore")}
    hosting["redirects"] = [{"source": "/emulators.json", "destination": f"{addresses['hub']}/emulators", "type": 302}]
    for header in hosting["headers"][0]["headers"]:
        if header["key"] == "Content-Security-Policy":
            header["value"] = header["value"].replace("connect-src", f"connect-src {' '.join(addresses.values())}")


def ensure_local_secrets() -> None:
    """
    Give the functions' secrets values for this machine, which the emulator would otherwise ask the cloud for.

    The file is neither committed nor deployed; an existing one is kept.
    """
    path = ROOT / "functions" / ".secret.local"
    with contextlib.suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as secrets_file:
            secrets_file.write(f"WEBHOOK_SIGNING_KEY={secrets.token_hex(32)}\n")


def exported_functions() -> set[str]:
    """Return the names that main.py exports, read without importing it."""
    for statement in ast.parse((ROOT / "functions/main.py").read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
            return set(ast.literal_eval(statement.value))
    raise ValueError("functions/main.py has no __all__ to say which functions it deploys")
