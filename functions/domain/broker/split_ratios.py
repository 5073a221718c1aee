"""The ratio of a split for which the broker only reports the change of a position."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from functions.domain.kernel.parsing import as_number
from functions.domain.ledger.events import EntryKind
from functions.domain.ledger.fills import GIVEN, SIDES

_MOST_PARTS = 200
"""New and old units of all possible ratios."""
_ROUNDING = 1e-6
"""Units that a broker may drop when rounding."""


def ratio_of(before: float, change: float) -> float | None:
    """
    Return new units per old unit; None if that is not a ratio of small whole numbers: the holding is unknown.

    Parameters
    ----------
    before : float
        Units held before the split; negative if short.
    change : float
        Units that came with it.

    >>> ratio_of(10.0, 30.0), ratio_of(100.0, -90.0), ratio_of(3.0, -1.0), ratio_of(10.0, 3.14159)
    (4.0, 0.1, 0.6666666666666666, None)
    """
    after = before + change
    if not before or not after or before * after < 0:
        return None
    ratio = Fraction(after / before).limit_denominator(_MOST_PARTS)
    if not 0 < ratio.numerator <= _MOST_PARTS or ratio == 1:
        return None
    return float(ratio) if abs(float(ratio) * before - after) < _ROUNDING else None


def traded_qty(document: Mapping[str, Any]) -> float:
    """Return the units by which a fill's ledger document changed the account's position; 0 for other documents."""
    is_fill = document.get("kind") in (None, EntryKind.FILL)
    if not is_fill or str(document.get("broker_fill_id") or "").startswith(GIVEN):
        return 0.0
    return SIDES.get(str(document.get("side")), 0) * (as_number(document.get("qty")) or 0.0)
