"""The mutants of a source: each changes one operator, number, condition, call or statement of it."""

# Written here, since neither library copes: mutmut 3 takes a module's name from its path (`isa.codec`, where this
# package imports it as `acortex.isa.codec`) and leaves out module level and decorated functions, which hold the tables
# and limits of this package; cosmic-ray starts pytest anew for each mutant, with every test.

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

TOKENS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: (r"\*", "//"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: (r"\|", "&"),
    ast.BitXor: (r"\^", "&"),
    ast.Pow: (r"\*\*", "*"),
}
"""How an operator is found in a text, and what takes its place."""
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "ceil": "floor", "floor": "ceil"}
LEFT_OUT = ("strict", "copy", "out")
"""Named arguments that are never changed: an assertion of `zip`; and memory of NumPy, which saves time alone."""
COMMENT = re.compile(rb"#[^\n]*")


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes of a source from `begin` to `end` become `text`; on which line, of which statement."""

    file: str
    function: str
    line: int
    statement: int
    begin: int
    end: int
    text: str
    source: bytes

    def applied(self) -> str:
        """The source of the mutant. It has as many lines as the original."""
        return (self.source[: self.begin] + self._padded() + self.source[self.end :]).decode()

    @property
    def original(self) -> str:
        """The lines that are changed, as one."""
        first, last = self._lines()
        return _as_one(self.source[first:last])

    @property
    def mutated(self) -> str:
        """What they are changed to."""
        first, last = self._lines()
        return _as_one(self.source[first : self.begin] + self.text.encode() + self.source[self.end : last])

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a mutant is known by in survivors.toml: no number of a line."""
        return self.file, self.function, self.original, self.mutated

    def _padded(self) -> bytes:
        return self.text.encode() + b"\n" * self.source[self.begin : self.end].count(b"\n")

    def _lines(self) -> tuple[int, int]:
        last = self.source.find(b"\n", self.end)
        return self.source.rfind(b"\n", 0, self.begin) + 1, last if last >= 0 else len(self.source)


def _as_one(text: bytes) -> str:
    return " ".join(text.decode().split())


def mutants(file: str, source: str) -> list[Mutant]:
    """All mutants of a source that compile, in the order of their places."""
    finder = _Finder(file, source.encode())
    finder.visit(ast.parse(source))
    found = sorted(set(finder.found), key=lambda mutant: (mutant.begin, mutant.end, mutant.text))
    return [mutant for mutant in found if _compiles(mutant)]


def _compiles(mutant: Mutant) -> bool:
    try:
        ast.parse(mutant.applied())
    except SyntaxError:
        return False
    return True


class _Finder(ast.NodeVisitor):
    """Walks a tree and notes the changes of its nodes.

    What is left out: annotations and decorators, assertions, and texts, of which each has a test of what it says.
    """

    def __init__(self, file: str, source: bytes) -> None:
        self.file, self.source = file, source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.names: list[str] = []
        self.statement = 0
        self.returns: list[ast.expr | None] = []
        self.found: list[Mutant] = []

    def note(self, begin: int, end: int, text: str, line: int) -> None:
        name = ".".join(self.names)
        self.found.append(Mutant(self.file, name, line, self.statement or line, begin, end, text, self.source))

    def visit(self, node: ast.AST) -> None:
        before = self.statement
        if isinstance(node, ast.stmt):
            self.statement = node.lineno
        super().visit(node)
        self.statement = before

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        begin = self.starts[node.lineno - 1] + node.col_offset
        return begin, self.starts[node.end_lineno - 1] + node.end_col_offset

    def instead(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.note(*self.span(node), text, node.lineno)

    def negated(self, node: ast.expr) -> None:
        begin, end = self.span(node)
        self.note(begin, end, f"(not ({self.source[begin:end].decode()}))", node.lineno)

    def between(self, left: ast.expr, operator: ast.AST, right: ast.expr) -> None:
        """The operator between two operands: only brackets, space and comments are there beside it."""
        begin, end = self.span(left)[1], self.span(right)[0]
        token, text = TOKENS.get(type(operator), ("", ""))
        gap = COMMENT.sub(lambda found: b" " * len(found[0]), self.source[begin:end])
        match = re.search(token.encode(), gap) if token else None
        if match:
            self.note(begin + match.start(), begin + match.end(), text, right.lineno)

    def condition(self, test: ast.expr) -> None:
        """A condition that no change of an operator turns round."""
        if not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant | ast.NamedExpr):
            self.negated(test)

    # What is left out -------------------------------------------------------------------------------------------------

    def visit_Assert(self, node: ast.Assert) -> None: ...
    def visit_JoinedStr(self, node: ast.JoinedStr) -> None: ...

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.inside(node.name, None, [*node.keywords, *node.body])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        defaults = [*node.args.defaults, *[default for default in node.args.kw_defaults if default is not None]]
        self.inside(node.name, node.returns, [*defaults, *node.body])

    visit_AsyncFunctionDef = visit_FunctionDef

    def inside(self, name: str, returns: ast.expr | None, nodes: list[ast.AST]) -> None:
        self.names.append(name)
        self.returns.append(returns)
        for node in nodes:
            self.visit(node)
        self.names.pop()
        self.returns.pop()

    # What is changed --------------------------------------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self.between(left, operator, right)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.between(node.left, node.op, node.right)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.between(left, node.op, right)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        begin, operand = self.span(node)[0], self.span(node.operand)[0]
        if isinstance(node.op, ast.Not):
            self.note(begin, operand, "", node.lineno)
        elif isinstance(node.op, ast.USub):
            self.note(begin, begin + 1, "+", node.lineno)
        if not (isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)):
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        begin, end = self.span(node.target)[1], self.span(node.value)[0]
        token, text = TOKENS[type(node.op)]
        match = re.search(token.encode() + b"=", self.source[begin:end])
        if match:
            self.note(begin + match.start(), begin + match.end(), f"{text}=", node.lineno)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.instead(node, str(not node.value))
        elif isinstance(node.value, int | float):
            self.instead(node, repr(node.value + 1))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in NAMES:
            self.instead(node.func, NAMES[node.func.id])
        self.keywords(node)
        self.generic_visit(node)

    def keywords(self, node: ast.Call) -> None:
        """Leaves out a named argument, where something stands before it and it is no text."""
        before: list[ast.expr] = [node.func, *node.args]
        for keyword in node.keywords:
            value = keyword.value
            text = isinstance(value, ast.JoinedStr) or (
                isinstance(value, ast.Constant) and isinstance(value.value, str)
            )
            if keyword.arg and keyword.arg not in LEFT_OUT and len(before) > 1 and not text:
                self.note(self.span(before[-1])[1], self.span(value)[1], "", value.lineno)
            before.append(value)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in LEFT_OUT:
            self.visit(node.value)

    def visit_If(self, node: ast.If) -> None:
        name = node.test.id if isinstance(node.test, ast.Name) else ""
        main = isinstance(node.test, ast.Compare) and getattr(node.test.left, "id", "") == "__name__"
        if name == "TYPE_CHECKING" or main:
            return
        self.condition(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.condition(test)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        returns = self.returns[-1] if self.returns else None
        if isinstance(returns, ast.Name) and returns.id == "bool" and node.value is not None:
            self.condition(node.value)
        elif node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self.instead(node.value, "None")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.instead(node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.instead(node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.instead(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.instead(node, "break")
