"""200,000 open lots in Firestore: a night reads the books, carries them on and stores them again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.ledger_store import FirestoreLedgerStore
from functions.adapters.firestore.parts import parts_of
from functions.adapters.market_calendar import Calendars
from functions.domain.kernel.document_size import MOST_BYTES, MOST_COMMITTED_BYTES, stored_bytes
from functions.domain.ledger.books import Checkpoint
from functions.domain.ledger.checkpoints import checkpoint_document, read_checkpoint
from functions.domain.ledger.fifo import Lots
from functions.domain.ledger.fills import BookKey
from functions.services.ledger.ports import DayWrites, LedgerHead
from functions.services.ledger.take_snapshots import TakeSnapshots
from tests.emulator.ledger.test_snapshots import TENANT, Clock, at

MONDAY, TUESDAY = date(2020, 3, 2), date(2020, 3, 3)
MONDAY_ENDS = datetime(2020, 3, 3, 5, tzinfo=UTC)
"""New York's midnight."""
STRATEGIES, LOTS_EACH = 1_000, 200


def test_a_night_over_200_000_open_lots(own_db: Client) -> None:
    rng = np.random.default_rng(20)
    keys = [BookKey("ann", f"Strategy{number}", f"S{number % 50}") for number in range(STRATEGIES)]
    lots = {
        key: Lots(rng.uniform(1, 9, LOTS_EACH), rng.uniform(40, 60, LOTS_EACH), np.zeros(LOTS_EACH)) for key in keys
    }
    marks = {key.symbol: 50.0 for key in keys}
    books = Checkpoint(MONDAY_ENDS, lots, marks, owners=frozenset(key.owner for key in keys), moments={})
    store = FirestoreLedgerStore(own_db)
    head = LedgerHead(MONDAY, MONDAY_ENDS, MONDAY_ENDS)
    store.commit_day(TENANT, DayWrites(head=head, session=MONDAY, checkpoint=checkpoint_document(books)), None)
    for number in (0, 1):
        sold: dict[str, object] = {
            "uid": "ann",
            "strategy_id": f"Strategy{number}",
            "symbol": f"S{number}",
            "side": "sell",
        }
        sold |= {"qty": float(lots[keys[number]].signed_quantity.sum()), "price": 51.0}
        times = {"ts": at(TUESDAY), "created_at": at(TUESDAY, 16)}
        paths.ledger_trades(own_db, TENANT).document(f"f{number}").set(sold | times)

    report = TakeSnapshots(store, Calendars(), Clock(at(TUESDAY, 22))).run(TENANT, TUESDAY, {})

    assert (report.days, report.documents, report.skipped.count) == ([TUESDAY], STRATEGIES, 0)
    assert report.largest_commit < MOST_COMMITTED_BYTES * 0.75, "CAPACITY would warn"
    stored = store.checkpoint(TENANT, datetime(2020, 3, 5, tzinfo=UTC))
    assert stored is not None
    after = read_checkpoint(stored)
    assert sum(one.price.size for one in after.lots.values()) == (STRATEGIES - 2) * LOTS_EACH
    assert np.array_equal(after.lots[keys[2]].price, lots[keys[2]].price)
    first = paths.checkpoints(own_db, TENANT).document(TUESDAY.isoformat()).get().to_dict() or {}
    assert parts_of(first) > 1
    assert stored_bytes(first) < MOST_BYTES
    day = paths.strategy_performance(own_db, TENANT).document(f"ann__Strategy0__{TUESDAY}").get().to_dict() or {}
    cost = float((lots[keys[0]].signed_quantity * lots[keys[0]].price).sum())
    gained = 51.0 * float(lots[keys[0]].signed_quantity.sum()) - cost
    np.testing.assert_allclose(day["realized_pnl"], gained, rtol=1e-9)
