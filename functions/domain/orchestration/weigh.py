"""Apply a strategy's mode and positions to its proposal, before any rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import OnShadow, Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.intent import Judgement, judge
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.risk_rules import RuledSignal
from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.domain.track_record.standing import Standing


@dataclass(frozen=True, slots=True)
class Holdings:
    """Positions to exit from, and their value."""

    live: KnownPositions
    paper: Mapping[str, Mapping[str, float]]
    """Units by strategy and symbol."""
    prices: Mapping[str, float]
    """USD by canonical symbol."""
    buying_power: float | None
    """USD."""


def weigh(
    signals: Sequence[ProposedSignal], standing: Mapping[str, Standing], holdings: Holdings, policy: Policy
) -> list[RuledSignal]:
    """Judge every proposal by the strategy's position, and apply the strategy's mode to it."""
    return [_weighed(signal, standing[signal.strategy_name], holdings, policy) for signal in signals]


def _weighed(signal: ProposedSignal, standing: Standing, holdings: Holdings, policy: Policy) -> RuledSignal:
    mode = standing.state.mode
    if mode is AgentMode.SHADOW_MODE and policy.on_shadow is OnShadow.FLATTEN:
        signal = _flattened(signal, holdings.live)
    judgement = judge(
        signal,
        holdings.live,
        allow_shorts=policy.allow_shorts,
        price=holdings.prices.get(canonical_symbol(signal.ticker)),
        buying_power=holdings.buying_power,
    )
    return RuledSignal.weighted(
        signal,
        mode,
        standing.weight,
        judgement,
        cover_allocation=_cover_allocation(signal, judgement, holdings),
        holds_on_paper=_holds_on_paper(signal, holdings) if holdings.live.book.is_open else None,
    )


def _flattened(signal: ProposedSignal, live: KnownPositions) -> ProposedSignal:
    """Return an exit from a strategy's live positions, one symbol per cycle; its own proposal when nothing is left."""
    name = signal.strategy_name
    if not live.book.is_open:
        return signal
    symbol = next((symbol for symbol in live.held(name) if live.left_to_exit(name, symbol)), None)
    if symbol is None:
        return signal
    return replace(
        signal,
        action=Action.SELL,
        closes=True,
        ticker=live.spelled(name, symbol),
        allocation=1.0,
        qty=None,
        reason_code=ReasonCode.ON_SHADOW_FLATTEN,
        reasoning="on_shadow is flatten: Maestro closes what the shadowed strategy still holds",
    )


def _cover_allocation(signal: ProposedSignal, judgement: Judgement, holdings: Holdings) -> float | None:
    """Return the cost of a covering BUY as a fraction of buying power; None if unknown or irrelevant."""
    price = holdings.prices.get(canonical_symbol(judgement.symbol or signal.ticker))
    buying_power = holdings.buying_power
    if judgement.action is not Action.BUY or judgement.qty is None or price is None or not buying_power:
        return None
    return judgement.qty * price / buying_power


def _holds_on_paper(signal: ProposedSignal, holdings: Holdings) -> bool:
    held = holdings.paper.get(signal.strategy_name, {})
    return signal.ticker in held if signal.ticker else bool(held)
