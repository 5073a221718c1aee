"""
The problems that one alert stands for: which of them people have not heard of, which hold on, and which are over.

An alert of several problems keeps them by name in its document, each with when it began and when it ended. A problem
that comes while others hold is told; one that was told and comes back within the cooldown is not, however often.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.text import cut

Members = Sequence[Mapping[str, Any]]
"""As stored: ``name``, ``since``, and ``ended_at``, which is null while the problem holds."""

MOST_MEMBERS = 200
"""Of one alert; further ones are told of by its title and detail alone."""
_NAME_BYTES = 120
_SHOWN = 10


def member_names(problems: Iterable[str]) -> tuple[str, ...]:
    """Return the names of problems as they are stored: each once, short, in order."""
    return tuple(sorted({cut(one, _NAME_BYTES) for one in problems})[:MOST_MEMBERS])


def sort_of(error: str) -> str:
    """
    Return what kind of error a text tells of, without what differs from one time to the next.

    >>> sort_of("ValueError: no price of KO"), sort_of("no answer within 5 s"), sort_of("qty must be > 0, was -3")
    ('ValueError', 'no answer within # s', 'qty')
    """
    first = re.split(r": | must be |\n", error, maxsplit=1)[0]
    return re.sub(r"\d+(\.\d+)?", "#", first)


def carried_on(
    before: Members, names: Sequence[str], now: datetime, cooldown: timedelta
) -> tuple[list[dict[str, Any]], list[str]]:
    """
    Return an alert's members now, those that hold first, and the names that are to be told.

    Parameters
    ----------
    before : sequence of mapping
        As stored; none of an alert that is opened for the first time.
    names : sequence of str
        The problems that hold now.
    cooldown : timedelta
        A problem that comes back this soon after it was over is not told again.
    """
    recent = {one["name"]: one for one in before if one["ended_at"] is None or now - one["ended_at"] < cooldown}
    fresh = [name for name in names if name not in recent]
    held = [{"name": name, "since": now, **recent.get(name, {}), "ended_at": None} for name in names]
    over = [{**one, "ended_at": one["ended_at"] or now} for name, one in recent.items() if name not in names]
    return [*held, *sorted(over, key=lambda one: one["ended_at"], reverse=True)[:MOST_MEMBERS]], fresh


def ended(members: Members, now: datetime) -> list[dict[str, Any]]:
    """Return members that are all over."""
    return [{**one, "ended_at": one["ended_at"] or now} for one in members]


def holding(members: Members) -> list[str]:
    """Return the names of the problems that hold, in order."""
    return sorted(one["name"] for one in members if one["ended_at"] is None)


def as_detail(detail: str, members: Members, fresh: Sequence[str]) -> str:
    """Return an alert's detail with what is new among several problems before it, and what is over behind it."""
    is_added = bool(fresh) and len(members) > len(fresh)
    new = f"new: {_listed(list(fresh))}; " if is_added else ""
    over = [f"{one['name']} since {one['ended_at']:%H:%M} UTC" for one in members if one["ended_at"] is not None]
    return f"{new}{detail}{f'; over: {_listed(over)}' if over else ''}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
