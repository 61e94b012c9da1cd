"""The points of a sweep as work: what each is known by, and which of them one simulation serves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import acortex
from acortex import safe_files
from acortex.errors import AcortexError, UsageError
from acortex.safe_files import reason
from acortex.tools.sweep.axes import CHIP, COMPILING, PROGRAM, Given, plain, text_of
from acortex.tools.sweep.points import Point, points_of
from acortex.tools.sweep.spec import Spec
from acortex.tools.sweep.work import in_a_line

if TYPE_CHECKING:
    from acortex.sim.chip.specs import Chip

MODEL = "errors.model"
MOST_BYTES = 1 << 32

PLAN = "plan.json"
"""The name of the file of a plan."""

KEPT = ("name", "axes", "key", "chip", "program", "values", "error", "spread")
"""What a plan keeps of each point."""


@dataclass(frozen=True)
class Planned:
    """A point with all that it depends on."""

    name: str
    """Its program, as `acortex run` takes it."""
    axes: Mapping[str, Given]
    """What each axis says."""
    key: str
    """What it is known by: equal for points with equal programs, options, inputs and chips."""
    settings: tuple[str, ...] = ()
    chip: str | None = None
    program: str = ""
    """The key of its program, compiled for its chip."""
    compiling: Mapping[str, Any] | None = None
    """How its network is compiled; None where nothing is."""
    time: str = ""
    """What is equal for points that one simulation serves."""
    values: str = ""
    """What is equal for points that are equally right."""
    error: str = ""
    """Why it cannot be run; empty where it can."""
    spread: str = ""
    """What its intervals are known by; empty where it has none."""
    run: str = ""
    """What is equal for points that run one program on the same inputs, whatever the chip."""
    drawn: str = ""
    """What is equal for points whose delays are drawn alike."""


@dataclass(frozen=True)
class Plan:
    """A sweep as its folder keeps it: what its points are known by, so that their rows need no program and no chip."""

    spec: str
    """The file of the sweep."""
    axes: tuple[tuple[str, ...], ...]
    """The names of each axis."""
    moved: tuple[tuple[str, ...], ...]
    """The same of the axes that take more than one value; the programs are one of them where there are several."""
    grid: bool
    """Whether the points are all combinations."""
    labels: bool
    """Whether the sweep brings the right answers."""
    points: tuple[Planned, ...]
    samples: int = 0
    """How many samples of its constants each point gets."""
    seed: int = 0
    """The seed of their draws."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is moved, in the order of the file."""
        return tuple(name for axis in self.axes for name in axis)

    def save(self, folder: Path) -> None:
        """Keeps the plan in a folder. Raises UsageError where it cannot be written."""
        points = [{name: getattr(one, name) for name in KEPT} for one in self.points]
        content = {"spec": self.spec, "axes": self.axes, "moved": self.moved, "grid": self.grid, "labels": self.labels}
        content |= {"samples": self.samples, "seed": self.seed}
        try:
            safe_files.write(folder / PLAN, json.dumps(content | {"points": points}, allow_nan=False).encode())
        except OSError as error:
            raise UsageError(f"cannot be written: {reason(error)}", where=str(folder / PLAN)) from None


def load_plan(folder: Path) -> Plan:
    """The plan of a folder. Raises UsageError where there is none, or no whole one."""
    path = folder / PLAN
    try:
        content = json.loads(safe_files.read(path, MOST_BYTES))
        return _restored(content)
    except FileNotFoundError:
        hint = "acortex sweep SPEC.toml -o DIR makes one"
        raise UsageError("no sweep is kept in this folder", where=str(folder), hint=hint) from None
    except OSError as error:
        raise UsageError(f"cannot be read: {reason(error)}", where=str(path)) from None
    except (ValueError, KeyError, TypeError):
        raise UsageError("is no plan of a sweep", where=str(path), hint="run the sweep again: it goes on") from None


