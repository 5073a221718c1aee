"""Compile the pinned requirements and the npm lock file anew, naming no registry and no machine."""

from __future__ import annotations

import json
import subprocess
import sys

from tools.prerequisites import ROOT, runtime_version
from tools.setup import uv


def main() -> int:
    for source in ("functions/requirements.in", "requirements-dev.in"):
        compiled = source.replace(".in", ".txt")
        options = ["--quiet", "--upgrade", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        command = [uv(), "pip", "compile", *options, "--python-version", runtime_version(), source, "-o", compiled]
        subprocess.run(command, cwd=ROOT, check=True)
        print(f"wrote {compiled}")
    subprocess.run(["npm", "install", "--package-lock-only", "--ignore-scripts"], cwd=ROOT, check=True)
    lock = ROOT / "package-lock.json"
    lock.write_text(json.dumps(without_registry(json.loads(lock.read_text())), indent=2) + "\n")
    print("wrote package-lock.json")
    return 0


def without_registry(lock: dict[str, object]) -> dict[str, object]:
    """Return the lock without download addresses: integrity hashes stay, and npm uses the user's own registry."""
    packages = lock["packages"]
    if not isinstance(packages, dict):
        raise TypeError("package-lock.json has no packages")
    for package in packages.values():
        if not package.get("link"):  # a link's says which folder of ours it is
            package.pop("resolved", None)
    lock["packages"] = {name: package for name, package in packages.items() if not package.get("extraneous")}
    return lock


if __name__ == "__main__":
    sys.exit(main())
