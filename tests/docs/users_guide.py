"""The user's own migration guide, to the letter (users-guide.md), and the desk of a reader who follows it."""

from __future__ import annotations

import logging
import sys
import typing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from firebase_admin import firestore
from google.cloud.firestore import Client

import functions.strategies
from functions.adapters.firestore import paths
from functions.domain.track_record.windows import PerformanceWindows
from functions.sandbox.find_strategies import discover
from tests.docs.blocks import Block, blocks

PAGE = Path(__file__).parent / "users-guide.md"
WRITTEN = "ef645fc48050947effdab15453de1053eb73e2d323fb2643bcc0cabd04442193"
"""SHA-256 of the page as its owner wrote it: a formatter would mend just what readers copy."""
GUIDE = blocks(PAGE)
TENANT = "acme"
RETURNS = {
    "Steady": (0.002, 0.001),  # ACTIVE
    "Shaky": (0.009, -0.00785),  # REDUCED
    "Losing": (-0.002, -0.001),  # SHADOW_MODE
}
"""Two daily returns in turn."""
_FILE = dedent('''\
    """Strategies of a reader's own, in a file of their own."""

    from functions.strategies.base import BaseStrategy


    class Proposes:
        def evaluate(self, market_data, account_snapshot, regime=None):
            if self.action == "FAIL":
                raise RuntimeError("no data")
            allocation = 0.3 if self.action == "BUY" else 0.0
            return {"action": self.action, "ticker": "KO", "allocation": allocation, "reasoning": "it says so"}
    ''')
_CLASS = '\n\nclass {name}(Proposes, BaseStrategy):\n    action = "{action}"\n'


@contextmanager
def own_strategies(folder: Path, actions: Mapping[str, str]) -> Iterator[None]:
    """Put a reader's file beside the samples, with strategies that always say the same: BUY, SELL, HOLD or FAIL."""
    module = folder / "my_desk.py"
    module.write_text(_FILE + "".join(_CLASS.format(name=name, action=action) for name, action in actions.items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(functions.strategies, "__path__", [*functions.strategies.__path__, str(folder)])
        discover.cache_clear()
        yield
    sys.modules.pop("functions.strategies.my_desk", None)
    discover.cache_clear()


def write_records(db: Client) -> None:
    """Give strategies the thirty days of returns that earn them their modes."""
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(30)]
    cells = [(name, day, pair[n % 2]) for name, pair in RETURNS.items() for n, day in enumerate(days)]
    paths.windows(db, TENANT, None).set(PerformanceWindows.from_daily_returns(cells).to_document())


def readers_names(db: Client) -> dict[str, Any]:
    """Return what the guide's code takes for granted: a reader's own imports, client and tenant."""
    return {
        **{name: getattr(typing, name) for name in ("Any", "Dict", "List")},
        "datetime": datetime,
        "timedelta": timedelta,
        "timezone": timezone,
        "firestore": firestore,
        "logger": logging.getLogger("reader"),
        "db": db,
        "tenant_id": TENANT,
        "user_id": None,
    }


def block(line: str) -> Block:
    """Return the one block of the guide with this line."""
    (found,) = (one for one in GUIDE if line in one.code.splitlines())
    return found


MONITORING = tuple(
    block(line)
    for line in (
        "async def get_orchestration_summary(hours: int = 24) -> Dict[str, Any]:",
        "async def check_maestro_alerts() -> List[str]:",
        "async def generate_daily_maestro_report() -> str:",
    )
)
"""The guide's three monitoring functions."""


def a_day_later(day: date) -> type[datetime]:
    """Return a datetime class whose now() is a day later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(day.year, day.month, day.day, tzinfo=tz or UTC) + timedelta(days=1)

    return Later
