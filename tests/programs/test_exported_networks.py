"""Networks as exporters write them, of every opset, run on the chip: onnxruntime on the reference is equal."""

import exported_sequences
import float_models
import numpy as np
import onnx
import pytest
from random_exported import random_exported

from acortex.programs import quantised
from acortex.programs.choices import MAPPINGS
from acortex.programs.compiler import compile_graph
from acortex.programs.network.importer import from_proto
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
OPSETS = (9, 11, 13, 17, 21)
INFERENCES = 3


def shape_of(info):
    return [d.dim_value if d.HasField("dim_value") else 1 for d in info.type.tensor_type.shape.dim]


def inputs_of(model, seed=0):
    rng, known = np.random.default_rng(seed), {tensor.name for tensor in model.graph.initializer}
    return {
        info.name: rng.standard_normal((INFERENCES, *shape_of(info)), dtype=np.float32)
        for info in model.graph.input
        if info.name not in known
    }


def unequal(model, mapping="taps", *, timing=False):
    """Outputs that the chip computes otherwise than onnxruntime on the reference: in a bit, a shape or a type."""
    given = inputs_of(model)
    graph = quantised(from_proto(model), given)
    outputs = run(compile_graph(graph, machine_of(CHIP), mapping).program, CHIP, inputs=given, timing=timing).outputs
    made = reference(graph)
    onnx.checker.check_model(made)
    session, wanted = float_models.session(made), []
    for n in range(INFERENCES):
        wanted.append(session.run(list(outputs), {key: array[n] for key, array in given.items()}))
    pairs = zip(outputs.items(), zip(*wanted, strict=True), strict=True)
    assert outputs
    return [key for (key, array), numbers in pairs if not alike(array, np.stack(numbers))]


def alike(array, wanted):
    """Whether an output of the chip has the numbers, the type and the shape of one of the reference, but its batch."""
    form = wanted.shape[1:]
    shape = form[1:] if form[0] == 1 and len(form) > 1 else form
    same = array.shape[1:] == shape and array.dtype == wanted.dtype
    return same and np.array_equal(array.reshape(wanted.shape), wanted)


@pytest.mark.parametrize(("number", "name"), list(enumerate(exported_sequences.BUILDERS)))
def test_a_network_is_on_the_chip_what_its_reference_is_in_onnxruntime(number, name):
    model = exported_sequences.model(name, seed=number, opset=OPSETS[number % len(OPSETS)])
    assert unequal(model, timing=number % 5 == 0) == []


def random_model(seed):
    return random_exported(seed, steps=3 + seed % 9, opset=OPSETS[seed % len(OPSETS)])


@pytest.mark.sampled(20)
@pytest.mark.parametrize("seed", range(60))
def test_a_random_network_is_on_the_chip_what_its_reference_is_in_onnxruntime(seed):
    assert unequal(random_model(seed), MAPPINGS[seed % len(MAPPINGS)], timing=seed % 10 == 0) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 460))
def test_many_random_networks_are_on_the_chip_what_their_references_are(seed):
    assert unequal(random_model(seed), MAPPINGS[seed % len(MAPPINGS)], timing=seed % 10 == 0) == []


@pytest.mark.parametrize("name", ["image_read_as_last_channel", "torch_view", "gemm_alpha_beta"])
def test_the_reference_leaves_open_what_the_model_leaves_open(name):
    model = exported_sequences.model(name)
    given = inputs_of(model)
    made = reference(quantised(from_proto(model), given))
    assert [info.type for info in made.graph.input] == [info.type for info in model.graph.input]
    session = float_models.session(made)
    (batch,) = session.run(None, {key: array[:, 0] for key, array in given.items()})
    apart = [session.run(None, {key: array[n] for key, array in given.items()})[0][0] for n in range(INFERENCES)]
    np.testing.assert_array_equal(batch, apart)
