"""What was tried in a folder is counted, and deflates."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.domain.kernel.errors import InputError
from tests.unit.tools.lab.results.runs import TERMS, a_measured, noise
from tools.lab.results.tried import FILE, correlation_of, read_tried, record

CODE = {"Alpha": "1", "Beta": "2"}


def test_a_policy_counts_once_whatever_it_is_called_and_off_never(tmp_path: Path) -> None:
    off, one = a_measured("off", noise(0), policy={"enabled": False}), a_measured("guide", noise(1))
    assert len(record(tmp_path, [off, one], CODE).trials) == 1
    again = a_measured("the same", noise(1))
    assert len(record(tmp_path, [off, again], CODE).trials) == 1
    other = a_measured("other", noise(2), policy={"max_drawdown": 0.1})
    assert [one.name for one in record(tmp_path, [other], CODE).trials] == ["guide", "other"]


def test_a_strategy_that_was_edited_is_another_trial(tmp_path: Path) -> None:
    one = a_measured("guide", noise(1))
    record(tmp_path, [one], CODE)
    assert len(record(tmp_path, [one], {**CODE, "Beta": "3"}).trials) == 2


def test_the_list_is_only_appended_to(tmp_path: Path) -> None:
    record(tmp_path, [a_measured("guide", noise(1))], CODE)
    before = (tmp_path / FILE).read_bytes()
    record(tmp_path, [a_measured("other", noise(2), policy={"max_drawdown": 0.1})], CODE)
    assert (tmp_path / FILE).read_bytes().startswith(before)
    assert len(read_tried(tmp_path).trials) == 2


def test_the_more_was_tried_the_less_a_ratio_is_worth(tmp_path: Path) -> None:
    one = a_measured("guide", noise(1))
    first = record(tmp_path, [one], CODE)
    assert first.deflated(one, 0.0, TERMS) == pytest.approx(one.figures.probabilistic_sharpe_ratio)
    others = [a_measured(f"{n}", noise(n), policy={"max_drawdown": n / 100}) for n in range(2, 12)]
    many = record(tmp_path, others, CODE)
    assert many.deflated(one, 0.0, TERMS) < 0.9 * first.deflated(one, 0.0, TERMS)
    assert many.deflated(one, 1.0, TERMS) == pytest.approx(first.deflated(one, 0.0, TERMS)), "all the same policy"


def test_the_correlation_is_that_of_the_policies_without_off() -> None:
    off = a_measured("off", noise(9), policy={"enabled": False})
    one, same, other = a_measured("a", noise(1)), a_measured("b", 2 * noise(1)), a_measured("c", noise(2))
    assert correlation_of([off, one]) == 0.0
    assert correlation_of([off, one, same]) == pytest.approx(1.0)
    assert abs(correlation_of([one, other])) < 0.2


def test_a_damaged_list_is_named_by_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"key": "1", "name": "a", "sharpe": null}\nnonsense\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"tried.jsonl, line 2 must be a trial as the lab wrote it, was 'nonsense'"):
        read_tried(tmp_path)
