"""The position book as the API shows it: damage to the book is told, damage beside it is only unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import DamagedDocument
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.monitoring.live_positions import LivePositions
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.orchestration.position_book import PositionBook
from functions.domain.track_record.modes import ModeState
from functions.services.monitoring.ports import PositionRecords, RecordStore
from functions.services.monitoring.show_positions import positions_now
from tests.fakes import MARCH_16

BOOK = PositionBook(opened_at=MARCH_16, opened_by="ann").with_fill("Trend", "KO", 10.0, 50.0).to_document(MARCH_16)
ACCOUNT = {"as_of": MARCH_16, "equity": 1.0, "positions": [{"symbol": "KO", "qty": 10}, {"symbol": "PEP", "qty": 1}]}
QUOTES = {"as_of": MARCH_16 - timedelta(minutes=1), "symbols": {"KO": {"price": 52.0}}}
MODES = modes_document({"Trend": ModeState(AgentMode.SHADOW_MODE, MARCH_16, ReasonCode.SHARPE_BELOW_SHADOW)}, MARCH_16)


@dataclass
class FakeRecords:
    """What is stored, and how often it was asked for."""

    records: PositionRecords
    asked: list[str] = field(default_factory=list)

    def positions(self, tenant_id: str) -> PositionRecords:
        self.asked.append(tenant_id)
        return self.records


def shown(**stored: Any) -> LivePositions:
    documents = {"positions": BOOK, "account": ACCOUNT, "market_data": QUOTES, "modes": MODES} | stored
    store = FakeRecords(PositionRecords(**documents))
    found = positions_now(cast("RecordStore", store), "acme", MARCH_16)
    assert store.asked == ["acme"], "one read"
    return found


def test_the_book_the_account_the_prices_and_the_modes_go_together() -> None:
    found = shown()
    (one,) = found.positions
    assert (found.is_open, found.opened_by, found.account_as_of) == (True, "ann", MARCH_16)
    assert found.market_data_as_of == QUOTES["as_of"]
    assert (one.price, one.unrealized_pnl, one.mode) == (52.0, 20.0, AgentMode.SHADOW_MODE)
    assert [(stray.symbol, stray.qty) for stray in found.unowned or ()] == [("PEP", 1.0)]


def test_a_tenant_that_has_nothing_yet_has_no_open_book() -> None:
    found = shown(positions=None, account=None, market_data=None, modes=None)
    assert (found.is_open, found.positions, found.unowned, found.account_as_of) == (False, (), None, None)


@pytest.mark.parametrize("damage", [{"holdings_json": "{"}, {"orders_json": "[1]"}, {"holdings_json": '[["Trend"]]'}])
def test_a_damaged_book_is_told_and_not_guessed(damage: dict[str, Any]) -> None:
    with pytest.raises(DamagedDocument, match="open the book again") as refused:
        shown(positions=BOOK | damage)
    assert refused.value.field == next(iter(damage))


@pytest.mark.parametrize(
    "damage",
    [
        {"account": {"positions": "many", "as_of": "yesterday"}},
        {"account": {"positions": [1]}},
        {"market_data": {"symbols": "all", "as_of": 5}},
        {"market_data": {"symbols": {"KO": {"price": "high"}}}},
        {"modes": {"strategies_json": "{"}},
        {"modes": {"strategies_json": '{"Trend": 5}'}},
    ],
)
def test_what_is_damaged_beside_the_book_is_unknown_and_the_positions_stay(damage: dict[str, Any]) -> None:
    found = shown(**damage)
    (one,) = found.positions
    assert one.qty == 10.0
    if "account" in damage:
        assert (found.unowned, found.account_as_of) == (None, None)
    elif "market_data" in damage:
        assert (one.price, one.unrealized_pnl) == (None, None)
    else:
        assert one.mode is None
