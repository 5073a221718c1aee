"""Trading clients who repeat what they got no answer to, each with an instance of the services of its own."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from google.cloud.firestore import Client

from functions.adapters.firestore.cycle_store import FirestoreCycleStore
from functions.adapters.firestore.entry_ledger import FirestoreEntryLedger
from functions.adapters.firestore.trading_store import FirestoreTradingStore
from functions.adapters.market_calendar import AlwaysOpen, OneCalendar
from functions.adapters.system import SecretIds, SystemClock, jittered_pause
from functions.domain.kernel.errors import RefusedError, StoreUnavailable
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.orchestration.signals import read_signal
from functions.domain.trading.redemption import Redemption
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from functions.domain.trading.reservations import CurrentSession
from functions.services.kernel.commits import Commits
from functions.services.kernel.idempotency import RequestKey
from functions.services.kernel.ports import Clock
from functions.services.orchestration.cycle_request import CycleRequest, GivenInputs
from functions.services.orchestration.run_cycle import RunCycle
from functions.services.trading.record_fills import RecordFills
from functions.services.trading.redeem_signals import RedeemSignals
from tests.emulator.trading.faults import FaultyClient

T = TypeVar("T")
TENANT = "acme"
BUYING_POWER = 100_000.0
PRICE = 100.0
POLICY = {"SYSTEMIC_SELL_THRESHOLD": 100, "max_gross_allocation": 2.0}
MOST_REPEATS = 50
REFUSED = {
    ReasonCode.ALREADY_REDEEMED,
    ReasonCode.INSUFFICIENT_BUYING_POWER,
    ReasonCode.SESSION_SUPERSEDED,
    ReasonCode.SIGNAL_UNKNOWN,  # of a client that was frozen or dead for more than `RECENT_SESSIONS`
}
"""Why a client may not get a signal. Any other refusal is a failure."""


@dataclass(frozen=True)
class Plan:
    """What becomes of a redeemed signal: in parts of it, what is filled; then whether it is released."""

    action: str
    allocation: float = 0.0
    parts: tuple[float, ...] = ()
    is_released: bool = False

    def fills(self, redemption: Redemption) -> list[ReportedFill]:
        """Return the fills to report, the same whoever reports them, and whenever."""
        qty = redemption.notional / PRICE or 1.0
        return [
            ReportedFill(
                strategy_id=redemption.strategy_id,
                symbol=redemption.symbol,
                side=redemption.action.lower(),
                qty=qty * part,
                price=PRICE,
                ts=redemption.redeemed_at,
                nonce=redemption.nonce,
                broker_fill_id=f"{redemption.nonce}-{number}",
                is_order_complete=sum(self.parts[: number + 1]) == 1.0,
            )
            for number, part in enumerate(self.parts)
        ]


PLANS = {
    "Whole": Plan("BUY", 0.3, (1.0,)),
    "Halves": Plan("BUY", 0.3, (0.5, 0.5)),
    "Half": Plan("BUY", 0.3, (0.5,), is_released=True),
    "Dropped": Plan("BUY", 0.3, is_released=True),
    "Left": Plan("BUY", 0.01),
    "Exit": Plan("SELL", 0.0, (0.5, 0.5)),
    "NoExit": Plan("SELL"),
}
"""By strategy. Together the BUYs ask for more than there is."""


def slot_or_key(number: int) -> tuple[str | None, RequestKey | None]:
    """Return what a cycle is on record under: every other one belongs to a slot, the others to a request."""
    if number % 2:
        return None, RequestKey("desk", f"cycle-{number}", {"post": "orchestrations"})
    return (datetime(2020, 3, 16, tzinfo=UTC) + timedelta(minutes=5 * number)).strftime("%Y-%m-%dT%H:%M:%SZ"), None


class Heard:
    """What clients were answered, a line each; a file outlives a process that is killed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, *words: object) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(json.dumps(words).encode() + b"\n")

    def lines(self, kind: str) -> list[list[Any]]:
        found = [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []
        return [words for kind_, *words in found if kind_ == kind]


class Trader:
    """
    One client. Two of one name are one client twice, as before and after a crash; those of other names are rivals.
    """

    def __init__(self, db: Client, name: str, heard: Heard, clock: Clock | None = None) -> None:
        self.name = name
        self._heard = heard
        self._clock = clock or SystemClock()
        self._store = FirestoreTradingStore(db)
        self._cycles = FirestoreCycleStore(db)
        commits = Commits(jittered_pause)
        self._run_cycle = RunCycle(self._cycles, self._clock, SecretIds(), OneCalendar(AlwaysOpen()))
        self._signals = RedeemSignals(self._store, self._clock, commits)
        self._fills = RecordFills(self._store, FirestoreEntryLedger(db), self._clock, commits)
        self._choose = random.Random(f"{name}-{os.getpid()}")

    def work(self, number: int) -> None:
        """Run a cycle, redeem its signals in any order, and do with each what its strategy's plan says."""
        until_answered(lambda: self._cycle(number))
        session_id = until_answered(lambda: self._session_of(number))
        signals = list(until_answered(lambda: self._signals.issued(TENANT, session_id)).signals.items())
        self._choose.shuffle(signals)
        for strategy, signal in signals:
            self._trade(PLANS[strategy], signal["nonce"])

    def _cycle(self, number: int) -> None:
        async def propose(*_: Any) -> Any:
            return [read_signal(name, proposal(plan)) for name, plan in PLANS.items()]

        version = self.current().ledger_version
        now = self._clock.now()
        account = {"equity": BUYING_POWER, "buying_power": BUYING_POWER, "as_of": now, "ledger_version": version}
        slot, key = slot_or_key(number)
        request = CycleRequest(
            tenant_id=TENANT,
            propose=propose,
            given=GivenInputs({"AAPL": {"price": PRICE}}, account),
            slot=slot,
            key=key,
        )
        asyncio.run(self._run_cycle.run(request))

    def _session_of(self, number: int) -> str:
        slot, key = slot_or_key(number)
        state = self._cycles.read(TENANT, None, slot, None if key is None else key.id)
        answer = state.cycle_record if key is None else key.first_answer(state.keyed)
        return str((answer or {})["session_id"])

    def _trade(self, plan: Plan, nonce: str) -> None:
        try:
            key = f"{self.name}-{nonce}"
            redemption = until_answered(lambda: self._signals.redeem(TENANT, self.name, nonce, key, {}))
        except RefusedError as refused:
            if refused.reason_code not in REFUSED:
                raise
            self._heard.note("refused", refused.reason_code, nonce)
            return
        self._heard.note("redeemed", nonce, self.name)
        current = until_answered(self.current)
        self._heard.note("held", current.held(self._clock.now()), current.buying_power.usd)
        if fills := plan.fills(redemption):
            recorded = until_answered(lambda: self._fills.run(TENANT, self.name, fills, {}))
            for result in recorded.results:
                assert result.status is not FillStatus.REJECTED, result
                self._heard.note("filled", result.fill_id)
        if plan.is_released:
            until_answered(lambda: self._signals.release(TENANT, self.name, nonce))

    def current(self) -> CurrentSession:
        return CurrentSession.from_document(self._store.read(TENANT, []).session.value)


def proposal(plan: Plan) -> Mapping[str, Any]:
    return {"action": plan.action, "ticker": "AAPL", "allocation": plan.allocation}


def until_answered(ask: Callable[[], T]) -> T:
    """Ask the same again until there is an answer."""
    for _ in range(MOST_REPEATS):
        try:
            return ask()
        except StoreUnavailable:
            continue
        except RefusedError as refused:
            if refused.reason_code is not ReasonCode.CONTENTION:
                raise
    raise AssertionError(f"no answer to {MOST_REPEATS} requests")


def work_on(host: str, project: str, name: str, place: int, heard: Heard, numbers: range) -> None:
    """Be a process of its own, which may be killed at any moment."""
    os.environ["FIRESTORE_EMULATOR_HOST"] = host
    trader = Trader(FaultyClient(project, f"{place}-{os.getpid()}"), name, heard)
    for number in numbers:
        trader.work(number)
        heard.note("done", place, number)
