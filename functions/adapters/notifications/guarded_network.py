"""
A network that reaches only public addresses, with one deadline for a whole request.

A tenant's URL must not make Maestro reach what only Maestro can reach (server-side request forgery). So a name is
resolved once, every address of it is checked, and the connection goes to a checked address; TLS and the Host header
keep the name.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv6Network, ip_address, ip_network

import httpcore

from functions.adapters.timed_streams import Deadline, TimedStream
from functions.services.monitoring.delivery_errors import DeliveryReason, PermanentFailure

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All IPv6 addresses that IANA assigned as global unicast: no mapped, translated, local or multicast ones."""

_TUNNELS = tuple(ip_network(text) for text in ("192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20"))
"""Among those, but they lead to IPv4 addresses (6to4, Teredo), or nowhere."""


def is_public(address: str) -> bool:
    """
    Return whether an IP address is on the public Internet.

    >>> [is_public(address) for address in ("8.8.8.8", "10.0.0.1", "169.254.169.254", "::ffff:8.8.8.8")]
    [True, False, False, False]
    """
    ip = ip_address(address)
    if ip.version == 6 and ip not in _GLOBAL_UNICAST:
        return False
    is_special = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    return ip.is_global and not ip.is_private and not is_special and not any(ip in network for network in _TUNNELS)


class GuardedNetwork(httpcore.NetworkBackend):
    """Connects only to public addresses (to any, if `allow_local`), within the deadline of one request."""

    def __init__(self, deadline: float, *, allow_local: bool) -> None:
        self._deadline = Deadline(deadline)
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
        # One private address is enough to refuse: a name that mixes both is suspect.
        if not self._allow_local and not all(is_public(address) for address in addresses):
            raise PermanentFailure(DeliveryReason.FORBIDDEN_TARGET, f"{host} is not a public Internet address")
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                left = self._deadline.left(timeout)
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
                return TimedStream(stream, self._deadline)
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
