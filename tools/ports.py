"""The emulators' ports: fixed and configurable for people, free ones for tests."""

from __future__ import annotations

import contextlib
import os
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
_WORKER_PORTS = range(8081, 9081)
"""The Functions emulator gives its workers ports in here without looking whether they are taken."""


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
    ports = {}
    automatic = free_ports()
    for emulator, default in DEFAULT_PORTS.items():
        wanted = os.environ.get(variable_of(emulator), str(default))
        if wanted != AUTO and not (wanted.isdigit() and 0 < int(wanted) < 65536):
            raise ValueError(f"{variable_of(emulator)} must be a port from 1 to 65535, or auto, was {wanted!r}")
        ports[emulator] = automatic[emulator] if wanted == AUTO else int(wanted)
        if not is_free(ports[emulator]):
            raise PortTakenError(
                f"port {ports[emulator]} for the {emulator} emulator is taken: stop what uses it, or set "
                f"{variable_of(emulator)} to another port (or to auto)"
            )
    return ports


def free_ports() -> dict[str, int]:
    """Return a free port for every emulator, outside those that function workers take."""
    ports: dict[str, int] = {}
    with contextlib.ExitStack() as held:  # all at once, so that no two are the same
        while len(ports) < len(DEFAULT_PORTS):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            if (port := probe.getsockname()[1]) not in _WORKER_PORTS:
                ports[list(DEFAULT_PORTS)[len(ports)]] = port
    return ports


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a local port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
