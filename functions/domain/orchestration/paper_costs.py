"""What a fill on paper is charged: the policy's figures, else what the tenant's live fills cost, else stated ones."""

from __future__ import annotations

from dataclasses import dataclass

from functions.domain.kernel.markets import ALWAYS_OPEN
from functions.domain.kernel.policy import Policy
from functions.domain.track_record.live_costs import BASIS_POINTS, LiveCosts


@dataclass(frozen=True, slots=True)
class PaperCosts:
    """Costs per USD traded, in basis points."""

    fee_bps: float
    """Below 0 a rebate."""
    slippage_bps: float

    @classmethod
    def of(cls, policy: Policy, live: LiveCosts) -> PaperCosts:
        """Return what holds for a tenant, each figure by itself."""
        stated = STATED_AROUND_THE_CLOCK if policy.market == ALWAYS_OPEN else STATED
        return cls(
            _first(policy.paper_fee_bps, live.fee_bps, stated.fee_bps),
            _first(policy.paper_slippage_bps, live.slippage_bps, stated.slippage_bps),
        )

    def fees(self, notional: float) -> float:
        """Return the fees of a fill, USD."""
        return notional * self.fee_bps / BASIS_POINTS

    def slippage(self, notional: float) -> float:
        """Return the slippage of a fill, USD; a cost beside its price, as live fills have it."""
        return notional * self.slippage_bps / BASIS_POINTS


STATED = PaperCosts(1.0, 2.0)
"""Where nothing else is known: of liquid shares at a retail broker, rather more than less."""
STATED_AROUND_THE_CLOCK = PaperCosts(10.0, 5.0)
"""The same of coins, whose exchanges charge a taker about ten times as much."""


def _first(*figures: float | None) -> float:
    return next(one for one in figures if one is not None)
