"""Which nodes of a network the host does between parts of the chip: those that the chip refuses, and few more.

Nodes are taken as one network for the chip, with what the host makes as inputs and what it takes as outputs. The
normaliser says which of them the chip cannot do. These go to the host, and the rest is tried again, until all fits.
Then some go with them for which a transfer would cost more than the chip gains.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from acortex.errors import AcortexError
from acortex.programs.host.alone import UNKNOWN
from acortex.programs.host.facts import Kinds, folded
from acortex.programs.host.protos import HAS_GRAPH
from acortex.programs.network.network import Model, Node, Value
from acortex.programs.network.subgraphs import CONTROL, graphs, hint_of_branches
from acortex.programs.operators.context import MAX_WORDS, REARRANGED, Lowering, Unsupported, UnsupportedNodes
from acortex.programs.operators.host import by_host
from acortex.programs.operators.normalise import normalise, without_control
from acortex.programs.operators.quantised import OWN_CONSTANTS
from acortex.programs.operators.registry import OPERATORS
from acortex.programs.steps import FloatGraph

PRODUCTS = (
    "Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN", "QLinearConv", "QGemm", "QLinearMatMul", "Einsum",
    "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "FusedConv", "FusedGemm",
    "FusedMatMul", "MatMulNBits",
)  # fmt: skip
"""Operators for which the chip has arrays."""

RENAMES = ("Identity", "Dropout", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Cast")
"""Operators that a host does for nothing, or nearly so."""

SELECTS = ("Slice", "Split", "Gather")
"""Operators that take a part of their first input."""

WIDENS = ("Expand", "Concat", "Tile")

FUSED = (
    "Relu", "LeakyRelu", "PRelu", "Clip", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Swish", "BatchNormalization",
    "Add", "Sub", "Mul", "Div", "Neg", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean",
    "ReduceMax", "Pad",
)  # fmt: skip
"""Operators that may join the product before them."""

BESIDE = "beside the host's nodes it costs less there"
"""Why a node goes to the host that the chip could do."""

NO_PRODUCT = "the chip would have no product to do with it"
"""Why nodes go to the host that would be the chip's alone."""

ATTEMPTS = 64
"""How often the rest of a network is tried; each time a node at least goes to the host."""


class NothingLeft(AcortexError):
    """A network of which the chip could do no product."""


@dataclass(frozen=True)
class Division:
    """A network of which the host does some nodes: its steps for the chip, and the nodes by stages.

    `stages` has for each node the stage of the chip, or of the host, that it belongs to: the host's stage s comes
    before the chip's. `hosted` names the nodes of the host.
    """

    model: Model
    kinds: Kinds
    graph: FloatGraph
    hosted: frozenset[str]
    stages: Mapping[str, int]


def divided(model: Model, *, drop_lrn: bool = False, most_words: int = MAX_WORDS) -> Division:
    """Divides a network between the chip and the host.

    Raises UnsupportedNodes for what neither does, and NothingLeft where the chip would have no product.
    """
    return _Divider(model, drop_lrn, most_words).found()


