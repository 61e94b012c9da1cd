"""Rules of the set-up, as rows: groups of arrays and their weights. sim/chip/groups.py and
sim/functional/configuration.py ask them.
"""

from __future__ import annotations

from acortex.isa.rules import Change, Example, ProgramError, Rule, add

TALL = (
    (".weights w, 2x2\n.row     7, -7\n.row     -7, 7", ".weights w, 2x65\n" + (".row " + "1, " * 64 + "1\n") * 2),
    ("group    g0, 2, 2", "group    g0, 2, 65"),
    (".output  y, shape=2", ".output  y, shape=128"),
    ("base     d1, 1", "base     d1, 1\ndim      d1, 0, 2"),
)
"""A group of two arrays beside each other."""

RECT = "rect     g0, column=0, row=0"
SECOND = ("program  g0, w", "program  g0, w\ngroup    g1, 2, 2\nrect     g1, column=0, row=1\nprogram  g1, w")


def _row(code: str, title: str, message: str, hint: str, *changes: Change, common: tuple[Change, ...] = (),
         mends: tuple[Change, ...] = ()) -> Rule:  # fmt: skip
    return add(Rule(code, title, "set-up", ProgramError, message, hint, Example(changes, common, mends)))


OFF_CHIP = _row(
    "R101", "A rectangle lies on the chip",
    "group g{number} names the array in column {column}, row {row}: chip {chip} has columns 0 to {last_column} and rows"
    " 0 to {last_row}", "the rectangle takes {rect}; `acortex chip list` shows larger chips",
    (RECT, "rect     g0, column=2, row=0"),
)  # fmt: skip
RECTS_OVERLAP = _row(
    "R102", "The rectangles of a group do not overlap",
    "group g{number} uses the array in column {column}, row {row} twice: {other} and {rect} overlap", "",
    (RECT, f"{RECT}\n{RECT}"), common=TALL, mends=((RECT, f"{RECT}\nrect     g0, column=1, row=0"),),
)  # fmt: skip
WIDTH = _row(
    "R103", "A run goes on in rectangles of equal width",
    "group g{number}: the rectangle in {rect} is {wide} wide, but continues one that is {width} wide, of which"
    " {missing} missing", "a run goes on in rectangles of equal width",
    (RECT, f"{RECT}\nrect     g0, column=0, row=1, width=2"),
    common=((".weights w, 2x2\n.row     7, -7\n.row     -7, 7", ".weights w, 65x2\n" + ".row 1, 1\n" * 65),
            ("group    g0, 2, 2", "group    g0, 65, 2")),
    mends=((RECT, f"{RECT}, height=2"),),
)  # fmt: skip
PAST_MATRIX = _row(
    "R104", "Rectangles end with their matrix",
    "group g{number}: the rectangle in {rect} reaches past the matrix, which takes {size}",
    "at most {down} down and {across} across are left there", (RECT, f"{RECT}, height=2"),
)  # fmt: skip
NOT_FILLED = _row(
    "R105", "Rectangles fill their matrix",
    "group g{number}: its rectangles hold {held}, its matrix takes {size}, {all}", "add a rectangle: {missing}",
    (RECT, RECT), common=TALL, mends=((RECT, f"{RECT}, width=2"),),
)  # fmt: skip
GROUPS_OVERLAP = _row(
    "R106", "An array holds the weights of one group",
    "groups g{owner} and g{number} both take the array in column {column}, row {row}",
    "an array holds the weights of one group; `acortex chip show` draws the chip",
    ("column=0, row=1", "column=0, row=0"), common=(SECOND,),
)  # fmt: skip
NO_WEIGHTS = _row(
    "R107", "Every group has weights", "group g{number} has no weights when the set-up ends",
    "write them with program, before start", ("program  g0, w\n", ""),
)  # fmt: skip
WEIGHTS_SHAPE = _row(
    "R108", "Weights have the shape of their group",
    "weights {name} are {rows} x {columns}, and group g{number} holds {group_rows} x {group_columns}",
    "give the group the rows and columns of its weights", ("group    g0, 2, 2", "group    g0, 3, 2"),
)  # fmt: skip
WRITTEN_TWICE = _row(
    "R109", "A group is written once", "group g{number} is written twice", "",
    ("program  g0, w", "program  g0, w\nprogram  g0, w"),
)  # fmt: skip
