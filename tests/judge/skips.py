"""Runs that skip what repeats, held to runs that simulate each event; programs and chips to do it with.

`differences_of` names all in which two runs of a program differ: numbers of the report, accesses to main memory, rows
in their order, the text of an error. `shrunk` makes a program that differs smaller, and its chip more usual.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from timed_chips import Kept, Runs

from acortex.errors import AcortexError
from acortex.isa import encode
from acortex.isa.codec import as_text, decode
from acortex.isa.table import MNEMONICS
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.timing import kernel as kernels
from acortex.sim.timing import memory, skipping, wiring
from acortex.sim.timing.kernel import Kernel
from acortex.sim.timing.skipping import Skipper
from acortex.sim.timing.tally import Works
from acortex.sim.timing.unit import Agent
from acortex.sim.timing.wiring import TimedChip
from judge.generate import generate
from judge.plans import Case
from judge.repeat import repeated

Rows = NDArray[np.int64]


class Columns(Kept):
    """A listener that keeps all rows as arrays of shape (fields, rows)."""

    @property
    def arrays(self) -> tuple[Rows, Rows]:
        """All events and all waits."""
        return self._whole(self._events), self._whole(self._waits)

    @staticmethod
    def _whole(kept: list[Rows]) -> Rows:
        return np.concatenate(kept, axis=1) if kept else np.zeros((0, 0), np.int64)


@dataclass(frozen=True)
class Seen:
    """All that one run shows: the numbers of its report by name, its rows, its error, and how much it skipped."""

    numbers: dict[str, object]
    rows: tuple[Rows, Rows]
    error: str
    skipped: int
    """Events that were not simulated; known of a run that ended."""
    cycles: int
    offset: int
    """Cycles that were not simulated."""


NEVER_ENDING = 1 << 40
"""More ticks than any run has."""


def seen(runs: Runs, skip: bool, eager: bool = False, ticks: int = NEVER_ENDING) -> Seen:
    """Runs a program with or without skipping; one that is `eager` takes the end of each instruction for a mark.

    Raises RuntimeError for a run that has not ended after so many ticks: a chip that lacks something may never end.
    """
    kept = Columns()
    chip = runs.new([kept], skip=skip)
    if eager:
        chip.controller.loop_ends = frozenset(range(1 << 12))
    error, cycles, numbers = "", 0, dict[str, object]()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(skipping, "WORTH", 0)  # a look at each mark, however vain
            cycles = chip.run(None, _ends_after(ticks))
    except AcortexError as failed:
        error = f"{failed}\n{failed.hint}"
    else:
        numbers = {**runs.report(chip, cycles), **_sums(chip)}
    numbers.pop("skipped", None)
    skipped, offset = (chip.skipper.skipped, chip.skipper.offset) if chip.skipper else (0, 0)
    return Seen(numbers, kept.arrays, error, skipped, cycles, offset)


def _ends_after(ticks: int) -> Callable[[], None]:
    left = iter(range(ticks))

    def tick() -> None:
        if next(left, None) is None:
            raise RuntimeError("the run does not end")

    return tick


def _sums(chip: TimedChip) -> dict[str, object]:
    """What a chip has summed up beside its report: of each unit, of each instruction, of each access."""
    tally = chip.tally
    sums: dict[str, object] = {f"time of {unit.path}": (unit.busy, unit.spent) for unit in chip.units}
    for name in ("events", "counts", "layers", "macs", "inferences"):
        sums[f"tally.{name}"] = getattr(tally, name)
    sums["tally.works"] = _works(tally.works)
    sums["accesses"] = sorted((one.serial, list(cycles)) for one, cycles in chip.accesses())
    return sums


def _works(works: Works) -> dict[tuple[int, int], object]:
    """What each unit did for each instruction."""
    ends = [*works.begins.tolist()[1:], len(works.kinds)]
    done = zip(works.kinds.tolist(), works.counts.tolist(), strict=True)
    rows = zip(*(column.tolist() for column in works[:5]), ends, strict=True)
    return {
        (unit, serial): (first, last, sorted(islice(done, end - begin)))
        for unit, serial, first, last, begin, end in rows
    }


class LooksEverywhere(Skipper):
    """A skipper that looks for a period after each event of each instruction, however short."""

    def stepped(self, agent: Agent) -> None:
        """Looks, and does so after the next event."""
        agent.look_at = agent.remaining - 1
        if agent.remaining:
            self._alarm.at(self._subject.kernel.cycle)


@contextmanager
def looking_everywhere() -> Iterator[None]:
    """Makes chips that look for periods wherever there may be one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "Skipper", LooksEverywhere)
        patch.setattr(skipping, "LEAST", 2)
        yield


