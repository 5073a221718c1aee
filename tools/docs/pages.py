"""
What is written where.

A document says which parts of it are written by a program:

    <!-- generated: settings -->   made from the code, or from another part of the documents, each time
    <!-- end -->

    <!-- printed: demo -->         what a program printed when it was last asked, with ``make docs ARGS=demo``
    <!-- end -->
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools import api_reference, openapi
from tools.docs import architecture, commands, decisions, printed, reasons, scaling, settings
from tools.docs.sections import GENERATED, DocumentError, replaced
from tools.prerequisites import ROOT

WHOLE: Mapping[Path, Callable[[], str]] = {
    openapi.DOCUMENT: openapi.openapi_text,
    api_reference.REFERENCE: openapi.reference_text,
    ROOT / "dashboard" / "src" / "policy-fields.ts": settings.form_words,
}
"""Files that are made as a whole."""
Read = Callable[[str], str]
"""Returns another document's text, as it will be, by its path from the project's folder."""
SECTIONS: Mapping[str, Callable[[str, Read], str]] = {
    "settings": lambda _page, _read: settings.settings_tables(),
    "class attributes": lambda _page, _read: settings.class_attributes(),
    "parameters": lambda _page, _read: settings.parameters(),
    "reason codes": lambda _page, _read: reasons.reason_codes(),
    "deployed functions": lambda _page, _read: architecture.deployed_functions(),
    "layers": lambda _page, _read: architecture.layers(),
    "decisions": lambda _page, _read: decisions.index(),
    "make targets": lambda _page, _read: commands.targets(),
    "maestro commands": lambda _page, _read: commands.maestro_commands(),
    "lab commands": lambda _page, _read: commands.lab_commands(),
    "strategy commands": lambda _page, _read: commands.strategy_commands(),
    "month of XNYS": lambda page, _read: scaling.month_table("XNYS", page),
    "month of 24x7": lambda page, _read: scaling.month_table("24x7", page),
    "dollars": lambda page, _read: scaling.dollars_table(page),
    "demo in brief": lambda _page, read: printed.events_of_demo(read("docs/demo.md")),
    "evidence in brief": lambda _page, read: printed.evidence_in_brief(read("docs/lab.md")),
}
"""Makes a section of the page that holds it; a name may occur in several documents."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file, and what it should hold."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def is_stale(self) -> bool:
        return not self.path.exists() or self.path.read_text(encoding="utf-8") != self.text

    def write(self) -> None:
        self.path.write_text(self.text, encoding="utf-8")


def documents() -> list[Path]:
    """Return every document that may have marked sections."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def pages(parts: Mapping[str, str] | None = None) -> Iterator[Page]:
    """
    Yield everything that is written by a program, as it should be.

    Parameters
    ----------
    parts : mapping, optional
        What programs printed just now, by section.

    Raises
    ------
    DocumentError
        If a document names a section that nothing makes, or lacks what another is made from.
    """
    now = {
        str(path.relative_to(ROOT)): printed.with_parts(path.read_text(encoding="utf-8"), parts or {})
        for path in documents()
    }
    for path, made in WHOLE.items():
        yield Page(path, made())
    for name, text in now.items():
        if ROOT / name not in WHOLE:
            yield Page(ROOT / name, _with_sections(name, text, now.__getitem__))


def _with_sections(name: str, text: str, read: Read) -> str:
    try:
        return replaced(text, partial(_body, text, read))
    except DocumentError as error:
        raise DocumentError(f"{name}: {error}") from error


def _body(page: str, read: Read, kind: str, name: str) -> str | None:
    known, is_made = (SECTIONS, name in SECTIONS) if kind == GENERATED else (printed.made(), printed.is_made(name))
    if not is_made:
        raise DocumentError(f"nothing makes <!-- {kind}: {name} -->; there are {', '.join(sorted(known))}")
    return SECTIONS[name](page, read) if kind == GENERATED else None
