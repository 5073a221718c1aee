"""Book a broker's account activities in the ledger, each once, however often the broker reports it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from functions.domain.broker.activities import Activity, Execution, SplitActivity
from functions.domain.broker.bookings import Booked, booked, fill_ids, fill_of, in_words
from functions.domain.broker.connection import BrokerConnection
from functions.domain.broker.errors import BrokerUnavailable
from functions.domain.broker.split_ratios import ratio_of, traded_qty
from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.plurals import counted
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.trading.reported_entries import AMENDMENTS, ReportedEntry
from functions.domain.trading.reported_fills import FillResult, FillStatus, ReportedFill
from functions.services.broker.order_owners import OrderOwners
from functions.services.broker.ports import Broker
from functions.services.kernel.ports import Clock
from functions.services.trading.batch_state import RecordedBatch
from functions.services.trading.ports import EntryLedger, TradingStore
from functions.services.trading.record_entries import RecordEntries
from functions.services.trading.record_fills import RecordFills

logger = logging.getLogger("maestro")

T = TypeVar("T")

_AT_ONCE = 100
"""Maximum entries of one commit."""
_MARGIN = timedelta(hours=1)
OwnFill = tuple[str, ReportedFill]
"""(uid, fill)."""
_NAMED = 5
"""Up to so many unowned fills are reported one by one; of more, only the number."""


@dataclass(slots=True)
class PageBooked:
    """The outcome of booking a page of activities."""

    count: int = 0
    """Entries that are new in the ledger."""
    told: list[str] = field(default_factory=list)
    """What a person should look at."""
    stopped: BrokerUnavailable | None = None
    """Why some of it is not booked yet; None: all of it is booked, or reported in ``told``."""


@dataclass(frozen=True, slots=True)
class Feeding:
    """Whose activities are booked."""

    tenant_id: str
    connection: BrokerConnection
    policy: Policy
    policy_defaults: Mapping[str, Any]

    @property
    def account_id(self) -> str:
        return self.connection.account_id


class BookActivities:
    """The use case; keep one per process."""

    def __init__(
        self,
        store: TradingStore,
        ledger: EntryLedger,
        record_fills: RecordFills,
        record_entries: RecordEntries,
        clock: Clock,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._record_fills = record_fills
        self._record_entries = record_entries
        self._clock = clock

    def run(self, feeding: Feeding, activities: Sequence[Activity], owners: OrderOwners) -> PageBooked:
        """
        Book a page; repeating it adds nothing.

        The broker is not asked about what is already booked, so a page that takes several attempts gets done.

        Raises
        ------
        BrokerError
            For any error of the broker; BrokerUnavailable while orders are looked up is in ``stopped`` instead.
        RefusedError
            With CONTENTION.
        StoreUnavailable
            If it is unknown what was booked.
        """
        page = PageBooked()
        self._book_executions(feeding, [one for one in activities if isinstance(one, Execution)], owners, page)
        others = [one for one in activities if not isinstance(one, Execution)]
        found = [booked(feeding.account_id, self._with_ratio(feeding, one, owners.broker)) for one in others]
        page.told += [one.told for one in found if one.told is not None]
        self._book_fills(feeding, [(UNOWNED, one.fill) for one in found if one.fill is not None], page)
        entries = [one.entry for one in found if one.entry is not None]
        self._book_entries(feeding, [one for one in entries if one.kind not in AMENDMENTS], page)
        if page.stopped is None:  # what they amend may not be there yet
            self._book_entries(feeding, self._amending(feeding, found, page), page)
        for text in page.told:
            logger.warning("The broker reported: %s", text, extra={"tenant": feeding.tenant_id})
        return page

    def _book_executions(
        self, feeding: Feeding, executions: Sequence[Execution], owners: OrderOwners, page: PageBooked
    ) -> None:
        ids = {one.activity_id: fill_ids(feeding.account_id, one) for one in executions}
        known = self._known(feeding, [name for names in ids.values() for name in names])
        new = [one for one in executions if known.isdisjoint(ids[one.activity_id])]
        found, page.stopped = owners.of(new)
        owned = [(one, found[one.order_id]) for one in new if one.order_id in found]
        left = [one for one, who in owned if who.nonce is not None and feeding.connection.is_in_gap(one.at)]
        if left:
            fills = counted(len(left), "fill")
            page.told.append(f"clients must report {fills} from the time when the account was not connected")
        owned = [(one, who) for one, who in owned if one not in left]
        self._book_fills(feeding, [(who.uid, fill_of(feeding.account_id, one, who)) for one, who in owned], page)

    def _book_fills(self, feeding: Feeding, fills: Sequence[OwnFill], page: PageBooked) -> None:
        """Book fills; one that contradicts the redemption it names still happened, and is booked as unowned."""
        found_unowned: list[ReportedFill] = []
        mismatched = self._record(feeding, fills, page, found_unowned)
        unowned = [(UNOWNED, replace(one, nonce=None, strategy_id=UNOWNED)) for one in mismatched]
        self._record(feeding, unowned, page, found_unowned)
        page.told += _unowned_in_words(found_unowned)

    def _record(
        self, feeding: Feeding, fills: Sequence[OwnFill], page: PageBooked, found_unowned: list[ReportedFill]
    ) -> list[ReportedFill]:
        """Record fills, and return those that contradict the redemption they name."""
        mismatched: list[ReportedFill] = []
        groups: dict[tuple[str, bool], list[ReportedFill]] = defaultdict(list)
        for uid, fill in fills:
            groups[uid, self._is_old(feeding, fill.ts)].append(fill)
        for (uid, is_old), theirs in groups.items():
            run = self._record_fills.run
            record = partial(run, feeding.tenant_id, uid, policy_defaults=feeding.policy_defaults, is_backfill=is_old)
            for fill, result in _in_parts(theirs, record, page):
                if result.status is FillStatus.REJECTED and fill.nonce is not None:
                    mismatched.append(fill)
                elif result.status is FillStatus.REJECTED:
                    page.told.append(f"{in_words(fill)} is already in the ledger with other figures, which stay")
                elif result.status is FillStatus.RECORDED:
                    page.count += 1
                    found_unowned += [fill] if fill.strategy_id == UNOWNED and fill.order_id is not None else []
        return mismatched

    def _book_entries(self, feeding: Feeding, entries: Sequence[ReportedEntry], page: PageBooked) -> None:
        groups: dict[bool, list[ReportedEntry]] = defaultdict(list)
        for entry in entries:
            ts = entry.fields.get("ts")
            groups[ts is None or self._is_old(feeding, ts)].append(entry)
        for is_old, theirs in groups.items():
            run, defaults = self._record_entries.run, feeding.policy_defaults
            record = partial(run, feeding.tenant_id, UNOWNED, policy_defaults=defaults, is_backfill=is_old)
            for entry, result in _in_parts(theirs, record, page):
                page.count += result.status is FillStatus.RECORDED
                if result.status is FillStatus.REJECTED:
                    page.told.append(f"{_named(entry)} is already in the ledger with other figures, which stay")

    def _with_ratio(self, feeding: Feeding, activity: Activity, broker: Broker) -> Activity:
        """Return a split with its ratio, if the account's holding now and its trades since determine it."""
        if not isinstance(activity, SplitActivity) or activity.ratio is not None or not activity.qty_change:
            return activity
        symbol = canonical_symbol(activity.symbol)
        now = sum(one.qty for one in broker.positions() if canonical_symbol(one.symbol) == symbol)
        since = (one.document for one in self._ledger.entries(feeding.tenant_id, activity.at))
        traded = sum(traded_qty(one) for one in since if canonical_symbol(str(one.get("symbol"))) == symbol)
        return replace(activity, ratio=ratio_of(now - traded - activity.qty_change, activity.qty_change))

    def _amending(self, feeding: Feeding, found: Sequence[Booked], page: PageBooked) -> list[ReportedEntry]:
        """Return the amendments of entries that the ledger has; report busts and corrections of missing trades."""
        amending = [one.entry for one in found if one.entry is not None and one.entry.kind in AMENDMENTS]
        known = self._known(feeding, [one.of for one in amending if one.of is not None])
        is_of_trade = [one for one in amending if one.of not in known and not one.ref.endswith(":canceled")]
        page.told += [f"{_named(one)} refers to a trade that the ledger does not have" for one in is_of_trade]
        return [one for one in amending if one.of in known]

    def _known(self, feeding: Feeding, ids: Sequence[str]) -> set[str]:
        return set(self._store.read(feeding.tenant_id, [], sorted(set(ids))).fills) if ids else set()

    def _is_old(self, feeding: Feeding, ts: Any) -> bool:
        """Return whether only an operator could still record it: the account has long included it."""
        return bool(ts < self._clock.now() - timedelta(days=feeding.policy.max_fill_age_days) + _MARGIN)


