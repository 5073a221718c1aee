"""What is suspicious about prices, compared with the calendar and by themselves: a warning, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from tools.lab.prices.bars import DailyBars
from tools.lab.prices.errors import PriceFileError
from tools.lab.prices.market import MarketDays

MOST_MISSING = 0.01
"""Fraction of the market's sessions: with more missing, the calendar or the file is the wrong one."""
STALE_SESSIONS = 10
SURVIVORS_YEARS = 3
_SHOWN = 3
_SPLITS = np.array([2.0, 3.0, 4.0, 5.0, 10.0, 20.0, 1.5])
_SPLIT_TOLERANCE, _OTHERS_QUIET = 0.02, 0.1


def check_calendar(file: str, days: Sequence[date], calendar: MarketDays) -> list[str]:
    """
    Compare days with a market's sessions and return warnings.

    Raises
    ------
    PriceFileError
        If a day is not a session, or more than 1 % of the sessions are missing.
    """
    if strange := [day for day in days if day not in calendar.closes]:
        problem = f"{_named(strange)} {'is' if len(strange) == 1 else 'are'} not a session of {calendar.market}"
        raise PriceFileError(file, problem, "name the market the prices are of: --market 24x7, XLON …")
    present = set(days)
    sessions = [day for day in calendar.closes if days[0] <= day <= days[-1]]
    missing = [day for day in sessions if day not in present]
    if not missing:
        return []
    problem = f"{len(missing)} of {len(sessions)} sessions of {calendar.market} are missing: {_named(missing)}"
    if len(missing) > MOST_MISSING * len(sessions):
        limit = f"at most {MOST_MISSING:.0%} may be; complete the file, or name its market with --market"
        raise PriceFileError(file, problem, limit)
    return [problem]


def check_splits(file: str, bars: DailyBars, *, is_known_unadjusted: bool) -> list[str]:
    """
    Look for overnight jumps that look like splits and return warnings.

    Raises
    ------
    PriceFileError
        If there is one, and the source is known not to adjust.
    """
    with np.errstate(invalid="ignore"):
        ratios = bars.close[1:] / bars.close[:-1]
        whole = np.where(ratios < 1.0, 1.0 / ratios, ratios)
        is_split = (np.abs(whole[..., np.newaxis] / _SPLITS - 1.0) <= _SPLIT_TOLERANCE).any(axis=-1)
        told = []
    for row, column in np.argwhere(is_split):
        others = np.delete(ratios[row], column)
        others = others[~np.isnan(others)]
        if others.size and abs(float(np.median(others)) - 1.0) >= _OTHERS_QUIET:
            continue
        before, after = bars.close[row, column], bars.close[row + 1, column]
        what = f"{bars.symbols[column]} goes from {before:g} to {after:g} on {bars.days[row + 1]}: a split?"
        if is_known_unadjusted:
            raise PriceFileError(file, what, "its prices are not adjusted: adjust them, or take another source")
        told.append(what)
    return _shortened(told)


def check_lives(bars: DailyBars) -> Iterator[str]:
    """Yield what to know of symbols that are alone, late, gone, stale, or all alive."""
    if len(bars.symbols) == 1:
        yield "one symbol: strategies that compare symbols have nothing to compare"
    known = ~np.isnan(bars.close)
    first, last = known.argmax(axis=0), len(bars.days) - 1 - known[::-1].argmax(axis=0)
    late = [f"{bars.symbols[i]} starts on {bars.days[first[i]]}" for i in np.flatnonzero(first > 0)]
    gone = [
        f"{bars.symbols[i]} ends on {bars.days[last[i]]}: delisted or missing?"
        for i in np.flatnonzero(last < len(bars.days) - 1)
    ]
    yield from _shortened(late)
    yield from _shortened(gone)
    yield from _shortened(list(_stale(bars)))
    if not gone and (bars.days[-1] - bars.days[0]).days > SURVIVORS_YEARS * 365.25:
        yield "every symbol lives to the last day: companies that failed are missing, so results are too good"


def check_length(file: str, bars: DailyBars, needs: int) -> None:
    """Refuse fewer sessions than strategies look back on."""
    if len(bars.days) < needs:
        problem = f"has {len(bars.days)} sessions, and the strategies look back on {needs}"
        raise PriceFileError(file, problem, "take a longer file, or strategies with shorter histories")


def _stale(bars: DailyBars) -> Iterator[str]:
    same = bars.close[1:] == bars.close[:-1]
    for column, symbol in enumerate(bars.symbols):
        run = 1
        for row, is_same in enumerate(same[:, column]):
            run = run + 1 if is_same else 1
            if run == STALE_SESSIONS:
                start = bars.days[row + 2 - STALE_SESSIONS]
                yield f"{symbol} has the same close {STALE_SESSIONS} sessions running, from {start}: stale?"


def _named(days: Sequence[date]) -> str:
    more = f" and {len(days) - _SHOWN} more" if len(days) > _SHOWN else ""
    return ", ".join(map(str, days[:_SHOWN])) + more


def _shortened(told: list[str]) -> list[str]:
    return told if len(told) <= _SHOWN else [*told[:_SHOWN], f"… and {len(told) - _SHOWN} more like it"]
