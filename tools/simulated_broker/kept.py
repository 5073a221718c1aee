"""An account at the simulated broker in a file, between two runs; the running program provides market and script."""

from __future__ import annotations

import contextlib
import pickle
from dataclasses import fields
from pathlib import Path

from tools.simulated_broker.exchange import Exchange

_OF_THE_RUN = frozenset({"now", "market", "plan", "rejected", "lock", "_due"})


def keep(exchange: Exchange, file: Path) -> None:
    """Write the account, its orders and what happened there."""
    names = [one.name for one in fields(exchange) if one.name not in _OF_THE_RUN]
    with exchange.lock:
        content = pickle.dumps({name: getattr(exchange, name) for name in names})
    unfinished = file.with_name(f"{file.name}.unfinished.local")
    unfinished.write_bytes(content)
    unfinished.replace(file)


def take_up(exchange: Exchange, file: Path) -> bool:
    """Go on with an account that was kept; False if none was. A file of another version raises ValueError."""
    with contextlib.suppress(FileNotFoundError):
        content = file.read_bytes()
        try:
            kept = pickle.loads(content)
            for name, value in kept.items():
                setattr(exchange, name, value)
        except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, IndexError, TypeError) as error:
            raise ValueError(f"{file.name} cannot be read ({type(error).__name__}): remove it") from error
        return True
    return False
