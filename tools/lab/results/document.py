"""``result.json``: every figure, for machines. The same runs and seed give the same bytes; what is unknown is null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from functions.domain.lab.differences import Difference
from functions.domain.lab.drawdowns import Drawdown
from functions.domain.lab.figures import Figures
from functions.domain.track_record.moments import Floats
from functions.domain.track_record.statistics import total_return
from tools.lab.results.beside import Beside, Comparison
from tools.lab.results.files import replacing
from tools.lab.results.measured import CONFIDENCE, Measured, MeasuredStrategy
from tools.lab.results.outcome import Outcome
from tools.lab.results.rules import RULES, RuleEffects

RESULT = "result.json"
FORMAT = 1


def document_of(found: Outcome) -> dict[str, Any]:
    """Return the document."""
    task = found.task
    return {
        "format": FORMAT,
        **task.origin,
        "market": task.market,
        "first": found.raw.days[0],
        "last": found.raw.days[-1],
        "sessions": len(found.raw.days),
        "is_whole": found.is_whole,
        "warnings": list(found.warnings),
        "held_fixed": list(task.held_fixed),
        "strategies": list(task.strategies),
        "starting_cash": task.starting_cash,
        "costs": None if task.costs is None else asdict(task.costs),
        "risk_free_rate": task.risk_free_rate,
        "seed": found.chance.seed,
        "replications": found.chance.replications,
        "confidence": CONFIDENCE,
        "policies_tried": len(found.tried.trials),
        "effective_trials": found.tried.effective(found.correlation),
        "policies": {name: _policy(one, found) for name, one in found.policies.items()},
        "buy_and_hold": _hold(found),
    }


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document whole or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(as_json(document), encoding="utf-8")


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(plain(document), indent=2, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """Return a value as JSON has it: a day as YYYY-MM-DD, what is not a number or infinite as null."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def years_of(returns: Floats, days: Sequence[date]) -> dict[str, float]:
    """Return the return of each calendar year, or what there is of it."""
    years = np.array([day.year for day in days])
    return {str(year): float(total_return(returns[years == year])) for year in np.unique(years).tolist()}


def figures_of(one: Figures) -> dict[str, Any]:
    return {
        "days": one.days,
        "return": one.total_return,
        "yearly_return": one.yearly_return,
        "volatility": one.volatility,
        "sharpe": one.sharpe_ratio,
        "sharpe_standard_error": one.sharpe_standard_error,
        "psr": one.probabilistic_sharpe_ratio,
        "minimum_track_record_days": one.minimum_track_record,
        "max_drawdown": one.max_drawdown,
        "drawdown": _drawdown(one.deepest),
        "longest_drawdown": _drawdown(one.longest),
        "worst_day": one.worst_day,
        "skewness": one.skewness,
        "kurtosis": one.kurtosis,
        "expected_shortfall": one.expected_shortfall,
    }


def _policy(one: Measured, found: Outcome) -> dict[str, Any]:
    comparison, rules = found.comparisons.get(one.name), found.rules.get(one.name)
    return {
        "policy": dict(one.run.policy),
        **figures_of(one.figures),
        "sharpe_interval": one.sharpe_interval,
        "deflated_sharpe": found.deflated(one),
        "exposure": one.exposure,
        "turnover": one.turnover,
        "turnover_is": "two-way, times equity a year",
        "costs": one.costs,
        "cost_rate": one.cost_rate,
        "mode_changes": one.mode_changes,
        "mode_changes_a_year": one.mode_changes_a_year,
        "round_trips": one.round_trips,
        "final_equity": one.final_equity,
        "years": years_of(one.returns, one.days),
        "strategies": {strategy.name: _strategy(strategy) for strategy in one.strategies},
        "beside": {name: _beside(other) for name, other in comparison.beside.items()} if comparison else {},
        "verdict": _verdict(comparison),
        "rules": _rules(rules),
        "rules_acted": {rule.name: rule.acted(one.run) for rule in RULES},
    }


def _strategy(one: MeasuredStrategy) -> dict[str, Any]:
    return {
        "profit": one.profit,
        "mean_held": one.mean_held,
        "sessions_by_mode": dict(one.sessions_by_mode),
        "mode_changes": one.mode_changes,
        "round_trips": one.round_trips,
        "changed_signals": one.changed_signals,
        "last_mode": one.last_mode,
    }


def _beside(one: Beside) -> dict[str, Any]:
    return {
        "figures": figures_of(one.other),
        "correlation": one.correlation,
        "sharpe_difference": _difference(one.sharpe),
        "return_difference": _difference(one.total_return),
        "yearly_return_difference": _difference(one.yearly_return),
        "max_drawdown_difference": _difference(one.max_drawdown),
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {"difference": one.difference, "low": one.low, "high": one.high, "holds_zero": one.holds_zero}


def _verdict(one: Comparison | None) -> dict[str, Any]:
    if one is None:
        return {"is_too_few_to_tell": True, "because": ["nothing is compared"]}
    return {
        "is_too_few_to_tell": bool(one.too_few),
        "because": list(one.too_few),
        "spells": one.spells,
        "days_to_see_the_difference": one.days_to_see,
        "block_length": one.block_length,
    }


def _rules(one: RuleEffects | None) -> dict[str, Any] | None:
    if one is None:
        return None
    each = [
        {"rule": e.rule.name, "acted": e.acted, "effect": e.effect, "still_acted": e.still_acted} for e in one.rules
    ]
    return {"each": each, "together": one.together, "remainder": one.remainder}


def _drawdown(one: Drawdown | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return asdict(one)


def _hold(found: Outcome) -> dict[str, Any] | None:
    if found.hold is None or found.hold_figures is None:
        return None
    return {
        **figures_of(found.hold_figures),
        "symbols": list(found.hold.symbols),
        "left_out": list(found.hold.left_out),
        "is": "equal weights at the first close, left alone, before costs",
    }
