"""The modes of one strategy over all sessions, as a band: distinguished by shape, not by colour alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 600.0, 16.0
_SHAPES = {
    "ACTIVE": (0.0, HEIGHT),
    "REDUCED": (HEIGHT / 2, HEIGHT / 2),
    "SHADOW_MODE": (HEIGHT - 5.0, 3.0),
    "DISABLED": (HEIGHT - 2.0, 2.0),
}
"""Where each mode's bar begins from the top, and how high it is."""


def band(modes: Sequence[str], name: str) -> Markup:
    """Return a picture of the modes, session by session, with what it shows in words."""
    count = max(len(modes), 1)
    bars = []
    for mode, run in itertools.groupby(enumerate(modes), key=lambda one: one[1]):
        if not mode:  # it had no part in those sessions
            continue
        days = [at for at, _ in run]
        top, height = _SHAPES.get(mode, _SHAPES["DISABLED"])
        left, width = WIDTH * days[0] / count, WIDTH * len(days) / count
        bars.append(
            Markup('<rect class="{}" x="{:.2f}" y="{:g}" width="{:.2f}" height="{:g}"/>').format(
                f"is-{mode.lower().replace('_', '-')}", left, top, width, height
            )
        )
    shares = ", ".join(
        f"{mode.replace('_', ' ').lower()} {modes.count(mode) / count:.0%}"
        for mode in dict.fromkeys(filter(None, modes))
    )
    head = Markup('<svg class="band" role="img" aria-label="{}" viewBox="0 0 {:g} {:g}" preserveAspectRatio="none">')
    return head.format(f"Modes of {name}: {shares}", WIDTH, HEIGHT) + Markup("").join(bars) + Markup("</svg>")
