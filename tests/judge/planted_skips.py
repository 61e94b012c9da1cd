# ruff: noqa: E501 (a bug and what it changes stand side by side)
"""Bugs to plant in what skips, a piece of text for another each; `planted` puts one into the modules that are loaded.

No process is begun and no file changed, so a bug costs as much as the program that shows it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import acortex

FOLDER = Path(acortex.__file__).parent / "sim" / "timing"

CANONICAL, SKIPPING, WALK = "canonical", "skipping", "walk"
PERIODS, PASSAGES = "periods", "passages"
ARRAY, RECORD, PUBLISHING, TOTALS = "array", "record", "publishing", "totals"

BUGS: tuple[tuple[str, str, str, str], ...] = (
    # The state: (what is wrong, file, text, text instead)
    ("stamps of buses and frames are left out", CANONICAL, '[at - now if (at := get(part)) > now else 0 for part, get, _ in read["cycle"]]', '[0 for _ in read["cycle"]]'),
    ("up to when units act is left out", CANONICAL, '[at - now if (at := get(part)) >= now else PAST for part, get, _ in read["since"]]', '[PAST for _ in read["since"]]'),
    ("port stamps are left out", CANONICAL, 'tuple(sorted(_clipped(get(part), now))) for part, get, _ in read["cycles of like places"]', 'len(get(part)) for part, get, _ in read["cycles of like places"]'),
    ("bank stamps are left out", CANONICAL, '[_clipped(get(part), now) for part, get, _ in read["cycles"]]', '[len(get(part)) for part, get, _ in read["cycles"]]'),
    ("the order of lanes is left out", CANONICAL, "tuple(sorted(range(len(free)), key=free.__getitem__))", "tuple(range(len(free)))"),
    ("the neurons' turn is left out", CANONICAL, 'strict += [get(part) for part, get, _ in read["number"]]', 'strict += [0 if name == "_round" else get(part) for part, get, name in read["number"]]'),
    ("held words are left out", CANONICAL, 'strict += [get(part) for part, get, _ in read["number"]]', 'strict += [0 if name == "_held" else get(part) for part, get, name in read["number"]]'),
    ("whether a word has arrived is left out", CANONICAL, 'strict += [get(part) for part, get, _ in read["number"]]', 'strict += [False if name == "_arrived" else get(part) for part, get, name in read["number"]]'),
    ("causes are left out", CANONICAL, 'strict += [get(part) for part, get, _ in read["number"]]', 'strict += [0 if name == "cause" else get(part) for part, get, name in read["number"]]'),
    ("a frame's watcher is left out", CANONICAL, 'strict += [get(part) for part, get, _ in read["unit"]]', 'strict += [None for part, get, _ in read["unit"]]'),
    ("floors are left out", CANONICAL, "strict += [at - now if (at := alarm.floor) > now else 0 for", "strict += [0 for"),
    ("places that are free later are left out", CANONICAL, "later = tuple([(at - now, places) for at, places in channel._freed])", "later = ()"),
    ("what waits for room is left out", CANONICAL, "return channel._room, later, tuple(channel._full), channel._empty", "return channel._room, later, (), channel._empty"),
    ("what waits for items is left out", CANONICAL, "return channel._room, later, tuple(channel._full), channel._empty", "return channel._room, later, tuple(channel._full), None"),
    ("tokens are not counted", CANONICAL, "for at, _ in channel._items]), channel._empty))", "for at, _ in list(channel._items)[:1]]), channel._empty))"),
    ("words to come are all seen in a cycle", CANONICAL, "        later.append(at - now)", "        later.append(1)"),
    ("operations in flight are not signed", CANONICAL, "        self.refs.append(place)\n        return place", "        return place"),
    ("a unit keeps its old context", CANONICAL, "unit.context = (one.pc, one.layer, one.inference, one.serial)", "pass"),
    ("the controller keeps its old context", CANONICAL, "        unit.context = walk.context ", "        pass "),
    ("frames keep the load that they wait for", ARRAY, "            self._frame.loading = self.context\n", "            pass\n"),
    # Periods
    ("a pattern goes on a period too far", PERIODS, "return max((same - 1) // used, 0)", "return max((same - 1) // used + (same > used), 0)"),
    ("the element that comes next is not compared", PERIODS, "return max((same - 1) // used, 0)", "return max(min(same, end - at - 1) // used, 0) if same == end - at else same // used"),
    ("a pattern is not compared", PERIODS, "    differs = column[at:end] != column[at - used : end - used]", "    differs = column[at:end] != column[at:end]"),
    ("a countdown reaches its end", PERIODS, "(left - 1) // done", "left // done"),
    ("a queue drains too far", PERIODS, "(after[0] - taken - need) // -rise + 1", "(after[0] - taken - need) // -rise + 2"),
    ("a queue fills too far", PERIODS, "(after[1] - given - 1) // -room + 1", "(after[1] - given - 1) // -room + 2"),
    ("a queue that drains need not hold what is taken", PERIODS, "before[0] < taken + need", "before[0] < 0"),
    ("waits of other lengths repeat", PERIODS, " or not self._waits_repeat(a, b)", ""),
    ("a period is repeated once less", PERIODS, "record.entries.append(Repeat(a.entry, b.entry, times, period))", "record.entries.append(Repeat(a.entry, b.entry, times - 1, period))"),
    ("a unit at rest moves along", PERIODS, "                unit.since -= total", "                pass"),
    ("queues keep their level", PERIODS, "_fill(channel, times * (level_after - level),", "_fill(channel, 0,"),
    ("an interrupt leaves what a look has begun", SKIPPING, "        del self.record.entries[look.entry :]\n", ""),
    # Passages
    ("the instruction after a passage is not compared", PASSAGES, "== passage.receivers\n", "[:-1] == passage.receivers[:-1] and True\n"),
    ("instructions that began are not compared", PASSAGES, "and self._signed_begun(passage.begun, passage.bare, serial) == passage.signatures", "and True"),
    ("instructions of the state are not compared", PASSAGES, "return tuple([self._subject.signatures.of(serial + ref) for ref in refs])", "return ()"),
    ("queued instructions do not begin", PASSAGES, "places = [*a.state.queued, *range(issued)]", "places = [*range(issued)]"),
    ("a group never counts as it is loaded", PASSAGES, "self._loader.remaining != max(operations(dispatch), 1)", "not self._loader.remaining"),
    ("longer waits are dropped", PASSAGES, "longer = tuple([(row, at - since[unit] + cycle) for unit, at, row in self._waited(found)])", "longer = ()"),
    ("units that acted end with their passage", PASSAGES, "since[unit] = cycle + at", "since[unit] = cycle"),
    ("a chip is set up a cycle late", SKIPPING, "self.record.offset = offset = look.cycle - now", "self.record.offset = offset = look.cycle - now + 1"),
    ("passages outlive the record", PASSAGES, "        self._memo.clear()\n", ""),
    ("the last mark outlives the record", PASSAGES, "        self._states.clear()\n        self._last = None\n", "        self._states.clear()\n"),
    ("looks outlive the record", SKIPPING, "        self._seen.clear()\n        self._passages.clear()", "        self._passages.clear()"),
    # Signatures
    ("the bank of a stream is not signed", WALK, "found += [stream.base % self._banks, *(", "found += [*("),
    ("the strides of a stream are not signed", WALK, "*(stride % self._banks for stride in stream.strides)", ""),
    ("a window's border is not signed", WALK, "found.append(window)", "found.append((window.rows, window.columns))"),
    ("a window is not signed", WALK, "found.append(window)", "pass"),
    ("a token is not signed", WALK, '"stream", "window", "group",', '"stream", "window", "group", "token",'),
    ("a lane is not signed", WALK, "dispatch.group % self._lanes]", "0]"),
    ("what a shift leaves over is not signed", WALK, "found.append(spills(dispatch))", "pass"),
    ("the sizes of a stream are not signed", WALK, "found.append(stream.extents)", "pass"),
    ("a group is not signed", WALK, "self._timed_group(dispatch.group) if group else None", "None"),
    ("one signature for all places of a stream", WALK, "alike = (dispatch.pc, dispatch.stream, dispatch.window, dispatch.group)", "alike = (dispatch.pc, dispatch.window, dispatch.group)"),
    ("one signature for all groups", WALK, "alike = (dispatch.pc, dispatch.stream, dispatch.window, dispatch.group)", "alike = (dispatch.pc, dispatch.stream, dispatch.window)"),
    # What is made of it
    ("a repeat counts once", RECORD, "found[1] *= entry.times", "found[1] *= 1"),
    ("a copy is of the same instructions", RECORD, "found[-1] += serials", "found[-1] += 0 * serials"),
    ("a copy is in the same cycles", RECORD, "slice(2, 4)] += cycles", "slice(2, 4)] += 0 * cycles"),
    ("copies in a row are of the same instructions", RECORD, "np.stack([cycles, cycles, serials])", "np.stack([cycles, cycles, 0 * serials])"),
    ("the rows of a repeat come a period early", RECORD, "np.arange(1, entry.times + 1)", "np.arange(entry.times)"),
    ("the rows of copies in a row are of the same instructions", RECORD, "found[1:] += np.stack(_shifts(entry, inner.shape[1]))", "found[1] += _shifts(entry, inner.shape[1])[0]"),
    ("a switch joins what another one joined", PUBLISHING, "count[row] = log.segments(int(place[row]))", "pass"),
    ("a longer wait begins no earlier", PUBLISHING, "start[row] -= cycles", "pass"),
    ("a longer wait lasts no longer", PUBLISHING, "duration[row] += cycles", "pass"),
    ("longer waits are not spent", TOTALS, "in record.longer()", "in ()"),
)  # fmt: skip


FOUND_BY = {
    "words to come are all seen in a cycle": "products",
    "queued instructions do not begin": "other parts on busy",
    "instructions that began are not compared": "other parts on busy",
    "stamps of buses and frames are left out": "seed 2 few",
    "port stamps are left out": "residual on crowded",
    "bank stamps are left out": "residual on busy",
    "the order of lanes is left out": "seed 0 few",
    "the neurons' turn is left out": "turns of neurons, for the vector agent",
    "held words are left out": "seed 20 few",
    "causes are left out": "ring of 2",
    "a frame's watcher is left out": "seed 10 few",
    "floors are left out": "ring of 2",
    "places that are free later are left out": "ring of 2",
    "what waits for room is left out": "ring of 2",
    "what waits for items is left out": "longer waits",
    "a unit keeps its old context": "longer waits",
    "the controller keeps its old context": "stuck as the controller waits",
    "frames keep the load that they wait for": "stuck as a frame waits",
    "a pattern is not compared": "convolution",
    "a period is repeated once less": "longer waits",
    "a unit at rest moves along": "longer waits",
    "queues keep their level": "longer waits",
    "instructions of the state are not compared": "groups in turn",
    "longer waits are dropped": "longer waits",
    "units that acted end with their passage": "ring of 2",
    "a chip is set up a cycle late": "ring of 2",
    "the bank of a stream is not signed": "ring of 2",
    "a group is not signed": "groups in turn",
    "one signature for all places of a stream": "ring of 2",
    "one signature for all groups": "groups in turn",
    "a repeat counts once": "longer waits",
    "a copy is of the same instructions": "longer waits",
    "the rows of a repeat come a period early": "longer waits",
    "a copy is in the same cycles": "longer waits",
    "copies in a row are of the same instructions": "seed 2 few",
    "the rows of copies in a row are of the same instructions": "pooling",
    "a longer wait begins no earlier": "longer waits",
    "a longer wait lasts no longer": "longer waits",
    "longer waits are not spent": "longer waits",
    "the strides of a stream are not signed": "other strides",
    "the sizes of a stream are not signed": "other sizes",
    "a window is not signed": "other borders",
    "a window's border is not signed": "other borders",
    "a token is not signed": "other tokens on busy",
    "a lane is not signed": "other lanes",
    "tokens are not counted": "tokens that grow",
    "the instruction after a passage is not compared": "seed 61",
    "a pattern goes on a period too far": "convolution",
    "waits of other lengths repeat": "dilation",
    "looks outlive the record": "products",
    "the last mark outlives the record": "ring of 2, nothing contended",
    "passages outlive the record": "ring of 2",
    "a countdown reaches its end": "products",
    "a group never counts as it is loaded": "other groups",
    "a switch joins what another one joined": "switches of several groups",
}
"""What finds each bug: a program, by the name under which tests/judge/test_planted_skips.py has it."""

NOT_FOUND = (
    "the element that comes next is not compared",
    "a queue drains too far",
    "up to when units act is left out",
    "whether a word has arrived is left out",
    "operations in flight are not signed",
    "a queue fills too far",
    "a queue that drains need not hold what is taken",
    "an interrupt leaves what a look has begun",
    "what a shift leaves over is not signed",
)
"""Bugs for which no program is named yet: none that was tried shows them."""

CHAIN = (
    "array", "walk", "canonical", "record", "publishing", "totals", "looks", "periods", "passages", "skipping",
    "wiring",
)  # fmt: skip
"""The modules that may have a bug, and those that take names from them: each is executed again, in this order."""

USERS = ("timed_chips", "judge.skips", "judge.blind")
"""What takes names from these among the tests."""


def text_of(name: str) -> str:
    """The source of a module, by its name within sim/timing."""
    return (FOLDER / f"{name}.py").read_text()


@contextmanager
def planted(bug: tuple[str, str, str, str]) -> Iterator[None]:
    """Has a bug in the modules that are loaded, and puts back the very names that they had before."""
    _, name, text, instead = bug
    before = [(vars(module), dict(vars(module))) for module in map(_loaded, (*CHAIN, *USERS))]
    try:
        _execute(name, text_of(name).replace(text, instead, 1))
        yield
    finally:
        for names, kept in before:
            names.clear()
            names.update(kept)


def _loaded(name: str) -> ModuleType:
    return sys.modules[name if name in USERS else f"acortex.sim.timing.{name}"]


def _execute(name: str, source: str) -> None:
    for other in CHAIN[CHAIN.index(name) :]:
        code = compile(source if other == name else text_of(other), f"{other}.py", "exec")
        exec(code, vars(_loaded(other)))
    for user in USERS:
        module = _loaded(user)
        assert module.__file__ is not None
        exec(compile(Path(module.__file__).read_text(), module.__file__, "exec"), vars(module))
