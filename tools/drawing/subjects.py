"""What can be drawn of a program on a chip: each subject gathers what its picture shows, and draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.sim.chip.groups import Group
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration, configure
from acortex.sim.inputs import HostData
from acortex.sim.results import TimedReport
from acortex.sim.run import Prepared, prepare
from acortex.tools.drawing.floorplan import BARE, Plan, floorplan, group_named
from acortex.tools.drawing.routes import route_of
from acortex.tools.drawing.scene import Picture
from acortex.tools.drawing.traffic import traffic

USUAL_INFERENCES = 3
"""How many inferences are drawn at most where nobody says how many: more would be too narrow to see."""


@dataclass(frozen=True)
class How:
    """What a user says of a picture: the group whose route is drawn, "" for none, and how many inferences run.

    `printed` is what a paper prints of a run, to stand beside it.
    """

    route: str = ""
    inferences: int | None = None
    printed: Callable[[TimedReport], Mapping[str, float]] = lambda run: {}


def floor_plan(program: Program | None, chip: Chip, how: How) -> Picture:
    """The floor plan of a chip, with the groups of a program where there is one.

    Raises UsageError for a group that there is not, and the errors of the program's set-up.
    """
    if program is None:
        return floorplan(chip, BARE)
    configuration = configure(program, chip)
    plan = plan_of(configuration, [configuration.groups[number] for number in sorted(configuration.groups)])
    route = route_of(group_named(how.route, plan), configuration.buses) if how.route else None
    return floorplan(chip, plan, route)


def plan_of(configuration: Configuration, groups: Sequence[Group]) -> Plan:
    """What a floor plan shows of a program: some of its groups, and the layers of all."""
    program = configuration.program
    return Plan(program.name, groups, traffic(program, configuration.chip.memory_words).layer_of_group())


def memory_map(program: Program | None, chip: Chip, how: How) -> Picture:
    """The map of main memory over time, of a run of the program."""
    from acortex.tools.drawing.memory import COLUMNS, memory
    from acortex.tools.drawing.residents import residents

    ready = _prepared(_needed(program), chip, how)
    return memory(ready.program.name, chip.name, residents(ready, COLUMNS))


def layer_graph(program: Program | None, chip: Chip, how: How) -> Picture:
    """The layers of a program, and what goes from one to the next.

    Raises UsageError for a program that marks no layer.
    """
    from acortex.tools.drawing.network import network

    named = _needed(program)
    if not named.layers:
        raise UsageError(
            f"{named.name} marks no layer, so there is no graph of layers",
            hint="mark them with `layer NAME` in its source",
        )
    configuration = configure(named, chip)
    return network(named.name, chip.name, traffic(named, chip.memory_words), list(configuration.groups.values()))


def by_component(program: Program | None, chip: Chip, how: How) -> Picture:
    """Area, energy and time of a run of the program, by component."""
    from acortex.tools.drawing.breakdown import breakdown, spent

    ready = _prepared(_needed(program), chip, how)
    return breakdown(ready.program.name, chip.name, spent(ready, how.printed))


def _needed(program: Program | None) -> Program:
    if program is None:
        raise UsageError("this picture is of a program", hint="name one: FILE.s, FILE.acx, FILE.onnx or zoo:NAME")
    return program


def _prepared(program: Program, chip: Chip, how: How) -> Prepared:
    """A program with as many inferences as are drawn; time does not depend on what the inputs are."""
    ready = prepare(program, chip)
    wanted = how.inferences or min(ready.host.inferences, USUAL_INFERENCES)
    return replace(ready, host=HostData({}, wanted, None))


Subject = Callable[[Program | None, Chip, How], Picture]

SUBJECTS: Mapping[str, Subject] = {
    "floorplan": floor_plan,
    "network": layer_graph,
    "memory": memory_map,
    "breakdown": by_component,
}
"""What can be drawn, by its name on the command line."""
