"""
How generic webhooks are signed, and what their receivers check.

They follow Standard Webhooks (https://www.standardwebhooks.com), for which receivers find ready verifiers; for one more
release they also carry the old header.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
STANDARD_HEADER = "webhook-signature"
SIGNATURE_HEADER = "X-Maestro-Signature"
"""The header from before Standard Webhooks; 0.3.0 removes it."""
SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with

TOLERANCE_SECONDS = 300

_LIST = re.compile(r"\s*\[\s*[\"\]]")
"""How a JSON list of texts, or an empty one, begins; any other text is one key."""


def signing_keys(text: str) -> tuple[str, ...]:
    """
    Return the deployment's keys, newest first: one, or several in a JSON list during a change of keys.

    Raises ValueError, without the text, for what begins like a list but is not a list of texts; blank text is no keys.

    >>> signing_keys("one"), signing_keys('["new", "old"]'), signing_keys(" ")
    (('one',), ('new', 'old'), ())
    """
    if not text.strip():
        return ()
    if _LIST.match(text) is None:
        return (text,)
    try:
        keys = json.loads(text)
    except ValueError:
        keys = None
    if not isinstance(keys, list) or not keys or not all(isinstance(one, str) and one.strip() for one in keys):
        raise ValueError("WEBHOOK_SIGNING_KEY begins like a JSON list but is not a list of keys")
    return tuple(keys)


def channel_secret(signing_key: str, tenant_id: str, channel_id: str) -> str:
    """Return the secret by which a generic channel's receiver checks signatures, spelled as in Standard Webhooks."""
    derived = hmac.new(signing_key.encode(), f"{tenant_id}/{channel_id}".encode(), hashlib.sha256).hexdigest()
    return SECRET_PREFIX + base64.b64encode(derived.encode()).decode()


def key_of(secret: str) -> bytes:
    """
    Return the key that a secret stands for: what is after whsec_, in base64; without whsec_ the text's own bytes.

    A receiver that was given its secret before there was whsec_ so keeps it: both spellings are one key.
    Raises ValueError for a whsec_ without base64, and for no key at all, as anybody could sign with that.

    >>> key_of("whsec_czNjcmV0") == key_of("s3cret") == b"s3cret"
    True
    """
    is_prefixed = secret.startswith(SECRET_PREFIX)
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True) if is_prefixed else secret.encode()
    if not key:
        raise ValueError("the secret is empty: nothing can be signed or checked with it")
    return key


def message_id(tenant_id: str, channel_id: str, notification_id: str) -> str:
    """Return the id by which a receiver recognises a repeat; it is unique to tenant, channel and notification."""
    digest = hashlib.sha256(f"{tenant_id}\n{channel_id}\n{notification_id}".encode()).hexdigest()
    return f"msg_{digest[:32]}"


def standard_headers(secrets: Sequence[str], sent_id: str, body: bytes, at: int) -> dict[str, str]:
    """Return Standard Webhooks' headers, with a signature by each secret, at an attempt's time in Unix seconds."""
    content = f"{sent_id}.{at}.".encode() + body
    digests = [hmac.new(key_of(secret), content, hashlib.sha256).digest() for secret in secrets]
    signed = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return {ID_HEADER: sent_id, TIMESTAMP_HEADER: str(at), STANDARD_HEADER: signed}


def signature(secret: str, body: bytes, at: int) -> str:
    """Return the value of the old header, which signs a body at a time in Unix seconds."""
    return f"t={at},v1={_digest(secret, str(at), body)}"


def is_signed(secret: str, header: str, body: bytes, now: float, tolerance_seconds: float = TOLERANCE_SECONDS) -> bool:
    """
    Return whether the old header shows that a body was recently signed with a secret, in either spelling.

    It takes the same time for every wrong signature.

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
    return hmac.new(key_of(secret), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
