"""A0: characters, numbers and lines of a source."""

from __future__ import annotations

from acortex.errors import UsageError
from acortex.isa.language.row import base, row

# fmt: off
CONSEQUENCE = row("A000", "A failure that follows from another", "{reason}")
NOT_A_NUMBER = row(
    "A001", "A word that begins with a digit is a number", "`{text}` is not a number",
    "numbers are 10, 0x1f, 0b101, 65_536; shapes 28x28", base("0x1g"),
)
OPEN_STRING = row(
    "A002", "A string ends on its line", "this string has no end",
    'close it with " on the same line; it may not hold \\', (".program small", '.program "small'),
)
CHARACTER = row(
    "A003", "A character belongs to the language", "unexpected character {text!a}", "comments begin with ; or #",
    base("$1"),
)
LONG_NUMBER = row(
    "A004", "A number has a bounded number of digits", "a number of {digits} digits is too large",
    "values have at most 64 bits", base("1" * 81),
)
MANY_WORDS = row(
    "A005", "A text has a bounded number of words", "the text has more than {most} words and numbers",
    "put data into a .npz file",
)
MANY_INSTRUCTIONS = row(
    "A006", "A program has no more instructions than a jump can reach",
    "a program has at most {most} instructions", "repeat instructions with `loop` and `next`",
)
NO_HEAD = row(
    "A007", "A line begins with a mnemonic or a directive",
    "a mnemonic or a directive should stand here, not `{text}`", "a line is LABEL: MNEMONIC OPERAND, OPERAND, ...",
    ("connect  g0", "0 connect  g0"),
)
LONG_LINE = row(
    "A008", "A line has a bounded length", "the line has {characters} characters, {most} are allowed",
    "cut the data into several lines", error=UsageError,
)
LONG_TEXT = row(
    "A009", "A text has a bounded length", "the text has more than {lines} lines or {characters} characters",
    "put data into a .npz file", error=UsageError,
)
LARGE_FILE = row(
    "A010", "A source file has a bounded size", "the file has more than {most} bytes", "put data into a .npz file",
    error=UsageError,
)
NOT_UTF8 = row(
    "A011", "A source is text in UTF-8", "byte {place} is not UTF-8 text",
    "a source is text in UTF-8; a program that is assembled already ends in .acx", error=UsageError,
)
# fmt: on
