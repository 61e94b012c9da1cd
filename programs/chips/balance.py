"""Where a network is cut, so that the slowest of several chips is as fast as it can be, and few words cross links.

What a chip takes for a layer is what `expected_cycles` says of its passes. A chip takes all layers of its part one
after the other, and moves its inputs and outputs beside them. Whether a part fits its chip the compiler itself says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.machine import CHANNELS, Machine
from acortex.programs.chips.cuts import NotDivisible, check_divisible, lifetimes, parts_of
from acortex.programs.compiler import expected_cycles, instructions_of, plan_graph
from acortex.programs.emit.program import emit
from acortex.programs.graph import LayerGraph, Map
from acortex.programs.mapping.limits import MAX_INSTRUCTIONS
from acortex.programs.mapping.passes import Matrix, matrices
from acortex.programs.mapping.to_passes import lower, pack_inputs
from acortex.wording import count

MOST_CHIPS = 256
"""Chips that a network is divided over, at most."""

Fits = Callable[[int, int], bool]
"""Whether the layers from one place to before another fit a chip."""


@dataclass(frozen=True)
class Loads:
    """What a network takes on a machine, between the places where it may be cut.

    `places` are these, from 0 to the number of layers; `cycles` and `arrays` are sums up to each, and `words` cross a
    cut there, each in `word_cycles` at a chip's port.
    """

    places: tuple[int, ...]
    cycles: tuple[int, ...]
    arrays: tuple[int, ...]
    words: tuple[int, ...]
    word_cycles: int

    def cost(self, start: int, end: int) -> int:
        """The cycles for each inference of a chip between two places, as indices into `places`."""
        moved = max(self.words[start], self.words[end]) * self.word_cycles
        return max(self.cycles[end] - self.cycles[start], moved)


@dataclass
class Feasible:
    """Which parts fit a machine: the compiler is asked once for each, and not for those that hold one that does not."""

    graph: LayerGraph
    machine: Machine
    mapping: str
    loads: Loads
    known: dict[tuple[int, int], AcortexError | None] = field(default_factory=dict)

    def ruled_out(self, start: int, end: int) -> bool:
        """Whether a part is known not to fit."""
        if self.loads.arrays[end] - self.loads.arrays[start] > self.machine.arrays:
            return True
        return any(start <= low and high <= end for (low, high), error in self.known.items() if error is not None)

    def check(self, start: int, end: int) -> AcortexError | None:
        """What a part lacks of the machine; None where it fits."""
        if (start, end) not in self.known:
            self.known[start, end] = self._tried(start, end)
        return self.known[start, end]

    def _tried(self, start: int, end: int) -> AcortexError | None:
        places = self.loads.places
        low, high = places[start], places[end]
        cuts = [cut for cut in (low, high) if 0 < cut < len(self.graph.layers)]
        part = parts_of(replace(self.graph, weightless=True), cuts)[low > 0]
        try:
            size = instructions_of(emit(plan_graph(part, self.machine, self.mapping))[0])
        except AcortexError as error:
            return error
        most = min(self.machine.instruction_words, MAX_INSTRUCTIONS)
        return None if size <= most else NotDivisible(f"{size} instructions, and the chip holds {most}")


def loads(graph: LayerGraph, machine: Machine, mapping: str = "best") -> Loads:
    """What the layers of a network take on a machine, and where it may be cut.

    A cut may part neither the layers that write one map, nor those that one pass makes together. Raises NotDivisible as
    `check_divisible` does, and the errors of `lower` for layers that no chip like this one can do.
    """
    check_divisible(graph)
    work = _work(graph, machine, mapping)
    lives = lifetimes(graph)
    closed = work.closed | {place for life in lives.values() for place in range(max(life.first, 0) + 1, life.last + 1)}
    opened = (0, *sorted(set(range(1, len(graph.layers))) - closed), len(graph.layers))
    crossing = tuple(
        sum(words_of(graph.maps[name]) for name, life in lives.items() if 0 <= life.last < cut <= life.until)
        for cut in opened
    )
    return Loads(opened, _sums(work.cycles, opened), _sums(work.arrays, opened), crossing, machine.host_cycles)


@dataclass(frozen=True)
class _Work:
    """What each layer takes, and the places before which no cut may be, for a pass does the layers around."""

    cycles: list[int]
    arrays: list[int]
    closed: set[int]


def _work(graph: LayerGraph, machine: Machine, mapping: str) -> _Work:
    """What the passes of a network take, each at its first layer."""
    places = {layer.name: place for place, layer in enumerate(graph.layers)}
    found = _Work([0] * len(places), [0] * len(places), set())
    counted: set[Matrix] = set()
    first = 0
    for step in lower(pack_inputs(replace(graph, weightless=True)), machine, mapping).passes:
        own = [places[layer.name] for layer in step.layers if layer.name in places] or [first]
        first = min(own)
        found.closed.update(range(first + 1, max(own) + 1))
        found.cycles[first] += max(expected_cycles(step, machine).values())
        new = set(matrices([step])) - counted
        found.arrays[first] += sum(matrix.tiles.arrays for matrix in new)
        counted |= new
    return found


def words_of(source: Map) -> int:
    """The words that a map takes where a pixel has words of its own."""
    return source.height * source.width * -(-source.channels // CHANNELS)


def _sums(each: Sequence[int], places: Sequence[int]) -> tuple[int, ...]:
    """Sums up to each place."""
    found = [0]
    for low, high in pairwise(places):
        found.append(found[-1] + sum(each[low:high]))
    return tuple(found)


def divided(graph: LayerGraph, machine: Machine, chips: int | None, mapping: str = "best") -> tuple[LayerGraph, ...]:
    """The layer graphs of so many chips, all like `machine`; of as few as hold the network where `chips` is None.

    The slowest chip is as fast as it can be; among such divisions the fewest words cross links. Raises NotDivisible
    where the network has fewer places to cut, or a part between two of them does not fit.
    """
    found = loads(graph, machine, mapping)
    most = max(min(len(found.places) - 1, MOST_CHIPS), 1)
    if chips is not None and not 1 <= chips <= most:
        cut = f"can be cut into {count(most, 'part')} at most" if most > 1 else "cannot be cut"
        hint = f"give --chips {most}{' or fewer' * (most > 1)}"
        raise NotDivisible(f"{graph.name} {cut}, and {chips} chips were asked for", hint=hint)
    feasible = Feasible(graph, machine, mapping, found)
    least = max(-(-found.arrays[-1] // machine.arrays), 1)
    for number in range(least, most + 1) if chips is None else (chips,):
        bounds = _bounds(feasible, number)
        if bounds is not None:
            return parts_of(graph, [found.places[one] for one in bounds[1:-1]])
    raise _refusal(feasible, chips)


def _bounds(feasible: Feasible, chips: int) -> list[int] | None:
    """The best division into parts that all fit, as indices into the places; None where there is none."""
    while True:
        found = _best(feasible, chips)
        if found is None or all(feasible.check(*part) is None for part in pairwise(found)):
            return found


def _best(feasible: Feasible, chips: int) -> list[int] | None:
    """The best division into parts of which none is known not to fit.

    The first search finds how fast the slowest chip can be, the second the fewest words with none slower.
    """
    found = feasible.loads
    first = _search(found, chips, lambda start, end: inf if feasible.ruled_out(start, end) else found.cost(start, end))
    if first is None:
        return None
    slowest = max(found.cost(*part) for part in pairwise(first))

    def words(start: int, end: int) -> float:
        slow = found.cost(start, end) > slowest
        return inf if slow or feasible.ruled_out(start, end) else found.words[end]

    return _search(found, chips, words, add=True)


def _search(found: Loads, chips: int, cost: Callable[[int, int], float], add: bool = False) -> list[int] | None:
    """The division of least cost: of the largest of its parts, or of their sum. None where each costs infinitely."""
    last = len(found.places) - 1
    best: list[tuple[float, list[int]]] = [(0.0, [0])] + [(inf, [])] * last
    for _ in range(chips):
        best = [min(_grown(best, end, cost, add), default=(inf, [])) for end in range(last + 1)]
    return best[last][1] if best[last][0] < inf else None


def _grown(
    best: Sequence[tuple[float, list[int]]], end: int, cost: Callable[[int, int], float], add: bool
) -> Iterator[tuple[float, list[int]]]:
    """Divisions that end at a place, one part longer than those given."""
    for start in range(end):
        before, bounds = best[start]
        if before < inf:
            part = cost(start, end)
            yield (before + part if add else max(before, part)), [*bounds, end]


def _refusal(feasible: Feasible, chips: int | None) -> AcortexError:
    """Why there is no division: what a part that cannot be cut further lacks, else that it takes more chips."""
    graph, found = feasible.graph, feasible.loads
    for place in range(len(found.places) - 1):
        error = feasible.check(place, place + 1)
        if error is not None:
            layers = graph.layers[found.places[place] : found.places[place + 1]]
            first = error.errors[0] if isinstance(error, ManyErrors) else error
            names = layers[0].name if len(layers) == 1 else f"{layers[0].name} to {layers[-1].name}"
            return NotDivisible(f"{names} cannot be cut, and does not fit one chip: {first.message}", hint=first.hint)
    return NotDivisible(
        f"{graph.name} does not fit {count(chips or MOST_CHIPS, 'chip')} like {feasible.machine.name}",
        hint="give --chips auto, which takes as many as hold it",
    )
