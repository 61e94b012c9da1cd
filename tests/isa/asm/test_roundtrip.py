"""Random legal programs: text and container give back the program that went in."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.isa.arithmetic.tensors import MAX_SCALE, MIN_SCALE
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.disassembler import disassemble, listing
from acortex.isa.codec import decode, encode
from acortex.isa.container import dumps, loads, sha256
from acortex.isa.data import pack_weights, unpack_weights
from acortex.isa.operands import ACTIVATIONS, NO_LOOP
from acortex.isa.program import Constants, HostPart, HostResult, Line, Memory, Program, Tensor, Weights
from acortex.isa.table import MNEMONICS, ROWS, InstructionRow

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,8}", fullmatch=True) | st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters='"\\'), min_size=1, max_size=8
)
OFFSETS, MULTIPLIERS = st.integers(-(1 << 31), 1 << 31), st.integers(1, 1 << 16)
LAGS = NO_LOOP - 1
"""The loop register that lags behind others; loops have begun all others."""
BODY = [row for row in ROWS if row.mnemonic not in ("start", "halt", "next", "loop")]


@st.composite
def operands(draw: st.DrawFn, row: InstructionRow, tables: dict[str, int]) -> dict[str, int]:
    """Legal values for an instruction below loops of all registers."""
    values = {}
    for operand in row.operands:
        kind = operand.kind
        high = tables.get(kind.table, 1) - 1 if kind.table else kind.high
        edges = [operand.default] if operand.default is not None else []
        values[operand.name] = draw(st.sampled_from([*edges, kind.low, high]) | st.integers(kind.low, high))
    if row.mnemonic == "quant":
        values["low"], values["zero"], values["high"] = sorted((values["low"], values["zero"], values["high"]))
        if values["low"] == values["zero"]:
            values["activation"] = ACTIVATIONS.index("relu")
    if row.mnemonic == "lag":
        values |= {"register": LAGS, "of": values["of"] % LAGS, "until": 0}
    if row.mnemonic == "convert" and (not values["every"] or values["then"] == values["quantiser"]):
        values["then"] = values["every"] = 0
    return values


def tensors_called(name: str) -> st.SearchStrategy[Tensor]:
    """Tensors of every coding and layout."""
    shapes = st.sampled_from([((4,), (2, 2), (1, 2, 2)), ((784,),), ((3, 4, 5),)])
    plain = st.builds(Tensor, st.just(name), shapes, st.sampled_from(["codes", "binary"]), st.integers(1, 8))
    return plain | st.builds(
        Tensor,
        st.just(name),
        st.just(((2, 3, 4, 3), (72,))),
        st.just("linear"),
        st.integers(4, 8),
        st.floats(MIN_SCALE, MAX_SCALE),
        st.integers(0, 15),
        st.permutations(range(4)).map(tuple),
        st.sampled_from([1, 2, 4, 8, 16]),
    )


@st.composite
def bodies(draw: st.DrawFn, tables: dict[str, int]) -> list[int]:
    """The words of a set-up and a main part, with random instructions that find what they name in the tables."""
    usable = [row for row in BODY if all(tables.get(operand.kind.table, 1) for operand in row.operands)]
    words: list[int] = []
    for register in range(LAGS):
        words.append(encode(MNEMONICS["loop"], {"loop": register, "count": register}))
        words.append(encode(MNEMONICS["next"], {"loop": register, "target": len(words)}))
    words.append(encode(MNEMONICS["lag"], {"register": LAGS, "of": 0, "turns": 0, "until": len(words) + 1}))
    words.append(encode(MNEMONICS["nop"], {}))
    for part in (True, False):
        looped = draw(st.booleans())
        if looped:
            words.append(encode(MNEMONICS["loop"], {"loop": 3, "count": draw(st.sampled_from([0, 1, (1 << 24) - 1]))}))
        first = len(words)
        for row in draw(st.lists(st.sampled_from([row for row in usable if row.setup in (part, None)]), max_size=8)):
            words.append(encode(row, draw(operands(row, tables))))
        if looped:
            words.append(encode(MNEMONICS["next"], {"loop": 3, "target": draw(st.integers(first, len(words)))}))
        words.append(encode(MNEMONICS["start" if part else "halt"], {}))
    return words


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """A program that keeps every rule, of random instructions, tables, tensors and data."""
    layers = tuple(draw(st.lists(NAMES, max_size=4, unique=True)))
    weights = tuple(
        Weights(name, np.frombuffer(draw(st.binary(min_size=rows * columns, max_size=rows * columns)), np.uint8)
                .reshape(rows, columns).view(np.int8) >> 4, draw(st.integers(0, rows * columns)))
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
        for rows, columns in [draw(st.sampled_from([(1, 1), (3, 5), (16, 16), (17, 2), (40, 33)]))]
    )  # fmt: skip
    constants = tuple(
        Constants(name, np.array(draw(st.lists(st.tuples(OFFSETS, MULTIPLIERS), min_size=1, max_size=20)), np.int64))
        for name in draw(st.lists(NAMES, max_size=3, unique=True))
    )
    memory = tuple(
        Memory(100 * index, np.frombuffer(draw(st.binary(min_size=64, max_size=64)) * count, np.uint8).reshape(-1, 64),
               Line("random.s", 1000 + index, ".memory"))
        for index, count in enumerate(draw(st.lists(st.integers(1, 100), max_size=3)))
    )  # fmt: skip
    tensors = st.lists(NAMES, max_size=2, unique=True).flatmap(lambda names: st.tuples(*map(tensors_called, names)))
    inputs, outputs = draw(tensors), draw(tensors)
    of_host = draw(st.booleans())
    outputs = tuple(replace(one, host=of_host) for one in outputs)
    models = st.binary(min_size=1, max_size=40).map(lambda data: np.frombuffer(data, np.uint8))
    parts = tuple(HostPart(name, draw(models)) for name in draw(st.lists(NAMES, max_size=2, unique=True)))
    results = tuple(
        HostResult(name, draw(st.sampled_from([(3,), (1, 4)])), draw(st.sampled_from(["float32", "int64"])))
        for name in draw(st.lists(NAMES, max_size=2 * bool(parts), unique=True))
        if name not in {one.name for one in outputs}
    )
    tables = {
        "layer": len(layers),
        "weights": len(weights),
        "constants": len(constants),
        "input": len(inputs),
        "output": len(outputs),
        "part": len(parts),
    }
    words = draw(bodies(tables))
    count = draw(st.integers(1, 3))
    dtype = draw(st.sampled_from(["uint8", "bool", "float32", "int64"]))
    samples = {one.name: np.ones((count, *one.shapes[0]), dtype=dtype) for one in inputs} if draw(st.booleans()) else {}
    return Program(
        name=draw(NAMES),
        chip=draw(NAMES),
        words=np.array(words, dtype=np.uint64),
        lines=tuple(Line("random.s", number, f"line {number}") for number in range(len(words))),
        weights=weights,
        constants=constants,
        memory=memory,
        inputs=inputs,
        outputs=outputs,
        layers=layers,
        samples=samples,
        labels=np.arange(count) if samples else None,
        parts=parts,
        results=results,
    )


@given(programs())
@settings(max_examples=60)
def test_the_text_of_a_program_assembles_to_it(program: Program) -> None:
    text = disassemble(program)
    assert sha256(assemble(text)) == sha256(program)
    assert disassemble(assemble(text)) == text


@given(programs())
@settings(max_examples=60)
def test_the_container_of_a_program_loads_as_it(program: Program) -> None:
    found = loads(dumps(program))
    assert sha256(found) == sha256(program)
    assert found.lines == program.lines
    assert [one.line for one in found.memory] == [one.line for one in program.memory]


def test_the_text_reads_like_one_written_by_hand() -> None:
    source = """\
