"""Keys as text, and back; no error shows them."""

from __future__ import annotations

import json
from typing import Any

from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import KeysUnavailable


def as_text(credentials: Credentials) -> str:
    return json.dumps({"key_id": credentials.key_id, "secret": credentials.secret})


def of_text(text: str, where: str) -> Credentials:
    """
    Read keys.

    Raises
    ------
    KeysUnavailable
        If they are no keys; it says where they are, and not what is there.
    """
    try:
        return of_map(json.loads(text), where)
    except ValueError:
        raise KeysUnavailable(f"{where} holds no keys that can be read") from None


def of_map(stored: Any, where: str) -> Credentials:
    """Read keys that were JSON. Raises KeysUnavailable."""
    key_id, secret = (stored.get(name) if isinstance(stored, dict) else None for name in ("key_id", "secret"))
    if not (isinstance(key_id, str) and isinstance(secret, str)):
        raise KeysUnavailable(f"{where} holds no keys that can be read")
    return Credentials(key_id, secret)
