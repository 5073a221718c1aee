"""Unowned positions that an operator assigns to a strategy, as fills, so that the ledger has them too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from functions.domain.kernel.book_names import check_strategy_name
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.parsing import as_number
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.ledger.fills import GIVEN
from functions.domain.trading.reported_fills import ReportedFill

_SHAPE = "SYMBOL=STRATEGY or SYMBOL=STRATEGY@PRICE, such as KO=Trend@45.10"


@dataclass(frozen=True, slots=True)
class Gift:
    """The whole unowned position in a symbol, assigned to a strategy."""

    symbol: str
    """In any spelling."""
    strategy_id: str
    price: float | None = None
    """USD per unit; None: the market price."""

    @classmethod
    def parse(cls, text: str) -> Gift:
        """
        Parse an operator's input. Raises InputError.

        >>> Gift.parse("KO=Trend@45.10")
        Gift(symbol='KO', strategy_id='Trend', price=45.1)
        """
        symbol, _, rest = text.partition("=")
        strategy_id, at, price_text = rest.partition("@")
        price = as_number(price_text) if at else None
        check_strategy_name(strategy_id)
        if not symbol.strip() or not strategy_id or "/" in strategy_id or (at and (price is None or price <= 0)):
            raise InputError("--give", _SHAPE, text)
        return cls(symbol.strip(), strategy_id, price)

    @property
    def of_symbol(self) -> str:
        return canonical_symbol(self.symbol)

    def to_fill(self, qty: float, price: float, as_of: datetime) -> ReportedFill:
        """
        Return the fill that assigns it; always the same for one account snapshot, so that it is recorded once.

        Parameters
        ----------
        qty : float
            Signed units, not 0.
        price : float
            USD per unit.
        as_of : datetime
            When the account held it.
        """
        return ReportedFill(
            strategy_id=self.strategy_id,
            symbol=self.symbol,
            side="buy" if qty > 0 else "sell",
            qty=abs(qty),
            price=price,
            ts=as_of,
            broker_fill_id=f"{GIVEN}{self.of_symbol} {self.strategy_id} {as_of.isoformat()}",
        )
