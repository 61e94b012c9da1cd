"""Pages of docs/ from templates: the prose stands in templates/*.md.j2, the numbers come from simulated runs.

A template is filled in with facts, and has the filters below. Jinja2 comes with the extra `docs`.
"""

from __future__ import annotations

from acortex.errors import MissingExtra
from acortex.tools.paper.markdown import filled, table
from acortex.units import percent


def change(value: float) -> str:
    """A ratio as a change in percent; "none" for a change that the digit does not show."""
    return "none" if abs(value - 1) < 5e-4 else signed_change(value)


def signed_change(value: float) -> str:
    """A ratio as a change in percent."""
    return f"{100 * (value - 1):+.1f} %"


def more_or_less(value: float) -> str:
    """A ratio in words: how much more or less, or the same."""
    return "the same" if abs(value - 1) < 5e-4 else f"{percent(abs(value - 1))} {'more' if value > 1 else 'less'}"


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals."""
    return f"{value:.{decimals}f}"


def short(value: float) -> str:
    """A number with the digits that it was printed with."""
    return f"{value:g}"


def commas(value: float) -> str:
    """A whole number, thousands set apart."""
    return f"{value:,.0f}"


FILTERS = {one.__name__: one for one in (percent, change, signed_change, more_or_less, fixed, short, commas)}
"""What a template may do with a number."""


def render(template: str, **facts: object) -> str:
    """A page: a template of this package, filled in. A fact that it names and does not get is an error.

    Raises MissingExtra where Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError:
        raise MissingExtra("writing a page of the docs", "docs") from None

    environment = Environment(
        loader=PackageLoader("acortex.tools.paper"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, of our own words and numbers
    )
    environment.filters.update(FILTERS)
    environment.globals["table"] = table
    return filled(environment.get_template(template).render(facts))
