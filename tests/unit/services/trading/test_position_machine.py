"""
What Maestro promises about positions, in any order of cycles, redemptions, fills, releases, lapses and switches.

`broken_promises` takes any number of steps; `python -m tests.unit.services.trading.test_position_machine 1000` runs
many more seeds than the suite and counts.
"""

from __future__ import annotations

import logging
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.position_book import Key
from tests.unit.services.trading.position_world import DUST, PRICE_OF, STRATEGIES, Sent, World

STEPS = 150
SEEDS = 60
EXACT = 1e-9
NO_EXPOSURE = frozenset({"HALT", "REDUCE_ONLY"})
TOO_LATE = frozenset(
    {ReasonCode.SESSION_SUPERSEDED, ReasonCode.SIGNAL_EXPIRED, ReasonCode.SIGNAL_UNKNOWN, ReasonCode.ALREADY_REDEEMED}
)
HAPPENS: Mapping[Callable[[World], Iterator[str] | None], float] = {
    World.fill: 7,
    World.hear_from_the_broker: 2,
    World.report_late: 2,
    World.report_again: 1,
    World.release_one: 0.5,
    World.wait: 3,
    World.change_policy: 1,
    World.change_modes: 0.4,
    World.trade_by_hand: 0.1,
}
"""What happens beside cycles and redemptions, with how often."""
CYCLES, REDEMPTIONS = 5, 7


def broken_promises(seed: int, steps: int = STEPS, *, is_open: bool = True) -> list[str]:
    """Return what a random history of a tenant broke, each as ``promise: what happened``."""
    world = World(seed, is_open=is_open)
    world.hear_from_the_broker()
    broken = list(after_cycle(world))
    actions = {**HAPPENS, after_cycle: CYCLES, redeem_one: REDEMPTIONS}
    for _ in range(steps):
        broken += world.choose.choices(list(actions), list(actions.values()))[0](world) or ()
        broken += always(world)
    return broken


def redeem_one(world: World) -> Iterator[str]:
    signals = list(world.issued.values())
    if world.choose.random() < 0.1:
        signals += world.older
    yield from after_redemption(world, world.choose.choice(signals))


def always(world: World) -> Iterator[str]:
    """The book is the sum of the ledger; nobody without leave is short; exits under way never sum above a position."""
    if not world.is_open:
        return
    book, recorded = world.book(), dict[Key, float]()
    for fill in world.desk.ledger():
        key = (fill["strategy_id"], canonical_symbol(fill["symbol"]))
        recorded[key] = recorded.get(key, 0.0) + (fill["qty"] if fill["side"] == "buy" else -fill["qty"])
    for key in {*recorded, *book.holdings}:
        if abs(book.holding(*key).qty - recorded.get(key, 0.0)) > EXACT:
            yield f"e: {key} is {book.holding(*key)} in the book and {recorded.get(key)} in the ledger"
    for key, qty in world.truth.items():
        if qty < -DUST and key not in world.odd and key not in world.shorted:
            yield f"d: {key} is really {qty}"
        exits = world.under_way(key)
        against = any(one.sign * qty < 0 for one in world.entries_within_reach(key))
        is_sure = all(one.is_sure for one in world.exits_live(key)) and not against
        if world.is_known(key) and is_sure and not math.isinf(exits) and exits > abs(qty) + DUST:
            yield f"c: exits of {exits} are under way from {key}, which is {qty}"


def after_cycle(world: World) -> Iterator[str]:
    before = {(name, symbol): world.under_way((name, symbol)) for name in STRATEGIES for symbol in PRICE_OF}
    world.run_cycle()
    entries = [one for one in world.issued.values() if one.get("intent") == "ENTRY" and one["action"] != "HOLD"]
    gross = sum(one["allocation"] for one in entries)
    if gross > world.policy.get("max_gross_allocation", 1.0) * (1 + 1e-9):
        yield f"f: entries ask for {gross} of buying power"
    for name, signal in world.issued.items():
        yield from judged(world, name, signal, before)
    if world.choose.random() < 0.5:
        for signal in list(world.issued.values()):
            if signal["action"] != "HOLD":
                yield from after_redemption(world, signal)


