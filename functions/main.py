"""The deployed functions."""

from functions.triggers.scheduled import daily_performance_snapshot, monthly_performance_snapshot, orchestrate_tick
from functions.triggers.tasks import orchestratetenant, snapshottenant

__all__ = [
    "daily_performance_snapshot",
    "monthly_performance_snapshot",
    "orchestrate_tick",
    "orchestratetenant",
    "snapshottenant",
]
