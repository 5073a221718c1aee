"""The deployed functions."""

import os

from functions.adapters.structured_logging import configure_logging
from functions.triggers.documents import on_decision_logged, on_fill_written, on_policy_written
from functions.triggers.http_api import answer_every_path, api
from functions.triggers.scheduled import (
    check_alerts,
    daily_performance_snapshot,
    daily_report,
    monthly_performance_snapshot,
    orchestrate_tick,
)
from functions.triggers.serving import set_threads
from functions.triggers.tasks import checktenant, delivernotification, feedtenant, orchestratetenant, snapshottenant

__all__ = [
    "api",
    "check_alerts",
    "checktenant",
    "daily_performance_snapshot",
    "daily_report",
    "delivernotification",
    "feedtenant",
    "monthly_performance_snapshot",
    "on_decision_logged",
    "on_fill_written",
    "on_policy_written",
    "orchestrate_tick",
    "orchestratetenant",
    "snapshottenant",
]

configure_logging(os.environ)
set_threads(os.environ)
answer_every_path(os.environ)
