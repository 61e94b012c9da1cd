"""Measures the shape of the sources: `python tests/shape.py`, or `make shape`, prints each number beside its bound.

`shape.toml` holds the bounds, and the exceptions with a reason each; `test_shape.py` holds the sources to them. The
measures read the syntax tree only: nothing is imported, so a file that fails to import is measured as well.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import networkx as nx

CHECKOUT = Path(__file__).resolve().parent.parent
LAYERS = ("isa", "traces", "sim", "programs", "tools")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Graph: TypeAlias = "nx.DiGraph[str]"


SETTINGS = tomllib.loads((CHECKOUT / "tests" / "shape.toml").read_text())
BOUNDS: dict[str, float] = SETTINGS["bounds"]
BORDER: dict[str, str] = SETTINGS["border"]
EXCEPTIONS: dict[str, str] = SETTINGS["exceptions"]


@cache
def code() -> list[Path]:
    """The files of the package: the modules at the root, and each layer with its sub-folders."""
    return [*sorted(CHECKOUT.glob("*.py")), *(path for layer in LAYERS for path in files(CHECKOUT / layer))]


@cache
def files_of_tests() -> list[Path]:
    """The files of the tests, what they share and what judges the simulator."""
    return list(files(CHECKOUT / "tests"))


def files(folder: Path) -> list[Path]:
    """The Python files of a folder and its sub-folders, in the order of their names."""
    return sorted(folder.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


def place(path: Path, line: int = 0, name: str = "") -> str:
    """A place as messages name it: `isa/asm/parser.py:12 name`; without a line, as `shape.toml` names it."""
    at = f":{line}" if line else ""
    inside = path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path
    return f"{inside.as_posix()}{at} {name}".rstrip()


# Functions


@dataclass(frozen=True)
class Measured:
    """The size of one function: `lines` from its `def` to its end, `complexity` as the number of its ways."""

    path: Path
    line: int
    name: str
    lines: int
    complexity: int

    def __str__(self) -> str:
        """The place and the two numbers, as a failing test prints them."""
        return f"{place(self.path, self.line, self.name)}: complexity {self.complexity}, {self.lines} lines"


def functions(paths: Iterable[Path]) -> list[Measured]:
    """Every function and method of some files, nested ones apart from the one around them."""
    return [one for path in paths for one in _of_file(path)]


@cache
def _of_file(path: Path) -> list[Measured]:
    return [
        Measured(path, node.lineno, node.name, (node.end_lineno or 0) - node.lineno + 1, complexity(node))
        for node in _statements(tree(path))
        if isinstance(node, Function)
    ]


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements inside a node, those inside of them too: functions and blocks stand nowhere else."""
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        for child in getattr(node, field, ()):
            yield from (child, *_statements(child))


BRANCHES = (ast.If, ast.For, ast.While, ast.ExceptHandler, ast.IfExp, ast.match_case)


def complexity(function: Function) -> int:
    """McCabe's number with the rule of extra booleans: one, and one for each branch, each operand of `and` and `or`
    after the first, and each `for` and `if` of a comprehension.
    """
    return 1 + sum(map(_ways, _own(function)))