def _restored(content: Mapping[str, Any]) -> Plan:
    """A plan as it was saved."""
    axes, moved = (tuple(map(tuple, content[key])) for key in ("axes", "moved"))
    points = tuple(Planned(**{name: one[name] for name in KEPT if name in one}) for one in content["points"])
    drawn = content.get("samples", 0), content.get("seed", 0)
    return Plan(content["spec"], axes, moved, content["grid"], content["labels"], points, *drawn)


def plan_of(spec: Spec, points: Iterable[Point] | None = None) -> Plan:
    """The plan of a sweep, of all its points or of these. Raises UsageError for what cannot be read."""
    return Plan(
        spec.file,
        tuple(axis.names for axis in spec.axes),
        _moved(spec),
        spec.sample.kind == "grid" and points is None,
        spec.labels is not None,
        tuple(Planner(spec).planned(points_of(spec) if points is None else points)),
        spec.samples,
        spec.sample.seed,
    )


def _moved(spec: Spec) -> tuple[tuple[str, ...], ...]:
    """What takes more than one value: the list of programs may be one of them."""
    programs = ((PROGRAM,),) if len(spec.programs) > 1 else ()
    return (*programs, *(axis.names for axis in spec.axes if len(axis.rows) > 1 or axis.span))


class Planner:
    """Makes the points of a sweep ready: reads their chips, and gives them their keys."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._chips: dict[tuple[str, tuple[str, ...]], Chip | AcortexError] = {}
        self.identity = cache(_identity)
        self.base = cache(_base)

    def planned(self, points: Iterable[Point]) -> Iterator[Planned]:
        """Each point, planned. Raises UsageError for programs and inputs that cannot be read."""
        try:
            yield from (self._planned(point) for point in points)
        except UsageError as error:
            error.where = error.where or self.spec.file
            raise

    def _planned(self, point: Point) -> Planned:
        settings, axes = self._settings(point), {name: plain(value) for name, value in point.values.items()}
        chip_name = str(point.values.get(CHIP) or self.spec.chip or self.base(point.program))
        chip = self._chip(chip_name, settings)
        if isinstance(chip, AcortexError):
            key = hash_of("point", self.identity(point.program), chip_name, settings)
            return Planned(point.program, axes, key, error=in_a_line(chip))
        compiling = self._compiling(point)
        program = self._program(point, chip, compiling)
        run = hash_of("run", program, self._given)
        time = hash_of("time", program, _time_of(chip), self._given)
        values = hash_of("accuracy", program, _values_of(chip), self._given, self._population(chip))
        if self.spec.timing_only:
            values = ""
        key = hash_of("point", program, chip.sha256, self._given, values)
        sampled = self.spec.samples, self.spec.time_samples, self.spec.sample.seed
        spread = hash_of("spread", key, _spreads(chip), sampled)
        drawn = hash_of("drawn", time, _spreads(chip), chip.memory.retention_s)
        return Planned(
            point.program, axes, key, settings, chip_name, program, compiling, time, values,
            spread=spread if self.spec.samples else "", run=run, drawn=drawn,
        )  # fmt: skip

    def _settings(self, point: Point) -> tuple[str, ...]:
        """The overrides of a point; errors that are an axis act."""
        moved = (f"{name}={text_of(value)}" for name, value in point.values.items() if _is_setting(name))
        stated = (*self.spec.settings, *moved)
        errors = {one.partition("=")[0].strip() for one in stated if one.startswith("errors.")}
        return (*stated, f"{MODEL}=analog") if errors - {MODEL} == errors != set() else stated

    def _chip(self, name: str, settings: tuple[str, ...]) -> Chip | AcortexError:
        from acortex.sim.chip.specs import load_chip

        if (name, settings) not in self._chips:
            try:
                self._chips[name, settings] = load_chip(name, settings)
            except AcortexError as error:
                self._chips[name, settings] = error
        return self._chips[name, settings]

    def _compiling(self, point: Point) -> dict[str, Any] | None:
        """The options of the compiler; those of accuracy are cheap where it is not told."""
        from acortex.tools.open.programs import is_network

        if not is_network(point.program):
            return None
        options = asdict(self.spec.compile)
        options |= {name.partition(".")[2]: value for name, value in point.values.items() if name in COMPILING}
        named = not point.program.startswith("zoo:")
        if named and options["quantise"] is None and (self.spec.timing_only or not self.spec.labels):
            options["quantise"] = "fast"
        if not named:
            options["dims"] = None
        return options

    def _program(self, point: Point, chip: Chip, compiling: Mapping[str, Any] | None) -> str:
        """The key of a program: of a network also of the sizes that it is compiled for."""
        if compiling is None:
            return hash_of("program", self.identity(point.program))
        from acortex.tools.open.machine import machine_of

        calibration = self.identity(compiling["calibration"]) if compiling["calibration"] else ""
        machine = asdict(machine_of(chip))
        return hash_of("program", self.identity(point.program), machine, dict(compiling), calibration, self._given[0])

    def _population(self, chip: Chip) -> dict[str, int]:
        """Of which chips with errors the mean is taken; of an ideal chip there is but one."""
        return asdict(self.spec.accuracy) if chip.errors.model == "analog" else {}

    @cached_property
    def _given(self) -> tuple[str, str]:
        """What is equal for equal inputs and labels."""
        return tuple(self.identity(one) if one else "" for one in (self.spec.inputs, self.spec.labels))  # type: ignore[return-value]  # two


def _spreads(chip: Chip) -> dict[str, str]:
    """The spreads of a chip's constants, as text."""
    return {path: f"{one.ends(chip.constant(path))}{one.partner}" for path, one in chip.spreads.items()}


