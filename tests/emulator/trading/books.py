"""What must be true of what is stored, however it came about; reckoned from the documents alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.domain.orchestration.cycle_documents import issued_signals
from functions.domain.trading.redemption import Redemption, RedemptionStatus
from functions.domain.trading.reported_fills import ReportedFill
from functions.domain.trading.reservations import CurrentSession
from functions.services.kernel.idempotency import RequestKey
from tests.emulator.trading.traders import BUYING_POWER, PLANS, TENANT, Heard, slot_or_key

Documents = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Books:
    """Every document of the tenant, by id; fills in the order they were stored."""

    session: dict[str, Any]
    cycles: Documents
    logs: Documents
    sessions: Documents
    redemptions: Documents
    keys: Documents
    fills: Documents

    @classmethod
    def read(cls, db: Client) -> Books:
        tenant = db.document("tenants", TENANT)

        def all_of(collection: Any) -> Documents:
            found = sorted(collection.stream(), key=lambda one: one.create_time)
            return {one.id: one.to_dict() for one in found}

        return cls(
            paths.current_session(db, TENANT).get().to_dict() or {},
            all_of(tenant.collection("cycles")),
            all_of(paths.orchestration_logs(db)),
            all_of(tenant.collection("sessions")),
            all_of(paths.redemptions(db, TENANT)),
            all_of(tenant.collection("idempotency")),
            all_of(paths.ledger_trades(db, TENANT)),
        )

    def check(self, heard: Heard, cycles: int, now: datetime) -> None:
        """Check everything, once nobody writes any more."""
        self._check_cycles(cycles)
        self._check_redemptions(heard)
        self._check_fills(heard)
        self.check_promises(now)
        over = [held for held, usd in heard.lines("held") if held > usd * (1 + 1e-9)]
        assert over == [], "what is held never exceeded the buying power"

    def _check_cycles(self, cycles: int) -> None:
        """One record, one log and one session of each cycle, and none of which the others are missing."""
        expected = [slot_or_key(number) for number in range(cycles)]
        assert sorted(self.cycles) == sorted(slot for slot, _ in expected if slot is not None)
        assert {one["status"] for one in self.cycles.values()} == {"DECIDED"}
        keyed = [key.first_answer(self.keys.get(key.id)) or {} for _, key in expected if key is not None]
        decided = [one["session_id"] for one in (*self.cycles.values(), *keyed)]
        assert sorted(decided) == sorted(self.logs) == sorted(self.sessions)
        assert self.session["session_id"] == max(self.logs, key=lambda one: self.logs[one]["timestamp"])

    def _check_redemptions(self, heard: Heard) -> None:
        """A nonce was issued, and given to one client; key and redemption are there together."""
        issued = {
            signal["nonce"]: (session_id, strategy)
            for session_id, session in self.sessions.items()
            for strategy, signal in issued_signals(session).items()
        }
        redemptions = {nonce: Redemption.from_document(one) for nonce, one in self.redemptions.items()}
        for nonce, one in redemptions.items():
            assert issued[nonce] == (one.session_id, one.strategy_id)
        told = {tuple(words) for words in heard.lines("redeemed")}
        assert told <= {(nonce, one.uid) for nonce, one in redemptions.items()}, "no two clients were told to trade one"
        asked = [
            RequestKey(one.uid, one.idempotency_key or "", {"redeem": nonce}) for nonce, one in redemptions.items()
        ]
        keys = {key_id for key_id, one in self.keys.items() if "nonce" in one["answer"]}
        assert sorted(keys) == sorted(key.id for key in asked)
        assert all(key.first_answer(self.keys[key.id]) == {"nonce": key.asked["redeem"]} for key in asked)

    def _check_fills(self, heard: Heard) -> None:
        """Each fill that somebody had to report is in the ledger, once, and in its redemption."""
        due: dict[str, ReportedFill] = {}
        for nonce, document in self.redemptions.items():
            redemption = Redemption.from_document(document)
            fills = PLANS[redemption.strategy_id].fills(redemption)
            due |= {fill.fill_id: fill for fill in fills}
            assert redemption.fills == len(fills), nonce
            assert redemption.filled_qty == pytest.approx(sum(fill.qty for fill in fills))
        told = {fill_id for (fill_id,) in heard.lines("filled")}
        assert told <= self.fills.keys(), "what was acknowledged is there"
        assert sorted(self.fills) == sorted(due)
        assert all(one["qty"] == due[fill_id].qty for fill_id, one in self.fills.items())
        assert self.session["ledger_version"] == len(self.fills)

    def check_promises(self, now: datetime) -> None:
        """What redeemed signals may still spend, and what they spent since the account's figures, is what is held."""
        reserved = {
            nonce: one["notional"] - one["filled_notional"]
            for nonce, one in self.redemptions.items()
            if one["status"] == RedemptionStatus.RESERVED and one["action"] == "BUY" and now < one["lapses_at"]
        }
        current = CurrentSession.from_document(self.session)
        held = {nonce: one.notional for nonce, one in current.reservations.items() if one.held(now) > 0}
        assert held == pytest.approx({nonce: usd for nonce, usd in reserved.items() if usd > 0})
        since = list(self.fills.values())[current.buying_power.ledger_version or 0 :]
        spent = sum(one["qty"] * one["price"] for one in since if one["side"] == "buy")
        assert sum(current.spent().values()) == pytest.approx(spent)
        assert sum(reserved.values()) + spent <= BUYING_POWER * (1 + 1e-9)
