"""Which Firestore the operator's commands work on: the environment's, the running emulators', or the cloud's."""

from __future__ import annotations

import os

from google.auth.exceptions import DefaultCredentialsError
from google.cloud.firestore import Client

from functions.adapters.firestore.client import firestore_client, is_emulated
from functions.adapters.firestore.member_store import FirestoreMemberStore
from functions.domain.kernel.errors import UnknownTenantError
from tools.access import hints
from tools.local_emulators import running_emulators
from tools.terminal import fail, notes

_PROJECT = ("GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT")
_ELSEWHERE = (
    "FIRESTORE_EMULATOR_HOST",
    "FIREBASE_AUTH_EMULATOR_HOST",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "FIREBASE_CONFIG",
)
"""Any of these says where to work, so that no emulators are looked for."""


def database() -> Client:
    """
    Return the client that a command works with, having said on standard error if it is the local emulators'.

    What the environment or --project names wins over emulators that happen to run. Without anything to work on, the
    command ends with one line that says what to do.
    """
    _join_running_emulators()
    if is_emulated() and "GCLOUD_PROJECT" not in os.environ:
        fail("FIRESTORE_EMULATOR_HOST is set, the project is not: set GCLOUD_PROJECT or use --project")
    try:
        return firestore_client()
    except DefaultCredentialsError as error:
        fail(_what_to_do(error))
    except ValueError as error:  # credentials that name no project
        fail(f"{error}: set GCLOUD_PROJECT or use --project")


@hints()
def database_of(tenant: str) -> Client:
    """
    Return `database`, which has the tenant.

    Raises
    ------
    InputError
        If there is no such tenant.
    StoreUnavailable
    """
    client = database()
    is_name = tenant and "/" not in tenant
    if not is_name or FirestoreMemberStore(client).tenant(tenant) is None:
        raise UnknownTenantError(tenant)
    return client


def use_project(project: str) -> None:
    """Work on a project, whatever the environment says."""
    os.environ.update(dict.fromkeys(_PROJECT, project))


def _join_running_emulators() -> None:
    if any(name in os.environ for name in _ELSEWHERE):
        return
    found = running_emulators()
    if found is None or _named_project() not in (None, found["GCLOUD_PROJECT"]):
        return
    os.environ.update(found)
    where = f"project {found['GCLOUD_PROJECT']}, Firestore at {found['FIRESTORE_EMULATOR_HOST']}"
    notes.print(f"maestro: working on the local emulators ({where})", soft_wrap=True)


def _named_project() -> str | None:
    return next(filter(None, map(os.environ.get, _PROJECT)), None)


def _what_to_do(error: DefaultCredentialsError) -> str:
    if "GOOGLE_APPLICATION_CREDENTIALS" in os.environ:
        return f"GOOGLE_APPLICATION_CREDENTIALS cannot be used ({error}): correct it, or unset it"
    if project := _named_project():
        return (
            f"there are no credentials for project {project}: run gcloud auth application-default login; for the "
            "local emulators name no project (--project, GCLOUD_PROJECT, GOOGLE_CLOUD_PROJECT)"
        )
    return (
        "no emulators run here, and there are no credentials for the cloud: start make dev, or make demo "
        "ARGS=--keep-running, in another terminal; or run gcloud auth application-default login and use --project "
        "YOUR-PROJECT-ID"
    )
