"""Read a tenant's record from the project that the operator works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from google.auth.exceptions import GoogleAuthError

from functions.adapters.firestore.preview_store import FirestorePreviewStore
from functions.adapters.market_calendar import Calendars
from functions.adapters.system import SystemClock
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import BOOKKEEPING_FIELDS, MAX_WINDOW_DAYS, TRADING_STATE_FIELDS, Policy
from functions.services.kernel.ports import Clock, MarketCalendars
from functions.services.lab.ports import RecordStore
from functions.services.lab.read_record import Advance, Extent, ReadRecord, sessions_to
from functions.services.lab.read_returns import ReadReturns
from functions.strategies.maestro_controller import MaestroController
from tools.connection import database_of, use_project
from tools.lab.record_task import RecordTask

MOST_DAILY_DOCUMENTS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose record is read, how much of it, and from what it is measured."""

    tenant: str
    uid: str | None
    first: date | None
    last: date | None
    starting_cash: float
    """USD."""
    risk_free_rate: float
    """Fraction a year."""


def read_tenant(wanted: Wanted, project: str | None, progress: Advance) -> RecordTask:
    """
    Read a record from Firestore: of the emulators that run, or of a project.

    Raises
    ------
    InputError
        If there is no such tenant, or nothing to replay.
    DamagedDocument, StoreUnavailable
    """
    if project:
        use_project(project)
    try:
        store = FirestorePreviewStore(database_of(wanted.tenant))
        return record_task(store, SystemClock(), Calendars(), wanted, MaestroController.policy_defaults(), progress)
    except GoogleAuthError as error:
        raise InputError("--tenant", f"in a project you may read ({error})", wanted.tenant) from error


def record_task(
    store: RecordStore,
    clock: Clock,
    calendars: MarketCalendars,
    wanted: Wanted,
    defaults: Mapping[str, Any],
    progress: Advance = lambda _done, _of: None,
) -> RecordTask:
    """Read a record from any store; as `read_tenant`."""
    records, tenant = ReadRecord(store, calendars), wanted.tenant
    holds = records.policy(tenant, defaults)
    days = records.days(tenant, holds.market, wanted.first, wanted.last, clock.now())
    extent = Extent(days=days, lookback=MAX_WINDOW_DAYS, most_daily_documents=MOST_DAILY_DOCUMENTS)
    record = records.run(tenant, holds, defaults, extent, progress)
    if len(record.sessions) < 2:
        within = f" from {wanted.first or 'the first'} to {wanted.last or 'the newest'}"
        raise InputError("--tenant", f"one with two decided sessions or more{within}", tenant)
    earned = record.windows
    if wanted.uid is not None:
        calendar = calendars.of(holds.market)
        since = sessions_to(calendar, record.sessions[0].day, 1)[0]
        earned, _ = ReadReturns(store).run(tenant, wanted.uid, calendar, since, MOST_DAILY_DOCUMENTS)
        if not earned.dates:
            known = ", ".join((store.windows(tenant, None) or {}).get("uids") or ()) or "none"
            raise InputError("--uid", f"a user with returns on record (there are: {known})", wanted.uid)
    return RecordTask(
        tenant=tenant,
        uid=wanted.uid,
        record=record,
        not_reproduced=record.not_reproduced(),
        earned=earned,
        last=wanted.last or date.max,
        defaults={**defaults, "market": holds.market},
        current=settings_of(store.policy(tenant) or {}, holds, defaults),
        starting_cash=wanted.starting_cash,
        risk_free_rate=wanted.risk_free_rate,
    )


def settings_of(stored: Mapping[str, Any], holds: Policy, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what a stored policy sets, as `PUT /v1/policy` takes it, and which samples may act: by default none.

    One that cannot be read sets nothing, as in a cycle.
    """
    left_out = BOOKKEEPING_FIELDS | TRADING_STATE_FIELDS
    is_readable = not Policy.problems(defaults, stored)
    settings = {name: value for name, value in sorted(stored.items()) if is_readable and name not in left_out}
    return {**settings, "sample_strategies": list(holds.sample_strategies)}
