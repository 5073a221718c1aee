"""Call a user's constructor and ``evaluate``, adapting to their arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from functions.domain.kernel.book_names import check_strategy_name


def construct(strategy_class: type) -> Any:
    """
    Build a strategy with any of these constructors: ``()``, ``(config=…)`` or ``(name=…, config=…)``.

    Raises
    ------
    TypeError
        If it needs anything else.
    InputError
        If its name is reserved for unowned positions.
    """
    check_strategy_name(strategy_class.__name__)
    parameters = inspect.signature(strategy_class).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    offered: dict[str, Any] = {"name": strategy_class.__name__, "config": {}}
    return strategy_class(**{name: value for name, value in offered.items() if takes_any or name in parameters})


def with_three_arguments(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``evaluate`` callable with (market_data, account_snapshot, regime), even if it takes no regime."""
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
