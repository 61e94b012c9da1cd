"""The page docs/reference/instructions.md: each instruction by its row, its code, its times and its prices.

python -m acortex.tools.manual.instructions > docs/reference/instructions.md
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from textwrap import wrap
from types import MappingProxyType

from acortex.isa import semantics, sequencer
from acortex.isa.manual import reference, syntax
from acortex.isa.table import OPCODE_BITS, ROWS, WORD_BITS, InstructionRow
from acortex.sim.chip.prices import KINDS, prices
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.reprice import BASE
from acortex.tools.timing_page import waiting
from acortex.tools.views.manual_words import ALLOWED, TIMED, TITLES
from acortex.units import AJ_PER_PJ

LINE = 96
"""Characters of a line of an encoding diagram."""

INTRODUCTION = f"""\
# The instruction set

An instruction is a word of {WORD_BITS} bits. The opcode stands in its top {OPCODE_BITS} bits; the operands follow from
bit {WORD_BITS - OPCODE_BITS - 1} downwards, in the order in which the source writes them. Bits left over are 0.

Each section has the same parts: how the instruction is written, its word, its operands, what it computes, what it
costs, and an example. *What it computes* is the code of the simulator itself: the function that the executor calls.
`Flow` says how many items the instruction takes from which pipe and gives to which, and whether it reads or writes main
memory. Prices are those of the chip `{BASE}`.

