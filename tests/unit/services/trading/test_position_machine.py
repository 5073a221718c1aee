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
from collections.abc import Iterator
from typing import Any

import pytest

from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.position_book import Key
from functions.domain.trading.redemption import Redemption
from tests.unit.services.trading.position_world import DUST, PRICE_OF, STRATEGIES, World

STEPS = 150
SEEDS = 40
NO_EXPOSURE = frozenset({"HALT", "REDUCE_ONLY"})
TOO_LATE = frozenset({ReasonCode.SESSION_SUPERSEDED, ReasonCode.SIGNAL_EXPIRED, ReasonCode.SIGNAL_UNKNOWN, ReasonCode.ALREADY_REDEEMED})
ACTIONS = {
    "cycle": 5,
    "redeem": 7,
    "fill": 7,
    "account": 2,
    "report_late": 2,
    "report_again": 1,
    "release": 0.5,
    "wait": 3,
    "policy": 1,
    "modes": 0.4,
    "by_hand": 0.1,
}


def broken_promises(seed: int, steps: int = STEPS, *, is_open: bool = True) -> list[str]:
    """Return what a random history of a tenant broke, each as ``promise: what happened``."""
    world = World(seed, is_open=is_open)
    world.hear_from_the_broker()
    broken = list(after_cycle(world))
    for _ in range(steps):
        broken += act(world, world.choose.choices(list(ACTIONS), list(ACTIONS.values()))[0])
        broken += always(world)
    return broken


def act(world: World, action: str) -> Iterator[str]:
    match action:
        case "cycle":
            yield from after_cycle(world)
        case "redeem":
            current = list(world.issued.values())
            yield from after_redemption(world, world.choose.choice(current if world.choose.random() < 0.9 else [*world.older, *current]))
        case "fill":
            world.fill()
        case "account":
            world.hear_from_the_broker()
        case "report_late":
            world.report_late()
        case "report_again":
            world.report_again()
        case "release":
            world.release_one()
        case "wait":
            world.wait()
        case "policy":
            world.change_policy()
        case "modes":
            world.change_modes()
        case "by_hand":
            world.trade_by_hand()


def always(world: World) -> Iterator[str]:
    """The book is the sum of the ledger; nobody without leave is short; exits under way never sum above a position."""
    if not world.is_open:
        return
    book, recorded = world.book(), dict[Key, float]()
    for fill in world.desk.ledger():
        key = (fill["strategy_id"], canonical_symbol(fill["symbol"]))
        recorded[key] = recorded.get(key, 0.0) + (fill["qty"] if fill["side"] == "buy" else -fill["qty"])
    for key in {*recorded, *book.holdings}:
        if abs(book.holding(*key).qty - recorded.get(key, 0.0)) > 1e-9:
            yield f"e: {key} is {book.holding(*key)} in the book and {recorded.get(key)} in the ledger"
    for key, qty in world.truth.items():
        has_short = any(one.redemption.is_entry and one.sign < 0 and one.strategy == key[0] for one in world.sent)
        if qty < -DUST and key not in world.odd and not has_short and not world.ever_short.get(key):
            yield f"d: {key} is really {qty}"
        if has_short or qty < 0:
            world.ever_short[key] = True
        exits = world.under_way(key)
        is_sure = all(one.is_sure for one in world.exits_live(key))
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
    if signal["reason_code"] == ReasonCode.NOTHING_TO_EXIT:
        flat = [symbol for symbol in wanted if abs(world.book().holding(name, symbol).qty) < DUST]
        open_entry = [one for one in world.sent if any(one.is_open_entry(s, world.now) for s in wanted) and one.strategy == name]
        is_buy_or_sized = proposal["action"] == "SELL" and proposal.get("allocation")
        if not world.is_open or (len(flat) < len(wanted) and proposal["action"] == "CLOSE_ALL") or (open_entry and not is_buy_or_sized and any(one.sign > 0 for one in open_entry)):
            yield f"g: {name} {proposal} is NOTHING, {open_entry}"
    if proposal["action"] == "HOLD" or proposal.get("allocation", 1.0) != 1.0 or name in flattened(world, signal):
        return
    leaves_long = proposal["action"] in {"SELL", "CLOSE_ALL"}
    for symbol in wanted:
        key = (name, symbol)
        held, rest = world.held(key), abs(world.held(key)) - under_way[key]
        if held > DUST and leaves_long:
            if world.is_known(key):
                yield from whole(world, key, signal, rest, "SELL")
            elif is_reckoned(world, key) and under_way[key] == 0:
                yield from passes(key, signal, "SELL")
        if held < -DUST and proposal["action"] == "CLOSE_ALL" and "ticker" in proposal and world.is_known(key):
            yield from whole(world, key, signal, rest, "BUY")


