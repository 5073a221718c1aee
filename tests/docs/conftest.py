"""What the documents' examples take for granted."""

from __future__ import annotations

import pytest

from functions.strategies.maestro_controller import MaestroController
from tests.samples import SAMPLE_NAMES


@pytest.fixture
def samples_act(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name every sample, for all tenants of this process."""
    monkeypatch.setattr(MaestroController, "sample_strategies", SAMPLE_NAMES)
