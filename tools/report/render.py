"""A page as one HTML file: templates filled in, styles and scripts within, and nothing that a browser would fetch.

What a trace says gets into the page in two ways: as text that the template engine escapes, and as compressed base64,
which the scripts show as text. A policy in the page lets the browser run and apply nothing but what was written here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from importlib.util import find_spec

from acortex import __version__
from acortex.errors import MissingExtra
from acortex.tools.report import sections
from acortex.tools.report.model import Page, Side
from acortex.tools.report.packing import Packed, document
from acortex.tools.report.pictures import TEXTURES
from acortex.tools.views.changed import value_text
from acortex.tools.views.diff_documents import CHANGED
from acortex.tools.views.diff_documents import sections as differences
from acortex.traces.display.colours import COLOURS

SCRIPTS = ("vendor/uPlot.iife.min.js",)
"""Scripts of others, each in an element of its own."""

OWN = ("data.js", "table.js", "timeline.js", "charts.js", "page.js")
"""Ours, in one element: what one declares the next uses."""

FIRST = ("Incomplete", CHANGED)
"""The sections of a difference that come before all others."""

STYLES = ("vendor/uPlot.min.css", "report.css")


def static(name: str) -> str:
    """A file that each page contains."""
    return files("acortex.tools.report").joinpath("static", name).read_text(encoding="utf-8")


def require_jinja() -> None:
    """Raises MissingExtra where Jinja2 is not installed: before a trace is walked through, not after."""
    if find_spec("jinja2") is None:
        raise MissingExtra("writing a report", "report")


def render(page: Page) -> str:
    """The page as HTML. Raises MissingExtra where Jinja2 is not installed."""
    return filled(
        "report.html.j2",
        SCRIPTS,
        OWN,
        STYLES,
        page=page,
        s=sections,
        data=document(plain(page)),
        value_text=value_text,
        differences=[] if page.diff is None else sorted(differences(page.diff), key=lambda one: one.title not in FIRST),
    )


def filled(template: str, others: Sequence[str], own: Sequence[str], styles: Sequence[str], **given: object) -> str:
    """A template with what it is given, with scripts of others, each in an element of its own, with ours, in one, and
    with styles; a policy lets the browser run and apply these alone. Raises MissingExtra where Jinja2 is not installed.
    """
    require_jinja()
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        autoescape=True, loader=PackageLoader("acortex.tools.report"), trim_blocks=True, undefined=StrictUndefined
    )
    environment.lstrip_blocks = True
    scripts = [*(static(name) for name in others), "'use strict';\n" + "\n".join(static(name) for name in own)]
    style = "\n".join(static(name) for name in styles)
    made: str = environment.get_template(template).render(
        policy=_policy(scripts, style),
        scripts=scripts,
        style=style,
        colours=COLOURS,
        textures=TEXTURES,
        version=__version__,
        **given,
    )
    return made


def _policy(scripts: list[str], style: str) -> str:
    """The policy of a page: no source of anything but these scripts and this style."""
    allowed = " ".join(_hash(script) for script in scripts)
    return f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def plain(page: Page) -> dict[str, object]:
    """What the page carries as data, the rows of its runs among it."""
    return {
        "version": __version__,
        "sides": [_side(side) for side in page.sides],
        "diff": None if page.diff is None else page.diff.as_dict(),
    }


def _side(side: Side) -> dict[str, object]:
    """A run as plain data: the reports as they are, and the columns of its rows."""
    header, drawn = side.trace.header, side.timeline
    return {
        "name": side.name,
        "part": side.part,
        "drawn": side.drawn,
        "run": _run(side),
        "stats": _stats(side),
        "path": None if side.path is None else side.path.as_dict(),
        "what_if": None if side.what_if is None else side.what_if.as_dict(),
        "energy_by_layer_aj": {one.name: one.energy_aj for one in side.layers},
        "units": list(header.units),
        "kinds": [{"name": kind.name, "unit": kind.unit} for kind in header.kinds],
        "causes": list(header.causes),
        "layers": list(header.layers),
        "lines": list(header.lines),
        "texts": list(header.instructions),
        "clock_ns": header.clock_ns,
        "cycles": side.trace.cycles,
        "window": list(side.window),
        "first": drawn.first,
        "prices": drawn.prices,
        "enders": drawn.enders,
        "whats": drawn.whats,
        "rows": _columns(drawn.rows),
        "segments": _columns(drawn.path),
        "issued": _columns(drawn.issued),
    }


MANY = 10_000
"""Inferences from which on a page has their latencies alone: of their energies it draws nothing."""


def _run(side: Side) -> dict[str, object] | None:
    """The report of a run; without its inferences where there are very many, which those of `stats` stand for."""
    run = side.run
    if run is None or len(run.inferences) < MANY:
        return None if run is None else run.as_dict()
    return run.model_copy(update={"inferences": []}).as_dict()


def _stats(side: Side) -> dict[str, object]:
    """The sums of a trace; of very many inferences the latencies alone."""
    stats = side.stats
    if len(stats.inferences) < MANY:
        return stats.as_dict()
    latencies = [{"index": one.index, "latency": one.latency} for one in stats.inferences]
    return {**stats.model_copy(update={"inferences": []}).as_dict(), "inferences": latencies}


def _columns(found: Packed | None) -> dict[str, object] | None:
    """Packed columns as plain data; None where there are none."""
    return None if found is None else {"columns": found.plain(), "text": found.text}
