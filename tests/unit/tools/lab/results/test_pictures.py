"""What a report draws, and how it is said in words and tables."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from functions.domain.lab.differences import Difference
from tests.unit.domain.lab.records import sessions
from tests.unit.tools.lab.results.runs import CASH, a_measured
from tools.lab.results.bands import WIDTH, band
from tools.lab.results.charts import Chart, Line, exposure, trailing_turnover
from tools.lab.results.report import _embedded
from tools.lab.results.tables import between, number, percent, usd


def test_modes_are_told_apart_by_shape_and_in_words() -> None:
    picture = str(band(["ACTIVE", "ACTIVE", "REDUCED", "SHADOW_MODE"], "Alpha"))
    assert 'aria-label="Modes of Alpha: active 50%, reduced 25%, shadow mode 25%"' in picture
    assert f'class="is-active" x="0.00" y="0" width="{WIDTH / 2:.2f}" height="16"' in picture
    heights = {part.split('height="')[1].split('"')[0] for part in picture.split("<rect")[1:]}
    assert len(heights) == 3


def test_a_name_cannot_write_into_the_page() -> None:
    assert "<script>" not in str(band(["ACTIVE"], '"><script>'))
    assert "</script" not in str(_embedded({"name": "</script><b>"}))


def test_a_chart_is_said_in_words_and_by_month() -> None:
    days = tuple(sessions(45))
    values = np.linspace(-0.1, 0.2, 45)
    values[0] = math.nan
    chart = Chart("fall", "Fall", "", "percent", days, (Line("guide", values),))
    assert chart.label.startswith("Fall, 2024-01-01 to 2024-03-01. guide: from −9.3 % to 20.0 %, lowest −9.3 %")
    rows = dict(chart.rows)
    assert list(rows) == ["2024-01-31", "2024-02-29", "2024-03-01"]
    assert rows["2024-03-01"] == ["20.0 %"]
    drawn = chart.to_json()
    assert drawn["lines"][0]["values"][0] is None
    assert drawn["seconds"][1] - drawn["seconds"][0] == 86_400


def test_exposure_and_turnover_are_shares_of_equity() -> None:
    one = a_measured("guide", [0.0] * 126, exposure=0.4, traded=0.01 * CASH)
    assert exposure(one) == pytest.approx(np.full(126, 0.4))
    turnover = trailing_turnover(one, 252)
    assert turnover[-1] == pytest.approx(2.52)
    assert turnover[0] == pytest.approx(2.52 / 63)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (percent(-0.1234), "−12.3 %"),
        (number(math.nan), "n/a"),
        (usd(-1234.5, signed=True), "−1,234"),
        (usd(0.4, signed=True), "0"),
        (between(Difference(0.1, -0.2, 0.3)), "+0.10 (−0.20 … +0.30)"),
        (between(Difference(0.1, -0.2, 0.3), percent), "+10.0 % (−20.0 … +30.0)"),
        (between(Difference(math.nan, math.nan, math.nan)), "n/a"),
    ],
)
def test_figures_have_a_true_minus_and_say_what_is_not_known(said: str, expected: str) -> None:
    assert said == expected


def test_days_are_drawn_in_utc() -> None:
    chart = Chart("a", "A", "", "usd", (date(2024, 1, 2),), (Line("x", np.array([1.4])),))
    assert chart.to_json()["seconds"] == [1_704_153_600]
    assert chart.to_json()["lines"][0]["values"] == [1.0]
