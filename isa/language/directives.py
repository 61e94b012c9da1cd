"""A4: declarations, and their fields."""

from __future__ import annotations

from acortex.isa.language.row import put, row

SHAPE = ".input   x, shape=2"
"""The line of the small program that most examples change."""

LINEAR = ".input   x, shape=2, encode=linear, "

BOTH = ".input   z, shape=1\n.samples x, shape=1x2\n.row     1, 2\n"
"""A second input, and samples of the first."""

# fmt: off
NEEDS = row("A401", "A directive has the fields that it needs", "`{directive}` needs {fields}",
            "`acortex isa {directive}` lists its fields",
            (SHAPE, ".input   x"))
SECOND = row("A402", "A program has one name, one chip, one set of labels", "a second {what}", "a program has one",
             (".program small", ".program small\n.program large"))
DECLARED_TWICE = row("A403", "A thing is declared once", "`{name}` is declared twice", "take another name",
                     put(".input   x, shape=3"), mends=(put(".input   z, shape=3"),))
TAKES_NAME = row("A404", "A field that takes a name is given one", "{field} takes a name",
                 'letters, digits, _ and ., or any text in "…"', (".program small", ".program 5"))
TAKES_TEXT = row("A405", "A field that takes a text is given one", '{field} takes a text in quotes: {field}="…"',
                 "", (".row     7, -7\n.row     -7, 7\n", ""), (".weights w, 2x2", ".weights w, 2x2, file=7"))
BOUNDS = row("A406", "A number is within its field's range", "{field} is {value}, allowed is {low} to {high}", "",
             (SHAPE, ".input   x, shape=2, bits=9"), mends=((SHAPE, ".input   x, shape=2, bits=8"),))
DECIMAL = row("A407", "A scale is a decimal number", "{field} takes a decimal number, not `{text}`",
              "write 0.0173 or 1.5e-05", (SHAPE, LINEAR + "scale=half"), mends=((SHAPE, LINEAR + "scale=0.5"),))
AXES = row("A408", "An order of axes is numbers with dots between them",
           "{field} takes an order of axes, not `{text}`",
           "write 1.2.0, the channels last", (SHAPE, ".input   x, shape=2, axes=all"),
           mends=((SHAPE, ".input   x, shape=2, axes=0"),))
CHOICE = row("A409", "A field with a list of values has one of them", "no {field} is called `{name}`", "{known}",
             (SHAPE, ".input   x, shape=2, encode=binry"), mends=((SHAPE, ".input   x, shape=2, encode=binary"),))
NO_SHAPE = row("A410", "A shape is numbers with x between them", "`{text}` is not a shape",
               "write 784, 28x28 or 784|28x28; constants may stand for numbers: K x K x 64", (SHAPE,
               ".input   x, shape=two"))
SHAPE_RANGE = row("A411", "A shape has a bounded size",
                  "shape {shape} is not allowed: 1 to {axes} numbers above 0, whose product is {most} at most", "",
                  (SHAPE, ".input   x, shape=0"))
ONE_SHAPE = row("A412", "Data have one shape", "{field} takes one shape here",
                "several shapes are for .input and .output",
                (".weights w, 2x2", ".weights w, 2x2|4"))
TENSOR = row("A413", "The fields of a tensor fit each other", "{reason}", "", (SHAPE, ".input   x, shape=2|3"))
MATRIX = row("A414", "A matrix has rows and columns", "a matrix has rows x columns",
             "write 785x64, each at most {most}",
             (".weights w, 2x2", ".weights w, 4"))
LABEL_COUNT = row("A415", "There is a label for each sample", "the program has {labels}, and {samples}",
                  "give as many labels as samples",
                  put(".samples x, shape=1x2\n.row     1, 2\n.labels  shape=2\n.row     0, 1"),
                  mends=(put(".samples x, shape=1x2\n.row     1, 2\n.labels  shape=1\n.row     0"),))
LACKS_SAMPLES = row("A416", "All inputs have samples, or none", "there are no samples for input `{name}`",
                    "add .samples {name}, or leave out all samples",
                    put(".input   z, shape=2\n.samples x, shape=1x2\n.row     1, 2"),
                    mends=(put(".input   z, shape=2"),))
SAMPLE_COUNT = row("A417", "All inputs have as many samples", "`{name}` has {found} samples, `{other}` has {known}",
                   "the first axis of samples counts inferences",
                   put(f"{BOTH}.samples z, shape=2x1\n.row     1\n.row     2"),
                   mends=(put(f"{BOTH}.samples z, shape=1x1\n.row     1"),))
# fmt: on