class _Divider:
    def __init__(self, model: Model, drop_lrn: bool, most_words: int) -> None:
        model = _straightened(model, drop_lrn, most_words)
        _check_graphs(model)
        whole, self.kinds = folded(model)
        whole = _with_lazy_constants(whole)
        self.model = replace(whole, nodes=_living(whole))
        self.drop_lrn, self.most_words = drop_lrn, most_words
        self.nodes = {node.name: node for node in self.model.nodes}
        self.makers = {name: node for node in self.model.nodes for name in node.outputs if name}
        self.readers: dict[str, list[Node]] = {}
        for node in self.model.nodes:
            for name in dict.fromkeys(filter(None, node.inputs)):
                self.readers.setdefault(name, []).append(node)
        self.hosted: dict[str, str] = {}
        """The nodes of the host, each with the reason."""
        own = [node.name for node in self.model.nodes if (row := OPERATORS.get(node.op)) and row.lower is by_host]
        self._give(own, "only the host does it")
        self._give(self._of_constants(), "it does not depend on an input, and is too large to be computed beforehand")

    def found(self) -> Division:
        """The first division of which the chip can do its share."""
        for _ in range(ATTEMPTS):
            self._settle()
            left = any(node.op in PRODUCTS for node in self._chip())
            if self.hosted and not left:
                raise self._nothing_left()
            graph = self._attempt()
            if graph is not None:
                return Division(self.model, self.kinds, graph, frozenset(self.hosted), self._stages())
        raise AssertionError("a network was tried without end")

    def _of_constants(self) -> list[str]:
        """The nodes that depend on no input of the network."""
        given = {value.name for value in self.model.inputs} - self.model.constants.keys()
        found = []
        for node in self.model.nodes:
            if given.isdisjoint(node.inputs):
                found.append(node.name)
            else:
                given.update(node.outputs)
        return found

    def _chip(self) -> list[Node]:
        return [node for node in self.model.nodes if node.name not in self.hosted]

    def _nothing_left(self) -> NothingLeft:
        told = [name for name in self.hosted if self._weighs(name)]
        told = told or [name for name in self.hosted if self.nodes[name].op in PRODUCTS]
        what = "the chip could do no product of the network, and the host would do all of it"
        if not any(node.op in PRODUCTS for node in self.model.nodes):
            what = "the network has no product for the chip's arrays, and the chip cannot do all of it by itself"
        refused = told or [name for name, why in self.hosted.items() if why not in (BESIDE, NO_PRODUCT)]
        reasons = "".join(f"\n  {name} ({self.nodes[name].op}): {self.hosted[name]}" for name in refused[:MOST_REASONS])
        message = f"{what}{':' * bool(reasons)}{reasons}"
        return NothingLeft(message, hint="run it on the host alone, or change what is refused")

    def _weighs(self, name: str) -> bool:
        """Whether a node is a product with constant weights."""
        node = self.nodes[name]
        return node.op in PRODUCTS and any(one in self.model.constants for one in node.inputs[1:])

    # What the chip refuses --------------------------------------------------------------------------------------

    def _attempt(self) -> FloatGraph | None:
        """The steps of what is left for the chip; None where more has gone to the host."""
        chip = self._chip()
        unfit = [node.name for node in chip if any(self._cannot_enter(name) for name in node.inputs)]
        if unfit:
            self._give(unfit, "it needs numbers of the host that are not real, or of no fixed shape")
            return None
        try:
            graph = normalise(self._rest(chip), drop_lrn=self.drop_lrn, most_words=self.most_words)
        except UnsupportedNodes as refused:
            self._refused(refused)
            return None
        left = [name for name in graph.host_nodes if name in self.nodes]
        self._give(left, "the chip leaves it to the host")
        return None if left else graph

    def _cannot_enter(self, name: str) -> bool:
        """Whether a tensor of the host cannot become codes."""
        maker = self.makers.get(name)
        if maker is None or maker.name not in self.hosted:
            return False
        kind = self.kinds.get(name, UNKNOWN)
        return kind.shape is None or not kind.shape or not math.prod(kind.shape) or "float" not in kind.dtype

    def _rest(self, chip: list[Node]) -> Model:
        """What is left for the chip, as a network."""
        read = dict.fromkeys(name for node in chip for name in node.inputs if name)
        made = {name for node in chip for name in node.outputs if name}
        given = {value.name: value for value in self.model.inputs}
        known = self.model.constants
        inputs = [replace(value, batch=None) for name, value in given.items() if name in read and name not in known]
        for name in read:
            if name in self.makers and name not in made:
                kind = self.kinds[name]
                inputs.append(Value(name, kind.shape or (), kind.dtype))
        return replace(self.model, inputs=inputs, outputs=list(self._leaving(made)), nodes=chip)

    def _leaving(self, made: set[str]) -> Iterator[str]:
        """The tensors of the chip that are outputs of the network, or that the host takes."""
        outputs = dict.fromkeys(self.model.outputs)
        for node in self.model.nodes:
            for name in filter(None, node.outputs):
                taken = any(one.name in self.hosted for one in self.readers.get(name, ()))
                if name in made and (taken or name in outputs):
                    yield name

    def _refused(self, refused: UnsupportedNodes) -> None:
        """Gives what the normaliser refused to the host. Raises what it raised where that is nothing new."""
        known = len(self.hosted)
        found = [(name, why) for one, what, why in refused.nodes for name in self._about(one, what)]
        behind = self._behind({name for name, _ in found})
        for name, why in found:
            # What lies behind another refused node was tried on a stand-in, which may lie otherwise in memory.
            if name not in behind or self.nodes[name].op not in PRODUCTS:
                before = self._rearranged_by(name) if why == REARRANGED else None
                self._give([before or name], f"what it makes {name} cannot read from memory" if before else why)
        if len(self.hosted) == known or any(self.nodes[name].fault for name in self.hosted):
            raise refused

    def _rearranged_by(self, name: str) -> str | None:
        """The node that only rearranges the input of a product; None where there is none, and of other nodes."""
        node = self.nodes[name]
        maker = self.makers.get(node.inputs[0])
        moves = maker is not None and node.op in PRODUCTS and maker.op in (*RENAMES, *SELECTS, *WIDENS, "SpaceToDepth")
        return maker.name if maker is not None and moves and maker.name not in self.hosted else None

    def _behind(self, names: set[str]) -> set[str]:
        """The nodes that follow from one of some nodes."""
        found: set[str] = set()
        for node in self._chip():
            makers = {self.makers[name].name for name in node.inputs if name in self.makers}
            if not makers.isdisjoint(names | found):
                found.add(node.name)
        return found

    def _about(self, name: str, what: str) -> list[str]:
        """The nodes that a refusal is about."""
        if what == "output":
            return [self.makers[name].name] if name in self.makers else []
        if what == "input":
            return [node.name for node in self.readers.get(name, ()) if node.name not in self.hosted]
        if name in self.nodes:
            return [name]
        longest = max((one for one in self.nodes if name.startswith(one)), key=len, default=None)
        return [] if longest is None else [longest]

    def _give(self, names: list[str], why: str) -> None:
        for name in names:
            self.hosted.setdefault(name, why)

    # What had better go with it ---------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Gives to the host what costs more to transfer than the chip gains."""
        if not self.hosted:
            return
        while self._once():
            pass

    def _once(self) -> bool:
        """Gives some nodes to the host; says whether there were any."""
        before = len(self.hosted)
        for node in self._chip():
            if self._renames(node) or self._rejoins(node) or self._selects(node) or self._moves_no_more([node]):
                self._give([node.name], BESIDE)
            elif self._moves_no_more(both := [node, *self._before(node)]):
                self._give([one.name for one in both], BESIDE)
        for component in self._components():
            if not any(node.op in PRODUCTS for node in component):
                self._give([node.name for node in component], NO_PRODUCT)
        return len(self.hosted) > before

    def _ends_at_host(self, node: Node) -> bool:
        """Whether only the host takes what a node makes, or the user beside it."""
        readers = [one for name in node.outputs for one in self.readers.get(name, ())]
        return bool(readers) and all(one.name in self.hosted for one in readers)

    def _of_host(self, name: str) -> bool:
        maker = self.makers.get(name)
        return maker is not None and maker.name in self.hosted

    def _computed(self, node: Node) -> list[str]:
        """The inputs of a node that are no constants."""
        return [name for name in node.inputs if name and name not in self.model.constants]

    def _renames(self, node: Node) -> bool:
        """Whether a node only rearranges what the host has or takes."""
        if node.op not in (*RENAMES, *WIDENS):
            return False
        from_host = node.op in RENAMES and all(map(self._of_host, self._computed(node)))
        return from_host or self._ends_at_host(node)

    def _rejoins(self, node: Node) -> bool:
        """Whether all that a node joins but one tensor is with the host anyway, as a sum that only the host reads."""
        if node.op in PRODUCTS or not self._ends_at_host(node):
            return False
        computed = dict.fromkeys(self._computed(node))
        known = [name for name in computed if self._of_host(name) or self._with_host(name, node)]
        return len(computed) > 1 and len(known) >= len(computed) - 1

    def _with_host(self, name: str, node: Node) -> bool:
        """Whether the host takes a tensor, or has it, whatever becomes of a node."""
        if name not in self.makers:
            return True
        return any(one.name in self.hosted for one in self.readers[name] if one is not node)

    def _selects(self, node: Node) -> bool:
        """Whether a node is one of those that take together all of a tensor, for the host alone."""
        if node.op not in SELECTS or not self._ends_at_host(node):
            return False
        source = node.inputs[0]
        siblings = self.readers.get(source, ())
        if not all(one.name in self.hosted or (one.op in SELECTS and self._ends_at_host(one)) for one in siblings):
            return False
        taken = sum(self._size(name) for one in siblings for name in one.outputs if name)
        return taken >= self._size(source)

    def _moves_no_more(self, nodes: list[Node]) -> bool:
        """Whether nodes beside the host's can join them without more numbers crossing the border.

        There they are computed on real numbers. What a product does on its way to memory stays with the product.
        """
        if not all(map(self._may_move, nodes)):
            return False
        names = dict.fromkeys(name for node in nodes for name in (*self._computed(node), *filter(None, node.outputs)))
        before = sum(map(self._crossing, names))
        self.hosted.update(dict.fromkeys((node.name for node in nodes), BESIDE))
        after = sum(map(self._crossing, names))
        for node in nodes:
            del self.hosted[node.name]
        return 0 < before >= after

    def _may_move(self, node: Node) -> bool:
        """Whether a node is no product, no coding, and nothing that a product does on its way to memory."""
        if node.op in PRODUCTS or "Quantize" in node.op or node.op.startswith("Q"):
            return False
        taken = list(dict.fromkeys(self._computed(node)))
        joins = len(taken) == 1 and self._on_chip(taken[0]) and len(self.readers[taken[0]]) == 1
        return not (joins and node.op in FUSED)

    def _before(self, node: Node) -> list[Node]:
        """The nodes of the chip that make what a node takes, but for products."""
        makers = {self.makers[name].name: self.makers[name] for name in self._computed(node) if self._on_chip(name)}
        return [one for one in makers.values() if self._may_move(one)]

    def _on_chip(self, name: str) -> bool:
        return name in self.makers and not self._of_host(name)

    def _crossing(self, name: str) -> int:
        """The numbers of a tensor that cross the border: inputs of the network are on both sides of it."""
        if name not in self.makers:
            return 0
        of_host = self._of_host(name)
        crosses = any((one.name in self.hosted) != of_host for one in self.readers.get(name, ()))
        return self._size(name) * crosses

    def _size(self, name: str) -> int:
        return math.prod(self.kinds.get(name, UNKNOWN).shape or ())

    # Stages -----------------------------------------------------------------------------------------------------

    def _stages(self) -> dict[str, int]:
        """The stage of each node: how often chip and host take turns before it. The host begins."""
        found: dict[str, int] = {}
        for node in self.model.nodes:
            hosted = node.name in self.hosted
            before = [self.makers[name] for name in node.inputs if name in self.makers]
            found[node.name] = max(
                (found[one.name] + (hosted and one.name not in self.hosted) for one in before), default=0
            )
        return found

    def _components(self) -> list[list[Node]]:
        """The nodes of the chip, those of a stage together that tensors join."""
        stages = self._stages()
        root: dict[str, str] = {}

        def lead(name: str) -> str:
            while root.setdefault(name, name) != name:
                root[name] = root[root[name]]
                name = root[name]
            return name

        for node in self._chip():
            lead(node.name)
            for name in node.inputs:
                maker = self.makers.get(name)
                if maker is not None and maker.name not in self.hosted and stages[maker.name] == stages[node.name]:
                    root[lead(node.name)] = lead(maker.name)
        found: dict[str, list[Node]] = {}
        for node in self._chip():
            found.setdefault(lead(node.name), []).append(node)
        return list(found.values())


