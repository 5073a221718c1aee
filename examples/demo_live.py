"""
The demo's last act, by today's clock: a tenant that has keys, a broker that runs as a server, and the trading client.

The earlier days cannot run this way: feeds, redemptions and orders use the current time and refuse a day of 2020.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

from google.cloud.firestore import Client

from examples.replay import Prices
from examples.trading_client.alpaca import AlpacaBroker
from examples.trading_client.client import MaestroClient
from examples.trading_client.journal import Journal
from examples.trading_client.loop import TradingLoop
from examples.trading_client.sign_in import SignIn
from examples.trading_client.store import Store
from functions.adapters.firestore import paths
from functions.adapters.firestore.drift_store import FirestoreDriftStore
from functions.domain.access.roles import Role
from functions.domain.kernel.slots import SLOT_PERIOD, slot_of
from functions.domain.orchestration.cycle_documents import issued_signals
from functions.domain.orchestration.drift import Drifts
from functions.services.broker.connect_broker import named
from functions.services.broker.feed_tasks import FeedTask
from tools.emulator_suite import EmulatorError, EmulatorSuite
from tools.quiet import quiet
from tools.simulated_broker.orders import SimOrder
from tools.simulated_broker.server import KEY_ID, SECRET
from tools.simulated_desk import Desk, desk_of, exchange_on

TENANT = "demo-live"
ACCOUNT = "DEMO"
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.05


@contextmanager
def live_desk(prices: Prices, day_index: int) -> Iterator[Desk]:
    """Run the broker, on the prices of a day and those before it, until the block ends; log errors only."""
    with quiet("maestro", "trading_client"), desk_of(TENANT, exchange_on(prices, day_index, ACCOUNT)) as desk:
        yield desk


def trade_live(suite: EmulatorSuite, desk: Desk, policy: Mapping[str, Any], password: str) -> Iterator[str]:
    """Connect the tenant, run two cycles with a round of the trading client in between, and print each step."""
    db = suite.client()
    desk.open({**policy, "market": "24x7"}, password)
    yield f"connected   by its API keys to {named(desk.connect('the demo'))}, simulated on this machine"
    first = datetime.now(UTC)
    yield _cycle(suite, db, first)
    for line in _client_round(suite, desk, password):
        yield f"client      {line}"
    yield _cycle(suite, db, first + SLOT_PERIOD)
    yield f"reconciled  {_agreement(db, desk)}"


def _cycle(suite: EmulatorSuite, db: Client, at: datetime) -> str:
    """Deliver the feed that a tick queues, for this tenant alone, and print what came of it and of its cycle."""
    slot = slot_of(at)
    answer = suite.deliver_task("feedtenant", FeedTask(TENANT, slot, datetime.now(UTC)).to_payload())
    if not answer.ok:
        raise EmulatorError(f"feedtenant answered {answer.status_code}: {answer.text[:500]}")
    session_id = _awaited(suite, db, slot)["session_id"]
    session = paths.session(db, TENANT, session_id).get().to_dict() or {}
    wanted = [
        f"{signal['action']} {signal['ticker']} ({name})"
        for name, signal in issued_signals(session).items()
        if signal["action"] != "HOLD"
    ]
    feed = (paths.broker(db, TENANT).get().to_dict() or {})["feed"]
    booked = f", {feed['booked']} fills booked" if feed["booked"] else ""
    return f"{slot[11:16]} UTC   feed {feed['status']}{booked}; decided: {', '.join(wanted) or 'nothing to trade'}"


def _awaited(suite: EmulatorSuite, db: Client, slot: str) -> dict[str, Any]:
    """Wait for a slot's decision."""
    reference, deadline = paths.cycle_record(db, TENANT, slot), monotonic() + _WAIT_SECONDS
    while monotonic() < deadline:
        document = reference.get().to_dict()
        if document is not None:
            return document
        sleep(_POLL_SECONDS)
    raise EmulatorError(f"nothing at {reference.path} within {_WAIT_SECONDS:.0f} s: see {suite.log}")


def _client_round(suite: EmulatorSuite, desk: Desk, password: str) -> list[str]:
    """Let the trading client take the signals and order, and return what the broker made of its orders."""
    url = desk.broker.url
    sign_in = SignIn(desk.email_of(Role.TRADER), password, "emulator", suite.host("auth"))
    with MaestroClient(suite.function_url("api"), sign_in) as client:
        at_broker = AlpacaBroker(KEY_ID, SECRET, url_override=url, data_url_override=url)
        TradingLoop(client, at_broker, Journal(Store())).run_once()
    return [_in_words(one) for one in desk.broker.exchange.orders.values()] or ["no order"]


def _in_words(order: SimOrder) -> str:
    price = order.filled_usd / (order.filled_qty or 1)
    return f"{order.side} {order.filled_qty:,.2f} {order.instrument.symbol} at {price:,.2f} USD: {order.status}"


def _agreement(db: Client, desk: Desk) -> str:
    """Say what the last comparison of broker and books found."""
    drifts = Drifts.from_document(FirestoreDriftStore(db).read(TENANT).drift.value)
    if drifts.unknown_because is not None:
        return f"nothing: {drifts.unknown_because}"
    if drifts.differences:
        return f"broker and books differ: {', '.join(map(str, drifts.differences))}"
    held = len(desk.broker.exchange.books.holdings)
    return f"broker and books agree on {held} positions and {desk.broker.exchange.equity:,.2f} USD of equity"
