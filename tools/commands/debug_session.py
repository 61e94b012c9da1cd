"""The commands of the debugger's prompt: each a row with its usage, and what it does with a Debugger."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from acortex.errors import UsageError
from acortex.tools.views import debug as views
from acortex.wording import did_you_mean

if TYPE_CHECKING:
    from acortex.sim.debug.debugger import Debugger
    from acortex.sim.debug.results import Where

LONGEST = 1000
"""Characters of a command at most."""

MOST_WORDS = 256
"""Words of main memory that are printed at once."""


@dataclass
class Session:
    """A Debugger, and whether its user is done. A command is a line of text, and so is each part of its answer."""

    debugger: Debugger
    over: bool = False
    failed: bool = False
    """Whether the program was seen to fail."""

    def do(self, line: str) -> Iterator[str]:
        """Carries out a command; gives the lines of its answer. UsageError for what is no command."""
        name, *given = line[:LONGEST].split()
        command = COMMANDS.get(ALIASES.get(name, name))
        if command is None:
            hint = did_you_mean(name, COMMANDS, "`help` lists the commands", most=2)
            raise UsageError(f"no command is called {name[:80]!r}", hint=hint)
        if not command.least <= len(given) <= command.most:
            raise UsageError(f"{command.name} does not take `{' '.join(given)[:80]}`", hint=f"usage: {command.usage}")
        return command.carry_out(self, given)

    def told(self, found: Where) -> Iterator[str]:
        """Where a motion has ended."""
        self.failed |= found.error is not None
        return views.where(found)


class Command(NamedTuple):
    """A command: how it is written, what it does, how many arguments it takes, and what carries it out."""

    name: str
    usage: str
    about: str
    least: int
    most: int
    carry_out: Callable[[Session, Sequence[str]], Iterator[str]]


def _number(given: Sequence[str], what: str) -> int:
    """The number that a command takes, 1 where it is left out."""
    return _whole(given[0], what) if given else 1


def _whole(text: str, what: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}|0[xX][0-9a-fA-F]{1,15}", text):
        raise UsageError(f"{what} takes a whole number, not {text[:40]!r}", hint=f"for example: {what} 3")
    return int(text, 0) if text[:2] in ("0x", "0X") else int(text)


# Motions --------------------------------------------------------------------------------------------------------------


def _run(session: Session, given: Sequence[str]) -> Iterator[str]:
    return session.told(session.debugger.run())


def _continue(session: Session, given: Sequence[str]) -> Iterator[str]:
    return session.told(session.debugger.go_on())


def _step(session: Session, given: Sequence[str]) -> Iterator[str]:
    return session.told(session.debugger.step(_number(given, "step")))


def _cycle(session: Session, given: Sequence[str]) -> Iterator[str]:
    return session.told(session.debugger.cycles(_number(given, "cycle")))


def _back(session: Session, given: Sequence[str]) -> Iterator[str]:
    return session.told(session.debugger.back(_number(given, "back")))


def _until(session: Session, given: Sequence[str]) -> Iterator[str]:
    return session.told(session.debugger.until(" ".join(given)))


# Breakpoints ----------------------------------------------------------------------------------------------------------


def _break(session: Session, given: Sequence[str]) -> Iterator[str]:
    if not given:
        return views.breakpoints(session.debugger.breakpoints)
    return views.breakpoints([session.debugger.break_at(" ".join(given))])


def _watch(session: Session, given: Sequence[str]) -> Iterator[str]:
    return views.breakpoints([session.debugger.watch(_whole(given[0], "watch"))])


def _delete(session: Session, given: Sequence[str]) -> Iterator[str]:
    session.debugger.delete(_whole(given[0], "delete"))
    return views.breakpoints(session.debugger.breakpoints)


# Looks ----------------------------------------------------------------------------------------------------------------


def _where(session: Session, given: Sequence[str]) -> Iterator[str]:
    return views.around(session.debugger.where(), session.debugger.units())


def _list(session: Session, given: Sequence[str]) -> Iterator[str]:
    return views.listing(session.debugger.listing(" ".join(given)))


def _info(session: Session, given: Sequence[str]) -> Iterator[str]:
    return views.info(session.debugger)


def _print(session: Session, given: Sequence[str]) -> Iterator[str]:
    what, *more = given
    if re.fullmatch(r"g[0-9]{1,4}", what) and not more:
        what, more = "group", [what]
    printer = PRINTERS.get(what)
    if printer is None:
        hint = did_you_mean(what, PRINTERS, f"it prints {', '.join(PRINTERS)}")
        raise UsageError(f"print knows no {what[:80]!r}", hint=hint)
    usage, least, most, carry_out = printer
    if not least <= len(more) <= most:
        raise UsageError(f"print {what} does not take `{' '.join(more)[:80]}`", hint=f"usage: print {usage}")
    return carry_out(session.debugger, more)


def _memory(debugger: Debugger, given: Sequence[str]) -> Iterator[str]:
    first, dots, last = given[0].partition("..")
    low = _whole(first, "print memory")
    high = _whole(last, "print memory") if dots else low
    if high - low >= MOST_WORDS and high < debugger.prepared.chip.memory_words:
        raise UsageError(f"{given[0]} is {high - low + 1:,} words", hint=f"print {MOST_WORDS} of them at a time")
    return views.memory(debugger.memory(low, high))


def _group(debugger: Debugger, given: Sequence[str]) -> Iterator[str]:
    return views.group(debugger.group(_whole(given[0].removeprefix("g"), "print group")))


def _tensor(debugger: Debugger, given: Sequence[str]) -> Iterator[str]:
    return views.tensor(debugger.tensor(given[0], _whole(given[1], "print tensor NAME") if given[1:] else None))


Printer = tuple[str, int, int, "Callable[[Debugger, Sequence[str]], Iterator[str]]"]

PRINTERS: dict[str, Printer] = {
    "memory": ("memory A..B", 1, 1, _memory),
    "buffer": ("buffer", 0, 0, lambda debugger, given: views.buffer(debugger.buffer(), debugger.cycle)),
    "group": ("group gN", 1, 1, _group),
    "queues": ("queues", 0, 0, lambda debugger, given: views.queues(debugger.queues(), debugger.channels())),
    "tokens": ("tokens", 0, 0, lambda debugger, given: views.tokens(debugger.tokens())),
    "waits": ("waits", 0, 0, lambda debugger, given: views.waits(debugger.units())),
    "registers": ("registers", 0, 0, lambda debugger, given: views.registers(debugger.registers())),
    "tensor": ("tensor NAME [INFERENCE]", 1, 2, _tensor),
}
"""What `print` shows: its usage, how many arguments it takes, and what carries it out."""


def _help(session: Session, given: Sequence[str]) -> Iterator[str]:
    width = max(len(command.usage) for command in COMMANDS.values())
    yield from (f"{command.usage:<{width}}  {command.about}" for command in COMMANDS.values())
    yield f"short: {', '.join(f'{short} for {name}' for short, name in ALIASES.items())}"


def _quit(session: Session, given: Sequence[str]) -> Iterator[str]:
    session.over = True
    return iter(())


PLACE = "LINE|FILE:LINE|LABEL|cycle N|UNIT"

COMMANDS = {
    command.name: command
    for command in (
        Command("break", f"break {PLACE}", "stops there, from now on; alone it lists what is set", 0, 2, _break),
        Command("watch", "watch WORD", "stops after each write to a word of main memory", 1, 1, _watch),
        Command("delete", "delete NUMBER", "removes a breakpoint or a watch", 1, 1, _delete),
        Command("run", "run", "runs from cycle 0 to the first stop", 0, 0, _run),
        Command("continue", "continue", "runs to the next stop", 0, 0, _continue),
        Command("until", f"until [{PLACE}]", "runs to a place once; alone past the loop", 0, 2, _until),
        Command("step", "step [N]", "goes on to the issue of the next instruction", 0, 1, _step),
        Command("cycle", "cycle [N]", "goes on by cycles", 0, 1, _cycle),
        Command("back", "back [N]", "takes back steps and cycles, then goes back by instructions", 0, 1, _back),
        Command("where", "where", "the cycle, the next instruction, the units at work", 0, 0, _where),
        Command("list", "list [LINE|LABEL]", "the instructions around", 0, 2, _list),
        Command(
            "print", "print " + "|".join(usage for usage, *_ in PRINTERS.values()), "what the chip holds", 1, 3, _print
        ),
        Command("info", "info", "the program, the chip, the breakpoints", 0, 0, _info),
        Command("help", "help", "this list", 0, 0, _help),
        Command("quit", "quit", "ends the session", 0, 0, _quit),
    )
}
"""All commands, in the order of `help`."""

ALIASES = {
    "b": "break", "r": "run", "c": "continue", "u": "until", "s": "step", "w": "where", "l": "list", "p": "print",
    "i": "info", "h": "help", "q": "quit",
}  # fmt: skip
"""Short names of commands."""


def completions(text: str, line: str, debugger: Debugger) -> list[str]:
    """What the last word of a line may become: commands, then what they take."""
    before = line.split()[: -1 if text else None]
    if not before:
        known: Sequence[str] = tuple(COMMANDS)
    elif (name := ALIASES.get(before[0], before[0])) == "print":
        known = tuple(PRINTERS) if len(before) == 1 else _names(before[1], debugger)
    elif name in ("break", "until", "list"):
        known = (*debugger.program.targets, *debugger.places.units, "cycle")
    else:
        known = ()
    return [one for one in dict.fromkeys(known) if one.startswith(text)]


def _names(printed: str, debugger: Debugger) -> Sequence[str]:
    """What there is of what is printed."""
    program = debugger.program
    if printed == "tensor":
        return [one.name for one in (*program.inputs, *program.outputs)] + [one.name for one in program.weights]
    return [f"g{number}" for number in debugger.groups] if printed == "group" else ()
