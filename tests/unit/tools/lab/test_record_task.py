"""Policies tried on a tenant's own record: the rules that a preview has, with the files of a replay."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from functions.domain.kernel.agent_mode import AgentMode
from functions.domain.kernel.errors import InputError
from functions.services.lab.what_if import PreviewPolicy
from tests.fakes import FakeClock
from tests.unit.services.lab.recorded_world import CALENDARS, RecordOf, World, cells, sessions, windows_before
from tests.unit.tools.lab.test_command_line import run as lab
from tools.lab import tenant as module
from tools.lab.record_task import RecordTask
from tools.lab.results.beside import Chance
from tools.lab.run import Folder, run_policies
from tools.lab.sweep import sweep
from tools.lab.tenant import Wanted, record_task
from tools.lab.walk import walk

BASE: Mapping[str, Any] = {"MIN_DATA_POINTS": 8, "demotion_confidence": 0.6}
STRICT = {**BASE, "SHARPE_THRESHOLD_REDUCE": 2.5, "SHARPE_THRESHOLD_SHADOW": 1.5}
LAST, RUN = len(sessions()), 130
"""More sessions than windows have."""
CHANCE = Chance(seed=1, replications=100)
FILES = ("decisions.parquet", "report.html", "result.json", "sessions.parquet", "tried.jsonl")


@cache
def world() -> World:
    made = World()
    made.set_policy(BASE)
    logging.disable(logging.WARNING)
    made.run(range(LAST - RUN, LAST))
    logging.disable(logging.NOTSET)
    made.store.put("tenants/acme/state/windows", windows_before(LAST).to_document() | {"uids": ["ann"]})
    made.store.put("tenants/acme/state/windows__ann", windows_before(LAST).to_document())
    return made


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def a_task(record: RecordOf | None = None, **wanted: Any) -> RecordTask:
    record = record or RecordOf(world())
    given = {"uid": None, "first": None, "last": None, "starting_cash": 100_000.0, "risk_free_rate": 0.0, **wanted}
    return record_task(record, FakeClock(record.newest), CALENDARS, Wanted(tenant="acme", **given), {})


def test_a_whole_record_is_decided_again_as_it_was_further_back_than_windows_go() -> None:
    task = a_task()
    assert task.days == sessions()[-RUN:]
    assert task.not_reproduced == ()
    assert task.own_policies == {"current": {**BASE, "sample_strategies": []}}


def test_it_finds_what_a_preview_finds() -> None:
    task = a_task(first=sessions()[-90])
    runs = task.replay({"current": task.current, "strict": STRICT})
    found = (
        PreviewPolicy(record := RecordOf(world()), FakeClock(record.newest), CALENDARS).run("acme", STRICT, {}).found
    )
    assert found.sessions == task.days
    after = {name: sum(row.mode == "SHADOW_MODE" for row in rows) for name, rows in runs["strict"].strategies.items()}
    assert sum(after.values()) > 0
    first = task.record.decided(task._policy(STRICT))[0]  # whose weights count, and no row
    told = {one.strategy_name: one.after[AgentMode.SHADOW_MODE] for one in found.strategies}
    was = {name: int(one.mode == "SHADOW_MODE") for name, one in first.issued.items()}
    assert after == {name: count - was.get(name, 0) for name, count in told.items()}
    assert len(runs["strict"].sessions) == found.returns.days


def test_off_earns_the_mean_of_the_returns_on_record() -> None:
    task = a_task()
    off = task.replay({"off": {"enabled": False}})["off"]
    by_day: dict[date, list[float]] = {}
    for (_, day), one in cells().items():
        by_day.setdefault(day, []).append(one.return_fraction)
    equity = 100_000.0
    for session in off.sessions[:-61]:  # before there is another strategy, which has no part in decisions
        equity *= 1 + sum(by_day[session.day]) / len(by_day[session.day])
        assert session.equity == pytest.approx(equity, rel=1e-12)
        assert session.market_value == pytest.approx(session.equity)
    profit = sum(row.profit for rows in off.strategies.values() for row in rows)
    assert profit == pytest.approx(off.sessions[-1].equity - 100_000.0)


def test_the_same_record_and_seed_give_the_same_bytes_and_figures_that_are_not_on_record_are_null(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        task = a_task()
        policies = {"off": {"enabled": False}, **task.own_policies, "strict": STRICT}
        found = run_policies(task, policies, Folder(tmp_path / name), CHANCE, with_rules=True)
    for file in FILES:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file
    result = json.loads((tmp_path / "one/result.json").read_text(encoding="utf-8"))
    assert result["tenant"]["reproduced"] == result["tenant"]["decided"] == RUN
    assert "Daily returns are those on record: allocations do not change them." in result["held_fixed"]
    strict = result["policies"]["strict"]
    assert (strict["turnover"], strict["costs"], result["buy_and_hold"], result["costs"]) == (None, None, None, None)
    assert 0 < strict["exposure"] < result["policies"]["current"]["exposure"] < 1
    assert strict["rules_acted"]["modes"] > 50
    assert set(strict["beside"]) == {"off", "off_at_same_exposure"}
    assert strict["verdict"]["is_too_few_to_tell"]
    assert result["policies_tried"] == len(found.tried.trials) == 2
    html = (tmp_path / "one/report.html").read_text(encoding="utf-8")
    assert "What is held fixed" in html
    assert "chart-turnover" not in html


def test_what_is_wrong_with_a_record_is_told() -> None:
    record = RecordOf(world())
    days = sessions()[-40:]
    logs = record.of_sessions(days)
    logs[days[5]]["signals"] = "lost"
    logs[days[9]]["allocation_decisions"][0]["final_allocation"] = 0.123
    for log in [one for one in record._logs if one["timestamp"].date() == days[20]]:
        record._logs.remove(log)
    task = a_task(record, first=days[0])
    told = "\n".join(task.doubts({"breaker": {"max_drawdown": 0.1}}))
    assert f"1 session left out, as their decision cannot be read ({days[5]})" in told
    assert f"1 session without a decision on record ({days[20]})" in told
    assert f"{days[9]}" in told.splitlines()[0]
    assert "not on record: what max_drawdown would have changed in breaker" in told


def test_a_sweep_keeps_what_is_done_and_a_walk_judges_on_later_days(tmp_path: Path) -> None:
    task, folder = a_task(), Folder(tmp_path)
    policies = {"off": {"enabled": False}, **task.own_policies, "strict": STRICT}
    assert sweep(task, policies, folder, CHANCE, 1) is not None
    kept, written = sorted((tmp_path / "runs").iterdir()), (tmp_path / "sweep.json").read_bytes()
    assert len(kept) == 3
    assert sweep(a_task(), policies, folder, CHANCE, 1) is not None
    assert sorted((tmp_path / "runs").iterdir()) == kept
    assert (tmp_path / "sweep.json").read_bytes() == written
    walked = walk(task, policies, folder, CHANCE, split="0.5", cores=1, with_rules=True)
    assert walked is not None
    assert walked.first.raw.days[-1] == task.days[RUN // 2 - 1]
    assert walked.second.raw.days[0] == task.days[RUN // 2 + 1]


def test_another_process_gets_the_record_whole() -> None:
    task = a_task(first=sessions()[-40])
    sent = pickle.loads(pickle.dumps(task))
    assert sent.digest() == task.digest()
    assert repr(sent.replay({"strict": STRICT})) == repr(task.replay({"strict": STRICT}))
    assert a_task(first=sessions()[-39]).digest() != task.digest()


def test_one_users_returns_are_weighed_by_the_tenants_decisions() -> None:
    task = a_task(uid="ann", first=sessions()[-60])
    everybody = a_task(first=sessions()[-60])
    assert repr(task.replay({"strict": STRICT})) == repr(everybody.replay({"strict": STRICT})), "ann is all there are"
    assert "returns of ann" in task.detected
    with pytest.raises(InputError, match="--uid must be a user with returns on record \\(there are: ann\\), was 'bob'"):
        a_task(uid="bob")


def test_a_tenant_without_a_decision_in_those_days_is_refused() -> None:
    with pytest.raises(InputError, match="--tenant must be one with two decided sessions or more from 2019-06-03 to"):
        a_task(first=sessions()[0], last=sessions()[5])
    with pytest.raises(InputError, match="two decided sessions or more from 2020-06-30 to 2020-06-01"):
        a_task(first=date(2020, 6, 30), last=date(2020, 6, 1))


def test_days_long_before_the_first_decision_are_not_asked_for() -> None:
    record = RecordOf(world())
    assert a_task(record, first=date(2000, 1, 1), last=sessions()[-20]).days == sessions()[-RUN:-19]
    assert record.reads["decisions"] < RUN + 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--prices or --tenant must be given, one of them: past prices, or a tenant's own record, was 'neither'"),
        (("--tenant", "acme", "--prices", "a.csv"), "was 'both, a.csv and acme'"),
        (("--tenant", "acme", "--costs", "0,0"), "--costs must be left out with --tenant, was '0,0'"),
        (("--tenant", "acme", "--leave-out", "SPY"), "--leave-out must be left out with --tenant"),
        (("--prices", "a.csv", "--uid", "ann"), "--uid must be left out with --prices, was 'ann'"),
        (("--tenant", "acme", "--from", "May"), "--from must be a day, YYYY-MM-DD, was 'May'"),
    ],
)
def test_options_that_do_not_go_together_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    message: str,
) -> None:
    assert lab(monkeypatch, "run", *words, "--out", str(tmp_path)) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1


def test_the_terminal_shows_the_record_the_policies_and_what_is_held_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "read_tenant", lambda wanted, _project, _progress: a_task(first=wanted.first))
    words = ("--tenant", "acme", "--from", f"{sessions()[-60]}", "--replications", "100", "--out", str(tmp_path))
    assert lab(monkeypatch, "run", *words) == 0
    said = capsys.readouterr().out
    assert said.startswith("acme: its own record, 60 sessions decided again, ")
    assert "current: too few to tell apart from off" in said
    assert "held fixed: Signals are those that strategies gave" in said
    assert "Modes earned by track record" in said
    assert lab(monkeypatch, "compare", "current", "guide", "--out", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "current ended " in said
    assert "guide: SHADOW_MODE" in said