def _in_parts(
    all_: Sequence[T], record: Callable[[Sequence[T]], RecordedBatch], page: PageBooked
) -> list[tuple[T, FillResult]]:
    """Record in several commits; an entry that cannot be booked is reported, and the others are booked."""
    done: list[tuple[T, FillResult]] = []
    for first in range(0, len(all_), _AT_ONCE):
        part = all_[first : first + _AT_ONCE]
        try:
            done += zip(part, record(part).results, strict=True)
        except InputError:
            for one in part:
                try:
                    done += [(one, record([one]).results[0])]
                except InputError as error:
                    page.told.append(f"{_named(one)} cannot be booked: {error}")
    return done


def _named(one: object) -> str:
    if isinstance(one, ReportedFill):
        return in_words(one)
    return f"{one.kind} {one.ref}" if isinstance(one, ReportedEntry) else "an entry"


def _unowned_in_words(fills: Sequence[ReportedFill]) -> list[str]:
    """Return fills of orders that Maestro did not issue, as text; of many, only their number."""
    if len(fills) > _NAMED:
        symbols = ", ".join(sorted({one.symbol for one in fills})[:_NAMED])
        return [f"{len(fills)} fills ({symbols}) are unowned: no strategy placed their orders"]
    return [f"{in_words(one)}, order {one.order_id}, is unowned: no strategy placed this order" for one in fills]
