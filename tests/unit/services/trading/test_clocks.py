"""
No dollar is promised twice, whatever a client's clock says: a random model of everything that may happen to a tenant.

`violations` takes any number of steps: 100,000 at each offset take some minutes.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.domain.kernel.errors import RefusedError
from functions.domain.trading.redemption import Redemption
from tests.unit.services.trading.test_redeem_signals import BUYING_POWER, Desk

OFFSETS = (-60, -30, -5, 0, 1, 5, 30, 59, 60)
"""By how many seconds the account's clock is off."""
STEPS = 400
PROPOSED = {
    "All": {"action": "BUY", "ticker": "AAPL", "allocation": 1.0},
    "Half": {"action": "BUY", "ticker": "AAPL", "allocation": 0.5},
}
PRICE = 100.0
A_CENT = 0.01


@dataclass
class Truth:
    """A tenant, and what its broker knows: an account that is filled from, and open orders."""

    desk: Desk
    cash: float = BUYING_POWER
    orders: dict[str, Redemption] = field(default_factory=dict)
    """What may still be filled, by nonce."""
    on_its_way: dict[str, Any] = field(default_factory=dict)
    """An account snapshot that was read and has not arrived yet."""
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)

    def promised(self) -> float:
        """Return what open orders may still take, USD."""
        return sum(order.unfilled for order in self.orders.values())


def violations(steps: int, offset: int, seed: int, *, is_versioned: bool) -> int:
    """Return how often a redemption was given what the broker's account no longer had."""
    choose = random.Random(seed)
    truth, found = Truth(Desk()), 0
    read_account(truth, choose, offset, is_versioned)
    run_cycle(truth)
    for _ in range(steps):
        action = choose.choices(
            (read_account, run_cycle, redeem, fill, release, wait, deposit), weights=(4, 4, 6, 4, 1, 5, 0.3)
        )[0]
        found += action(truth, choose, offset, is_versioned) or 0
    return found


def read_account(truth: Truth, _: random.Random, offset: int, is_versioned: bool) -> None:
    """The client asks the broker; what it says arrives with a later cycle."""
    desk = truth.desk
    truth.on_its_way = {
        "ledger_version": desk.ledger_version() if is_versioned else None,
        "buying_power": max(0.0, truth.cash),
        "as_of": desk.clock.time + timedelta(seconds=offset),
    }


def run_cycle(truth: Truth, *_: Any) -> None:
    truth.signals = truth.desk.cycle(proposed=PROPOSED, **truth.on_its_way)


def redeem(truth: Truth, choose: random.Random, *_: Any) -> int:
    signal = truth.signals[choose.choice(list(PROPOSED))]
    try:
        redemption = truth.desk.redeem(signal["nonce"])
    except RefusedError:
        return 0
    truth.orders[redemption.nonce] = redemption
    return int(truth.promised() > truth.cash + A_CENT)


def fill(truth: Truth, choose: random.Random, *_: Any) -> None:
    """Fill an order, all or in part, and report it at once."""
    if not truth.orders:
        return
    nonce = choose.choice(list(truth.orders))
    order = truth.orders[nonce]
    usd = order.unfilled * choose.choice((0.3, 0.8, 1.0))
    is_last = choose.random() < 0.3
    if usd == 0:
        return  # the whole of nothing is no fill
    truth.desk.fill(order, usd / PRICE, PRICE, order_id=str(choose.random()), is_order_complete=is_last)
    truth.cash -= usd
    left = Redemption.from_document(truth.desk.cycles.documents[f"tenants/acme/redemptions/{nonce}"])
    truth.orders[nonce] = left
    if is_last or left.unfilled < 1e-6:
        del truth.orders[nonce]


def release(truth: Truth, choose: random.Random, *_: Any) -> None:
    if truth.orders:
        nonce = choose.choice(list(truth.orders))
        truth.desk.signals.release("acme", "ann", nonce)
        del truth.orders[nonce]


def wait(truth: Truth, choose: random.Random, *_: Any) -> None:
    """Time passes; orders that lapse are the client's to cancel first."""
    truth.desk.clock.time += timedelta(seconds=choose.choice((0.5, 1, 2, 10, 40, 61, 200)))
    now: datetime = truth.desk.clock.time
    truth.orders = {nonce: order for nonce, order in truth.orders.items() if now < order.lapses_at}


def deposit(truth: Truth, *_: Any) -> None:
    """Positions are sold, by hand: money comes back."""
    truth.cash = BUYING_POWER


@pytest.mark.parametrize("is_versioned", [True, False])
@pytest.mark.parametrize("offset", OFFSETS)
def test_no_dollar_is_promised_twice_at_any_offset(offset: int, is_versioned: bool) -> None:
    assert violations(STEPS, offset, seed=offset, is_versioned=is_versioned) == 0
