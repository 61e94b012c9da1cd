"""Operators that only rename: they cost nothing on the chip."""

from __future__ import annotations

import math

from acortex.programs.lowering import Lowering
from acortex.programs.network import Node
from acortex.programs.operators import operator


@operator("Flatten", becomes="nothing: the numbers stay where they are")
def flatten(lowering: Lowering, node: Node) -> None:
    """Two axes of all that stood before and after one."""
    tensor = lowering.tensor(node)
    axis = int(node.attributes.get("axis", 1))
    axis = axis + len(tensor.shape) if axis < 0 else axis
    lowering.rename(node, tensor.reshaped((math.prod(tensor.shape[:axis]), math.prod(tensor.shape[axis:]))))