def judged(world: World, name: str, signal: dict[str, Any], under_way: dict[Key, float]) -> Iterator[str]:
    """Check one issued signal: every exit passes whole, and NOTHING is only said of what is known to be flat."""
    proposal = world.proposed[name]
    wanted = [canonical_symbol(proposal["ticker"])] if "ticker" in proposal else list(PRICE_OF)
    if signal["reason_code"] == ReasonCode.NOTHING_TO_EXIT and not is_known_to_hold_nothing(world, name, wanted):
        yield f"g: {name} {proposal} is NOTHING"
    if proposal["action"] == "HOLD" or "on_shadow" in signal["reasoning"]:
        return
    if not world.is_open and signal["mode"] in {"SHADOW_MODE", "DISABLED"}:
        return  # nobody knows of a live position to leave
    for symbol in wanted:
        key, held = (name, symbol), world.held((name, symbol))
        side = "SELL" if held > 0 else "BUY"
        if abs(held) <= DUST or not leaves(proposal, held):
            continue
        if world.is_known(key):
            yield from whole(world, key, signal, abs(held) - under_way[key], side)
        elif side == "SELL" and is_reckoned(world, key) and under_way[key] == 0 and proposal.get("allocation") != 0:
            yield from passes(world, key, signal, {"SELL"} if "ticker" in proposal else {"SELL", "BUY"})


def leaves(proposal: dict[str, Any], held: float) -> bool:
    """Tell whether a strategy wants all of a position out."""
    if held > 0:
        return proposal["action"] in {"SELL", "CLOSE_ALL"} and proposal.get("allocation", 1.0) == 1.0
    is_whole = proposal["action"] == "BUY" and proposal.get("qty") in {100.0, 1_000} and -held <= 100.0
    return "ticker" in proposal and (proposal["action"] == "CLOSE_ALL" or is_whole)


def is_known_to_hold_nothing(world: World, name: str, symbols: list[str]) -> bool:
    """Tell whether the open book has nothing that the proposal could reduce, and no entry that may be filled since."""
    proposal, book = world.proposed[name], world.book()
    held = [book.holding(name, symbol).qty for symbol in symbols]
    has_some = any(qty > DUST or (qty < -DUST and proposal["action"] == "CLOSE_ALL") for qty in held)
    opens_short = proposal.get("allocation") is not None
    may_be_filled = any(one.sign > 0 for symbol in symbols for one in world.open_entries((name, symbol)))
    return world.is_open and not has_some and (opens_short or not may_be_filled)


def is_reckoned(world: World, key: Key) -> bool:
    """Tell whether a redeemed entry with an open outcome explains what Maestro does not know."""
    is_flat = abs(world.book().holding(*key).qty) <= DUST
    return key not in world.odd and is_flat and any(one.sign > 0 for one in world.open_entries(key))


def whole(world: World, key: Key, signal: dict[str, Any], rest: float, side: str) -> Iterator[str]:
    """Check that a signal leaves what is left of a known position."""
    if rest <= DUST:
        return
    sizes = {canonical_symbol(one): qty for one, qty in signal.get("max_qty_by_symbol", {}).items()}
    qty = sizes.get(key[1], signal.get("max_qty"))
    is_live = signal["mode"] in {"ACTIVE", "REDUCED"} and signal["action"] == side and signal["intent"] != "ENTRY"
    if not is_live:
        yield f"b: {signal['strategy_name']} leaves {key}, {rest}: {world.proposed[key[0]]} became {shown(signal)}"
    elif world.is_open and (qty is None or abs(qty - rest) > DUST):
        yield f"b: {key}: {qty} of {rest} may leave: {world.proposed[key[0]]} became {shown(signal)}"


