"""A5: rows, blobs and files behind a declaration."""

from __future__ import annotations

import numpy as np

from acortex.isa.language.row import Arrays, inner, put, row

ROWS = ".row     7, -7\n.row     -7, 7\n"
MATRIX = f".weights w, 2x2\n{ROWS}"
NAMED = inner('.weights w, 2x2, file="data.npz", key=w\n')
"""The matrix of the small program in a file."""

WORD = ".row     " + ", ".join(["1"] * 64)
"""The codes of a word."""

DOUBLE = f".memory  0, 1\n{WORD}\n.memory  0, 1\n{WORD}"
LABELS = ".samples x, shape=1x2\n.row     1, 2\n.labels  "


def _file(values: object, dtype: type[np.generic] = np.int64) -> Arrays:
    """The file of an example: an array that is wrong, and one that is right."""
    return {"w": np.array(values, dtype), "right": np.array([[7, -7], [-7, 7]])}


RIGHT = inner('.weights w, 2x2, file="data.npz", key=right\n')

# fmt: off
ONE_BLOB = row("A501", "A .blob line holds one string", ".blob takes one string", 'write .blob "…"',
               inner(".weights w, 2x2\n.blob 5\n"))
ORPHAN = row("A502", "Data follow a directive that takes them", "{head} belongs to no data", "it follows {owners}",
             (".program small", ".row     1\n.program small"))
FILE_SHAPE = row("A503", "A file holds the shape that is declared", "the file holds {found}, not {shape}",
                 "declare the shape of the file, or transpose the array",
                 NAMED, mends=(RIGHT,), arrays=_file([[1, 2, 3]]))
FILE_TYPE = row("A504", "A file holds whole numbers", "{what}s are integers, the file holds {found}",
                "round and convert them before", NAMED, mends=(RIGHT,), arrays=_file([[0.5, 1], [1, 1]], np.float64))
FILE_RANGE = row("A505", "Numbers of a file are within their range",
                 "{what} {value} at [{at}] is out of range, allowed is {low} to {high}", "",
                 NAMED, mends=(RIGHT,), arrays=_file([[7, 9], [1, 1]]))
CONSTANTS = row("A506", "Offsets and multipliers are within their range", "{reason}", "",
                put(".constants c, 1\n.row     0, 70000"), mends=(put(".constants c, 1\n.row     0, 7000"),))
OVERLAP = row("A507", "A word of the initial memory is given once",
              "{known} gives {words} already", "give each word once", put(DOUBLE),
              mends=(put(DOUBLE.replace(".memory  0", ".memory  7", 1)),))
NO_DATA = row("A508", "A declaration of data has data", "the data are missing",
              "name a file=, or follow with .row or .blob lines", (ROWS, ""))
SAMPLES = row("A509", "Samples have the form of their input", "{reason}", "{advice}",
              put(".samples x, shape=2\n.row     1, 2"), mends=(put(".samples x, shape=1x2\n.row     1, 2"),))
LABEL_FORM = row("A510", "Labels are one row of whole numbers", "labels are one row of integers",
                 "one number for each sample", put(LABELS + "shape=1x1\n.row     1"),
                 mends=(put(LABELS + "shape=1\n.row     1"),))
LABEL_RANGE = row("A511", "A label has 63 bits", "label {value} is too large", "labels are below 2^63")
ALL_DATA = row("A512", "The data of a program have a bounded size", "the program's data exceed {most} bytes", "",
               put(".weights v, 65536x4096"))
FILE = row("A513", "A file of data lies beside the source, and holds what is named", "{reason}", "{advice}",
           NAMED, mends=(RIGHT,), arrays={"right": np.array([[7, -7], [-7, 7]])})
ROW_WIDTH = row("A514", "A row has the values of its shape", "this row has {found}, {width} are needed", "",
                inner(".weights w, 2x2\n.row     7\n.row     -7, 7\n"))
ROW_COUNT = row("A515", "There are as many rows as the shape has",
                "the rows hold {found}, {needed} are needed", "",
                inner(".weights w, 2x2\n.row     7, -7\n"))
ROW_NAMES = row("A516", "A row holds values alone", "a row holds values without names", "write the value alone",
                inner(".weights w, 2x2\n.row     a=7, -7\n.row     -7, 7\n"))
ROW_RANGE = row("A517", "Values of a row are within their range",
                "{value} is out of range, allowed is {low} to {high}", "",
                inner(".weights w, 2x2\n.row     7, -9\n.row     -7, 7\n"))
BLOB = row("A518", "A blob holds what its declaration takes", "{reason}", "{advice}",
           inner('.weights w, 2x2\n.blob "abc"\n'))
MIXED = row("A519", "Data stand in rows or in blobs", ".row and .blob lines do not mix",
            "write .row lines alone, or .blob lines alone", inner('.weights w, 2x2\n.row     7, -7\n.blob "abc"\n'))
FILE_AND_LINES = row("A520", "Data stand in a file or in the text", "data lines follow, yet a file is named",
                     "leave out the lines, or file=",
                     (".weights w, 2x2", '.weights w, 2x2, file="data.npz", key=right'),
                     mends=(RIGHT,), arrays=_file([[7]]))
PART_FORM = row("A521", "A part of the host is one row of bytes", "a part of the host is one row of bytes",
                "give shape=BYTES, or a file of type uint8",
                put(".part p, shape=1x1\n.row     1"), mends=(put(".part p, shape=1\n.row     1"),))
# fmt: on
