"""The strategies that the project brings: a user's own may be found beside them, and break no test of ours."""

from __future__ import annotations

from google.cloud.firestore import Client

from functions.adapters.firestore import paths
from functions.strategies.base import BaseStrategy
from functions.strategies.breakout import BollingerBreakout
from functions.strategies.loader import StrategyLoader
from functions.strategies.mean_reversion import RsiMeanReversion
from functions.strategies.momentum import TwelveOneMomentum
from functions.strategies.pairs import PairsReversion
from functions.strategies.trend import MovingAverageTrend
from functions.strategies.turtle import TurtleChannel
from functions.strategies.volatility_managed import VolatilityManaged

SAMPLES: tuple[type[BaseStrategy], ...] = (
    BollingerBreakout,
    MovingAverageTrend,
    PairsReversion,
    RsiMeanReversion,
    TurtleChannel,
    TwelveOneMomentum,
    VolatilityManaged,
)
SAMPLE_NAMES = frozenset(sample.__name__ for sample in SAMPLES)


def name_samples(db: Client, tenant_id: str) -> None:
    """Let every sample act in a tenant."""
    paths.policy(db, tenant_id).set({"sample_strategies": sorted(SAMPLE_NAMES)}, merge=True)


def names_of_users() -> list[str]:
    """Return the strategies that are not ours: a test of what the samples do disables them."""
    return sorted(set(StrategyLoader().get_strategy_names()) - SAMPLE_NAMES)
