"""A9: macros, repetitions, conditions, included files and assertions."""

from __future__ import annotations

from acortex.isa.language.row import put, row

MACRO = ".macro   stream number, first=0\nbase     \\number, \\first\n.endm\n"
"""A macro that most examples call."""

# fmt: off
INCLUDE = row("A901", "An included file can be read", "the file cannot be included: {reason}", "{advice}",
              put('.include "no-such.s"'), mends=())
CIRCLE = row("A902", "A file does not include itself", '"{name}" includes itself',
             "put what both need into a third file")
OPEN = row("A903", "What begins a part of the text ends it", "`{head}` is never closed", "end it with `{end}`",
           put(".if      1"), mends=(put(".if      1\n.endif"),))
CLOSED = row("A904", "What ends a part of the text belongs to what begins it", "`{head}` belongs to no `{begin}`",
             "put `{begin}` above it, or leave it out", put(".endif"), mends=(put(".if      1\n.endif"),))
KNOWN = row("A905", "What shapes the text is known where it stands",
            "`{head}` is worked out as the text is read: {reason}",
            "use numbers, and constants that are defined above it of such",
            put(".if      COUNT\n.endif\n.equ     COUNT, 1"), mends=(put(".equ     COUNT, 1\n.if      COUNT\n.endif"),))
HEADER = row("A906", "A macro has a name and parameters", "`.macro` needs a name, and its parameters are names",
             "write .macro NAME PARAMETER, PARAMETER=DEFAULT", put(".macro\n.endm"),
             mends=(put(".macro   empty\n.endm"),))
TAKEN = row("A907", "A macro has a name of its own", "`{name}` cannot name a macro: {reason}", "take another name",
            put(".macro   read\n.endm"), mends=(put(".macro   fetch_all\n.endm"),))
PARAMETER = row("A908", "What stands behind \\ is a parameter", "no parameter is called `{name}`",
                "{known}", put(f"{MACRO.replace('first', 'place', 1)}stream d3, 4"),
                mends=(put(f"{MACRO}stream d3, 4"),))
LACKS = row("A909", "A call gives each parameter without a default", "`{macro}` needs {fields}",
            "its parameters are {known}", put(f"{MACRO}stream"), mends=(put(f"{MACRO}stream d3"),))
DEPTH = row("A910", "Calls and files nest to a bounded depth",
            "calls, repetitions, conditions and files nest deeper than {most}",
            "a macro that calls itself needs an .if that ends it", put(".macro   again\nagain\n.endm\nagain"),
            mends=(put(".macro   again\n.endm\nagain"),))
LONG = row("A911", "A text has a bounded length once its macros are read",
           "macros, repetitions and included files make more than {most} lines", "repeat instructions with `loop`",
           put(".rept    1000000\nnop\n.endr"), mends=(put(".rept    2\nbase     d9, 0\n.endr"),))
ERROR = row("A912", "An .error is not come to", "{text}", "the text says so itself",
            put('.error   "not for this chip"'), mends=())
ASSERTION = row("A913", "An assertion holds", "the assertion does not hold: {text}", "{values}",
                put('.assert  1 + 1 == 3, "one and one"'), mends=(put('.assert  1 + 1 == 2, "one and one"'),))
TURNS = row("A914", "A repetition has a bounded count", "a .rept of {count} turns: 0 to {most} are allowed", "",
            put(".rept    -1\nnop\n.endr"), mends=(put(".rept    0\nnop\n.endr"),))
LOCAL = row("A915", "Local names stand in a macro or a repetition", "`.local` lists names, in a macro or a repetition",
            "write .local NAME, NAME below .macro or .rept", put(".local   again"), mends=())
TEXT = row("A916", "A directive of the text has its operands", "`{head}` takes {takes}", "write {form}",
           put(".ifdef   3\n.endif"), mends=(put(".ifdef   THREE\n.endif"),))
AGAIN = row("A917", "A parameter has a name of its own", "`{name}` is a parameter twice", "take another name",
            put(".macro   both one, one\n.endm"), mends=(put(".macro   both one, two\n.endm"),))
# fmt: on
