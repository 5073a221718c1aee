"""Secret Manager as a gRPC server on this machine, of the official library's own messages: the real client asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.cloud.secretmanager_v1.types import resources, service
from google.protobuf import empty_pb2  # type: ignore[import-untyped]

State = resources.SecretVersion.State
NUMBER = "projects/4711"
"""Answers name the project by its number, whatever a request calls it."""


class RefusedCallError(Exception):
    """A call that is answered with a status."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class SecretManagerServer:
    """Secrets in memory; what it does is what the service's reference says of each method."""

    secrets: dict[str, list[resources.SecretVersion]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    refusals: list[RefusedCallError] = field(default_factory=list)
    """The next calls' answers."""
    calls: list[str] = field(default_factory=list)

    def create(self, request: service.CreateSecretRequest) -> resources.Secret:
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self.secrets:
            raise RefusedCallError(grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        self.secrets[name] = []
        return resources.Secret(name=_numbered(name), replication=request.secret.replication)

    def add(self, request: service.AddSecretVersionRequest) -> resources.SecretVersion:
        versions = self._versions(request.parent)
        name = f"{_numbered(request.parent)}/versions/{len(versions) + 1}"
        versions.append(resources.SecretVersion(name=name, state=State.ENABLED))
        self.contents[name] = request.payload.data
        return versions[-1]

    def access(self, request: service.AccessSecretVersionRequest) -> service.AccessSecretVersionResponse:
        found = self._version(request.name)
        if found.state != State.ENABLED:
            raise RefusedCallError(
                grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{found.name}] is in {found.state.name} state."
            )
        payload = resources.SecretPayload(data=self.contents[found.name])
        return service.AccessSecretVersionResponse(name=found.name, payload=payload)

    def list_versions(self, request: service.ListSecretVersionsRequest) -> service.ListSecretVersionsResponse:
        assert request.filter in ("", "NOT state:DESTROYED")
        found = [one for one in self._versions(request.parent) if not request.filter or one.state != State.DESTROYED]
        first, size = int(request.page_token or 0), 2
        newest = found[::-1][first : first + size]
        token = str(first + size) if first + size < len(found) else ""
        return service.ListSecretVersionsResponse(versions=newest, next_page_token=token, total_size=len(found))

    def destroy(self, request: service.DestroySecretVersionRequest) -> resources.SecretVersion:
        found = self._version(request.name)
        found.state = State.DESTROYED  # type: ignore[assignment]  # the stubs say int
        self.contents.pop(found.name, None)
        return found

    def disable(self, request: service.DisableSecretVersionRequest) -> resources.SecretVersion:
        found = self._version(request.name)
        found.state = State.DISABLED  # type: ignore[assignment]
        return found

    def delete(self, request: service.DeleteSecretRequest) -> empty_pb2.Empty:
        self._versions(request.name)
        del self.secrets[request.name]
        return empty_pb2.Empty()

    def _versions(self, name: str) -> list[resources.SecretVersion]:
        known = {_numbered(one): one for one in self.secrets}
        if _numbered(name) not in known:
            raise RefusedCallError(grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found or has no versions.")
        return self.secrets[known[_numbered(name)]]

    def _version(self, name: str) -> resources.SecretVersion:
        secret, _, number = name.rpartition("/versions/")
        versions = self._versions(secret)
        found = versions[-1:] if number == "latest" else [one for one in versions if one.name.endswith(f"/{number}")]
        if not found:
            raise RefusedCallError(grpc.StatusCode.NOT_FOUND, f"Secret Version [{name}] not found.")
        return found[0]

    def handlers(self) -> grpc.GenericRpcHandler:
        answers: dict[str, tuple[Callable[[Any], Any], Any]] = {
            "CreateSecret": (self.create, service.CreateSecretRequest),
            "AddSecretVersion": (self.add, service.AddSecretVersionRequest),
            "AccessSecretVersion": (self.access, service.AccessSecretVersionRequest),
            "ListSecretVersions": (self.list_versions, service.ListSecretVersionsRequest),
            "DestroySecretVersion": (self.destroy, service.DestroySecretVersionRequest),
            "DisableSecretVersion": (self.disable, service.DisableSecretVersionRequest),
            "DeleteSecret": (self.delete, service.DeleteSecretRequest),
        }
        methods = {
            name: grpc.unary_unary_rpc_method_handler(
                self._answering(name, answer), request_deserializer=asked.deserialize, response_serializer=_bytes
            )
            for name, (answer, asked) in answers.items()
        }
        return grpc.method_handlers_generic_handler("google.cloud.secretmanager.v1.SecretManagerService", methods)

    def _answering(self, name: str, answer: Callable[[Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
        def answered(request: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(name)
            try:
                if self.refusals:
                    raise self.refusals.pop(0)
                return answer(request)
            except RefusedCallError as error:
                context.abort(error.code, str(error))

        return answered


def _numbered(name: str) -> str:
    return "/".join([NUMBER, *name.split("/")[2:]])


def _bytes(answer: Any) -> bytes:
    is_plain = isinstance(answer, empty_pb2.Empty)
    content: bytes = answer.SerializeToString() if is_plain else type(answer).serialize(answer)
    return content


@contextmanager
def serving_secrets() -> Iterator[tuple[SecretManagerServer, SecretManagerServiceClient]]:
    """Yield a server and the official client of it, over a real channel."""
    secrets = SecretManagerServer()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers((secrets.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    try:
        yield secrets, SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))
    finally:
        channel.close()
        server.stop(None).wait()
