"""The operator's command line, run in this process: a process of its own takes seconds to start."""

from __future__ import annotations

import contextlib
import io
import subprocess

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.client import firestore_client
from tools.maestro import app
from tools.maestro import run as run_command

Finished = subprocess.CompletedProcess[str]


def run(*words: str, stdin: str = "") -> Finished:
    """Run a command on the emulators of this process's environment."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setattr("sys.stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            run_command(lambda: app(list(words)))
    return Finished(words, int(ended.value.code or 0), out.getvalue(), err.getvalue())


def maestro(db: Client, *words: str) -> Finished:
    """Run a command on a database's project."""
    firestore_client()  # Firebase keeps the project that it is first asked about: this process's
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"):
            patch.setenv(name, str(db.project))
        return run(*words)
