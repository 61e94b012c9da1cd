"""Values are those of the timed chip: words meet in the order of the program, and none is written before it exists."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acortex.isa import assemble
from acortex.isa.table import MNEMONICS
from acortex.sim.arrivals import ArrivalError, check_memory, check_stream
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional import executor
from acortex.sim.functional.happens_before import OrderError, ProgramOrder
from acortex.sim.run import Result, run

CHIP = ("memory.capacity_kb=64", "buffer.words=64")
SLOW = ("neurons.cycles_per_step=8", "vector.step_cycles=5")


def pooled(height: int, width: int, window: str, border: str, maker: str, fused: bool = True) -> str:
    """A pool, and behind it somebody who awaits a token of `maker` and must not begin while the pool takes words.

    `fused`: what is pooled comes through the arrays, and the read agent gives a copy of the image to the vector agent
    behind it. Else it comes from memory, and the host overwrites the image.
    """
    pixels = height * width
    rows, columns = (int(n) for n in border.split(",")[:2])
    ones = "\n".join(".row " + ", ".join(str(int(i == j)) for j in range(64)) for i in range(64))
    feed = f"read d0\nfeed {pixels}, 1\nmultiply g0, {pixels}\nconvert q0, {pixels}, to=vector"
    copy = f"await read, t2\nread d0, to=vector\nrequant q0, {pixels}\nwrite d3, source=vector\nsignal write, t4\n"
    copy += "await host_out, t4\noutput y, d3"
    return f"""
        .program early
        .chip acortex_digits
        .input x, shape=64x{height}x{width}
        .input z, shape=64x{height}x{width}
        .output p, shape=64x{rows}x{columns}
        {f".output y, shape=64x{height}x{width}" if fused else ""}
        .weights w, 64x64
        {ones}
        group g0, 64, 64
        rect g0, 0, 0
        program g0, w
        quant q0, 1, 0, activation=relu
        start
        connect g0
        base d0, 0
        dim d0, 0, {pixels}
        base d1, 0
        dim d1, 1, {width}
        dim d1, 2, {height}, stride={width}
        base d2, {pixels}
        dim d2, 0, {rows * columns}
        base d3, {pixels + rows * columns}
        dim d3, 0, {pixels}
        window w0, {window}
        border w0, {border}
        inference
        input x, d0
        signal host_in, t0
        await read, t0
        {feed if fused else "read d0, to=vector"}
        pool d1, w0, q0
        write d2, source=vector
        signal write, t1
        await host_out, t1
        output p, d2
        signal {maker}, t2
        {copy if fused else "await host_in, t2"}
        {"" if fused else "input z, d0"}
        endinference
        halt
    """


def images(height: int, width: int) -> dict[str, np.ndarray[Any, Any]]:
    chance = np.random.default_rng(height * 100 + width)
    return {name: chance.integers(0, 16, (1, 64, height, width)).astype(np.uint8) for name in ("x", "z")}


def checked(source: str, height: int, width: int, settings: tuple[str, ...] = SLOW) -> Result:
    chip = load_chip("acortex_digits", [*CHIP, *settings])
    return run(assemble(source, file="early.s"), chip, inputs=images(height, width), check_order=True)


sizes = st.integers(1, 7)


@given(sizes, sizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.data())
def test_a_write_says_that_a_pool_has_ended_only_if_its_windows_reach_the_last_pixel(
    height: int, width: int, kernel: int, stride: int, before: int, fused: bool, data: st.DataObject
) -> None:
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    before = min(before, kernel) - 1
    ends = [(count - 1) * stride - before + kernel - 1 for count in (rows, columns)]
    reaches = ends[0] >= height - 1 and ends[1] >= width - 1
    assume(kernel * width <= 64)
    window = f"{kernel}, {kernel}, {width}, stride_y={stride}, stride_x={stride}"
    border = f"{rows}, {columns}, top={before}, left={before}"
    source = pooled(height, width, window, border, "write", fused)
    if reaches:
        checked(source, height, width)
    else:
        with pytest.raises(OrderError):
            checked(source, height, width)
    checked(pooled(height, width, window, border, "vector", fused), height, width)


@pytest.fixture
def fooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order check that takes whoever gave an item for ended, as if no pool left anything unread."""
    monkeypatch.setattr(executor, "needed", lambda runs, unneeded: runs)


