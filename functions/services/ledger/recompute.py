"""
Days that a late fill changes: recomputed one by one, and served together when the last is done.

Until then their documents are staged, and daily documents, windows and months stay the old ones, wherever a run ends.
Checkpoints are overwritten day by day: a reader meanwhile uses the one before the late fill, as the head still says up
to when fills were seen. The last day, whose checkpoint people look at, is written when all are served.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date

from functions.domain.kernel.document_size import stored_bytes
from functions.domain.ledger.books import Checkpoint
from functions.domain.track_record.daily_returns import day_of
from functions.services.kernel.ports import Document
from functions.services.ledger.catch_up import LedgerRun
from functions.services.ledger.compute_days import ComputedDay
from functions.services.ledger.ports import LedgerHead, Recomputation
from functions.services.ledger.sessions import session_after, session_of_checkpoint
from functions.services.track_record.build_windows import WINDOW_SPAN, Windows, usable

MOST_SERVED_BYTES = 8_000_000
"""Maximum size of one serving commit, which Firestore limits to 10 MiB."""


def compute_again(run: LedgerRun) -> bool:
    """
    Recompute and serve days with late fills; False if there was no time for all.

    Raises
    ------
    StoreConflict
    StoreUnavailable
    """
    head = run.head
    again = None if head is None else _due(run, head)
    if head is None or again is None:
        return True
    start = again.first if again.reached is None else session_after(run.calendar, again.reached)
    sessions = run.calendar.sessions(start, head.last_day)
    known = run.documents_by_day(start, sessions[: run.run.most_days][-1]) if sessions else {}
    leftovers = {} if head.recomputing is None else _staged_ids(run, start)
    books = run.books(again.reached_at, again.reached, start)
    for session in sessions[:-1]:
        if not run.run.may_go_on():
            return False
        day = run.days.day(books, session, known.get(session, {}))
        again = replace(again, reached=session, reached_at=day.period.end, seen_until=run.run.seen_until)
        stale = leftovers.get(session, set()) - day.snapshots.keys()
        run.commit(replace(head, recomputing=again), day, staged=day.snapshots, unstaged=stale)
        run.tell(day, again.first)
        books = day.books
    if not run.run.may_go_on():
        return False
    _serve(
        run, head, again, run.days.day(books, sessions[-1], known.get(sessions[-1], {})) if sessions else None, books
    )
    return True


def _due(run: LedgerRun, head: LedgerHead) -> Recomputation | None:
    """
    Return the recomputation under way, or the one that a fill since requires.

    It begins after the newest checkpoint that contains all earlier fills. What was staged before that day stays.
    """
    under_way = head.recomputing
    since, before = head.seen_until, head.done_until
    if under_way is not None:
        since, before = under_way.seen_until, under_way.reached_at or run.calendar.end_of(under_way.first)
    late = run.store.earliest_late_fill(run.run.tenant_id, since, before)
    if late is None:
        return under_way
    checkpoint = run.store.checkpoint(run.run.tenant_id, late)
    if checkpoint is None:
        return Recomputation(run.calendar.session_of(late), None, None, run.run.seen_until)
    reached = session_of_checkpoint(run.calendar, checkpoint)
    first = session_after(run.calendar, reached)
    if under_way is not None:
        first = min(first, under_way.first)
    return Recomputation(first, reached, checkpoint["at"], run.run.seen_until)


def _staged_ids(run: LedgerRun, first: date) -> dict[date, set[str]]:
    """Return what is staged from a day on, by day: leftovers of an attempt that restarted from an earlier day."""
    ids: dict[date, set[str]] = defaultdict(set)
    for document_id, document in usable(run.store.staged(run.run.tenant_id, first), run.malformed.note).items():
        ids[day_of(document)].add(document_id)
    return ids


def _serve(run: LedgerRun, head: LedgerHead, again: Recomputation, last: ComputedDay | None, books: Checkpoint) -> None:
    """Serve the staged days and the last one: in one commit if it fits, else oldest first, with the windows last."""
    documents: dict[str, Document] = {}
    ids: set[str] = set()
    size = 0
    for document_id, document in run.store.staged(run.run.tenant_id):
        if size > MOST_SERVED_BYTES:
            run.commit(replace(head, recomputing=again), None, snapshots=documents, unstaged=ids)
            documents, ids, size = {}, set(), 0
        ids.add(document_id)
        good = usable([(document_id, document)], run.malformed.note)
        documents |= {name: one for name, one in good.items() if last is None or day_of(one) < last.session}
        size += 2 * stored_bytes(document)  # written there, deleted here
    recent = run.documents(head.last_day - WINDOW_SPAN, head.last_day) | documents
    recent |= {} if last is None else last.snapshots
    latest = [one for one in recent.values() if day_of(one) > head.last_day - WINDOW_SPAN]
    moments = (books if last is None else last.books).moments
    windows = Windows.of(latest).to_documents(moments)
    beside = [] if last is None else [last.checkpoint, last.kept_marks, *last.snapshots.values()]
    if size + sum(map(stored_bytes, (*windows.values(), *beside))) > MOST_SERVED_BYTES:
        run.commit(replace(head, recomputing=again), None, snapshots=documents, unstaged=ids)
        documents, ids = {}, set()
    changed = run.calendar.sessions(again.first, head.last_day)
    served = replace(
        head,
        seen_until=run.run.seen_until,
        done_until=(again.reached_at or head.done_until) if last is None else last.period.end,
        recomputing=None,
        months_due=head.months_due | {day.isoformat()[:7] for day in changed},
    )
    documents |= {} if last is None else last.snapshots
    run.commit(served, last, snapshots=documents, unstaged=ids, windows=windows)
    if last is not None:
        run.tell(last, again.first)
