"""Faults that are planted in legal programs, each with the diagnosis that it must get, and where."""

from __future__ import annotations

import random
from collections.abc import Callable

from acortex.isa.operands import AGENTS, NO_LOOP
from acortex.isa.table import MNEMONICS
from judge.mutant_texts import PLANTS, Fault, Text, between, fault, free_token, idle, kind, one, text_of
from judge.ordering import Ordering
from judge.plans import Case, claims_of

# Tokens -----------------------------------------------------------------------------------------------------------

_ORDER = {
    "forever": "for ever",
    "shared": "would depend on time",
    "race": "nothing orders the two",
    "stream": "come first would",
    "unwritten": "which was never written",
    "outside": "of main memory, which has",
}


def _judged(text: Text) -> Fault:
    """The diagnosis that an order deserves."""
    program = text.program()
    found = Ordering(program, text.case.chip, text.case.inferences).find()
    if found is None:
        return Fault(program, "", "", -1, text.case)
    error = "RuleError" if found[0] == "outside" else "OrderError"
    return Fault(program, error, _ORDER[found[0]], found[1], text.case)


@kind("a signal is missing")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = one(chance, text.places("signal"))
    if place is None:
        return None
    text.delete(place)
    return _judged(text)


@kind("an await is missing")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = one(chance, text.places("await"))
    if place is None:
        return None
    text.delete(place)
    return _judged(text)


@kind("a token is missing")
def _(text: Text, chance: random.Random) -> Fault | None:
    pairs = [place for place in text.places("signal") if text.rows[place + 1][0] == "await"]
    place = one(chance, pairs)
    if place is None:
        return None
    text.delete(place + 1)
    text.delete(place)
    return _judged(text)


@kind("two agents give to the vector agent unordered")
def _(text: Text, chance: random.Random) -> Fault | None:
    """The one token is missing that orders the words of the read agent and those of the neurons."""
    pairs = [place for place in text.places("signal") if between(text, place) == {"read", "neurons"}]
    for place in chance.sample(pairs, len(pairs)):
        changed = text_of(text.case)
        changed.delete(place + 1)
        changed.delete(place)
        fault = _judged(changed)
        if fault.message == _ORDER["stream"]:
            return fault
    return None


@kind("awaits are crossed")
def _(text: Text, chance: random.Random) -> Fault | None:
    places = text.places("await")
    if len(places) < 2:
        return None
    first, second = (text.rows[place][1] for place in chance.sample(places, 2))
    first["token"], second["token"] = second["token"], first["token"]
    return _judged(text)


@kind("a signal comes from another agent")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = one(chance, text.places("signal"))
    if place is None:
        return None
    text.rows[place][1]["agent"] = chance.randrange(len(AGENTS))
    return _judged(text)


@kind("a signal stands behind its await")
def _(text: Text, chance: random.Random) -> Fault | None:
    pairs = [place for place in text.places("signal") if text.rows[place + 1][0] == "await"]
    place = one(chance, pairs)
    if place is None:
        return None
    text.rows[place], text.rows[place + 1] = text.rows[place + 1], text.rows[place]
    return _judged(text)


@kind("a stream lies elsewhere")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = one(chance, [place for place in text.places("base") if place > text.start])
    if place is None:
        return None
    other = text.rows[chance.choice(text.places("base"))][1]["address"] + chance.choice([-1, 0, 0, 1, 40])
    text.rows[place][1]["address"] = min(max(other, 0), text.case.chip.memory_words - 1)
    return _judged(text)


ORDERED = tuple(PLANTS)
"""The kinds of fault in the order of accesses: some change nothing that matters, as the judge's check of it tells."""


# Memory and pipes -------------------------------------------------------------------------------------------------


@kind("a word is read that was never written")
def _(text: Text, chance: random.Random) -> Fault | None:
    words = set(range(text.case.chip.memory_words)) - _written(text.case)
    if not words:
        return None
    place = text.start + 1
    text.insert(place, "base", stream=3, address=min(words), by=NO_LOOP)
    text.insert(place + 1, "operand", stream=3)
    return fault(text, "OrderError", f"reads word {min(words)} of main memory, which was never written", place + 1)


