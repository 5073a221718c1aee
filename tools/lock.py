"""Compile the pinned requirements and the npm lock file from scratch, naming no registry and no machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tools.prerequisites import ROOT, SETUP, runtime_version
from tools.setup import uv

COMPILED = {
    "functions/requirements.in": "functions/requirements.txt",
    "requirements-tools.in": "requirements-tools.txt",
    "requirements-lab.in": "requirements-lab.txt",
    "requirements-dev.in": "requirements-dev.txt",
}
"""Requirements by what they are compiled from; each reads the result of the one before it."""
NPM_LOCK = "package-lock.json"
ALSO_READ = (
    "functions/strategies/requirements.in",
    "package.json",
    "dashboard/package.json",
    "tools/api_types/package.json",
    ".npmrc",
)


def main() -> int:
    written: list[str] = []
    try:
        SETUP.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="lock-", dir=SETUP) as folder:
            for name in lock_in(Path(folder)):
                (Path(folder) / name).replace(ROOT / name)
                written.append(name)
                print(f"wrote {name}")
    except subprocess.CalledProcessError as error:  # while they are made, in a folder of their own
        return failed(f"{error.cmd[0]} failed, and nothing was changed: see above")
    except (OSError, TypeError, ValueError) as error:
        if written:
            return failed(f"{error}: only {', '.join(written)} changed")
        return failed(f"{error}: nothing was changed")
    return 0


def failed(message: str) -> int:
    print(f"lock: {message}", file=sys.stderr)
    return 1


def lock_in(folder: Path) -> list[str]:
    """Make every lock file in a folder, from copies of what it is made from, and return their names."""
    written = [*COMPILED.values(), NPM_LOCK]
    copy([*COMPILED, *written, *ALSO_READ], folder)
    for source, compiled in COMPILED.items():
        options = [
            "--quiet",
            "--upgrade",
            "--generate-hashes",
            "--no-header",
            "--no-emit-index-url",
            "--no-emit-find-links",
        ]
        command = [str(uv()), "pip", "compile", *options, "--python-version", runtime_version(), source, "-o", compiled]
        run(command, folder)
    run(["npm", "install", "--package-lock-only", "--ignore-scripts"], folder)
    lock = folder / NPM_LOCK
    lock.write_text(json.dumps(without_registry(json.loads(lock.read_text())), indent=2) + "\n")
    return written


def run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True)


def copy(names: Iterable[str], folder: Path) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


def without_registry(lock: dict[str, object]) -> dict[str, object]:
    """Return the lock without download addresses: integrity hashes stay, and npm uses the user's own registry."""
    packages = lock.get("packages")
    if not isinstance(packages, dict):
        raise TypeError("package-lock.json has no packages")
    for package in packages.values():
        if not package.get("link"):  # a link's says which folder of ours it is
            package.pop("resolved", None)
    lock["packages"] = {name: package for name, package in packages.items() if not package.get("extraneous")}
    return lock


if __name__ == "__main__":
    sys.exit(main())
