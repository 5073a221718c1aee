"""``report.html``: one file that asks for nothing else, with every chart labelled and every figure in a table."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from functions.domain.kernel.errors import InputError
from tools.lab.results import tables
from tools.lab.results.bands import band
from tools.lab.results.beside import RAW, SCALED
from tools.lab.results.charts import charts_of
from tools.lab.results.document import years_of
from tools.lab.results.files import replacing
from tools.lab.results.outcome import Outcome
from tools.lab.results.rules import RULES
from tools.prerequisites import OWN_UPLOT, UPLOT

REPORT = "report.html"
_ASSETS = Path(__file__).parent / "assets"


def write_report(path: Path, found: Outcome) -> None:
    """Write the report whole or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(html_of(found), encoding="utf-8")


def html_of(found: Outcome) -> str:
    """Return the report."""
    charts = charts_of(found)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            found=found,
            charts=charts,
            others=tables.OTHERS,
            rules=RULES,
            raw_name=RAW,
            scaled_name=SCALED,
            years={name: years_of(one.returns, one.days) for name, one in found.policies.items()},
            hold_years=years_of(found.hold.returns, found.raw.days) if found.hold else {},
            raw_profits={one.name: one.profit for one in found.raw.strategies},
            verdicts=list(tables.verdicts(found)),
            data=_embedded([chart.to_json() for chart in charts]),
            uplot_js=_asset(_uplot() / "uPlot.iife.min.js"),
            uplot_css=_asset(_uplot() / "uPlot.min.css"),
            report_js=_asset(_ASSETS / "report.js"),
            report_css=_asset(_ASSETS / "report.css"),
        )
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = ("percent", "number", "usd", "between", "longest")
    made.filters |= {name: getattr(tables, name) for name in named}
    made.globals |= {"percent": tables.percent, "band": band}
    return made


def _embedded(value: Any) -> Markup:
    """Return JSON that no text in it can end the element of."""
    return Markup(json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"))


def _uplot() -> Path:
    """Return where the charts' script is. Raises InputError if it is not installed."""
    if place := next((place for place in (UPLOT, OWN_UPLOT) if place.is_dir()), None):
        return place
    raise InputError("uPlot", "installed: python3 tools/setup.py lab", str(UPLOT))


def _asset(path: Path) -> Markup:
    return Markup(path.read_text(encoding="utf-8"))
