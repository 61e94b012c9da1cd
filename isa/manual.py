"""The reference of the instruction set, as plain data, from the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acortex.errors import UsageError
from acortex.isa.codec import operand_text
from acortex.isa.operands import OperandKind
from acortex.isa.table import MNEMONICS, ROWS, InstructionRow, Operand
from acortex.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acortex.isa.results import Manual
    from acortex.isa.rules import Rule


def manual(name: str | None = None) -> Manual:
    """The whole reference, or the instruction, the directive or the topic of a name.

    Raises UsageError for an unknown name.
    """
    from acortex.isa.results import Manual  # pydantic comes with it, and the table costs none

    about = topics(name)
    rows = [] if name and (about or name.startswith(".")) else reference(name)
    said = [] if name and (about or rows) else directives(name)
    return Manual.model_validate({"instructions": rows, "directives": said, "topics": about})


def reference(mnemonic: str | None = None) -> list[dict[str, object]]:
    """Every instruction in the order of the table, or the one that is named, as plain dictionaries.

    Keys: mnemonic, opcode, agent, timing, setup (True: only before `start`, False: only after it, None: both), doc,
    syntax, operands, fields (what the word holds), refusals (codes of what it is refused for though each operand is
    within its range), and example: its source text and its word in hex. Raises UsageError for an unknown mnemonic.
    """
    if mnemonic is None:
        return [_instruction(row) for row in ROWS]
    if mnemonic not in MNEMONICS:
        from acortex.isa.topics import TOPICS  # numpy comes with it, and the table costs none

        hint = did_you_mean(mnemonic, [*MNEMONICS, *TOPICS], "`acortex isa` lists the instructions")
        raise UsageError(f"no instruction is called `{mnemonic[:40]}`", hint=hint)
    return [_instruction(MNEMONICS[mnemonic])]


def directives(name: str | None = None) -> list[dict[str, object]]:
    """Every directive of a source text, or the one that is named, as plain dictionaries.

    Keys: directive, syntax, doc and fields, each with its name, whether it is required, and doc. Raises UsageError for
    an unknown name.
    """
    from acortex.isa.asm.directives import DIRECTIVES, FIELDS, TEXT  # numpy comes with it, and the table costs none

    rows: list[dict[str, object]] = [
        {
            "directive": found,
            "syntax": f"{found} {', '.join([*row.required, *(f'[{field}=]' for field in row.optional)])}",
            "doc": row.doc,
            "fields": [
                {"name": field, "required": field in row.required, "doc": FIELDS[field]}
                for field in (*row.required, *row.optional)
            ],
        }
        for found, row in DIRECTIVES.items()
    ]
    rows += [{"directive": found, "syntax": syntax, "doc": doc, "fields": []} for found, (syntax, doc) in TEXT.items()]
    wanted = [row for row in rows if name in (None, row["directive"])]
    if not wanted:
        known = [str(row["directive"]) for row in rows]
        hint = did_you_mean(str(name), known, f"known are {', '.join(known)}")
        raise UsageError(f"no directive is called `{str(name)[:40]}`", hint=hint)
    return wanted


def topics(name: str | None = None) -> list[dict[str, object]]:
    """What is to be known beside instructions and directives: every topic, or the one of this name if there is one.

    Keys: topic, title, text (a list of paragraphs) and rows, each with its name and text.
    """
    from acortex.isa.topics import TOPICS  # as in `reference`

    return [
        {
            "topic": found,
            "title": topic.title,
            "text": list(topic.text),
            "rows": [{"name": row, "text": text} for row, text in topic.rows],
        }
        for found, topic in TOPICS.items()
        if name in (None, found)
    ]


def _instruction(row: InstructionRow) -> dict[str, object]:
    return {
        "mnemonic": row.mnemonic,
        "opcode": row.opcode,
        "agent": row.agent,
        "timing": row.timing,
        "setup": row.setup,
        "doc": row.doc,
        "syntax": syntax(row),
        "operands": [_operand(operand) for operand in row.operands],
        "fields": [_field(operand) for operand in row.operands],
        "refusals": [{"code": rule.code, "title": rule.title} for rule in _refusals(row)],
        "example": {"source": row.example, "word": f"{row.word:#018x}"},
    }


def _refusals(row: InstructionRow) -> Sequence[Rule]:
    from acortex.isa.language.program import refusals  # as in `reference`

    return refusals(row.mnemonic, row.by_name)


def _operand(operand: Operand) -> dict[str, object]:
    """An operand: where it stands in the word, and what it may be.

    `written` says how the source writes it; `default` is None where it must be given, `choices` the names it may be,
    `low` and `high` the numbers.
    """
    kind = operand.kind
    return {
        "name": operand.name,
        "kind": kind.name,
        "bits": kind.bits,
        "shift": operand.shift,
        "low": kind.numbers[0],
        "high": kind.numbers[-1],
        "default": None if operand.default is None else operand_text(kind, operand.default, {}),
        "written": _written(kind),
        "choices": [*kind.choices, *(word for word, _ in kind.words)],
        "doc": operand.doc,
    }


def _field(operand: Operand) -> dict[str, object]:
    """The field of an operand in the word: what it holds for a number, and the code of each name that it may be."""
    kind = operand.kind
    holds = "two's complement" if kind.signed else f"value - {kind.base}" if kind.base else "value"
    codes = {**{choice: code for code, choice in enumerate(kind.choices)}, **dict(kind.words)}
    return {"name": operand.name, "holds": holds, "codes": codes}


def _written(kind: OperandKind) -> str:
    if kind.choices:
        return " | ".join(kind.choices)
    words = "".join(f" | {word}" for word, _ in kind.words)
    if kind.prefix:
        return f"{kind.prefix}{kind.registers[0]}..{kind.prefix}{kind.registers[-1]}{words}"
    if kind.table:
        return "label" if kind.table == "label" else "name"
    return f"{kind.numbers[0]}..{kind.numbers[-1]}{words}"


def syntax(row: InstructionRow) -> str:
    """One line with all operands of an instruction, optional ones in brackets."""
    return f"{row.mnemonic} {', '.join(map(_place, row.operands))}".rstrip()


def _place(operand: Operand) -> str:
    if operand.default is None:
        return operand.name
    return f"[{operand.name}={operand_text(operand.kind, operand.default, {})}]"