; 11 instructions, disassembled
.program tiny
.chip acortex_digits
.input image, shape=4|2x2, encode=binary
.output scores, shape=2, bits=3

        group g0, rows=5, columns=2
        program g0, "1st"
        start
        loop l0, host
at_4:
        inference by=l0
        layer conv1
        feed positions=1, words=1, tail=4
        multiply g0, 1
        convert q0, 1
        next l0, at_4
        halt

.weights "1st", 5x2, macs=8
        .row 1, -2
        .row 3, 4
        .row 5, 6
        .row 7, -8
        .row 0, 1

.samples image, type=uint8, shape=1x4
"""
    text = disassemble(assemble(source + ".row 0, 1, 1, 0\n.labels shape=1\n.row 1\n"))
    head, _, data = text.partition(".samples image, type=uint8, shape=1x4\n")
    assert head + ".samples image, type=uint8, shape=1x4\n" == source
    assert [line.split()[0] for line in data.splitlines() if line] == [".blob", ".labels", ".blob"]


def test_layers_out_of_the_order_of_their_use_are_declared() -> None:
    program = assemble(".layer b\n.layer unused\n.layer a\nstart\nlayer a\nlayer b\nhalt")
    assert ".layer b\n.layer unused\n.layer a\n" in disassemble(program)
    assert ".layer" not in disassemble(assemble("start\nlayer a\nlayer b\nhalt"))


def test_large_data_come_back_from_the_text() -> None:
    values = (np.arange(2000 * 1000) * 7919 % 16 - 8).astype(np.int8).reshape(2000, 1000)
    program = Program("big", "c", assemble("start\nhalt").words, (), (Weights("w", values, 5),))
    text = disassemble(program)
    assert max(map(len, text.splitlines())) < 10_000
    assert sha256(assemble(text)) == sha256(program)


def test_a_network_of_many_weights_is_packed_and_unpacked_soon() -> None:
    """Ten million weights: a sixth of ResNet-152."""
    values = (np.arange(10_000_001, dtype=np.int64) % 16 - 8).astype(np.int8).reshape(-1, 1)
    begin = time.process_time()
    packed = pack_weights(values)
    assert np.array_equal(unpack_weights(packed, values.shape), values)
    assert time.process_time() - begin < 1


def test_the_listing_shows_address_word_and_line() -> None:
    assert listing(assemble("start\n\n    read d1 ; word\nhalt", file="tiny.s")) == (
        "; tiny: address, word, line, source\n"
        "    0  0300000000000000      1  start\n"
        "    1  2208000000000000      3  read d1 ; word\n"
        "    2  0200000000000000      4  halt\n"
    )


def test_ten_thousand_instructions_are_disassembled_soon() -> None:
    program = assemble("start\n" + "feed 1, 2, tail=3\n" * 10_000 + "halt")
    begin = time.process_time()
    assert len(disassemble(program).splitlines()) > 10_000
    assert time.process_time() - begin < 1
    assert decode(int(program.words[5]))["tail"] == 3
