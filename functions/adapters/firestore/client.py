"""The Firestore client: without credentials in the emulator, with the default ones in the cloud."""

from __future__ import annotations

import os
from functools import cache

import firebase_admin
from firebase_admin import credentials, firestore
from google.api_core.exceptions import DeadlineExceeded, ServiceUnavailable
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client

TIMEOUT_SECONDS = 5.0

READ_RETRY = Retry(
    predicate=if_exception_type(ServiceUnavailable, DeadlineExceeded), initial=0.1, maximum=1.0, timeout=10.0
)
"""For reads and repeatable writes, 10 s at most; any other commit may have been applied although it failed."""


class EmulatorCredential(credentials.Base):  # type: ignore[misc]  # firebase_admin ships no types
    """Placeholder for the credential, which the emulators do not need; never used when deployed."""

    def get_credential(self) -> AnonymousCredentials:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]


def is_emulated() -> bool:
    """Return whether Firestore is the local emulator; the emulators set the variable, the cloud never does."""
    return "FIRESTORE_EMULATOR_HOST" in os.environ


def firestore_client() -> Client:
    """Return the process's client, initialising Firebase on first use."""
    try:
        firebase_admin.get_app()
    except ValueError:
        if is_emulated():
            firebase_admin.initialize_app(EmulatorCredential(), {"projectId": os.environ["GCLOUD_PROJECT"]})
        else:
            firebase_admin.initialize_app()
    if is_emulated():  # the SDK's Firestore triggers would first create an app that looks for real credentials
        return _emulator_client(os.environ["GCLOUD_PROJECT"])
    client: Client = firestore.client()
    return client


@cache
def _emulator_client(project: str) -> Client:
    return Client(project=project, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
