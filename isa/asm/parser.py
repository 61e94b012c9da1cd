"""The first pass: lines become statements, and labels get their addresses.

A line is `label: … mnemonic argument, argument, name=argument ; comment`, each part of it optional; a directive stands
where a mnemonic does. `.row` and `.blob` lines belong to the directive before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat, takewhile

import numpy as np
from numpy.typing import NDArray

from acortex.isa.asm.lexer import Token, number_of, place_of, tokens_of
from acortex.isa.language import data, names, operands
from acortex.isa.language import text as texts
from acortex.isa.language.diagnostics import Mistake, MistakeLog
from acortex.isa.language.source import Note, Source
from acortex.isa.operands import KINDS
from acortex.wording import count

MAX_INSTRUCTIONS = 1 << KINDS["target"].bits
"""As many as a jump can reach."""

MAX_TOKENS = 700_000
"""A bound on the memory and time that a hostile text can take."""

WRONG = 7
"""What a line that is wrong takes of that: behind a hundred thousand of them a text is read no further."""

ALIGN = ".align"

JOINED = {"shape": " x ", "axes": "."}
"""What stands between the parts of fields that other languages write with commas."""

DATA_DIRECTIVES = (".weights", ".constants", ".part", ".memory", ".samples", ".labels")

Argument = tuple[Token | None, list[Token]]
"""An argument: the token of its name where it has one, and the tokens of its value."""

_ROW = re.compile(r"[ \t]*\.row[ \t]+((?:[+-]?[0-9]{1,9}[ \t]*,[ \t]*)*[+-]?[0-9]{1,9})[ \t]*(?:[;#].*)?", re.ASCII)
_RESERVED = re.compile("|".join(f"{kind.prefix}[0-9]+" for kind in KINDS.values() if kind.prefix), re.ASCII)
_LABELS = re.compile(r"(?:[ \t]*[A-Za-z_][A-Za-z0-9_.]*[ \t]*:)*", re.ASCII)
_DECLARATION = re.compile(r"[ \t]*(\.[A-Za-z_]+)[ \t]*\"?([A-Za-z0-9_.]*)", re.ASCII)
_REGISTERS = [{f"{kind.prefix}{number}" for number in kind.registers} for kind in KINDS.values() if kind.prefix]
_WORDS = {word for kind in KINDS.values() for word, _ in kind.words}


@dataclass(slots=True)
class DataLine:
    """A `.row` (its values, or its arguments where they are no plain numbers) or a `.blob` (its string's token)."""

    line: int
    values: NDArray[np.int32] | None = None
    arguments: list[Argument] = field(default_factory=list)
    blob: Token | None = None


@dataclass(slots=True)
class Statement:
    """An instruction or a directive: its line (from 1), its first word, its arguments, and the data that follow it."""

    line: int
    head: Token
    arguments: list[Argument]
    data: list[DataLine] = field(default_factory=list)
    unread: bool = False
    """Whether its arguments could not be read, which is reported already."""


@dataclass(slots=True)
class Parsed:
    """A source text after the first pass. `labels` gives each label's address, `defined` where each symbol is:
    line and column.
    """

    instructions: list[Statement] = field(default_factory=list)
    directives: list[Statement] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    defined: dict[str, tuple[int, int]] = field(default_factory=dict)
    broken_lines: int = 0
    """How many lines could not be read; what they would have held is unknown."""
    doubtful: set[str] = field(default_factory=set)
    """Names that lines which could not be read may have declared."""
    spoken: Callable[[int], str] = "line {}".format
    """A line in the words of a message."""


def parse(
    source: Source, report: MistakeLog, cut: Sequence[list[Token] | None] = (), broken: Container[int] = ()
) -> Parsed:
    """Reads all lines. Mistakes go to the report, a line at a time.

    `cut` are the tokens of lines that are cut already; `broken` are lines that could not be read, which is reported.
    """
    parsed = Parsed(spoken=source.spoken)
    budget = MAX_TOKENS
    for number, (text, known) in enumerate(zip(source.lines, cut or repeat(None), strict=False), start=1):
        try:
            row = None if known is not None else _ROW.fullmatch(text)
            if row:
                values = np.array(row[1].split(","), dtype=np.int32)
                _owner(parsed, (".row", ".row", text.index("."))).data.append(DataLine(number, values))
                continue
            if number in broken:
                _break(parsed, text)
                continue
            tokens = tokens_of(text, source.is_marked(number)) if known is None else known
            budget -= len(tokens)
            if budget < 0:
                raise Mistake(texts.MANY_WORDS, most=MAX_TOKENS)
            if tokens:
                _line(parsed, number, tokens)
        except Mistake as mistake:
            _break(parsed, text)
            report.add(number, mistake)
            budget -= WRONG
            if budget < 0:
                break
    return parsed


def _line(parsed: Parsed, number: int, tokens: list[Token]) -> None:
    start = 0
    while len(tokens) > start + 1 and tokens[start + 1][1] == ":":
        _label(parsed, number, tokens[start])
        start += 2
    if start == len(tokens):
        return
    head = tokens[start]
    if head[0] == "name":
        if len(parsed.instructions) >= MAX_INSTRUCTIONS:
            raise Mistake(texts.MANY_INSTRUCTIONS, place_of([head]), most=MAX_INSTRUCTIONS)
        statement = Statement(number, head, [], unread=True)
        parsed.instructions.append(statement)
        statement.arguments = arguments_of(tokens, start + 1)
        statement.unread = False
    elif head[0] == "directive":
        _directive(parsed, number, head, tokens[start + 1 :])
    else:
        raise Mistake(texts.NO_HEAD, place_of([head]), text=head[1][:40])


def _break(parsed: Parsed, text: str) -> None:
    """Notes what a line that could not be read would have given, so that one mistake is not reported as several."""
    parsed.broken_lines += 1
    labels = _LABELS.match(text)
    for name in labels[0].split(":")[:-1] if labels else ():
        parsed.labels.setdefault(name.strip(), len(parsed.instructions))
    declaration = _DECLARATION.match(text)
    if declaration and declaration[1] in (".row", ".blob"):
        for owner in parsed.directives[-1:]:
            owner.unread = True
            parsed.doubtful.update(token[1] for _, tokens in owner.arguments[:1] for token in tokens)
    elif declaration:
        parsed.doubtful.add(declaration[2])


def _label(parsed: Parsed, number: int, token: Token) -> None:
    define(parsed, number, token, "label")
    parsed.labels[token[1]] = len(parsed.instructions)


def define(parsed: Parsed, number: int, token: Token, what: str) -> None:
    """Takes note of a new symbol. Raises Mistake where the name is taken, or means something else."""
    kind, name, column = token
    place = place_of([token])
    if kind != "name":
        raise Mistake(names.NO_NAME, place, text=name[:40], what=what)
    if is_reserved(name):
        raise Mistake(names.RESERVED, place, name=name, what=what)
    if name in parsed.defined:
        line, known = parsed.defined[name]
        raise Mistake(
            names.TWICE,
            place,
            notes=(Note("the first definition", line, known + 1),),
            name=name,
            known=parsed.spoken(line),
        )
    parsed.defined[name] = number, column


def is_register(name: str) -> bool:
    """Whether a word names a register, a token, a quantiser, a group or a window."""
    return any(name in written for written in _REGISTERS)


def is_reserved(name: str) -> bool:
    """Whether a word means something in the language, so that it can name nothing else."""
    return bool(_RESERVED.fullmatch(name)) or name in _WORDS


def _directive(parsed: Parsed, number: int, head: Token, rest: list[Token]) -> None:
    if head[1] == ".row":
        _owner(parsed, head).data.append(DataLine(number, arguments=arguments_of(rest, 0)))
    elif head[1] == ".blob":
        if len(rest) != 1 or rest[0][0] != "string":
            raise Mistake(data.ONE_BLOB, place_of([head]))
        _owner(parsed, head).data.append(DataLine(number, blob=rest[0]))
    elif head[1] == ALIGN:
        _align(parsed, number, head, number_of(rest[0]))
    else:
        parsed.directives.append(Statement(number, head, arguments_of(rest, 0)))


def _align(parsed: Parsed, number: int, head: Token, multiple: int) -> None:
    """Puts `nop` until the address of the next instruction is a multiple of a number."""
    while len(parsed.instructions) % multiple:
        if len(parsed.instructions) >= MAX_INSTRUCTIONS:
            raise Mistake(texts.MANY_INSTRUCTIONS, place_of([head]), most=MAX_INSTRUCTIONS)
        parsed.instructions.append(Statement(number, ("name", "nop", head[2]), []))


def _owner(parsed: Parsed, head: Token) -> Statement:
    """The directive that a line of data belongs to."""
    last = parsed.directives[-1] if parsed.directives else None
    if last is None or last.head[1] not in DATA_DIRECTIVES:
        raise Mistake(data.ORPHAN, place_of([head]), head=head[1], owners=", ".join(DATA_DIRECTIVES))
    return last


def arguments_of(tokens: list[Token], start: int) -> list[Argument]:
    """Cuts the tokens from `start` on at their commas, those between parentheses left out."""
    rest = tokens[start:]
    if not rest:
        return []
    parts = at_commas(rest)
    if len(parts) > 1 and any(token[1] == "(" for token in rest):
        parts = _at_outer_commas(rest)
    return [_argument(part, rest, number) for number, part in enumerate(parts)]


def at_commas(tokens: Sequence[Token]) -> list[list[Token]]:
    """Some tokens, cut at each comma."""
    current: list[Token] = []
    parts = [current]
    for token in tokens:
        if token[1] == ",":
            current = []
            parts.append(current)
        else:
            current.append(token)
    return parts


def _at_outer_commas(tokens: Sequence[Token]) -> list[list[Token]]:
    """Some tokens, cut at the commas outside parentheses; a parenthesis that is never closed has no inside."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token[1] == "(") - (token[1] == ")")
        if token[1] == "," and depth <= 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts if depth <= 0 else at_commas(tokens)


def _argument(tokens: list[Token], among: Sequence[Token], number: int) -> Argument:
    """One argument, by its number among those that stand in some tokens."""
    if not tokens:
        raise Mistake(operands.EMPTY, place_of([_comma(among, number)]))
    if len(tokens) > 1 and tokens[1][1] == "=":
        if len(tokens) == 2 or tokens[0][0] != "name":
            raise Mistake(operands.HALF, place_of(tokens[:1]))
        return tokens[0], tokens[2:]
    return None, tokens


def _comma(tokens: Sequence[Token], number: int) -> Token:
    """The comma behind an argument, or else the last one."""
    commas = [token for token in tokens if token[1] == ","]
    return commas[min(number, len(commas) - 1)]


def bind(head: Token, arguments: list[Argument], fields: tuple[str, ...]) -> dict[str, list[Token]]:
    """Gives arguments to the fields they stand for: by position first, then by name.

    Raises Mistake for one too many, an unknown name, one given twice, or a position after a name.
    """
    given: dict[str, list[Token]] = {}
    for index, (name_token, tokens) in enumerate(arguments):
        if name_token is None:
            if index >= len(fields):
                takes = _takes(head, fields)
                most = f"at most {count(len(fields), 'operand')}" if fields else "no operands"
                raise Mistake(operands.MANY, place_of(tokens), head=head[1], most=most, takes=takes)
            if len(given) < index or (index and arguments[index - 1][0] is not None):
                raise Mistake(operands.ORDER, place_of(tokens), near=partial(_joined, arguments, index))
            given[fields[index]] = tokens
            continue
        name = name_token[1]
        if name not in fields:
            near, takes = partial(names.meant, name, fields), _takes(head, fields)
            raise Mistake(operands.UNKNOWN, place_of([name_token]), near=near, head=head[1], name=name, takes=takes)
        if name in given:
            first = Note("the first one", 0, place_of(given[name])[0] + 1)
            raise Mistake(operands.AGAIN, place_of([name_token]), name=name, notes=(first,))
        given[name] = tokens
    return given


def _joined(arguments: Sequence[Argument], index: int) -> str:
    """A field whose parts were given with commas between them, as it is written; empty where `index` is no such part.

    Arguments without a name follow the one that has that of the field.
    """
    first = index
    while first and arguments[first][0] is None:
        first -= 1
    name = arguments[first][0]
    behind = list(takewhile(lambda one: one[0] is None, arguments[first + 1 :]))
    if name is None or name[1] not in JOINED:
        return ""
    return parts_advice(name[1], [*arguments[first][1], *(token for _, tokens in behind for token in tokens)])


def parts_advice(field_name: str, tokens: Sequence[Token]) -> str:
    """What to write for a field whose parts stand among some tokens, between commas or in parentheses."""
    parts = [(kind, text) for kind, text, _ in tokens if text not in ("(", ")", ",", "x")]
    joint = JOINED[field_name]
    plain = all(kind in ("name", "number", "shape") for kind, _ in parts)
    form = f": {field_name}={joint.join(text for _, text in parts)[:60]}" if plain else ""
    return f"its parts have `{joint.strip()}` between them{form}"


def _takes(head: Token, fields: tuple[str, ...]) -> str:
    return f"its operands are {', '.join(fields)}" if fields else "leave it out"