def _is_setting(name: str) -> bool:
    return name not in (PROGRAM, CHIP) and name not in COMPILING


def _time_of(chip: Chip) -> str:
    from acortex.sim.chip.timing_settings import sha256_of_time

    return sha256_of_time(chip)


def _values_of(chip: Chip) -> str:
    from acortex.sim.chip.timing_settings import sha256_of_values

    return sha256_of_values(chip)


def _identity(reference: str) -> str:
    """What is equal for equal programs or files: the name of one of the zoo, else what its files hold.

    Of a source that is what it assembles to: files that it includes count, too.
    """
    from acortex.isa import container
    from acortex.tools.open.programs import SOURCES, ZOO, files_of, open_source

    if reference.startswith(ZOO):
        return reference
    if reference.endswith(SOURCES):
        return hashlib.sha256(container.dumps(open_source(reference))).hexdigest()
    found = hashlib.sha256()
    for _, path in files_of(reference):
        try:
            found.update(hashlib.sha256(safe_files.read(path or "", MOST_BYTES)).digest())
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot be read: {reason(error)}", where=path or "") from None
    return found.hexdigest()


def _base(reference: str) -> str:
    """The chip that a program runs on where none is named."""
    from acortex.isa.asm.assembler import DEFAULT_CHIP
    from acortex.programs import zoo
    from acortex.tools.open.programs import NETWORK, ZOO, open_program

    if reference.startswith(ZOO):
        return zoo.entry(reference.removeprefix(ZOO)).chip
    return DEFAULT_CHIP if Path(reference).suffix.lower() == NETWORK else open_program(reference).chip


def hash_of(kind: str, *parts: Any) -> str:
    """A key: of what it is about, of the version that works, and of parts that are plain data."""
    text = json.dumps([kind, fingerprint(), *parts], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@cache
def fingerprint() -> str:
    """A checksum of the sources that results depend on: those of another state of acortex are not taken for its own."""
    found = hashlib.sha256(acortex.__version__.encode())
    root = Path(acortex.__file__).parent
    for folder in ("isa", "sim", "programs"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".toml", ".s", ".npz"):
                found.update(str(path.relative_to(root)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