@pytest.mark.usefixtures("fooled")
def test_words_of_two_agents_that_meet_in_another_order_are_found() -> None:
    source = pooled(3, 3, "2, 2, 3, stride_y=2, stride_x=2", "1, 1", "write")
    line = next(number for number, text in enumerate(source.splitlines(), start=1) if text.startswith("convert"))
    with pytest.raises(ArrivalError) as caught:
        checked(source, 3, 3)
    assert str(caught.value) == (
        f"early.s:{line}: word 6 of the vector agent's stream came from read, and convert gives it in the order of the"
        " program\n  hint: the order check took this program for ordered: a fault of the simulator; please report it"
        " with the program"
    )


@pytest.mark.usefixtures("fooled")
def test_a_word_that_is_overwritten_before_it_was_read_is_found() -> None:
    source = pooled(3, 3, "2, 2, 3, stride_y=2, stride_x=2", "1, 1", "write", fused=False)
    with pytest.raises(ArrivalError, match=r"input had word 6 of main memory in cycle \d+, before an access"):
        checked(source, 3, 3, ("vector.queue_words=1", "vector.step_cycles=40"))


class _At:
    """An instruction of an agent on some words, as far as the check looks."""

    def __init__(self, agent: str, mnemonic: str) -> None:
        self.agent, self.pc, self.window = agent, 0, None
        self.row = MNEMONICS[mnemonic]
        self.ops = SimpleNamespace(**{operand.name: operand.default or 0 for operand in self.row.operands})


def test_a_late_write_of_a_word_says_nothing_of_early_accesses_of_the_next() -> None:
    program = assemble(".program p\n.chip acortex_digits\nstart\nhalt\n", file="p.s")
    order, accesses = ProgramOrder(), []
    for agent, mnemonic, word, cycle in (("host_in", "input", 0, 90), ("read", "read", 1, 0), ("write", "write", 2, 1)):
        at: Any = _At(agent, mnemonic)
        at.stream = SimpleNamespace(addresses=lambda word=word: np.array([word]), size=1, extents=(1, 1, 1, 1))
        order.access(agent)
        accesses.append((at, np.array([cycle], dtype=np.int64)))
    check_memory(program, order, accesses, 5)


@given(st.data())
def test_the_check_of_memory_agrees_with_a_look_at_every_pair(data: st.DataObject) -> None:
    """Random accesses at random times, in an order that is legal or not; the check against every pair of accesses."""
    program = assemble(".program p\n.chip acortex_digits\nstart\nhalt\n", file="p.s")
    kinds = [("read", "read"), ("write", "write"), ("host_in", "input"), ("host_out", "output")]
    records, order = [], ProgramOrder()
    clock = {agent: 0 for agent, _ in kinds}
    flat = []
    for place in range(data.draw(st.integers(1, 6))):
        agent, mnemonic = data.draw(st.sampled_from(kinds))
        words = data.draw(st.lists(st.integers(0, 3), min_size=0, max_size=4))
        cycles = []
        for word in words:
            clock[agent] += 2 + data.draw(st.integers(0, 9))
            cycles.append(clock[agent])
            flat.append((place, word, clock[agent], mnemonic in ("write", "input")))
        order.access(agent)
        records.append((agent, mnemonic, words, cycles))
    wrong = any(
        first[0] < second[0] and first[1] == second[1] and (first[3] or second[3]) and second[2] < first[2] + 2
        for first, second in product(flat, flat)
    )
    records.sort(key=lambda record: record[0])  # by agent, as the chip gives them
    accesses = []
    for agent, mnemonic, words, cycles in records:
        at: Any = _At(agent, mnemonic)
        visited = np.array(words, dtype=np.int64)
        at.stream = SimpleNamespace(addresses=lambda visited=visited: visited, size=len(words), extents=(1, 1, 1, 1))
        accesses.append((at, np.array(cycles, dtype=np.int64)))
    if wrong:
        with pytest.raises(ArrivalError):
            check_memory(program, order, accesses, 2)  # type: ignore[arg-type]  # as much of them as is looked at
    else:
        check_memory(program, order, accesses, 2)  # type: ignore[arg-type]


