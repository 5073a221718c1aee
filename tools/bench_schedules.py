"""What schedules take: queueing for many tenants, and the trading days of years."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from functions.adapters import built_calendars
from functions.adapters.cloud_task_queue import TASKS_A_SECOND, Pace
from functions.adapters.market_calendar import ExchangeCalendar
from functions.domain.kernel.spans import Span
from functions.services.kernel.fan_out import FanOut
from functions.services.kernel.ports import ABSENT, Document, TenantPage, Version, Versioned
from functions.services.monitoring.tenant_tasks import enqueue_checks

TENANTS = 20_000
CALL_SECONDS = 0.02
FIVE_YEARS = date(2019, 1, 2), date(2023, 12, 29)


class _Tenants:
    """20,000 tenants in memory."""

    def __init__(self) -> None:
        self._all = [f"t{number:05d}" for number in range(TENANTS)]

    def enabled_tenants(self) -> Iterable[str]:
        return self._all

    def page(self, span: Span, limit: int) -> TenantPage:
        ids = [one for one in self._all if one > span.after][:limit]
        return TenantPage(ids, ids[-1] if ids else "", is_more=len(ids) == limit)

    def settings(self, tenant_ids: Sequence[str], names: Sequence[str]) -> Mapping[str, Document]:  # noqa: ARG002
        return {}


class _Runs:
    """How far it is, in memory."""

    def __init__(self) -> None:
        self._stored: Versioned[Document | None] = ABSENT

    def read(self, schedule: str) -> Versioned[Document | None]:  # noqa: ARG002 - the port asks by schedule
        return self._stored

    def write(self, schedule: str, document: Document, before: Versioned[Document | None]) -> None:  # noqa: ARG002
        self._stored = Versioned(document, Version(0))


class _Queue:
    """A queue that takes 20 ms a call, at the pace of Cloud Tasks'."""

    def __init__(self) -> None:
        self._pace = Pace(TASKS_A_SECOND)

    def enqueue(self, task_id: str, payload: Mapping[str, Any]) -> bool:  # noqa: ARG002 - the port's
        self._pace.wait()
        time.sleep(CALL_SECONDS)
        return True


def measure_fan_out() -> tuple[float, float]:
    """Return seconds of queueing a task for each of 20,000 tenants, and those of one call after the other."""
    at = datetime(2026, 11, 27, 15, tzinfo=UTC)
    fan_out = FanOut(_Tenants(), _Queue(), _Runs(), time.monotonic)
    started = time.perf_counter()
    fan_out.run("bench", at, 3600, lambda tenants, queue: enqueue_checks(tenants, queue, at, at, None))
    return time.perf_counter() - started, TENANTS * CALL_SECONDS


def measure_calendar() -> tuple[float, float]:
    """Return seconds until the trading days of five years are known, and those of one day, each by a new instance."""
    calendar = ExchangeCalendar("XNYS")
    ExchangeCalendar("XLON").sessions(*FIVE_YEARS)  # the library's import; it remembers a market's last calendar itself

    def cold(first: date, last: date) -> float:
        built_calendars.forget()
        started = time.perf_counter()
        calendar.sessions(first, last)
        return time.perf_counter() - started

    return cold(*FIVE_YEARS), cold(FIVE_YEARS[1], FIVE_YEARS[1])
