"""What layers use and move: held to networks whose graphs are known, and to the reports of their runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.inputs import HostData
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import prepare
from acortex.tools.drawing import traffic as module
from acortex.tools.drawing.traffic import Node, Traffic, Writers, traffic
from acortex.tools.open.machine import machine_of
from acortex.tools.open.programs import open_program


def found(name: str) -> Traffic:
    program = open_program(f"zoo:{name}", weights=False)
    return traffic(program, chip_of(program).memory_words)


def named(one: Traffic) -> dict[tuple[str, str], int]:
    return {(one.nodes[giver].name, one.nodes[taker].name): words for (giver, taker), words in one.edges.items()}


def test_the_digits_pass_through_two_layers() -> None:
    one = found("digits_mlp")
    assert [(node.name, node.kind) for node in one.nodes] == [
        ("image", "input"), ("hidden", "layer"), ("output", "layer"), ("scores", "output"),
    ]  # fmt: skip
    # 784 pixels and a bias are 13 words; 64 neurons are one, 10 are one.
    assert named(one) == {("image", "hidden"): 13, ("hidden", "output"): 1, ("output", "scores"): 1}
    assert [node.macs for node in one.nodes] == [0, 784 * 64, 64 * 10, 0]
    assert one.layer_of_group() == {0: "hidden", 1: "output"}


def test_a_residual_network_has_its_shortcuts() -> None:
    edges = named(found("resnet152"))
    assert ("conv2_1_3", "conv2_2_3") in edges, "the identity around a block"
    assert ("conv1", "conv2_1_short") in edges, "the projection around the first block of a stage"
    blocks = {2: 3, 3: 8, 4: 36, 5: 3}
    for stage, count in blocks.items():
        for block in range(1, count + 1):
            name = f"conv{stage}_{block}"
            assert (f"{name}_1", f"{name}_2") in edges
            assert (f"{name}_2", f"{name}_3") in edges
            assert block == 1 or (f"conv{stage}_{block - 1}_3", f"{name}_1") in edges
            assert block == 1 or (f"conv{stage}_{block - 1}_3", f"{name}_3") in edges


def test_each_part_of_an_inception_module_is_read_by_the_four_of_the_next() -> None:
    edges = named(found("inception_v1"))
    parts = ("1x1", "3x3", "5x5", "pool")
    for before, after in (("3a", "3b"), ("4a", "4b"), ("4b", "4c"), ("4c", "4d"), ("4d", "4e"), ("5a", "5b")):
        for part in parts:
            takers = {taker for giver, taker in edges if giver == f"{before}_{part}"}
            assert {f"{after}_1x1", f"{after}_3x3_reduce", f"{after}_5x5_reduce"} < takers
            assert len([taker for taker in takers if taker.startswith("maxpool")]) == 1
    assert {giver for giver, taker in edges if taker == "fc"} == {f"5b_{part}" for part in parts}


def test_a_recurrent_layer_gives_to_itself() -> None:
    edges = named(found("gnmt"))
    for layer in range(1, 17):
        assert (f"lstm{layer}", f"lstm{layer}") in edges
        assert layer == 1 or (f"lstm{layer - 1}", f"lstm{layer}") in edges


def timed_once(program: Program) -> TimedReport:
    """What one inference takes."""
    ready = prepare(program)
    return timed(replace(ready, host=HostData({}, 1, None)).time().report)


@pytest.mark.parametrize(
    "name", ["digits_mlp", "digits_cnn", pytest.param("inception_v1", marks=pytest.mark.slow), "lstm"]
)
def test_products_and_writes_are_those_that_a_run_counts(name: str) -> None:
    program = open_program(f"zoo:{name}", weights=False)
    one = traffic(program, chip_of(program).memory_words)
    report = timed_once(program)
    assert {node.name: node.macs for node in one.nodes if node.macs} == {
        row.name: row.macs for row in report.layers if row.macs
    }
    assert sum(node.words for node in one.nodes) == report.counts["main_memory.writes"]
    assert sum(node.macs for node in one.nodes) == report.macs


@pytest.mark.parametrize("name", ["digits_mlp", "digits_cnn", "gnmt"])
def test_words_come_from_reads(name: str) -> None:
    """Where layers write whole words, and all over memory, an edge counts each read once."""
    program = open_program(f"zoo:{name}", weights=False)
    words = traffic(program, chip_of(program).memory_words).edges.values()
    assert sum(words) <= timed_once(program).counts["main_memory.reads"]


def mask(*channels: range) -> NDArray[np.bool_]:
    made = np.zeros((len(channels), 64), np.bool_)
    for row, held in zip(made, channels, strict=True):
        row[list(held)] = True
    return made


def test_a_word_belongs_to_all_that_wrote_its_channels() -> None:
    writers = Writers(10)
    writers.write(2, np.arange(4), mask(range(32, 64)))
    writers.write(1, np.arange(4), mask(range(32)))
    assert writers.read(np.arange(5)) == {1: 4, 2: 4}
    writers.write(3, np.arange(2), None)
    assert writers.read(np.arange(5)) == {1: 2, 2: 2, 3: 2}


def test_a_map_that_grows_keeps_what_was_read_of_it() -> None:
    writers = Writers(2)
    for layer in range(4):
        writers.write(layer, np.arange(2), mask(range(16 * layer, 16 * layer + 16)))
        assert writers.read(np.arange(2)) == dict.fromkeys(range(layer + 1), 2)


def test_a_narrower_map_in_the_same_words_is_not_taken_for_the_one_before() -> None:
    writers = Writers(2)
    writers.write(1, np.arange(2), None)
    assert writers.read(np.arange(2)) == {1: 2}
    writers.write(2, np.arange(2), mask(range(16)))
    assert writers.read(np.arange(2)) == {2: 2}


def test_a_map_that_is_begun_anew_is_read_only_by_what_reads_it_since() -> None:
    """What comes after the begin adds its channels, the first ones too, until the word is read again."""
    writers = Writers(2)
    writers.write(1, np.arange(2), None)
    assert writers.read(np.arange(2)) == {1: 2}
    writers.write(2, np.arange(2), mask(range(32)))
    writers.write(3, np.arange(2), mask(range(8)))
    assert writers.read(np.arange(1)) == {2: 1, 3: 1}
    writers.write(4, np.arange(2), mask(range(4)))
    assert writers.read(np.arange(2)) == {4: 2, 2: 1, 3: 1}


def test_the_words_of_a_pixel_have_masks_of_their_own() -> None:
    writers = Writers(6)
    writers.write(7, np.arange(6), mask(range(64), range(8)))
    writers.write(8, np.array([1, 3, 5]), mask(range(8, 64)))
    assert writers.read(np.array([0, 2, 4])) == {7: 3}
    assert writers.read(np.array([1, 3, 5])) == {7: 3, 8: 3}


WRITES = st.lists(
    st.tuples(st.integers(0, 5), st.sets(st.integers(0, 7), min_size=1), st.integers(0, 63), st.integers(1, 64)),
    max_size=12,
)


@given(WRITES)
def test_writers_are_those_of_a_table_of_all_channels(writes: list[tuple[int, set[int], int, int]]) -> None:
    writers, table = Writers(8), np.full((8, 64), -1)
    for layer, words, first, count in writes:
        addresses = np.array(sorted(words))
        channels = mask(range(first, min(64, first + count)))
        writers.write(layer, addresses, channels)
        table[np.ix_(addresses, np.flatnonzero(channels[0]))] = layer
    for word in range(8):
        assert writers.read(np.array([word])) == dict.fromkeys(set(table[word].tolist()) - {-1}, 1)


TWO = """
.program two
.chip acortex_digits
.weights w, 1x1
.row 1
.input x, 64
.output y, 64
group g0, 1, 1
rect g0, 0, 0
program g0, w
start
"""


def source(body: str) -> Program:
    return assemble(TWO.replace(".input x, 64\n.output y, 64\n", "") + body + "halt\n")


@pytest.mark.parametrize(
    ("inputs", "outputs", "edges"),
    [
        ("a", "b", {("a", "b"): 1}),
        ("abc", "d", {("c", "d"): 1}),
        ("a", "bcd", {("a", "b"): 1, ("a", "c"): 1, ("a", "d"): 1}),
        ("abc", "de", {("c", "d"): 1, ("c", "e"): 1}),
    ],
)
def test_words_go_from_the_input_that_brought_them_to_each_output(
    inputs: str, outputs: str, edges: dict[tuple[str, str], int]
) -> None:
    """Each input brings one word to the same place, and each output takes it from there."""
    lines = [
        *(f".input {name}, shape=64" for name in inputs),
        *(f".output {name}, shape=64" for name in outputs),
        *("start", "base d0, 0", "inference"),
        *(f"input {name}, d0" for name in inputs),
        *("signal host_in, t0", "await host_out, t0"),
        *(f"output {name}, d0" for name in outputs),
        *("endinference", "halt"),
    ]
    one = traffic(assemble("\n".join(lines)), 4)
    assert [(node.name, node.kind) for node in one.nodes] == [
        *((name, "input") for name in inputs), *((name, "output") for name in outputs),
    ]  # fmt: skip
    assert named(one) == edges


def test_a_program_that_moves_nothing_has_no_nodes() -> None:
    one = traffic(source(""), 32)
    assert one.nodes == []
    assert one.edges == {}
    assert one.layers == []


def test_a_program_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 20)
    program = open_program("zoo:digits_cnn", weights=False)
    with pytest.raises(AcortexError, match="goes on for more than 20 instructions") as caught:
        traffic(program, 1024)
    assert caught.value.exit_code == 1
    assert caught.value.hint


def test_a_program_may_have_as_many_instructions_as_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    program = source("nop\nnop\n")
    monkeypatch.setattr(module, "MOST_STEPS", len(program.words))
    assert traffic(program, 32).nodes == []
    monkeypatch.setattr(module, "MOST_STEPS", len(program.words) - 1)
    with pytest.raises(AcortexError, match="goes on for more than"):
        traffic(program, 32)


def test_groups_are_those_of_the_program() -> None:
    program = open_program("zoo:inception_v1", weights=False)
    held = found("inception_v1").layer_of_group()
    assert sorted(held) == list(range(len(program.weights)))
    assert len(set(held.values())) == len(held), "each product has a group of its own"


def test_another_chip_gives_the_same_network() -> None:
    machine = machine_of(chip_of(open_program("zoo:gnmt", weights=False)))
    program = zoo.load("digits_cnn", machine, False)
    assert named(traffic(program, 1 << 15)).keys() == named(found("digits_cnn")).keys()


def test_edges_are_whole_numbers_of_words() -> None:
    assert all(isinstance(words, int | np.integer) and words > 0 for words in found("digits_cnn").edges.values())


def test_a_group_that_several_layers_use_is_that_of_the_first() -> None:
    nodes = [Node("a", "layer", groups=(0, 1)), Node("b", "layer", groups=(1, 2)), Node("c", "output")]
    assert Traffic(nodes, {}).layer_of_group() == {0: "a", 1: "a", 2: "b"}
