"""A picture as SVG: text, the same bytes for the same shapes, which needs no library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from acortex.tools.drawing.letters import FAMILY
from acortex.tools.drawing.palette import INK, PAPER
from acortex.tools.drawing.scene import Cells, Line, Mark, Picture, Rect, Shape, Text

HATCH = "#ffffff"
"""The colour of strokes across an area."""


def svg(picture: Picture) -> str:
    """The text of the picture. Names in it become text, never markup."""
    size = f'width="{picture.width:g}" height="{picture.height:g}" viewBox="0 0 {picture.width:g} {picture.height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FAMILY}" role="img">',
        f"<title>{_said(picture.title)}</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        *_definitions(picture.shapes),
    ]
    for shape in picture.shapes:
        parts.extend(_drawn(shape))
    return "\n".join([*parts, "</svg>", ""])


def _definitions(shapes: Iterable[Shape]) -> Iterator[str]:
    """The strokes of hatched areas, one pattern for each colour."""
    fills = sorted({one.fill for one in shapes if isinstance(one, Rect | Cells) and one.hatched})
    if not fills:
        return
    yield "<defs>"
    for fill in fills:
        yield (
            f'<pattern id="h{fill[1:]}" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="6" height="6" fill="{fill}"/>'
            f'<path d="M0 0v6" stroke="{HATCH}" stroke-width="2.4"/></pattern>'
        )
    yield "</defs>"


def _drawn(shape: Shape) -> Iterator[str]:
    match shape:
        case Rect():
            yield _rect(shape)
        case Cells():
            yield _element("path", f'd="{_outlines(shape)}"{_fill(shape.fill, shape.hatched)}', shape.tip)
        case Line():
            yield _element("path", _line(shape), shape.tip)
            if shape.arrow:
                corners = "L".join(f"{_n(x)} {_n(y)}" for x, y in shape.head)
                yield _element("path", f'd="M{corners}z" fill="{shape.colour}"', "")
        case Mark():
            yield _element("path", f'd="{_mark(shape)}" fill="{shape.fill}"', shape.tip)
        case Text():
            yield _text(shape)


def _rect(rect: Rect) -> str:
    edge = f' stroke="{rect.stroke}" stroke-width="0.8"' if rect.stroke else ""
    place = f'x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}"'
    return _element("rect", f"{place}{_fill(rect.fill, rect.hatched)}{edge}", rect.tip)


def _outlines(cells: Cells) -> str:
    return "".join(f"M{_n(x)} {_n(y)}h{_n(wide)}v{_n(high)}h{_n(-wide)}z" for x, y, wide, high in cells.places)


def _n(number: float) -> str:
    """A coordinate, to a hundredth of a pixel."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _fill(colour: str, hatched: bool) -> str:
    return f' fill="url(#h{colour[1:]})"' if hatched else f' fill="{colour}"'


def _element(name: str, attributes: str, tip: str) -> str:
    return f"<{name} {attributes}><title>{_said(tip)}</title></{name}>" if tip else f"<{name} {attributes}/>"


def _line(line: Line) -> str:
    path = "L".join(f"{_n(x)} {_n(y)}" for x, y in line.shaft)
    dashes = ' stroke-dasharray="5 3"' if line.dashed else ""
    return f'd="M{path}" fill="none" stroke="{line.colour}" stroke-width="{line.width:g}"{dashes}'


def _mark(mark: Mark) -> str:
    x, y, half = mark.x, mark.y, mark.size / 2
    if mark.shape == "circle":
        arc = f"a{_n(half)} {_n(half)} 0 1 0"
        return f"M{_n(x - half)} {_n(y)}{arc} {_n(mark.size)} 0{arc} {_n(-mark.size)} 0z"
    if mark.shape == "square":
        return f"M{_n(x - half)} {_n(y - half)}h{_n(mark.size)}v{_n(mark.size)}h{_n(-mark.size)}z"
    return f"M{_n(x)} {_n(y - half)}L{_n(x + half)} {_n(y)}L{_n(x)} {_n(y + half)}L{_n(x - half)} {_n(y)}z"


def _text(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    weight = ' font-weight="bold"' if text.bold else ""
    colour = text.colour or INK
    return (
        f'<text x="{_n(text.x)}" y="{_n(text.y)}" font-size="{text.size:g}"{anchor}{weight} '
        f'fill="{colour}">{_said(text.text)}</text>'
    )


def _said(text: str) -> str:
    """A text as XML takes it: markup escaped, and characters that XML does not have replaced."""
    return escape("".join(one if one >= " " and not "\ud800" <= one <= "\udfff" else "�" for one in text))
