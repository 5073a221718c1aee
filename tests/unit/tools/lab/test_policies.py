"""Policies by name, by file and by grid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.domain.kernel.errors import InputError
from functions.domain.kernel.policy import Policy
from tools.lab.policies import BUILT_IN, chosen_policies, grid, read_policy


def test_off_is_always_there_and_the_guide_is_the_default() -> None:
    assert chosen_policies([]) == {"off": {"enabled": False}, "guide": {}}
    assert list(chosen_policies(["conservative"])) == ["off", "conservative"]
    assert list(chosen_policies(["off", "guide", "guide"])) == ["off", "guide"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_policy_is_one_the_product_takes(name: str) -> None:
    assert Policy.problems({}, BUILT_IN[name]) == []


def test_options_of_the_guide_join() -> None:
    joined = chosen_policies(["conservative+responsive"])["conservative+responsive"]
    policy = Policy.from_sources({}, joined)
    assert (policy.sharpe_threshold_reduce, policy.performance_lookback_days) == (1.5, 14)


def test_a_file_is_named_by_its_stem(tmp_path: Path) -> None:
    file = tmp_path / "careful.json"
    file.write_text(json.dumps({"max_drawdown": 0.1}), encoding="utf-8")
    assert chosen_policies([str(file)])["careful"] == {"max_drawdown": 0.1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('{"max_drawdown": 2}', r"bad.json: max_drawdown must be a number from .* or null, was 2"),
        ('{"maximum": 2}', r"bad.json: maximum must be a known policy field, was 2"),
        ('{"trading_state": "HALT"}', r"trading_state must be set by PUT trading-state, was 'HALT'"),
        ('{"version": 3}', r"version must be left to the server, was 3"),
        ("[]", "--policy must be a file with one JSON object"),
        ("{", "--policy must be a file of JSON"),
        pytest.param("[" * 100_000, "--policy must be a file of JSON", id="nested"),
        pytest.param("9" * 5_000, "--policy must be a file of JSON", id="digits"),
    ],
)
def test_a_file_that_the_product_would_refuse_is_refused(tmp_path: Path, settings: str, message: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(settings, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_policy(file)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("missing.json", r"--policy must be a file that can be read \(No such file or directory\), was 'missing.json'"),
        ("nobody", "--policy must be a file, or one of off, guide, conservative"),
        ("conservative+aggressive", "options that do not both set SHARPE_THRESHOLD_REDUCE"),
    ],
)
def test_a_name_of_nothing_is_refused_with_what_there_is(given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        chosen_policies([given])


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder, settings in (("a", "{}"), ("b", '{"max_drawdown": 0.1}')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.json").write_text(settings, encoding="utf-8")
    with pytest.raises(InputError, match=r"another name than one before it \(mine\)"):
        chosen_policies([str(tmp_path / "a/mine.json"), str(tmp_path / "b/mine.json")])


def test_a_grid_has_every_combination_of_the_guides_options() -> None:
    found = grid(["thresholds", "sensitivity", "lookback"])
    assert len(found) == 27
    assert found["guide"] == {}
    assert found["aggressive+insensitive"]["SYSTEMIC_SELL_THRESHOLD"] == 4


def test_a_grid_takes_any_field_with_values() -> None:
    found = grid(["PERFORMANCE_LOOKBACK_DAYS=20,40", "on_shadow=keep,flatten"])
    assert found["PERFORMANCE_LOOKBACK_DAYS=40+on_shadow=flatten"] == {
        "PERFORMANCE_LOOKBACK_DAYS": 40,
        "on_shadow": "flatten",
    }


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        ("weather", "--over must be one of thresholds, sensitivity, lookback, or FIELD=VALUE,VALUE, was 'weather'"),
        ("PERFORMANCE_LOOKBACK_DAYS=1", "PERFORMANCE_LOOKBACK_DAYS must be .* was 1"),
    ],
)
def test_an_axis_that_cannot_be_is_refused(axis: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        grid([axis])
