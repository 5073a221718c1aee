"""Which tenants' reports are queued."""

from __future__ import annotations

from datetime import UTC, datetime

from functions.services.monitoring.tenant_tasks import enqueue_reports
from tests.fakes import FakeQueue, FakeTenants


def test_tenants_policies_are_read_in_one_go_and_a_report_is_queued_once_though_asked_for_every_hour() -> None:
    tenants = FakeTenants({"acme": {"time_zone": "UTC", "report_hour": 9}, "blue": None, "cyan": {"report_hour": "x"}})
    queue = FakeQueue()
    for hour in range(24):
        enqueue_reports(
            tenants, {"time_zone": "UTC", "report_hour": 12}, queue, datetime(2020, 3, 16, hour, tzinfo=UTC)
        )
    assert queue.labels() == [(tenant_id, "2020-03-16") for tenant_id in ("acme", "blue", "cyan")]
    assert set(tenants.reads) == {("acme", "blue", "cyan")}
