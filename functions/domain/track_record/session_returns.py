"""Returns of sessions, the part of their base on which the risk-free rate is charged, and which count as evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Figures = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SessionReturn:
    """One session of one strategy."""

    return_fraction: float
    """Fraction of its base."""
    long_fraction: float
    """Cost of longs held at its start, as a fraction of its base: the risk-free rate is charged on it."""
    is_active: bool
    """Whether it held or traded anything: an idle session is not evidence."""

    @classmethod
    def plain(cls, return_fraction: float) -> SessionReturn:
        """Build it from a bare return: exactly 0 is idle, any other is active and fully long."""
        is_active = return_fraction != 0.0
        return cls(return_fraction, float(is_active), is_active)


@dataclass(frozen=True, slots=True)
class SessionReturns:
    """Sessions of one strategy, shape (sessions,), or of several, shape (strategies, sessions); oldest first."""

    returns: Figures
    """Fractions of the base; NaN marks a session without a return."""
    long_fraction: Figures
    """0 without a return."""
    is_active: Flags
    """False without a return."""

    @classmethod
    def plain(cls, returns: ArrayLike) -> SessionReturns:
        """Build them from bare returns, as `SessionReturn.plain` does; NaN marks a missing session."""
        known = np.asarray(returns, dtype=np.float64)
        is_active = (known != 0.0) & ~np.isnan(known)
        return cls(known, is_active.astype(np.float64), is_active)

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> SessionReturns:
        """Return sessions without returns."""
        return cls(np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.bool_))

    @classmethod
    def of(cls, sessions: Iterable[SessionReturn | None]) -> SessionReturns:
        """Arrange sessions; None marks a missing one."""
        given = [SessionReturn(np.nan, 0.0, is_active=False) if one is None else one for one in sessions]
        return cls(
            np.array([one.return_fraction for one in given], dtype=np.float64),
            np.array([one.long_fraction for one in given], dtype=np.float64),
            np.array([one.is_active for one in given], dtype=np.bool_),
        )

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All three, in the order of the fields."""
        return self.returns, self.long_fraction, self.is_active

    @property
    def active_sessions(self) -> NDArray[np.int64]:
        """Number of sessions that count as evidence, shape () or (strategies,)."""
        return np.asarray(self.is_active.sum(axis=-1))

    def excess(self, annual_risk_free_rate: float, periods_a_year: int) -> Figures:
        """
        Return each session's return above the risk-free rate on its longs, a fraction of its base.

        Parameters
        ----------
        annual_risk_free_rate : float
            Fraction per year; 0.04 is 4 %.
        periods_a_year : int
            Sessions per year on the market: 252 on an exchange, 365 if it never closes.
        """
        return self.returns - annual_risk_free_rate / periods_a_year * self.long_fraction

    def __getitem__(self, part: Any) -> SessionReturns:
        """Return the same slice of every array."""
        return SessionReturns(*(array[part] for array in self.arrays))

    def where(self, is_kept: Flags) -> SessionReturns:
        """Return sessions of the kept strategies only, ``is_kept`` of shape () or (strategies,)."""
        kept = np.asarray(is_kept)[..., np.newaxis]
        return SessionReturns(
            np.where(kept, self.returns, np.nan), np.where(kept, self.long_fraction, 0.0), self.is_active & kept
        )
