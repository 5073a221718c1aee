"""A small SVG picture of profit and modes: no library, no font, nothing to fetch."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import date
from itertools import accumulate

from functions.domain.kernel.agent_mode import AgentMode

WIDTH, LINE_HEIGHT, MARGIN = 720, 200, 48
_ROW = 24
COLOURS: Mapping[str, str] = {
    AgentMode.ACTIVE: "#1a7f4b",
    AgentMode.REDUCED: "#b7791f",
    AgentMode.SHADOW_MODE: "#6b7280",
    AgentMode.DISABLED: "#b42318",
}


def equity_and_modes(profit_by_day: Mapping[date, float], modes: Mapping[str, str]) -> str:
    """
    Return an SVG: accumulated profit by day above, every strategy's mode below.

    Parameters
    ----------
    profit_by_day : mapping
        USD by day, oldest first.
    modes : mapping
        Mode by strategy.
    """
    height = LINE_HEIGHT + 2 * MARGIN + _ROW * len(modes)
    label = html.escape(_described(profit_by_day, modes))
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" '
            'font-family="system-ui,sans-serif" font-size="13" fill="#1c2330">'
        ),
        *_line(profit_by_day),
        *(_row(name, mode, number) for number, (name, mode) in enumerate(modes.items())),
        "</svg>",
    ]
    return "".join(parts)


def _described(profit_by_day: Mapping[date, float], modes: Mapping[str, str]) -> str:
    total = sum(profit_by_day.values())
    return f"{total:+,.0f} USD over {len(profit_by_day)} days; modes of {len(modes)} strategies"


def _line(profit_by_day: Mapping[date, float]) -> list[str]:
    days = sorted(profit_by_day)
    if len(days) < 2:
        return [f'<text x="{MARGIN}" y="{MARGIN}">Not enough days for a curve yet</text>']
    levels = [0.0, *accumulate(profit_by_day[day] for day in days)]
    low, high = min(levels), max(levels)
    span = (high - low) or 1.0

    def y(level: float) -> float:
        return MARGIN + LINE_HEIGHT * (high - level) / span

    step = (WIDTH - 2 * MARGIN) / (len(levels) - 1)
    points = " ".join(f"{MARGIN + step * number:.1f},{y(level):.1f}" for number, level in enumerate(levels))
    bottom = MARGIN + LINE_HEIGHT + 18
    return [
        f'<text x="{MARGIN}" y="24" font-weight="600">Profit, all strategies, USD</text>',
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="#c9ced6"/>',
        f'<polyline points="{points}" fill="none" stroke="#2456c5" stroke-width="2"/>',
        f'<text x="{WIDTH - MARGIN}" y="{y(levels[-1]) - 8:.1f}" text-anchor="end">{levels[-1]:+,.0f}</text>',
        f'<text x="{MARGIN}" y="{bottom}">{days[0].isoformat()}</text>',
        f'<text x="{WIDTH - MARGIN}" y="{bottom}" text-anchor="end">{days[-1].isoformat()}</text>',
    ]


def _row(name: str, mode: str, number: int) -> str:
    top = LINE_HEIGHT + 2 * MARGIN + _ROW * number
    colour = COLOURS.get(mode, COLOURS[AgentMode.DISABLED])
    return (
        f'<rect x="{MARGIN}" y="{top - 11}" width="12" height="12" rx="2" fill="{colour}"/>'
        f'<text x="{MARGIN + 20}" y="{top}">{html.escape(name)}: {html.escape(mode)}</text>'
    )
