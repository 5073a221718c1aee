"""Keys in Google's Secret Manager: one secret per tenant, of which the latest version counts."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from google.api_core.exceptions import (
    AlreadyExists,
    GoogleAPICallError,
    NotFound,
    PermissionDenied,
    RetryError,
    ServiceUnavailable,
)
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError

from functions.adapters.broker_keys.encoding import as_text, of_text
from functions.domain.broker.credentials import Credentials
from functions.domain.broker.errors import KeysUnavailable

PREFIX = "maestro-broker-"
"""Prefix of all such secrets' names, by which service accounts get read access."""
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_TIMEOUT_SECONDS = 5.0
_RETRY = Retry(predicate=if_exception_type(ServiceUnavailable), initial=0.2, maximum=1.0, timeout=8.0)
"""Time limit of reads: the library's own is a minute, which is all that a feed has."""


def secret_name(tenant_id: str) -> str:
    """
    Return the name of a tenant's secret.

    >>> secret_name("acme"), len(secret_name("a tenant of another shape"))
    ('maestro-broker-acme', 55)
    """
    return PREFIX + (tenant_id if _PLAIN.fullmatch(tenant_id) else sha256(tenant_id.encode()).hexdigest()[:40])


class SecretManagerKeys:
    """
    `BrokerKeys` in Secret Manager.

    Parameters
    ----------
    project : str
        The project that owns the secrets.
    client : SecretManagerServiceClient, optional
        By default created on first use, as its library is slow to import.
    """

    def __init__(self, project: str, client: Any = None) -> None:
        self._project = project
        self._client = client

    def read(self, tenant_id: str) -> Credentials | None:
        name = self._name(tenant_id)
        with _translated(f"reading secret {secret_name(tenant_id)}"):
            try:
                answer = self._service().access_secret_version(
                    request={"name": f"{name}/versions/latest"}, timeout=_TIMEOUT_SECONDS, retry=_RETRY
                )
            except NotFound:
                return None
            content = answer.payload.data
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise KeysUnavailable(f"secret {secret_name(tenant_id)} holds no readable keys") from None
        return of_text(text, f"secret {secret_name(tenant_id)}")

    def write(self, tenant_id: str, credentials: Credentials) -> None:
        """Add a version, and destroy earlier ones: old keys are useful only to a thief."""
        name, service = self._name(tenant_id), self._service()
        with _translated(f"writing secret {secret_name(tenant_id)}"):
            with contextlib.suppress(AlreadyExists):
                service.create_secret(
                    request={
                        "parent": f"projects/{self._project}",
                        "secret_id": secret_name(tenant_id),
                        "secret": {"replication": {"automatic": {}}, "labels": {"maestro": "broker"}},
                    },
                    timeout=_TIMEOUT_SECONDS,
                )
            added = service.add_secret_version(
                request={"parent": name, "payload": {"data": as_text(credentials).encode()}}, timeout=_TIMEOUT_SECONDS
            )
            listed = service.list_secret_versions(
                request={"parent": name, "filter": "NOT state:DESTROYED"}, timeout=_TIMEOUT_SECONDS
            )
            for version in list(listed):  # all pages first: each one destroyed could move those after it forward
                if version.name.rpartition("/")[2] != added.name.rpartition("/")[2]:
                    service.destroy_secret_version(request={"name": version.name}, timeout=_TIMEOUT_SECONDS)

    def delete(self, tenant_id: str) -> None:
        with _translated(f"deleting secret {secret_name(tenant_id)}"), contextlib.suppress(NotFound):
            self._service().delete_secret(request={"name": self._name(tenant_id)}, timeout=_TIMEOUT_SECONDS)

    def _name(self, tenant_id: str) -> str:
        return f"projects/{self._project}/secrets/{secret_name(tenant_id)}"

    def _service(self) -> Any:
        if self._client is None:
            from google.cloud.secretmanager import SecretManagerServiceClient  # noqa: PLC0415 - only if used

            with _translated("reaching Secret Manager"):
                self._client = SecretManagerServiceClient()
        return self._client


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn the library's errors into ours, without their texts, which may quote what was sent."""
    try:
        yield
    except PermissionDenied:
        raise KeysUnavailable(f"{doing}: not allowed; docs/broker.md says who needs which role") from None
    except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
        raise KeysUnavailable(f"{doing}: Secret Manager failed ({type(error).__name__})") from None
