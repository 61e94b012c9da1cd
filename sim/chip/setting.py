"""What a setting of a chip file is: its range, unit and meaning, and what it moves.

A section of a chip file is a `Section`; each of its fields is made by `setting` or `price`. `settings_of` reads the
fields back as `Setting`, for help, errors and the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY
from acortex.sim.chip.technology_files import technologies

MAX_DIGITS = 30
"""How many digits, and what power of ten, a number may have: enough for any quantity, too few to stall arithmetic."""


def _exact(value: object) -> object:
    """Takes whole numbers as decimals; refuses those whose exact arithmetic would be needlessly long."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        exponent = int(value.as_tuple().exponent)
        if max(len(value.as_tuple().digits), abs(exponent)) > MAX_DIGITS:
            raise ValueError(f"more than {MAX_DIGITS} digits or powers of ten")
    return value


Real = Annotated[Decimal, BeforeValidator(_exact)]

Bound = int | Decimal | None

Move = Literal["time", "energy", "area", "capacity", "accuracy"]
"""What a setting may move: the cycles of a run or its set-up, or how long one is; energy of an event or leakage; the
area; which programs fit; what is computed, or whether words are read in time."""

TIME, ENERGY, AREA, CAPACITY, ACCURACY = get_args(Move)

DELAY_UNITS = ("ns", "cycles", "operations")
"""The units of settings that say how long something takes, or how much is done meanwhile."""


class Section(BaseModel):
    """A table of a chip file."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def setting(unit: str, description: str, low: Bound = None, high: Bound = None, moves: str = TIME) -> Any:
    """One setting: its unit, what it means, the range that is allowed, both ends included, and what it moves."""
    return Field(ge=low, le=high, description=description, json_schema_extra={"unit": unit, "moves": [*moves.split()]})


def price(unit: str, description: str, high: Bound, moves: str = ENERGY, low: Bound = 0) -> Any:
    """A setting that moves no cycle: an energy, an area, or what a law of them starts from."""
    return setting(unit, description, low, high, moves)


@dataclass(frozen=True)
class Setting:
    """One setting of a chip file as documentation: made from the sections, for help, errors and schema."""

    path: str
    unit: str
    description: str
    kind: str
    low: Decimal | None = None
    high: Decimal | None = None
    fixed_choices: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    """What it moves, of `Move`."""
    optional: bool = False
    """Whether it may be left out, and is null then."""

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that are allowed, where it is a choice: among technologies, those that there are."""
        kind = NAMES_TECHNOLOGY.get(self.path)
        return tuple(technologies(kind)) if kind else self.fixed_choices

    @property
    def free(self) -> bool:
        """Whether it moves time, and nothing that would pay for it."""
        return self.moves == (TIME,)

    @property
    def is_price(self) -> bool:
        """Whether it is a number that moves energy or area, and no cycle."""
        return self.kind == "number" and bool(self.moves) and {*self.moves} <= {ENERGY, AREA}

    @property
    def is_delay(self) -> bool:
        """Whether it says how long something takes: what else moves time are sizes and counts, which a design has."""
        return TIME in self.moves and self.unit in DELAY_UNITS

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.choices:
            whole = self.kind == "integer"
            return " or ".join(choice if whole else f'"{choice}"' for choice in self.choices)
        if self.kind == "boolean":
            return "true or false"
        if self.kind == "text":
            return "a name"
        kind = "a whole number" if self.kind == "integer" else "a number"
        unit = f" {self.unit}" if self.unit else ""
        return f"{kind} from {self.low} to {self.high:f}{unit}"


def _where_stated(kind: Any) -> Any:
    """The type of a setting that may be null, without the null and what is annotated to it."""
    given = [one for one in get_args(kind) if one is not NoneType]
    if len(given) == len(get_args(kind)) or len(given) != 1:
        return kind
    return get_args(given[0])[0] if get_origin(given[0]) is Annotated else given[0]


def _kind_of(kind: Any) -> str:
    """The kind of a setting of a type: a choice among whole numbers is a whole number, too."""
    choices = get_args(kind)
    return _KINDS.get(int if choices and isinstance(choices[0], int) else kind, "choice")


_KINDS = {int: "integer", bool: "boolean", Decimal: "number", str: "text"}
"""The kinds of settings, but for choices."""


def settings_of(section: type[Section], prefix: str = "") -> Iterator[Setting]:
    """The settings of a section and of those inside it."""
    for name, info in section.model_fields.items():
        kind = _where_stated(info.annotation)
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from settings_of(kind, f"{prefix}{name}.")
        elif isinstance(info.json_schema_extra, dict):
            low, high = ([Decimal(getattr(m, end)) for m in info.metadata if hasattr(m, end)] for end in ("ge", "le"))
            said: dict[str, Any] = info.json_schema_extra
            yield Setting(
                path=prefix + name,
                unit=said["unit"],
                description=info.description or "",
                kind="choice" if prefix + name in NAMES_TECHNOLOGY else _kind_of(kind),
                low=low[0] if low else None,
                high=high[0] if high else None,
                fixed_choices=tuple(map(str, get_args(kind))),
                optional=not info.is_required(),
                moves=tuple(said["moves"]),
            )
