"""How a program sets the chip up: its groups, the weights in them, and what they claim of the analog buses."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

from acortex.isa.arithmetic.products import ExactWeights, exact_weights
from acortex.isa.machine import CHANNELS
from acortex.isa.places import place
from acortex.isa.program import Program, Weights
from acortex.isa.semantics import Shape
from acortex.isa.sequencer import Dispatch, GroupPlan, ProgramError, Sequencer
from acortex.isa.table import WRITE_GROUP
from acortex.sim.chip import group_rules as rules
from acortex.sim.chip.buses import Buses, GroupRoute
from acortex.sim.chip.clock import delays
from acortex.sim.chip.groups import Group, GroupTimes, Rect, check_apart, form_group
from acortex.sim.chip.side import loads
from acortex.sim.chip.specs import Chip


@dataclass
class Configuration:
    """The groups of a program on a chip. Filled by the functional executor as it walks through the set-up."""

    program: Program
    chip: Chip
    groups: dict[int, Group] = field(default_factory=dict)
    weights: dict[int, Weights] = field(default_factory=dict)
    routes: dict[int, GroupRoute] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.buses = Buses(self.chip)
        self._matrices: dict[int, ExactWeights] = {}

    def where(self, pc: int) -> str:
        """The source line of an instruction, and its layer in a compiled network."""
        return place(self.program, pc)

    def settle(self, sequencer: Sequencer) -> None:
        """Ends the set-up: every group is complete, apart from the others, and has weights."""
        for number, plan in sequencer.groups.items():
            self._form(number, plan)
            if number not in self.weights:
                raise rules.NO_WEIGHTS.broken(self.where(plan.pc), number=number)
        try:
            check_apart(self.groups.values())
        except ProgramError as error:
            error.where = self.where(max(plan.pcs[-1] for plan in sequencer.groups.values()))
            raise

    def _form(self, number: int, plan: GroupPlan) -> Group:
        if number not in self.groups:
            rects = [Rect(*rect) for rect in plan.rects]
            try:
                self.groups[number] = form_group(number, plan.rows, plan.columns, rects, self.chip)
            except ProgramError as error:
                error.where = self.where(plan.pcs[-1] if plan.pcs else plan.pc)
                raise
        return self.groups[number]

    def write(self, dispatch: Dispatch, plan: GroupPlan) -> None:
        """Gives a group its weights; their matrix is the group's own size."""
        group = self._form(dispatch.group, plan)
        weights = self.program.weights[dispatch.ops.weights]
        if weights.values.shape != (group.rows, group.columns):
            rows, columns = weights.values.shape
            raise rules.WEIGHTS_SHAPE.broken(
                self.where(dispatch.pc), name=weights.name, rows=rows, columns=columns,
                number=group.number, group_rows=group.rows, group_columns=group.columns,
            )  # fmt: skip
        if group.number in self.weights:
            raise rules.WRITTEN_TWICE.broken(self.where(dispatch.pc), number=group.number)
        self.weights[group.number] = weights

    def shape(self, group: int, values: bool) -> Shape:
        """The matrix of a group; with its weights where values are wanted."""
        found = self.groups[group]
        if values and group not in self._matrices:
            self._matrices[group] = exact_weights(self.weights[group].values)
        return Shape(found.rows, found.columns, self._matrices.get(group))

    def route(self, group: int) -> GroupRoute:
        """What a group claims of the analog buses while it is connected."""
        if group not in self.routes:
            self.routes[group] = self.buses.group_route(self.groups[group])
        return self.routes[group]

    def times(self) -> dict[int, GroupTimes]:
        """What an operation of each group costs in time, for the units that carry it out."""
        return {number: self._times(group) for number, group in self.groups.items()}

    def _times(self, group: Group) -> GroupTimes:
        turns = self._turns(group)
        return GroupTimes(
            arrays=group.arrays,
            load=-(-loads(self.chip, group.rows, group.columns) // self.chip.arrays.loads_per_cycle),
            frame=delays(self.chip).frame_cycles(group.tile_rows),
            macs=self.weights[group.number].macs,
            segments=len(self.route(group.number).segments),
            rounds=tuple(outputs for outputs, _ in turns),
            words=tuple(words for _, words in turns),
            all_words=sum(words for _, words in turns),
        )

    def _turns(self, group: Group) -> list[tuple[int, int]]:
        """What the neurons convert in each turn, and what they give at its end: (outputs, words).

        A word is whole with the last tile column that has a part of it. Words leave in their order, so that one which
        is converted early waits for those before it.
        """
        route, k = self.route(group.number), self.chip.arrays.k
        outputs, words = [0] * route.rounds, [0] * route.rounds
        for tile, turn in enumerate(route.turns):
            outputs[turn] += min(k, group.columns - tile * k)
        leaves = list(accumulate(route.turns, max))
        for end in range(CHANNELS, group.columns + CHANNELS, CHANNELS):
            words[leaves[(min(end, group.columns) - 1) // k]] += 1
        return list(zip(outputs, words, strict=True))


def configure(program: Program, chip: Chip) -> Configuration:
    """The groups that a program forms on a chip, from its set-up alone: nothing runs.

    Raises the errors of its set-up: a rectangle outside the chip, weights that do not fit, groups that overlap.
    """
    sequencer = Sequencer(program, 1)
    configuration = Configuration(program, chip)
    while sequencer.state == "running":
        dispatch = sequencer.step()
        if dispatch is not None and dispatch.row.effect == WRITE_GROUP:
            configuration.write(dispatch, sequencer.groups[dispatch.group])
    configuration.settle(sequencer)
    return configuration
