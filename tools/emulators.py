"""
Start the official Firebase emulators, run something against them, and leave nothing behind.

    python -m tools.emulators exec -- CMD…                      run CMD with the emulators' environment
    python -m tools.emulators exec --only firestore -- CMD…     the same with fewer emulators, up sooner
    python -m tools.emulators ports                             list the ports and the variables that set them
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext

from tools.emulator_suite import EMULATORS, EmulatorError, EmulatorSuite
from tools.interrupts import interruptible
from tools.local_emulators import announced
from tools.ports import DEFAULT_PORTS, PortTakenError, configured_ports, variable_of
from tools.prerequisites import ROOT, MissingPrerequisiteError
from tools.processes import run_command

_COMMANDS_NEED = {"firestore", "auth"}


def emulators_named(names: str) -> tuple[str, ...]:
    """Return the emulators of a list with commas."""
    wanted = tuple(names.split(","))
    if unknown := set(wanted) - set(EMULATORS):
        raise argparse.ArgumentTypeError(f"no emulator is called {', '.join(sorted(unknown))}")
    return wanted


def announced_if_useful(suite: EmulatorSuite, only: Collection[str]) -> AbstractContextManager[None]:
    """Let the operator's commands find emulators that are all these commands talk to."""
    return announced(suite.env) if set(only) >= _COMMANDS_NEED else nullcontext()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.emulators", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("exec", help="run a command against the emulators")
    run.add_argument("--only", type=emulators_named, default=EMULATORS, metavar="NAMES", help=",".join(EMULATORS))
    run.add_argument("words", nargs="+", metavar="CMD")
    ports = commands.add_parser("ports", help="list the ports")
    ports.add_argument("--json", action="store_true", help="print one JSON document, for machines")
    arguments = parser.parse_args()
    if arguments.command == "ports" and arguments.json:
        print(json.dumps({name: {"port": port, "variable": variable_of(name)} for name, port in DEFAULT_PORTS.items()}))
        return 0
    if arguments.command == "ports":
        for name, port in DEFAULT_PORTS.items():
            print(f"{name:20} {port:5}  {variable_of(name)}")
        return 0
    try:
        print("emulators: starting …", file=sys.stderr, flush=True)
        emulators = EmulatorSuite(configured_ports(), only=arguments.only)
        with interruptible(), emulators as suite, announced_if_useful(suite, arguments.only):
            print(f"emulators: ready, log in {suite.log.relative_to(ROOT)}", file=sys.stderr, flush=True)
            return run_command(arguments.words, os.environ | suite.env)
    except (EmulatorError, FileNotFoundError, PortTakenError, MissingPrerequisiteError, ValueError) as error:
        print(f"emulators: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
