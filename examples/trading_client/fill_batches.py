"""Fills to the ledger in batches, with those that are malformed left out and named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .errors import UNREADABLE, Invalid, MalformedFill, Unavailable
from .models import Fill
from .transport import Transport

MAX_FILLS = 100
"""What the API takes at once."""
_NUMBERED = re.compile(r"^(?:body\.)?fills\.(\d+)(?:\.|$)")

Sent = Mapping[str, Any] | MalformedFill
"""What became of a fill: the API's result, or what is wrong with it."""


def send_fills(transport: Transport, fills: Sequence[Fill]) -> list[Sent]:
    """
    Send fills and return what became of each, in order.

    Raises
    ------
    MaestroApiError
        If they are not known to be recorded: send all of them again.
    """
    bodies = [_body(fill) for fill in fills]
    sent: dict[int, Sent] = {at: one for at, one in enumerate(bodies) if isinstance(one, MalformedFill)}
    good = [at for at in range(len(fills)) if at not in sent]
    for start in range(0, len(good), MAX_FILLS):
        part = good[start : start + MAX_FILLS]
        sent.update(_send(transport, {at: (fills[at], bodies[at]) for at in part}))
    return [sent[at] for at in range(len(fills))]


def _body(fill: Fill) -> dict[str, Any] | MalformedFill:
    """Return a fill as JSON takes it; NaN, or half a surrogate pair, would make the whole batch unreadable."""
    body = {**asdict(fill), "ts": fill.ts.isoformat()}
    try:
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError) as error:
        return MalformedFill(fill, f"{fill.broker_fill_id!r} is not JSON: {error}")
    return body


def _send(transport: Transport, batch: Mapping[int, tuple[Fill, Any]]) -> Iterator[tuple[int, Sent]]:
    """Send a batch; leave out what the answer names as malformed, and where it names nothing, try it by halves."""
    places = list(batch)
    if not places:
        return
    try:
        answer = transport.send("POST", "fills", {"fills": [body for _, body in batch.values()]})
    except Invalid as error:
        named = _named(error, len(places))
        if not named and len(places) == 1:
            named = {0: error.detail}
        for at, detail in named.items():
            yield places[at], MalformedFill(batch[places[at]][0], detail)
        left = [place for at, place in enumerate(places) if at not in named]
        middle = len(left) if named else len(left) // 2
        for part in (left[:middle], left[middle:]):
            yield from _send(transport, {place: batch[place] for place in part})
        return
    results = answer.get("results")
    if not isinstance(results, list) or len(results) != len(places):
        raise Unavailable(200, UNREADABLE, f"{len(places)} fills were sent, and the answer is about others")
    yield from zip(places, results, strict=True)


def _named(error: Invalid, fills: int) -> dict[int, str]:
    """Return what is wrong with which fill of a batch."""
    named: dict[int, str] = {}
    for problem in error.errors:
        found = _NUMBERED.match(problem.field)
        if found and int(found[1]) < fills:
            named.setdefault(int(found[1]), f"{problem.field}: {problem.detail}")
    return named
