"""What a sweep is, as its file says it: programs, a chip, axes, and how points are taken from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from acortex import toml_files
from acortex.errors import AcortexError, UsageError, raise_all
from acortex.programs.choices import EFFORTS, HOSTS, MAPPINGS
from acortex.sim.chip.specs import SETTINGS
from acortex.tools.sweep.axes import CHIP, COMPILING, PROGRAM, Axis, axes_of, said_again
from acortex.tools.sweep.metrics import METRICS, USUAL
from acortex.wording import did_you_mean

KINDS = ("grid", "list", "random", "sobol")
"""How points are taken: each combination, the axes side by side, at random, or evenly by a Sobol sequence."""

KEYS = (
    "program", "chip", "settings", "input", "labels", "timing_only", "limit", "axes", "sample", "compile", "accuracy",
    "objectives",
)  # fmt: skip
"""What a sweep's file has."""

LIMIT = 100_000
"""Points of a sweep, unless its file says `limit`."""

MOST_POINTS = 10_000_000

TIME_SAMPLES = 100
"""Draws of delays for each point, unless it is said: each is a run, which takes as long as thousands of prices."""


@dataclass(frozen=True)
class Sample:
    """How points are taken from the axes."""

    kind: str = "grid"
    points: int = 0
    """How many are drawn; 0 where the axes say."""
    seed: int = 0


@dataclass(frozen=True)
class Population:
    """Of which chips with errors the accuracy is the mean: so many, drawn with this seed."""

    chips: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Compile:
    """Options of the compiler for the networks of a sweep."""

    mapping: str | None = None
    quantise: str | None = None
    host: str | None = None
    dims: Mapping[str, int] = field(default_factory=dict)
    fill_weights: bool = False
    calibration: str | None = None


@dataclass(frozen=True)
class Spec:
    """A sweep, checked as far as it can be before a chip or a program is read. Files are named from where it lies."""

    file: str
    programs: tuple[str, ...]
    axes: tuple[Axis, ...]
    chip: str | None = None
    settings: tuple[str, ...] = ()
    inputs: str | None = None
    labels: str | None = None
    timing_only: bool = False
    sample: Sample = Sample()
    compile: Compile = Compile()
    accuracy: Population = Population()
    objectives: tuple[str, ...] = USUAL
    """What `acortex optimise` makes better."""
    limit: int = LIMIT
    samples: int = 0
    """How many samples of its constants each point gets; 0 for none."""
    time_samples: int = TIME_SAMPLES
    """How many draws of its delays they are taken from; 0 for none."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is moved, in the order of the file."""
        return tuple(name for axis in self.axes for name in axis.names)

    @property
    def repeated(self) -> list[str]:
        """What the file says more than once: such a point is run once, and has a row each time. What is drawn may meet,
        and values of a list may stand often.
        """
        found = [(self.file, "program", said_again((one,) for one in self.programs))]
        if self.sample.kind == "list":
            side_by_side = (tuple(chain(*rows)) for rows in zip(*(axis.rows for axis in self.axes), strict=False))
            found.append((self.file, f"the list of {', '.join(self.names)}", said_again(side_by_side)))
        if self.sample.kind == "grid":
            found += [(axis.where, axis.title, said_again(axis.rows)) for axis in self.axes]
        return [f"{where}: {what} has {again} more than once" for where, what, again in found if again]


def read_spec(path: str | Path) -> Spec:
    """The sweep of a file. Raises UsageError, or ManyErrors where there are several, each with its line."""
    text = toml_files.read(Path(path), "the sweep")
    return spec_of(toml_files.parse(text, str(path)), str(path), dict(toml_files.places(text, str(path))))


def spec_of(data: Mapping[str, Any], file: str, places: Mapping[str, str] | None = None) -> Spec:
    """The sweep of a table as TOML has it. Files that it names are looked for beside `file`."""
    return _Reader(data, file, places or {}).spec()


def is_file_name(name: str) -> bool:
    """Whether a name is that of a file, and not of one of the zoo or of a built-in chip."""
    return ":" not in name and "." in name


