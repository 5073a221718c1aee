"""Keys are kept, read and forgotten; nothing but who asks for them ever shows them."""

from __future__ import annotations

import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import AlreadyExists, NotFound, PermissionDenied, ServiceUnavailable

from functions.adapters.broker_keys.local_file import LocalKeys
from functions.adapters.broker_keys.secret_manager import SecretManagerKeys, secret_name
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import KeysUnavailable
from functions.services.broker.connection_ports import BrokerKeys

KEYS, OTHERS = Credentials("PKMINE", "my-secret"), Credentials("PKNEW", "new-secret")
SECRETS = ("PKMINE", "my-secret", "PKNEW", "new-secret")


class FakeService:
    """Secret Manager, as far as it is asked."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, bytes]] = {}
        self.error: Exception | None = None

    def access_secret_version(self, *, request: dict[str, Any], timeout: float, retry: Any) -> Any:
        self._check(timeout)
        assert retry.timeout < 10, "a feed has a minute for everything"
        found = self.versions.get(request["name"].removesuffix("/versions/latest"))
        if not found:
            raise NotFound("no such secret")  # type: ignore[no-untyped-call]
        return SimpleNamespace(payload=SimpleNamespace(data=list(found.values())[-1]))

    def create_secret(self, *, request: dict[str, Any], timeout: float) -> None:
        self._check(timeout)
        name = f"{request['parent']}/secrets/{request['secret_id']}"
        if name in self.versions:
            raise AlreadyExists("it is there")  # type: ignore[no-untyped-call]
        self.versions[name] = {}

    def add_secret_version(self, *, request: dict[str, Any], timeout: float) -> Any:
        self._check(timeout)
        number = str(len(self.versions[request["parent"]]) + 1)
        self.versions[request["parent"]][number] = request["payload"]["data"]
        return SimpleNamespace(name=f"projects/123/secrets/x/versions/{number}")

    def list_secret_versions(self, *, request: dict[str, Any], timeout: float) -> list[Any]:
        self._check(timeout)
        return [SimpleNamespace(name=f"{request['parent']}/versions/{one}") for one in self.versions[request["parent"]]]

    def destroy_secret_version(self, *, request: dict[str, Any], timeout: float) -> None:
        self._check(timeout)
        name, _, number = request["name"].rpartition("/versions/")
        del self.versions[name][number]

    def delete_secret(self, *, request: dict[str, Any], timeout: float) -> None:
        self._check(timeout)
        if self.versions.pop(request["name"], None) is None:
            raise NotFound("no such secret")  # type: ignore[no-untyped-call]

    def _check(self, timeout: float) -> None:
        assert timeout <= 5
        if self.error is not None:
            raise self.error


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture(params=["file", "secret manager"])
def keys(request: pytest.FixtureRequest, tmp_path: Path, service: FakeService) -> BrokerKeys:
    return LocalKeys(tmp_path / "keys.local") if request.param == "file" else SecretManagerKeys("p", service)


def test_keys_are_kept_for_each_tenant_replaced_and_forgotten(keys: BrokerKeys) -> None:
    assert keys.read("acme") is None
    keys.write("acme", KEYS)
    keys.write("beta", OTHERS)
    assert (keys.read("acme"), keys.read("beta")) == (KEYS, OTHERS)
    keys.write("acme", OTHERS)
    assert keys.read("acme") == OTHERS
    keys.delete("acme")
    keys.delete("acme")
    assert (keys.read("acme"), keys.read("beta")) == (None, OTHERS)


def test_old_versions_of_a_secret_are_destroyed(service: FakeService) -> None:
    keys = SecretManagerKeys("p", service)
    keys.write("acme", KEYS)
    keys.write("acme", OTHERS)
    assert [b"PKNEW" in one for one in service.versions["projects/p/secrets/maestro-broker-acme"].values()] == [True]


@pytest.mark.parametrize("error", [PermissionDenied, ServiceUnavailable])
def test_what_secret_manager_says_is_not_repeated(service: FakeService, error: type[Exception]) -> None:
    service.error = error("my-secret")
    with pytest.raises(KeysUnavailable, match="secret maestro-broker-acme") as told:
        SecretManagerKeys("p", service).read("acme")
    assert "my-secret" not in repr(told.value) + str(told.value)
    assert told.value.__suppress_context__


def test_a_secret_that_holds_something_else_is_named_and_not_shown(service: FakeService, tmp_path: Path) -> None:
    for content in (b"my-secret", b"\xff", b"[]", b'{"key_id": "PKMINE", "secret": 7}'):
        service.versions["projects/p/secrets/maestro-broker-acme"] = {"1": content}
        with pytest.raises(KeysUnavailable, match="holds no readable keys") as told:
            SecretManagerKeys("p", service).read("acme")
        assert not any(one in repr(told.value) for one in SECRETS)
    file = tmp_path / "keys.local"
    for text in ("my-secret", "[]", '{"acme": "my-secret"}'):
        file.write_text(text)
        with pytest.raises(KeysUnavailable, match=r"keys\.local") as told:
            LocalKeys(file).read("acme")
        assert "my-secret" not in repr(told.value)


def test_the_file_is_its_owners_alone_and_knows_another_server(tmp_path: Path) -> None:
    file = tmp_path / "keys.local"
    LocalKeys(file).write("acme", Credentials("k", "s", "http://127.0.0.1:1"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = LocalKeys(file).read("acme")
    assert found is not None
    assert found.base_url == "http://127.0.0.1:1"
    assert [one.name for one in tmp_path.iterdir()] == ["keys.local"]


def test_keys_show_themselves_in_no_text() -> None:
    assert not any(secret in repr(KEYS) + str([OTHERS]) for secret in SECRETS)


@pytest.mark.parametrize("tenant", ["a/b", "ä", "x" * 300, "projects/p/secrets/other", ""])
def test_no_tenants_name_leads_out_of_its_own_secret(tenant: str) -> None:
    name = secret_name(tenant)
    assert name.startswith("maestro-broker-")
    assert name.isascii()
    assert "/" not in name
    assert len(name) <= 255
