"""Convert keys to text and back; errors never show them."""

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
        If they are not keys; it names the place, not the content.
    """
    try:
        return of_map(json.loads(text), where)
    except ValueError:
        raise KeysUnavailable(f"{where} holds no readable keys") from None


def of_map(stored: Any, where: str) -> Credentials:
    """Read keys from parsed JSON. Raises KeysUnavailable."""
    key_id, secret = (stored.get(name) if isinstance(stored, dict) else None for name in ("key_id", "secret"))
    if not (isinstance(key_id, str) and isinstance(secret, str)):
        raise KeysUnavailable(f"{where} holds no readable keys")
    return Credentials(key_id, secret)
