"""DASHBOARD_URL: what links in notifications may begin with."""

from __future__ import annotations

import pytest

from functions.domain.kernel.errors import InputError
from functions.domain.monitoring.alerts import AlertKind
from functions.domain.monitoring.links import LIMIT, read_dashboard_url
from functions.domain.monitoring.setting_findings import malformed_settings


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("  ", ""),
        ("https://desk.example.com", "https://desk.example.com"),
        (" https://desk.example.com/ ", "https://desk.example.com"),
        ("https://desk.example.com:8443", "https://desk.example.com:8443"),
        ("HTTPS://acme.web.app", "HTTPS://acme.web.app"),
        ("http://localhost:5000/", "http://localhost:5000"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_an_origin_is_taken_without_its_slash(text: str, url: str) -> None:
    assert read_dashboard_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "desk.example.com",
        "http://desk.example.com",
        "http://localhost.example.com",
        "http://10.0.0.7",
        "ftp://desk.example.com",
        "javascript:alert(1)",
        "https://",
        "https:///now",
        "https://desk.example.com/maestro",
        "https://desk.example.com//",
        "https://desk.example.com?tenant=acme",
        "https://desk.example.com#now",
        "https://desk.example.com/#",
        "https://desk.example.com:99999",
        "https://desk.example.com:port",
        "https://[::1",
        "https://desk example.com",
        "https://desk.example.com\\@evil.example",
        "https://désk.example.com",
        "https://desk.example.com\nhttps://evil.example",
        f"https://{'a' * 200}.example.com",
    ],
)
def test_anything_else_is_refused_by_name_limit_and_value(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_dashboard_url(text)
    assert (refused.value.field, refused.value.limit) == ("DASHBOARD_URL", LIMIT)
    assert str(refused.value).startswith(f"DASHBOARD_URL must be {LIMIT}, was ")


@pytest.mark.parametrize("text", ["https://olga:hunter2@desk.example.com", "https://hunter2@desk.example.com/@x"])
def test_a_password_in_it_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_dashboard_url(text)
    assert "hunter2" not in str(refused.value)


def test_an_alert_says_what_is_wrong_and_what_happens_until_it_is_corrected() -> None:
    with pytest.raises(InputError) as refused:
        read_dashboard_url("desk.example.com")
    (found,) = malformed_settings([refused.value])
    assert (found.key, found.kind, found.is_event) == ("setting:DASHBOARD_URL", AlertKind.SETTING, False)
    assert found.detail.startswith(str(refused.value))
    assert "notifications carry no links" in found.detail
