"""The effect of a batch of fills on ledger, redemptions, buying power and position book, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import is_document_id
from functions.domain.kernel.reasons import ReasonCode
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.entries import LedgerEntry
from functions.domain.ledger.fills import Fill, parse_fill
from functions.domain.orchestration.position_book import NO_QUANTITY
from functions.domain.trading.ledger_batch import LedgerBatch
from functions.domain.trading.redemption import Redemption, RedemptionStatus, settle
from functions.domain.trading.reported_fills import FillResult, FillStatus, Place, ReportedFill
from functions.domain.trading.reservations import Overfill


@dataclass(frozen=True, slots=True)
class _Told:
    """One fill, and further information reported with it."""

    entry_id: str
    fill: Fill
    nonce: str | None
    is_order_complete: bool = False
    is_spent: bool = True
    is_in_book: bool = False

    @property
    def side(self) -> str:
        return "buy" if self.fill.signed_quantity > 0 else "sell"


@dataclass(slots=True, kw_only=True)
class FillBatch(LedgerBatch):
    """The tenant's state with the fills added so far."""

    revisions: Mapping[str, Sequence[LedgerEntry]] = field(default_factory=dict)
    """Recorded entries by a broker's id without its revision, in order of arrival."""

    def add(self, fill: ReportedFill) -> None:
        """
        Add one fill.

        A fill is a fact: even a late one, or one above its reservation, is recorded. Only a fill that contradicts the
        redeemed signal or the ledger is rejected. A later revision by the broker gets the time of the one that arrived
        first, so that reading the ledger finds both.

        Raises
        ------
        InputError
            If a new one is dated ahead, is older than the policy's ``max_fill_age_days``, or has contradictory figures.
        """
        name, stem = f"fills.{len(self.results)}", fill.ids.stem if fill.ids else None
        place = Place.of(fill, self.known, self.revisions.get(stem or "", ()))
        if place.known is not None:
            is_same = fill.agrees_with(place.known)
            status, odd = FillStatus.DUPLICATE, None if is_same else ReasonCode.FILL_CONFLICT
            status = status if is_same else FillStatus.REJECTED
        else:
            self.check_time(f"{name}.ts", fill.ts)
            status, odd = self._record(name, fill, place)
        self.results.append(FillResult(place.entry_id, status, odd))

    def adopt(
        self, entry: LedgerEntry, *, is_amended: bool = False, ts: datetime | None = None, added_cost: float = 0.0
    ) -> None:
        """
        Adopt one that a user's own code wrote to the ledger: a fact, whatever it contradicts.

        It counts as spent unless it is so old that the account must include it, and it counts in the book unless the
        book was built from a ledger that contained it.

        Parameters
        ----------
        is_amended : bool
            Whether the ledger has a void, a correction or another revision of it: then the sum of its instant must be
            read again, and it settles nothing by itself.
        ts : datetime, optional
            Time of another revision, which this one gets.
        added_cost : float
            Increase of its purchase cost, USD, if it is amended.

        Raises
        ------
        FillError
            If it is malformed: it does not count.
        """
        fill = parse_fill(entry.entry_id, entry.document)
        told = _Told(
            entry.entry_id,
            fill,
            nonce_of(entry.document),
            is_spent=not self.is_too_old(fill.at),
            is_in_book=self.book.opened_at is not None and entry.is_known_at(self.book.opened_at),
        )
        odd = None
        if is_amended:
            self.current = self.current.with_fill(None, added_cost if told.is_spent else 0.0, self.now)
            self.amended.add(ts or fill.at)
        else:
            redemption = self._redemption_of(told)
            is_mismatch = redemption is not None and not _is_of(told, redemption)
            odd = self._count(told, None if is_mismatch else redemption)
            odd = ReasonCode.FILL_MISMATCH if is_mismatch else odd
        if told.is_in_book and not entry.is_dated:  # a checkpoint may lack it, and so may a count from there on
            self.amended.add(ts or fill.at)
        granted = self._granted(told, entry.document)
        added = (
            adopted_fields(entry, ts or fill.at, fill.at, self.now, has_grant=bool(granted.get("granted"))) | granted
        )
        self.adopted[entry.entry_id] = self.with_version(added)
        self.results.append(FillResult(entry.entry_id, FillStatus.RECORDED, odd))

    def _granted(self, told: _Told, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the grant of a user's own document: that of its redemption, regardless of its own field."""
        redemption = self._redemption_of(told)
        grant = {} if redemption is None or not _is_of(told, redemption) else granted_fields(redemption)
        return grant or ({"granted": None} if document.get("granted") is not None else {})

    def _redemption_of(self, told: _Told) -> Redemption | None:
        return self.redemptions.get(told.nonce) if told.nonce else None

    def _record(self, name: str, fill: ReportedFill, place: Place) -> tuple[FillStatus, ReasonCode | None]:
        first = place.first
        if first is not None:
            fill, reported = replace(fill, ts=first["ts"]), fill.ts
        if fill.fee_qty is None and (fill.fee_currency or fill.fee_rate):
            raise InputError(f"{name}.fee_qty", "given with fee_currency and fee_rate (fees are USD)", None)
        document = fill.to_ledger(self.tenant_id, self.uid, None, self.now)
        told = _Told(
            place.entry_id,
            parse_fill(name, document),
            fill.nonce,
            is_order_complete=fill.is_order_complete,
            is_spent=not self.is_backfill,
        )
        redemption = self._redemption_of(told)
        if redemption is not None:
            if not _is_of(told, redemption):
                return FillStatus.REJECTED, ReasonCode.FILL_MISMATCH
            document |= {"session_id": redemption.session_id, **granted_fields(redemption)}
        if first is None:
            odd = self._count(told, redemption)
        else:
            odd = None
            document |= {} if reported == first["ts"] else {"reported_ts": reported}
            self.amended.add(told.fill.at)
            self.current = self.current.with_fill(None, self.added_cost(parse_fill(name, first), told.fill), self.now)
        self.ledger[place.entry_id] = self.with_version(document)
        return FillStatus.RECORDED, odd

    def _count(self, told: _Told, redemption: Redemption | None) -> ReasonCode | None:
        """Count a fill in buying power, book and redemption, once; return what is unusual about it."""
        fill, key = told.fill, told.fill.key
        ratio = self.book.ratio_after(key.symbol, fill.at)
        signed, units, price = fill.signed_quantity * ratio, fill.executed * ratio, fill.price / ratio
        is_owned = key.strategy_id != UNOWNED
        before = self.book.holding(key.strategy_id, key.symbol).qty - (signed if told.is_in_book else 0.0)
        if self.book.is_open and is_owned and not told.is_in_book:
            self.book = self.book.with_fill(key.strategy_id, key.spelled, signed, price)
        spent = self._spent_units(told, units, redemption, before) * price if told.is_spent else 0.0
        self.current = self.current.with_fill(told.nonce, spent, self.now)
        odd = ReasonCode.NOT_IN_A_REDEMPTION if told.nonce and redemption is None else None
        beyond = self._sold_beyond(told, units) if is_owned else 0.0
        if redemption is not None:
            settled = self._settle(redemption, told, ratio)
            beyond = max(beyond, settled.overfilled_qty)
            odd = ReasonCode.OVERFILLED if settled.is_overfilled else odd
        if beyond > NO_QUANTITY:
            odd = ReasonCode.OVERFILLED
            over = Overfill(told.entry_id, key.strategy_id, key.spelled, told.side, beyond, self.now)
            self.current = self.current.with_overfill(over)
        return odd

    def _settle(self, redemption: Redemption, told: _Told, ratio: float) -> Redemption:
        nonce, is_complete, fill = redemption.nonce, told.is_order_complete, told.fill
        before = self.book.orders.get(nonce)
        ratio = 1.0 if before is None else ratio  # splits only change the sizes of orders under way
        units = fill.executed * ratio
        self.book = self.book.with_order_filled(nonce, fill.key.symbol, units, is_complete=is_complete)
        if before is not None and before.qty_by_symbol:  # the broker has a separate order for each symbol
            is_complete = not self.book.orders[nonce].qty_by_symbol
        settled, reservation = settle(redemption, units, fill.price / ratio, self.now, is_order_complete=is_complete)
        self.redemptions[nonce] = settled
        self.current = self.current.reserving(nonce, reservation)
        if settled.status is RedemptionStatus.FILLED:
            self.book = self.book.without_order(nonce)
        return settled

    def _spent_units(self, told: _Told, units: float, redemption: Redemption | None, before: float) -> float:
        """Return the units for which a fill used buying power: all bought units, and those that a sale opened short."""
        if told.side == "buy":
            return units
        if told.fill.key.strategy_id == UNOWNED:
            return 0.0  # unowned units may have been sold
        if self.book.is_open:
            return max(0.0, units - max(0.0, before))
        return units if redemption is not None and redemption.is_entry else 0.0

    def _sold_beyond(self, told: _Told, units: float) -> float:
        """Return the units that a fill sold beyond its strategy's position, if shorts are not allowed."""
        is_no_matter = self.is_backfill or self.policy.allow_shorts or told.side == "buy"
        if is_no_matter or not self.book.is_open:
            return 0.0
        key = told.fill.key
        return min(units, max(0.0, -self.book.holding(key.strategy_id, key.symbol).qty))


def adopted_fields(
    entry: LedgerEntry, ts: datetime, own_ts: datetime, now: datetime, *, has_grant: bool = False
) -> dict[str, Any]:
    """
    Return the fields that a user's own document lacks, or has in a form that the ledger does not use.

    Parameters
    ----------
    has_grant : bool
        Whether it gets a grant: earlier readers saw none, so it counts as new.
    """
    added: dict[str, Any] = {}
    if not entry.is_timed or entry.document["ts"] != ts:
        added["ts"] = ts  # the ledger is read by it
    if own_ts != ts:
        added["reported_ts"] = own_ts
    if has_grant or not entry.is_dated:
        added["created_at"] = now  # marks a late one
    return added


def granted_fields(redemption: Redemption) -> dict[str, Any]:
    """Return a fill's fields about the entry that it fills: its grant, USD; empty for an exit."""
    return {"granted": redemption.notional} if redemption.is_entry and redemption.notional > 0 else {}


def nonce_of(document: Mapping[str, Any]) -> str | None:
    """Return the nonce in a user's own ledger document, if valid."""
    nonce = document.get("nonce")
    return nonce if is_document_id(nonce) else None


def _is_of(told: _Told, redemption: Redemption) -> bool:
    """Return whether a fill belongs to the redeemed signal; a signal without a symbol exits every symbol."""
    key = told.fill.key
    is_symbol = not redemption.symbol or key.symbol == canonical_symbol(redemption.symbol)
    return is_symbol and (key.strategy_id, told.side) == (redemption.strategy_id, redemption.action.lower())
