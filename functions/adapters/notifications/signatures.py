"""How generic webhooks are signed, and how their receivers check it."""

from __future__ import annotations

import hashlib
import hmac
import re

SIGNATURE_HEADER = "X-Maestro-Signature"

TOLERANCE_SECONDS = 300


def channel_secret(signing_secret: str, tenant_id: str, channel_id: str) -> str:
    """Return what a generic channel's receiver checks signatures with, in 64 hexadecimal digits."""
    return hmac.new(signing_secret.encode(), f"{tenant_id}/{channel_id}".encode(), hashlib.sha256).hexdigest()


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the header that signs a body, at a time in Unix seconds."""
    return f"t={at},v1={_digest(secret, str(at), body)}"


def is_signed(secret: str, header: str, body: bytes, now: float, tolerance_seconds: float = TOLERANCE_SECONDS) -> bool:
    """
    Tell whether a body was signed with a secret, and lately; takes the same time wherever it goes wrong.

    >>> is_signed("s3cret", signature("s3cret", b"{}", 1_000), b"{}", now=1_010)
    True
    """
    parts = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", header)
    if parts is None:
        return False
    at, digest = parts.groups()
    is_right = hmac.compare_digest(digest, _digest(secret, at, body))
    return is_right and abs(now - int(at)) <= tolerance_seconds


def _digest(secret: str, at: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
