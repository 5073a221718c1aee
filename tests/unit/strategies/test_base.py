"""What the base class hands to strategies."""

from __future__ import annotations

import math
from typing import Any

import pytest

from functions.strategies.momentum import TwelveOneMomentum

BASE = TwelveOneMomentum()


@pytest.mark.parametrize(
    ("quote", "closes"),
    [
        ({"price": 12.0, "history": [10.0, 11.0]}, [10.0, 11.0, 12.0]),  # as a broker's feed has it
        ({"price": 12.0, "history": [10.0, 11.0, 12.0]}, [10.0, 11.0, 12.0]),  # as the lab and the demo have it
        ({"price": 12, "history": [10, 11]}, [10.0, 11.0, 12.0]),
        ({"history": [10.0, 11.0]}, [10.0, 11.0]),
        ({"price": 12.0}, []),
        ({"price": 12.0, "history": []}, []),
        ({"price": 12.0, "history": [10.0, 0.0]}, []),
        ({"price": None, "history": [10.0, 11.0]}, [10.0, 11.0]),
        ({"price": math.nan, "history": [10.0, 11.0]}, [10.0, 11.0]),
        ({"price": -1.0, "history": [10.0, 11.0]}, [10.0, 11.0]),
        ({"price": "12", "history": [10.0, 11.0]}, [10.0, 11.0]),
    ],
)
def test_closes_end_with_the_price_whatever_the_feed(quote: dict[str, Any], closes: list[float]) -> None:
    for market_data in ({"KO": quote}, {"symbols": {"KO": quote}}):
        assert BASE.close_history(market_data, "KO").tolist() == closes
    assert BASE.close_history({"KO": quote}, "PEP").tolist() == []
