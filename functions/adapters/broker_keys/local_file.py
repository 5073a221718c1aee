"""Keys in a file on this machine, for the emulator: neither committed nor deployed."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from functions.adapters.broker_keys.encoding import as_text, of_map
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import KeysUnavailable

LOCAL_KEYS = Path(__file__).resolve().parents[2] / ".broker-keys.local"
"""Files with this name are ignored by git, by deployments and by the emulator's reloads."""


class LocalKeys:
    """`BrokerKeys` in a JSON file that only its owner can read."""

    def __init__(self, path: Path = LOCAL_KEYS) -> None:
        self._path = path

    def read(self, tenant_id: str) -> Credentials | None:
        stored = self._all().get(tenant_id)
        if stored is None:
            return None
        credentials = of_map(stored, f"{self._path.name} of tenant {tenant_id}")
        return replace(credentials, base_url=stored.get("base_url"))

    def write(self, tenant_id: str, credentials: Credentials) -> None:
        stored = json.loads(as_text(credentials)) | {"base_url": credentials.base_url}
        self._replace({**self._all(), tenant_id: stored})

    def delete(self, tenant_id: str) -> None:
        stored = self._all()
        if stored.pop(tenant_id, None) is not None:
            self._replace(stored)

    def _all(self) -> dict[str, Any]:
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise KeysUnavailable(f"{self._path.name} cannot be read") from None
        if not isinstance(stored, dict):
            raise KeysUnavailable(f"{self._path.name} cannot be read")
        return stored

    def _replace(self, stored: dict[str, Any]) -> None:
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}.local")
        try:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as written:
                json.dump(stored, written)
            new.replace(self._path)
        except OSError as error:
            raise KeysUnavailable(f"{self._path.name} cannot be written ({type(error).__name__})") from None
