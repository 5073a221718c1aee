"""Find strategies in this folder, evaluate them, and hand their signals to Maestro."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import logging
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, wraps
from pathlib import Path
from typing import Any

from google.cloud.firestore import Client

from functions.adapters.firestore.summary_store import FirestoreSummaryStore
from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.errors import StoreError
from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import ProposedSignal
from functions.services.monitoring.summarise_decision import AI_SOURCE, FAILED, SummariseDecision, Summariser
from functions.services.orchestration.evaluate_strategies import StrategyEvaluator
from functions.services.orchestration.run_cycle import GivenInputs
from functions.strategies.base import BaseStrategy
from functions.strategies.maestro_controller import MaestroController, MaestroDecision

logger = logging.getLogger("maestro")

Signals = dict[str, dict[str, Any]]

_EVALUATOR = StrategyEvaluator()
"""One per process: it remembers strategies that never returned."""


class StrategyLoader:
    """
    Every strategy of a folder, ready to be evaluated.

    Parameters
    ----------
    db : google.cloud.firestore.Client, optional
        Without it there is no orchestration: signals come as strategies propose them.
    tenant_id : str
    uid : str, optional
        Weigh strategies by this user's fills only.
    strategies_package : str
        The package whose modules hold the strategies; each module may be a user's own file.
    controller_class : type
        `MaestroController` or a subclass with thresholds of its own.
    summariser : Summariser, optional
        `functions.adapters.gemini.Gemini`: decisions come back with the model's summary, if it answers in time. The
        deployed functions summarise decisions by themselves, after the fact.
    summary_deadline_seconds : float
        What a caller waits for it at most; the signals are decided and stored before.
    """

    def __init__(
        self,
        db: Client | None = None,
        tenant_id: str = "default",
        uid: str | None = None,
        *,
        strategies_package: str = "functions.strategies",
        controller_class: type[MaestroController] = MaestroController,
        summariser: Summariser | None = None,
        summary_deadline_seconds: float = 3.0,
    ) -> None:
        self.tenant_id = tenant_id
        self.uid = uid
        self._controller_class = controller_class
        self._maestro = None if db is None else controller_class(db, tenant_id, uid)
        self._summarise = (
            None if db is None or summariser is None else SummariseDecision(FirestoreSummaryStore(db), summariser)
        )
        self._summary_deadline_seconds = summary_deadline_seconds
        classes, errors = discover(strategies_package)
        self._load_errors: dict[str, str] = dict(errors)
        self._strategies: dict[str, Any] = {}
        for name, strategy_class in classes.items():
            try:
                self._strategies[name] = construct(strategy_class)
            except Exception as error:  # noqa: BLE001 - a user's constructor: whatever it raises, the other strategies go on
                self._load_errors[name] = f"{type(error).__name__}: {error}"
        for name, message in self._load_errors.items():
            logger.error("Strategy %s not loaded: %s", name, message, extra={"strategy": name, "tenant": tenant_id})

    def get_all_strategies(self) -> dict[str, Any]:
        """Return the strategies by name."""
        return dict(self._strategies)

    def get_strategy_names(self) -> list[str]:
        """Return the names of all strategies, sorted."""
        return sorted(self._strategies)

    def get_load_errors(self) -> dict[str, str]:
        """Return what could not be loaded, by module or class name, and why."""
        return dict(self._load_errors)

    async def evaluate_all_strategies(
        self,
        market_data: Mapping[str, Any],
        account_snapshot: Mapping[str, Any],
        regime: Mapping[str, Any] | None = None,
    ) -> Signals:
        """Return what each strategy proposes, unweighed and unstamped; a failed one holds, with its ``error``."""
        policy = Policy.from_sources(self._controller_class.policy_defaults(), None)
        signals = await self._evaluate(market_data, account_snapshot, regime, policy)
        return {signal.strategy_name: signal.to_dict() for signal in signals}

    async def evaluate_all_strategies_with_maestro(
        self,
        market_data: Mapping[str, Any],
        account_snapshot: Mapping[str, Any],
        regime: Mapping[str, Any] | None = None,
    ) -> tuple[Signals, MaestroDecision | None]:
        """
        Return orchestrated, stamped signals by strategy, and the decision as it was logged.

        Without ``db`` the signals come plain and the decision is None.
        """
        if self._maestro is None:
            logger.warning("Maestro not initialized: pass db to StrategyLoader for orchestrated signals")
            return await self.evaluate_all_strategies(market_data, account_snapshot, regime), None
        given = GivenInputs(market_data, account_snapshot, regime)
        result = await self._maestro.run(self._propose, given=given, load_errors=self._load_errors)
        return ({}, None) if result is None else (result.signals, await self._summarised(result.decision))

    async def _summarised(self, decision: MaestroDecision) -> MaestroDecision:
        """Return the decision with the model's summary, or as it is, with one warning, if that takes too long."""
        if self._summarise is None:
            return decision
        asked = asyncio.to_thread(self._summarise.run, decision.session_id)
        try:
            text = await asyncio.wait_for(asked, self._summary_deadline_seconds)
        except (TimeoutError, StoreError) as error:
            reason = str(error) or f"no answer within {self._summary_deadline_seconds:g} s"
            logger.warning("%s: %s", FAILED, reason, extra={"tenant": self.tenant_id})
            return decision
        return decision if text is None else replace(decision, ai_summary=text, ai_summary_source=AI_SOURCE)

    async def orchestrate_slot(self, slot: str, now: datetime | None = None) -> MaestroDecision | None:
        """
        Run the cycle of a scheduled slot on the stored market data and account.

        Returns
        -------
        MaestroDecision or None
            None when the slot is decided already, or a newer one was decided first.

        Raises
        ------
        ValueError
            If the loader has no ``db``.
        StoreUnavailable
            If the cycle should be tried again.
        """
        if self._maestro is None:
            raise ValueError("Maestro not initialized: pass db to StrategyLoader to run scheduled cycles")
        result = await self._maestro.run(self._propose, load_errors=self._load_errors, slot=slot, now=now)
        return None if result is None else result.decision

    async def orchestrate_request(self, request_id: str) -> MaestroDecision | None:
        """
        Run a cycle somebody asked for, on the stored market data and account; None if it is on record already.

        Raises as `orchestrate_slot` does.
        """
        if self._maestro is None:
            raise ValueError("Maestro not initialized: pass db to StrategyLoader to run cycles on request")
        result = await self._maestro.run(self._propose, load_errors=self._load_errors, request_id=request_id)
        return None if result is None else result.decision

    async def calculate_strategy_weights(self) -> dict[str, tuple[float, AgentMode]]:
        """Return each strategy's (weight, mode) by its own track record; without ``db`` all are ACTIVE."""
        if self._maestro is None:
            logger.warning("Maestro not initialized: pass db to StrategyLoader for weights by track record")
            return dict.fromkeys(self._strategies, (WEIGHTS[AgentMode.ACTIVE], AgentMode.ACTIVE))
        return await self._maestro.calculate_strategy_weights(self._strategies)

    async def _propose(self, inputs: CycleInputs, policy: Policy) -> list[ProposedSignal]:
        return await self._evaluate(inputs.market_data, inputs.account_snapshot, inputs.regime, policy)

    async def _evaluate(
        self, market_data: Any, account_snapshot: Any, regime: Any, policy: Policy
    ) -> list[ProposedSignal]:
        evaluates = {name: with_three_arguments(strategy.evaluate) for name, strategy in self._strategies.items()}
        timeout = policy.strategy_timeout_seconds
        return await _EVALUATOR.evaluate(self.tenant_id, evaluates, market_data, account_snapshot, regime, timeout)


