"""A strategy's class name is its id: one name stands for what no strategy owns."""

from __future__ import annotations

from functions.sandbox.find_strategies import build
from functions.strategies.momentum import TwelveOneMomentum


def test_a_class_of_the_reserved_name_is_refused_by_name_and_no_other_is() -> None:
    unowned = type("unowned", (TwelveOneMomentum,), {})
    strategies, errors = build({"unowned": unowned, "TwelveOneMomentum": TwelveOneMomentum})
    assert list(strategies) == ["TwelveOneMomentum"]
    assert "strategy must be a name other than unowned, which is reserved for unowned positions" in errors["unowned"]