def _written(case: Case) -> set[int]:
    return {word for table in case.program.memory for word in range(table.address, table.end)}


@kind("a write overtakes a read")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = idle(text)
    tensor = text.case.program.inputs[0]
    text.insert(place, "inference")
    for other in ("read", "operand", "write", "host_out"):
        place = _synchronise(text, place + 1, other, "host_in")
    text.insert(place + 1, "base", stream=3, address=0, by=NO_LOOP)
    text.insert(place + 2, "operand", stream=3)
    text.insert(place + 1, "base", stream=4, address=0, by=NO_LOOP)
    text.insert(place + 2, "dim", stream=4, axis=0, extent=-(-tensor.size // 64), stride=1)
    text.insert(place + 3, "input", tensor=0, stream=4)
    place = _synchronise(text, place + 4, "host_in", "operand")
    text.insert(place + 3, "input", tensor=0, stream=4)
    return fault(text, "OrderError", "which is read by operand", place + 3)


def _synchronise(text: Text, place: int, maker: str, taker: str) -> int:
    """Puts a token of its own between two agents; where its await stands."""
    token = free_token(text)
    text.insert(place, "signal", agent=AGENTS.index(maker), token=token)
    text.insert(place + 1, "await", agent=AGENTS.index(taker), token=token)
    return place + 1


@kind("words are left in the buffer")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _left_over(text, "read", "1 word in the buffer is given here and never taken")


@kind("words are left at the vector agent")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _left_over(text, "read", "1 word at the vector agent is given here and never taken", to=1)


@kind("operands are left at the vector agent")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _left_over(text, "operand", "1 operand word at the vector agent is given here and never taken")


def _left_over(text: Text, mnemonic: str, message: str, **values: int) -> Fault | None:
    if not text.case.program.memory:
        return None
    place = idle(text)
    agent = AGENTS.index(MNEMONICS[mnemonic].agent)
    for maker in ("host_in", "write", "neurons"):  # whatever else writes words, or gives them to the vector agent
        text.insert(place, "await", agent=agent, token=free_token(text))
        text.insert(place, "signal", agent=AGENTS.index(maker), token=text.rows[place][1]["token"])
        place += 2
    text.insert(place, "base", stream=3, address=text.case.program.memory[0].address, by=NO_LOOP)
    text.insert(place + 1, mnemonic, stream=3, **values)
    return fault(text, "RuleError", message, place + 1)


@kind("more vectors are multiplied than made")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _one_more(text, "multiply", "positions", "input vectors, and the instructions before it left")


@kind("more sums are converted than made")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _one_more(text, "convert", "positions", "positions of sums, and the instructions before it left")


@kind("more words are added than arrive")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _one_more(text, "add", "words", "words at the vector agent, and the instructions before it left")


@kind("more vectors are made than there are words")
def _(text: Text, chance: random.Random) -> Fault | None:
    return _one_more(text, "feed", "positions", "words in the buffer, and the instructions before it left", large=True)


def _one_more(text: Text, mnemonic: str, operand: str, message: str, *, large: bool = False) -> Fault | None:
    """So many that no instruction further up could have given them."""
    places = [p for p in text.places(mnemonic) if not large or not text.rows[p][1]["keep"]]
    if not places:
        return None
    text.rows[places[0]][1][operand] = 1000
    return fault(text, "RuleError", message, places[0])


@kind("a stream leaves the memory")
def _(text: Text, chance: random.Random) -> Fault | None:
    last = text.case.chip.memory_words - 1
    place = text.start + 1
    text.insert(place, "base", stream=3, address=last, by=NO_LOOP)
    text.insert(place + 1, "dim", stream=3, axis=1, extent=2, stride=1)
    text.insert(place + 2, "operand", stream=3)
    return fault(text, "RuleError", f"the stream visits words {last} to {last + 1} of main memory", place + 2)


@kind("an image is wider than its stream")
def _(text: Text, chance: random.Random) -> Fault | None:
    for place in text.places("slide", "fetch", "pool"):
        window = text.rows[place][1]["window"]
        setter = max(
            (p for p in text.places("window") if p < place and text.rows[p][1]["window"] == window), default=None
        )
        if setter is not None and text.rows[setter][1]["packed"] == 0:
            text.rows[setter][1]["width"] += 1
            return fault(text, "RuleError", "pixels wide", place)
    return None


@kind("a tensor's words do not match")
def _(text: Text, chance: random.Random) -> Fault | None:
    for place in text.places("inference")[:1]:
        tensor = text.case.program.inputs[0]
        text.insert(place + 1, "base", stream=3, address=0, by=NO_LOOP)
        text.insert(place + 2, "dim", stream=3, axis=0, extent=-(-tensor.size // 64) + 1, stride=1)
        text.insert(place + 3, "input", tensor=0, stream=3)
        return fault(text, "RuleError", f"tensor {tensor.name} has", place + 3)
    return None


@kind("a transfer belongs to no inference")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = text.start + 1
    text.insert(place, "base", stream=3, address=0, by=NO_LOOP)
    text.insert(place + 1, "input", tensor=0, stream=3)
    return fault(text, "RuleError", "belongs to no inference", place + 1)


# Groups and buses -------------------------------------------------------------------------------------------------


@kind("weights are never written")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = chance.choice(text.places("program"))
    group = text.rows[place][1]["group"]
    text.delete(place)
    where = next(p for p in text.places("group") if text.rows[p][1]["group"] == group)
    return fault(text, "ProgramError", f"group g{group} has no weights when the set-up ends", where)


@kind("weights are written twice")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = chance.choice(text.places("program"))
    text.rows.insert(place, (text.rows[place][0], dict(text.rows[place][1])))
    text._shift(place, 1)
    return fault(text, "ProgramError", "is written twice", place + 1)


@kind("a group is set up twice")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = chance.choice(text.places("group"))
    text.insert(text.start, "group", group=text.rows[place][1]["group"], rows=1, columns=1)
    return fault(text, "ProgramError", "is set up twice", text.start - 1)


@kind("a rectangle leaves the chip")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = chance.choice(text.places("rect"))
    text.rows[place][1]["column"] = text.case.chip.columns
    group = text.rows[place][1]["group"]
    where = max(p for p in text.places("rect") if text.rows[p][1]["group"] == group)
    return fault(text, "ProgramError", "names the array in column", where)


@kind("a group's rectangles do not cover it")
def _(text: Text, chance: random.Random) -> Fault | None:
    rects: dict[int, list[int]] = {}
    for place in text.places("rect"):
        rects.setdefault(text.rows[place][1]["group"], []).append(place)
    alone = [places[0] for places in rects.values() if len(places) == 1]
    if not alone:
        return None
    place = alone[0]
    text.delete(place)
    where = max(p for p in text.places("group") if p < place)
    return fault(text, "ProgramError", "its rectangles hold 0 arrays", where)


@kind("two groups hold one array")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = chance.choice(text.places("rect"))
    column, row = text.rows[place][1]["column"], text.rows[place][1]["row"]
    weights = text.case.program.weights[0].values.shape
    if max(weights) > 64:
        return None
    at = text.start
    text.insert(at, "group", group=77, rows=weights[0], columns=weights[1])
    text.insert(at + 1, "rect", group=77, column=column, row=row, height=1, width=1)
    text.insert(at + 2, "program", group=77, weights=0)
    return fault(text, "ProgramError", "both take the array in column", at + 1)


@kind("a group is not connected")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = text.start + 1
    text.insert(place, "multiply", group=text.rows[text.places("group")[0]][1]["group"], positions=1, by=NO_LOOP)
    return fault(text, "RuleError", "is not connected to its neurons", place)


@kind("a group is connected twice")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = one(chance, text.places("connect")[:1])
    if place is None:
        return None
    text.insert(place + 1, "connect", group=text.rows[place][1]["group"], by=NO_LOOP)
    return fault(text, "RuleError", "is connected already", place + 1)


@kind("a bus segment is in use")
def _(text: Text, chance: random.Random) -> Fault | None:
    if text.case.chip.buses.segment_capacity > 1:
        return None
    claims = claims_of(text.case)
    for first, mine in claims.items():
        for second, other in claims.items():
            if first != second and mine & other:
                place = text.start + 1
                text.insert(place, "connect", group=first, by=NO_LOOP)
                text.insert(place + 1, "connect", group=second, by=NO_LOOP)
                return fault(text, "RuleError", f", which group g{first} has since random.s:{place + 1}", place + 1)
    return None


@kind("a group is disconnected that is not connected")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = text.start + 1
    text.insert(place, "disconnect", group=text.rows[text.places("group")[0]][1]["group"], by=NO_LOOP)
    return fault(text, "RuleError", "is not connected", place)


@kind("a group was never set up")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = text.start + 1
    text.insert(place, "connect", group=500, by=NO_LOOP)
    return fault(text, "ProgramError", "group g500 was never set up", place)


# The controller ---------------------------------------------------------------------------------------------------


@kind("a register is used before it is set")
def _(text: Text, chance: random.Random) -> Fault | None:
    used = {values["stream"] for mnemonic, values in text.rows[: text.start + 3] if mnemonic == "base"}
    number = min(set(range(32)) - used)
    text.insert(text.start + 1, "operand", stream=number)
    return fault(text, "ProgramError", f"stream d{number} is used before it is set", text.start + 1)


@kind("an inference is past the host's last")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = idle(text)
    free = max({*range(8)} - {values["register"] for mnemonic, values in text.rows if mnemonic == "lag"})
    text.insert(place, "loop", loop=free, count=9)
    text.insert(place + 1, "inference", by=free)
    text.insert(place + 2, "next", loop=free, target=place + 1)
    return fault(text, "ProgramError", "is past the host's last", place + 1)


@kind("the end is missing")
def _(text: Text, chance: random.Random) -> Fault | None:
    text.delete(idle(text))
    return fault(text, "ProgramError", "the program runs past its last instruction", idle(text))


@kind("a jump leaves its loop")
def _(text: Text, chance: random.Random) -> Fault | None:
    place = one(chance, text.places("next")[:1])
    if place is None:
        return None
    text.rows[place][1]["target"] = len(text.rows) + 5
    return fault(text, "ProgramError", "next jumps to", place)


# Limits of the chip -----------------------------------------------------------------------------------------------


def _limit(name: str, mnemonic: str, operand: str, value: Callable[[Case], int], message: str) -> None:
    @kind(name)
    def _(text: Text, chance: random.Random) -> Fault | None:
        place = one(chance, text.places(mnemonic))
        if place is None:
            return None
        text.rows[place][1][operand] = value(text.case)
        return fault(text, "LimitError", message, place)


_limit("codes are past the converters", "quant", "high", lambda case: 2**case.chip.neurons.bits if
       case.chip.neurons.bits < 4 else 16, "the highest code of")  # fmt: skip
_limit("a fill is past the converters", "feed", "fill", lambda case: 16, "the highest code of a 4-bit DAC")
_limit("a slide's fill is past the converters", "slide", "fill", lambda case: 16, "the highest code of a 4-bit DAC")
_limit("a border is past the converters", "border", "value", lambda case: 16, "the highest code of a 4-bit DAC")
_limit("a vector is longer than the buffer", "feed", "words", lambda case: case.chip.buffer.words + 1,
       "the words that its buffer holds")  # fmt: skip
_limit(
    "a base is past the memory", "base", "address", lambda case: case.chip.memory_words, "its last word of main memory"
)
