"""The page: what was found, put into the template."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pattern_memory import __version__

from . import charts
from .periods import periods, span_of

if TYPE_CHECKING:
    from .collect import Findings

_LONGEST_DATA = 240


def render(findings: Findings) -> str:
    """The page as HTML. It allows itself no script and no request, by its own Content-Security-Policy."""
    style = resources.files(__package__).joinpath("templates/style.css").read_text("utf-8")
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=lambda value: f"{value:,}",
        percent=lambda value: f"{value:.0%}",
        two=lambda value: "-" if value is None else f"{value:.2f}",
        moment=_moment,
        data=_data,
        severity=charts.severity_class,
    )
    template = environment.get_template("report.html.jinja")
    return template.render(
        findings=findings,
        insights=findings.insights,
        at=findings.at,
        version=__version__,
        # This style sheet comes with the package and holds no `</style`; the policy names it by its hash.
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        **_charts(findings),
        **_tiles(findings),
    )


def _charts(findings: Findings) -> dict[str, Any]:
    days = findings.history["days"]
    span, per = span_of(len(days))
    drawn = periods(days, findings.sessions, span)
    rates = findings.insights["fix_success_rates"]
    sparks = {}
    for key, evolution in findings.evolutions.items():
        points = [point["confidence"] for point in evolution["confidence_trend"]]
        if len(points) > 1:
            said = f"Confidence from {points[0]:.2f} to {points[-1]:.2f} in {len(points)} changes"
            sparks[key] = charts.sparkline(points, said)
    return {
        "per": per,
        "periods": drawn,
        "severities": charts.severities_of(drawn),
        "issues_chart": charts.findings(drawn, per) if findings.history["total"] else None,
        "confidence_chart": charts.confidence(findings.patterns) if findings.patterns else None,
        "fix_chart": charts.fix_success(rates) if rates else None,
        "sessions_chart": charts.sessions(drawn, per) if any(period.sessions for period in drawn) else None,
        "sparks": sparks,
    }


def _tiles(findings: Findings) -> dict[str, Any]:
    days = findings.history["days"]
    half = len(days) // 2
    earlier, later = sum(day["total"] for day in days[:half]), sum(day["total"] for day in days[-half:] if half)
    rates = findings.insights["fix_success_rates"].values()
    attempts = sum(rate["total_attempts"] for rate in rates)
    successes = sum(rate["successful_fixes"] for rate in rates)
    return {
        "earlier": earlier,
        "later": later,
        "attempts": attempts,
        "successes": successes,
        "bursts": sum(issue["burst"] for issue in findings.insights["issue_trends"]["trending_issues"]),
    }


def _moment(text: str) -> str:
    return f"{text[:10]} {text[11:16]}"


def _data(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_DATA else f"{text[: _LONGEST_DATA - 1]}…"
