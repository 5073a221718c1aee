"""Every Python block of the quick start, run in order, as written, on the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.adapters.firestore.client import firestore_client
from functions.strategies.maestro_controller import MaestroController
from tests.docs.blocks import Block, blocks, run_blocks
from tools.prerequisites import ROOT

QUICKSTART = ROOT / "functions" / "strategies" / "MAESTRO_QUICKSTART.md"


@pytest.fixture
def settings() -> Iterator[None]:
    names = ("SHARPE_THRESHOLD_REDUCE", "sample_strategies")
    before = {name: getattr(MaestroController, name) for name in names}
    yield
    for name, value in before.items():
        setattr(MaestroController, name, value)


def test_the_whole_quick_start(db: Client, settings: None, capsys: pytest.CaptureFixture[str]) -> None:
    firestore_client()
    names: dict[str, Any] = {}
    decisions: list[Any] = []

    def check(block: Block) -> None:
        code = block.code
        if "signals, decision = await loader" in code:
            decisions.append(names["decision"])
            assert sorted(names["signals"]) == names["loader"].get_strategy_names()
        if "to_trade(signals)" in code:
            assert names["to_trade"](names["signals"]), "something must be there to trade"
        if "logged = " in code:
            assert names["logged"]["tenant_id"] == "my-tenant"

    found = blocks(QUICKSTART)
    assert len(found) == 9
    run_blocks(found, names, check)
    printed = capsys.readouterr().out
    assert "MovingAverageTrend" in printed
    assert f"Maestro weighed {len(names['loader'].get_strategy_names())} strategies" in printed
    assert "of buying power" in printed
    assert "'action': 'BUY', 'ticker': 'KO'" in printed
    first, tuned = decisions
    assert (first.policy_version, len(list(paths.orchestration_logs(db).stream()))) == (0, 2)
    assert tuned.session_id != first.session_id
    assert names["decision"] is None
    assert all("nonce" not in signal for signal in names["signals"].values())
