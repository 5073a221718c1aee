"""
Webhooks: one HTTPS POST to where a tenant says, and to nowhere inside.

A tenant's URL must not make Maestro reach what only Maestro can reach (server-side request forgery). So the name is
resolved once, every address of it is checked, and the connection goes to a checked address; TLS and the Host header
keep the name. A name that resolves to something else a moment later changes nothing, redirects are not followed, and
proxies of the environment, which would resolve the name themselves, are not used: hence httpcore, the layer of httpx
whose network can be replaced, and which never logs a URL as httpx does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx

from functions.domain.notifications import Channel, ChannelType, DeliveryMode, Notification, rendered
from functions.services.notification_ports import DeliveryReason, PermanentFailure, TemporaryFailure
from functions.services.ports import Clock

SIGNATURE_HEADER = "X-Maestro-Signature"
TOLERANCE_SECONDS = 300
_PORTS = frozenset({443, 8443})
_TRY_LATER = frozenset({408, 425, 429})
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA gave out of IPv6: outside are mapped, translated, local and multicast addresses."""
_TUNNELS = tuple(ip_network(text) for text in ("192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20"))
"""Inside, but they lead to IPv4 addresses (6to4, Teredo), or nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds that a webhook may take."""

    connect: float = 5.0
    read: float = 10.0
    """Between two parts of the answer."""
    total: float = 20.0
    """Of everything but the system's resolver, which keeps its own time."""


class WebhookSender:
    """
    `Sender` to Slack, Discord and generic webhooks.

    Only the status of an answer counts: its body is not read, but for what arrives along with the headers.

    Parameters
    ----------
    signing_secret : str
        The deployment's; every generic channel's own secret is derived from it. Empty: nothing is sent to those.
    clock : Clock
    allow_local : bool
        Whether http, any port and any address will do, as with the emulator.
    limits : Limits
    tls : ssl.SSLContext, optional
        The public authorities that certifi lists, if not given.
    """

    def __init__(
        self,
        signing_secret: str,
        clock: Clock,
        *,
        allow_local: bool = False,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._signing_secret = signing_secret
        self._clock = clock
        self._allow_local = allow_local
        self._limits = limits or Limits()
        self._tls = tls or httpcore.default_ssl_context()

    def send(self, channel: Channel, notification: Notification, mode: DeliveryMode) -> None:
        url = checked_url(channel.target, allow_local=self._allow_local)
        body = json.dumps(rendered(channel.type, notification, mode), separators=(",", ":")).encode()
        headers = [("Host", url.netloc.decode()), ("Content-Type", "application/json"), ("User-Agent", "Maestro")]
        if channel.type is ChannelType.WEBHOOK:
            if not self._signing_secret:
                raise PermanentFailure(DeliveryReason.NO_SENDER, "the deployment has no secret to sign webhooks with")
            secret = channel_secret(self._signing_secret, notification.tenant_id, channel.channel_id)
            headers.append((SIGNATURE_HEADER, signature(secret, body, int(self._clock.now().timestamp()))))
        _judge(self._post(url, headers, body), url.host)

    def _post(self, url: httpx.URL, headers: Sequence[tuple[str, str]], body: bytes) -> int:
        """Return the status of the answer."""
        network = GuardedNetwork(time.monotonic() + self._limits.total, allow_local=self._allow_local)
        where = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        timeouts = {"connect": self._limits.connect, "read": self._limits.read, "write": self._limits.read}
        # What the library's errors say stays here: `from None`, so that no log shows where a URL or an answer led.
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network, max_connections=1) as pool,
                pool.stream("POST", where, headers=headers, content=body, extensions={"timeout": timeouts}) as answer,
            ):
                return int(answer.status)
        except httpcore.TimeoutException:
            raise TemporaryFailure(DeliveryReason.TARGET_TIMEOUT, f"{url.host} took too long") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            detail = f"{url.host} could not be reached ({type(error).__name__})"
            raise TemporaryFailure(DeliveryReason.TARGET_UNREACHABLE, detail) from None


def _judge(status: int, host: str) -> None:
    """Raise what a status means, unless it means success."""
    if 200 <= status < 300:
        return
    detail = f"{host} answered {status}"
    if status >= 500 or status in _TRY_LATER:
        raise TemporaryFailure(DeliveryReason.TARGET_UNAVAILABLE, detail)
    raise PermanentFailure(DeliveryReason.TARGET_REFUSED, detail)


def checked_url(text: str, *, allow_local: bool) -> httpx.URL:
    """Return a URL that may be posted to, as far as its text tells. Raises PermanentFailure."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise PermanentFailure(DeliveryReason.FORBIDDEN_TARGET, "the URL is malformed") from None
    host = url.raw_host.decode("ascii")
    is_host = re.fullmatch(r"[A-Za-z0-9._-]{1,253}", host) is not None or _is_address(host)
    problems = {
        "the URL's host is malformed": not is_host,
        "the URL names a user": bool(url.userinfo),
        "the URL must be https": url.scheme != "https" and not (allow_local and url.scheme == "http"),
        "the URL's port must be 443 or 8443": url.port not in {None, *_PORTS} and not allow_local,
    }
    for problem, is_so in problems.items():
        if is_so:
            raise PermanentFailure(DeliveryReason.FORBIDDEN_TARGET, problem)
    return url


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def is_public(address: str) -> bool:
    """
    Tell whether an IP address is one of the public Internet's.

    >>> [is_public(address) for address in ("8.8.8.8", "10.0.0.1", "169.254.169.254", "::ffff:8.8.8.8")]
    [True, False, False, False]
    """
    ip = ip_address(address)
    if ip.version == 6 and ip not in _GLOBAL_UNICAST:
        return False
    is_special = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    return ip.is_global and not ip.is_private and not is_special and not any(ip in network for network in _TUNNELS)


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects to public addresses only (any, if `allow_local`), and keeps the time of one request."""

    def __init__(self, deadline: float, *, allow_local: bool) -> None:
        self._deadline = deadline
        self._allow_local = allow_local
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = _resolved(host, port)
        # One inside is enough to refuse: a name that mixes them is up to something.
        if not self._allow_local and not all(is_public(address) for address in addresses):
            raise PermanentFailure(DeliveryReason.FORBIDDEN_TARGET, f"{host} is no address of the public Internet")
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                left = _left(self._deadline, timeout)
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a name, each once, in the order to try them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} does not resolve") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _left(deadline: float, timeout: float | None) -> float:
    """Return the seconds one step may take. Raises httpcore.ReadTimeout if there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time for the whole request is over")
    return left if timeout is None else min(left, timeout)


class _TimedStream(httpcore.NetworkStream):
    """A stream that ends at the deadline, however steadily bytes drip."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline, timeout))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


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
