"""Constants that are folded by rules of our own, each beside ONNX's reference evaluator, attribute by attribute."""

from ast import literal_eval

import numpy as np
import pytest

from acortex.programs.network.network import Node
from acortex.programs.operators.constants import FOLDS, fold
from acortex.programs.operators.evaluator import evaluated

TENSORS = {
    "x": np.arange(-12, 12, dtype=np.float32).reshape(2, 3, 4) * 1.5,
    "y": np.array([[2, -3, 0.5, -1]], np.float32),
    "row": np.array([[-7, 7, -7, 7]], np.float32),
    "by": np.array([[3, 3, -3, -3]], np.float32),
    "i": np.array([[-7, 7, -7, 7, 6]]),
    "j": np.array([[3, 3, -3, -3, 3]]),
    "p": np.array([[1, 2.5, 4]], np.float32),
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.arange(6, 0, -1).astype(np.float32).reshape(3, 2),
    "c": np.array([[0.5, -2]], np.float32),
    "t": np.array([True, False, True, False]),
    "u": np.array([True, True, False, False]),
    "image": np.arange(32, dtype=np.float32).reshape(1, 8, 2, 2),
    "wide": np.arange(48, dtype=np.float32).reshape(1, 2, 4, 6),
    "thin": np.arange(6, dtype=np.float32).reshape(1, 2, 1, 3),
    "one": np.float32(1),
    "low": np.float32(-2),
    "high": np.float32(3),
}
"""Constants by name; a list in a case is one of whole numbers."""

NODES = """
Add x y; Sub x y; Mul x y; Div x y; Div i j; Mod i j; Mod i j fmod=1; Mod row by fmod=1; Neg x; Abs x; Floor x; Ceil x
Round x; Sqrt p; Exp y; Log p; Pow p [[2],[0],[-1]]; Pow y [2]; Sign y; Reciprocal y; Equal i j; Greater x y; Less x y
Not t; And t u; Or t u; Where t row by; Identity x; Relu x; GreaterOrEqual x y; LessOrEqual x y; Min x y row
Max x y row; Sum x y row; Max x; ConstantOfShape [2,3]; Range 2 9 3; Range 9 2 -3; Cast y to=7; Cast y to=9
Cast i to=1; CastLike y i; Shape x; Shape x start=1; Shape x end=-1; Shape x start=-2 end=9; Size x; Gather x [1,0]
Gather x [[-1,0],[2,2]] axis=-1; Gather x [0] axis=1; Concat y row axis=0; Concat y row by axis=-1; Expand y [2,3,1]
Expand y [1]; Tile a [2,1]; Tile a [1,3]; ReduceProd p; ReduceSum x [0,-1]; ReduceSum x [1] keepdims=0; ReduceSum x
ReduceMax x axes=[-1]; ReduceMin x axes=[0,2]; ReduceMean x axes=[1] keepdims=0; ReduceSum x [] noop_with_empty_axes=1
ReduceSum x [] noop_with_empty_axes=0; ReduceSum x noop_with_empty_axes=1; MatMul a b; MatMul b a; Gemm a b
Gemm a b c; Gemm a a c transB=1 alpha=0.5; Gemm b b - transA=1; Gemm b a c transA=1 transB=1 beta=2.0 alpha=-1.0
Gemm a b c beta=0.0; Gemm a b one; Clip x low high; Clip x - high; Clip x low; Clip x; NonZero y; NonZero x
Reshape x [0,-1]; Reshape x [4,3,2]; Reshape x [-1]; Reshape x [2,0,2,2]; Flatten x; Flatten x axis=0
Flatten x axis=3; Flatten x axis=-1; Flatten x axis=-2; Transpose x; Transpose x perm=[1,2,0]; Squeeze y
Squeeze thin [0,-2]; Squeeze thin [2]; Unsqueeze y [0]; Unsqueeze y [-1]; Unsqueeze y [0,3]; Unsqueeze y [3,1]
Slice x [1] [3]; Slice x [1,0] [3,2] [2,1]; Slice x [-2] [99] [-1]; Slice x [0] [-1] [2]; Slice x [-9] [2] [2]
Slice x [0] [-9] [2]; Slice x [3] [0] [2] [-1]; Slice x [-1] [-99] [1] [-1]; Slice x [99] [-3] [2] [-2]
Slice x [-1] [-4] [2] [-1]; Slice x [-1] [-5] [2] [-1]; Slice x [0,1] [2,4] [0,2] [1,2]; Slice x [0] [99] [2] [3]
Split x num_outputs=2; Split x [1,2] axis=1; Split x axis=-1 num_outputs=2; Split x [1,3] axis=2
Split [1,2,3,4,5] num_outputs=2; DepthToSpace image blocksize=2; DepthToSpace image blocksize=2 mode='DCR'
DepthToSpace image blocksize=2 mode='CRD'; SpaceToDepth wide blocksize=2
"""
CASES = [case.strip() for line in NODES.strip().splitlines() for case in line.split(";")]


def value_of(word):
    """A constant by its name, or a list of whole numbers; None for an input that is left out."""
    if word == "-":
        return None
    return TENSORS[word] if word in TENSORS else np.array(literal_eval(word), np.int64)


def node_of(case):
    """The node of a case, and its constants: names and lists first, then attributes."""
    op, *words = case.split()
    values = [value_of(word) for word in words if "=" not in word]
    attributes = {key: literal_eval(value) for key, _, value in (word.partition("=") for word in words) if value}
    names = tuple("" if value is None else f"in{n}" for n, value in enumerate(values))
    return Node(op, "one", names, ("a", "b") if op == "Split" else ("a",), attributes), values


@pytest.mark.parametrize("case", CASES)
def test_a_constant_is_what_the_reference_evaluator_makes_of_it(case):
    node, values = node_of(case)
    old = node.op.startswith("Reduce") and "axes" in node.attributes  # later opsets have them as an input
    opset = 11 if old else 21
    wanted, found = evaluated(node, values, opset), fold(node, values, opset)
    assert [(one.dtype, one.shape) for one in found] == [(one.dtype, one.shape) for one in wanted]
    assert all(np.array_equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_every_rule_has_a_case():
    assert {case.split()[0] for case in CASES} == set(FOLDS)
