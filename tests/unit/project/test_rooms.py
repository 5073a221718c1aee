"""Every room has a contract that keeps its imports pointing one way."""

from __future__ import annotations

import tomllib

from tools.prerequisites import ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]


def rooms() -> set[str]:
    layers = (ROOT / "functions" / layer for layer in ("domain", "services"))
    return {f"functions.{path.parent.name}.{path.name}" for layer in layers for path in layer.glob("[!_]*/")}


def test_an_import_between_any_two_rooms_is_forbidden_one_way_at_least() -> None:
    forbidden = {
        (source, target)
        for contract in CONTRACTS
        if contract["type"] == "forbidden"
        for source in contract["source_modules"]
        for target in contract["forbidden_modules"]
    }
    unguarded = {
        (one, other)
        for one in rooms()
        for other in rooms()
        if one.rsplit(".", 1)[0] == other.rsplit(".", 1)[0] and one < other
        if not {(one, other), (other, one)} & forbidden
    }
    assert not unguarded


def test_no_module_stands_outside_the_rooms() -> None:
    for layer in ("domain", "services"):
        outside = [path.name for path in (ROOT / "functions" / layer).glob("*.py") if path.name != "__init__.py"]
        assert not outside, f"{layer}: give each a room, as docs/architecture.md tells"
