"""What runs strategies has nothing of the clouds, whatever is imported for it."""

from __future__ import annotations

import subprocess
import sys

from tools.prerequisites import ROOT

CHECK = """
import sys
import functions.sandbox.root
from functions.sandbox.find_strategies import modules_of
modules = modules_of("functions.strategies")
assert "trend" in modules and not {"loader", "wiring", "maestro_controller", "maestro_monitoring"} & set(modules)
for name in modules:
    __import__(f"functions.strategies.{name}")
heavy = {"google.cloud.firestore", "google.api_core", "google.protobuf", "grpc"}
heavy |= {"firebase_admin", "firebase_functions", "flask", "requests"}
heavy &= set(sys.modules)
assert not heavy, heavy
ours = [name for name in sys.modules if name.startswith(("functions.services", "functions.adapters"))]
assert not ours, ours
"""


def test_neither_root_nor_samples_import_a_cloud_a_service_or_an_adapter() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
