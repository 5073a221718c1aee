"""Keys in Secret Manager, by the official client over a channel: old versions destroyed, damage and refusals told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc
import pytest
from google.cloud.secretmanager_v1 import SecretManagerServiceClient

from functions.adapters.broker_keys.secret_manager import SecretManagerKeys
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import KeysUnavailable
from tests.servers.broker.secret_manager_server import RefusedCallError, SecretManagerServer, State, serving_secrets

KEYS, OTHERS = Credentials("PKMINE", "my-secret"), Credentials("PKNEW", "new-secret")
SECRET = "projects/p/secrets/maestro-broker-acme"


@pytest.fixture
def both() -> Iterator[tuple[SecretManagerServer, SecretManagerServiceClient]]:
    with serving_secrets() as both:
        yield both


@pytest.fixture
def server(both: tuple[SecretManagerServer, SecretManagerServiceClient]) -> SecretManagerServer:
    return both[0]


@pytest.fixture
def client(both: tuple[SecretManagerServer, SecretManagerServiceClient]) -> SecretManagerServiceClient:
    return both[1]


@pytest.fixture
def keys(client: SecretManagerServiceClient) -> SecretManagerKeys:
    return SecretManagerKeys("p", client)


def test_every_version_but_the_newest_is_destroyed_over_pages_and_after_an_interruption(
    keys: SecretManagerKeys, client: SecretManagerServiceClient, server: SecretManagerServer
) -> None:
    keys.write("acme", KEYS)
    for content in (b"left", b"by", b"an", b"interruption"):
        client.add_secret_version(request={"parent": SECRET, "payload": {"data": content}})
    keys.write("acme", OTHERS)
    assert [one.state for one in server.secrets[SECRET]] == [State.DESTROYED] * 5 + [State.ENABLED]
    assert len(server.contents) == 1
    assert keys.read("acme") == OTHERS


@pytest.mark.parametrize("how", ["disable_secret_version", "destroy_secret_version"])
def test_a_version_that_somebody_disabled_or_destroyed_is_told_and_a_new_one_mends_it(
    keys: SecretManagerKeys, client: SecretManagerServiceClient, how: str
) -> None:
    keys.write("acme", KEYS)
    getattr(client, how)(request={"name": f"{SECRET}/versions/1"})
    with pytest.raises(KeysUnavailable, match=r"reading secret maestro-broker-acme: .*FailedPrecondition"):
        keys.read("acme")
    keys.write("acme", OTHERS)
    assert keys.read("acme") == OTHERS


def test_a_secret_without_any_version_has_no_keys(keys: SecretManagerKeys, client: SecretManagerServiceClient) -> None:
    client.create_secret(
        request={
            "parent": "projects/p",
            "secret_id": "maestro-broker-acme",
            "secret": {"replication": {"automatic": {}}},
        }
    )
    assert keys.read("acme") is None
    keys.write("acme", KEYS)
    assert keys.read("acme") == KEYS


@pytest.mark.parametrize("content", [b"my-secret", b"\xff", b"[]", b'{"key_id": "PKMINE", "secret": 7}'])
def test_a_secret_that_holds_something_else_is_named_and_not_shown(
    keys: SecretManagerKeys, client: SecretManagerServiceClient, content: bytes
) -> None:
    keys.write("acme", KEYS)
    client.add_secret_version(request={"parent": SECRET, "payload": {"data": content}})
    with pytest.raises(KeysUnavailable, match="maestro-broker-acme holds no readable keys") as told:
        keys.read("acme")
    assert not any(one in repr(told.value) + str(told.value) for one in ("PKMINE", "my-secret"))


def test_who_may_not_is_told_so_without_the_services_words(
    keys: SecretManagerKeys, server: SecretManagerServer
) -> None:
    doings: list[Callable[[], object]] = [
        lambda: keys.read("acme"),
        lambda: keys.write("acme", KEYS),
        lambda: keys.delete("acme"),
    ]
    for doing in doings:
        server.refusals = [RefusedCallError(grpc.StatusCode.PERMISSION_DENIED, "Permission denied on my-secret")]
        with pytest.raises(KeysUnavailable, match=r"secret maestro-broker-acme: not allowed; docs/broker\.md") as told:
            doing()
        assert "my-secret" not in repr(told.value) + str(told.value)


def test_a_read_that_fails_for_a_moment_is_repeated_and_one_that_fails_on_is_told_in_time(
    keys: SecretManagerKeys, server: SecretManagerServer
) -> None:
    keys.write("acme", KEYS)
    unavailable = RefusedCallError(grpc.StatusCode.UNAVAILABLE, "try again")
    server.refusals = [unavailable, unavailable]
    server.calls.clear()
    assert keys.read("acme") == KEYS
    assert server.calls == ["AccessSecretVersion"] * 3
    server.refusals = [RefusedCallError(grpc.StatusCode.INTERNAL, "my-secret")]
    with pytest.raises(KeysUnavailable, match="InternalServerError") as told:
        keys.read("acme")
    assert "my-secret" not in repr(told.value) + str(told.value)
    assert told.value.__suppress_context__
