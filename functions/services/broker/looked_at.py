"""Which symbols a tenant's cycle needs prices of."""

from __future__ import annotations

from collections.abc import Sequence

from functions.domain.broker.account import BrokerPosition
from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from functions.domain.kernel.symbols import canonical_symbol
from functions.domain.orchestration.position_book import PositionBook
from functions.services.broker.connection_ports import DeclaredSymbols
from functions.services.kernel.ports import Document


def looked_at(
    declared: DeclaredSymbols, policy: Policy, positions: Sequence[BrokerPosition], book: Document | None
) -> list[str]:
    """
    Return the symbols that strategies hold or declare, each in one spelling: as declared, where it is.

    Parameters
    ----------
    book : mapping or None
        The stored position book; an unreadable one adds nothing, as the account lists the same positions.
    """
    samples = [symbol for name in policy.sample_strategies for symbol in declared.samples.get(name, ())]
    held = [*_in_book(book), *(one.symbol for one in positions)]
    spelled: dict[str, str] = {canonical_symbol(one): one for one in held}
    spelled |= {canonical_symbol(one): one for one in (*declared.own, *samples)}
    first = [canonical_symbol(one) for one in held]  # held symbols first: exits need their prices
    return [spelled[one] for one in dict.fromkeys([*first, *spelled])]


def _in_book(book: Document | None) -> list[str]:
    try:
        return [one.symbol or symbol for (_, symbol), one in PositionBook.from_document(book).holdings.items()]
    except InputError:
        return []
