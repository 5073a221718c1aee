"""
Run one command, and end it with everything it started as soon as the process that asked for it is gone.

    python -m tools.supervisor SECONDS CMD…

The emulators' Python workers and Java outlive firebase, and a starter that is killed outright cannot clean up. So this
process stands between the two: it adopts orphans, and takes the end of its standard input, which the starter holds
open, as the word to stop. The system closes that input even if the starter dies by SIGKILL. CMD then has SECONDS to
end by itself (it may have data to export) before it is made to.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading

from tools.processes import adopt_orphans, descendants, die_with_parent, end_processes

_POLL_SECONDS = 0.1


def main() -> int:
    """Return 0 when everything has ended, 1 when something could not be ended."""
    grace_seconds, *command = sys.argv[1:]
    adopt_orphans()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, and this program has no threads
    )
    while process.poll() is None and not stop.is_set() and not _has_input_ended():
        pass
    return _end(process, float(grace_seconds))


def _has_input_ended() -> bool:
    """Wait a moment for the end of standard input; nothing is ever written to it."""
    readable, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
    return bool(readable)


def _end(process: subprocess.Popen[bytes], grace_seconds: float) -> int:
    started = descendants(os.getpid())
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    left = end_processes(sorted({*started, *descendants(os.getpid())}))
    if left:
        print(f"supervisor: processes {left} do not end", flush=True)
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