@contextmanager
def forgetting() -> Iterator[None]:
    """Makes chips that forget what they saw every few rows of their log."""
    drain = Kernel.drain

    def in_short_turns(kernel: Kernel, limit: int | None, every: int, tick: Callable[[], None] | None = None) -> bool:
        return drain(kernel, limit, min(every, 16), tick)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "CHAIN", range(1))
        patch.setattr(memory, "AT_ONCE", range(1))
        patch.setattr(Kernel, "drain", in_short_turns)
        patch.setattr(skipping, "LONGEST", 50)
        yield


def differences_of(
    runs: Runs, everywhere: bool = True, whole: Seen | None = None, ticks: int = NEVER_ENDING
) -> tuple[list[str], Seen]:
    """In what a run that skips differs from one that does not, in words; and the one that skips.

    With `everywhere` one that looks for periods everywhere is held to the same, and one with a mark at each
    instruction. `whole` is the run that skips nothing, where it has been seen. `ticks` are those of `seen`.
    """
    whole, found = whole or seen(runs, False), seen(runs, True, ticks=ticks)
    wrong = differences(whole, found)
    if not everywhere:
        return wrong, found
    with looking_everywhere():
        wrong += [f"looking everywhere, {what}" for what in differences(whole, seen(runs, True, ticks=ticks))]
    wrong += [
        f"with marks everywhere, {what}" for what in differences(whole, seen(runs, True, eager=True, ticks=ticks))
    ]
    return wrong, found


def differences(whole: Seen, skipping: Seen) -> list[str]:
    """In what two runs differ, in words."""
    found = [f"{name}: {whole.numbers.get(name)} / {skipping.numbers.get(name)}" for name in unlike(whole, skipping)]
    if whole.error != skipping.error:
        found.append(f"error: {whole.error!r} / {skipping.error!r}")
    for name, one, other in zip(("events", "waits"), whole.rows, skipping.rows, strict=True):
        if not np.array_equal(one, other):
            found.append(f"{name}: {_first(one, other)}")
    return found


def unlike(whole: Seen, skipping: Seen) -> list[str]:
    """The names of numbers that two runs do not share."""
    names = {**whole.numbers, **skipping.numbers}
    return [name for name in names if whole.numbers.get(name) != skipping.numbers.get(name)]


def _first(one: Rows, other: Rows) -> str:
    """The first row in which two tables differ."""
    shared = min(one.shape[1], other.shape[1])
    differs = np.flatnonzero((one[:, :shared] != other[:, :shared]).any(axis=0)) if shared else []
    at = int(differs[0]) if len(differs) else shared
    sides = [table[:, at].tolist() if at < table.shape[1] else None for table in (one, other)]
    return f"{one.shape[1]} / {other.shape[1]} rows, the first that differs is number {at}: {sides[0]} / {sides[1]}"


def hold(runs: Runs, everywhere: bool = True) -> Seen:
    """Fails where a run that skips differs from one that does not; returns the one that skips."""
    found, skipping = differences_of(runs, everywhere)
    assert found == []
    return skipping


# Random programs ------------------------------------------------------------------------------------------------------


class Setting(NamedTuple):
    """A setting of a chip, and the values that are drawn for it."""

    path: str
    values: tuple[int | str, ...]


SETTINGS = (
    Setting("memory.ports", (1, 1, 2, 3)),
    Setting("memory.banks", (1, 2, 3, 4, 8)),
    Setting("memory.bank_cycles", (1, 2, 3, 5, 9)),
    Setting("memory.access_cycles", (1, 1, 2, 3)),
    Setting("memory.read_latency_ns", ("0", "3.57", "21.42", "90")),
    Setting("buses.down_lanes", (1, 1, 2, 3)),
    Setting("buses.up_lanes", (1, 1, 2, 3)),
    Setting("buses.word_cycles", (1, 1, 2, 5)),
    Setting("arrays.frames_at_once", (1, 1, 2, 3)),
    Setting("arrays.overlap_loads", ("true", "false")),
    Setting("arrays.broadcast_loads", ("true", "false")),
    Setting("buffer.windows", (1, 2, 3, 4)),
    Setting("controller.queue_depth", (1, 2, 2, 8)),
)
"""What decides how much is in flight at once, and what has to wait: no program becomes illegal by it."""

MANY = 12
"""The inferences of a program that is repeated."""


def drawn_settings(seed: int) -> dict[str, int | str]:
    """The settings of the chip of a seed that matter to what repeats."""
    chance = random.Random(seed)
    found = {setting.path: chance.choice(setting.values) for setting in SETTINGS}
    if chance.random() < 0.3:  # the queue of the random chip, which every program of its seed fits
        del found["controller.queue_depth"]
    return found


def drawn_chip(case: Case) -> Chip:
    """The chip of a random program, with settings drawn anew."""
    return with_settings(case.chip, drawn_settings(case.seed))


