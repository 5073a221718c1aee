"""Wherever keys are kept, they are read, replaced and deleted alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.broker_keys.secret_manager import SecretManagerKeys
from functions.domain.broker.credentials import Credentials
from functions.services.broker.connection_ports import BrokerKeys
from tests.servers.broker.secret_manager_server import serving_secrets

KEYS, OTHERS = Credentials("PKMINE", "my-secret"), Credentials("PKNEW", "new-secret")


@pytest.fixture(params=["file", "secret manager"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerKeys]:
    if request.param == "file":
        yield LocalKeys(tmp_path / "keys.local")
        return
    with serving_secrets() as (_, client):
        yield SecretManagerKeys("p", client)


def test_keys_are_kept_for_each_tenant_replaced_and_deleted(keys: BrokerKeys) -> None:
    assert keys.read("acme") is None
    keys.write("acme", KEYS)
    keys.write("beta", OTHERS)
    assert (keys.read("acme"), keys.read("beta")) == (KEYS, OTHERS)
    keys.write("acme", OTHERS)
    assert keys.read("acme") == OTHERS
    keys.delete("acme")
    keys.delete("acme")
    assert (keys.read("acme"), keys.read("beta")) == (None, OTHERS)
