"""The GitHub workflow runs what CI runs."""

from __future__ import annotations

import re
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from tools.prerequisites import MIN_JAVA, MIN_NODE, ROOT, runtime_version


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    found: list[dict[str, Any]] = job["steps"]
    return found


def test_it_calls_the_targets_that_ci_calls() -> None:
    ours = re.findall(r"^make .+$", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    assert [step["run"] for step in steps() if "run" in step] == ["make setup", *ours]


def test_its_tools_are_new_enough() -> None:
    options = {str(step["uses"]).split("@")[0].split("/")[1]: step["with"] for step in steps() if "with" in step}
    assert options["setup-python"]["python-version"] == runtime_version()
    assert int(options["setup-node"]["node-version"]) >= MIN_NODE[0]
    assert int(options["setup-java"]["java-version"]) >= MIN_JAVA