def _ways(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return isinstance(node, BRANCHES)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """What is inside a function without the functions and classes in it, which are measured for themselves."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef):
            yield child
            yield from _own(child)


def percentile_90(numbers: Iterable[int]) -> int:
    """The smallest of the numbers that at least nine tenths of them do not exceed."""
    ranked = sorted(numbers)
    return ranked[-(-len(ranked) * 9 // 10) - 1]


# Files, documentation, types


def length(path: Path) -> int:
    """The lines of a file."""
    return path.read_text().count("\n")


def undocumented(path: Path) -> list[str]:
    """The places of a file's public names that have no docstring: the module, its classes, functions and methods."""
    module = tree(path)
    nodes: Iterable[Function | ast.ClassDef] = _public(module)
    bare = [place(path, node.lineno, node.name) for node in nodes if not ast.get_docstring(node)]
    return bare if ast.get_docstring(module) or not module.body else [place(path), *bare]


def _public(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for child in node.body:
        if isinstance(child, Function | ast.ClassDef) and not child.name.startswith("_") and not _overload(child):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)


def _overload(node: Function | ast.ClassDef) -> bool:
    return any(isinstance(found, ast.Name) and found.id == "overload" for found in node.decorator_list)


OF_ARRAYS = {"NDArray", "dtype", "integer", "signedinteger"}


def anys(path: Path) -> int:
    """How often a file says `Any`. An array of any dtype (`NDArray[Any]`) is a type like another: it does not count."""
    nodes = list(ast.walk(tree(path))) if "Any" in path.read_text() else []  # most files do not
    spelt = sum(isinstance(node, ast.Name) and node.id == "Any" for node in nodes)
    return spelt - sum(isinstance(node, ast.Subscript) and _is_dtype(node) for node in nodes)


def _is_dtype(node: ast.Subscript) -> bool:
    name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return name in OF_ARRAYS and isinstance(node.slice, ast.Name) and node.slice.id == "Any"


# Imports


def modules() -> dict[str, Path]:
    """Every module of the package by its full name: `acortex.isa.table`."""
    return {_module(path): path for path in code()}


def _module(path: Path) -> str:
    parts = ("acortex", *path.relative_to(CHECKOUT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMED = re.compile(rf"(acortex\.({'|'.join(LAYERS)})(\.\w+)*)(:\w+)?")
"""A module named in a text, perhaps with an attribute as `lazy_names` takes them: that is an import, too."""


def imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the full name of every import, wherever it stands: in functions and for types, too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from ((node.lineno, f"{dots}{node.module or ''}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and (named := NAMED.fullmatch(str(node.value))):
            yield node.lineno, named[1]


def arrows(known: dict[str, Path]) -> Graph:
    """The imports among the modules: an arrow leads from the module that imports to the one that is imported."""
    graph: Graph = nx.DiGraph()
    graph.add_nodes_from(known)
    for module, path in known.items():
        for _, name in imports(tree(path)):
            target = name if name in known else name.rpartition(".")[0]
            # `acortex` itself leads everywhere, lazily: an arrow to it says nothing.
            if target in known and target not in {module, "acortex"} and module != "acortex":
                graph.add_edge(module, target)
    return graph


def rooms(graph: Graph, layer: str) -> Graph:
    """The imports inside a layer as its listing shows them: a room is a file or a sub-folder of the layer's folder."""

    def room(module: str) -> str:
        return ".".join(module.split(".")[:3])

    inside = [module for module in graph if module.startswith(f"acortex.{layer}.")]
    coarse: Graph = nx.DiGraph()
    coarse.add_nodes_from(map(room, inside))
    pairs = ((room(start), room(end)) for start, end in graph.subgraph(inside).edges)
    coarse.add_edges_from((start, end) for start, end in pairs if start != end)
    return coarse


def circles(graph: Graph) -> list[str]:
    """The sets of modules that import each other in a circle, each as one line."""
    return [" ".join(sorted(found)) for found in nx.strongly_connected_components(graph) if len(found) > 1]


# Duplicates


@dataclass(frozen=True)
class Run:
    """Statements that follow one another in one block of a file, from `line` to `end`."""

    path: Path
    line: int
    end: int

    def __str__(self) -> str:
        """The place and the line where the run ends."""
        return f"{place(self.path, self.line)}-{self.end}"


def duplicates(paths: Iterable[Path], least: int) -> list[tuple[Run, ...]]:
    """The runs of statements, of `least` lines or more, that stand in several places with the same shape.

    Two runs have one shape where renaming local names one to one, and other constants of the same types, make them
    equal: there one function with parameters could serve. Attributes and the names of arguments must be equal.
    """
    alike: dict[str, list[Run]] = defaultdict(list)
    for path in paths:
        for block in _blocks(tree(path)):
            for run, shape in _windows(path, block, least):
                alike[shape].append(run)
    apart = (_apart(runs) for runs in alike.values())
    return _longest([runs for runs in apart if len(runs) > 1])


def _apart(runs: list[Run]) -> tuple[Run, ...]:
    """The runs that do not overlap one before: equal statements in a row are one place, until they fill two runs."""
    kept: list[Run] = []
    for run in runs:
        if not kept or not _continues(kept[-1], run):
            kept.append(run)
    return tuple(kept)


def _blocks(module: ast.Module) -> Iterator[list[ast.stmt]]:
    """The blocks inside functions. Statements of modules and classes declare: a table's rows look alike by intent."""
    for node in _statements(module):
        if not isinstance(node, ast.ClassDef):
            for field in ("body", "orelse", "finalbody"):
                yield [each for each in getattr(node, field, ()) if not _is_text(each)]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _windows(path: Path, block: list[ast.stmt], least: int) -> Iterator[tuple[Run, str]]:
    """From each statement of a block, the shortest run of at least `least` lines, with its shape."""
    for first, start in enumerate(block):
        for last in range(first, len(block)):
            end = block[last].end_lineno or 0
            if end - start.lineno + 1 >= least:
                yield Run(path, start.lineno, end), _shape(block[first : last + 1])
                break


def _shape(block: list[ast.stmt]) -> str:
    names: dict[str, str] = {}
    return " ".join(_spelt(node, names) for node in block)


def _spelt(node: object, names: dict[str, str]) -> str:
    """A node as text: its kind and its parts, names numbered in order, constants as their types."""
    if isinstance(node, ast.Name | ast.arg):
        name = node.id if isinstance(node, ast.Name) else node.arg
        return names.setdefault(name, f"name{len(names)}")
    if isinstance(node, ast.Constant):
        return type(node.value).__name__
    if isinstance(node, ast.AST):
        return f"{type(node).__name__}({_spelt([part for _, part in ast.iter_fields(node)], names)})"
    return ", ".join(_spelt(part, names) for part in node) if isinstance(node, list) else str(node)


def _longest(groups: list[tuple[Run, ...]]) -> list[tuple[Run, ...]]:
    """Groups whose first run begins inside the one before are its continuation: joined, so that each is told once."""
    kept: list[tuple[Run, ...]] = []
    for group in sorted(groups, key=lambda group: (str(group[0].path), group[0].line)):
        before = kept[-1] if kept else ()
        if len(before) == len(group) and all(_continues(old, new) for old, new in zip(before, group, strict=True)):
            kept[-1] = tuple(Run(old.path, old.line, new.end) for old, new in zip(before, group, strict=True))
        else:
            kept.append(group)
    return kept


def _continues(old: Run, new: Run) -> bool:
    return old.path == new.path and old.line <= new.line <= old.end


# The report


@dataclass(frozen=True)
class Measure:
    """One number of the shape beside its bound, and the places that break the bound."""

    what: str
    number: str
    bound: str
    offences: list[str]

    def __str__(self) -> str:
        """A line of the report, and a line for each offence."""
        mark = "broken" if self.offences else "held"
        return "\n    ".join([f"{self.what:<48}{self.number:>9}   {self.bound:<18}{mark}", *self.offences])


def measures() -> Iterator[Measure]:
    """Every measure of the sources, in the order of the report."""
    yield from _percentiles("code", functions(code()))
    yield from _percentiles("tests", functions(files_of_tests()))
    every = functions([*code(), *files_of_tests()])
    yield _most("ways through a function", every, lambda one: one.complexity, BOUNDS["complexity_max"])
    yield _most("lines of a function", every, lambda one: one.lines, BOUNDS["lines_max"])
    yield _longest_file()
    yield _ratio()
    yield _any()
    bare = [found for path in code() for found in undocumented(path)]
    yield Measure("public names without a docstring", str(len(bare)), "none", bare)
    yield _duplicates()
    graph = arrows(modules())
    yield Measure("circles of modules", str(len(circles(graph))), "none", circles(graph))
    yield from (_rooms(layer, rooms(graph, layer)) for layer in LAYERS)


def _percentiles(what: str, every: list[Measured]) -> Iterator[Measure]:
    for of, key, numbers in (
        ("ways", "complexity_p90", [one.complexity for one in every]),
        ("lines", "lines_p90", [one.lines for one in every]),
    ):
        found, bound = percentile_90(numbers), int(BOUNDS[key])
        broken = [f"nine tenths of {len(every)} functions reach {found}"] if found > bound else []
        yield Measure(f"{of} of a function, p90 ({what})", str(found), f"at most {bound}", broken)


def _most(what: str, every: list[Measured], size: Callable[[Measured], int], bound: float) -> Measure:
    wrong = [str(one) for one in every if size(one) > bound and place(one.path, name=one.name) not in EXCEPTIONS]
    return Measure(f"{what}, most", str(max(map(size, every))), f"at most {bound}", wrong)


def _longest_file() -> Measure:
    sizes = {place(path): length(path) for path in (*code(), *files_of_tests())}
    bound = BOUNDS["file_lines"]
    wrong = [f"{name}: {size} lines" for name, size in sizes.items() if size > bound and name not in EXCEPTIONS]
    return Measure("lines of a file, most", str(max(sizes.values())), f"at most {bound}", wrong)


def _ratio() -> Measure:
    of_tests, of_code = sum(map(length, files_of_tests())), sum(map(length, code()))
    bound = BOUNDS["test_ratio"]
    short = [f"{of_tests} lines of test for {of_code} lines of code"] if of_tests < bound * of_code else []
    return Measure("lines of test per line of code", f"{of_tests / of_code:.2f}", f"at least {bound}", short)


def _any() -> Measure:
    found = {place(path): anys(path) for path in code() if place(path) not in BORDER}
    total, bound = sum(found.values()), BOUNDS["any"]
    most = sorted((name for name in found if found[name]), key=lambda name: -found[name])
    wrong = [f"{name}: {found[name]}" for name in most] if total > bound else []
    return Measure("`Any` away from the border to foreign data", str(total), f"at most {bound}", wrong)


def _duplicates() -> Measure:
    least = int(BOUNDS["duplicate_lines"])
    found = [runs for runs in duplicates(code(), least) if not any(_excepted(run) for run in runs)]
    wrong = [" ~ ".join(map(str, runs)) for runs in found]
    return Measure(f"runs of {least} lines that stand twice", str(len(found)), "none", wrong)


def _excepted(run: Run) -> bool:
    around = (one for one in functions([run.path]) if one.line <= run.line < one.line + one.lines)
    return any(place(run.path, name=one.name) in EXCEPTIONS for one in around)


def _rooms(layer: str, graph: Graph) -> Measure:
    wrong = circles(graph)
    depth = "-" if wrong else str(nx.dag_longest_path_length(graph) + 1)
    number = f"{len(graph)}/{graph.number_of_edges()}/{depth}"
    return Measure(f"{layer}: rooms/arrows/depth; circles of rooms", number, "no circles", wrong)


def sizes() -> Iterator[str]:
    """Lines of code and of test for each layer, and for the root, whose tests are all that mirror no layer."""
    for folder in (".", *LAYERS):
        own = sum(length(path) for path in code() if _home(path, CHECKOUT) == folder)
        beside = sum(length(path) for path in files_of_tests() if _home(path, CHECKOUT / "tests") == folder)
        yield f"{folder:<48}{own:>9}   and {beside} of test"


def _home(path: Path, root: Path) -> str:
    top = path.relative_to(root).parts[0]
    return top if top in LAYERS else "."


def main() -> int:
    """Prints the report; the exit code is 1 where a bound is broken."""
    found = list(measures())
    kept = (f"    {where}: {reason}" for where, reason in EXCEPTIONS.items())
    print(*found, "", "exceptions", *kept, "", "lines for each folder", *sizes(), sep="\n")
    return int(any(measure.offences for measure in found))


if __name__ == "__main__":
    sys.exit(main())
