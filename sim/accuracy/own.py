"""Error models of a user's own: what happens to cells once they are written, and to sums as they are read.

    import acortex

    def leak(cells, drawn):
        return cells + 0.02 * abs(drawn.normals())

    acortex.ErrorModel("leak", cells=leak).register()
    acortex.accuracy("zoo:digits_mlp", settings=["errors.own=leak"])

An installed package brings one as an entry point of the group `acortex.error_models`.
"""

from __future__ import annotations

import reprlib
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError, UsageError
from acortex.wording import did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Array = NDArray[Any]
Dtype = np.dtype[np.generic]

LONGEST_NAME = 64
"""Characters of the name of a model."""

LARGEST = 1e6
"""The largest current of a cell, in levels: a full scale has 8."""

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

    `cells(cells, drawn)` is called once for each array: cells of shape (chips, 2, k, k) in levels of 8, after all
    other errors of writing, time and faults, and what is drawn for them; it returns cells of that shape.
    `sums(sums, noise)` is called at each read: sums of shape (reads, columns) in codes times levels, after the noise
    that the chip states, and unit normals of that shape; it returns sums of that shape. To be the same on every
    machine, both must work element by element. What they return is finite. Raises UsageError for a name that is none,
    and for what cannot be called.
    """

    name: str
    cells: Callable[[Array, Drawn], Array] | None = None
    sums: Callable[[Array, Array], Array] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not 1 <= len(self.name) <= LONGEST_NAME:
            shown = reprlib.repr(self.name)
            raise UsageError(f"the name of an error model is {shown}: it is a text of 1 to {LONGEST_NAME} characters")
        for what, function in (("cells", self.cells), ("sums", self.sums)):
            if function is not None and not callable(function):
                kind = type(function).__name__
                raise UsageError(f"{what} of error model {self.name!r} is of type {kind}", hint="give a function")

    def register(self) -> ErrorModel:
        """Makes the model known by its name in this process; returns it. It takes the place of one of that name."""
        _REGISTERED[self.name] = self
        return self

    def act_on_cells(self, cells: Array, drawn: Drawn) -> Array:
        """What `cells` makes of cells, float32; the cells where there is no such function. Raises UsageError."""
        if self.cells is None:
            return cells
        found = self._called("cells", self.cells, (np.array(cells), drawn), np.dtype(np.float32))
        if found.size and float(np.abs(found).max()) > LARGEST:
            most = float(np.abs(found).max())
            raise self._refused("cells", f"gave a current of {most:.3g} levels, at most {LARGEST:g} are taken")
        return found

    def act_on_sums(self, sums: Array, noise: Array) -> Array:
        """What `sums` makes of sums, of their type; the sums where there is no such function. Raises UsageError."""
        return sums if self.sums is None else self._called("sums", self.sums, (sums.copy(), noise), sums.dtype)

    def _called(self, what: str, function: Callable[..., object], given: tuple[Array, object], kind: Dtype) -> Array:
        """What a function of the model gave, as finite numbers of the shape that it was given."""
        shape = given[0].shape
        try:
            after = function(*given)
        except AcortexError:
            raise
        except Exception as error:  # whatever a user's function raises is the user's to mend
            told = f"raised {type(error).__name__}: {error}{_place(error)}"
            raise self._refused(what, told) from error
        if getattr(after, "shape", None) != shape:
            raise self._refused(what, f"gave {getattr(after, 'shape', None)}, and {shape} went in")
        if np.asarray(after).dtype.kind not in "fiu":
            raise self._refused(what, f"gave {np.asarray(after).dtype}, and numbers are needed: integers or floats")
        with np.errstate(over="ignore"):
            found: Array = np.asarray(after).astype(kind)
        if not np.isfinite(found).all():
            raise self._refused(what, f"gave what is no finite number in {kind}")
        return found

    def _refused(self, what: str, told: str) -> UsageError:
        return UsageError(f"{what} of error model {self.name!r} {told}", where="errors.own")


def _place(error: Exception) -> str:
    """Where an exception was raised, as text behind its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if len(frames) > 1 else ""


_REGISTERED: dict[str, ErrorModel] = {}


def own_model(name: str | None) -> ErrorModel | None:
    """The model of a name, registered or of an installed package; None for none. Raises UsageError."""
    if name is None:
        return None
    if name not in _REGISTERED:
        from importlib.metadata import entry_points

        _load(name, entry_points(group=ENTRY_POINTS, name=name))
    if name not in _REGISTERED:
        known = sorted(_REGISTERED)
        hint = did_you_mean(name, known, f"register one, or install a package with an entry point of {ENTRY_POINTS}")
        raise UsageError(f"no error model is called {name!r}", where="errors.own", hint=hint)
    return _REGISTERED[name]


def _load(name: str, points: Iterable[EntryPoint]) -> None:
    """Registers the models that packages bring by a name."""
    for point in points:
        try:
            found = point.load()
        except Exception as error:  # a package may fail in any way as it is imported
            told = f"the entry point {name!r} of {ENTRY_POINTS} cannot be loaded: {type(error).__name__}: {error}"
            raise UsageError(told, where="errors.own") from error
        if not isinstance(found, ErrorModel) or found.name != name:
            what = f"the model {found.name!r}" if isinstance(found, ErrorModel) else f"a {type(found).__name__}"
            raise UsageError(
                f"the entry point {name!r} of {ENTRY_POINTS} is {what}",
                where="errors.own",
                hint=f"it must be an ErrorModel whose name is {name!r}",
            )
        found.register()
