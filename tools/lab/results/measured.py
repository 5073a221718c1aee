"""The figures of one policy's run, and of each strategy in it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from functions.domain.kernel.reasons import ReasonCode
from functions.domain.lab.figures import Figures, figures
from functions.domain.lab.holdings import mean_exposure, two_way_turnover
from functions.domain.track_record.moments import Floats
from tools.lab.engine.paper_broker import TRADING_MODES
from tools.lab.policy_run import PolicyRun, StrategySession

CONFIDENCE = 0.95
OTHER_SHARE = 0.01
"""Fraction of equity from which a share held counts as different: after one trade all amounts differ a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What figures are measured by, the same for all policies of a command."""

    starting_cash: float
    """USD, before the first session."""
    periods_a_year: int
    """Sessions a year on the market."""
    risk_free_rate: float = 0.0
    """Fraction a year. Cash earns nothing in a replay: only a rate of 0 leaves it neutral."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStrategy:
    """One strategy under one policy."""

    name: str
    profit: float
    """USD, costs taken off."""
    mean_held: float
    """USD at the closes, in the mean over all sessions."""
    sessions_by_mode: Mapping[str, int]
    mode_changes: int
    round_trips: int
    changed_signals: int
    """Sessions in which mode or rules changed the action of its proposal."""
    last_mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One policy's run with its figures."""

    run: PolicyRun
    days: tuple[date, ...]
    returns: Floats
    """Daily, fractions, shape (days,)."""
    equity: Floats
    """USD at each close."""
    figures: Figures
    exposure: float
    """Mean market value over equity at the close."""
    turnover: float
    """Two-way, times equity a year: buys and sells both counted."""
    costs: float
    """USD of fees and slippage, in all."""
    cost_rate: float
    """The same as a fraction of equity a year."""
    mode_changes: int
    """Of all strategies."""
    mode_changes_a_year: float
    round_trips: int
    strategies: tuple[MeasuredStrategy, ...]

    @property
    def name(self) -> str:
        return self.run.name

    @property
    def sharpe_interval(self) -> tuple[float, float]:
        """Of 95 %, by the standard error."""
        reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * self.figures.sharpe_standard_error
        return self.figures.sharpe_ratio - reach, self.figures.sharpe_ratio + reach

    def share_of_equity(self, usd: ArrayLike) -> Floats:
        """Return amounts at each close as fractions of equity; NaN of none or less."""
        return np.asarray(np.asarray(usd) / np.where(self.equity > 0, self.equity, np.nan))

    @property
    def final_equity(self) -> float:
        """USD at the last close; NaN without sessions."""
        return float(self.equity[-1]) if self.equity.size else float("nan")


def measured(run: PolicyRun, terms: Terms) -> Measured:
    """Return a run's figures."""
    days = tuple(session.day for session in run.sessions)
    equity = np.array([session.equity for session in run.sessions])
    traded = np.array([session.traded for session in run.sessions])
    costs = np.array([session.costs for session in run.sessions])
    value = np.array([session.market_value for session in run.sessions])
    returns = daily_returns(run, terms.starting_cash)
    strategies = tuple(_strategy(run, name) for name in run.strategies)
    changes = sum(one.mode_changes for one in strategies)
    year = terms.periods_a_year
    return Measured(
        run=run,
        days=days,
        returns=returns,
        equity=equity,
        figures=figures(returns, days, terms.risk_free_rate, periods_a_year=year),
        exposure=mean_exposure(value, equity),
        turnover=two_way_turnover(traded, equity, periods_a_year=year),
        costs=float(costs.sum()),
        cost_rate=two_way_turnover(costs, equity, periods_a_year=year),
        mode_changes=changes,
        mode_changes_a_year=changes * year / len(days) if days else float("nan"),
        round_trips=sum(run.round_trips.values()),
        strategies=strategies,
    )


def daily_returns(run: PolicyRun, starting_cash: float) -> Floats:
    """
    Return the account's daily returns, fractions, shape (days,).

    What its owner paid in or out in a session is not a return. NaN after a session that ended with nothing.
    """
    equity = np.array([starting_cash, *(session.equity for session in run.sessions)])
    flows = np.array([session.flows for session in run.sessions])
    before = np.where(equity[:-1] > 0, equity[:-1], np.nan)
    return np.asarray((equity[1:] - flows) / before - 1.0)


def _strategy(run: PolicyRun, name: str) -> MeasuredStrategy:
    rows = run.strategies[name]
    return MeasuredStrategy(
        name=name,
        profit=sum(row.profit for row in rows),
        mean_held=sum(row.held for row in rows) / max(len(rows), 1),
        sessions_by_mode=dict(sorted(Counter(row.mode for row in rows if row.mode).items())),
        mode_changes=mode_changes(rows),
        round_trips=run.round_trips.get(name, 0),
        changed_signals=sum(row.issued != row.proposed or not is_live(row) for row in rows if row.proposed != "HOLD"),
        last_mode=rows[-1].mode if rows else "",
    )


def mode_changes(rows: Sequence[StrategySession]) -> int:
    """Return how often a strategy's mode differed from that in the last session that it took part in."""
    return sum(one != other for one, other in itertools.pairwise(row.mode for row in rows if row.mode))


def is_live(row: StrategySession) -> bool:
    """Return whether what was issued may be traded, and not on paper only; a shadowed strategy's exits may."""
    return row.mode in TRADING_MODES or ReasonCode.LIVE_EXIT in row.reason_codes
