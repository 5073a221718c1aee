"""Every alert leads to a page that the dashboard has."""

from __future__ import annotations

import re

import pytest

from functions.domain.monitoring.alerts import AlertKind
from functions.domain.monitoring.pages import PAGES, page_of
from tools.prerequisites import DASHBOARD

FIELDS = {"strategy_name": "A/B & C?", "session_id": "maestro_1"}


def test_every_kind_of_alert_has_a_page() -> None:
    assert set(PAGES) == set(AlertKind)


def test_every_page_is_a_route_of_the_dashboard() -> None:
    routes = set(re.findall(r'<Route path="([^"]+)"', (DASHBOARD / "src/app.tsx").read_text(encoding="utf-8")))
    assert "/" in routes
    for page in PAGES.values():
        path = re.sub(r"\{session_id\}", ":session", page.partition("?")[0]).replace("{strategy_name}", ":name")
        assert path in routes


@pytest.mark.parametrize(
    ("kind", "key", "page"),
    [
        ("MODE_DOWN", "mode:A/B & C?", "/strategies/A%2FB%20%26%20C%3F"),
        ("SYSTEMIC_RISK", "systemic-risk", "/decisions/maestro_1"),
        ("LOAD_ERROR", "load-error:strategies/own.py: Own", "/decisions?strategy=strategies%2Fown.py%3A%20Own"),
        ("DRIFT", "drift", "/positions"),
        ("OF_TOMORROW", "x", "/"),
    ],
)
def test_a_page_names_what_the_alert_is_about(kind: str, key: str, page: str) -> None:
    assert page_of(kind, key, FIELDS) == page


@pytest.mark.parametrize(
    "name",
    [
        "//evil.example",
        "javascript:alert(1)",
        "a\r\nSet-Cookie: x",
        "@evil.example",
        "{session_id}",
        "?a=1#b",
        "\ud800",
    ],
)
def test_no_name_leads_elsewhere_or_keeps_an_alert_from_people(name: str) -> None:
    for kind in PAGES:
        page = page_of(kind, f"x:{name}", {"strategy_name": name, "session_id": name})
        assert re.fullmatch(r"/([a-z]+)?(/[A-Za-z0-9%._~-]+|\?strategy=[A-Za-z0-9%._~-]+)?", page)


def test_without_a_name_it_is_the_first_page() -> None:
    assert page_of("MODE_UP", "mode-up:s:Trend", {}) == "/"
