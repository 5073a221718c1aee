"""Unowned positions of the account with their prices, or why they are unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.inputs import CycleInputs, read_inputs
from functions.domain.orchestration.known_positions import KnownPositions
from functions.domain.orchestration.paper import prices_of
from functions.domain.orchestration.position_book import PositionBook


@dataclass(frozen=True, slots=True)
class Residuals:
    """The account's positions less all books."""

    unowned: Mapping[str, float] = field(default_factory=dict)
    """Signed units by canonical symbol; empty if unknown."""
    unknown_because: str | None = None
    as_of: datetime | None = None
    """Time of the account snapshot."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """USD by canonical symbol."""
    unpriced_because: str | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    """The account's symbols, by canonical symbol."""

    def without(self, symbols: Iterable[str]) -> Residuals:
        """Return what is left when all of some symbols, any spelling, is assigned."""
        given = {canonical_symbol(one) for one in symbols}
        return replace(self, unowned={symbol: qty for symbol, qty in self.unowned.items() if symbol not in given})


def residuals_of(
    book: PositionBook, account: Any, market_data: Any, now: datetime, max_age_seconds: float, ledger_version: int
) -> Residuals:
    """
    Compare an open book with the account as stored.

    Parameters
    ----------
    account, market_data : mapping or None
        The documents as stored.
    ledger_version : int
        The ledger's version: no snapshot can have seen a later one.
    """
    inputs = read_inputs(
        market_data, account, None, now, max_age_seconds, is_time_required=True, ledger_version=ledger_version
    )
    unowned = KnownPositions(book, inputs.account_snapshot, now).unowned()
    unknown = _problem(inputs, "ACCOUNT")
    if unknown is None and unowned is None:
        unknown = "the account snapshot lists no positions"
    unpriced = _problem(inputs, "MARKET_DATA")
    if unknown is not None or unowned is None:
        return Residuals(unknown_because=unknown, as_of=inputs.account.as_of)
    prices = {canonical_symbol(one): price for one, price in prices_of(inputs.market_data).items()}
    spelled = [str(one.get("symbol") or "") for one in inputs.account_snapshot.get("positions") or ()]
    return Residuals(
        unowned,
        as_of=inputs.account.as_of,
        prices={} if unpriced else prices,
        unpriced_because=unpriced,
        spellings={canonical_symbol(one): one for one in spelled if one},
    )


def _problem(inputs: CycleInputs, kind: str) -> str | None:
    """Return the problem that affects all of the account, or of the market data."""
    of_kind = (one for one in inputs.issues if one.reason_code.endswith(kind) and one.ticker is None)
    return next((one.detail for one in of_kind), None)
