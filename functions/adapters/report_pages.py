"""The daily report as Markdown, for chats and files, and as one HTML page."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from functions.domain.monitoring.report import DayOfTrading, contributors, coverage, figures, report_picture


class ReportPages:
    """`ReportRenderer`; names of strategies and tenants are escaped, so that they read as written."""

    def __init__(self) -> None:
        environment = Environment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
        )
        self._page = environment.from_string(_PAGE)

    def markdown(self, day: DayOfTrading) -> str:
        return "\n".join(
            [
                f"# {_title(day)}",
                "",
                coverage(day),
                "",
                *(f"- {line}" for line in figures(day)),
                "",
                "## Modes",
                "",
                *([f"- {name}: {mode}" for name, mode in day.modes.items()] or ["No decision yet."]),
                "",
                "## Profit and loss",
                "",
                *_profit_table(day),
                "",
                "## Alerts",
                "",
                *([f"- {in_markdown(alert['title'])}" for alert in day.alerts] or ["None."]),
                "",
                "## Recent decisions",
                "",
                *[f"- {in_markdown(decision['ai_summary'])}" for decision in day.decisions],
                "",
            ]
        )

    def html(self, day: DayOfTrading) -> str:
        return self._page.render(
            title=_title(day),
            coverage=coverage(day),
            figures=figures(day),
            picture=Markup(report_picture(day)),  # noqa: S704 - SVG, which escapes what it shows
            contributors=contributors(day),
            alerts=day.alerts,
            decisions=day.decisions,
        )


def _title(day: DayOfTrading) -> str:
    return f"Maestro, {day.tenant_name}, {day.day.isoformat()}"


def _profit_table(day: DayOfTrading) -> list[str]:
    rows = contributors(day)
    if not rows:
        return ["No daily performance yet."]
    return [
        "| Strategy | USD | Return |",
        "|---|---:|---:|",
        *(f"| {in_markdown(name)} | {profit:+,.2f} | {fraction:+.2%} |" for name, profit, fraction in rows),
    ]


_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>#|"})


def in_markdown(text: object) -> str:
    r"""
    Return text as one line, escaped for Markdown.

    >>> print(in_markdown("a|b  <c>"))
    a\|b \<c\>
    """
    return " ".join(str(text).split()).translate(_MARKDOWN)


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2330}
table{border-collapse:collapse}
td,th{padding:.2rem 1rem .2rem 0;text-align:right}
td:first-child,th:first-child{text-align:left}
svg{width:100%;height:auto}
h2{margin-top:2rem}
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p>{{ coverage }}</p>
<ul>
{% for line in figures %}
<li>{{ line }}</li>
{% endfor %}
</ul>
{{ picture }}
<h2>Profit and loss</h2>
<table>
<tr><th>Strategy</th><th>USD</th><th>Return</th></tr>
{% for name, profit, fraction in contributors %}
<tr><td>{{ name }}</td><td>{{ "{:+,.2f}".format(profit) }}</td><td>{{ "{:+.2%}".format(fraction) }}</td></tr>
{% endfor %}
</table>
<h2>Alerts</h2>
<ul>
{% for alert in alerts %}
<li>{{ alert["title"] }}</li>
{% else %}
<li>None</li>
{% endfor %}
</ul>
<h2>Recent decisions</h2>
<ul>
{% for decision in decisions %}
<li>{{ decision["ai_summary"] }}</li>
{% endfor %}
</ul>
</body>
</html>
"""
