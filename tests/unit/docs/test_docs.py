"""What the documents say of the code is so."""

from __future__ import annotations

import json
import re

from typer.testing import CliRunner

from functions.adapters.structured_logging import FIELDS
from functions.domain.monitoring.alerts import AlertKind
from functions.domain.monitoring.channels import read_channels
from tools.maestro import app
from tools.prerequisites import ROOT


def test_every_test_that_shows_an_invariant_exists() -> None:
    named = re.findall(r"`(tests/[^`]+)`", (ROOT / "docs" / "invariants.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    for name in named:
        path, _, test = name.partition("::")
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not test or re.search(rf"^(def|class) {test}\b|^{test} = ", source, re.MULTILINE), name


def test_the_monitoring_page_lists_every_kind_of_alert() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(AlertKind)


def test_the_channels_shown_are_channels() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```json\n(.+?)```", page, re.DOTALL)
    channels = read_channels(json.loads(shown.replace("…", "T0")))
    assert (list(channels.usable), channels.problems) == (["desk", "night", "own", "phones"], {})


def test_the_log_queries_name_fields_that_records_have() -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert set(re.findall(r"jsonPayload\.(\w+)", page)) <= {*FIELDS, "message"}


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in (
        one
        for one in ROOT.rglob("[!.]*.md")
        if not {"node_modules", "venv", ".venv", ".setup", ".pytest_cache"} & {*one.parts}
        and one.name != "users-guide.md"  # as its owner wrote it, with links into the owner's tree
    ):
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_make_target_that_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        named = set(re.findall(r"(?:^    |`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets, f"{page.name}: {named - targets}"


def test_every_operator_command_that_documents_name_exists() -> None:
    commands = set(re.findall(r"[│|]?\s{1,2}([a-z-]+)\s{2,}", help_of("--help")))
    groups = {name: help_of(name, "--help") for name in ("tenant", "user", "channel", "book")}
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for words in re.findall(r'make maestro ARGS="(?:--project \S+ )?([a-z][^"]*)"', text):
            name, *rest = words.split()
            assert name in commands, f"{page.name}: {words}"
            assert name not in groups or rest[0] in groups[name], f"{page.name}: {words}"


def help_of(*words: str) -> str:
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"}).output