def passes(world: World, key: Key, signal: dict[str, Any], sides: set[str]) -> Iterator[str]:
    """Check that a signal leaves what Maestro does not know; of everything, one position after the other."""
    is_live = signal["mode"] in {"ACTIVE", "REDUCED"} and signal["action"] in sides and signal["intent"] != "ENTRY"
    # An account that other strategies' books explain all of leaves nothing; they are wrong only with fills unreported.
    is_explained = any(
        canonical_symbol(fill.symbol) == key[1] and fill.strategy_id != key[0] for _, fill in world.unreported
    )
    if not is_live or (signal.get("max_qty") == 0 and not is_explained):
        yield f"b: unknown {key} may not leave: {shown(signal)}"


def shown(signal: dict[str, Any]) -> dict[str, Any]:
    names = ("action", "intent", "ticker", "max_qty", "max_qty_by_symbol", "mode", "reason_code", "allocation")
    return {name: signal.get(name) for name in names}


def after_redemption(world: World, signal: dict[str, Any]) -> Iterator[str]:
    symbols = [canonical_symbol(signal["ticker"])] if signal["ticker"] else list(PRICE_OF)
    keys = [(signal["strategy_name"], symbol) for symbol in symbols]
    under_way = {key: world.under_way(key) for key in keys}
    sent = len(world.sent)
    result = world.redeem(signal)
    if isinstance(result, RefusedError):
        is_live_exit = signal.get("intent") in {"EXIT", "FLIP"} and signal["mode"] in {"ACTIVE", "REDUCED"}
        if is_live_exit and result.reason_code not in TOO_LATE:
            yield from refused(world, signal, result, under_way)
    elif len(world.sent) > sent:
        yield from added(world, world.sent[-1])


def refused(world: World, signal: dict[str, Any], error: RefusedError, under_way: dict[Key, float]) -> Iterator[str]:
    """Check that nothing is left of what a refused exit would have left."""
    for key, already in under_way.items():
        held = world.held(key) * (1 if signal["action"] == "SELL" else -1)
        is_blocked = held - already > DUST if world.is_known(key) else is_reckoned(world, key) and already == 0 < held
        if is_blocked:
            yield f"b: {shown(signal)} of {held} was refused with {error}"


def added(world: World, order: Sent) -> Iterator[str]:
    """Check that a redemption spends what is there, and under HALT and REDUCE_ONLY adds to nothing."""
    redemption, state, current = order.redemption, world.policy.get("trading_state", "RUN"), world.desk.current()
    if redemption.is_entry and current.held(world.now) > (current.buying_power.usd or 0.0) * (1 + EXACT):
        yield f"f: {current.held(world.now)} is held of {current.buying_power.usd}"
    if state not in NO_EXPOSURE:
        return
    if redemption.is_entry:
        yield f"a: an entry was redeemed under {state}"
    sizes = order.left or {canonical_symbol(redemption.symbol): 0.0 if redemption.max_qty == 0 else DUST * 10}
    for symbol, qty in sizes.items():
        key = (redemption.strategy_id, symbol)
        held = world.held(key)
        is_guess = not order.left and abs(held) <= DUST  # nothing is there: a right client trades nothing
        if world.is_known(key) and not is_guess and abs(held + order.sign * qty) > abs(held) + DUST:
            yield f"a: {redemption.action} {qty} of {held} {symbol} was redeemed under {state}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_random_history_breaks_no_promise(seed: int) -> None:
    assert broken_promises(seed) == []


@pytest.mark.parametrize("seed", range(5))
def test_with_a_closed_book_exits_pass(seed: int) -> None:
    assert broken_promises(seed, is_open=False) == []


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    found: Counter[str] = Counter()
    first: dict[str, str] = {}
    seeds = int(sys.argv[1])
    for seed in range(seeds):
        for one in broken_promises(seed):
            found[one[0]] += 1
            first.setdefault(f"{one[0]}{found[one[0]] % 4}", f"seed {seed}: {one}")
    sys.stdout.write(f"{seeds} seeds of {STEPS} steps: {dict(found)}\n" + "\n".join(first.values()) + "\n")
