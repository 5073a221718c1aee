"""A version has one home, and the changelog is one that a release can be cut from."""

from __future__ import annotations

import json
import re
import tomllib

from functions.version import VERSION
from tools.prerequisites import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
LAYERS = ("adapters", "domain", "sandbox", "services", "strategies", "triggers")
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_whatever_names_a_version_names_the_functions_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    contract = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert {project["version"], contract["info"]["version"]} == {VERSION}
    for manifest in ("package.json", "dashboard/package.json"):
        assert "version" not in json.loads((ROOT / manifest).read_text(encoding="utf-8")), "they are not published"


def test_the_changelog_begins_with_what_is_unreleased_and_its_newest_release_is_this_version() -> None:
    heads = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert heads[0] == "Unreleased"
    releases = [re.fullmatch(r"\[?(\d+\.\d+\.\d+)\]? - \d{4}-\d\d-\d\d", head) for head in heads[1:]]
    assert all(releases), heads
    versions = [one[1] for one in releases if one]
    assert versions == sorted(versions, key=numbers, reverse=True)
    assert versions[:1] in ([], [VERSION])


def test_every_change_is_under_one_of_the_six_kinds_in_their_order() -> None:
    for release in re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]:
        head, *sections = re.split(r"^### ", release, flags=re.MULTILINE)
        assert "\n-" not in head, "a line without a kind"
        kinds = [section.partition("\n")[0] for section in sections]
        assert kinds == [kind for kind in KINDS if kind in kinds]


def test_what_is_deprecated_says_when_it_goes_and_is_gone_then() -> None:
    for section in re.findall(r"^### Deprecated\n(.*?)(?=^##|\Z)", CHANGELOG, re.MULTILINE | re.DOTALL):
        for line in re.split(r"^- ", section, flags=re.MULTILINE)[1:]:
            goes = re.search(r"gone in (\d+\.\d+\.\d+)", line)
            assert goes, line
            name = re.findall(r"`([^`]+)`", line)[0]
            files = [path for layer in LAYERS for path in (ROOT / "functions" / layer).rglob("*.py")]
            code = "".join(path.read_text(encoding="utf-8") for path in files)
            assert (name in code) == (numbers(VERSION) < numbers(goes[1])), line
