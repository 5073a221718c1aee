"""What links in notifications begin with."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from functions.domain.kernel.errors import InputError

DASHBOARD_URL = "DASHBOARD_URL"
LIMIT = (
    "the dashboard's address: https and a host name, or http and localhost; "
    "without user, password, path, query or fragment, at most 200 ASCII characters"
)
_LONGEST = 200


def read_dashboard_url(text: str) -> str:
    """
    Return the address of the dashboard without a slash at the end; empty for an empty text.

    Links are this address and a page's path, and the dashboard is served at the root of its host.

    Raises
    ------
    InputError
        If it is anything else. A user or password in it is not repeated.
    """
    url = text.strip()
    if not url:
        return ""
    if not _is_origin(url):
        raise InputError(DASHBOARD_URL, LIMIT, f"…{url[url.rindex('@') :]}" if "@" in url else url)
    return url.rstrip("/")


def _is_origin(url: str) -> bool:
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or set(" @?#\\") & set(url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:  # brackets without an address, or a port that is not a number
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_local(host or ""))
    return bool(host) and parts.path in {"", "/"} and is_safe


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
