"""The ratio of a split whose broker tells only by how many units a position changed."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from functions.domain.kernel.parsing import as_number
from functions.domain.ledger.events import EntryKind
from functions.domain.ledger.fills import GIVEN, SIDES

_MOST_PARTS = 200
"""New and old units of the ratios that there are."""
_ROUNDING = 1e-6
"""Units that a broker drops of what does not come out even."""


def ratio_of(before: float, change: float) -> float | None:
    """
    Return new units for an old one; None where that is no ratio of small whole numbers: what was held is not known.

    Parameters
    ----------
    before : float
        Units held before the split, below 0 short.
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
    """Return by how many units a ledger document that is a fill changed the account's position; 0 for any other."""
    is_fill = document.get("kind") in (None, EntryKind.FILL)
    if not is_fill or str(document.get("broker_fill_id") or "").startswith(GIVEN):
        return 0.0
    return SIDES.get(str(document.get("side")), 0) * (as_number(document.get("qty")) or 0.0)
