"""What the dashboard says of the system is so; its pages are tested in tests/browser."""

from __future__ import annotations

import json
import re
from typing import Any

from functions.domain.access.roles import Role
from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.policy import TradingState
from functions.domain.monitoring.alerts import alert_id
from functions.settings import REGION
from tools.firebase_config import config_with
from tools.ports import DEFAULT_PORTS
from tools.prerequisites import ROOT

SOURCE = ROOT / "dashboard" / "src"


def test_the_words_of_the_domain_are_spelled_alike() -> None:
    model = (SOURCE / "model.ts").read_text(encoding="utf-8")
    for name, kind in (("Mode", AgentMode), ("Role", Role), ("TradingState", TradingState)):
        (spelled,) = re.findall(rf"^export type {name} = (.+);$", model, re.MULTILINE)
        assert re.findall(r'"(\w+)"', spelled) == list(kind)


def test_hosting_sends_the_api_to_the_region_it_runs_in() -> None:
    (rewrite,) = [one for one in hosting()["rewrites"] if "function" in one]
    assert rewrite["function"] == {"functionId": "api", "region": REGION}


def test_the_content_security_policy_names_firebase_and_nobody_else() -> None:
    directives = dict(part.strip().split(" ", 1) for part in policy_of(hosting()).split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    hosts = directives["connect-src"].split()
    assert hosts[0] == "'self'"
    assert all(re.fullmatch(r"https://\w+\.googleapis\.com", host) for host in hosts[1:])
    assert "unsafe" not in policy_of(hosting())


def test_only_the_emulators_configuration_lets_the_dashboard_talk_to_them() -> None:
    assert json.loads((ROOT / "dashboard/public/emulators.json").read_text()) == {}
    assert "redirects" not in hosting()
    emulated = config_with(DEFAULT_PORTS)["hosting"]
    (redirect,) = emulated["redirects"]
    assert redirect["destination"] == f"http://127.0.0.1:{DEFAULT_PORTS['hub']}/emulators"
    assert f"http://127.0.0.1:{DEFAULT_PORTS['firestore']}" in policy_of(emulated)
    assert "127.0.0.1" not in policy_of(hosting())


def test_health_names_headings_that_the_runbook_has_and_the_alert_of_missed_cycles() -> None:
    said = (SOURCE / "cockpit/health.ts").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE))
    named = {"Every BUY is HOLD", "The position book", "Performance", "Broker and books differ"}
    named |= {"A broker's keys are lost, or its feed fails", "No decision, and the market is open"}
    assert named <= headings
    assert all(f'"{one}"' in said for one in named)
    assert f'"{alert_id("missed-cycles")}"' in (SOURCE / "paths.ts").read_text(encoding="utf-8")


def hosting() -> dict[str, Any]:
    config: dict[str, Any] = json.loads((ROOT / "firebase.json").read_text())["hosting"]
    return config


def policy_of(config: dict[str, Any]) -> str:
    everywhere = config["headers"][0]
    assert everywhere["source"] == "**"
    (value,) = [one["value"] for one in everywhere["headers"] if one["key"] == "Content-Security-Policy"]
    return str(value)
