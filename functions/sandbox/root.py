"""
The first process below the host: it has no credentials and no threads, and forks the loaders.

Started by `functions.adapters.strategy_processes.strategy_root`; ends when its socket closes, however the host ends.
"""

from __future__ import annotations

import asyncio  # noqa: F401 - common imports of strategies, done once for all loaders
import logging
import os
import pickle  # noqa: F401
import signal
import socket
import statistics  # noqa: F401
import zoneinfo  # noqa: F401

import numpy.random  # noqa: F401 - numpy imports it lazily

from functions.sandbox import loader, system, wire
from functions.sandbox.fork_server import ForkServer

NAMESPACES = "processes in separate user, PID and IPC namespaces"
PROCESSES = "separate processes, without namespaces"


def main(descriptor: int, *, with_namespaces: bool) -> None:
    """Serve the host on a socket."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the host, whose end closes the socket
    requests = socket.socket(fileno=descriptor)
    requests.set_inheritable(False)
    in_namespace = with_namespaces and system.enter_namespaces()
    if in_namespace:
        _become_first_of_namespace(requests)
    system.adopt_orphans()
    wire.send(requests, {"isolation": NAMESPACES if in_namespace else PROCESSES})

    def load(work: socket.socket) -> None:
        loader.main(work, in_namespace=in_namespace)

    look_after = system.reap_strangers if in_namespace else system.end_strangers
    ForkServer(requests, load, look_after).serve()
    if not in_namespace:
        system.end_strangers()


def _become_first_of_namespace(requests: socket.socket) -> None:
    """Continue in a fork, whose end ends everything in the namespace; the parent only waits."""
    pid = os.fork()
    if pid != 0:
        requests.close()
        os._exit(0 if system.reap(pid) == {"exit": 0} else 1)
    system.die_with_parent()
