"""Commands that documents name can be run as they stand there."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator

import pytest

from examples.demo import parse_arguments
from tools.prerequisites import ROOT

OTHERS = {"node_modules", "venv", ".venv", ".setup", ".pytest_cache"}
PAGES = [page for page in sorted(ROOT.rglob("[!.]*.md")) if not OTHERS & {*page.parts}]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def named(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield (page, match) of everything that documents name."""
    for page in PAGES:
        for found in re.findall(pattern, page.read_text(encoding="utf-8")):
            yield page.name, found


def test_documents_are_looked_at() -> None:
    assert {"README.md", "CONTRIBUTING.md", "MAESTRO_QUICKSTART.md", "runbook.md"} <= {page.name for page in PAGES}


def test_every_module_that_is_run_exists() -> None:
    modules = list(named(r"python3? -m ([\w.]+)"))
    assert len(modules) > 3
    for page, module in modules:
        assert importlib.util.find_spec(module) is not None, f"{page}: python -m {module}"


def test_every_npx_command_is_of_a_package_that_is_pinned() -> None:
    binaries = {path.name for path in (ROOT / "node_modules/.bin").iterdir()}
    for page, command in named(r"npx ([\w-]+)"):
        assert command in binaries, f"{page}: npx {command}"


def test_every_option_of_the_demo_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    known = set(re.findall(r"--[\w-]+", capsys.readouterr().out))
    shown = [
        (page, option)
        for page, words in named(r"make demo ARGS=\"?([^`\n]*)")
        for option in re.findall(r"--[\w-]+", words)
    ]
    assert len(shown) > 2
    for page, option in shown:
        assert option in known, f"{page}: make demo ARGS={option}"


def test_every_target_explains_itself() -> None:
    targets = re.findall(r"^([a-z-]+):.*?(## .+)?$", MAKEFILE, re.MULTILINE)
    silent = {name for name, words in targets if not words}
    assert silent == {"may-deploy"}, "part of deploy"


def test_every_path_in_backticks_exists() -> None:
    folders = ("functions", "tests", "tools", "docs", "examples", "dashboard")
    for page, path in named(rf"`((?:{'|'.join(folders)})/[\w./-]+)`"):
        is_made = path.startswith(("functions/venv", "functions/.", "dashboard/dist"))
        assert is_made or (ROOT / path).exists(), f"{page}: {path}"


def test_every_path_below_functions_in_backticks_exists() -> None:
    layers = ("triggers", "strategies", "adapters", "services", "domain")
    paths = list(named(rf"`((?:{'|'.join(layers)})/[\w./-]+)`"))
    assert len(paths) > 50
    for page, path in paths:
        assert (ROOT / "functions" / path).exists(), f"{page}: {path}"


def test_every_name_of_the_code_in_backticks_exists() -> None:
    names = list(named(r"`(functions(?:\.\w+){2,})`"))
    assert names
    for page, name in names:
        assert is_importable(name), f"{page}: {name}"


def is_importable(name: str) -> bool:
    """Tell whether a dotted name is a module, or a member of one."""
    module, _, member = name.rpartition(".")
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return hasattr(importlib.import_module(module), member)
