"""Integer expressions: numbers, constants and labels, with the operators below. No recursion, no large numbers.

Precedence, loosest first: `||`, then `&&`, then comparisons, `<< >>`, `+ -`, `* / // /^ %`, and a sign or `!`. There
are three divisions, since an address that was rounded unseen is a mistake: `/` must divide exactly, `//` rounds down,
`/^` rounds up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from acortex.isa.asm.lexer import Token, number_of, place_of
from acortex.isa.language import expressions as row_of
from acortex.isa.language import names
from acortex.isa.language.diagnostics import Consequence, Mistake
from acortex.isa.language.text import CONSEQUENCE
from acortex.isa.rules import Rule

LIMIT = 1 << 63
"""Every value on the way stays below this, in magnitude."""

MAX_DEPTH = 64
"""How deep parentheses nest."""

_LEVELS = (("(",), ("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"),
           ("*", "/", "//", "/^", "%"), ("sign -", "not !"))  # fmt: skip
_PRECEDENCE = {name: level for level, names in enumerate(_LEVELS) for name in names}
_COMPARISONS = frozenset(_LEVELS[3])
_SIGNS = {"-": "sign -", "!": "not !"}

OPERATORS = {
    "-a, +a": "a sign: before a value, or before another sign",
    "a * b": "the product",
    "a / b": "the quotient, which must leave no remainder",
    "a // b": "the quotient, rounded down, towards minus infinity",
    "a /^ b": "the quotient, rounded up, towards plus infinity",
    "a % b": "what a // b leaves: a - (a // b) * b, of the sign of b",
    "a + b": "the sum; like a - b it binds less than the five above",
    "a - b": "the difference",
    "a << b": "a * 2^b, b from 0 to 63",
    "a >> b": "a // 2^b, b from 0 to 63",
    "a == b, a != b, a < b, a <= b, a > b, a >= b": "1 where it holds, else 0; comparisons do not chain",
    "a && b": "1 where neither is 0, else 0; both are worked out",
    "a || b": "1 where one of the two is not 0, else 0; it binds least of all",
    "!a": "1 where a is 0, else 0; it binds as a sign",
}
"""The operators as the manual explains them, in the order of `_PRECEDENCE`."""

_BELOW = "it is defined further down: an .equ may use labels, and the constants above it"

Symbols = Mapping[str, int | str | None]
"""Constants and labels by name; None where the definition itself is wrong, and reported. A text is a register."""


def evaluate(tokens: Sequence[Token], symbols: Symbols) -> int:
    """The value of an expression. Raises Mistake at the token that is wrong."""
    if len(tokens) == 1:
        return _operand(tokens[0], symbols)
    values: list[int] = []
    pending: list[tuple[str, Token]] = []
    expect_value = True
    for token in tokens:
        if expect_value:
            expect_value = _value_place(token, symbols, values, pending)
        else:
            expect_value = _operator_place(token, values, pending)
    if expect_value:
        raise _at(tokens[-1], row_of.ENDS_EARLY)
    _reduce(values, pending, 0)
    if pending:
        raise _at(pending[-1][1], row_of.NOT_CLOSED)
    return values[0]


def _value_place(token: Token, symbols: Symbols, values: list[int], pending: list[tuple[str, Token]]) -> bool:
    """Takes a token where a value is due; answers whether one still is."""
    text = token[1]
    if token[0] != "op":
        values.append(_operand(token, symbols))
        return False
    if text == "(":
        if sum(1 for name, _ in pending if name == "(") >= MAX_DEPTH:
            raise _at(token, row_of.TOO_DEEP, most=MAX_DEPTH)
        pending.append(("(", token))
    elif text in _SIGNS:
        pending.append((_SIGNS[text], token))
    elif text != "+":
        raise _at(token, row_of.NO_VALUE)
    return True


def _operator_place(token: Token, values: list[int], pending: list[tuple[str, Token]]) -> bool:
    """Takes a token where an operator is due; answers whether a value is due after it."""
    kind, text, _ = token
    if text == ")":
        _reduce(values, pending, 1)
        if not pending:
            raise _at(token, row_of.CLOSES_NOTHING)
        pending.pop()
        return False
    if kind != "op" or text not in _PRECEDENCE or text == "(":
        raise _at(token, row_of.NO_OPERATOR, _BEFORE_COMMA if text == "," else None)
    if text in _COMPARISONS:
        _reduce(values, pending, _PRECEDENCE[text] + 1)
        if pending and pending[-1][0] in _COMPARISONS:
            raise _at(token, row_of.CHAIN)
    _reduce(values, pending, _PRECEDENCE[text])
    pending.append((text, token))
    return True


_BEFORE_COMMA = "close the parenthesis in front of it: operands have commas between them, parts of one have none".format


def _reduce(values: list[int], pending: list[tuple[str, Token]], precedence: int) -> None:
    """Carries out what binds at least as tightly as `precedence`, up to the last open parenthesis."""
    while pending and pending[-1][0] != "(" and _PRECEDENCE[pending[-1][0]] >= precedence:
        name, token = pending.pop()
        right = values.pop()
        if name in ("sign -", "not !"):
            values.append(-right if name == "sign -" else int(right == 0))
            continue
        result = _apply(name, token, values.pop(), right)
        if not -LIMIT < result < LIMIT:
            raise _at(token, row_of.WIDE)
        values.append(result)


def _exact(token: Token, left: int, right: int) -> int:
    if left % right:
        raise _at(token, row_of.REMAINDER, left=left, right=right)
    return left // right


_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "//": lambda left, right: left // right,
    "/^": lambda left, right: -(-left // right),
    "%": lambda left, right: left % right,
    "<<": lambda left, right: left << right,
    ">>": lambda left, right: left >> right,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<": lambda left, right: int(left < right),
    "<=": lambda left, right: int(left <= right),
    ">": lambda left, right: int(left > right),
    ">=": lambda left, right: int(left >= right),
    "&&": lambda left, right: int(left != 0 and right != 0),
    "||": lambda left, right: int(left != 0 or right != 0),
}


def _apply(name: str, token: Token, left: int, right: int) -> int:
    if name in ("/", "//", "/^", "%") and right == 0:
        raise _at(token, row_of.BY_ZERO)
    if name in ("<<", ">>") and not 0 <= right < 64:
        raise _at(token, row_of.SHIFT, by=right)
    return _exact(token, left, right) if name == "/" else _OPERATIONS[name](left, right)


def _operand(token: Token, symbols: Symbols) -> int:
    kind, text, _ = token
    if kind == "number":
        value = number_of(token)
        if value >= LIMIT:
            raise _at(token, row_of.WIDE)
        return value
    if kind != "name":
        raise _at(token, row_of.NOT_A_VALUE)
    if text not in symbols:
        # Looked up as the report ends, when every constant is known.
        raise _at(token, names.UNDEFINED, partial(_near, text, symbols), name=text)
    known = symbols[text]
    if known is None:
        raise Consequence(CONSEQUENCE, place_of([token]), reason=f"`{text}` has no value")
    if isinstance(known, str):
        raise _at(token, row_of.REGISTER, name=text, register=known)
    return known


def _near(name: str, symbols: Symbols) -> str:
    """What an unknown name may mean, once every constant is known."""
    return _BELOW if name in symbols else names.meant(name, symbols)


def _at(token: Token, row: Rule, near: Callable[[], str] | None = None, **facts: object) -> Mistake:
    """A mistake at a token, whose text is a fact."""
    return Mistake(row, place_of([token]), near=near, facts={"text": token[1][:40], **facts})
