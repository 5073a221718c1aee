"""The charts of a report: what each shows, as lines over sessions and as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from functions.domain.track_record.moments import Floats
from functions.domain.track_record.statistics import drawdowns, growth
from tools.lab.results.measured import Measured
from tools.lab.results.outcome import Outcome
from tools.lab.results.tables import number, percent, usd
from tools.lab.source import terms_of

TRAILING = 63
"""Sessions over which turnover is shown: a quarter."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a chart."""

    name: str
    values: Floats
    """One a session; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart."""

    name: str
    title: str
    note: str
    kind: str
    """How values are shown: usd, percent or number."""
    days: tuple[date, ...]
    lines: tuple[Line, ...]

    @property
    def label(self) -> str:
        """What the picture shows, in words."""
        told = [f"{line.name}: {self._described(line)}" for line in self.lines]
        return f"{self.title}, {self.days[0]} to {self.days[-1]}. {'. '.join(told)}."

    @property
    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each month's last session, with what every line was then."""
        for at, day in enumerate(self.days):
            is_last = at + 1 == len(self.days) or self.days[at + 1].month != day.month
            if is_last:
                yield day.isoformat(), [self.shown(float(line.values[at])) for line in self.lines]

    def shown(self, value: float) -> str:
        return _SHOWN[self.kind](value)

    def to_json(self) -> dict[str, Any]:
        """Return what the report's script draws."""
        digits = 0 if self.kind == "usd" else 5
        return {
            "name": self.name,
            "kind": self.kind,
            "seconds": [int(datetime.combine(day, time(), UTC).timestamp()) for day in self.days],
            "lines": [{"name": line.name, "values": _rounded(line.values, digits)} for line in self.lines],
        }

    def _described(self, line: Line) -> str:
        known = line.values[~np.isnan(line.values)]
        if not known.size:
            return "no data"
        first, last, low, high = (self.shown(float(one)) for one in (known[0], known[-1], known.min(), known.max()))
        return f"from {first} to {last}, lowest {low}, highest {high}"


def charts_of(found: Outcome) -> list[Chart]:
    """Return the report's charts, in their order."""
    policies, days = list(found.policies.values()), found.raw.days
    cash = found.task.starting_cash
    equity = [Line(one.name, one.equity) for one in policies]
    falls = [Line(one.name, drawdowns(one.returns)) for one in policies]
    if found.hold is not None:
        equity.append(Line("buy-and-hold", cash * growth(found.hold.returns)))
        falls.append(Line("buy-and-hold", drawdowns(found.hold.returns)))
    year, is_traded = terms_of(found.task).periods_a_year, found.task.costs is not None
    held = "What is held, as a share of equity at the close." if is_traded else "Mean weight that modes give."
    charts = [
        Chart("equity", "Equity", "USD at each close.", "usd", days, tuple(equity)),
        Chart("drawdown", "Drawdown", "Below the highest close so far.", "percent", days, tuple(falls)),
        Chart("exposure", "Exposure", held, "percent", days, tuple(Line(one.name, exposure(one)) for one in policies)),
    ]
    if is_traded:
        note = f"Two-way: buys and sells both count. Of the last {TRAILING} sessions, as times equity a year."
        lines = tuple(Line(one.name, trailing_turnover(one, year)) for one in policies)
        charts.append(Chart("turnover", "Turnover", note, "number", days, lines))
    return charts


def exposure(policy: Measured) -> Floats:
    """Return market value over equity at each close, fractions."""
    return policy.share_of_equity([session.market_value for session in policy.run.sessions])


def trailing_turnover(policy: Measured, periods_a_year: int) -> Floats:
    """Return the two-way turnover of the last sessions at each close, times equity a year; at the start of fewer."""
    shares = np.nan_to_num(policy.share_of_equity([session.traded for session in policy.run.sessions]))
    total = np.concatenate([[0.0], np.cumsum(shares)])
    ends = np.arange(1, len(shares) + 1)
    begins = np.maximum(ends - TRAILING, 0)
    return np.asarray((total[ends] - total[begins]) * periods_a_year / TRAILING)


def _rounded(values: Floats, digits: int) -> Sequence[float | None]:
    return [None if math.isnan(value) else round(value, digits) for value in values.tolist()]


_SHOWN: dict[str, Callable[[float], str]] = {"usd": usd, "percent": percent, "number": number}
