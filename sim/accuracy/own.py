"""Error models of a user's own: what happens to cells once they are written, and to sums as they are read.

    import acortex

    def leak(cells, drawn):
        return cells + 0.02 * abs(drawn.normals())

    acortex.ErrorModel("leak", cells=leak).register()
    acortex.accuracy("zoo:digits_mlp", settings=["errors.own=leak"])

An installed package brings one as an entry point of the group `acortex.error_models`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.wording import did_you_mean

Array = NDArray[Any]

ENTRY_POINTS = "acortex.error_models"
"""The group of entry points of packages: `NAME = module:MODEL`."""


class Drawn(Protocol):
    """What is drawn for the cells of one array: the same for one chip and array, whatever else is drawn."""

    def normals(self) -> Array:
        """Unit normals of the cells' shape, float32. Each call gives the same numbers."""

    def uniforms(self) -> Array:
        """Numbers uniform in (0, 1), of the cells' shape, float32. Each call gives the same numbers."""


@dataclass(frozen=True)
class ErrorModel:
    """Errors of a user's own, by name; `errors.own` of a chip says which act.

    `cells(cells, drawn)` is called once for each array: cells of shape (chips, 2, 64, 64) in levels of 8, after all
    other errors of writing, time and faults, and what is drawn for them; it returns cells of that shape.
    `sums(sums, noise)` is called at each read: sums of shape (reads, columns) in codes times levels, after the noise
    that the chip states, and unit normals of that shape; it returns sums of that shape. To be the same on every
    machine, both must work element by element.
    """

    name: str
    cells: Callable[[Array, Drawn], Array] | None = None
    sums: Callable[[Array, Array], Array] | None = None

    def register(self) -> ErrorModel:
        """Makes the model known by its name in this process; returns it. It takes the place of one of that name."""
        _REGISTERED[self.name] = self
        return self


_REGISTERED: dict[str, ErrorModel] = {}


def own_model(name: str | None) -> ErrorModel | None:
    """The model of a name, registered or of an installed package; None for none. Raises UsageError."""
    if name is None:
        return None
    if name not in _REGISTERED:
        from importlib.metadata import entry_points

        for point in entry_points(group=ENTRY_POINTS, name=name):
            found: ErrorModel = point.load()
            found.register()
    if name not in _REGISTERED:
        known = sorted(_REGISTERED)
        hint = did_you_mean(name, known, f"register one, or install a package with an entry point of {ENTRY_POINTS}")
        raise UsageError(f"no error model is called {name!r}", where="errors.own", hint=hint)
    return _REGISTERED[name]


def same_shape(model: str, what: str, before: Array, after: Array) -> Array:
    """What a function of a model gave, if it has the shape that it was given. Raises UsageError."""
    shape = getattr(after, "shape", None)
    if shape != before.shape:
        raise UsageError(
            f"{what} of error model {model!r} gave {shape}, and {before.shape} went in", where="errors.own"
        )
    found: Array = after
    return found
