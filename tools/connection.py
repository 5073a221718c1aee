"""Which Firestore the operator's commands work on: the environment's, the running emulators', or the cloud's."""

from __future__ import annotations

import os

from google.auth.exceptions import DefaultCredentialsError
from google.cloud.firestore import Client

from functions.adapters.firestore.client import firestore_client, is_emulated
from functions.adapters.firestore.member_store import FirestoreMemberStore
from functions.services.access.manage_tenants import require_tenant
from tools.access import hints
from tools.local_emulators import running_emulators
from tools.terminal import fail, notes

_PROJECT = ("GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT")
_ELSEWHERE = ("FIREBASE_AUTH_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS", "FIREBASE_CONFIG")
"""Any of these says where to work, whatever emulators run."""


def database() -> Client:
    """
    Return the client that a command works with, after saying on standard error where it works.

    What the environment or --project names wins over emulators that happen to run; emulators that the environment names
    are not announced. Without anything to work on, the command ends with one line that says what to do.
    """
    passed_over = _join_running_emulators()
    if is_emulated() and "GCLOUD_PROJECT" not in os.environ:
        fail("FIRESTORE_EMULATOR_HOST is set, the project is not: set GCLOUD_PROJECT or use --project")
    try:
        client = firestore_client()
    except DefaultCredentialsError as error:
        fail(_what_to_do(error, passed_over))
    except ValueError as error:  # credentials that name no project
        fail(f"{error}: set GCLOUD_PROJECT or use --project")
    if not is_emulated():
        aside = f", not on the emulators that run here: {passed_over}" if passed_over else ""
        notes.print(f"maestro: working on project {client.project} in the cloud{aside}", soft_wrap=True)
    return client


@hints()
def database_of(tenant: str) -> Client:
    """
    Return `database` after checking that it has the tenant.

    Raises
    ------
    InputError
        If there is no such tenant.
    StoreUnavailable
    """
    client = database()
    require_tenant(FirestoreMemberStore(client), tenant)
    return client


def use_project(project: str) -> None:
    """Work on a project, whatever the environment says."""
    os.environ.update(dict.fromkeys(_PROJECT, project))


def _join_running_emulators() -> str | None:
    """Work on the running emulators, or return why they are passed over."""
    if is_emulated() or (found := running_emulators()) is None:
        return None
    if named := next((name for name in _ELSEWHERE if name in os.environ), None):
        return f"{named} is set"
    if _named_project() not in (None, found["GCLOUD_PROJECT"]):
        return f"their project is {found['GCLOUD_PROJECT']}"
    os.environ.update(found)
    where = f"project {found['GCLOUD_PROJECT']}, Firestore at {found['FIRESTORE_EMULATOR_HOST']}"
    notes.print(f"maestro: working on the local emulators ({where})", soft_wrap=True)
    return None


def _named_project() -> str | None:
    return next(filter(None, map(os.environ.get, _PROJECT)), None)


def _what_to_do(error: DefaultCredentialsError, passed_over: str | None) -> str:
    if "GOOGLE_APPLICATION_CREDENTIALS" in os.environ:
        return f"GOOGLE_APPLICATION_CREDENTIALS cannot be used ({error}): correct it, or unset it"
    if project := _named_project():
        return (
            f"there are no credentials for project {project}: run gcloud auth application-default login; for the "
            "local emulators name no project (--project, GCLOUD_PROJECT, GOOGLE_CLOUD_PROJECT)"
        )
    if passed_over:
        return (
            "there are no credentials for the cloud: run gcloud auth application-default login; or work on the "
            f"emulators that run here, which are passed over because {passed_over}"
        )
    return (
        "no emulators run here, and there are no credentials for the cloud: start make dev, or make demo "
        "ARGS=--keep-running, in another terminal; or run gcloud auth application-default login and use --project "
        "YOUR-PROJECT-ID"
    )
