"""Findings on random legal programs: just those that a plain walk has, which shares nothing with the linter's own.

The judge's programs break no rule, and are not meant: they set registers that nothing uses, declare inputs that nobody
transfers, and write results that nobody reads. So warnings are right, and each has its reason in `Walk.expected`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from acortex.errors import AcortexError
from acortex.isa.codec import Instruction, decode
from acortex.isa.lint.rows import Finding
from acortex.isa.lint.usage import ACCESSES
from acortex.isa.operands import NO_LOOP
from acortex.isa.program import Program
from acortex.isa.semantics import visited
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.lint import lint
from judge.generate import generate

CHUNK = 20
PROGRAMS = 2000

SETS = {"base": "stream", "quant": "quantiser", "window": "window"}

Expected = set[tuple[str, int | str]]
"""Findings: each a code with the address of its instruction, or the name of a declaration."""


class Walk:
    """What a program does, instruction by instruction, and which findings follow from that."""

    def __init__(self, program: Program, inferences: int) -> None:
        self.program = program
        self.code = [decode(int(word)) for word in program.words]
        self.order: list[tuple[int, Dispatch | None]] = []
        """Each instruction that is carried out, in order: its address, and what an agent gets of it."""
        self.covered: set[int] = set()
        """Instructions over whose words another one writes some channels. The linter takes all of what they wrote to be
        read where any word of that other one is: it misses some results, and tells no wrong ones."""
        sequencer = Sequencer(program, inferences)
        while sequencer.state != "halted":
            pc = sequencer.pc
            self.order.append((pc, sequencer.step()))

    def expected(self) -> Expected:
        """All findings but those about tokens."""
        return {*self._unused(), *self._words(), *self._loops(), *self._groups(), *self._tables(), *self._unreached()}

    def _unused(self) -> Iterator[tuple[str, int | str]]:
        """A register that is set, and no instruction of an agent names before it is set again, in no turn."""
        holds: dict[str, int] = {}
        every, used = set(), set()
        for pc, dispatch in self.order:
            one = self.code[pc]
            if one.row.mnemonic in SETS:
                every.add(pc)
                holds[f"{SETS[one.row.mnemonic]}{one[SETS[one.row.mnemonic]]}"] = pc
            elif one.row.mnemonic == "lag":
                every.add(pc)
                holds[f"by{one['register']}"] = pc
            named = self._names(one) if dispatch is not None else ()
            used |= {holds.get(f"{kind}{number}", -1) for kind, number in named}
            used.add(holds.get(f"by{one.values.get('by', NO_LOOP)}", -1))
        yield from (("L201", pc) for pc in every - used)

    @staticmethod
    def _names(one: Instruction) -> Iterator[tuple[str, int]]:
        for name, operand in one.row.by_name.items():
            if operand.kind.name in ("stream", "quantiser", "window") and (name != "then" or one["every"]):
                yield operand.kind.name, one[name]

    def _words(self) -> Iterator[tuple[str, int | str]]:
        """Words that are written, and of which nothing reads a channel before all of it is written over."""
        holds: dict[int, set[tuple[int, int]]] = {
            word: {(-number, word)}
            for number, table in enumerate(self.program.memory, 1)
            for word in range(table.address, table.end)
        }
        wrote: dict[int, set[int]] = defaultdict(set)
        read: set[tuple[int, int]] = set()
        partial: set[tuple[int, int]] = set()
        for pc, dispatch, place, word in self._accesses():
            reads, writes = ACCESSES[dispatch.row.mnemonic]
            there = holds.get(word, set())
            read |= there if reads else set()
            if writes:
                kept = there if _in_part(dispatch) else set()
                partial |= kept
                wrote[pc].add(place)
                holds[word] = {(pc, place)} | kept
        self.covered = {pc for pc, _ in partial}
        pieces = {number for number, _ in read if number < 0}
        yield from (("L003", str(n)) for n in range(1, len(self.program.memory) + 1) if -n not in pieces)
        yield from self._unread(wrote, read, partial)

    def _accesses(self) -> Iterator[tuple[int, Dispatch, int, int]]:
        """The words that instructions visit in main memory, one by one."""
        for pc, dispatch in self.order:
            if dispatch is not None and any(ACCESSES.get(dispatch.row.mnemonic, ())):
                yield from ((pc, dispatch, place, word) for place, word in enumerate(visited(dispatch).tolist()))

    def _unread(
        self, wrote: dict[int, set[int]], read: set[tuple[int, int]], partial: set[tuple[int, int]]
    ) -> Iterator[tuple[str, int | str]]:
        for pc, places in wrote.items():
            known = {place for address, place in read if address == pc}
            is_input = self.code[pc].row.mnemonic == "input"
            if not known:
                yield "L002" if is_input else "L001", pc
            elif is_input and not places <= known | {place for address, place in partial if address == pc}:
                yield "L004", pc

    def _loops(self) -> Iterator[tuple[str, int | str]]:
        """Loops with nothing but `nop` in them, and those of one turn whose register nothing takes."""
        began: dict[int, int] = {}
        taken = {one["by"] for one in self.code if "by" in one.values} | {
            one["of"] for one in self.code if one.row.mnemonic == "lag"
        }
        for pc, one in enumerate(self.code):
            if one.row.mnemonic == "loop":
                began[one["loop"]] = pc
            elif one.row.mnemonic == "next":
                head = began[one["loop"]]
                if {inner.row.mnemonic for inner in self.code[head + 1 : pc]} <= {"nop"}:
                    yield "L202", head
                elif self.code[head]["count"] == 1 and one["loop"] not in taken:
                    yield "L203", head

    def _groups(self) -> Iterator[tuple[str, int | str]]:
        """Groups whose number no `multiply` has."""
        multiplied = {one.group for _, one in self.order if one is not None and one.row.mnemonic == "multiply"}
        for pc, one in enumerate(self.code):
            if one.row.mnemonic == "group" and one["group"] not in multiplied:
                yield "L301", pc

    def _tables(self) -> Iterator[tuple[str, int | str]]:
        """Declarations whose number no instruction of theirs has."""
        tables = {
            ("program", "weights"): [one.name for one in self.program.weights],
            ("tune", "constants"): [one.name for one in self.program.constants],
            ("input", "tensor"): [one.name for one in self.program.inputs],
            ("layer", "layer"): list(self.program.layers),
        }
        for (mnemonic, operand), names in tables.items():
            used = {one[operand] for one in self.code if one.row.mnemonic == mnemonic}
            yield from (("L302", name) for number, name in enumerate(names) if number not in used)

    def _unreached(self) -> Iterator[tuple[str, int | str]]:
        """The first of instructions that are never carried out; what a `lag` leaves out is meant."""
        reached = {pc for pc, _ in self.order}
        for one, pc in [(self.code[pc], pc) for pc in sorted(reached)]:
            if one.row.mnemonic == "lag":
                reached |= set(range(pc, one["until"]))
        yield from (("L204", pc) for pc in range(1, len(self.code)) if pc not in reached and pc - 1 in reached)

    def tokens(self) -> tuple[Counter[int], Counter[int], dict[int, int]]:
        """How many of each token are made and taken, and the first instruction that has it."""
        made: Counter[int] = Counter()
        taken: Counter[int] = Counter()
        first: dict[int, int] = {}
        for pc, one in self.order:
            if one is not None and one.row.mnemonic in ("signal", "await"):
                (made if one.row.mnemonic == "signal" else taken)[one.ops.token] += 1
                first.setdefault(one.ops.token, pc)
        return made, taken, first


def _in_part(dispatch: Dispatch) -> bool:
    """Whether a write leaves channels of its words as they were."""
    return getattr(dispatch.ops, "shift", 0) != 0 or getattr(dispatch.ops, "tail", 64) != 64


def of_tokens(program: Program, inferences: int) -> Expected:
    """Tokens that nobody awaits, and those of which one inference more leaves more."""
    made, taken, first = Walk(program, inferences).tokens()
    found: Expected = {("L101", first[token]) for token in made if not taken[token]}
    try:
        more, less, _ = Walk(program, inferences + 1).tokens()
    except AcortexError:  # it names inferences by their numbers
        return found
    grown = {token for token in made if more[token] - less[token] > made[token] - taken[token] > 0 < taken[token]}
    return found | {("L102", first[token]) for token in grown}


def key(error: AcortexError, program: Program) -> tuple[str, int | str]:
    """A finding as the walk has it."""
    assert isinstance(error, Finding), str(error)
    if error.declared is not None:
        return error.code, error.declared[1]
    line = int(error.where.rpartition(":")[2])
    if error.code == "L003":
        return error.code, str(1 + [str(table.line) for table in program.memory].index(error.where))
    return error.code, line - 1


def compared(seeds: range) -> tuple[Counter[str], dict[int, str]]:
    """The findings on random programs: how many of each code, and of which programs they are not those of the walk."""
    codes: Counter[str] = Counter()
    wrong: dict[int, str] = {}
    for seed in seeds:
        case = generate(seed)
        found = [key(one, case.program) for one in lint(case.program, case.chip, case.inferences)]
        walk = Walk(case.program, case.inferences)
        expected = walk.expected() | of_tokens(case.program, case.inferences)
        covered = {(code, pc) for code in ("L001", "L002") for pc in walk.covered}
        less = {("L004", pc) for code, pc in covered & expected if code == "L002"}  # it tells of some words, not of all
        false, missed = set(found) - expected - less, expected - set(found) - covered
        if len(found) != len(set(found)) or false or missed:
            wrong[seed] = f"found {found}; false alarms {false}, not found {missed}"
        codes.update(code for code, _ in found)
    return codes, wrong


@pytest.mark.sampled(1)
@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_findings_on_random_programs_are_those_of_a_plain_walk(first: int) -> None:
    codes, wrong = compared(range(first, first + CHUNK))
    assert wrong == {}
    assert codes


def test_random_programs_have_findings_of_many_kinds() -> None:
    assert {"L001", "L002", "L004", "L201", "L202", "L301", "L302"} <= set(compared(range(12))[0])
