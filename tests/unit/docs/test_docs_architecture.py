"""The architecture page names what is there."""

from __future__ import annotations

import re

from tools.prerequisites import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    _, _, *found = re.findall(r"^\|(.+)\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in found]


def test_the_modules_of_every_capability_exist() -> None:
    for _, domain, service, _ in rows("Where capabilities live"):
        for folder, cell in (("domain", domain), ("services", service)):
            for name in re.findall(r"`([\w/]+)`", cell):
                assert (ROOT / "functions" / folder / f"{name}.py").exists(), name


def test_the_rooms_are_all_listed_and_drawn() -> None:
    listed = [room for room, *_ in rows("Rooms")]
    drawn = re.findall(r"^    (kernel ← .+)$", PAGE, re.MULTILINE)
    assert {room for line in drawn for room in line.split(" ← ")} == set(listed)
    layers = (ROOT / "functions" / layer for layer in ("domain", "services"))
    assert set(listed) == {folder.parent.name for layer in layers for folder in layer.glob("*/__init__.py")}