@cache
def discover(package_name: str) -> tuple[Mapping[str, type], Mapping[str, str]]:
    """
    Import every module of a package and collect its strategies, once per process.

    Returns
    -------
    tuple
        Strategy classes by name, and import errors by module name.
    """
    classes: dict[str, type] = {}
    errors: dict[str, str] = {}
    package = importlib.import_module(package_name)
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        try:
            module = importlib.import_module(f"{package_name}.{module_info.name}")
        except BaseException as error:  # noqa: BLE001 - a user's file: even sys.exit() in it must not stop the rest
            errors[module_info.name] = f"{type(error).__name__}: {error}"
            continue
        for strategy_class in _strategy_classes(module):
            known = classes.setdefault(strategy_class.__name__, strategy_class)
            if known is not strategy_class:
                where = Path(inspect.getfile(known)).name
                errors[module_info.name] = f"class {strategy_class.__name__} is in {where} already: rename one"
    return classes, errors


def _strategy_classes(module: Any) -> list[type]:
    return [
        member
        for member in vars(module).values()
        if inspect.isclass(member)
        and issubclass(member, BaseStrategy)
        and member.__module__ == module.__name__
        and not inspect.isabstract(member)
    ]


def construct(strategy_class: type) -> Any:
    """
    Build a strategy, whichever constructor it has: ``()``, ``(config=…)`` or ``(name=…, config=…)``.

    Raises
    ------
    TypeError
        If it needs anything else.
    """
    parameters = inspect.signature(strategy_class).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    offered: dict[str, Any] = {"name": strategy_class.__name__, "config": {}}
    return strategy_class(**{name: value for name, value in offered.items() if takes_any or name in parameters})


def with_three_arguments(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``evaluate`` as called with (market_data, account_snapshot, regime), though it may take no regime."""
    parameters = inspect.signature(evaluate).parameters.values()
    kinds: Sequence[Any] = [parameter.kind for parameter in parameters]
    positional = sum(
        kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds
    )
    if positional >= 3 or inspect.Parameter.VAR_POSITIONAL in kinds:
        return evaluate
    takes_regime = any(p.kind is p.VAR_KEYWORD or p.name == "regime" for p in parameters)
    if inspect.iscoroutinefunction(evaluate):

        @wraps(evaluate)
        async def evaluate_async(market_data: Any, account_snapshot: Any, regime: Any) -> Any:
            named = {"regime": regime} if takes_regime else {}
            return await evaluate(market_data, account_snapshot, **named)

        return evaluate_async

    @wraps(evaluate)
    def evaluate_sync(market_data: Any, account_snapshot: Any, regime: Any) -> Any:
        named = {"regime": regime} if takes_regime else {}
        return evaluate(market_data, account_snapshot, **named)

    return evaluate_sync