class _Reader:
    """Takes a sweep's file apart, and notes what is wrong with it."""

    def __init__(self, data: Mapping[str, Any], file: str, places: Mapping[str, str]) -> None:
        self.data, self.file, self.places = data, file, places
        self.folder = Path(file).parent
        self.faults: list[AcortexError] = []

    def spec(self) -> Spec:
        """The sweep. Raises what is wrong with it."""
        self._unknown(self.data, KEYS, "")
        axes = self._axes()
        made = Spec(
            file=self.file,
            programs=tuple(self._programs(axes)),
            axes=tuple(axes),
            chip=self._beside(self._get(self.data, "chip", str, "a text")),
            settings=tuple(self._settings()),
            inputs=self._beside(self._get(self.data, "input", str, "a text")),
            labels=self._beside(self._get(self.data, "labels", str, "a text")),
            timing_only=bool(self._get(self.data, "timing_only", bool, "true or false")),
            sample=self._sample(axes),
            compile=self._compile(),
            accuracy=self._accuracy(),
            objectives=self._objectives(),
            limit=self._whole(self.data, "limit", LIMIT, 1, MOST_POINTS),
        )
        self._check_apart(made)
        self._check_drawn(made)
        raise_all(self.faults)
        return made

    def _check_apart(self, made: Spec) -> None:
        """Refuses what is said of all points, and is an axis, too: which of both is meant cannot be told."""
        fixed = {text.partition("=")[0].strip(): "settings" for text in made.settings}
        fixed |= {name: name for name in COMPILING if getattr(made.compile, name.removeprefix("compile."))}
        fixed |= {name: name for name in (PROGRAM, CHIP) if self.data.get(name) is not None}
        for axis in made.axes:
            for name in filter(fixed.__contains__, axis.names):
                message = f"{name} stands beside the axis of that name"
                self._fault(fixed[name], message, "leave one of them out", also=("the axis", axis.where))

    def _check_drawn(self, made: Spec) -> None:
        """Refuses a sample that draws from nothing."""
        if made.sample.points and not made.axes and not self.faults:  # axes that are wrong are not there, either
            message = f"a {made.sample.kind} sample draws from axes, and there are none"
            self._fault("sample", message, "leave [sample] out")

    def _fault(self, key: str, message: str, hint: str = "", also: tuple[str, str] | None = None) -> None:
        """Notes what is wrong at a key, and `also` what is to be seen at another place."""
        fault = UsageError(message, where=self.places.get(key, self.file), hint=hint)
        fault.places = (also,) if also else ()
        self.faults.append(fault)

    def _unknown(self, table: Mapping[str, Any], known: tuple[str, ...], prefix: str) -> None:
        of = f"[{prefix.rstrip('.')}] has" if prefix else "a sweep has"
        for key in table:
            if key not in known:
                self._fault(
                    f"{prefix}{key}", f"{of} no {key[:80]}", did_you_mean(key, known, f"it has {', '.join(known)}")
                )

    def _get(self, table: Mapping[str, Any], key: str, kind: type, what: str, prefix: str = "") -> Any:
        """What stands under a key, of its kind; None where it is left out, or wrong."""
        found = table.get(key)
        if found is None or (isinstance(found, kind) and (kind is bool or not isinstance(found, bool))):
            return found
        self._fault(f"{prefix}{key}", f"{prefix}{key} is {what}")
        return None

    def _whole(self, table: Mapping[str, Any], key: str, usual: int, least: int, most: int, prefix: str = "") -> int:
        found = self._get(table, key, int, f"a whole number from {least:,} to {most:,}", prefix)
        if found is not None and not least <= found <= most:
            self._fault(f"{prefix}{key}", f"{prefix}{key} is {found}, allowed is {least:,} to {most:,}")
        return usual if found is None else int(found)

    def _texts(self, key: str, example: str) -> list[str]:
        found = self.data.get(key, [])
        if isinstance(found, list) and all(isinstance(one, str) for one in found):
            return found
        self._fault(key, f"{key} is a list of texts", example)
        return []

    def _settings(self) -> Iterator[str]:
        """What all points set. What no chip could take is a fault of the file, and not of each point."""
        for text in self._texts("settings", 'settings = ["memory.ports=2"]'):
            path, equals, _ = (part.strip() for part in text.partition("="))
            if not equals:
                self._fault("settings", f"{text[:80]!r} is no setting with its value", "for example memory.ports=2")
            elif path not in SETTINGS:
                self._fault("settings", f"no setting is called {path[:80]}", did_you_mean(path, SETTINGS))
            else:
                yield text

    def _axes(self) -> list[Axis]:
        try:
            axes = axes_of(self.data.get("axes", {}), self.places, self.file)
        except UsageError as fault:
            self.faults.append(fault)
            return []
        return [self._with_files(axis) for axis in axes]

    def _with_files(self, axis: Axis) -> Axis:
        """An axis of programs or chips, whose files lie beside the sweep."""
        if axis.names not in ((PROGRAM,), (CHIP,)):
            return axis
        rows = tuple((self._beside(str(value)) or "",) for (value,) in axis.rows)
        return Axis(axis.names, rows, axis.where, axis.span)

    def _programs(self, axes: list[Axis]) -> Iterator[str]:
        given = self.data.get("program")
        listed = given if isinstance(given, list) else [given]
        is_axis = any(PROGRAM in axis.names for axis in axes)
        if is_axis:
            return
        if not (listed and all(isinstance(one, str) and one for one in listed)):
            self._fault("program", "a sweep names its program, or a list of them", 'program = "zoo:digits_mlp"')
        else:
            yield from (self._beside(one) or "" for one in listed)

    def _beside(self, name: str | None) -> str | None:
        """The path of a file that lies beside the sweep; names of the zoo and of built-in chips stay."""
        return str(self.folder / name) if name and is_file_name(name) else name

    def _sample(self, axes: list[Axis]) -> Sample:
        table = self._get(self.data, "sample", dict, "a table") or {}
        self._unknown(table, ("kind", "points", "seed"), "sample.")
        kind = self._get(table, "kind", str, f"one of {', '.join(KINDS)}", "sample.") or "grid"
        if kind not in KINDS:
            self._fault("sample.kind", f"sample.kind is {kind!r}, allowed are {', '.join(KINDS)}")
        points = self._whole(table, "points", 0, 1, MOST_POINTS, "sample.")
        drawn = kind in ("random", "sobol")
        if drawn and not points:
            self._fault("sample", f"a {kind} sample says how many points it has", "points = 200")
        if points and not drawn and kind in KINDS:
            self._fault(
                "sample.points", f"points are for random and sobol; of a {kind} the axes say how many there are"
            )
        if kind == "list" and len({len(axis.rows) for axis in axes}) > 1:
            lengths = ", ".join(f"{axis.title} has {len(axis.rows)}" for axis in axes)
            self._fault(
                "sample.kind", f"in a list all axes have equally many values: {lengths}", 'kind = "grid" combines them'
            )
        return Sample(kind, points, self._whole(table, "seed", 0, 0, 2**63 - 1, "sample."))

    def _accuracy(self) -> Population:
        table = self._get(self.data, "accuracy", dict, "a table") or {}
        self._unknown(table, ("chips", "seed"), "accuracy.")
        chips = self._whole(table, "chips", 1, 1, 100_000, "accuracy.")
        return Population(chips, self._whole(table, "seed", 0, 0, 2**63 - 1, "accuracy."))

    def _objectives(self) -> tuple[str, ...]:
        names = self._texts("objectives", 'objectives = ["latency_s", "energy_j"]') or USUAL
        for name in names:
            if name not in METRICS:
                hint = did_you_mean(name, METRICS, f"there are {', '.join(METRICS)}")
                self._fault("objectives", f"no number of a run is called {name[:80]!r}", hint)
        return tuple(dict.fromkeys(names))

    def _compile(self) -> Compile:
        table = self._get(self.data, "compile", dict, "a table") or {}
        self._unknown(table, ("mapping", "quantise", "host", "dims", "fill_weights", "calibration"), "compile.")
        words = {}
        for key, known in (("mapping", MAPPINGS), ("quantise", EFFORTS), ("host", HOSTS)):
            words[key] = self._get(table, key, str, f"one of {', '.join(known)}", "compile.")
            if words[key] is not None and words[key] not in known:
                self._fault(f"compile.{key}", f"compile.{key} is {words[key]!r}, allowed are {', '.join(known)}")
        dims = self._get(table, "dims", dict, "a table of sizes by name", "compile.") or {}
        for name, size in dims.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                self._fault("compile.dims", f"the size of the axis {name[:80]} is a whole number above 0")
        return Compile(
            **words,
            dims=dims,
            fill_weights=bool(self._get(table, "fill_weights", bool, "true or false", "compile.")),
            calibration=self._beside(self._get(table, "calibration", str, "a text", "compile.")),
        )
