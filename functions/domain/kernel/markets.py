"""The markets that a tenant can trade on, and their trading days per year."""

from __future__ import annotations

from datetime import timedelta

ALWAYS_OPEN = "24x7"
"""The market that never closes."""
LONGEST_CLOSURE = timedelta(days=14)
"""Longer than any market stays closed, and so than the gap between two sessions."""

EXCHANGES = frozenset(
    [
        "AIXK",
        "BVMF",
        "CMES",
        "IEPA",
        "XAMS",
        "XASX",
        "XBDA",
        "XBKK",
        "XBOG",
        "XBOM",
        "XBRA",
        "XBRU",
        "XBUD",
        "XBUE",
        "XCBF",
        "XCSE",
        "XDUB",
        "XDUS",
        "XEEE",
        "XETR",
        "XEUR",
        "XFRA",
        "XHAM",
        "XHEL",
        "XHKG",
        "XICE",
        "XIDX",
        "XIST",
        "XJSE",
        "XKAR",
        "XKLS",
        "XKRX",
        "XLIM",
        "XLIS",
        "XLIT",
        "XLJU",
        "XLON",
        "XLUX",
        "XMAD",
        "XMEX",
        "XMIL",
        "XMOS",
        "XNYS",
        "XNZE",
        "XOSL",
        "XPAR",
        "XPHS",
        "XPRA",
        "XRIS",
        "XSAU",
        "XSES",
        "XSGO",
        "XSHG",
        "XSTO",
        "XSTU",
        "XSWX",
        "XTAE",
        "XTAI",
        "XTAL",
        "XTKS",
        "XTSE",
        "XWAR",
        "XWBO",
        "XZAG",
    ]
)
"""ISO 10383 codes that exchange_calendars knows; listed so that checking a policy does not import it. Athens, Belgrade,
Bucharest and Cyprus are missing: it fails at the Orthodox Easter."""

MARKETS = (ALWAYS_OPEN, *sorted(EXCHANGES))

OVER_MIDNIGHT = frozenset({"CMES", "XASX", "XNZE"})
"""Exchanges whose sessions run over a UTC midnight: elsewhere the UTC date of an open market is its session."""

TRADING_DAYS_PER_YEAR = 252
"""Trading days per year of an exchange, by convention."""
DAYS_PER_YEAR = 365


def periods_a_year(market: str) -> int:
    """
    Return the trading days per year that annualise a market's daily figures.

    >>> periods_a_year("24x7"), periods_a_year("XNYS")
    (365, 252)
    """
    return DAYS_PER_YEAR if market == ALWAYS_OPEN else TRADING_DAYS_PER_YEAR
