"""The capital of one (uid, strategy) in one period, which its return is measured on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from functions.domain.kernel.policy import Policy
from functions.domain.ledger.fifo import Lots
from functions.domain.track_record.daily_returns import BaseSource, Document

IDLE_USD = 1.0
"""Largest holding and turnover of an idle session: dust is neither evidence nor a base."""


@dataclass(frozen=True, slots=True)
class Capital:
    """What one (uid, strategy) had in use, traded and was granted in a period, USD."""

    in_use: float = 0.0
    """Cost of the positions held at the period's start, long and short."""
    long: float = 0.0
    """The long part of it, on which the risk-free rate is charged."""
    traded: float = 0.0
    """Bought, sold and assigned in the period."""
    granted_by_symbol: Mapping[str, float] = field(default_factory=dict)
    """Peak of the capital granted to open positions and entries: at least the capital in use."""

    @property
    def granted(self) -> float:
        """Peak of the granted capital, over all symbols."""
        return math.fsum(self.granted_by_symbol.values())

    @property
    def is_active(self) -> bool:
        return max(self.in_use, self.traded) > IDLE_USD

    def with_book(self, symbol: str, before: Lots, traded: float, granted: float) -> Capital:
        """Return it with one more book added."""
        return Capital(
            self.in_use + before.cost,
            self.long + before.long_cost,
            self.traded + traded,
            {**self.granted_by_symbol, symbol: granted} if granted else self.granted_by_symbol,
        )

    def followed_by(self, later: Capital) -> Capital:
        """Return the capital of a period in which ``later`` follows this part."""
        most, more = self.granted_by_symbol, later.granted_by_symbol
        symbols = {**most, **{symbol: max(usd, most.get(symbol, 0.0)) for symbol, usd in more.items()}}
        return replace(self, traded=self.traded + later.traded, granted_by_symbol=symbols)


def capital_base(
    strategy_id: str, capital: Capital, policy: Policy, before: Document | None
) -> tuple[float, BaseSource]:
    """
    Return the base of a day's return, USD, and its source.

    The policy's ``strategy_capital`` if it lists the strategy; else the capital granted, which is never less than what
    was in use at the session's start; for an idle session ``base_capital``.

    Parameters
    ----------
    before : mapping or None
        The day's document, if it was computed before: a figure from the policy of that time stays.
    """
    was = None if before is None or not before["capital_base"] > 0 else before
    source = None if was is None else was.get("capital_source")
    given = policy.strategy_capital.get(strategy_id)
    if was is not None and (source == BaseSource.STRATEGY_CAPITAL or (source is None and given is not None)):
        return float(was["capital_base"]), BaseSource.STRATEGY_CAPITAL
    if was is None and given is not None:
        return given, BaseSource.STRATEGY_CAPITAL
    if capital.is_active:
        return capital.granted, BaseSource.LEDGER
    if was is not None and source == BaseSource.BASE_CAPITAL:
        return float(was["capital_base"]), BaseSource.BASE_CAPITAL
    return policy.base_capital, BaseSource.BASE_CAPITAL
