"""Find strategies in this folder, evaluate them, and pass their signals to Maestro."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.cloud.firestore import Client

from functions.domain.kernel.agent_mode import WEIGHTS, AgentMode
from functions.domain.kernel.policy import Policy
from functions.domain.orchestration.inputs import CycleInputs
from functions.domain.orchestration.signals import Action, ProposedSignal
from functions.domain.track_record.standing import UNNAMED_SAMPLE
from functions.services.kernel.idempotency import RequestKey
from functions.services.monitoring.ports import Summariser
from functions.services.monitoring.summarise_decision import INLINE_SECONDS
from functions.services.orchestration.cycle_request import GivenInputs
from functions.services.orchestration.ports import FoundStrategies, StrategyInputs, StrategyRunner
from functions.strategies import wiring
from functions.strategies.base import Inputs
from functions.strategies.maestro_controller import MaestroController, MaestroDecision

logger = logging.getLogger("maestro")

Signals = dict[str, dict[str, Any]]


class StrategyLoader:
    """
    Every strategy of a folder, ready to be evaluated.

    Parameters
    ----------
    db : google.cloud.firestore.Client, optional
        Without it there is no orchestration: signals are returned as strategies propose them.
    tenant_id : str
    uid : str, optional
        Weigh strategies by this user's fills only.
    strategies_package : str
        The package whose modules hold the strategies; each module may be a user's own file.
    controller_class : type
        `MaestroController` or a subclass with thresholds of its own.
    summariser : Summariser, optional
        Decisions come back with this model's summary, if it answers in time. Without it: Gemini's, if ``AI_SUMMARIES``
        is ``on`` in the environment.
    summary_deadline_seconds : float
        How long to wait for it at most; the signals are decided and stored before.
    ai_summaries : bool
        False: no model is used, whatever the environment says. The deployed functions' loaders use it, as a trigger
        there summarises decisions afterwards.
    isolation : "thread" or "process"
        Where strategies run. In processes of their own, as in the deployed functions, they are neither imported nor
        constructed here, none can harm another or this program, and what one stores in ``self`` is gone after the
        cycle.
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
        summary_deadline_seconds: float = INLINE_SECONDS,
        ai_summaries: bool = True,
        isolation: wiring.Isolation = "thread",
    ) -> None:
        self.tenant_id = tenant_id
        self.uid = uid
        self._controller_class = controller_class
        self._maestro = None if db is None else controller_class(db, tenant_id, uid)
        self._summary_deadline_seconds = summary_deadline_seconds
        self._summarise = None
        if db is not None and ai_summaries:
            self._summarise = wiring.inline_summaries(db, summary_deadline_seconds, summariser)
        self._strategies_package = strategies_package
        self._objects = wiring.thread_runner(strategies_package) if isolation == "thread" else None
        self._runner: StrategyRunner = self._objects or wiring.process_runner(strategies_package)
        self._told: dict[str, str] = {}
        if self._objects is not None:
            self._found()

    def _found(self) -> FoundStrategies:
        """Return the strategies found, loading them if needed; logs once what could not be loaded."""
        found = self._runner.found(self._default_policy().strategy_timeout_seconds)
        for name, message in found.load_errors.items():
            if self._told.get(name) != message:
                extra = {"strategy": name, "tenant": self.tenant_id}
                logger.error("Strategy %s not loaded: %s", name, message, extra=extra)
        self._told = dict(found.load_errors)
        return found

    def reload_strategies(self) -> None:
        """Read the strategies' files again: new, changed and deleted files take effect."""
        self._told = {}
        self._runner.reload()
        if self._objects is not None and self._objects is not self._runner:
            self._objects.reload()
        self._found()

    def get_all_strategies(self) -> dict[str, Any]:
        """Return the strategies by name; those that run in processes are additionally constructed here."""
        if self._objects is None:
            self._objects = wiring.thread_runner(self._strategies_package)
        return dict(self._objects.strategies)

    def get_strategy(self, name: str) -> Any:
        """Return one strategy; None if there is none with that name."""
        return self.get_all_strategies().get(name)

    def get_strategy_names(self) -> list[str]:
        """Return the names of all strategies, sorted."""
        return sorted(self._found().names)

    def get_found(self) -> FoundStrategies:
        """Return everything known about the strategies without running them."""
        return self._found()

    def get_load_errors(self) -> dict[str, str]:
        """Return why something could not be loaded, by module or class name."""
        return dict(self._found().load_errors)

    async def evaluate_all_strategies(
        self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None
    ) -> Signals:
        """
        Return each strategy's proposal, unweighted and unstamped; a failed one holds, with its ``error``.

        A sample that the controller's class attribute ``sample_strategies`` does not name holds, too.
        """
        found, policy = await self._load(), self._default_policy()
        inputs = StrategyInputs(market_data, account_snapshot, regime)
        proposed = await self._evaluate(_may_act(found, policy), inputs, policy)
        signals = {signal.strategy_name: signal for signal in proposed}
        idle = {name: ProposedSignal(name, Action.HOLD, reasoning=UNNAMED_SAMPLE) for name in found.names}
        return {name: signal.to_dict() for name, signal in (idle | signals).items()}

    async def evaluate_all_strategies_with_maestro(
        self, market_data: Inputs, account_snapshot: Inputs, regime: Inputs | None = None
    ) -> tuple[Signals, MaestroDecision | None]:
        """
        Return orchestrated, stamped signals by strategy, and the decision as it was logged.

        Without ``db`` the signals are plain and the decision is None.
        """
        if self._maestro is None:
            logger.warning("Maestro not initialized: pass db to StrategyLoader for orchestrated signals")
            return await self.evaluate_all_strategies(market_data, account_snapshot, regime), None
        given = GivenInputs(market_data, account_snapshot, regime)
        result = await self._maestro.run(self._propose, given=given, load=self._load)
        if result is None:
            return {}, None
        decision = result.decision
        if self._summarise is not None:
            decision = await self._summarise.run_within(self._summary_deadline_seconds, decision)
        return result.signals, decision

    async def orchestrate_slot(self, slot: str, now: datetime | None = None) -> MaestroDecision | None:
        """
        Run the cycle of a scheduled slot on the stored market data and account.

        Returns
        -------
        MaestroDecision or None
            None if the slot was already decided, or a newer one was decided first.

        Raises
        ------
        ValueError
            If the loader has no ``db``.
        StoreUnavailable
            If the cycle should be retried.
        """
        return await self._orchestrate_stored("run scheduled cycles", slot=slot, now=now)

    async def orchestrate_request(self, key: RequestKey) -> MaestroDecision | None:
        """
        Run a requested cycle on the stored market data and account; None if it is already on record.

        Raises as `orchestrate_slot` does, and RefusedError if the key belongs to another request.
        """
        return await self._orchestrate_stored("run cycles on request", key=key)

    async def calculate_strategy_weights(self) -> dict[str, tuple[float, AgentMode]]:
        """Return each strategy's (weight, mode) by its own track record; without ``db`` all that may act are ACTIVE."""
        found = await self._load()
        if self._maestro is None:
            logger.warning("Maestro not initialized: pass db to StrategyLoader for weights by track record")
            acting = _may_act(found, self._default_policy())
            modes = {name: AgentMode.ACTIVE if name in acting else AgentMode.DISABLED for name in found.names}
            return {name: (WEIGHTS[mode], mode) for name, mode in modes.items()}
        return await self._maestro.weights_of(found.names, found.samples)

    async def _orchestrate_stored(
        self, purpose: str, *, slot: str | None = None, key: RequestKey | None = None, now: datetime | None = None
    ) -> MaestroDecision | None:
        if self._maestro is None:
            raise ValueError(f"Maestro not initialized: pass db to StrategyLoader to {purpose}")
        result = await self._maestro.run(self._propose, load=self._load, slot=slot, key=key, now=now)
        return None if result is None else result.decision

    async def _load(self) -> FoundStrategies:
        return await asyncio.to_thread(self._found)

    async def _propose(self, inputs: CycleInputs, policy: Policy) -> list[ProposedSignal]:
        found = await self._load()
        handed = StrategyInputs(inputs.market_data, inputs.account_snapshot, inputs.regime, inputs.own_fields)
        return await self._evaluate(found.names, handed, policy)

    def _default_policy(self) -> Policy:
        return Policy.from_sources(self._controller_class.class_settings(), None)

    async def _evaluate(self, names: Sequence[str], inputs: StrategyInputs, policy: Policy) -> list[ProposedSignal]:
        return await self._runner.evaluate(self.tenant_id, names, inputs, policy.strategy_timeout_seconds)


def _may_act(found: FoundStrategies, policy: Policy) -> list[str]:
    """Return the strategies without samples that a policy does not name."""
    idle = found.samples.difference(policy.sample_strategies)
    return [name for name in found.names if name not in idle]
