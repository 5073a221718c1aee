"""What events did to the account's cash, over books that were open before."""

from __future__ import annotations

import numpy as np
import pytest

from functions.domain.broker.cash import cash_of
from functions.domain.kernel.book_names import SHADOW_UID
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.events import Dividend, Split
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey, Fill
from tests.unit.domain.broker.seen import CYCLE, START

TREND = BookKey("ann", "Trend", "KO")
HELD = Lots(np.array([3.0]), np.array([10.0]), np.array([0.1]))
PAPER = {BookKey(SHADOW_UID, "Paper", "KO"): HELD}
OPENING = Checkpoint(START, {TREND: HELD, **PAPER}, {"KO": 10.0})
SOLD = Fill(TREND, START + CYCLE, -3.0, 12.0, 0.5, 0.5, ("b", "", "f"), executed=3.0)


def test_no_event_leaves_cash_as_it_was() -> None:
    assert cash_of(OPENING, []) == 0.0


def test_what_is_sold_brings_its_price_whatever_it_cost() -> None:
    assert cash_of(OPENING, [SOLD]) == pytest.approx(3 * 12.0 - 0.5)


def test_a_split_brings_nothing_and_what_is_held_on_paper_earns_nothing() -> None:
    assert cash_of(OPENING, [Split("s", START + CYCLE, "KO", 4.0)]) == pytest.approx(0.0)
    assert cash_of(OPENING, [Dividend("d", START + CYCLE, "KO", 0.5)]) == pytest.approx(3 * 0.5)
    assert cash_of(Checkpoint(START, PAPER, {"KO": 10.0}), [Dividend("d", START + CYCLE, "KO", 0.5)]) == 0.0
