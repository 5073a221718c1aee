"""Ids that join several texts, so that no two lists of texts have the same id."""

from __future__ import annotations

SEPARATOR = "__"


def joined_id(*parts: str) -> str:
    """
    Return texts joined by ``__``; a text that contains a separator, or would form one, is percent-encoded.

    >>> joined_id("ann", "Trend", "2020-03-16"), joined_id("a", "b__c"), joined_id("a__b", "c"), joined_id("a_", "b")
    ('ann__Trend__2020-03-16', 'a__b%5F%5Fc', 'a%5F%5Fb__c', 'a%5F__b')
    """
    return SEPARATOR.join(_encoded(part) for part in parts)


def _encoded(part: str) -> str:
    is_plain = SEPARATOR not in part and not part.startswith("_") and not part.endswith("_")
    text = part.replace("%", "%25")
    return text if is_plain else text.replace("_", "%5F")
