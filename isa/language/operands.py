"""A3: what an instruction takes."""

from __future__ import annotations

from acortex.isa.language.row import put, row

FEED = "feed     1, 1, tail=2"
"""The line of the small program that most examples change."""

# fmt: off
EMPTY = row("A301", "An operand stands beside each comma", "an operand is missing beside this comma",
            "leave out the comma, or write the operand", (FEED, "feed     1,, 1, tail=2"))
HALF = row("A302", "An operand by name has a value", "an operand by name is written name=value",
           "write the value behind =",
           (FEED, "feed     1, 1, tail="))
MANY = row("A303", "An instruction takes no more operands than it has", "`{head}` takes {most}",
           "{takes}", ("halt", "halt     1"))
ORDER = row("A304", "Operands by position come before those by name",
            "operands by position come before those by name", "give this one by name, too", (FEED,
            "feed     positions=1, 1, tail=2"))
UNKNOWN = row("A305", "An operand by name is one of the instruction's", "`{head}` has no operand `{name}`", "{takes}",
              (FEED, "feed     1, 1, tial=2"))
AGAIN = row("A306", "An operand is given once", "operand `{name}` is given twice", "leave one of them out",
            (FEED, "feed     1, 1, positions=1, tail=2"))
LACKING = row("A307", "An operand without a default is given", "`{head}` needs operand `{operand}`, {what}",
              "`acortex isa {head}` lists its operands", (FEED, "feed     1"))
WORD = row("A308", "A register or a choice is one that there is", "`{operand}` takes {wanted}, not `{text}`", "",
           ("read     d0", "read     d32"))
RANGE = row("A309", "A number is within its operand's range", "`{operand}` is {value}, {allowed}", "{what}",
            (FEED, "feed     0, 1, tail=2"))
A_NAME = row("A310", "A name stands where an operand takes one", "`{operand}` takes the name of {what}, not `{text}`",
             "write it bare, or in quotes", ("program  g0, w", "program  g0, 3"))
NOT_DECLARED = row("A311", "What is named is declared", "no {what} is called `{name}`",
                   "declare it with .{directive}", ("program  g0, w", "program  g0, v"))
AT_MOST = row("A312", "A program has a bounded number of each thing", "a program has at most {most} {what}", "",
              put("\n".join(f".input   x{number}, shape=2" for number in range(1024))))
# fmt: on
