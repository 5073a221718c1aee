"""Open the position book: the ledger's positions, orders under way, and assigned positions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.position_book import Holding, Key, PositionBook
from functions.domain.trading.gifts import Gift
from functions.domain.trading.ledger_positions import PositionDifference
from functions.domain.trading.redemption import Redemption, order_of
from functions.domain.trading.reported_fills import ReportedFill
from functions.domain.trading.residuals import Residuals

_DIFFERENCES_KEPT = 1_000


class BookAction(StrEnum):
    """An operator's action on the book."""

    OPENED = "OPENED"
    MENDED = "MENDED"
    """Reopened from the ledger."""
    CLOSED = "CLOSED"
    ADOPTED = "ADOPTED"
    """A difference between broker and books was booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChange:
    """One action of an operator, as stored in ``state/positions/history``."""

    at: datetime
    """By the store's clock."""
    by: str
    action: BookAction
    ledger_version: int
    """The ledger's version, assigned positions included."""
    because: str | None = None
    differences: Sequence[PositionDifference] = ()
    """Differences between the book before and after."""
    given: Sequence[str] = ()
    """Ids of the fills that assigned positions."""
    unowned: Mapping[str, float] = field(default_factory=dict)
    """What is still unowned, signed units by canonical symbol."""

    @property
    def change_id(self) -> str:
        return self.at.strftime("%Y%m%dT%H%M%S%fZ")

    def to_document(self) -> dict[str, Any]:
        rows = [
            [one.strategy_id, one.symbol, one.book_qty, one.ledger_qty] for one in self.differences[:_DIFFERENCES_KEPT]
        ]
        return {
            "at": self.at,
            "by": self.by,
            "action": str(self.action),
            "because": self.because,
            "ledger_version": self.ledger_version,
            "differences": len(self.differences),
            "differences_json": json.dumps(rows, separators=(",", ":")),
            "given": list(self.given),
            "unowned_json": json.dumps(self.unowned, separators=(",", ":")),
        }


def opened_book(
    holdings: Mapping[Key, Holding], redemptions: Iterable[Mapping[str, Any]], by: str, as_of: datetime, now: datetime
) -> PositionBook:
    """
    Return an open book of the ledger's positions, and of RESERVED redemptions that may still be filled.

    Parameters
    ----------
    as_of : datetime
        When the ledger was read, by the store's clock.
    """
    book = PositionBook(as_of, by, holdings)
    for document in redemptions:
        redemption = Redemption.from_document(document)
        order = replace(order_of(redemption), filled_qty=redemption.filled_qty)
        if order.is_kept(now):
            book = book.with_order(redemption.nonce, order, now)
    return book


def fills_of_gifts(gifts: Sequence[Gift], residuals: Residuals, held: Iterable[str]) -> list[ReportedFill]:
    """
    Return the fills that assign unowned positions; already assigned ones give none.

    Parameters
    ----------
    held : iterable of str
        Canonical symbols that strategies hold.

    Raises
    ------
    InputError
        If a symbol is assigned twice, is not unowned, or has no price, or if unowned positions are unknown.
    """
    known = {*held, *residuals.spellings}
    seen: set[str] = set()
    fills = []
    for gift in gifts:
        symbol, field_name = gift.of_symbol, f"--give {gift.symbol}={gift.strategy_id}"
        if residuals.unknown_because is not None or residuals.as_of is None:
            raise InputError(field_name, f"a position of a known account ({residuals.unknown_because})", gift.symbol)
        qty = residuals.unowned.get(symbol)
        if symbol in seen or (qty is None and symbol not in known):
            there_are = ", ".join(list(residuals.unowned)[:20]) or "none"
            raise InputError(field_name, f"an unowned symbol, given once (unowned now: {there_are})", gift.symbol)
        seen.add(symbol)
        if qty is None:
            continue
        price = gift.price or residuals.prices.get(symbol)
        if price is None:
            why = residuals.unpriced_because or "the market data has none"
            raise InputError(field_name, f"given a price, as {gift.symbol}={gift.strategy_id}@45.10 ({why})", None)
        spelled = replace(gift, symbol=residuals.spellings.get(symbol, gift.symbol))
        fills.append(spelled.to_fill(qty, price, residuals.as_of))
    return fills


def taken_from_unowned(given: Sequence[ReportedFill], unowned: Mapping[str, float]) -> list[ReportedFill]:
    """
    Return the fills that remove what is given from the unowned positions: the ledger would have it twice.

    Parameters
    ----------
    unowned : mapping
        What the ledger has as unowned, signed units by canonical symbol; of more than is given, the rest stays.
    """
    taken = []
    for fill in given:
        booked = unowned.get(canonical_symbol(fill.symbol), 0.0)
        if booked * fill.signed_qty > 0:
            side = "sell" if fill.side == "buy" else "buy"
            qty = min(fill.qty, abs(booked))
            own_id = f"{fill.broker_fill_id} from {UNOWNED}"
            taken.append(replace(fill, strategy_id=UNOWNED, side=side, qty=qty, broker_fill_id=own_id))
    return taken
