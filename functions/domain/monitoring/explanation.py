"""Why a strategy did, or did not, trade: explained by a stored decision, its redemption and its fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.domain.kernel.plurals import counted
from functions.domain.monitoring.unredeemed_fills import UnredeemedFills, listed
from functions.domain.orchestration.decision import logged_verdicts
from functions.domain.orchestration.intent import Intent
from functions.domain.trading.redemption import intent_of

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One strategy in one decision, step by step."""

    session_id: str
    at: str
    strategy_name: str
    verdict: str
    """The explanation in one sentence."""
    steps: tuple[str, ...]
    """What was proposed, what each rule did, what was redeemed, what was filled, in order."""
    reason_codes: tuple[str, ...]


def explain(
    decision: Document,
    strategy_name: str,
    redemption: Document | None,
    fills: Sequence[Document],
    unredeemed: UnredeemedFills,
) -> Explanation | None:
    """
    Explain one strategy's part in a decision; None if it took no part.

    Parameters
    ----------
    decision : mapping
        The log document.
    redemption : mapping or None
        Of the signal, if it was redeemed.
    fills : sequence of mapping
        Ledger documents of the redemption.
    unredeemed : UnredeemedFills
        The strategy's fills without a redemption.
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
        _filled(fills, unredeemed),
        *_past_maestro(unredeemed),
    ]
    return Explanation(
        decision["session_id"],
        decision["timestamp"].isoformat(),
        strategy_name,
        _verdict(signal, verdict, codes, redemption, fills, unredeemed),
        tuple(steps),
        codes,
    )


def _proposed(signal: Document, verdict: Document, error: str | None) -> str:
    if error is not None:
        return f"It gave no usable answer: {error}"
    action = signal.get("original_action", signal["action"])
    reasoning = f": {signal['reasoning']}" if signal["reasoning"] else ""
    if action == "HOLD":
        return f"Proposed {_named(action, signal)}{reasoning}"
    return f"Proposed {_named(action, signal)} at {verdict['original_allocation']:.1%}{reasoning}"


def _weighed(verdict: Document) -> str:
    record = f"{verdict['data_points']} active days, Sharpe {_number(verdict['sharpe_ratio'])}"
    return f"Mode {verdict['mode']} ({record}): {verdict['reasoning']}"


def _named(action: str, signal: Document) -> str:
    """Return an action with the signal's symbol, if it names one."""
    return f"{action} {signal['ticker']}".strip()


def _traded(signal: Document) -> str:
    return _named(signal["action"], signal)


def _issued(signal: Document, verdict: Document) -> str:
    if signal["action"] == "HOLD":
        return f"Issued: {_traded(signal)}."
    return f"Issued: {_traded(signal)} at {verdict['final_allocation']:.1%} of {_whole(signal)}."


def _whole(signal: Document) -> str:
    """Return what an allocation is a part of."""
    return "buying power" if intent_of(signal) is Intent.ENTRY else "the position"


def _redeemed(redemption: Document | None) -> str:
    if redemption is None:
        return "No client redeemed it."
    return f"Redeemed at {redemption['redeemed_at'].isoformat()}: {redemption['status']}."


def _filled(fills: Sequence[Document], unredeemed: UnredeemedFills) -> str:
    if not fills:
        none = "No fill of a redemption" if unredeemed.fills else "No fill"
        return f"{none} in the ledger up to {unredeemed.until.isoformat(timespec='seconds')}."
    quantity = sum(float(fill["qty"]) for fill in fills)
    return f"{counted(len(fills), 'fill')}, {quantity:g} units, the last at {fills[-1]['price']:g} USD."


def _past_maestro(unredeemed: UnredeemedFills) -> list[str]:
    """Return sentences about the strategy's other fills in that time."""
    said = []
    if unredeemed.fills:
        said.append(f"Filled without redemption: {listed(unredeemed.fills)}.")
    if unredeemed.of_other_signals:
        said.append(f"{unredeemed.of_other_signals} fills of that time belong to signals of other decisions.")
    return said


def _number(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _verdict(
    signal: Document,
    verdict: Document,
    codes: Sequence[str],
    redemption: Document | None,
    fills: Sequence[Document],
    unredeemed: UnredeemedFills,
) -> str:
    name, traded = verdict["strategy_name"], _traded(signal)
    past = unredeemed.of(signal["action"], signal["ticker"])
    besides = [one for one in unredeemed.fills if one not in past]
    if fills:
        said = f"{name} traded: {traded} was redeemed and filled"
        besides = list(unredeemed.fills)
    elif past and redemption is None:
        said = f"{name} traded: {traded} was filled, and no client redeemed it"
    elif past:
        said = f"{name} traded: {traded} was redeemed, and filled without the redemption's nonce"
    elif redemption is not None:
        said = f"{name}: {traded} was redeemed, but has no fill in the ledger: look for its order at the broker"
    elif besides:
        return f"{name} traded without Maestro: {_why_not(signal, verdict, codes)}, but {listed(besides)} was filled."
    else:
        return f"{name} did not trade: {_why_not(signal, verdict, codes)}."
    return f"{said}; in addition, {listed(besides)} was filled without a redemption." if besides else f"{said}."


def _why_not(signal: Document, verdict: Document, codes: Sequence[str]) -> str:
    """Return why no client traded a signal that was not redeemed."""
    last, proposed = codes[-1], signal.get("original_action", signal["action"])
    if proposed == "HOLD":
        return f"it proposed nothing ({last})"
    if signal["action"] != proposed:
        return f"its {proposed} was turned into {signal['action']} ({last})"
    if verdict["mode"] in {"SHADOW_MODE", "DISABLED"} and last != "LIVE_EXIT":
        return f"it is in {verdict['mode']} ({last})"
    return f"its {_traded(signal)} was issued, and no client redeemed it"
