"""Find and replace the marked sections of a document."""

from __future__ import annotations

import re
from collections.abc import Callable

GENERATED, PRINTED = "generated", "printed"
_SECTION = re.compile(
    r"^(?P<begin><!-- (?P<kind>generated|printed): (?P<name>[^\n]+?) -->)\n(?P<body>.*?)^<!-- end -->$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^<!-- (?:generated|printed):", re.MULTILINE)


class DocumentError(ValueError):
    """A document lacks something that is written into it, or that others are made from."""


def replaced(text: str, body_of: Callable[[str, str], str | None]) -> str:
    """
    Return a document with new bodies in its marked sections.

    Parameters
    ----------
    text : str
        The document.
    body_of : callable
        Takes a section's kind and name; None leaves the section as it is.

    Raises
    ------
    DocumentError
        If a section has no end.

    >>> page = "<!-- generated: x -->\\nold\\n<!-- end -->"
    >>> print(replaced(page, lambda kind, name: f"{kind} {name}"))
    <!-- generated: x -->
    generated x
    <!-- end -->
    """
    found = list(_SECTION.finditer(text))
    if len(found) != len(_MARK.findall(text)):
        raise DocumentError("a marked section lacks its <!-- end -->")

    def new(one: re.Match[str]) -> str:
        body = body_of(one["kind"], one["name"])
        return one[0] if body is None else f"{one['begin']}\n{body.rstrip()}\n<!-- end -->"

    return _SECTION.sub(new, text)


def section(text: str, kind: str, name: str) -> str:
    """Return the body of one section of a document; raise `DocumentError` if it is not there."""
    for one in _SECTION.finditer(text):
        if (one["kind"], one["name"]) == (kind, name):
            return one["body"]
    raise DocumentError(f"no section <!-- {kind}: {name} -->")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown; a bar within a cell is escaped."""
    lines = [
        "|" + "|".join(f" {cell} " if cell else " " for cell in map(_escaped, line)) + "|" for line in (head, *rows)
    ]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")
