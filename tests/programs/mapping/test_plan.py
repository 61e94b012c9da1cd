"""The steps of the compiler one by one: fusion, memory, tokens, text, and what each refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.machine import Machine
from acortex.programs.compiler import TooLong, compile_graph, plan_graph, smallest_chip
from acortex.programs.graph import (
    Add,
    Code,
    Coding,
    Geometry,
    LayerGraph,
    Map,
    Pool,
    Port,
    Product,
    Recurrent,
    Requant,
    Target,
    View,
)
from acortex.programs.mapping import memory_plan
from acortex.programs.mapping.memory_plan import WORD_BYTES, MapLifetime, MemoryFull, MemoryPlan, kilobytes
from acortex.programs.mapping.placement import PlacementError
from acortex.programs.mapping.plan import Plan
from acortex.programs.mapping.recurrent import UnsupportedCell
from acortex.programs.mapping.to_passes import UnsupportedLayer
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CODING = Coding(1.0, 0, 4)
RELU = Code(3, 7, activation="relu")
SIDE = 8


@pytest.fixture(scope="module")
def machine() -> Machine:
    """The largest of the published chips."""
    return machine_of(load_chip("acortex_gnmt"))


class Net:
    """A network of maps of one size, layer by layer."""

    def __init__(self, channels: int = 64) -> None:
        self.maps: dict[str, Map] = {}
        self.layers: list[Any] = []
        self.channels = channels
        self.map("x")

    def map(self, name: str, side: int = SIDE) -> None:
        self.maps[name] = Map(name, side, side, self.channels, CODING)

    def conv(self, name: str, source: str, kernel: int = 3) -> Net:
        self.map(name)
        weights = np.ones((kernel, kernel, self.channels, self.channels), dtype=np.int8)
        pad = kernel // 2
        g = Geometry(kernel, kernel, top=pad, left=pad, rows=SIDE, columns=SIDE)
        self.layers.append(Product(name, "Conv", Target(name), View(source), weights, g, RELU))
        return self

    def add(self, name: str, a: str, b: str) -> Net:
        self.map(name)
        code = Code(1, 1, activation="relu")
        self.layers.append(Add(name, "Add", Target(name), View(a), View(b), 0, 0, 1, 1, code))
        return self

    def pool(self, name: str, source: str) -> Net:
        self.map(name, SIDE // 2)
        g = Geometry(2, 2, 2, 2, rows=SIDE // 2, columns=SIDE // 2)
        self.layers.append(Pool(name, "MaxPool", Target(name), View(source), g, "max", RELU))
        return self

    def graph(self, *outputs: str) -> LayerGraph:
        ports = [
            Port(n, n, (m.height, m.width, m.channels), ((m.height, m.width, m.channels),), (0, 1, 2), "codes")
            for n, m in self.maps.items()
        ]
        shown = tuple(port for port in ports if port.name in outputs)
        return LayerGraph("net", self.maps, tuple(self.layers), (ports[0],), shown)


def names(plan: Plan) -> list[tuple[str, ...]]:
    """The layers of every pass."""
    return [tuple(layer.name for layer in step.layers) for step in plan.passes]


# Fusion ---------------------------------------------------------------------------------------------------------------


def test_a_sum_joins_the_later_of_its_two_products(machine: Machine) -> None:
    graph = Net().conv("a", "x").conv("b", "x").add("y", "a", "b").graph("y")
    assert names(plan_graph(graph, machine)) == [("a",), ("b", "y")]


def test_a_map_that_others_need_too_is_written_before_it_is_added(machine: Machine) -> None:
    graph = Net().conv("a", "x").conv("b", "a").add("y", "a", "x").add("z", "y", "b").graph("z")
    assert names(plan_graph(graph, machine)) == [("a",), ("y",), ("b", "z")]
    shown = Net().conv("a", "x").add("y", "a", "x").graph("a", "y")
    assert names(plan_graph(shown, machine)) == [("a",), ("y",)]


def test_a_pool_joins_its_product_where_the_chip_holds_the_rows(machine: Machine) -> None:
    graph = Net().conv("a", "x").pool("y", "a").graph("y")
    assert names(plan_graph(graph, machine)) == [("a", "y")]
    assert names(plan_graph(graph, replace(machine, line_words=2 * SIDE))) == [("a", "y")]
    with pytest.raises(UnsupportedLayer, match=r"y pools over 16 pixels at once, and acortex_gnmt holds 15 words"):
        plan_graph(graph, replace(machine, line_words=2 * SIDE - 1))


def test_a_pool_of_many_words_is_done_in_parts(machine: Machine) -> None:
    graph = Net(256).pool("y", "x").graph("y")
    plan = plan_graph(graph, replace(machine, line_words=2 * SIDE * 3))
    assert [(step.source.word, step.source.words) for step in plan.passes] == [(0, 3), (3, 1)]


# Memory ---------------------------------------------------------------------------------------------------------------


def chain(length: int) -> LayerGraph:
    """Convolutions one after the other."""
    net = Net()
    for number in range(length):
        net.conv(f"m{number}", f"m{number - 1}" if number else "x")
    return net.graph(f"m{length - 1}")


def test_maps_that_live_at_once_lie_apart_and_others_share(machine: Machine) -> None:
    memory = plan_graph(chain(9), machine).memory
    for one in memory.spans:
        for other in memory.spans:
            if one.name < other.name and one.first <= other.last and other.first <= one.last:
                a, b = memory.address[one.name], memory.address[other.name]
                assert a + one.words <= b or b + other.words <= a
    own, words = 2 * 2, SIDE**2
    assert memory.peak == (own + 2) * words  # two places for the input and the output, and two maps between them


def test_a_second_place_for_inputs_and_outputs_is_given_up_where_memory_is_short(machine: Machine) -> None:
    words = SIDE**2
    assert set(plan_graph(chain(9), replace(machine, memory_words=6 * words)).memory.rings.values()) == {2}
    assert set(plan_graph(chain(9), replace(machine, memory_words=6 * words - 1)).memory.rings.values()) == {1}


def test_inputs_lend_their_words_where_memory_is_short(machine: Machine) -> None:
    words = SIDE**2
    kept, lent = (plan_graph(chain(9), replace(machine, memory_words=size)) for size in (4 * words, 4 * words - 1))
    assert (kept.memory.lent, kept.memory.peak, set(kept.memory.rings)) == (False, 4 * words, {"x", "m8"})
    assert (lent.memory.lent, lent.memory.peak, set(lent.memory.rings)) == (True, 3 * words, {"m8"})
    assert lent.memory.address["x"] in {lent.memory.address[f"m{number}"] for number in range(1, 8)}
    assert [token.says for token in lent.schedule.free] == ["a turn has ended: the words of its inputs are free"]
    assert lent.schedule.free[0] in lent.schedule.after[-1]
    assert lent.schedule.free[0] not in [token for after in lent.schedule.after[:-1] for token in after]


def test_an_input_that_is_read_late_has_its_words_from_the_beginning(machine: Machine) -> None:
    """The host writes all inputs before the first pass, so that nothing may lie there before its last reader."""
    net = Net()
    net.map("late")
    for number in range(5):
        net.conv(f"m{number}", f"m{number - 1}" if number else "x")
    net.add("y", "m4", "late")
    graph = replace(net.graph("y"), inputs=net.graph("x", "late").outputs)
    least = plan_graph(graph, machine).memory.least
    memory = plan_graph(graph, replace(machine, memory_words=least)).memory
    spans = {one.name: one for one in memory.spans}
    assert memory.lent and spans["x"].first == spans["late"].first == 0 and spans["late"].last > spans["m3"].last - 1
    begin = memory.address["late"]
    for name, one in spans.items():
        if name != "late" and one.first <= spans["late"].last:
            assert not begin - one.words < memory.address[name] < begin + SIDE**2, name


def test_what_does_not_fit_memory_is_told_what_would_hold_it(machine: Machine) -> None:
    with pytest.raises(MemoryFull) as caught:
        plan_graph(chain(9), replace(machine, memory_words=191))
    assert str(caught.value) == (
        "the network's maps take 192 words of main memory at once, and acortex_gnmt has 191: x takes 64, m0 takes 64,"
        " m1 takes 64\n  hint: take a chip with memory.capacity_kb=6"
    )
    assert smallest_chip(chain(9), machine)["memory_kb"] == 6


def test_the_three_largest_maps_are_told_largest_first() -> None:
    spans = tuple(MapLifetime(name, words, 0, 1) for name, words in (("a", 5), ("b", 90), ("c", 7), ("d", 60)))
    plan = MemoryPlan({}, {}, 0, 0, spans)
    assert memory_plan._busiest(plan, {"x": 80}) == "b takes 90, x takes 80, d takes 60"
    assert memory_plan._busiest(plan, {"a": 6, "c": 100}) == "c takes 100, b takes 90, d takes 60"


def test_constants_keep_all_of_their_words_behind_those_of_inputs() -> None:
    sizes = {"x": 3, "c": 10, "d": 4}
    layouts: dict[str, Any] = {name: SimpleNamespace(size=size, words=2) for name, size in sizes.items()}
    found = memory_plan._plan([], layouts, ("x",), ("c", "d"), 2)
    assert (found.address, found.rings, found.peak) == ({"x": 0, "c": 6, "d": 16}, {"x": 2}, 20)


@pytest.mark.parametrize(("words", "kb"), [(0, 0), (1, 1), (32, 1), (33, 2), (191, 6), (192, 6), (193, 7)])
def test_words_of_32_bytes_take_whole_kilobytes(words: int, kb: int) -> None:
    assert kilobytes(words) == kb


# Tokens ---------------------------------------------------------------------------------------------------------------


def test_what_reads_awaits_what_it_reads_once(machine: Machine) -> None:
    graph = Net().conv("a", "x").conv("b", "a").conv("c", "a").add("y", "b", "c").graph("y")
    plan = plan_graph(graph, machine)
    assert names(plan) == [("a",), ("b",), ("c", "y")]
    waits = [[(token.maker, token.taker) for token in tokens] for tokens in plan.schedule.before]
    assert waits == [
        [("host_in", "read")],
        [("write", "read")],
        [("write", "operand"), ("host_out", "write")],
    ]


def test_every_token_made_in_a_turn_is_taken_in_it(machine: Machine) -> None:
    for graph in (chain(3), Net().conv("a", "x").add("y", "a", "x").graph("y")):
        order = plan_graph(graph, machine).schedule
        made = sorted(token.number for tokens in (*order.after, order.loaded, order.taken) for token in tokens)
        taken = sorted(token.number for tokens in (*order.before, order.free, order.shown) for token in tokens)
        assert made == taken


def stream_tokens(plan: Plan) -> list[tuple[str, int, int]]:
    """What the read agent awaits of the neurons: its pass, how many tokens, and how many its signals are ahead."""
    order = plan.schedule
    made = [sum(token.maker == "neurons" for token in tokens) for tokens in order.after]
    taken = [sum(token.maker == "neurons" for token in tokens) for tokens in order.before]
    ahead = sum(count for token, count in order.credits if token.maker == "neurons")
    return [
        (step.name, count, ahead + sum(made[:index]) - sum(taken[:index]))
        for index, (step, count) in enumerate(zip(plan.passes, taken, strict=True))
        if count
    ]


def test_what_is_read_into_the_vector_agent_awaits_what_was_converted_into_it(machine: Machine) -> None:
    graph = (
        Net().conv("a", "x").conv("b", "a").add("c", "b", "x").conv("d", "a").add("y", "a", "x").graph("c", "d", "y")
    )
    plan = plan_graph(graph, machine)
    assert [(step.name, step.gives_vector) for step in plan.passes] == [
        ("a", ()), ("b", ("neurons",)), ("d", ()), ("y", ("read",)),
    ]  # fmt: skip
    assert stream_tokens(plan) == [("y", 1, 1)]
    assert run(compile_graph(graph, machine).program).cycles > 0


def test_a_turn_awaits_what_the_turn_before_it_converted_into_the_vector_agent(machine: Machine) -> None:
    graph = Net().add("a", "x", "x").conv("b", "a").add("y", "b", "a").graph("y")
    plan = plan_graph(graph, machine)
    assert [step.gives_vector for step in plan.passes] == [("read",), ("neurons",)]
    assert stream_tokens(plan) == [("a", 1, 1)]
    assert run(compile_graph(graph, machine).program, inputs=np.zeros((3, SIDE, SIDE, 64))).cycles > 0


@pytest.mark.parametrize(("top", "tokens"), [(1, []), (3, [("b", "read", "neurons")])])
def test_a_window_that_begins_outside_its_image_awaits_the_stream_before_it(
    machine: Machine, top: int, tokens: list[tuple[str, str, str]]
) -> None:
    net = Net().add("a", "x", "x").conv("b", "x")
    geometry = replace(net.layers[-1].geometry, top=top)
    net.layers[-1] = replace(net.layers[-1], geometry=geometry)
    graph = net.add("y", "b", "x").graph("a", "y")
    plan = plan_graph(graph, machine)
    assert [step.gives_vector for step in plan.passes] == [("read",), ("neurons",)]
    found = [
        (step.name, token.maker, token.taker)
        for step, tokens in zip(plan.passes, plan.schedule.before, strict=True)
        for token in tokens
        if token.taker == "neurons"
    ]
    assert found == tokens
    assert run(compile_graph(graph, machine).program).cycles > 0


def test_a_write_that_is_awaited_tells_of_the_stream_before_it_too(machine: Machine) -> None:
    graph = Net().conv("a", "x").add("b", "a", "x").add("y", "b", "x").conv("z", "y").graph("z")
    plan = plan_graph(graph, machine)
    assert [step.gives_vector for step in plan.passes] == [("neurons",), ("read",), ()]
    assert stream_tokens(plan) == []


# Text and limits ------------------------------------------------------------------------------------------------------


def test_the_text_reads_like_a_hand_written_program(machine: Machine) -> None:
    text = compile_graph(Net().conv("a", "x").graph("a"), machine).text
    body = text[text.index("        layer   a") :].splitlines()
    assert body[:17] == [
        "        layer   a",
        "        base    d0, AT_x, by=l0, stride=64, ring=2",
        "        dim     d0, 1, 8",
        "        dim     d0, 2, 8, stride=8",
        "        window  w0, 3, 3, 8",
        "        border  w0, 8, 8, top=1, left=1",
        "        await   read, t0",
        "        fetch   d0, w0",
        "        slide   d0, w0",
        "        multiply g0, 64",
        "        quant   q0, 3, 7, activation=relu",
        "        convert q0, 64",
        "        base    d2, AT_a, by=l0, stride=64, ring=2",
        "        dim     d2, 0, 64",
        "        await   write, t2",
        "        write   d2",
        "        signal  write, t1",
    ]
    assert ";   0-127            all        x, 2 places" in text
    assert ";   t0       host_in    read       the inputs are in memory" in text


def test_any_name_may_stand_in_a_text(machine: Machine) -> None:
    names = ['say "a"', "say _a_", "back\\slash", "two\nlines", "x" * 300, "x" * 299, "", "Änderung/ü"]
    net = Net()
    for before, name in zip(["x", *names], names, strict=False):
        net.conv(name, before)
    program = compile_graph(net.graph(names[-1]), machine).program
    assert len(set(program.layers)) == len(names)
    assert program.layers[-1] == names[-1]


def test_a_program_too_long_for_the_instruction_memory_is_refused(machine: Machine) -> None:
    with pytest.raises(TooLong, match=r"the program has \d+ instructions, and acortex_gnmt holds 30") as caught:
        compile_graph(chain(3), replace(machine, instruction_words=30))
    assert caught.value.hint.startswith("take a chip with instruction_memory.words=")


def test_a_window_larger_than_the_buffer_is_refused(machine: Machine) -> None:
    with pytest.raises(UnsupportedLayer) as caught:
        plan_graph(Net().conv("a", "x", 5).graph("a"), replace(machine, buffer_words=24))
    assert str(caught.value) == (
        "a window of a takes 25 words, and the buffer of acortex_gnmt holds 24\n"
        "  hint: take a chip with buffer.words=25"
    )


def test_all_that_a_chip_lacks_is_told_at_once_and_the_hints_together_mend_it(machine: Machine) -> None:
    """One error for each setting, of the layer that needs most; where all hints are followed the network compiles."""
    graph = Net(64).conv("a", "x", 3).conv("b", "a", 5).conv("c", "b", 3).graph("c")
    small = replace(machine, buffer_words=8, memory_words=8, m_top=1, m_bottom=1, columns=2)
    with pytest.raises(ManyErrors) as caught:
        plan_graph(graph, small)
    errors = caught.value.errors
    assert [type(error) for error in errors] == [UnsupportedLayer, PlacementError, MemoryFull]
    assert str(errors[0]) == (
        "a window of b takes 25 words, and the buffer of acortex_gnmt holds 8\n  hint: take a chip with"
        " buffer.words=25\n  and 2 more like it, the first at layer a, the last at layer c"
    )
    said = {name: int(value) for error in errors for name, value in re.findall(r"([a-z_.]+)=(\d+)", error.hint)}
    mended = replace(
        small,
        buffer_words=said["buffer.words"],
        memory_words=said["memory.capacity_kb"] * 1024 // WORD_BYTES,
        m_top=said["arrays.m_top"],
        m_bottom=said["arrays.m_bottom"],
        columns=2 * said["arrays.n"],
    )
    assert plan_graph(graph, mended).passes


def test_more_words_a_position_than_the_neurons_hold_are_refused(machine: Machine) -> None:
    with pytest.raises(UnsupportedLayer, match="a position of a gives 2 words, and acortex_gnmt has room for 1"):
        plan_graph(Net(128).conv("a", "x").graph("a"), replace(machine, output_words=1))


def test_an_offset_for_the_vector_agent_is_refused(machine: Machine) -> None:
    net = Net()
    net.map("y")
    net.layers.append(Requant("y", "Relu", Target("y"), View("x"), 0, replace(RELU, offset=3)))
    with pytest.raises(UnsupportedLayer, match="y adds an offset, which the vector agent cannot"):
        plan_graph(net.graph("y"), machine)


def cells(machine: Machine, start: NDArray[np.int16], shifts: tuple[int, int] = (7, 7)) -> Plan:
    """An LSTM layer from a state, its gates i and f with different shifts."""
    hidden, steps = len(start), 2
    maps = {name: Map(name, 1, steps, hidden, CODING) for name in ("x", "y")}
    gates = tuple(Code(1 << 16, shift, activation="sigmoid") for shift in (*shifts, 7))
    codes = (*gates, Code(1, 7, 0, 8, activation="tanh"))
    weights = np.ones((2 * hidden, 4 * hidden), dtype=np.int8)
    h = np.full(hidden, 8, dtype=np.uint8)
    layer = Recurrent("y", "LSTM", Target("y"), "lstm", View("x"), hidden, weights, codes, Code(7, 18, 0, 8), h, start)
    ports = tuple(Port(n, n, (steps, hidden), ((steps, hidden),), (0, 1), "codes") for n in maps)
    return plan_graph(LayerGraph("cells", maps, (layer,), ports[:1], ports[1:]), machine)


def test_recurrent_layers_that_the_chip_cannot_do_are_refused(machine: Machine) -> None:
    nothing = np.zeros(64, dtype=np.int16)
    with pytest.raises(UnsupportedCell, match="y begins with states that are no multiples of one number from -8 to 7"):
        cells(machine, np.arange(64, dtype=np.int16))
    with pytest.raises(UnsupportedCell, match="the gates of y have scales too far apart"):
        cells(machine, nothing, (7, 9))
    with pytest.raises(AcortexError, match="keep 1 words of states, and acortex_gnmt holds 0"):
        cells(replace(machine, state_words=0), nothing)
