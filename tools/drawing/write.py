"""A picture as a file: the suffix of its name says in which form."""

from __future__ import annotations

from pathlib import PurePath

from acortex.errors import UsageError
from acortex.tools.drawing.scene import Picture

FORMS = (".svg", ".png")
"""The suffixes of pictures."""

STANDARD = "-"


def check_form(path: str) -> str:
    """The suffix of a picture's file, in small letters; stdout takes SVG.

    Raises UsageError where no form has it, and MissingExtra where matplotlib is needed and not installed.
    """
    form = FORMS[0] if path == STANDARD else PurePath(path).suffix.lower()
    if form not in FORMS:
        found = f"{form} is not a form of pictures" if form else "a name without a suffix says no form of pictures"
        raise UsageError(found, where=path, hint=f"end the name with {' or '.join(FORMS)}")
    if form == ".png":
        from acortex.tools.drawing.plots import require_matplotlib

        require_matplotlib()
    return form


def encoded(picture: Picture, path: str) -> bytes:
    """The bytes of a picture for a file of that name."""
    if check_form(path) == ".png":
        from acortex.tools.drawing.png import png

        return png(picture)
    from acortex.tools.drawing.svg import svg

    return svg(picture).encode()
