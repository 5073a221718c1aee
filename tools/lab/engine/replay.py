"""Walk accounts through sessions: days outside, policies inside, so that what is known of a day is made once."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from functions.domain.kernel.errors import InputError
from tools.lab.engine.account import PolicyAccount, Tenant
from tools.lab.engine.paper_broker import Costs, PaperBroker
from tools.lab.engine.rows import Rows
from tools.lab.engine.sessions import ReadOnce, Session, Sessions
from tools.lab.engine.simulated import RememberedCalendars
from tools.lab.engine.strategies import LabStrategies
from tools.lab.policy_run import PolicyRun
from tools.lab.prices.bars import DailyBars
from tools.quiet import quiet

OnDecision = Callable[[str, Mapping[str, Any]], None]
_YOUNG_OBJECTS = 50_000
"""Between two collections of garbage: what a session makes is freed without one."""


def replay(
    prices: DailyBars,
    strategies: Sequence[Any],
    policies: Mapping[str, Mapping[str, Any]],
    *,
    market: str,
    first: date | None = None,
    last: date | None = None,
    costs: Costs | None = None,
    starting_cash: float = 100_000.0,
    progress: Callable[[int, int], None] | None = None,
    on_decision: OnDecision | None = None,
) -> dict[str, PolicyRun]:
    """
    Replay sessions under several policies, each on its own account.

    A session's cycle runs five minutes before the close, on its closes up to then; what it issues is filled at the next
    session's close. The same arguments give the same result, to the byte, unless one of the user's own strategies is
    not deterministic.

    Parameters
    ----------
    strategies : sequence
        Instances or classes, each of another class; as deployed, what one keeps in ``self`` is gone after the cycle.
    policies : mapping
        Documents as ``PUT /v1/policy`` takes them, by any name. One that does not say which samples may act lets
        all act.
    market : str
        Whose sessions the days are: XNYS, 24x7.
    first, last : date or None
        Both included; None: as far as the prices go. Closes before ``first`` are history.
    costs : Costs, optional
        What a fill costs; by default the demo's.
    starting_cash : float
        USD.
    progress : callable, optional
        Called with how many sessions are done, and of how many.
    on_decision : callable, optional
        Called with the policy's name and the log document of each decision, which must not be changed.

    Returns
    -------
    dict
        A run by policy, in their order; after Ctrl-C, only the sessions that all policies completed.

    Raises
    ------
    InputError
        If there is no session in the range, nothing to replay, a policy that cannot be read, or one of another market.
    """
    calendars = RememberedCalendars()
    sessions = Sessions(prices, calendars.of(market), first, last)
    asked = LabStrategies(strategies)
    documents = {name: {"sample_strategies": sorted(asked.samples), **policy} for name, policy in policies.items()}
    tenant, read_quotes = Tenant(), ReadOnce()
    accounts = {}
    for name, document in documents.items():
        broker = PaperBroker(tenant.uid, starting_cash, costs=costs or Costs())
        accounts[name] = PolicyAccount(tenant, document, asked, market, calendars, broker, read_quotes)
    for name, account in accounts.items():
        if account.policy.market != market:
            raise InputError(f"policies.{name}.market", f"that of the prices, {market}", account.policy.market)
    rows = {name: Rows(name, policies[name], asked.names) for name in accounts}
    try:
        is_whole = walk(sessions, accounts, rows, progress=progress, on_decision=on_decision)
    finally:
        asked.close()
    return {name: one.run(is_whole=is_whole) for name, one in rows.items()}


def walk(
    sessions: Sessions,
    accounts: Mapping[str, PolicyAccount],
    rows: Mapping[str, Rows],
    *,
    progress: Callable[[int, int], None] | None = None,
    on_decision: OnDecision | None = None,
    keeps_all: bool = False,
) -> bool:
    """
    Walk accounts through sessions, and add a row of each; False if Ctrl-C ended it.

    Parameters
    ----------
    keeps_all : bool
        Whether documents stay that nothing reads again.
    """
    with _quietly(), _unless_interrupted() as is_interrupted, contextlib.suppress(KeyboardInterrupt):
        for number, (session, ends_month) in enumerate(_with_month_ends(sessions), 1):
            done = {name: account.trade(session) for name, account in accounts.items()}
            for account in accounts.values():
                account.settle(session, ends_month=ends_month)
                if is_interrupted():
                    return False
            for name, account in accounts.items():
                rows[name].add(session, done[name], account)
                if not keeps_all:
                    account.forget(session)
            for name, traded in done.items():
                if on_decision is not None:
                    on_decision(name, traded.log)
            if progress is not None:
                progress(number, len(sessions))
        return True
    return False


def _with_month_ends(sessions: Sessions) -> Iterator[tuple[Session, bool]]:
    days = sessions.days
    following = [*days[1:], None]
    for session, after in zip(sessions, following, strict=True):
        yield session, after is None or (after.year, after.month) != (session.day.year, session.day.month)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Say only what is wrong with the replay itself, and collect garbage rarely."""
    thresholds = gc.get_threshold()
    gc.set_threshold(_YOUNG_OBJECTS, *thresholds[1:])
    try:
        with quiet("maestro"):  # what services warn of is in the decisions
            yield
    finally:
        gc.set_threshold(*thresholds)


@contextlib.contextmanager
def _unless_interrupted() -> Iterator[Callable[[], bool]]:
    """
    Yield a function that says whether Ctrl-C was pressed.

    An exception could be raised inside a strategy, which may catch it; so only a second Ctrl-C raises one.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted.is_set
        return
    before = signal.getsignal(signal.SIGINT)

    def interrupt(_number: int, _frame: object) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield interrupted.is_set
    finally:
        signal.signal(signal.SIGINT, before)
