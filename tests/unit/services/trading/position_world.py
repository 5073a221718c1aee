"""
A tenant with its broker, for tests of what positions promise: the broker knows the truth, Maestro what it is told.

The client in it is a correct one. It trades an entry's notional, and of an exit the most that Maestro names; where
Maestro names nothing it trades what its strategy really holds and has no order for. It cancels what lapses.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import RefusedError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.cycle_documents import modes_document
from functions.domain.orchestration.position_book import OPEN_OUTCOME_KEPT, Key, PositionBook
from functions.domain.track_record.modes import ModeState
from functions.domain.trading.redemption import Redemption
from functions.domain.trading.reported_fills import FillStatus, ReportedFill
from tests.fakes import MARCH_16
from tests.unit.services.trading.test_redeem_signals import Desk

STRATEGIES = ("Ada", "Bob", "Cyd", "Dee")
SPELLINGS = ("AAPL", "aapl", "BTC/USD", "BTCUSD", "btc-usd", "KO")
PRICES = {"AAPL": 100.0, "BTC/USD": 8_000.0, "KO": 40.0}
PRICE_OF = {canonical_symbol(symbol): price for symbol, price in PRICES.items()}
BUYING_POWER = 100_000.0
STATES = ("RUN", "RUN", "RUN", "REDUCE_ONLY", "HALT")
DUST = 1e-6


@dataclass
class Sent:
    """One redeemed signal at the broker."""

    redemption: Redemption
    left: dict[str, float]
    """Units that the broker may still fill, by canonical symbol."""
    named: dict[str, float] | None
    """Units that Maestro named of what it knows, by canonical symbol; None: it named none, or an upper bound."""
    reported: dict[str, float] = field(default_factory=dict)
    """Units reported as filled, by canonical symbol."""
    is_sure: bool = True
    """Whether every fill of what it trades was reported when it was redeemed."""
    is_over: bool = False
    """Whether Maestro knows its outcome."""

    @property
    def strategy(self) -> str:
        return self.redemption.strategy_id

    @property
    def sign(self) -> int:
        return 1 if self.redemption.action == "BUY" else -1

    def is_of(self, symbol: str) -> bool:
        """Tell whether it may trade a symbol."""
        if self.named is not None:
            return self.named.get(symbol, 0.0) > 0
        return self.redemption.symbol == "" or canonical_symbol(self.redemption.symbol) == symbol

    def is_live(self, now: datetime) -> bool:
        return not self.is_over and now < self.redemption.lapses_at

    def is_open_entry(self, symbol: str, now: datetime) -> bool:
        """Tell whether Maestro has to reckon with a fill of it that nobody reported yet."""
        is_of = self.redemption.is_entry and canonical_symbol(self.redemption.symbol) == symbol
        return is_of and not self.is_over and now < self.redemption.lapses_at + OPEN_OUTCOME_KEPT


@dataclass
class World:
    """Everything that may happen to a tenant, one action at a time."""

    seed: int
    is_open: bool = True
    desk: Desk = field(default_factory=Desk)
    truth: dict[Key, float] = field(default_factory=dict)
    """What each strategy really holds, signed units."""
    redeemed: set[str] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)
    unreported: list[tuple[Sent, ReportedFill]] = field(default_factory=list)
    old_reports: list[ReportedFill] = field(default_factory=list)
    odd: set[Key] = field(default_factory=set)
    """Where the broker, or somebody beside Maestro, traded what no redemption covers."""
    unowned: dict[str, float] = field(default_factory=lambda: {"KO": 100.0})
    policy: dict[str, Any] = field(default_factory=dict)
    proposed: dict[str, dict[str, Any]] = field(default_factory=dict)
    issued: dict[str, dict[str, Any]] = field(default_factory=dict)
    older: list[dict[str, Any]] = field(default_factory=list)
    listings: list[tuple[datetime, list[dict[str, Any]]]] = field(default_factory=list)
    account: dict[str, Any] = field(default_factory=dict)
    shorted: set[Key] = field(default_factory=set)
    """Where a short was redeemed while the policy allowed it."""
    fills: int = 0

    def __post_init__(self) -> None:
        self.choose = random.Random(self.seed)
        if self.is_open:
            book = PositionBook(opened_at=MARCH_16).to_document(MARCH_16)
            self.desk.cycles.put("tenants/acme/state/positions", book)

    @property
    def now(self) -> datetime:
        return self.desk.clock.time

    def book(self) -> PositionBook:
        return PositionBook.from_document(self.desk.cycles.documents.get("tenants/acme/state/positions"))

    def held(self, key: Key) -> float:
        return self.truth.get(key, 0.0)

    def is_known(self, key: Key) -> bool:
        """Tell whether every fill is reported and came by a redemption."""
        late = {(one.strategy_id, canonical_symbol(one.symbol)) for _, one in self.unreported}
        return key not in late and key not in self.odd

    def exits_live(self, key: Key) -> list[Sent]:
        exits = [one for one in self.sent if not one.redemption.is_entry and one.is_live(self.now)]
        return [one for one in exits if one.strategy == key[0] and one.is_of(key[1])]

    def open_entries(self, key: Key) -> list[Sent]:
        return [one for one in self.sent if one.strategy == key[0] and one.is_open_entry(key[1], self.now)]

    def entries_within_reach(self, key: Key) -> list[Sent]:
        """Return entries that may have been filled after the position turned, and after an exit that is under way."""
        since = self.now - timedelta(seconds=Policy().reservation_ttl_seconds)
        entries = [one for one in self.sent if one.redemption.is_entry and since < one.redemption.lapses_at]
        return [one for one in entries if one.strategy == key[0] and one.is_of(key[1])]

    def under_way(self, key: Key) -> float:
        """Return how much of what Maestro named is not reported as filled yet, units."""
        exits = self.exits_live(key)
        if any(one.named is None for one in exits):
            return math.inf
        return sum(max(0.0, (one.named or {}).get(key[1], 0.0) - one.reported.get(key[1], 0.0)) for one in exits)

    # What may happen

    def change_policy(self) -> None:
        choose = self.choose
        self.policy |= choose.choice(
            (
                {"trading_state": choose.choice(STATES)},
                {"allow_shorts": choose.random() < 0.5},
                {"on_shadow": choose.choice(("keep", "flatten"))},
                {"disabled_strategies": choose.sample(STRATEGIES, choose.choice((0, 0, 1, 2)))},
                {"SYSTEMIC_SELL_THRESHOLD": choose.choice((1, 2, 3, 9))},
                {"max_gross_allocation": choose.choice((0.5, 1.0, 2.0))},
            )
        )
        self.desk.put_policy(**self.policy)

    def change_modes(self) -> None:
        modes = {
            name: ModeState(self.choose.choice(list(AgentMode)[:3]), self.now, ReasonCode.SHARPE_BELOW_SHADOW)
            for name in STRATEGIES
        }
        self.desk.cycles.put("tenants/acme/state/modes", modes_document(modes, self.now))

    def propose(self) -> dict[str, dict[str, Any]]:
        choose, proposed = self.choose, {}
        for name in STRATEGIES:
            action = choose.choice(("BUY", "BUY", "SELL", "SELL", "CLOSE_ALL", "HOLD"))
            signal: dict[str, Any] = {"action": action, "ticker": choose.choice(SPELLINGS)}
            if action == "BUY" or (action == "SELL" and choose.random() < 0.4):
                signal["allocation"] = choose.choice((0.0, 0.01, 0.1, 0.3, 0.5, 1.0))
            if choose.random() < 0.2:
                signal["qty"] = choose.choice((0.5, 7, 100.0, 1_000, "10", float("nan")))
            if action in {"SELL", "CLOSE_ALL"} and choose.random() < 0.25:
                del signal["ticker"]
            proposed[name] = signal
        return proposed

    def hear_from_the_broker(self) -> None:
        """The next cycles' account: of now or long ago, with or without positions."""
        choose = self.choose
        totals = dict(self.unowned)
        for (_, symbol), qty in self.truth.items():
            totals[symbol] = totals.get(symbol, 0.0) + qty
        listed: list[dict[str, Any]] = [{"symbol": symbol, "qty": qty} for symbol, qty in totals.items()]
        listed += [{"symbol": "KO", "qty": 5.0, "strategy_id": "Ada", "book": "shadow"}]
        choose.shuffle(listed)
        self.listings.append((self.now, listed))
        kind = choose.choice(("new", "new", "new", "old", "none", "odd"))
        as_of, listed = choose.choice(self.listings) if kind == "old" else self.listings[-1]
        self.account = {"equity": BUYING_POWER, "buying_power": BUYING_POWER, "as_of": as_of}
        if kind != "none":
            self.account["positions"] = "everything" if kind == "odd" else listed

    def run_cycle(self) -> None:
        self.older += list(self.issued.values())
        self.proposed = self.propose()
        self.issued = self.desk.cycle(proposed=self.proposed, account=self.account, market=PRICES)

    def redeem(self, signal: dict[str, Any]) -> Redemption | RefusedError:
        try:
            redemption = self.desk.redeem(signal["nonce"], key=signal["nonce"])
        except RefusedError as error:
            return error
        if redemption.nonce not in self.redeemed:
            self.redeemed.add(redemption.nonce)
            self.send(redemption)
        return redemption

    def send(self, redemption: Redemption) -> None:
        symbol, name = canonical_symbol(redemption.symbol), redemption.strategy_id
        named: dict[str, float] | None = None
        sign = 1 if redemption.action == "SELL" else -1
        sizes = {canonical_symbol(one): qty for one, qty in redemption.max_qty_by_symbol.items()}
        sizes |= {} if redemption.max_qty is None else {symbol: redemption.max_qty}
        in_book = {one: self.book().holding(name, one).qty * sign > 0 for one in sizes}
        if redemption.is_entry:
            if sign > 0 and self.policy.get("allow_shorts"):
                self.shorted.add((name, symbol))
            left = {symbol: redemption.notional / PRICE_OF[symbol]}
        elif sizes:
            named = sizes if symbol == "" or in_book[symbol] else None
            left = {one: self._covered((name, one), qty, redemption, in_book[one]) for one, qty in sizes.items()}
        else:
            symbols = [symbol] if symbol else list(PRICE_OF)
            left = {one: self._covered((name, one), math.inf, redemption, False) for one in symbols}
        left = {one: qty for one, qty in left.items() if qty > 0}
        is_sure = all(in_book.values()) and all(self.is_known((name, one)) for one in {*left, *sizes})
        self.sent.append(Sent(redemption, left, named, is_sure=is_sure))
        if not left:
            self.release(self.sent[-1])

    def _covered(self, key: Key, wanted: float, redemption: Redemption, is_in_book: bool) -> float:
        """Return what a client trades of an exit: what it is told, or less where it knows more than it has told."""
        if is_in_book and self.is_known(key):
            return wanted
        held = self.held(key) * (1 if redemption.action == "SELL" else -1)
        ordered = sum(one.left.get(key[1], 0.0) for one in self.exits_live(key))
        return max(0.0, min(wanted, held - ordered))

    def fill(self) -> None:
        """The broker fills a part of an order, or the rest; the client reports it now, or later."""
        working = [(one, symbol) for one in self.sent for symbol in one.left if one.is_live(self.now)]
        if not working:
            return
        sent, symbol = self.choose.choice(working)
        part = self.choose.choice((0.3, 0.5, 1.0, 1.0))
        qty = sent.left[symbol] * part
        is_cancelled = part < 1 and self.choose.random() < 0.2
        if part < 1 and not is_cancelled:
            sent.left[symbol] -= qty
        else:
            del sent.left[symbol]
        key = (sent.strategy, symbol)
        if self.choose.random() < 0.02:
            qty *= 1.5
            self.odd.add(key)
        is_last = symbol not in sent.left and (is_cancelled or self.choose.random() < 0.7)
        report = self._executed(key, qty * sent.sign, sent.redemption.nonce, is_last=is_last)
        self.unreported.append((sent, report))
        if self.choose.random() < 0.75:
            self.report(len(self.unreported) - 1)

    def _executed(self, key: Key, signed: float, nonce: str | None, *, is_last: bool = False) -> ReportedFill:
        self.truth[key] = self.held(key) + signed
        self.fills += 1
        spelled = [one for one in SPELLINGS if canonical_symbol(one) == key[1]]
        return ReportedFill(
            strategy_id=key[0],
            symbol=self.choose.choice(spelled),
            side="buy" if signed > 0 else "sell",
            qty=abs(signed),
            price=PRICE_OF[key[1]],
            ts=self.now,
            nonce=nonce,
            broker_fill_id=str(self.fills),
            is_order_complete=is_last,
        )

    def report(self, index: int) -> None:
        sent, fill = self.unreported.pop(index)
        result = self.desk.report([fill])[0]
        assert result.status is FillStatus.RECORDED, result
        symbol = canonical_symbol(fill.symbol)
        sent.reported[symbol] = sent.reported.get(symbol, 0.0) + fill.qty
        if fill.is_order_complete and sent.named is not None:
            sent.named[symbol] = sent.reported[symbol]
        stored = self.desk.cycles.documents[f"tenants/acme/redemptions/{sent.redemption.nonce}"]
        sent.is_over = sent.is_over or stored["status"] == "FILLED"
        self.old_reports.append(fill)

    def report_late(self) -> None:
        if self.unreported:
            self.report(self.choose.randrange(len(self.unreported)))

    def report_again(self) -> None:
        if self.old_reports:
            again = self.desk.report([self.choose.choice(self.old_reports)])[0]
            assert again.status is FillStatus.DUPLICATE

    def trade_by_hand(self) -> None:
        """Somebody trades beside Maestro and reports it."""
        key = (self.choose.choice(STRATEGIES), self.choose.choice(list(PRICE_OF)))
        self.odd.add(key)
        self.desk.report([self._executed(key, self.choose.choice((-3.0, 0.1, 10.0)), None)])

    def release_one(self) -> None:
        untouched = [one for one in self.sent if one.is_live(self.now)]
        if untouched:
            self.release(self.choose.choice(untouched))

    def release(self, sent: Sent) -> None:
        """The client cancels at the broker, and gives the rest back; fills that it did not report yet come late."""
        sent.left.clear()
        self.desk.signals.release("acme", "ann", sent.redemption.nonce)
        sent.is_over = True

    def wait(self) -> None:
        seconds = self.choose.choice((1, 30, 60, 290, 301, 901, 7 * 86_400))
        if seconds > 901 and (self.unreported or self.choose.random() < 0.8):
            seconds = 30  # a fill of longer ago is an operator's
        self.desk.clock.time += timedelta(seconds=seconds)
        for sent in self.sent:
            if not sent.is_live(self.now):
                sent.left.clear()
        self.sent = [one for one in self.sent if self.now < one.redemption.lapses_at + OPEN_OUTCOME_KEPT * 2]
