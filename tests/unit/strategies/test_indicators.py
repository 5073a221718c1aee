"""The shared numerics, against pandas and plain loops on real prices."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from examples.replay import Prices
from functions.strategies.indicators import daily_returns, moving_average, relative_strength_index, z_score

PRICES = Prices.load()
LENGTHS = [60, 260, len(PRICES.days)]


@pytest.fixture(params=PRICES.symbols)
def real_closes(request: pytest.FixtureRequest) -> NDArray[np.float64]:
    closes: NDArray[np.float64] = PRICES.closes[:, PRICES.symbols.index(request.param)]
    return closes


@pytest.mark.parametrize("days", [2, 7, 14])
@pytest.mark.parametrize("length", LENGTHS)
def test_relative_strength_index_equals_pandas_smoothing(
    real_closes: NDArray[np.float64], days: int, length: int
) -> None:
    changes = pd.Series(real_closes[:length]).diff().dropna()
    smoothed = []
    for signed in (changes.clip(lower=0), -changes.clip(upper=0)):
        seeded = pd.concat([pd.Series([signed.iloc[:days].mean()]), signed.iloc[days:]])
        smoothed.append(seeded.ewm(alpha=1 / days, adjust=False).mean().iloc[-1])
    expected = 100 - 100 / (1 + smoothed[0] / smoothed[1])
    assert relative_strength_index(real_closes[:length], days) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("days", [5, 20, 50])
@pytest.mark.parametrize("length", LENGTHS)
def test_z_score_and_moving_average_equal_pandas(real_closes: NDArray[np.float64], days: int, length: int) -> None:
    closes = pd.Series(real_closes[:length])
    window = closes.rolling(days)
    last_mean = closes.iloc[-days:].mean()
    assert moving_average(real_closes[:length], days) == pytest.approx(last_mean, rel=1e-9)
    expected = ((closes - last_mean) / window.apply(np.std, raw=True, kwargs={"ddof": 1})).iloc[-1]
    assert z_score(real_closes[:length], days) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_daily_returns_equal_a_loop(real_closes: NDArray[np.float64]) -> None:
    expected = [today / before - 1 for before, today in pairwise(real_closes)]
    assert daily_returns(real_closes) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("closes", "expected"),
    [
        ([1, 2, 3, 4], 100.0),
        ([4, 3, 2, 1], 0.0),
        ([5, 5, 5, 5], 50.0),
        ([1, 2, 1], 50.0),
        ([1, 2, 1, 3], 100 * 1.25 / 1.5),
    ],
)
def test_relative_strength_index_by_hand(closes: list[float], expected: float) -> None:
    assert relative_strength_index(np.array(closes, dtype=np.float64), 2) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([1, 2, 3], 1.0),
        ([3, 2, 1], -1.0),
        ([7, 7, 7], 0.0),
        ([0.1 + 0.2, 0.3, 0.3], 0.0),
        ([0, 0, 3], 2 / math.sqrt(3)),
    ],
)
def test_z_score_by_hand(series: list[float], expected: float) -> None:
    assert z_score(np.array(series, dtype=np.float64), 3) == pytest.approx(expected, rel=1e-12)
