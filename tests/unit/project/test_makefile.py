"""Every target of the Makefile installs what its program imports."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest
from packaging.utils import canonicalize_name

from tools.prerequisites import ROOT
from tools.setup import DEVELOPERS_PACKAGES, LAB_PACKAGES, PARTS, TOOLS_PACKAGES

_TARGET = re.compile(r"^([a-z-]+):.*\n\t\$\(SETUP\) (.+)\n((?:\t.+\n)+)", re.MULTILINE)
_PROGRAM = re.compile(r"\$\(PYTHON\) -m ([\w.]+)")
_PINNED = re.compile(r"^([\w.-]+)(?:\[.*\])?==", re.MULTILINE)
_OURS = ("tools", "examples", "functions")
_PACKAGES = {".venv for developers": DEVELOPERS_PACKAGES, ".venv for the lab": LAB_PACKAGES}


def programs() -> Iterator[tuple[str, str, Path]]:
    """Yield our programs, with their target and the lock file of the packages that it installs."""
    for target, parts, commands in _TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")):
        steps = {step for part in parts.split() for step in PARTS[part]}
        packages = next((file for step, file in _PACKAGES.items() if step in steps), TOOLS_PACKAGES)
        for program in _PROGRAM.findall(commands):
            if program.split(".")[0] in _OURS:
                yield target, program, packages


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*_OURS, include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize(("target", "program", "packages"), list(programs()))
def test_a_target_installs_what_its_program_imports(
    target: str, program: str, packages: Path, imports: grimp.ImportGraph
) -> None:
    entries = {program, f"{program}.__main__"} & imports.modules
    assert entries
    imported = {name for entry in entries for name in imports.find_upstream_modules(entry)}
    top_level = {name for name in imported if "." not in name} - sys.stdlib_module_names - set(_OURS)
    locked = set(_PINNED.findall(packages.read_text(encoding="utf-8")))
    distributions = packages_distributions()
    missing = {name for name in top_level if locked.isdisjoint(map(canonicalize_name, distributions.get(name, ())))}
    assert not missing, f"make {target} does not install {', '.join(sorted(missing))}"


def test_the_programs_are_found() -> None:
    assert {"bench", "demo", "lab", "maestro", "docs"} <= {target for target, _, _ in programs()}
