"""The examples in docstrings are so."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from tools.prerequisites import ROOT

FOLDERS = ("functions/domain", "functions/services", "functions/adapters", "functions/triggers", "tools", "examples")
WITH_EXAMPLES = [
    path.relative_to(ROOT)
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


def test_there_are_examples() -> None:
    assert len(WITH_EXAMPLES) >= 12


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=str)
def test_the_examples_of(path: Path) -> None:
    module = importlib.import_module(".".join(path.with_suffix("").parts))
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