def test_the_check_of_the_stream_reads_as_far_as_a_run_came() -> None:
    program = assemble(".program p\n.chip acortex_digits\nstart\nhalt\n", file="p.s")
    order = ProgramOrder()
    order.give(_At("neurons", "convert"), 2)  # type: ignore[arg-type]
    order.give(_At("read", "read"), 1)  # type: ignore[arg-type]
    for upto in range(4):
        check_stream(program, order, [True, True, False][:upto])
    with pytest.raises(ArrivalError, match="word 1 of the vector agent's stream came from read, and convert gives it"):
        check_stream(program, order, [True, False, True])


# No word before its data ---------------------------------------------------------------------------------------------


@given(sizes, sizes, st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.data())
def test_no_pooled_word_is_written_before_the_last_pixel_under_its_window_is_done(
    height: int, width: int, kernel: int, stride: int, depth: int, data: st.DataObject
) -> None:
    rows, columns = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    top, left = data.draw(st.integers(0, kernel - 1)), data.draw(st.integers(0, kernel - 1))
    assume(kernel * width * depth <= 64)
    words, out = height * width * depth, rows * columns * depth
    source = f"""
        .program pool
        .chip acortex_digits
        .input x, shape={64 * words}
        .output y, shape={64 * out}
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        dim d0, 0, {words}
        base d1, 0
        dim d1, 0, {depth}
        dim d1, 1, {width}
        dim d1, 2, {height}
        base d2, {words}
        dim d2, 0, {out}
        window w0, {kernel}, {kernel}, {width}, stride_y={stride}, stride_x={stride}
        border w0, {rows}, {columns}, top={top}, left={left}
        inference
        input x, d0
        signal host_in, t0
        await read, t0
        read d0, to=vector
        pool d1, w0, q0
        write d2, source=vector
        signal write, t1
        await host_out, t1
        output y, d2
        endinference
        halt
    """
    steps, writes = steps_and_writes(source, data.draw(st.sampled_from((1, 2, 5))))
    arrives = np.argsort([-takes for takes in taking(len(steps), words, height, width, depth, kernel, stride, top, left,
                                                     rows, columns)], kind="stable")[:words]  # fmt: skip
    ends = [steps[int(at)][1] for at in arrives]
    for number, (row, column, word) in enumerate(product(range(rows), range(columns), range(depth))):
        y = min(max(row * stride - top + kernel - 1, 0), height - 1)
        x = min(max(column * stride - left + kernel - 1, 0), width - 1)
        assert writes[number] >= ends[(y * width + x) * depth + word]


def steps_and_writes(source: str, step_cycles: int) -> tuple[list[tuple[int, int]], list[int]]:
    """The steps of the vector agent, first and past the last cycle, and when each word of results was granted."""
    steps: list[tuple[int, int]] = []
    writes: list[int] = []

    class Watch:
        def emit(self, start: int, duration: int, unit: int, kind: int, *_: int) -> None:
            if unit == paths.index("vector"):
                steps.append((start, start + duration))
            elif unit == paths.index("main_memory/write"):
                writes.append(start)

        def wait(self, *_: int) -> None:
            pass

    from acortex.sim.timing.wiring import unit_paths

    chip = load_chip("acortex_digits", [*CHIP, f"vector.step_cycles={step_cycles}"])
    paths = unit_paths(chip)
    program = assemble(source, file="pool.s")
    codes = np.zeros((1, program.inputs[0].size), dtype=np.uint8)
    run(program, chip, inputs=codes, observers=[Watch()])
    return steps, writes


def taking(
    steps: int, words: int, height: int, width: int, depth: int, kernel: int, stride: int, top: int, left: int,
    rows: int, columns: int,
) -> list[bool]:  # fmt: skip
    """Which steps of a pool take a word: each word's, before those that only give what is ready by then."""
    ready = [0] * words
    latest = 0
    for row, column, word in product(range(rows), range(columns), range(depth)):
        y = min(max(row * stride - top + kernel - 1, 0), height - 1)
        x = min(max(column * stride - left + kernel - 1, 0), width - 1)
        latest = max(latest, (y * width + x) * depth + word)
        ready[latest] += 1
    takes = [taken for count in ready for taken in (True, *[False] * (count - 1))]
    assert len(takes) == steps
    return takes


