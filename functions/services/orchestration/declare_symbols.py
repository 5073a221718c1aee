"""Store the symbols that strategies declare for the feed, which fetches prices and imports no strategy."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from functions.domain.kernel.errors import StoreError
from functions.services.orchestration.ports import FoundStrategies, SymbolStore

logger = logging.getLogger("maestro")


class DeclareSymbols:
    """The use case; keep one per process: it only writes changes since its last call."""

    def __init__(self, store: SymbolStore) -> None:
        self._store = store
        self._known: tuple[Sequence[str], Mapping[str, Sequence[str]]] | None = None

    def run(self, found: FoundStrategies) -> None:
        """Store them if they are new; a failing store is logged, and retried with the next cycle."""
        own = [one for name, listed in found.symbols.items() if name not in found.samples for one in listed]
        samples = {name: sorted(set(found.symbols.get(name, ()))) for name in sorted(found.samples)}
        declared = sorted(set(own)), samples
        if declared == self._known:
            return
        try:
            self._store.write_symbols(*declared)
        except StoreError as error:
            logger.error("Declared symbols of strategies not stored: %s", error)
        else:
            self._known = declared
