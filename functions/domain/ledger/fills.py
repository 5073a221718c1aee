"""Fills: one execution each, validated where it enters the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from functions.domain.kernel.book_names import UNOWNED
from functions.domain.kernel.parsing import as_number
from functions.domain.kernel.symbols import canonical_symbol, pair_of
from functions.domain.ledger.fields import LedgerFields

SIDES: Mapping[str, int] = {"buy": 1, "sell": -1, "sell_short": -1}
"""Effect of a side on the quantity held."""
ACCOUNT_CURRENCY = "USD"
GIVEN = "given "
"""Prefix of the broker fill id of positions that an operator assigned: nothing was traded."""

_REVISED_ID = re.compile(r"([0-9a-fA-F]{8}\.[0-9a-fA-F]{8}\.[0-9]{2})\.([0-9]{2})")
"""Interactive Brokers' execution id: the last part increases when an execution is corrected."""


@dataclass(frozen=True, slots=True, order=True)
class BookKey:
    """Owner and symbol of a position: lots are matched within a book."""

    uid: str
    strategy_id: str
    symbol: str
    """Always canonical, whatever spelling is passed."""
    spelled: str = field(default="", compare=False)
    """As its writer spells it; not part of the identity."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "spelled", self.spelled or self.symbol)
        object.__setattr__(self, "symbol", canonical_symbol(self.symbol))

    @property
    def owner(self) -> tuple[str, str]:
        """(uid, strategy)."""
        return self.uid, self.strategy_id


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill of one order."""

    key: BookKey
    at: datetime
    """UTC."""
    signed_quantity: float
    """Change of the position, units, after a fee taken in the coin itself; positive if bought, negative if sold."""
    price: float
    """USD per unit."""
    cost: float
    """Fees and slippage, USD; negative if a maker's rebate exceeds them."""
    fees: float
    """The fees alone, USD."""
    order: tuple[str, str, str]
    """Breaks ties in time: broker fill id, order id, document id."""
    execution: tuple[str, str, str, str] | None = None
    """Account, symbol, order and broker's id without its revision, if the broker numbers revisions."""
    revision: int = 0
    executed: float = 0.0
    """Units traded, positive, before any fee taken from them."""
    nonce: str = ""
    """Nonce of the redeemed entry that it belongs to."""
    granted: float = 0.0
    """What that entry was granted, USD; 0 if unknown."""

    @property
    def entry_id(self) -> str:
        return self.order[2]

    @property
    def notional(self) -> float:
        """Notional of the trade, USD."""
        return self.executed * self.price

    @property
    def slippage(self) -> float:
        """The part of the cost that is not fees, USD."""
        return self.cost - self.fees

    @property
    def is_given(self) -> bool:
        """Whether an operator assigned it to its strategy, without a trade."""
        return self.order[0].startswith(GIVEN)

    @property
    def sort_key(self) -> tuple[datetime, tuple[str, str, str]]:
        return self.at, self.order


def is_paper_fill(document: Mapping[str, Any]) -> bool:
    """Return whether a shadow record is a fill; users' own records without quantity and price are notes."""
    return document.get("qty") is not None and document.get("price") is not None


def as_ledger_document(shadow_record: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """Return a shadow record in the ledger's format."""
    name = shadow_record.get("strategy_name")
    return {
        **{name: shadow_record.get(name) for name in ("symbol", "side", "qty", "price", "fees", "slippage")},
        "uid": uid,
        "strategy_id": "" if name in {None, UNOWNED} else name,  # no paper fill is unowned
        "ts": shadow_record.get("timestamp"),
    }


def revision_of(broker_fill_id: str | None) -> tuple[str, int] | None:
    """
    Split an execution id that numbers its revisions into execution and revision; None for any other id.

    >>> revision_of("0000e0d5.5d3f1a2b.01.02"), revision_of("28457")
    (('0000e0d5.5d3f1a2b.01', 2), None)
    """
    found = _REVISED_ID.fullmatch(broker_fill_id or "")
    return (found[1].lower(), int(found[2])) if found else None


def parse_fill(document_id: str, document: Mapping[str, Any]) -> Fill:
    """
    Read one fill of the ledger.

    Raises
    ------
    FillError
        If a field is missing or out of range; it names the document, the field, the limit and the value.
    """
    fields = LedgerFields(document_id, document)
    direction = SIDES.get(str(fields.get("side")).lower())
    if direction is None:
        raise fields.error("side", "buy, sell or sell_short")
    quantity, price = fields.above_zero("qty"), fields.above_zero("price")
    symbol = fields.text("symbol", may_have_slash=True)
    fees, fee_units = _fees(fields, symbol, price)
    if direction > 0 and fee_units >= quantity:
        raise fields.error("fee_qty", f"below qty ({quantity:g}), which it is taken from")
    key = BookKey(*fields.owner(), symbol)
    broker_fill_id, order_id = (str(fields.get(name) or "") for name in ("broker_fill_id", "order_id"))
    revised = revision_of(broker_fill_id)
    return Fill(
        key,
        fields.time(),
        direction * quantity - fee_units,
        price,
        fees + fields.number("slippage", ">= 0", lambda value: value >= 0, 0.0),
        fees,
        (broker_fill_id, order_id, document_id),
        revised and (str(fields.get("account_id") or ""), key.symbol, order_id, revised[0]),
        revised[1] if revised else 0,
        quantity,
        *_granted(fields),
    )


def _granted(fields: LedgerFields) -> tuple[str, float]:
    """
    Return nonce and grant of a redeemed entry's fill; a malformed grant does not invalidate the fill, which is a fact.

    A document that Maestro has not counted yet comes from its writer, who cannot grant anything.
    """
    nonce, usd = fields.get("nonce"), as_number(fields.get("granted"))
    if fields.get("ledger_version") is None or not isinstance(nonce, str) or usd is None or usd <= 0:
        return "", 0.0
    return nonce, usd


def _fees(fields: LedgerFields, symbol: str, price: float) -> tuple[float, float]:
    """
    Return a fill's fees, USD, and the traded units that they took.

    ``fees`` are USD. ``fee_qty`` is in ``fee_currency``: the traded coin counts at the fill's price, the quote currency
    and USD as they are, any other at ``fee_rate``, USD per unit of it.
    """
    fees = fields.number("fees", "a number", lambda _: True, 0.0)
    if fields.get("fee_qty") is None:
        return fees, 0.0
    units = fields.number("fee_qty", "a number", lambda _: True)
    currency = fields.text("fee_currency").upper()
    base, quote = pair_of(symbol)
    if currency == base:
        return fees + units * price, units
    if currency in {ACCOUNT_CURRENCY, quote}:
        return fees + units, 0.0
    if fields.get("fee_rate") is None:
        known = " or ".join(dict.fromkeys(name for name in (base, quote, ACCOUNT_CURRENCY) if name))
        raise fields.error("fee_currency", f"{known}, or any other with fee_rate, USD per unit of it")
    return fees + units * fields.above_zero("fee_rate"), 0.0
