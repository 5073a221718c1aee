"""Why a strategy did, or did not, trade: told from a stored decision, its redemption and its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.orchestration.decision import logged_verdicts

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One strategy in one decision, step by step."""

    session_id: str
    at: str
    strategy_name: str
    verdict: str
    """The whole in one sentence."""
    steps: tuple[str, ...]
    """What was proposed, what each rule did, what was redeemed, what was filled, in order."""
    reason_codes: tuple[str, ...]


def explain(
    decision: Document, strategy_name: str, redemption: Document | None, fills: Sequence[Document]
) -> Explanation | None:
    """
    Explain one strategy's part in a decision; None if it had none.

    Parameters
    ----------
    decision : mapping
        The log document.
    redemption : mapping or None
        Of the signal, if it was redeemed.
    fills : sequence of mapping
        Ledger documents of the signal.
    """
    verdict = next((one for one in logged_verdicts(decision) if one["strategy_name"] == strategy_name), None)
    if verdict is None:
        return None
    signal = decision["signals"][strategy_name]
    codes = tuple(verdict.get("reason_codes") or (verdict["reason_code"],))
    steps = [
        _proposed(signal, verdict, (decision.get("strategy_errors") or {}).get(strategy_name)),
        _weighed(verdict),
        *(f"Rule {code}" for code in codes[1:]),
        _issued(signal, verdict),
        _redeemed(redemption),
        _filled(fills),
    ]
    return Explanation(
        decision["session_id"],
        decision["timestamp"].isoformat(),
        strategy_name,
        _verdict(signal, verdict, codes, redemption, fills),
        tuple(steps),
        codes,
    )


def _proposed(signal: Document, verdict: Document, error: str | None) -> str:
    if error is not None:
        return f"It gave no usable answer: {error}"
    action = signal.get("original_action", signal["action"])
    reasoning = f": {signal['reasoning']}" if signal["reasoning"] else ""
    return f"Proposed {action} {signal['ticker']} at {verdict['original_allocation']:.1%}{reasoning}"


def _weighed(verdict: Document) -> str:
    record = f"{verdict['data_points']} daily returns, Sharpe {_number(verdict['sharpe_ratio'])}"
    return f"Mode {verdict['mode']} ({record}): {verdict['reasoning']}"


def _traded(signal: Document) -> str:
    return f"{signal['action']} {signal['ticker']}".strip()


def _issued(signal: Document, verdict: Document) -> str:
    whole = "the position" if signal["action"] == "SELL" else "buying power"
    return f"Issued: {_traded(signal)} at {verdict['final_allocation']:.1%} of {whole}."


def _redeemed(redemption: Document | None) -> str:
    if redemption is None:
        return "Nobody redeemed it."
    return f"Redeemed at {redemption['redeemed_at'].isoformat()}: {redemption['status']}."


def _filled(fills: Sequence[Document]) -> str:
    if not fills:
        return "No fill in the ledger."
    quantity = sum(float(fill["qty"]) for fill in fills)
    return f"{len(fills)} fills, {quantity:g} units, the last at {fills[-1]['price']:g} USD."


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _verdict(
    signal: Document, verdict: Document, codes: Sequence[str], redemption: Document | None, fills: Sequence[Document]
) -> str:
    name, last = verdict["strategy_name"], codes[-1]
    proposed = signal.get("original_action", signal["action"])
    if fills:
        done = "filled" if redemption is None else "redeemed and filled"
        return f"{name} traded: {_traded(signal)} was {done}."
    if redemption is not None:
        return f"{name} was redeemed, and nothing was filled: look at the broker's order of this client_order_id."
    if proposed == "HOLD":
        return f"{name} did not trade: it proposed nothing ({last})."
    if signal["action"] != proposed:
        return f"{name} did not trade: its {proposed} was turned into {signal['action']} ({last})."
    if verdict["mode"] in {"SHADOW_MODE", "DISABLED"} and last != "LIVE_EXIT":
        return f"{name} did not trade: it is in {verdict['mode']} ({last})."
    return f"{name} did not trade: its {_traded(signal)} was issued, and no client redeemed it."