def flattened(world: World, signal: dict[str, Any]) -> set[str]:
    return {signal["strategy_name"]} if "on_shadow" in signal.get("reasoning", "") else set()


def is_reckoned(world: World, key: Key) -> bool:
    """Tell whether a redeemed entry with an open outcome explains what Maestro does not know."""
    if key in world.odd or abs(world.book().holding(*key).qty) > DUST:
        return False
    return any(one.strategy == key[0] and one.is_open_entry(key[1], world.now) for one in world.sent)


def whole(world: World, key: Key, signal: dict[str, Any], rest: float, side: str) -> Iterator[str]:
    """Check that a signal leaves what is left of a known position."""
    if rest <= DUST:
        return
    sizes = {canonical_symbol(one): qty for one, qty in signal.get("qty_by_symbol", {}).items()}
    qty = sizes.get(key[1], signal.get("qty"))
    is_live = signal["mode"] in {"ACTIVE", "REDUCED"} and signal["action"] == side and signal.get("intent") != "ENTRY"
    if not is_live:
        yield f"b: {signal['strategy_name']} leaves {key}, {rest}: {world.proposed[key[0]]} became {shown(signal)}"
    elif world.is_open and (qty is None or abs(qty - rest) > DUST):
        yield f"b: {key}: {qty} of {rest} may leave: {world.proposed[key[0]]} became {shown(signal)}"


def passes(key: Key, signal: dict[str, Any], side: str) -> Iterator[str]:
    is_live = signal["mode"] in {"ACTIVE", "REDUCED"} and signal["action"] == side and signal.get("intent") != "ENTRY"
    if not is_live or signal.get("qty") == 0:
        yield f"b: unknown {key} may not leave: {shown(signal)}"


def shown(signal: dict[str, Any]) -> dict[str, Any]:
    names = ("action", "intent", "ticker", "qty", "qty_by_symbol", "mode", "reason_code", "allocation")
    return {name: signal.get(name) for name in names}


def after_redemption(world: World, signal: dict[str, Any]) -> Iterator[str]:
    name, is_exit = signal["strategy_name"], signal.get("intent") in {"EXIT", "FLIP"}
    sent = len(world.sent)
    symbols = [canonical_symbol(signal["ticker"])] if signal["ticker"] else list(PRICE_OF)
    before = {symbol: world.under_way((name, symbol)) for symbol in symbols}
    result = world.redeem(signal)
    if isinstance(result, RefusedError):
        if is_exit and signal["mode"] in {"ACTIVE", "REDUCED"} and result.reason_code not in TOO_LATE:
            sign = 1 if signal["action"] == "SELL" else -1
            for symbol in symbols:
                key = (name, symbol)
                if world.is_known(key) and world.held(key) * sign - before[symbol] > DUST:
                    yield f"b: {shown(signal)} of {world.held(key)} was refused with {result}"
                if not world.is_known(key) and is_reckoned(world, key) and before[symbol] == 0 and world.held(key) * sign > DUST:
                    yield f"b: unknown {shown(signal)} of {world.held(key)} was refused with {result}"
        return
    if len(world.sent) == sent:
        return
    state = world.policy.get("trading_state", "RUN")
    order = world.sent[-1]
    if state in NO_EXPOSURE:
        yield from added(world, order, state)
    current = world.desk.current()
    if result.is_entry and current.held(world.now) > (current.buying_power.usd or 0.0) * (1 + 1e-9):
        yield f"f: {current.held(world.now)} is held of {current.buying_power.usd}"


def added(world: World, order: Any, state: str) -> Iterator[str]:
    redemption: Redemption = order.redemption
    if redemption.is_entry:
        yield f"a: an entry was redeemed under {state}"
    for symbol, qty in order.left.items():
        key = (redemption.strategy_id, symbol)
        held = world.held(key)
        if world.is_known(key) and abs(held + order.sign * qty) > abs(held) + DUST:
            yield f"a: {redemption.action} {qty} of {held} {symbol} was redeemed under {state}"
    if not order.left and redemption.max_qty is None and not redemption.max_qty_by_symbol and redemption.symbol:
        key = (redemption.strategy_id, canonical_symbol(redemption.symbol))
        if world.is_known(key) and world.held(key) * order.sign > DUST:
            yield f"a: {redemption.action} without a size on {world.held(key)} was redeemed under {state}"


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
