"""A1: numbers, operators and parentheses."""

from __future__ import annotations

from acortex.isa.language.row import base, row

# fmt: off
ENDS_EARLY = row("A101", "An expression ends with a value", "the expression ends after `{text}`",
                 "a value follows each operator", base("1 +"))
NOT_CLOSED = row("A102", "A parenthesis that opens is closed", "this parenthesis is never closed",
                 "close it with )", base("(1"))
TOO_DEEP = row("A103", "Parentheses nest to a bounded depth", "parentheses nest deeper than {most}",
               "give parts of it names: .equ NAME, EXPRESSION", base("(" * 65 + "1" + ")" * 65))
NO_VALUE = row("A104", "A value follows an operator", "a value should stand here, not `{text}`",
               "a value is a number, a constant, a label or (EXPRESSION)", base("1 + * 2"), mends=(base("1 + 2"),))
CLOSES_NOTHING = row("A105", "A parenthesis that closes was opened", "this parenthesis closes nothing",
                     "open it with (, or leave it out", base("1)"))
NO_OPERATOR = row("A106", "An operator follows a value", "an operator should stand here, not `{text}`",
                  "operators are + - * / // /^ % << >> == != < <= > >= && ||", base("1 1"))
WIDE = row("A107", "Values have at most 64 bits", "the value needs more than 64 bits",
           "each step of an expression stays below 2^63", base("1 << 63 >> 63"), mends=(base("1 << 3 >> 3"),))
REMAINDER = row("A108", "A division that is written / leaves no remainder", "{left} / {right} leaves a remainder",
                "// rounds down, /^ rounds up", base("3 / 2"), mends=(base("3 // 2"),))
BY_ZERO = row("A109", "Nothing is divided by zero", "division by zero", "",
              base("1 / 0"))
SHIFT = row("A110", "A shift is from 0 to 63", "a shift by {by}: 0 to 63 is allowed",
            "write the product or the quotient, where it is in range",
            base("1 >> 64"), mends=(base("4 >> 2"),))
NOT_A_VALUE = row("A111", "A value is a number, a constant or a label",
                  "a number, a constant or a label should stand here, not `{text}`",
                  "write 10, NAME or (NAME + 10)", base('"1"'))
REGISTER = row("A112", "A name for a register is no number", "`{name}` stands for {register}, which is no number",
               "give the number a name of its own: .equ NAME, EXPRESSION", base("PLACE"),
               common=((".chip    acortex_digits", ".chip    acortex_digits\n.equ     PLACE, d2"),))
CHAIN = row("A113", "Comparisons do not chain", "a second comparison: `a < b < c` compares the 0 or 1 of the first",
            "write a < b && b < c, or put the first into parentheses", base("1 < 2 < 3"),
            mends=(base("1 < 2 && 2 < 3"),))
# fmt: on
