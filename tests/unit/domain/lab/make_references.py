"""
Write references.json: what other packages make of the same numbers.

They are heavy (arch brings statsmodels, skfolio brings cvxpy), so their results are kept and not they:

    .setup/uv/bin/uv run --no-project --with arch==8.0.0 --with skfolio==1.12.2 --with jsharpe==0.6.3 \
        python -m tests.unit.domain.lab.make_references
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("references.json")
PACKAGES = ("arch", "skfolio", "jsharpe")
SEEDS = range(4)
AUTOCORRELATIONS = (0.0, 0.1, 0.3, 0.7)
TRIALS = 12


def autocorrelated(seed: int, autocorrelation: float, days: int = 700) -> NDArray[np.float64]:
    """Return a simulated series, shape (days,)."""
    series = np.random.default_rng(seed).normal(size=days)
    for day in range(1, days):
        series[day] += autocorrelation * series[day - 1]
    return series


def trials(seed: int) -> NDArray[np.float64]:
    """Return the daily returns of some trials, skewed and with fat tails, shape (trials, days)."""
    generator = np.random.default_rng(seed)
    tails = generator.standard_t(5, size=(TRIALS, 500)) * 0.008
    return np.asarray(tails + 0.1 * (tails**2) / 0.008 + 0.0004)


def main() -> None:
    from arch.bootstrap import StationaryBootstrap, optimal_block_length  # type: ignore[import-not-found]  # noqa: PLC0415
    from jsharpe import sharpe_ratio_variance  # type: ignore[import-not-found]  # noqa: PLC0415
    from skfolio.measures import (  # type: ignore[import-not-found]  # noqa: PLC0415
        deflated_sharpe_ratio,
        expected_max_sharpe_ratio,
        probabilistic_sharpe_ratio,
    )

    lengths = {
        f"{seed} {autocorrelation}": float(
            optimal_block_length(autocorrelated(seed, autocorrelation))["stationary"].iloc[0]
        )
        for seed in SEEDS
        for autocorrelation in AUTOCORRELATIONS
    }
    sharpes: dict[str, Any] = {}
    for seed in SEEDS:
        returns = trials(seed)
        daily = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
        sharpes[str(seed)] = {
            "probabilistic": float(probabilistic_sharpe_ratio(returns[0])),
            "probabilistic above a rate": float(probabilistic_sharpe_ratio(returns[0], risk_free_rate=0.0001)),
            "deflated": float(deflated_sharpe_ratio(returns[0], daily)),
        }
    best = {f"{n}": float(expected_max_sharpe_ratio(n_trials=n, trial_sharpe_ratio_std=0.5)) for n in (2, 5, 20, 1000)}
    variances = {
        f"{s} {g3} {g4}": float(sharpe_ratio_variance(s, 1, gamma3=g3, gamma4=g4))
        for s, g3, g4 in ((0.06, 0.0, 3.0), (0.458, -2.448, 10.164), (0.2, 0.5, 6.0))
    }
    pair = trials(0)[:2]
    bootstrap = StationaryBootstrap(10, pair[0], pair[1], seed=np.random.default_rng(1))
    interval = bootstrap.conf_int(
        lambda one, other: np.sqrt(252) * (other.mean() / other.std(ddof=1) - one.mean() / one.std(ddof=1)),
        reps=100_000,
        method="percentile",
    )
    document = {
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "block_length": lengths,
        "sharpe": sharpes,
        "expected_best": best,
        "sampling_variance": variances,
        "percentile_interval": interval[:, 0].tolist(),
    }
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
