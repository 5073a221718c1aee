"""The index of the decision records."""

from __future__ import annotations

import re

from tools.docs.sections import DocumentError, table
from tools.prerequisites import ROOT

FOLDER = ROOT / "docs" / "decisions"
_HEAD = re.compile(
    r"\A# (?P<number>\d{4}) (?P<choice>.+)\n\n\*\*Status\.\*\* (?P<status>.+), (?P<date>\d{4}-\d\d-\d\d)\.$",
    re.MULTILINE,
)


def index() -> str:
    """Return a row for every record: number, choice, status and date, as its head says them."""
    rows = []
    for record in sorted(FOLDER.glob("0*.md")):
        head = _HEAD.match(record.read_text(encoding="utf-8"))
        if head is None or not record.name.startswith(head["number"]):
            raise DocumentError(
                f"{record.name} does not begin with its number, its choice, and **Status.** with a date"
            )
        rows.append([f"[{head['number']}]({record.name})", head["choice"], head["status"].lower(), head["date"]])
    return table(["record", "choice", "status", "date"], rows)
