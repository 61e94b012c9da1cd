"""A network without weights has the instructions, the time and the energy of the network with them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex import run
from acortex.errors import UsageError
from acortex.programs import zoo
from acortex.programs.compiler import Compiled, compile_graph
from acortex.programs.front import outlined, quantised
from acortex.programs.network.network import Network
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of
from acortex.tools.open.programs import open_program

RANDOM = [one.name for one in zoo.ENTRIES if one.network is not None and one.data is None]
"""The networks of the zoo whose weights are drawn."""

SMALL = ("lstm", "mobilenet", "inception_v1")

VALUE = re.compile(
    r"(, )?(zero|zero_a|zero_b|low|high|scale|fill|value)=[-+.\de]+|(?<=quant {3}q\d), .*|(?<=quant {3}q\d\d), .*"
)
"""What a line says of numbers and codes."""


def compiled(name: str, weights: bool, bits: int = 4) -> Compiled:
    one = zoo.entry(name)
    machine = machine_of(load_chip(one.chip, [f"neurons.bits={bits}"]))
    return compile_graph(zoo.graph(one, machine.bits, weights), machine)


def instructions(made: Compiled) -> list[str]:
    return [VALUE.sub("", line) for line in made.text.splitlines()]


def same_instructions(name: str, bits: int) -> bool:
    with_weights, without = compiled(name, True, bits), compiled(name, False, bits)
    assert without.plan.graph.weightless and not with_weights.plan.graph.weightless
    return instructions(with_weights) == instructions(without)


def timed(name: str, **options: Any) -> dict[str, Any]:
    """The report of a run without values, but for what identifies the program's content."""
    report = run(f"zoo:{name}", values=False, **options).report.as_dict()
    assert report["program"].pop("sha256")
    return report


@pytest.mark.parametrize("name", SMALL)
def test_a_network_has_the_same_instructions_without_its_weights(name: str) -> None:
    assert same_instructions(name, 4)


@pytest.mark.slow
@pytest.mark.parametrize("bits", [2, 3, 4])
@pytest.mark.parametrize("name", RANDOM)
def test_every_random_network_of_the_zoo_has_the_same_instructions_without_its_weights(name: str, bits: int) -> None:
    one = zoo.entry(name)
    fits = one.network is not None and outlined(one.network(), bits) is not None
    assert fits and same_instructions(name, bits)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("lstm", []),
        ("lstm", ["memory.access_cycles=9", "arrays.overlap_loads=true"]),
        pytest.param("mobilenet", [], marks=pytest.mark.slow),
        pytest.param("resnet50", ["vector.queue_words=64"], marks=pytest.mark.slow),
    ],
)
def test_time_and_energy_are_those_of_the_network_with_its_weights(name: str, settings: list[str]) -> None:
    program = open_program(f"zoo:{name}", None, settings)
    report = run(program, settings=settings, values=False).report.as_dict()
    assert report["program"].pop("sha256")
    assert timed(name, settings=settings) == report


def test_a_run_with_values_reports_the_same_time() -> None:
    with_values = run("zoo:lstm").report.as_dict()
    assert with_values["program"].pop("sha256")
    assert timed("lstm") == with_values


def test_a_program_without_weights_has_zeros_in_their_place() -> None:
    without, with_weights = (open_program("zoo:lstm", weights=weights) for weights in (False, True))
    assert not any(one.values.any() for one in without.weights)
    assert all(one.values.any() for one in with_weights.weights)


def test_a_trace_lists_the_quantisers_of_the_network(tmp_path: Path) -> None:
    full = run("zoo:lstm", trace=tmp_path / "full.actrace", max_cycles=50).report.program
    timed_only = run("zoo:lstm", values=False, trace=tmp_path / "timed.actrace", max_cycles=50).report.program
    assert timed_only == full
    assert (tmp_path / "timed.actrace").read_bytes() == (tmp_path / "full.actrace").read_bytes()


def small() -> Network:
    return Network("small", input=(8, 6, 6))


@pytest.mark.parametrize(
    ("network", "why"),
    [
        (small().conv(8, 3).hard_swish(), "its range decides how many layers it becomes"),
        (small().conv(8, 3).average_pool(2), "means of negative numbers keep their codes"),
        (small().average_pool(2), "the input may be negative"),
        (small().conv(1, 3), "one column may need no table of constants"),
        (Network("sequence", input=(4, 8)).gru(8), "no outline of a GRU"),
    ],
)
def test_a_network_whose_instructions_may_depend_on_its_weights_has_no_outline(network: Network, why: str) -> None:
    assert outlined(network) is None, why


@pytest.mark.parametrize(
    "network",
    [
        small().conv(8, 3).relu().average_pool(2),
        small().conv(8, 3).relu6().global_average_pool().linear(4),
        small().conv(8, 3).sigmoid().max_pool(2),
        small().conv(8, 3, groups=8).conv(4, 1),
        Network("sequence", input=(4, 8)).lstm(8).linear(3),
    ],
)
def test_an_outline_has_all_weights_0_and_takes_no_memory_for_them(network: Network) -> None:
    graph = outlined(network)
    assert graph is not None and graph.weightless
    for layer in graph.layers:
        weights = getattr(layer, "weights", None)
        assert weights is None or (weights.strides == (0,) * weights.ndim and not np.any(weights))


WITHOUT_OUTLINE = (8, 9)
"""Seeds of random networks that take means of numbers below zero."""


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_have_the_same_instructions_without_their_weights(seed: int) -> None:
    """Of products, pools, sums and activations of every kind; two of them have no outline, and show nothing."""
    random = np.random.default_rng(seed)
    x = Network("random", input=(int(random.integers(1, 70)), 9, 9), seed=seed)
    for _ in range(int(random.integers(2, 7))):
        x = x.conv(int(random.integers(2, 140)), int(random.integers(1, 4)), pad=1)
        x = x.add(x.conv(x.shape[1], 1)) if seed % 5 == 4 else [x.relu, x.relu6, x.sigmoid, x.tanh][seed % 5]()
        if random.random() < 0.5:
            x = [x.max_pool, x.average_pool][int(random.integers(2))](2, 1)
    machine = machine_of(load_chip("acortex_gnmt"))
    graph = outlined(x)
    assert (graph is None) == (seed in WITHOUT_OUTLINE)
    if graph is not None:
        texts = [compile_graph(one, machine) for one in (graph, quantised(x))]
        assert instructions(texts[0]) == instructions(texts[1])


def test_an_outline_refuses_the_bits_that_a_network_cannot_have() -> None:
    with pytest.raises(UsageError, match="codes of 1 bit"):
        outlined(small().conv(8, 3), bits=1)
