"""
Concurrency and instance limits of each function.

Cloud Run sends an instance as many requests at once as its concurrency allows, but functions-framework processes them
on four threads per core unless THREADS is set, and the rest would wait. So each request gets a thread.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TypedDict


class ServingOptions(TypedDict):
    """Options for a function's decorator."""

    concurrency: int
    max_instances: int


@dataclass(frozen=True, slots=True)
class Serving:
    """How one function is served."""

    at_once: int
    """Requests an instance takes at the same time, each on a thread of its own."""
    instances: int
    """Maximum number of instances; it bounds the cost of a runaway client or a loop of events."""

    def options(self) -> ServingOptions:
        return {"concurrency": self.at_once, "max_instances": self.instances}


SERVING: Mapping[str, Serving] = {
    "api": Serving(40, 20),
    "orchestrate_tick": Serving(1, 2),
    "check_alerts": Serving(1, 2),
    "daily_report": Serving(1, 2),
    "daily_performance_snapshot": Serving(1, 2),
    "monthly_performance_snapshot": Serving(1, 2),
    "orchestratetenant": Serving(4, 20),
    "feedtenant": Serving(4, 20),
    "snapshottenant": Serving(1, 10),
    "checktenant": Serving(8, 5),
    "delivernotification": Serving(8, 5),
    "on_decision_logged": Serving(8, 20),
    "on_fill_written": Serving(8, 10),
    "on_policy_written": Serving(8, 5),
}
"""By function."""


def set_threads(environment: MutableMapping[str, str]) -> None:
    """Set THREADS for this process's function unless already set; functions-framework reads it afterwards."""
    serving = SERVING.get(environment.get("FUNCTION_TARGET", ""))
    if serving is not None:
        environment.setdefault("THREADS", str(serving.at_once))
