"""Finding and building strategies: drop a file, and nothing a file does can stop the others."""

from __future__ import annotations

import asyncio
import logging
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.cloud.firestore import Client

from functions.adapters.firestore.client import EmulatorCredential
from functions.domain.kernel.errors import InputError
from functions.sandbox.find_strategies import discover, sample_names
from functions.strategies.loader import StrategyLoader
from functions.strategies.maestro_controller import MaestroController
from functions.strategies.maestro_monitoring import MaestroMonitoring
from functions.strategies.trend import MovingAverageTrend
from tests.samples import SAMPLE_NAMES, SAMPLES

Package = Callable[..., str]
GOOD = """
    from functions.strategies.base import BaseStrategy

    class {name}(BaseStrategy):
        def evaluate(self, market_data, account_snapshot, regime=None):
            return self.buy("KO", 0.25, "always")
"""


@pytest.mark.parametrize("tenant_id", ["", "..", "__x__", "a/b"])
def test_a_tenant_or_user_whose_id_names_no_document_is_refused_before_anything_is_read(tenant_id: str) -> None:
    db = Client(project="demo-nowhere", credentials=EmulatorCredential().get_credential())
    makers: list[Callable[[], object]] = [
        lambda: StrategyLoader(db, tenant_id),
        lambda: MaestroController(db, tenant_id),
        lambda: MaestroMonitoring(db, tenant_id),
    ]
    for make in makers:
        with pytest.raises(InputError, match="tenant_id must be an id of 1 to 1,500 bytes"):
            make()
    with pytest.raises(InputError, match="uid must be an id"):
        MaestroController(db, "acme", tenant_id)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Make a package of strategy files: file name → source."""
    monkeypatch.syspath_prepend(tmp_path)
    names: list[str] = []

    def make(**files: str) -> str:
        name = f"strategies_{tmp_path.name.replace('-', '_')}_{len(names)}"
        names.append(name)
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        for file, source in files.items():
            (tmp_path / name / f"{file}.py").write_text(textwrap.dedent(source))
        return name

    yield make
    discover.cache_clear()
    for module in [module for module in sys.modules if module.split(".")[0] in names]:
        del sys.modules[module]


def load(package_name: str) -> StrategyLoader:
    return StrategyLoader(strategies_package=package_name)


def evaluated(loader: StrategyLoader, market_data: Any = None) -> dict[str, dict[str, Any]]:
    return asyncio.run(loader.evaluate_all_strategies(market_data or {}, {}))


def test_the_samples_are_found() -> None:
    loader = StrategyLoader()
    assert loader.get_load_errors() == {}
    assert len(SAMPLE_NAMES) == 7
    assert set(loader.get_strategy_names()) >= SAMPLE_NAMES
    assert {type(strategy) for strategy in loader.get_all_strategies().values()} >= set(SAMPLES)
    assert loader.get_strategy("NoSuchStrategy") is None


def test_the_samples_say_that_they_are_and_a_subclass_of_one_is_a_users_own() -> None:
    class Own(MovingAverageTrend):
        pass

    strategies: dict[str, Any] = {**{sample.__name__: sample() for sample in SAMPLES}, "Own": Own()}
    assert sample_names(strategies) == SAMPLE_NAMES
    assert sample_names(list(strategies)) == set(), "a name alone does not tell"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('at import')", "RuntimeError: at import"),
        ("import sys; sys.exit(1)", "SystemExit: 1"),
    ],
)
def test_a_file_that_fails_to_import_is_reported_and_stops_nothing(package: Package, source: str, message: str) -> None:
    loader = load(package(bad=source, good=GOOD.format(name="Good")))
    assert loader.get_strategy_names() == ["Good"]
    assert loader.get_load_errors()["bad"].startswith(message)


def test_two_classes_of_one_name_do_not_replace_each_other(package: Package) -> None:
    loader = load(package(a=GOOD.format(name="Twin"), b=GOOD.format(name="Twin")))
    assert loader.get_strategy_names() == ["Twin"]
    assert loader.get_load_errors() == {"b": "class Twin already exists in a.py: rename one"}


@pytest.mark.parametrize(
    ("constructor", "works"),
    [
        ("self", True),
        ("self, config", True),
        ("self, name, config", True),
        ("self, *, name='x', config=None", True),
        ("self, **kwargs", True),
        ("self, broker", False),
    ],
)
def test_constructors(package: Package, constructor: str, works: bool) -> None:
    source = f"""
        from functions.strategies.base import BaseStrategy

        class Own(BaseStrategy):
            def __init__({constructor}):
                pass

            def evaluate(self, market_data, account_snapshot, regime=None):
                return {{"action": "HOLD"}}
    """
    loader = load(package(own=source))
    assert (loader.get_strategy_names() == ["Own"]) == works
    assert ("Own" in loader.get_load_errors()) != works


def test_a_constructor_that_exits_stops_nothing(package: Package) -> None:
    exits = GOOD.format(name="Exits").replace(
        "def evaluate", "def __init__(self): raise SystemExit(3)\n\n        def evaluate"
    )
    loader = load(package(a=exits, good=GOOD.format(name="Good")))
    assert loader.get_strategy_names() == ["Good"]
    assert loader.get_load_errors() == {"Exits": "SystemExit: 3"}


@pytest.mark.parametrize(
    "signature",
    [
        "self, market_data, account_snapshot, regime",
        "self, market_data, account_snapshot, regime=None",
        "self, market_data, account_snapshot",
        "self, market_data, account_snapshot, *, regime=None",
        "self, market_data, account_snapshot, **kwargs",
        "self, *args",
    ],
)
@pytest.mark.parametrize("prefix", ["", "async "])
def test_signatures_of_evaluate(package: Package, prefix: str, signature: str) -> None:
    source = f"""
        from functions.strategies.base import BaseStrategy

        class Own(BaseStrategy):
            {prefix}def evaluate({signature}):
                return {{"action": "BUY", "symbol": "KO", "allocation": 0.1, "stop": 41.0}}
    """
    signal = evaluated(load(package(own=source)))["Own"]
    assert (signal["action"], signal["ticker"], signal["stop"]) == ("BUY", "KO", 41.0)


def test_strategies_are_read_again_from_their_files(package: Package, tmp_path: Path) -> None:
    name = package(
        shared="TIMES = 2", old=GOOD.format(name="Old"), kept=GOOD.format(name="Kept"), bad="import nothing_such"
    )
    loader = load(name)
    before = loader.get_strategy("Kept")
    (tmp_path / name / "old.py").unlink()
    (tmp_path / name / "bad.py").write_text(textwrap.dedent(GOOD.format(name="Fixed")))
    (tmp_path / name / "new.py").write_text(textwrap.dedent(GOOD.format(name="New")))
    changed = textwrap.dedent(GOOD.format(name="Kept")).replace("0.25", "0.125")
    (tmp_path / name / "kept.py").write_text(changed)
    loader.reload_strategies()
    assert loader.get_strategy_names() == ["Fixed", "Kept", "New"]
    assert loader.get_load_errors() == {}
    assert loader.get_strategy("Kept") is not before
    assert evaluated(loader)["Kept"]["allocation"] == 0.125
    (tmp_path / name / "kept.py").write_text("def broken(:")
    loader.reload_strategies()
    assert loader.get_strategy_names() == ["Fixed", "New"], "what does not import does not trade"
    assert loader.get_load_errors()["kept"].startswith("SyntaxError")


SAMPLE = GOOD.replace("def evaluate", "is_sample = True\n\n        def evaluate")


def test_evaluated_plainly_a_sample_that_the_class_does_not_name_is_not_asked(package: Package) -> None:
    class Naming(MaestroController):
        sample_strategies = ("One",)

    name = package(a=SAMPLE.format(name="One"), b=SAMPLE.format(name="Two"), c=GOOD.format(name="Own"))
    unnamed = evaluated(load(name))
    assert {one: signal["action"] for one, signal in unnamed.items()} == {"One": "HOLD", "Two": "HOLD", "Own": "BUY"}
    assert unnamed["One"] == {
        "action": "HOLD",
        "ticker": "",
        "allocation": 0.0,
        "confidence": 0.0,
        "reasoning": "A sample: name it in the policy's sample_strategies to let it act.",
    }
    loader = StrategyLoader(strategies_package=name, controller_class=Naming)
    signals, _ = asyncio.run(loader.evaluate_all_strategies_with_maestro({}, {}))
    assert {one: signal["action"] for one, signal in signals.items()} == {"One": "BUY", "Two": "HOLD", "Own": "BUY"}
    weights = asyncio.run(loader.calculate_strategy_weights())
    assert {one: (weight, str(mode)) for one, (weight, mode) in weights.items()} == {
        "One": (1.0, "ACTIVE"),
        "Two": (0.0, "DISABLED"),
        "Own": (1.0, "ACTIVE"),
    }


def test_without_db_signals_are_plain_and_one_warning_says_so(
    package: Package, caplog: pytest.LogCaptureFixture
) -> None:
    loader = load(package(good=GOOD.format(name="Good")))
    with caplog.at_level(logging.WARNING, logger="maestro"):
        signals, decision = asyncio.run(loader.evaluate_all_strategies_with_maestro({}, {}))
    assert decision is None
    assert signals["Good"]["action"] == "BUY"
    assert "nonce" not in signals["Good"]
    assert sum("Maestro not initialized" in message for message in caplog.messages) == 1
    weights = asyncio.run(loader.calculate_strategy_weights())
    assert {name: (weight, str(mode)) for name, (weight, mode) in weights.items()} == {"Good": (1.0, "ACTIVE")}
    with pytest.raises(ValueError, match="pass db to StrategyLoader"):
        asyncio.run(loader.orchestrate_slot("2020-03-16T19:55:00Z"))
