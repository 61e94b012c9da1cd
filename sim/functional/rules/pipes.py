"""Rules of pipes and groups: what instructions hand to each other, and which groups take and give it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np

from acortex.isa.semantics import JOIN_GROUP, PART_GROUP, vector_words
from acortex.sim.chip.buses import describe
from acortex.sim.functional.pipes import ITEMS, TAKERS, ItemRun
from acortex.sim.functional.rules.remainders import notes_on, taker_of
from acortex.sim.functional.rules.row import FLOWING, HALTED, TAKEN, TAKING, Facts, Notes, rule
from acortex.sim.functional.rules.situation import Known, Situation
from acortex.sim.functional.rules.streams import MAX_STREAM
from acortex.wording import count

MAX_GIVEN = 1 << 23
"""Words that the items take which one instruction gives, 512 MB at most; a column's sum takes four codes' room."""

FED = "read     d0\nfeed     1, 1, tail=2"


MOST = 4
"""Instructions that gave what one takes, in the notes of an error."""

LEFT = "{taker} leaves some of what {giver} gives, and they are taken here: have it take all, or give fewer"


def room(at: Situation) -> int:
    """The room, in words, of the items that an instruction gives to a pipe."""
    if at.flow.gives == "vectors":
        return at.flow.given * vector_words(at.dispatch)
    return at.flow.given * (4 * at.shape.column_words if at.flow.gives == "sums" and at.shape is not None else 1)


# An executor that goes through a program in its order holds at once all that is given and not taken. No chip comes near
# the bounds of the next two rules.


@rule(
    "R501", "One instruction gives a bounded number of words", "pipes", FLOWING,
    "the {several} that {mnemonic} gives take {words:,} words, and those of one instruction take at most {most:,}",
    "give fewer, and put the instruction into a loop",
    (FED, "window w0, 128, 128, 1\nborder w0, 999, 999\nfetch d0, w0\nslide d0, w0"),
)  # fmt: skip
def _given(at: Situation) -> Facts:
    if at.flow.gives not in ITEMS or (words := room(at)) <= MAX_GIVEN:
        return None
    return {"several": ITEMS[at.flow.gives][1], "mnemonic": at.mnemonic, "words": words, "most": MAX_GIVEN}


@rule(
    "R502", "A bounded number of items wait to be taken", "pipes", FLOWING,
    "with these {waiting} wait to be taken, and at most {most:,} may", "take them with {takers} before more are given",
    ("read     d0\n", "dim d0, 1, 65536, stride=0\ndim d0, 2, 64, stride=0\nread d0\nread d0\n"),
)  # fmt: skip
def _waiting(at: Situation) -> Facts:
    if at.flow.gives not in ITEMS:
        return None
    waiting = at.known.pipes[at.flow.gives].held + at.flow.given
    if waiting <= MAX_STREAM:
        return None
    items = count(waiting, *ITEMS[at.flow.gives])
    return {"waiting": items, "most": MAX_STREAM, "takers": TAKERS[at.flow.gives]}


def _given_by(known: Known, pipe: str, runs: Iterable[ItemRun]) -> Notes:
    """Notes on the instructions that gave some items, the first few."""
    return tuple(dict.fromkeys(note for run in islice(runs, MOST) for note in notes_on(known, pipe, run)))


def _lacks(at: Situation, pipe: str, wanted: int) -> Facts:
    held = at.known.pipes[pipe].held
    if held >= wanted:
        return None
    notes = _given_by(at.known, pipe, at.known.pipes[pipe].runs)
    return {"mnemonic": at.mnemonic, "wanted": count(wanted, *ITEMS[pipe]), "held": held, "notes": notes}


@rule(
    "R503", "What an instruction takes was given before", "pipes", TAKING,
    "{mnemonic} takes {wanted}, and the instructions before it left {held}",
    "in the order of the program, what gives must stand before what takes; check positions, words and extents",
    ("feed     1, 1", "feed     1, 2"),
)  # fmt: skip
def _taken(at: Situation) -> Facts:
    return _lacks(at, at.flow.takes, at.flow.taken) if at.flow.takes in ITEMS else None


@rule(
    "R302", "Input vectors fit the group that takes them", "groups", TAKEN,
    "the input vectors made at {made} have {words} words, and group g{group} takes up to {rows}",
    "feed one multiply vectors of one length, at most a word for each row of arrays of the group; slide packs taps with"
    " dense=yes and tail=CHANNELS, and no earlier slide or feed may leave vectors behind",
    ("read     d0", "read     d0\nread     d0"), ("feed     1, 1", "feed     1, 2"),
)  # fmt: skip
def _vectors(at: Situation) -> Facts:
    if at.flow.takes != "vectors":
        return None
    rows = at.known.configuration.shape(at.dispatch.group, False).row_words
    words = sorted({vector_words(run.dispatch) for run in at.runs})
    if len(words) == 1 and words[0] <= rows:
        return None
    facts = {"made": at.known.line(at.runs[0].dispatch), "words": " and ".join(map(str, words))}
    notes = _given_by(at.known, "vectors", at.runs)
    first = at.runs[0]
    left = LEFT.format(taker=taker_of(first), giver=first.dispatch.row.mnemonic) if first.taken else ""
    return {**facts, "group": at.dispatch.group, "rows": rows, "notes": notes, "instead": left}


TWO_GROUPS = (
    (".weights w, 2x2", ".weights v, 2x1\n.row 1\n.row 1\n.weights w, 2x2"),
    ("program  g0, w", "program  g0, w\ngroup g1, 2, 1\nrect g1, column=1, row=0\nprogram g1, v"),
    ("connect  g0", "connect  g0\nconnect  g1"),
)
APART = "read     d0\nfeed     1, 1, tail=2\nmultiply g0, 1\n{}feed     1, 1, tail=2\nmultiply g1, 1\nconvert  q0, {}\n"
BOTH = ("read     d0\nfeed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\nwrite    d1", "{}")


@rule(
    "R303", "One convert takes sums of one width", "groups", TAKEN,
    "{mnemonic} takes sums of groups of {columns} columns", "convert the positions of one group at a time",
    (BOTH[0], "read d0\nread d0\nfeed 2, 1, tail=2\nmultiply g0, 1\nmultiply g1, 1\nconvert q0, 2\nwrite d1\nwrite d1"),
    common=TWO_GROUPS,
    mends=((BOTH[0], "read d0\nread d0\nfeed 2, 1, tail=2\nmultiply g0, 1\nmultiply g1, 1\nconvert q0, 1\nconvert q0, 1"
                     "\nwrite d1\nwrite d1"),),
)  # fmt: skip
def _widths(at: Situation) -> Facts:
    if at.flow.takes != "sums":
        return None
    columns = sorted({at.known.configuration.shape(run.dispatch.group, False).columns for run in at.runs})
    return {"mnemonic": at.mnemonic, "columns": " and ".join(map(str, columns))} if len(columns) > 1 else None


@rule(
    "R304", "Some word of a position has the other coding", "groups", TAKEN,
    "every is {every}, and a position has {words}: none has the other coding",
    "say every=1 to every={most}, or leave it and `then` out",
    ("every=1", "every=2"),
    common=(("start\n", "quant    q1, 1, 3, zero=5\nstart\n"),
            ("convert  q0, 1", "convert  q0, 1, then=q1, every=1")),
)  # fmt: skip
def _every(at: Situation) -> Facts:
    if at.flow.takes != "sums" or "every" not in at.dispatch.row.by_name:
        return None
    most = at.known.configuration.shape(at.runs[0].dispatch.group, False).column_words
    found = at.dispatch.ops.every
    return {"every": found, "words": count(most, "word"), "most": most} if found > most else None


@rule(
    "R504", "What an instruction takes as operand was given before", "pipes", TAKEN,
    "{mnemonic} takes {wanted}, and the instructions before it left {held}",
    "in the order of the program, what gives must stand before what takes; check positions, words and extents",
    ("operand  d0\n", ""),
    common=((BOTH[0], "read     d0, to=vector\noperand  d0\nadd      q0, q0, 1\nwrite    d1, source=vector"),
            ("await    read, t0", "await    read, t0\nsignal   host_in, t2\nawait    operand, t2")),
)  # fmt: skip
def _operands(at: Situation) -> Facts:
    return _lacks(at, "operand", at.flow.operands) if at.flow.operands else None


# Groups ---------------------------------------------------------------------------------------------------------------

SECOND_GROUP = ("program  g0, w", "program  g0, w\ngroup    g1, 2, 2\nrect     g1, column=0, row=1\nprogram  g1, w")


@rule(
    "R305", "A group is connected once", "groups", JOIN_GROUP,
    "group g{group} is connected already, at {before}", "disconnect it first, or leave this out",
    ("connect  g0", "connect  g0\nconnect  g0"),
)  # fmt: skip
def _connected_already(at: Situation) -> Facts:
    before = at.known.connected.get(at.dispatch.group)
    return {"group": at.dispatch.group, "before": at.known.line(before)} if before is not None else None


@rule(
    "R306", "A bus segment carries as many groups as it can", "groups", JOIN_GROUP,
    "group g{group} needs {segment}, which group g{other} has since {since}",
    "disconnect g{other} first, or place one of the two in other columns of arrays",
    ("connect  g0", "connect  g0\nconnect  g1"), common=(SECOND_GROUP,),
)  # fmt: skip
def _segments(at: Situation) -> Facts:
    known, group = at.known, at.dispatch.group
    routes = known.configuration
    segment = routes.buses.conflict(routes.route(group), known.claims)
    if segment is None:
        return None
    other = next(number for number in known.connected if segment in routes.route(number).segments)
    since = known.line(known.connected[other])
    return {"group": group, "segment": describe(segment), "other": other, "since": since}


@rule(
    "R307", "A group is connected before it is disconnected", "groups", PART_GROUP,
    "group g{group} is not connected", "connect it before this line",
    ("endinference", "disconnect g0\ndisconnect g0\nendinference"),
    mends=(("endinference", "disconnect g0\nendinference"),),
)  # fmt: skip
def _not_connected(at: Situation) -> Facts:
    return None if at.dispatch.group in at.known.connected else {"group": at.dispatch.group}


# The end --------------------------------------------------------------------------------------------------------------


@rule(
    "R505", "What is given is taken", "pipes", HALTED,
    "{items} {are} given here and never taken", "take them with {takers}, or give fewer",
    ("read     d0", "read     d0\nread     d0"),
)  # fmt: skip
def _leftovers(at: Situation) -> Facts:
    for name, pipe in sorted(at.known.pipes.items()):
        if pipe.held:
            facts = {"items": count(pipe.held, *ITEMS[name]), "are": "is" if pipe.held == 1 else "are"}
            run = pipe.runs[0]
            notes = notes_on(at.known, name, run) if run.taken else ()
            return {**facts, "takers": TAKERS[name], "where": at.known.line(run.dispatch), "notes": notes}
    return None


@rule(
    "R803", "Every output of every inference is given to the host", "host", HALTED,
    "output {name}{of} was never given to the host{more}",
    "give it with `output {name}, d0` between inference and endinference; `loop l7, host` goes through all inferences"
    " that the host has",
    ("output   y, d1\n", ""),
)  # fmt: skip
def _outputs(at: Situation) -> Facts:
    """What was never given has no value, and 0 would be a false one."""
    known = at.known
    for tensor in known.program.outputs:
        missing = np.flatnonzero(~known.given[tensor.name])
        if len(missing):
            of = f" of inference {missing[0]}" if known.inferences > 1 else ""
            more = f", nor that of {count(len(missing) - 1, 'other')}" if len(missing) > 1 else ""
            return {"name": tensor.name, "of": of, "more": more, "where": known.program.name}
    return None
