"""
Moments of a strategy's excess returns over all its sessions, for statistics over longer times than windows cover.

Idle sessions are included, and each is charged the policy's risk-free rate of the time it was computed. Mean, variance,
skewness and kurtosis follow from them, and the moments of two periods combine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.domain.kernel.errors import PackedStateError
from functions.domain.track_record.daily_returns import Document, sessions_by_uid
from functions.domain.track_record.session_returns import SessionReturn

_WIRE = np.dtype("<f8")
COLUMNS = 7


@dataclass(frozen=True, slots=True)
class CumulativeMoments:
    """Of the excess returns of some sessions, fractions."""

    sessions: float
    active: float
    """How many of them count as evidence."""
    mean: float
    m2: float
    """Sum of squared differences from the mean; ``m3`` and ``m4`` are sums of third and fourth powers."""
    m3: float
    m4: float
    first: float
    """The first of their days, as a calendar ordinal."""

    @classmethod
    def of(cls, day: date, session: SessionReturn, daily_risk_free_rate: float) -> CumulativeMoments:
        """Return the moments of one session."""
        excess = session.return_fraction - daily_risk_free_rate * session.long_fraction
        return cls(1.0, float(session.is_active), excess, 0.0, 0.0, 0.0, float(day.toordinal()))

    @property
    def first_day(self) -> date:
        return date.fromordinal(int(self.first))

    def merged(self, other: CumulativeMoments) -> CumulativeMoments:
        """
        Return the moments of both periods together.

        References
        ----------
        Pébay (2008), Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical
        moments, Sandia report SAND2008-6212, eq. 2.1.
        """
        a, b, n = self.sessions, other.sessions, self.sessions + other.sessions
        delta = other.mean - self.mean
        step = delta / n
        m3 = self.m3 + other.m3 + delta * step * step * a * b * (a - b) + 3.0 * step * (a * other.m2 - b * self.m2)
        m4 = self.m4 + other.m4 + delta * step**3 * a * b * (a * a - a * b + b * b)
        m4 += 6.0 * step * step * (a * a * other.m2 + b * b * self.m2) + 4.0 * step * (a * other.m3 - b * self.m3)
        return CumulativeMoments(
            n,
            self.active + other.active,
            self.mean + b * step,
            self.m2 + other.m2 + delta * step * a * b,
            m3,
            m4,
            min(self.first, other.first),
        )


ByStrategy = Mapping[tuple[str | None, str], CumulativeMoments]
"""By uid and strategy; None is all users together."""


def with_days(known: ByStrategy, days: Iterable[Document], daily_risk_free_rate: float) -> ByStrategy:
    """Return moments with further daily documents, all of new sessions."""
    moments = dict(known)
    for uid, cells in sessions_by_uid(days).items():
        for (name, day), session in sorted(cells.items(), key=lambda cell: cell[0][1]):
            one, before = CumulativeMoments.of(day, session, daily_risk_free_rate), moments.get((uid, name))
            moments[uid, name] = one if before is None else before.merged(one)
    return moments


_row = attrgetter(*CumulativeMoments.__slots__)


def packed(rows: Sequence[CumulativeMoments | None]) -> bytes:
    """Return one row of float64 for each, NaN if unknown."""
    none = (np.nan,) * COLUMNS
    table = [none if one is None else _row(one) for one in rows]
    return np.array(table, dtype=_WIRE).tobytes()


def unpacked(values: bytes) -> list[CumulativeMoments | None]:
    """
    Unpack moments.

    Raises
    ------
    ValueError
        If it is not a whole number of rows, or a figure is not finite.
    """
    table: NDArray[np.float64] = np.frombuffer(values, dtype=_WIRE).astype(np.float64).reshape(-1, COLUMNS)
    is_known = np.asarray(~np.isnan(table).all(axis=1))
    if not np.isfinite(table[is_known]).all():
        raise ValueError("moments that are not finite")
    return [
        CumulativeMoments(*row) if known else None for row, known in zip(table.tolist(), is_known.tolist(), strict=True)
    ]


def read_moments(windows: Mapping[str, Any] | None) -> dict[str, CumulativeMoments]:
    """
    Return the moments in a windows document, by strategy; an older document has none.

    Raises
    ------
    PackedStateError
        If they are damaged.
    """
    if windows is None or "moments" not in windows:
        return {}
    try:
        pairs = zip(windows["strategy_names"], unpacked(windows["moments"]), strict=True)
        return {name: moments for name, moments in pairs if moments is not None}
    except (KeyError, TypeError, ValueError) as error:
        raise PackedStateError("moments", "a row of finite figures for each strategy", str(error)) from error
