"""What the documents say of the code is so."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from functions.triggers.api.problems import STATUS

ROOT = Path(__file__).parents[2]


def test_every_test_that_shows_an_invariant_exists() -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    for name in named:
        path, _, test = name.partition("::")
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not test or re.search(rf"^(def|class) {test}\b|^{test} = ", source, re.MULTILINE), name


def test_the_api_page_lists_every_refusal() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{3}) \| (.+) \|$", page, re.MULTILINE)
    documented = {int(status): set(re.findall(r"`(\w+)`", codes)) for status, codes in rows}
    raised: dict[int, set[str]] = defaultdict(set)
    for reason, status in STATUS.items():
        raised[status].add(str(reason))
    assert documented == raised


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for record in folder.glob("0*.md"):
        assert f"({record.name})" in index, record.name
