"""Checks of a stored breaker, which may have been edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.stored_fields import (
    DAY,
    LIST,
    MAP,
    MAPS,
    NUMBER,
    TIME,
    Kind,
    Kinds,
    check_fields,
    word,
)

_OR_NULL: Kinds = {
    **dict.fromkeys(("peak", "day_start"), NUMBER),
    "day": DAY,
    "tripped_until": TIME,
    "reason_code": word(ReasonCode),
}
_AT_TIMES: Kinds = {
    **dict.fromkeys(("observed_as_of", "day_start_as_of", "refuted_at"), TIME),
    **dict.fromkeys(("highs", "flows"), MAPS),
    "recent_as_of": Kind("a list of timestamps", lambda value: LIST.holds(value) and all(map(TIME.holds, value))),
    "trip": MAP,
}
_EQUITIES = Kind("a list of finite numbers", lambda value: LIST.holds(value) and all(map(NUMBER.holds, value)))


def check_breaker(document: Mapping[str, Any]) -> None:
    """Check that a breaker has every field that is read. Raises InputError."""
    check_fields(document, {"recent": _EQUITIES}, _AT_TIMES, "breaker.", or_null=_OR_NULL)
    if len(document.get("recent_as_of") or document["recent"]) != len(document["recent"]):
        raise InputError("breaker.recent_as_of", "as long as recent", document["recent_as_of"])
    for number, one in enumerate(document.get("highs") or ()):
        check_fields(one, _OF_EQUITY, inside=f"breaker.highs[{number}].")
    for number, one in enumerate(document.get("flows") or ()):
        inside = f"breaker.flows[{number}]."
        check_fields(one, {"usd": NUMBER, "ts": TIME}, inside=inside, or_null={"factor": NUMBER})
    if document.get("trip") is not None:
        _check_trip(document["trip"], "breaker.trip.")


_TRIP_OR_NULL: Kinds = {
    **dict.fromkeys(("best", "opening"), MAP),
    **dict.fromkeys(("max_drawdown", "daily_loss_limit"), NUMBER),
}
_OF_EQUITY: Kinds = {"usd": NUMBER, "as_of": TIME}


def _check_trip(document: Mapping[str, Any], inside: str) -> None:
    """Check that a stored trip has every field that is read. Raises InputError."""
    check_fields(document, {"highs": MAPS}, inside=inside, or_null=_TRIP_OR_NULL)
    for number, one in enumerate(document["highs"]):
        check_fields(one, _OF_EQUITY, inside=f"{inside}highs[{number}].")
    for name in ("best", "opening"):
        if document.get(name) is not None:
            check_fields(document[name], _OF_EQUITY, inside=f"{inside}{name}.")
