"""Runs strategies in threads of this process: for users' own programs, and systems without fork."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from functions.domain.orchestration.signals import ProposedSignal
from functions.sandbox.find_strategies import build, declared_symbols, discover, rediscover, sample_names
from functions.sandbox.strategy_signatures import with_three_arguments
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.ports import FoundStrategies, StrategyInputs


class ThreadRunner:
    """
    A `StrategyRunner` with its own instances of strategies, which live as long as it does.

    Parameters
    ----------
    package : str
        The package whose modules hold the strategies.
    base_class : type
        Base class of strategies.
    evaluator : StrategyEvaluator
        One per process, as it remembers strategies that never returned.
    """

    def __init__(self, package: str, base_class: type, evaluator: StrategyEvaluator) -> None:
        self._package = package
        self._base_class = base_class
        self._evaluator = evaluator
        self._build(*discover(package, base_class))

    def _build(self, classes: Mapping[str, type], import_errors: Mapping[str, str]) -> None:
        self.strategies, build_errors = build(classes)
        errors = {**import_errors, **build_errors}
        symbols = {name: declared_symbols(one) for name, one in self.strategies.items()}
        self._found = FoundStrategies(list(self.strategies), sample_names(self.strategies), symbols, errors)

    def found(self, timeout_seconds: float) -> FoundStrategies:  # noqa: ARG002 - a thread cannot be stopped
        return self._found

    def reload(self) -> None:
        self._build(*rediscover(self._package, self._base_class))

    async def evaluate(
        self, tenant_id: str, names: Sequence[str], inputs: StrategyInputs, timeout_seconds: float
    ) -> list[ProposedSignal]:
        evaluates: dict[str, Any] = {name: with_three_arguments(self.strategies[name].evaluate) for name in names}
        return await self._evaluator.evaluate(
            tenant_id,
            evaluates,
            inputs.market_data,
            inputs.account_snapshot,
            inputs.regime,
            timeout_seconds,
            inputs.own_fields,
        )
