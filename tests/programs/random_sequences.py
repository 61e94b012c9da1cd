"""Random stacks of recurrent layers: one direction or two, sequences of outputs, last states, given first states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from originals import model, node

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}

DIRECTIONS = ("forward", "reverse", "bidirectional")


@dataclass(frozen=True)
class Kept:
    """A recurrent layer: its operator, direction and cells, whether its first h is an input, and its last an output."""

    op: str
    direction: str
    hidden: int
    linear: bool
    given: bool
    shown: bool


LAYERS = st.builds(
    Kept,
    st.sampled_from(list(GATES)),
    st.sampled_from(DIRECTIONS),
    st.sampled_from([1, 2, 5, 33, 64, 65]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def table(seed, *shape):
    """Weights that use the range of sigmoids."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def stack(layers, steps, features, product=True):
    """A model: layers one upon the other over an input x of shape (steps, 1, features), and perhaps a product."""
    nodes, constants, inputs, outputs = [], {}, {"x": [steps, 1, features]}, []
    last = "x"
    for n, layer in enumerate(layers):
        ways, gates = 1 + (layer.direction == "bidirectional"), GATES[layer.op] * layer.hidden
        constants |= {
            f"W{n}": table(3 * n, ways, gates, features),
            f"R{n}": table(3 * n + 1, ways, gates, layer.hidden),
            f"B{n}": table(3 * n + 2, ways, 2 * gates),
        }
        linear = {"linear_before_reset": 1} if layer.linear and layer.op == "GRU" else {}
        first = f" - h{n}" if layer.given else ""
        made = node(layer.op, f"{last} W{n} R{n} B{n}{first}", f"Y{n} n{n}" if layer.shown else f"Y{n}",
                    hidden_size=layer.hidden, direction=layer.direction, **linear)  # fmt: skip
        features = ways * layer.hidden
        constants[f"s{n}"] = np.array([steps, 1, features])
        nodes += [made, node("Transpose", f"Y{n}", f"t{n}", perm=[0, 2, 1, 3]), node("Reshape", f"t{n} s{n}", f"y{n}")]
        inputs |= {f"h{n}": [ways, 1, layer.hidden]} if layer.given else {}
        outputs += [f"n{n}"] if layer.shown else []
        last = f"y{n}"
    if product:
        constants["M"] = table(99, features, 3)
        nodes.append(node("MatMul", f"{last} M", "y"))
        last = "y"
    return model(nodes, inputs, constants, " ".join([last, *outputs]))
