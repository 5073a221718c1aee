"""The deployed functions."""

from functions.triggers.scheduled import orchestrate_tick
from functions.triggers.tasks import orchestratetenant

__all__ = ["orchestrate_tick", "orchestratetenant"]
