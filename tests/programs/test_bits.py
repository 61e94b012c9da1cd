"""Codes of the width that a chip's converters have, or fewer; never more."""

import float_models
import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.programs import quantised
from acortex.programs.compiler import CodesTooWide, compile_graph
from acortex.programs.network.network import Network
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of


def residual():
    first = Network("residual", input=(8, 5, 5)).conv(8, 3, pad=1).relu()
    return first.conv(8, 1).add(first).sigmoid()


NETWORKS = {
    "convolutions": lambda: Network("n", input=(3, 8, 8)).conv(9, 3).relu().max_pool(2).flatten().linear(5),
    "lstm": lambda: Network("l", input=(3, 7)).lstm(20).linear(4),
    "gru": lambda: Network("g", input=(3, 7)).gru(20).linear(4),
    "residual": residual,
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("codes", "converters"), [(2, 2), (3, 3), (3, 4), (2, 4)])
def test_codes_may_be_as_wide_as_the_converters_or_narrower(name, codes, converters):
    network, chip = NETWORKS[name](), load_chip("acortex_gnmt", (f"neurons.bits={converters}",))
    source = network.model.inputs[0]
    x = np.random.default_rng(0).standard_normal((3, *source.shape), dtype=np.float32)
    graph = quantised(network, x, codes)
    assert {one.coding.bits for one in graph.maps.values()} == {codes}
    (found,) = run(compile_graph(graph, machine_of(chip)).program, chip, inputs=x, timing=False).outputs.values()
    session = float_models.session(reference(graph))
    wanted = np.stack([session.run(None, {source.name: row})[0] for row in x])
    assert np.array_equal(found.reshape(wanted.shape), wanted)


@pytest.mark.parametrize(("codes", "converters"), [(8, 4), (4, 3), (3, 2)])
def test_wider_codes_than_the_converters_give_are_refused(codes, converters):
    machine = machine_of(load_chip("acortex_gnmt", (f"neurons.bits={converters}",)))
    with pytest.raises(CodesTooWide) as caught:
        compile_graph(quantised(NETWORKS["convolutions"](), bits=codes), machine)
    assert str(caught.value) == (
        f"the codes of n have {codes} bits, and the converters of acortex_gnmt {converters}\n"
        f"  hint: quantise the network with bits={converters}"
    )


def test_a_chip_of_one_bit_is_named_by_its_setting():
    with pytest.raises(UsageError) as caught:
        quantised(NETWORKS["convolutions"](), bits=1)
    assert str(caught.value) == (
        "no network is quantised to codes of 1 bit\n"
        "  hint: from 2 to 8 bits are possible; those of a chip are its neurons.bits"
    )