The page is made of the table of instructions by `make pages`. `acortex isa MNEMONIC` prints the same rows in a
terminal; [the language](language.md) has what stands around instructions.
"""

Key = str | tuple[str, str]

EVENTS: Mapping[Key, tuple[str, ...]] = MappingProxyType(
    {
        ("controller", "issue"): (),
        ("program_erase", "array"): ("program_erase.write",),
        ("any", "sync"): ("sync",),
        ("host_in", "word"): ("host.in", "memory.write"),
        ("host_out", "word"): ("memory.read", "host.out"),
        ("read", "word"): ("memory.read", "bus.down"),
        ("operand", "word"): ("memory.read",),
        ("write", "word"): ("memory.write", "bus.up"),
        ("host", "work"): ("host.work",),
        ("buffer", "position"): ("buffer.slide",),
        "connect": ("vmm.connect",),
        "disconnect": ("vmm.disconnect",),
        ("vmm", "position"): ("vmm.load", "vmm.frame"),
        ("neurons", "position"): ("neurons.convert",),
        ("vector", "step"): ("vector.step", "bus.up"),
    }
)
"""The events that an instruction makes beside its issue, by its mnemonic, else by its agent and its timing class."""

UNITS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "read": ("main_memory/read",),
        "operand": ("main_memory/operand",),
        "write": ("main_memory/write",),
        "host_in": ("host/in",),
        "host_out": ("host/out",),
        "host": ("host/work",),
        "vmm": ("vmm/load", "vmm/frame"),
    }
)
"""The units of an agent, where they are not of its own name."""

NORM: Mapping[str, str] = MappingProxyType(
    {
        "controller": "the-controller",
        "any": "agents",
        "host": "the-hosts-work",
        "buffer": "buffer",
        "vmm": "vmm",
        "neurons": "neurons",
        "vector": "vector",
        "program_erase": "program-and-erase",
    }
)
"""The section of docs/timing.md for each agent; those of main memory share one."""

MEMORY_NORM = "main-memory-and-its-arbiter"


def events_of(row: InstructionRow) -> tuple[str, ...]:
    """The kinds of events that an instruction makes beside its issue."""
    return EVENTS[row.mnemonic] if row.mnemonic in EVENTS else EVENTS[row.agent, row.timing]


def diagram(row: InstructionRow) -> str:
    """The word of an instruction as a picture of text: the bits of each field above its name."""
    cells = [("opcode", WORD_BITS - 1, WORD_BITS - OPCODE_BITS)]
    cells += [(operand.name, operand.shift + operand.kind.bits - 1, operand.shift) for operand in row.operands]
    last = cells[-1][2]
    cells += [("0", last - 1, 0)] if last else []
    lines: list[list[tuple[str, int, int]]] = [[]]
    for cell in cells:
        if sum(_width(each) + 1 for each in (*lines[-1], cell)) > LINE:
            lines.append([])
        lines[-1].append(cell)
    return "\n".join(map(_boxes, lines))


def _width(cell: tuple[str, int, int]) -> int:
    name, high, low = cell
    return max(len(name) + 2, len(_bits(high, low)) + 1)


def _bits(high: int, low: int) -> str:
    return str(high) if high == low else f"{high}  {low}"


def _boxes(cells: list[tuple[str, int, int]]) -> str:
    bits, names = " ", "│"
    for cell in cells:
        name, high, low = cell
        width = _width(cell)
        ends = str(high) if high == low else f"{high}{str(low).rjust(width - len(str(high)))}"
        bits += ends.ljust(width) + " "
        names += name.center(width) + "│"
    line = [("─" * _width(cell)) for cell in cells]
    return "\n".join([bits.rstrip(), f"┌{'┬'.join(line)}┐", names, f"└{'┴'.join(line)}┘"])


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    costs, causes = _costs(), waiting()
    for agent in dict.fromkeys(row.agent for row in ROWS):
        title = TITLES.get(agent, f"the agent `{agent}`")
        yield f"## {title[0].upper()}{title[1:]}\n"
        for row in ROWS:
            if row.agent == agent:
                yield from _section(row, costs, causes)


def _section(row: InstructionRow, costs: Mapping[str, str], causes: Mapping[str, list[str]]) -> Iterator[str]:
    (known,) = reference(row.mnemonic)
    yield f"### {row.mnemonic}\n"
    yield f"```text\n{syntax(row)}\n```\n"
    yield f"{_wrapped(row.doc)}\n"
    yield f"```text\n{diagram(row)}\n```\n"
    if row.operands:
        yield from _operands(row, known["operands"])
    yield from _code(row)
    norm = f"../timing.md#{NORM.get(row.agent, MEMORY_NORM)}"
    made = events_of(row)
    facts = [
        f"- **Stands** {ALLOWED[row.setup]}.",
        f"- **Takes time** [{_time(row)}]({norm}).",
        *_waits(row, causes),
        f"- **Costs** {'; '.join(costs[kind] for kind in made) or 'nothing of its own'}.",
    ]
    yield from (_wrapped(fact, "  ") for fact in facts)
    for rule in known["refusals"]:  # type: ignore[attr-defined]  # plain data of the manual
        yield f"- **Rule** {rule['code']}: {rule['title'][0].lower()}{rule['title'][1:].rstrip('.')}."
    yield ""
    yield f"```acortex\n        {row.example}\n```\n"
    yield f"makes the word `{row.word:#018x}`.\n"


def _operands(row: InstructionRow, known: object) -> Iterator[str]:
    yield "| operand | bits | written | if left out | field of the example | meaning |\n|---|---|---|---|---|---|"
    for operand in known:  # type: ignore[attr-defined]  # plain data of the manual
        high, low = operand["shift"] + operand["bits"] - 1, operand["shift"]
        default = "" if operand["default"] is None else f"`{operand['default']}`"
        written = " or ".join(f"`{part}`" for part in operand["written"].split(" | "))
        bits = str(high) if high == low else f"{high}:{low}"
        field = row.word >> low & ((1 << operand["bits"]) - 1)
        yield f"| {operand['name']} | {bits} | {written} | {default} | `{field:#x}` | {operand['doc']} |"
    yield ""


def _code(row: InstructionRow) -> Iterator[str]:
    """The functions that the executor calls, as directives that show them."""
    if row.mnemonic in sequencer.CONTROL:
        yield _shown("isa/sequencer.py", f"Sequencer.{sequencer.CONTROL[row.mnemonic].__name__}", ":dedent: 4\n")
        return
    meaning = semantics.MEANINGS.get(row.mnemonic)
    if meaning is None:
        yield f"It moves no items; its effect is to {row.effect}.\n"
        return
    flow = meaning.flow
    inner = _named(flow)
    if inner:
        yield _shown("isa/semantics.py", inner)
    yield _shown("isa/semantics.py", meaning.compute.__name__)


def _named(flow: Callable[..., object]) -> str:
    """The function of the module that a flow is, or that a short one calls; "" where it says all itself."""
    if flow.__name__ != "<lambda>":
        outer = flow.__qualname__.partition(".")[0]
        return outer if inspect.isfunction(getattr(semantics, outer, None)) else ""
    called = [name for name in flow.__code__.co_names if name.endswith("_flow")]
    return called[0] if called else ""


def _shown(file: str, name: str, more: str = "") -> str:
    return f"```{{literalinclude}} ../../{file}\n:pyobject: {name}\n:language: python\n{more}```\n"


def _wrapped(text: str, indent: str = "") -> str:
    return "\n".join(wrap(text, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))


def _time(row: InstructionRow) -> str:
    return TIMED[row.timing].replace("`", "")


def _waits(row: InstructionRow, causes: Mapping[str, list[str]]) -> Iterator[str]:
    """What the units that carry an instruction out can wait for."""
    if row.agent in ("controller", "any", "program_erase", "host"):
        return
    for unit in UNITS.get(row.agent, (row.agent,)):
        links = ", ".join(f"[{cause}](waits.md#{cause})" for cause in causes[unit])
        yield f"- **Waits** in `{unit}` for {links}."


def _costs() -> dict[str, str]:
    """What each kind of event costs on the chip of the page, in words."""
    known = prices(load_chip(BASE)).by_component
    return {kind.name: _cost(kind.name, kind.unit, known[kind.index]) for kind in KINDS}


def _cost(kind: str, unit: str, parts: Mapping[str, int]) -> str:
    paid = [f"{amount / AJ_PER_PJ:.4g} pJ ({name})" for name, amount in parts.items() if amount]
    return f"`{kind}` for each of the {unit}: {' + '.join(paid) or 'no energy of its own'}"


if __name__ == "__main__":
    print(page(), end="")
