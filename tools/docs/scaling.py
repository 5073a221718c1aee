"""The tables of docs/scaling.md that follow from its first two: a month of a tenant, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from functions.domain.kernel.slots import SLOT_PERIOD
from tools.docs.sections import DocumentError, table

CALENDARS = ("XNYS", "24x7")
KINDS = ("reads", "writes", "invocations", "task operations")
PRICES: Mapping[str, tuple[float, float]] = {
    "reads": (100_000, 0.06),
    "writes": (100_000, 0.18),
    "deletes": (100_000, 0.02),
    "invocations": (1_000_000, 0.40),
    "CPU seconds": (1, 0.000024),
    "GiB seconds": (1, 0.0000025),
    "task operations": (1_000_000, 0.40),
    "MiB stored": (1024, 0.18),
}
"""Units, and USD a unit, as the page's own text dates them."""
COSTS, ASSUMED, SIZES = "What one event costs", "A tenant's month", "Only the size grows:"


def rows_below(heading: str, page: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, or a line of text, without its own head."""
    found = re.search(rf"^(?:#+ )?(?:.* )?{re.escape(heading)}\n(?:(?!\|).*\n)*?((?:\|.*\n)+)", page, re.MULTILINE)
    if found is None:
        raise DocumentError(f"no table below {heading!r}")
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found[1].splitlines()[2:]]


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


def costs(page: str) -> dict[str, dict[str, float]]:
    """Return what one event costs, by event and kind."""
    return {row[0]: dict(zip(KINDS, map(number, row[1:]), strict=True)) for row in rows_below(COSTS, page)}


def assumed(calendar: str, page: str) -> dict[str, float]:
    """Return what is assumed of a tenant's month."""
    return {row[0]: number(row[1 + CALENDARS.index(calendar)]) for row in rows_below(ASSUMED, page)}


def times(calendar: str, page: str) -> dict[str, float]:
    """Return how often everything happens in a tenant's month, by event."""
    one = assumed(calendar, page)
    days, trading_days = one["days"], one["trading days"]
    cycles = trading_days * one["slots a trading day"]
    slots = days * timedelta(days=1) / SLOT_PERIOD
    reports, months, ticks = days, 1.0, slots
    looked = one["slots in which a change is looked at"]
    again = one["hours in which a job is queued again"]
    trades = trading_days * one["trades a trading day"]
    is_always_open = calendar == "24x7"
    closed_hours = 24 * days - trading_days * one["checks on the hour a trading day, market open"]
    around = ", 24x7" if is_always_open else ""
    return {
        "listed by a schedule": 2 * ticks + 2 * 24 * days + 3 * months,
        "policy, read by a schedule": ticks + 2 * 24 * days,
        "market data or account, put": cycles * one["puts of market data and account a slot"],
        "connection, asked for by the tick": cycles,
        "cycle": cycles,
        "alerts, after a decision": cycles,
        "alerts, swept": cycles,
        "alerts, swept, market closed": 0 if is_always_open else closed_hours - days + looked * (trading_days + months),
        "alerts, swept, to rest from then on": 0 if is_always_open else days,
        "changed tenant, read by a schedule": looked * (trades + trading_days + months),
        "memberships, swept each hour": 24 * days,
        "redemption": trades,
        "fill": trades * one["fills a trade"],
        "notification, to one channel": days * one["notifications a day, the report included"],
        f"day's snapshot{around}": trading_days,
        f"month's snapshot{around}": months,
        "performance job that is done, queued again": trading_days * again + 2 * months,
        f"report{around}": reports,
        "report that is made, queued again": reports * again,
    }


def month(calendar: str, page: str) -> dict[str, float]:
    """Return the sums of a tenant's month, by kind."""
    one, counts = costs(page), times(calendar, page)
    return {kind: sum(count * one[event][kind] for event, count in counts.items()) for kind in KINDS}


def month_table(calendar: str, page: str) -> str:
    """Return a tenant's month: how often everything happens, times what one costs."""
    one = costs(page)
    rows = [
        [event, _whole(count), *(_whole(count * one[event][kind]) for kind in KINDS)]
        for event, count in times(calendar, page).items()
    ]
    total = ["all", "", *map(_whole, month(calendar, page).values())]
    return table(["event", "a month", *KINDS], [*rows, total])


def amounts(calendar: str, page: str) -> dict[str, float]:
    """Return what is paid for in a month."""
    told = re.search(r"last ([\d.]+) seconds, alone on one CPU and ([\d.]+) GiB", " ".join(page.split()))
    if told is None:
        raise DocumentError("the page does not say how long an invocation lasts, and on what")
    seconds, gib = map(float, told.groups())
    sums = month(calendar, page)
    kilobytes = number(rows_below(SIZES, page)[0][3])
    return sums | {
        "deletes": 0,
        "CPU seconds": sums["invocations"] * seconds,
        "GiB seconds": sums["invocations"] * seconds * gib,
        "MiB stored": times(calendar, page)["cycle"] * kilobytes * 1000 / 2**20,
    }


def dollars_table(page: str) -> str:
    """Return what a tenant's month costs."""
    paid = {calendar: amounts(calendar, page) for calendar in CALENDARS}
    sums = dict.fromkeys(CALENDARS, 0.0)
    rows = []
    for what, (units, price) in PRICES.items():
        cells = []
        for calendar in CALENDARS:
            usd = paid[calendar][what] / units * price
            sums[calendar] += usd
            cells += [_whole(paid[calendar][what]), f"{usd:.3f}"]
        rows.append([what, _whole(units), _price(price), *cells])
    total = [cell for usd in sums.values() for cell in ("", f"{usd:.2f}")]
    head = ["what", "unit", "USD a unit", *(cell for calendar in CALENDARS for cell in (calendar, "USD"))]
    return table(head, [*rows, ["all", "", "", *total]])


def _price(usd: float) -> str:
    return f"{usd:.2f}" if usd >= 0.01 else f"{usd:.7f}".rstrip("0")


def _whole(count: float) -> str:
    return f"{count:,.0f}"