MOST_NESTED = 16
"""How often branches and loops are laid out that stood in others."""


def _straightened(model: Model, drop_lrn: bool, most_words: int) -> Model:
    """The network whose branches are taken and whose loops are laid out, also where what decides them follows from
    shapes.
    """
    left: list[str] = []
    for _ in range(MOST_NESTED):
        before, left = left, [node.name for node in model.nodes if node.op in CONTROL]
        if not left or left == before:
            break
        model = without_control(folded(model)[0], drop_lrn=drop_lrn, most_words=most_words)
    return model


def _check_graphs(model: Model) -> None:
    """Raises UnsupportedNodes for nodes that are malformed, and for those with a graph of their own: what these take of
    the network is not known.
    """
    found = [(node.name, node.op, HAS_GRAPH) for node in model.nodes if any(graphs(node))]
    found += [(node.name, node.op, f"it is malformed ({node.fault})") for node in model.nodes if node.fault]
    if found:
        refused = UnsupportedNodes(found)
        refused.hint = hint_of_branches(model) or ""
        raise refused


def _with_lazy_constants(model: Model) -> Model:
    """The network with what quantisers make of constants as constants, which are computed when something loads them."""
    lowering, left = Lowering(model), []
    for node in model.nodes:
        made = node.op in OWN_CONSTANTS and not node.fault
        if made and all(name in lowering.constants for name in node.inputs if name):
            try:
                OPERATORS[node.op].lower(lowering, node)
            except Unsupported:
                made = False
        if not made or node.outputs[0] not in lowering.constants:
            left.append(node)
    return replace(model, nodes=left, constants=lowering.constants)


def _living(model: Model) -> list[Node]:
    """The nodes from which an output of a network follows, in order."""
    wanted = set(model.outputs)
    found = []
    for node in reversed(model.nodes):
        if not wanted.isdisjoint(node.outputs):
            wanted.update(node.inputs)
            found.append(node)
    return found[::-1]


MOST_REASONS = 12
"""Products that an error names, each with why the chip does not do it."""
