"""
Run the emulators with kept data, and fire scheduled functions on their own cron expressions.

The emulators never fire a schedule by themselves; this does, from what the functions declare. Data is read from
.data at the start and kept there at the end. A simulated broker runs beside them, with the tenant dev connected to it.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from functions.domain.kernel.errors import MaestroError
from tools.dev_broker import DEFAULT_PORT, connected_tenant
from tools.emulator_suite import EmulatorError, EmulatorSuite
from tools.interrupts import interruptible
from tools.local_emulators import announced
from tools.ports import PortTakenError, configured_port, configured_ports, free_port
from tools.prerequisites import ROOT, MissingPrerequisiteError

DATA = ROOT / ".data"
_EXPORTED = "firebase-export-metadata.json"
"""What firebase writes last, before it puts an export into its place."""
_LATEST = timedelta(minutes=1)
"""A firing later than this is skipped, such as one whose function is still busy with the one before."""


@dataclass(slots=True)
class Schedule:
    """One scheduled function and when it is due next."""

    name: str
    expression: str
    zone: ZoneInfo
    after: datetime
    due: datetime = field(init=False)
    _times: Iterator[datetime] = field(init=False)

    def __post_init__(self) -> None:
        try:
            self._times = CronSim(self.expression, self.after.astimezone(self.zone))
        except CronSimError as error:
            raise ValueError(f"{self.name}: schedule {self.expression!r} is not a cron expression ({error})") from error
        self.advance()

    def advance(self, now: datetime | None = None) -> None:
        """Move on to the next time it is due, skipping times that passed while the machine slept."""
        self.due = next(self._times).astimezone(UTC)
        while now is not None and self.due < now - _LATEST:
            self.due = next(self._times).astimezone(UTC)


def schedules(triggers: list[dict[str, Any]], after: datetime) -> list[Schedule]:
    """Return the schedules that the emulator's functions declare; without a zone they are in UTC, as in the cloud."""
    return [
        Schedule(
            trigger["name"],
            trigger["schedule"]["schedule"],
            ZoneInfo(trigger["schedule"].get("timeZone") or "UTC"),
            after,
        )
        for trigger in triggers
        if "schedule" in trigger
    ]


def fire(suite: EmulatorSuite, schedule: Schedule) -> str:
    """Fire a schedule and return how it ended; a failure is reported, and does not stop the next firing."""
    try:
        suite.call_scheduled(schedule.name, schedule.due)
    except EmulatorError as error:
        return f"failed: {error}"
    return "ok"


def run(suite: EmulatorSuite) -> None:
    planned = schedules(suite.triggers(), datetime.now(UTC))
    for schedule in planned:
        print(f"{schedule.name:32} {schedule.expression:16} {schedule.zone}, next {schedule.due:%H:%M:%S} UTC")
    while planned:
        schedule = min(planned, key=lambda one: one.due)
        time.sleep(max(0.0, (schedule.due - datetime.now(UTC)).total_seconds()))
        print(f"{schedule.due:%Y-%m-%d %H:%M} UTC  {schedule.name}  {fire(suite, schedule)}", flush=True)
        schedule.advance(datetime.now(UTC))


def serve(suite: EmulatorSuite, broker_port: int | None = None, *, is_fresh: bool = False) -> int:
    """Run the emulators until Ctrl-C, with a broker if it has a port, and return 0 if their data was kept."""
    before = exported_at()
    with (
        contextlib.ExitStack() as held,
        contextlib.suppress(KeyboardInterrupt),
        interruptible(),
        suite,
        announced(suite.env),
    ):
        for name in ("functions", "firestore", "auth", "tasks"):
            print(f"{name:12} http://{suite.host(name)}")
        print(f"{'dashboard':12} http://{suite.host('hosting')}")
        own = ("FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST", "GCLOUD_PROJECT")
        print(f"{'own code':12} export {' '.join(f'{name}={suite.env[name]}' for name in own)}")
        if broker_port is not None:
            print("\n".join(held.enter_context(connected_tenant(suite, broker_port, is_fresh=is_fresh))))
        print(f"log          {suite.log.relative_to(ROOT)}\nCtrl-C stops everything and keeps the data.\n")
        run(suite)
    return tell_end(before, suite.log)


def exported_at() -> int | None:
    """Return when the data in .data was written, in nanoseconds; None if there is none."""
    exported = DATA / _EXPORTED
    return exported.stat().st_mtime_ns if exported.exists() else None


def tell_end(before: int | None, log: Path) -> int:
    """Say what became of a run's data, when what was there before it was written at ``before``; 0 if it was kept."""
    after = exported_at()
    if after not in (None, before):
        print(f"\nStopped; the data is in {DATA.name}.")
        return 0
    kept = f"there is none in {DATA.name}" if after is None else f"{DATA.name} is from an earlier run"
    print(
        f"\ndev: stopped, but the data of this run was not saved ({kept}): see the end of {log.relative_to(ROOT)}",
        file=sys.stderr,
    )
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="make dev ARGS=…", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="start without the data kept in .data")
    parser.add_argument("--no-broker", action="store_true", help="run no simulated broker")
    arguments = parser.parse_args()
    try:
        broker_port = None if arguments.no_broker else configured_port("broker", DEFAULT_PORT, free_port())
        print("Starting the Firebase emulators (functions, firestore, auth, tasks, hosting) …", flush=True)
        import_from = None if arguments.fresh else DATA
        suite = EmulatorSuite(configured_ports(), import_from=import_from, export_to=DATA)
        return serve(suite, broker_port, is_fresh=arguments.fresh)
    except (EmulatorError, PortTakenError, MissingPrerequisiteError, MaestroError, ValueError) as error:
        print(f"dev: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
