"""The emulators' ports: fixed and configurable for people, free ones for tests."""

from __future__ import annotations

import contextlib
import os
import random
import socket
from collections.abc import Mapping

DEFAULT_PORTS: Mapping[str, int] = {
    "functions": 5001,
    "firestore": 8080,
    "firestore_websocket": 9150,
    "auth": 9099,
    "hosting": 5000,
    "tasks": 9499,
    "eventarc": 9299,
    "hub": 4400,
    "logging": 4500,
}
"""Firebase's own, by emulator."""
AUTO = "auto"
_QUIET_PORTS = range(10_000, 32_768)
"""
Ports that no program gets unasked: the system gives higher ones to outgoing connections, and the Functions emulator
gives its workers 8081 to 9080, without checking whether they are taken.
"""
_ATTEMPTS = 200


class PortTakenError(Exception):
    """A port is in use; the message says which, whose, and how to choose another."""


def variable_of(emulator: str) -> str:
    """Return the environment variable that sets an emulator's port."""
    return f"MAESTRO_{emulator.upper()}_PORT"


def configured_ports() -> dict[str, int]:
    """
    Return the ports that the environment asks for, checked to be free.

    Raises
    ------
    PortTakenError
    ValueError
        If a variable holds no port number.
    """
    automatic = free_ports()
    return {name: configured_port(name, default, automatic[name]) for name, default in DEFAULT_PORTS.items()}


def configured_port(name: str, default: int, automatic: int) -> int:
    """
    Return the port that the environment asks for, checked to be free; raises as `configured_ports` does.

    Parameters
    ----------
    automatic : int
        What ``auto`` means.
    """
    wanted = os.environ.get(variable_of(name), str(default))
    if wanted != AUTO and not (wanted.isdigit() and 0 < int(wanted) < 65536):
        raise ValueError(f"{variable_of(name)} must be a port from 1 to 65535, or auto, was {wanted!r}")
    port = automatic if wanted == AUTO else int(wanted)
    if not is_free(port):
        raise PortTakenError(
            f"port {port} for the {name} emulator is taken: stop what uses it, or set "
            f"{variable_of(name)} to another port (or to auto)"
        )
    return port


def free_ports() -> dict[str, int]:
    """
    Return a free port for every emulator.

    Between now and the emulator's start any port of the system's own could go to another program's connection: they are
    of those that it does not hand out.
    """
    with contextlib.ExitStack() as held:  # all at once, so that no two are the same
        return {emulator: _held(held) for emulator in DEFAULT_PORTS}


def free_port() -> int:
    """Return a free port for one server, of those that `free_ports` gives."""
    with contextlib.ExitStack() as held:
        return _held(held)


def _held(held: contextlib.ExitStack) -> int:
    """Return a port that can be had, and hold it. Raises PortTakenError."""
    for port in random.choices(_QUIET_PORTS, k=_ATTEMPTS):
        probe = held.enter_context(socket.socket())
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise PortTakenError(f"of {_ATTEMPTS} ports from {_QUIET_PORTS.start} to {_QUIET_PORTS.stop - 1} none is free")


def is_free(port: int) -> bool:
    """Return whether nothing listens on a local port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
