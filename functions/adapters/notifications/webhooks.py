"""
Webhooks: one HTTPS POST to the tenant's URL, if it is outside our own network.

Connections go through `GuardedNetwork`. A name that resolves to something else a moment later changes nothing,
redirects are not followed, and proxies of the environment, which would resolve the name themselves, are not used:
hence httpcore, the layer of httpx whose network can be replaced, and which never logs a URL as httpx does.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import httpcore
import httpx

from functions.adapters.notifications.guarded_network import GuardedNetwork
from functions.adapters.notifications.rendering import rendered
from functions.adapters.notifications.signatures import (
    SIGNATURE_HEADER,
    channel_secret,
    message_id,
    signature,
    signing_keys,
    standard_headers,
)
from functions.domain.monitoring.channels import Channel, ChannelType, DeliveryMode
from functions.domain.monitoring.notifications import Notification
from functions.services.kernel.ports import Clock
from functions.services.monitoring.delivery_errors import DeliveryReason, PermanentFailure, TemporaryFailure

_PORTS = frozenset({443, 8443})
_TRY_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Time limits of a webhook, seconds."""

    connect: float = 5.0
    read: float = 10.0
    """Between two parts of the answer."""
    total: float = 20.0
    """Of the whole request, except resolving the name, which has the system's own time limit."""


class WebhookSender:
    """
    `Sender` to Slack, Discord and generic webhooks.

    Only the status of an answer counts: its body is not read, except what arrives with the headers.

    Parameters
    ----------
    signing_secret : str
        The deployment's, as `signing_keys` reads it; every generic channel's own secrets are derived from it.
        Without a key in it nothing is sent to those.
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
            headers += self._signatures(channel, notification, body).items()
        _judge(self._post(url, headers, body), _host(url))

    def _signatures(self, channel: Channel, notification: Notification, body: bytes) -> dict[str, str]:
        """Return the headers that sign an attempt. Raises PermanentFailure without a key to sign with."""
        try:
            keys = signing_keys(self._signing_secret)
        except ValueError as error:
            raise PermanentFailure(DeliveryReason.NO_SENDER, str(error)) from None
        if not keys:
            raise PermanentFailure(DeliveryReason.NO_SENDER, "the deployment has no secret to sign webhooks with")
        tenant_id, at = notification.tenant_id, int(self._clock.now().timestamp())
        secrets = [channel_secret(key, tenant_id, channel.channel_id) for key in keys]
        sent_id = message_id(tenant_id, channel.channel_id, notification.notification_id)
        # the old header has one signature only: by the oldest key, which receivers have
        before = {SIGNATURE_HEADER: signature(secrets[-1], body, at)}
        return standard_headers(secrets, sent_id, body, at) | before

    def _post(self, url: httpx.URL, headers: Sequence[tuple[str, str]], body: bytes) -> int:
        """Return the status of the answer."""
        network = GuardedNetwork(time.monotonic() + self._limits.total, allow_local=self._allow_local)
        where = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        timeouts = {"connect": self._limits.connect, "read": self._limits.read, "write": self._limits.read}
        # `from None` drops the library's errors, so that no log shows a URL, or where it led.
        try:
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=network, max_connections=1) as pool,
                pool.stream("POST", where, headers=headers, content=body, extensions={"timeout": timeouts}) as answer,
            ):
                return int(answer.status)
        except httpcore.TimeoutException:
            raise TemporaryFailure(DeliveryReason.TARGET_TIMEOUT, f"{_host(url)} took too long") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            detail = f"{_host(url)} could not be reached ({type(error).__name__})"
            raise TemporaryFailure(DeliveryReason.TARGET_UNREACHABLE, detail) from None


def _judge(status: int, host: str) -> None:
    """Raise the failure that a status means, unless it means success."""
    if 200 <= status < 300:
        return
    detail = f"{host} answered {status}"
    if status >= 500 or status in _TRY_LATER:
        raise TemporaryFailure(DeliveryReason.TARGET_UNAVAILABLE, detail)
    raise PermanentFailure(DeliveryReason.TARGET_REFUSED, detail)


def checked_url(text: str, *, allow_local: bool) -> httpx.URL:
    """Return a URL if its text allows posting to it. Raises PermanentFailure."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        raise PermanentFailure(DeliveryReason.FORBIDDEN_TARGET, "the URL is malformed") from None
    host = _host(url)
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


def _host(url: httpx.URL) -> str:
    """Return a URL's host as it is sent: ``url.host`` decodes international ones, and raises where it cannot."""
    return url.raw_host.decode("ascii")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host
