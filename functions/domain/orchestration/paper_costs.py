"""Costs of a fill on paper: the policy's figures, else those of the tenant's live fills, else defaults."""

from __future__ import annotations

from dataclasses import dataclass

from functions.domain.kernel.markets import ALWAYS_OPEN
from functions.domain.kernel.policy import Policy
from functions.domain.track_record.live_costs import BASIS_POINTS, LiveCosts


@dataclass(frozen=True, slots=True)
class PaperCosts:
    """Costs per USD traded, in basis points."""

    fee_bps: float
    """Negative for a rebate."""
    slippage_bps: float

    @classmethod
    def of(cls, policy: Policy, live: LiveCosts) -> PaperCosts:
        """Return a tenant's costs, each figure chosen separately."""
        stated = STATED_AROUND_THE_CLOCK if policy.market == ALWAYS_OPEN else STATED
        return cls(
            _first(policy.paper_fee_bps, live.fee_bps, stated.fee_bps),
            _first(policy.paper_slippage_bps, live.slippage_bps, stated.slippage_bps),
        )

    def fees(self, notional: float) -> float:
        """Return the fees of a fill, USD."""
        return notional * self.fee_bps / BASIS_POINTS

    def slippage(self, notional: float) -> float:
        """Return the slippage of a fill, USD; a cost in addition to its price, as for live fills."""
        return notional * self.slippage_bps / BASIS_POINTS


STATED = PaperCosts(1.0, 2.0)
"""Defaults: a cautious estimate for liquid shares at a retail broker."""
STATED_AROUND_THE_CLOCK = PaperCosts(10.0, 5.0)
"""The same for coins: their exchanges charge a taker about ten times as much."""


def _first(*figures: float | None) -> float:
    return next(one for one in figures if one is not None)
