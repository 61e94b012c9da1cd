"""Finds operators that exporters spell out in several nodes, and writes them as one."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from acortex.programs.network.network import Model, Node
from acortex.programs.network.rounded import number, with_levels


def recognised(model: Model) -> Model:
    """The model with hard sigmoid, hard swish and rounding to levels as one node each, without the nodes replaced."""
    return model if any(node.fault for node in model.nodes) else with_levels(_Finder(model).found())


class _Finder:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.makers = {name: node for node in model.nodes for name in node.outputs}
        self.uses = Counter(name for node in model.nodes for name in node.inputs)
        self.uses.update(model.outputs)
        self.gone: set[str] = set()

    def found(self) -> Model:
        nodes = []
        for node in self.model.nodes:
            changed = self._hard_sigmoid(node)
            self.makers.update(dict.fromkeys(changed.outputs, changed))
            changed = self._hard_swish(changed)
            self.makers.update(dict.fromkeys(changed.outputs, changed))
            nodes.append(changed)
        return replace(self.model, nodes=[node for node in nodes if node.name not in self.gone])

    def _number(self, name: str) -> float | None:
        return number(self.model, name)

    def _alone(self, name: str, op: str) -> Node | None:
        """The node that makes a tensor for one reader only, if it is of an operator."""
        maker = self.makers.get(name)
        return maker if maker is not None and maker.op == op and self.uses[name] == 1 else None

    def _hard_sigmoid(self, node: Node) -> Node:
        """Clip(x + 3, 0, 6) / 6, or x times that, divided at the end."""
        factor = self._number(node.inputs[1]) if node.op in ("Div", "Mul") and len(node.inputs) == 2 else None
        if factor is None or not math.isclose(factor if node.op == "Mul" else 1 / (factor or 1), 1 / 6, rel_tol=1e-4):
            return node
        source = self._held(node.inputs[0])
        if source is not None:
            return Node("HardSigmoid", node.name, (source,), node.outputs, {"alpha": 1 / 6, "beta": 0.5})
        product = self._alone(node.inputs[0], "Mul")
        if product is None:
            return node
        for own, gate in (product.inputs, product.inputs[::-1]):
            if own == self._held(gate, own):
                self.gone.add(product.name)
                self.uses[own] -= 1
                return Node("HardSwish", node.name, (own,), node.outputs)
        return node

    def _held(self, name: str, wanted: str | None = None) -> str | None:
        """What x is in Clip(x + 3, 0, 6), whose nodes are then gone; only if it is the one wanted."""
        clip = self._alone(name, "Clip")
        if clip is None or self._bounds(clip) != (0.0, 6.0):
            return None
        add = self._alone(clip.inputs[0], "Add")
        if add is None or len(add.inputs) != 2:
            return None
        source = next((add.inputs[n] for n in (0, 1) if self._number(add.inputs[1 - n]) == 3.0), None)
        if source is None or wanted not in (None, source):
            return None
        self.gone.update((clip.name, add.name))
        return source

    def _bounds(self, clip: Node) -> tuple[float | None, float | None]:
        if len(clip.inputs) == 1:
            return clip.attributes.get("min"), clip.attributes.get("max")
        if len(clip.inputs) < 3:
            return None, None
        return self._number(clip.inputs[1]), self._number(clip.inputs[2])

    def _hard_swish(self, node: Node) -> Node:
        """The product of x and its hard sigmoid."""
        if node.op != "Mul" or len(node.inputs) != 2:
            return node
        for source, gate in (node.inputs, node.inputs[::-1]):
            maker = self._alone(gate, "HardSigmoid")
            if maker is None or maker.inputs[0] != source or not _sixth(maker):
                continue
            self.gone.add(maker.name)
            self.uses[source] -= 1
            return Node("HardSwish", node.name, (source,), node.outputs)
        return node


def _sixth(node: Node) -> bool:
    alpha, beta = node.attributes.get("alpha", 0.2), node.attributes.get("beta", 0.5)
    return math.isclose(alpha, 1 / 6, rel_tol=1e-4) and beta == 0.5