def test_a_column_that_is_converted_later_is_not_written_before(watch: Callable[..., Any]) -> None:
    """Tile columns 0 and 1 share a home, and take turns; column 2 is converted in the first, and leaves after 1."""
    ones = "\n".join(".row " + ", ".join(["1"] * 192) for _ in range(64))
    seen = watch(
        f"""
        .program turns
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=192
        .weights w, 64x192
        {ones}
        group g0, 64, 192
        rect g0, 0, 0
        rect g0, 0, 1
        rect g0, 1, 0
        program g0, w
        quant q0, 1, 6, activation=relu
        start
        connect g0
        base d0, 0
        base d1, 1
        dim d1, 0, 3
        inference
        input x, d0
        signal host_in, t0
        await read, t0
        read d0
        feed 1, 1
        multiply g0, 1
        convert q0, 1
        write d1
        signal write, t1
        await host_out, t1
        output y, d1
        endinference
        halt
        """,
        np.ones((1, 64), dtype=np.uint8),
        ("arrays.n=4", "neurons.adcs_per_column=1"),
    )
    turns = seen.events["neurons", "neurons.convert"]
    writes = seen.starts("main_memory/write", "memory.write")
    assert len(turns) == 2
    assert [start >= turns[turn][1] for start, turn in zip(writes, (0, 1, 1), strict=True)] == [True] * 3


# What a window covers ------------------------------------------------------------------------------------------------


def test_each_row_of_windows_has_the_words_that_came_for_it() -> None:
    """Windows of two rows over an image of three: the row between comes twice, and here not with the same codes."""
    ones = "\n".join(".row " + ", ".join(str(int(i % 64 == j)) for j in range(64)) for i in range(128))
    result = run(
        assemble(
            f"""
            .program rows
            .chip acortex_digits
            .input x, shape=256
            .output y, shape=128
            .weights w, 128x64
            {ones}
            group g0, 128, 64
            rect g0, 0, 0, height=2
            program g0, w
            quant q0, 1, 0, activation=relu
            start
            connect g0
            base d0, 0
            dim d0, 0, 4
            base d1, 0
            dim d1, 2, 3
            base d2, 4
            dim d2, 0, 2
            window w0, 2, 1, 1
            border w0, 2, 1
            inference
            input x, d0
            signal host_in, t0
            await read, t0
            read d0
            slide d1, w0
            multiply g0, 2
            convert q0, 2
            write d2
            signal write, t1
            await host_out, t1
            output y, d2
            endinference
            halt
            """
        ),
        inputs=np.repeat(np.arange(1, 5, dtype=np.uint8), 64)[None],
    )
    assert result.outputs["y"].reshape(2, 64)[:, 0].tolist() == [1 + 2, 3 + 4]


@pytest.mark.parametrize("work", ["pool d0, w0, q0", "pool d0, w0, q0, mode=average", "pool d0, w0, q0, inside=yes"])
def test_a_pool_far_around_its_image_takes_memory_for_its_results_alone(work: str) -> None:
    """256 x 256 windows that hop by 32: the image with all that they cover around it had 2^32 codes."""
    source = f"""
        .program hops
        .chip acortex_digits
        .input x, shape=64
        .output y, shape=64
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        base d1, 1
        dim d1, 0, 65536, stride=0
        base d2, 1
        window w0, 1, 1, 1, stride_y=32, stride_x=32
        border w0, 256, 256, value=7
        inference
        input x, d0
        signal host_in, t0
        await read, t0
        read d0, to=vector
        {work}
        write d1, source=vector
        signal write, t1
        await host_out, t1
        output y, d2
        endinference
        halt
    """
    program, codes = assemble(source), np.full((1, 64), 9, dtype=np.uint8)
    tracemalloc.start()
    result = run(program, inputs=codes, timing=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.outputs["y"].tolist() == [[0 if "inside" in work else 7] * 64]
    assert peak < 1 << 28
