"""Why a strategy did, or did not, trade: what was filled past Maestro is told, and told of the right decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.domain.ledger.fills import BookKey, Fill
from functions.domain.monitoring.explanation import Explanation, explain
from functions.domain.monitoring.unredeemed_fills import (
    UNREDEEMED_MARGIN,
    LedgerFill,
    UnredeemedFills,
    looked_until,
    unredeemed,
)
from tests.fakes import MARCH_16

MINUTE = timedelta(minutes=1)
TTL = 5 * MINUTE
NONCE = "0f" * 16


def decision(
    action: str = "BUY", mode: str = "ACTIVE", original: str | None = None, ticker: str = "KO", **fields: Any
) -> dict[str, Any]:
    signal = {
        "action": action,
        "ticker": ticker,
        "reasoning": "",
        **({"original_action": original} if original else {}),
    }
    verdict: dict[str, Any] = {
        "strategy_name": "Trend",
        "mode": mode,
        "reason_code": "SHARPE_HEALTHY",
        "reasoning": "so.",
    }
    verdict |= {"original_allocation": 0.2, "final_allocation": 0.2, "data_points": 9, "sharpe_ratio": 1.2}
    decided = {"session_id": "s1", "timestamp": MARCH_16, "expires_at": MARCH_16 + TTL, "signals": {"Trend": signal}}
    return {**decided, "allocation_decisions": [verdict], **fields}


def fill(
    minutes: float = 1, side: str = "buy", symbol: str = "KO", nonce: str | None = None, session: str | None = None
) -> LedgerFill:
    qty = 10.0 if side == "buy" else -10.0
    one = Fill(
        BookKey("ann", "Trend", symbol), MARCH_16 + minutes * MINUTE, qty, 45.0, 0.0, 0.0, ("", "", f"f{minutes}")
    )
    return LedgerFill(one, nonce, session)


def told(logged: dict[str, Any], *fills: LedgerFill, is_redeemed: bool = False, redeemed_fills: int = 0) -> Explanation:
    redemption = {"nonce": NONCE, "redeemed_at": MARCH_16, "status": "RESERVED"} if is_redeemed else None
    of_redemption = [{"qty": 10.0, "price": 45.0}] * redeemed_fills
    explanation = explain(logged, "Trend", redemption, of_redemption, UnredeemedFills(looked_until(logged), fills))
    assert explanation is not None
    return explanation


BOUGHT = "buy 10 KO at 45 USD at 19:56:00 UTC"
BOUGHT_ALONE = "Trend traded: BUY KO was filled, and no client redeemed it."
SOLD = "sell 10 KO at 45 USD at 19:56:00 UTC"


@pytest.mark.parametrize(
    ("explained", "verdict"),
    [
        (told(decision(), fill()), BOUGHT_ALONE),
        (
            told(decision(), fill(), fill(side="sell")),
            BOUGHT_ALONE[:-1] + f"; in addition, {SOLD} was filled without a redemption.",
        ),
        (
            told(decision("SELL"), fill(side="sell")),
            "Trend traded: SELL KO was filled, and no client redeemed it.",
        ),
        (
            told(decision("HOLD"), fill()),
            f"Trend traded without Maestro: it proposed nothing (SHARPE_HEALTHY), but {BOUGHT} was filled.",
        ),
        (
            told(decision("HOLD", original="BUY"), fill()),
            (f"Trend traded without Maestro: its BUY was turned into HOLD (SHARPE_HEALTHY), but {BOUGHT} was filled."),
        ),
        (
            told(decision(), fill(side="sell")),
            (f"Trend traded without Maestro: its BUY KO was issued, and no client redeemed it, but {SOLD} was filled."),
        ),
        (
            told(decision(), fill(), is_redeemed=True),
            "Trend traded: BUY KO was redeemed, and filled without the redemption's nonce.",
        ),
        (
            told(decision(), fill(), is_redeemed=True, redeemed_fills=1),
            f"Trend traded: BUY KO was redeemed and filled; in addition, {BOUGHT} was filled without a redemption.",
        ),
        (
            told(decision(), is_redeemed=True, redeemed_fills=1),
            "Trend traded: BUY KO was redeemed and filled.",
        ),
        (
            told(decision(), is_redeemed=True),
            "Trend: BUY KO was redeemed, but has no fill in the ledger: look for its order at the broker.",
        ),
        (told(decision("HOLD")), "Trend did not trade: it proposed nothing (SHARPE_HEALTHY)."),
        (told(decision()), "Trend did not trade: its BUY KO was issued, and no client redeemed it."),
    ],
)
def test_what_was_filled_without_redemption_is_told(explained: Explanation, verdict: str) -> None:
    assert explained.verdict == verdict


def test_a_shadowed_strategy_that_was_traded_live_is_told() -> None:
    assert told(decision(mode="SHADOW_MODE"), fill()).verdict == (BOUGHT_ALONE)


def test_the_steps_name_the_fills_and_how_far_was_looked() -> None:
    assert told(decision(), fill()).steps[-1] == f"Filled without redemption: {BOUGHT}."
    assert told(decision()).steps[-1] == "No fill in the ledger up to 2020-03-16T20:15:00+00:00."


def test_the_steps_name_what_was_proposed_and_issued() -> None:
    assert told(decision()).steps[0] == "Proposed BUY KO at 20.0%"
    assert told(decision("HOLD")).steps[0] == "Proposed HOLD KO"
    held = told(decision("HOLD", ticker=""))
    assert held.steps[0] == "Proposed HOLD"
    assert "Issued: HOLD." in held.steps


@pytest.mark.parametrize(
    ("action", "intent", "whole"),
    [
        ("BUY", "ENTRY", "buying power"),
        ("BUY", "EXIT", "the position"),  # of a short
        ("BUY", "FLIP", "the position"),
        ("SELL", "ENTRY", "buying power"),  # short
        ("SELL", "EXIT", "the position"),
        ("SELL", "NOTHING", "the position"),
        ("BUY", None, "buying power"),  # as decided before there were intents
        ("SELL", None, "the position"),
    ],
)
def test_the_steps_say_what_was_issued_a_part_of_what(action: str, intent: str | None, whole: str) -> None:
    logged = decision(action)
    logged["signals"]["Trend"] |= {} if intent is None else {"intent": intent}
    assert f"Issued: {action} KO at 20.0% of {whole}." in told(logged).steps


def sorted_out(
    *fills: LedgerFill,
    redeemed: bool = False,
    nonces: tuple[str, ...] = (),
    around: dict[float, dict[str, Any]] | None = None,
) -> tuple[list[str], int]:
    redemption = {"nonce": NONCE} if redeemed else None
    neighbours: dict[datetime, dict[str, Any]] = {
        MARCH_16 + minutes * MINUTE: signal for minutes, signal in (around or {}).items()
    }
    found = unredeemed(decision(), "Trend", redemption, fills, nonces, neighbours)
    assert found.until == MARCH_16 + TTL + UNREDEEMED_MARGIN
    return [one.fill.order[2] for one in found.fills], found.of_other_signals


BUY, SELL, HOLD = ({"action": action, "ticker": "KO"} for action in ("BUY", "SELL", "HOLD"))


def test_fills_of_a_redemption_are_none_without() -> None:
    assert sorted_out(fill(nonce=NONCE), redeemed=True) == ([], 0)
    assert sorted_out(fill(nonce="other"), nonces=("other",)) == ([], 1)
    assert sorted_out(fill(session="s2")) == ([], 1)
    assert sorted_out(fill(nonce="nobody's")) == (["f1"], 0)
    assert sorted_out(fill(nonce="nobody's", session="s1")) == (["f1"], 0)
    assert sorted_out(fill(), redeemed=True) == (["f1"], 0)


@pytest.mark.parametrize(
    ("one", "around", "is_mine"),
    [
        (fill(6), {5: HOLD}, True),
        (fill(6), {5: BUY}, False),
        (fill(4), {5: BUY}, True),
        (fill(6), {5: SELL}, True),
        (fill(6, "sell"), {5: SELL}, False),
        (fill(6, "sell"), {5: HOLD}, False),
        (fill(4, "sell"), {5: HOLD}, True),
        (fill(1, "sell"), {-5: SELL}, False),
        (fill(1, "sell"), {-25: SELL}, True),
        (fill(1), {-5: BUY}, True),
    ],
)
def test_a_fill_that_names_no_decision_belongs_to_the_last_that_asked_for_it(
    one: LedgerFill, around: dict[float, dict[str, Any]], is_mine: bool
) -> None:
    assert sorted_out(one, around=around) == (([one.fill.order[2]], 0) if is_mine else ([], 1))


def test_a_signal_without_a_symbol_asks_for_every_one_and_spellings_are_one() -> None:
    assert fill(side="sell", symbol="PEP").is_of("SELL", "")
    assert fill(symbol="BTC/USD").is_of("BUY", "btcusd")
    assert not fill().is_of("HOLD", "KO")
