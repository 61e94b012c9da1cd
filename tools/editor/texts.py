"""What editors show of the words of the language, as Markdown: from the tables of instructions and directives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from acortex.isa.asm.directives import DIRECTIVES, FIELDS, TEXT
from acortex.isa.codec import operand_text
from acortex.isa.manual import syntax
from acortex.isa.operands import OperandKind
from acortex.isa.table import InstructionRow, Operand
from acortex.tools.commands.isa import ALLOWED, TIMED, TITLES
from acortex.tools.editor.costs import Cost, Costs
from acortex.tools.editor.family import Family
from acortex.tools.editor.index import GLOBAL
from acortex.units import joules, scaled
from acortex.wording import count

REGISTER_WORDS = {"stream": "base", "quantiser": "quant", "window": "window", "group": "group", "loop": "loop"}
"""The instruction that sets a register of each kind."""

Value = Callable[[Operand], str]
"""What an operand of an instruction is: its value as text, or nothing."""


def code(text: str) -> str:
    """A text as code, in a block of its own."""
    return f"```acortex\n{text}\n```"


def written(kind: OperandKind) -> str:
    """How an operand of a kind is written: its range, its registers or its choices."""
    words = "".join(f" or {word}" for word, _ in kind.words)
    if kind.choices:
        return ", ".join(kind.choices)
    if kind.prefix:
        return f"{kind.prefix}{kind.registers[0]} to {kind.prefix}{kind.registers[-1]}{words}"
    if kind.table:
        return "a label" if kind.table == "label" else "a name"
    return f"{kind.numbers[0]:,} to {kind.numbers[-1]:,}{words}"


def instruction(row: InstructionRow, value: Value | None = None) -> str:
    """An instruction: its syntax, what it does, who executes it, and its operands, with their values where known."""
    by = TITLES.get(row.agent, row.agent)
    parts = [code(syntax(row)), row.doc, f"Executed by {by}, allowed {ALLOWED[row.setup]}. Time: {TIMED[row.timing]}."]
    if row.operands:
        parts.append("\n".join(_table(row, value)))
    return "\n\n".join(parts)


def _table(row: InstructionRow, value: Value | None) -> Iterator[str]:
    columns = ("operand", *(["value"] if value else []), "may be", "meaning")
    yield f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    for one in row.operands:
        shown = f" {value(one) or default(one)} |" if value else ""
        yield f"| `{one.name}` |{shown} {written(one.kind)} | {_cell(one.doc)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def default(operand: Operand) -> str:
    """The value of an operand that is left out, in words."""
    if operand.default is None:
        return ""
    return f"{operand_text(operand.kind, operand.default, {})} (left out)"


def operand(mnemonic: str, one: Operand, shown: str = "") -> str:
    """An operand of an instruction."""
    value = f": {shown}" if shown else ""
    left_out = "" if one.default is None else f" Left out: {operand_text(one.kind, one.default, {})}."
    return f"`{one.name}` of `{mnemonic}`{value}\n\n{one.doc}. {_capital(written(one.kind))}.{left_out}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text[:1].isalpha() and " " in text and text[1:2] != "0" else text


def directive(name: str) -> str:
    """A directive: its syntax, its meaning, its fields."""
    if name in TEXT:
        form, doc = TEXT[name]
        return f"{code(form)}\n\n{doc}"
    if name not in DIRECTIVES:
        return f"`{name}`: a part of the text that a directive above it begins. See `acortex isa macros`."
    row = DIRECTIVES[name]
    fields = [f"- `{one}`: {FIELDS[one]}" for one in row.required]
    fields += [f"- `{one}=`, may be left out: {FIELDS[one]}" for one in row.optional]
    return "\n\n".join((code(directive_syntax(name)), row.doc, "\n".join(fields)))


def directive_syntax(name: str) -> str:
    """One line with all fields of a directive, those that may be left out in brackets."""
    if name not in DIRECTIVES:
        return TEXT[name][0] if name in TEXT else name
    row = DIRECTIVES[name]
    return f"{name} {', '.join([*row.required, *(f'[{field}=]' for field in row.optional)])}"


def macro(family: Family, name: str) -> str:
    """A macro: its first line, and the comment above it."""
    owner = family.macro(name)
    if owner is None or owner[1] == GLOBAL:
        return f"`{name}`: no macro of this name is known"
    index = family.files[owner[0]]
    start = index.blocks[owner[1]].start
    line = index.lines[start]
    comment = index.parts[start].comment
    head = line[: comment.column if comment else None].strip()
    return "\n\n".join(filter(None, (code(head), comment_above(index.lines, start), _own(comment and comment.text))))


def _own(comment: str | None) -> str:
    return comment.lstrip(";# ").strip() if comment else ""


def comment_above(lines: Sequence[str], line: int) -> str:
    """The comment in the lines right above one."""
    found: list[str] = []
    while line > 0 and lines[line - 1].lstrip()[:1] in (";", "#") and len(found) < 40:
        line -= 1
        found.append(lines[line].strip().lstrip(";#").removeprefix(" "))
    return "\n".join(reversed(found))


def cost(costs: Costs, addresses: Sequence[int]) -> str:
    """What the instructions of a line take, without waits."""
    if costs.missing:
        return f"Cycles and energy are not known: {costs.missing} on {costs.chip}."
    found = [costs.by_address[pc] for pc in addresses if pc in costs.by_address]
    if not found:
        return f"Not issued in the run of one inference on {costs.chip}: set-up is over before its cycle 0."
    return f"On {costs.chip}, without waits: {_spent(found)}; measured over {count(_issued(found), 'issue')}."


def _issued(found: Sequence[Cost]) -> int:
    return sum(one.issued for one in found)


def _spent(found: Sequence[Cost]) -> str:
    """The mean of each unit's busy cycles, and of the energy, per issue."""
    issued = _issued(found) or 1
    busy: dict[str, int] = {}
    for one in found:
        for unit, cycles in one.busy.items():
            busy[unit] = busy.get(unit, 0) + cycles
    times = [f"{unit} {_mean(cycles, issued)}" for unit, cycles in busy.items()]
    energy = scaled(joules(sum(one.energy_aj for one in found)) / issued, "J")
    return f"busy cycles {', '.join(times)}; energy {energy}, leakage apart"


def _mean(total: int, issued: int) -> str:
    return f"{total // issued:,}" if total % issued == 0 else f"{total / issued:,.1f}"