def with_settings(chip: Chip, settings: dict[str, int | str]) -> Chip:
    """A chip with some settings changed."""
    given = {path: getattr(getattr(chip, section), name) for path, section, name in _paths()} | settings
    return load_chip("acortex_digits", [f"{path}={_text(value)}" for path, value in given.items()])


@cache
def _paths() -> tuple[tuple[str, str, str], ...]:
    """The settings in which random chips differ from the chip that they are made of."""
    chip = load_chip("acortex_digits")
    sections = ("arrays", "memory", "controller", "buffer", "buses", "neurons", "host", "vector", "program_erase")
    found = []
    for section in sections:
        for name, value in getattr(chip, section).model_dump().items():
            if not isinstance(value, (dict, list)) and value is not None:
                found.append((f"{section}.{name}", section, name))
    return (*found, ("instruction_memory.words", "instruction_memory", "words"))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def cases(seed: int) -> Iterator[Case]:
    """The random programs of a seed: with few inferences, and where its body fits a loop, with many."""
    case = generate(seed)
    case = replace(case, chip=drawn_chip(case))
    yield case
    program = repeated(case.program) if case.inferences == 1 else None
    if program is not None:
        yield replace(case, program=program, inferences=MANY)


def runs_of(case: Case) -> Runs | None:
    """A random program to run; None where it breaks a rule on its chip or with its inferences."""
    try:
        return Runs(case.program, case.chip, case.inferences)
    except AcortexError:
        return None


@dataclass
class Judged:
    """What some random programs showed: what is wrong; how many programs ran, skipped, and ended in an error."""

    wrong: list[str]
    ran: int = 0
    skipping: int = 0
    stuck: int = 0

    def add(self, other: Judged) -> None:
        """Takes in what another found."""
        self.wrong += other.wrong
        self.ran += other.ran
        self.skipping += other.skipping
        self.stuck += other.stuck


def judge(seed: int) -> Judged:
    """Holds the random programs of a seed with skipping to those without."""
    judged = Judged([])
    for case in cases(seed):
        runs = runs_of(case)
        if runs is None:
            continue
        found, skipping = differences_of(runs, seed % 4 == 0)
        judged.ran += 1
        judged.skipping += skipping.skipped > 0
        judged.stuck += skipping.error != ""
        if found:
            judged.wrong.append(f"seed {seed}, {case.inferences} inferences: {told(shrunk(case), found)}")
    return judged


# Smaller --------------------------------------------------------------------------------------------------------------

NOP = MNEMONICS["nop"]


def differs(case: Case) -> bool:
    """Whether a program runs, and differs as it skips."""
    runs = runs_of(case)
    return runs is not None and bool(differences_of(runs)[0])


def shrunk(case: Case, wrong: Callable[[Case], bool] = differs) -> Case:
    """A program with fewer inferences and instructions and a more usual chip that is still wrong."""
    for inferences in range(1, case.inferences):
        fewer = replace(case, inferences=inferences)
        if wrong(fewer):
            case = fewer
            break
    case = _without_instructions(case, wrong)
    return _on_usual_chip(case, wrong)


def _without_instructions(case: Case, wrong: Callable[[Case], bool]) -> Case:
    """Replaces stretches of instructions by `nop`, long ones first: no address moves."""
    size = len(case.program.words) // 2
    while size:
        for begin in range(0, len(case.program.words) - 1, size):
            words = case.program.words.copy()
            words[begin : min(begin + size, len(words) - 1)] = encode(NOP, {})
            fewer = replace(case, program=replace(case.program, words=words))
            if not np.array_equal(words, case.program.words) and wrong(fewer):
                case = fewer
        size //= 2
    return case


def _on_usual_chip(case: Case, wrong: Callable[[Case], bool]) -> Case:
    usual = load_chip("acortex_digits")
    for path, section, name in _paths():
        value = getattr(getattr(usual, section), name)
        if value != getattr(getattr(case.chip, section), name):
            try:
                other = replace(case, chip=with_settings(case.chip, {path: value}))
            except AcortexError:
                continue
            if wrong(other):
                case = other
    return case


def told(case: Case, found: list[str]) -> str:
    """A program that differs, in words: in what, the settings of its chip, its instructions."""
    usual = load_chip("acortex_digits")
    settings = [
        f"{path}={_text(value)}"
        for path, section, name in _paths()
        if (value := getattr(getattr(case.chip, section), name)) != getattr(getattr(usual, section), name)
    ]
    code = [
        f"{at}: {as_text(one)}"
        for at, word in enumerate(case.program.words)
        if (one := decode(int(word))).row is not NOP
    ]
    return "\n".join([*(text[:300] for text in found), f"{case.inferences} inferences", *settings, *code])
