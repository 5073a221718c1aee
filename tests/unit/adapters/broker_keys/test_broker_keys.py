"""Keys in a file of their owner's alone, secrets that no tenant's name leads out of, and no text that shows keys."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.broker_keys.secret_manager import secret_name
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import KeysUnavailable


def test_the_file_is_its_owners_alone_and_knows_another_server(tmp_path: Path) -> None:
    file = tmp_path / "keys.local"
    LocalKeys(file).write("acme", Credentials("k", "s", "http://127.0.0.1:1"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = LocalKeys(file).read("acme")
    assert found is not None
    assert found.base_url == "http://127.0.0.1:1"
    assert [one.name for one in tmp_path.iterdir()] == ["keys.local"]


@pytest.mark.parametrize("text", ["my-secret", "[]", '{"acme": "my-secret"}'])
def test_a_file_that_holds_something_else_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.local"
    file.write_text(text)
    with pytest.raises(KeysUnavailable, match=r"keys\.local") as told:
        LocalKeys(file).read("acme")
    assert "my-secret" not in repr(told.value) + str(told.value)


def test_keys_show_themselves_in_no_text() -> None:
    keys = Credentials("PKMINE", "my-secret")
    assert not any(secret in repr(keys) + str([keys]) for secret in ("PKMINE", "my-secret"))


@pytest.mark.parametrize("tenant", ["a/b", "ä", "x" * 300, "projects/p/secrets/other", ""])
def test_no_tenants_name_leads_out_of_its_own_secret(tenant: str) -> None:
    name = secret_name(tenant)
    assert name.startswith("maestro-broker-")
    assert name.isascii()
    assert "/" not in name
    assert len(name) <= 255
