"""The deployed functions."""

from functions.triggers.http_api import api
from functions.triggers.scheduled import daily_performance_snapshot, monthly_performance_snapshot, orchestrate_tick
from functions.triggers.tasks import orchestratetenant, snapshottenant

__all__ = [
    "api",
    "daily_performance_snapshot",
    "monthly_performance_snapshot",
    "orchestrate_tick",
    "orchestratetenant",
    "snapshottenant",
]
