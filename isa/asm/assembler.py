"""From a source text to a program, in two passes: the parser finds statements and labels, this module their meaning.

    ; a comment                                 # another
    .program NAME                               the program's name; that of the file where it is left out
    .chip NAME                                  the chip that it is for
    .equ NAME, EXPRESSION                       a constant; expressions: see acortex.isa.asm.expressions
    .equ NAME, d3                               a name for a register: a stream, token, quantiser, group or window
    .input NAME, shape=784|28x28, encode=ENCODING, bits=4
                                                an input tensor: the forms that one inference may take, the first of
                                                them the canonical one; encodings: see acortex.isa.arithmetic.tensors
    .input NAME, shape=3x224x224, axes=1.2.0, packed=16, encode=linear, scale=0.0173, zero=7
                                                with the order of its axes in memory, channels last, how many pixels a
                                                word holds, and what a code stands for: (code - zero) * scale
    .output NAME, shape=10                      an output tensor, of the same forms
    .weights NAME, 785x64, file="F.npz", key=K, macs=EXPRESSION
                                                a matrix of weights, -8 to 7; macs is rows * columns where left out
    .constants NAME, 64, file="F.npz", key=K    for each of 64 neurons an offset and a multiplier (see `tune`): -2^31 to
                                                2^31, and 1 to 2^16
    .memory ADDRESS, 16, file="F.npz", key=K    16 words of main memory, 64 codes each, as they are before the run
    .samples INPUT, file="F.npz", key=K         the program's own data for an input
    .labels file="F.npz", key=K                 the right answers to them
    .layer NAME                                 gives a layer its number before its first use
    label: mnemonic operand, …, name=operand    an instruction: by position, then by name; see acortex.isa.table

Files are .npz or .npy, and lie in the folder of the source or below it. Without `file=`, data follow in the text:
`.row 1, -2, 3` lines with a row each, or `.blob "…"` lines as the disassembler writes them; `.samples` and `.labels`
then say `shape=`, and `type=` where it is not uint8 and int64. A name that is no identifier stands in quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import UsageError
from acortex.garbage import rarely_collected
from acortex.isa.asm.arguments import Draft, is_alone, turn_advice
from acortex.isa.asm.calls import calls_of
from acortex.isa.asm.directives import carry_out, is_late
from acortex.isa.asm.expansion import Expanded, expanded, is_needed
from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.lexer import Token, place_of
from acortex.isa.asm.parser import Parsed, Statement, bind, define, is_register, is_reserved, parse
from acortex.isa.checks import Address, Addresses, Problem, check
from acortex.isa.codec import OPCODE_SHIFT, Instruction, allowed
from acortex.isa.files import Shelf
from acortex.isa.language import directives, operands
from acortex.isa.language import names as naming
from acortex.isa.language import text as texts
from acortex.isa.language.diagnostics import Consequence, Mistake, MistakeLog
from acortex.isa.language.macros import ASSERTION, TEXT
from acortex.isa.language.program import NO_INSTRUCTIONS
from acortex.isa.language.source import Note, Source
from acortex.isa.names import is_name
from acortex.isa.operands import KINDS, OperandKind
from acortex.isa.program import Program
from acortex.isa.rules import Facts
from acortex.isa.table import MNEMONICS, Operand
from acortex.wording import any_of, count

MAX_BYTES = 1 << 26
"""The largest source text, 64 MB."""

MAX_LINES = 1_000_000
MAX_MADE = 250_000
"""Lines that macros, repetitions and included files may add."""

MAX_LINE = 10_000
"""The longest line, in characters."""

DEFAULT_CHIP = "acortex_gnmt"
"""The chip of a program that names none: the largest of the published ones."""

_WRITTEN = {
    name: {
        **{f"{kind.prefix}{number}": number for number in kind.registers},
        **{choice: number for number, choice in enumerate(kind.choices)},
        **dict(kind.words),
    }
    for name, kind in KINDS.items()
}
"""The words that an operand of each kind may be, with their values: registers, choices, names for numbers."""


_NUMBERS = {name: kind.numbers for name, kind in KINDS.items()}

_TABLES = {
    "weights": "matrix of weights", "constants": "table of constants", "input": "input", "output": "output",
    "part": "part of the host",
}  # fmt: skip


def assemble(
    text: str,
    *,
    file: str = "<text>",
    folder: Path | None = None,
    arrays: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
) -> Program:
    """Makes a program of a source text. `folder` is where its data files are; without one it can name none.

    `arrays` stand for data files that do not exist: what `file="F.npz", key=K` means is arrays["F.npz"]["K"]. Once
    numpy.savez has written them beside the text, the same text assembles to the same program. `file` stands in
    messages. The program has one word for each instruction of the text. Raises ManyErrors with a Diagnostic for every
    mistake that one pass finds: whatever fails in a statement ends there, so no program lacks what could not be read.
    """
    assembly = assembly_of(text, file, Shelf(folder, arrays or {}))
    assembly.report.finish()
    return assembly.program()


def assembly_of(text: str, file: str, shelf: Shelf) -> Assembly:
    """A source text as far as it can be read: its report has all mistakes. Raises UsageError for what is too long."""
    source = _source(text, file)
    report = MistakeLog(source)
    with rarely_collected(), shelf as files:
        read = expanded(source, files, report, MAX_MADE) if is_needed(source.lines) else Expanded()
        assembly = Assembly(source, report, files, read)
        if not read.incomplete:
            assembly.run()
    return assembly


def assemble_file(path: Path | str) -> Program:
    """Makes a program of a source file; data files are in its folder. Raises as `assemble`, and UsageError."""
    path = Path(path)
    try:
        data = safe_files.read(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the file: {safe_files.reason(error)}", where=str(path)) from None
    if len(data) > MAX_BYTES:
        raise texts.LARGE_FILE.broken(str(path), most=MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise texts.NOT_UTF8.broken(str(path), place=error.start) from None
    return assemble(text, file=str(path), folder=path.parent)


def _source(text: str, file: str) -> Source:
    if not isinstance(text, str):
        kind = type(text).__name__
        raise UsageError(f"a source is a str, and {kind} was given", where=file, hint="decode bytes, as text in UTF-8")
    if len(text) > MAX_BYTES or text.count("\n") >= MAX_LINES:
        raise texts.LONG_TEXT.broken(file, lines=MAX_LINES, characters=MAX_BYTES)
    lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
    longest = max(range(len(lines)), key=lambda index: len(lines[index]))
    if len(lines[longest]) > MAX_LINE:
        raise texts.LONG_LINE.broken(f"{file}:{longest + 1}:1", characters=len(lines[longest]), most=MAX_LINE)
    return Source(file, lines)


class Assembly:
    """The second pass: constants, then directives, then instructions, then the rules that bind them."""

    def __init__(self, source: Source, report: MistakeLog, files: Shelf, read: Expanded) -> None:
        self.source = source
        self.report = report
        self.macros = read.macros
        self.parsed: Parsed = Parsed() if read.incomplete else parse(source, report, read.tokens, read.broken)
        self.draft = Draft(source, files, dict(self.parsed.labels))
        self.instructions: list[Instruction | None] = []
        self.words: list[int] = []

    def run(self) -> None:
        """The whole pass. `program` gives its result if the report stays empty."""
        directives = [statement for statement in self.parsed.directives if not statement.unread]
        for name in self.parsed.doubtful:
            self.draft.symbols.setdefault(name, None)
        for statement in directives:
            if statement.head[1] in (".equ", ".name"):
                self._attempt(statement, self._constant)
        others = [statement for statement in directives if statement.head[1] not in (".equ", ".name", ".assert")]
        for statement in sorted(others, key=lambda statement: is_late(statement.head[1])):
            self._attempt(statement, self._declare)
        self._need_samples()
        for statement in self.parsed.instructions:
            self._attempt(statement, self._instruction)
        for statement in directives:
            if statement.head[1] == ".assert":
                self._attempt(statement, self._assertion)
        self._rules()

    def _attempt(self, statement: Statement, act: Callable[[Statement], None]) -> None:
        try:
            act(statement)
        except Mistake as mistake:
            self.report.add(statement.line, mistake)

    def _declare(self, statement: Statement) -> None:
        """Carries out a directive. What a failed one would have declared is not reported as missing, too."""
        try:
            carry_out(self.draft, statement)
        except Mistake:
            for name, tokens in statement.arguments[:1]:
                if name is None or name[1] == "name":
                    self.parsed.doubtful.add(tokens[0][1].strip('"'))
            raise

    def _constant(self, statement: Statement) -> None:
        """`.equ NAME, EXPRESSION`, of labels and the constants above it, or `.name NAME, REGISTER`, or either's other.

        The name of a failed one is kept as failed.
        """
        fields = bind(statement.head, statement.arguments, ("name", "value"))
        if len(fields) < 2 or len(fields["name"]) > 1:
            raise Mistake(naming.BARE_EQU, place_of([statement.head]), head=statement.head[1])
        token = fields["name"][0]
        define(self.parsed, statement.line, token, "constant")
        try:
            for one in fields["value"]:
                if one[:2] == token[:2]:
                    raise Mistake(naming.CIRCLE, place_of([one]), name=one[1])
            value = self._meaning(fields["value"])
        except Mistake:
            self.draft.symbols[token[1]] = None
            raise
        self.draft.symbols[token[1]] = value

    def _assertion(self, statement: Statement) -> None:
        """`.assert EXPRESSION, "TEXT"`: the value is not 0; labels and all constants are known."""
        fields = bind(statement.head, statement.arguments, ("condition", "text"))
        if "condition" not in fields or any(token[0] != "string" for token in fields.get("text", ())):
            facts = {
                "head": ".assert",
                "takes": "an expression, and a text in quotes",
                "form": '.assert A <= B, "TEXT"',
            }
            raise Mistake(TEXT, place_of([statement.head]), facts=facts)
        tokens = fields["condition"]
        if evaluate(tokens, self.draft.symbols):
            return
        known = {text: self.draft.symbols.get(text) for kind, text, _ in tokens if kind == "name"}
        values = ", ".join(f"{name} is {value}" for name, value in known.items())
        text = fields["text"][0][1][1:-1] if "text" in fields else _shown(tokens)
        raise Mistake(ASSERTION, place_of(tokens), text=text, values=values)

    def _meaning(self, tokens: list[Token]) -> int | str:
        """What a constant stands for: a register, by its own name or by another constant, or a number."""
        name, symbols = tokens[0][1], self.draft.symbols
        if len(tokens) == 1 and is_register(name):
            return name
        known = symbols.get(name) if len(tokens) == 1 else None
        return known if isinstance(known, str) else evaluate(tokens, symbols)

    def _need_samples(self) -> None:
        """Samples are for all inputs or for none, and as many as labels."""
        draft = self.draft
        lacking = [name for name, one in draft.inputs.items() if not one.host and name not in draft.samples]
        counts = {len(array) for array in draft.samples.values()}
        if self.report or not (draft.samples or draft.labels is not None):
            return
        line = next(statement for statement in self.parsed.directives if is_late(statement.head[1])).line
        if draft.labels is not None and counts != {len(draft.labels)}:
            found = count(max(counts), "sample") if counts else "no samples"
            labels = count(len(draft.labels), "label")
            self.report.add(line, Mistake(directives.LABEL_COUNT, labels=labels, samples=found))
        elif lacking:
            there = draft.declared.get(("input", lacking[0]))
            self.report.add(line, Mistake(directives.LACKS_SAMPLES, name=lacking[0], notes=(there,) if there else ()))

    def _instruction(self, statement: Statement) -> None:
        """Encodes one instruction. Where it fails, which is reported, None keeps its place."""
        self.instructions.append(None)
        mnemonic = statement.head[1]
        row = MNEMONICS.get(mnemonic)
        if statement.unread:
            raise Consequence(texts.CONSEQUENCE, place_of([statement.head]), reason="the instruction could not be read")
        if row is None:
            near = partial(self._near_instruction, mnemonic)
            raise Mistake(naming.NO_INSTRUCTION, place_of([statement.head]), near=near, name=mnemonic[:40])
        given = bind(statement.head, statement.arguments, tuple(row.by_name))
        values = {}
        word = row.opcode << OPCODE_SHIFT
        for operand in row.operands:
            try:
                value = self._value(operand, given.get(operand.name), statement)
            except Mistake as mistake:
                self.report.add(statement.line, mistake)
                continue
            values[operand.name] = value
            word |= operand.kind.encode(value) << operand.shift
        if len(values) == len(row.operands):
            self.instructions[-1] = Instruction(row, values)
            self.words.append(word)

    def _near_instruction(self, name: str) -> str:
        """What an unknown mnemonic may mean."""
        if name in self.macros:
            return f"the macro of this name is defined further down, in {self.source.spoken(self.macros[name].line)}"
        return naming.meant(name, [*MNEMONICS, *self.macros])

    def _value(self, operand: Operand, tokens: list[Token] | None, statement: Statement) -> int:
        """The value of one operand. Raises Mistake where it has none."""
        if tokens is not None:
            return self._given_value(operand, tokens)
        if operand.default is None:
            facts = {"head": statement.head[1], "operand": operand.name, "what": operand.doc}
            raise Mistake(operands.LACKING, place_of([statement.head]), facts=facts)
        return operand.default

    def _given_value(self, operand: Operand, tokens: list[Token]) -> int:
        kind = operand.kind
        if len(tokens) == 1:
            # A choice is itself, also where a register has its name: no register could stand there.
            word = tokens[0][1] if kind.choices else self._word(tokens[0])
            value = _WRITTEN[kind.name].get(word)
            if value is not None:
                return value
        if kind.prefix or kind.choices:
            raise self._no_word(operand, tokens)
        if kind.table and kind.table != "label":
            return self._named(operand, tokens)
        value = evaluate(tokens, self.draft.symbols)
        if value not in _NUMBERS[kind.name]:
            facts = {"operand": operand.name, "value": value, "allowed": allowed(kind), "what": kind.doc}
            raise Mistake(operands.RANGE, place_of(tokens), facts=facts)
        return value

    def _word(self, token: Token) -> str:
        """A word of the text, or the register that it stands for."""
        known = self.draft.symbols.get(token[1]) if token[0] == "name" else None
        return known if isinstance(known, str) else token[1]

    def _no_word(self, operand: Operand, tokens: list[Token]) -> Mistake:
        """A mistake in an operand that takes a register or a choice."""
        shown, text = _shown(tokens), tokens[0][1]
        if len(tokens) == 1 and text in self.draft.symbols:
            known = self.draft.symbols[text]
            if known is None:
                return Consequence(texts.CONSEQUENCE, place_of(tokens), reason=f"`{text}` has no value")
            shown = f"{text}`, which is `{known}"
        near = partial(self._near_word, operand.kind, text)
        if not is_alone(tokens):
            near = partial(turn_advice, tokens, self.draft.symbols, self.parsed.instructions)
        facts = {"operand": operand.name, "wanted": _wanted(operand.kind), "text": shown}
        return Mistake(operands.WORD, place_of(tokens), near=near, facts=facts)

    def _near_word(self, kind: OperandKind, text: str) -> str:
        """The choice, the register or the name of one that a word may have meant, or how a register gets its name."""
        if kind.choices:
            return naming.meant(text, kind.choices)
        if text.lower() in _WRITTEN[kind.name]:
            return naming.meant(text, [text.lower()])
        symbols, written = self.draft.symbols, _WRITTEN[kind.name]
        if text in symbols or text[1:].isdecimal() or is_reserved(text):
            return ""
        named = [name for name, known in symbols.items() if isinstance(known, str) and known in written]
        return naming.meant(text, named) or f"name one: .equ {text}, {kind.prefix}0"

    def _named(self, operand: Operand, tokens: list[Token]) -> int:
        """The number of a name in a table. A layer's name is given its number at its first use."""
        token_kind, text, _ = tokens[0]
        name = text[1:-1] if token_kind == "string" else text
        if len(tokens) > 1 or token_kind not in ("name", "string") or not is_name(name):
            facts = {"operand": operand.name, "what": operand.doc, "text": _shown(tokens)}
            raise Mistake(operands.A_NAME, place_of(tokens), facts=facts)
        draft = self.draft
        if operand.kind.table == "layer":
            number = draft.layers.setdefault(name, len(draft.layers))
            if number > operand.kind.high:
                raise Mistake(operands.AT_MOST, place_of(tokens), most=operand.kind.high + 1, what="layers")
            return number
        table = draft.table(operand.kind.table)
        if name not in table:
            if (operand.kind.table, name) in draft.declared or name in self.parsed.doubtful:
                raise Consequence(texts.CONSEQUENCE, place_of(tokens), reason=f"`{name}` is declared wrongly")
            facts = {"what": _TABLES[operand.kind.table], "name": name, "directive": operand.kind.table}
            raise Mistake(operands.NOT_DECLARED, place_of(tokens), near=partial(naming.meant, name, table), facts=facts)
        return list(table).index(name)

    def _rules(self) -> None:
        """The rules of acortex.isa.checks, each reported at the operand that breaks it."""
        if not self.instructions and not self.report:
            self.report.add(1, Mistake(NO_INSTRUCTIONS))
        unread = [None] if self.parsed.broken_lines else []
        for problem in check([*self.instructions, *unread], {}):
            statement = self.parsed.instructions[problem.index]
            notes = tuple(self._note(message, index) for message, index in problem.see)
            facts = {name: self._spoken(fact) for name, fact in problem.facts.items()}
            self.report.add(statement.line, _placed(problem, statement, notes, facts))

    def _spoken(self, fact: object) -> object:
        """A fact as a source has it: instructions by their lines."""
        lines = self.parsed.instructions
        if isinstance(fact, Address) and fact.index < len(lines):
            return self.source.spoken(lines[fact.index].line)
        if isinstance(fact, Addresses):
            first, last = (self.source.spoken(lines[index].line) for index in (fact.first, fact.last))
            return f"lines {first.removeprefix('line ')} to {last.removeprefix('line ')}"
        return fact

    def _note(self, message: str, index: int) -> Note:
        """An instruction as a further place of a mistake."""
        statement = self.parsed.instructions[index]
        return Note(message, statement.line, statement.head[2] + 1)

    def program(self) -> Program:
        """What the text makes, after a `run` that reported nothing."""
        draft, file = self.draft, Path(self.source.file)
        instructions = self.parsed.instructions
        return Program(
            name=draft.name or (file.stem if is_name(file.stem) and file.suffix else "program"),
            chip=draft.chip or DEFAULT_CHIP,
            chip_at=draft.chip_at,
            words=np.array(self.words, dtype=np.uint64),
            lines=tuple(self.source.kept(one.line) for one, _ in zip(instructions, self.words, strict=True)),
            weights=tuple(draft.weights.values()),
            constants=tuple(draft.constants.values()),
            memory=tuple(draft.memory),
            inputs=tuple(draft.inputs.values()),
            outputs=tuple(draft.outputs.values()),
            layers=tuple(draft.layers),
            samples=draft.samples,
            labels=draft.labels,
            targets=dict(self.parsed.labels),
            calls=calls_of(self.source, [one.line for one in instructions]),
            parts=tuple(draft.parts.values()),
            results=tuple(draft.results.values()),
        )


def _shown(tokens: list[Token]) -> str:
    return " ".join(token[1] for token in tokens)[:40]


def _wanted(kind: OperandKind) -> str:
    """What an operand of registers or choices may be."""
    if kind.choices:
        return any_of(kind.choices)
    words = "".join(f" or {word}" for word, _ in kind.words)
    return f"{kind.doc} ({kind.prefix}0 to {kind.prefix}{kind.registers[-1]}{words})"


def _placed(problem: Problem, statement: Statement, notes: tuple[Note, ...], facts: Facts) -> Mistake:
    """A broken rule at the operand that breaks it, or at the mnemonic."""
    head, tokens = statement.head, [statement.head]
    if problem.operand:
        fields = bind(head, statement.arguments, tuple(MNEMONICS[head[1]].by_name))
        tokens = fields.get(problem.operand, tokens)
    return Mistake(problem.row, place_of(tokens), notes=notes, facts=facts)
