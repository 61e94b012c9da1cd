"""The sources keep their shape: sizes, branches, duplicates, types at the border, documentation, no circles.

`shape.py` measures, `shape.toml` holds the bounds. The tests after the first show that each measure can fail.
"""

from __future__ import annotations

import ast
from pathlib import Path

import networkx as nx
import pytest
import shape


@pytest.mark.slow
def test_every_measure_of_the_shape_is_within_its_bound() -> None:
    broken = [str(measure) for measure in shape.measures() if measure.offences]
    assert not broken, "the bounds stand in tests/shape.toml\n" + "\n".join(broken)


@pytest.mark.slow
def test_every_exception_is_needed() -> None:
    functions = {
        shape.place(one.path, name=one.name)
        for one in shape.functions([*shape.code(), *shape.files_of_tests()])
        if one.complexity > shape.BOUNDS["complexity_max"] or one.lines > shape.BOUNDS["lines_max"]
    }
    paths = (*shape.code(), *shape.files_of_tests())
    long = {shape.place(path) for path in paths if shape.length(path) > shape.BOUNDS["file_lines"]}
    alike = {
        shape.place(run.path, name=one.name)
        for runs in shape.duplicates(shape.code(), int(shape.BOUNDS["duplicate_lines"]))
        for run in runs
        for one in shape.functions([run.path])
        if one.line <= run.line < one.line + one.lines
    }
    assert set(shape.EXCEPTIONS) - functions - long - alike == set()


def test_every_file_of_the_border_says_any() -> None:
    used = {shape.place(path) for path in shape.code() if shape.anys(path)}
    assert set(shape.BORDER) - used == set()


@pytest.mark.parametrize(
    ("body", "ways"),
    [
        ("pass", 1),
        ("return a and b and c", 3),
        ("return [x for x in a if x if b]", 4),
        ("if a:\n  pass\n elif b or c:\n  pass\n else:\n  pass", 4),
        ("while a:\n  break\n for x in b:\n  pass", 3),
        ("try:\n  pass\n except ValueError:\n  pass", 2),
        ("match a:\n  case 1:\n   pass\n  case _:\n   pass", 3),
        ("return a if b else c", 2),
        ("return (lambda x: x or a)(b)", 2),
        ("def inner():\n  return a or b\n return inner", 1),
    ],
)
def test_complexity_counts_branches_extra_booleans_and_comprehensions_but_not_functions_inside(
    body: str, ways: int
) -> None:
    function = ast.parse(f"def f(a, b, c):\n {body}").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert shape.complexity(function) == ways


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file whose text a test writes; each has a path of its own, since trees are remembered by path."""
    return tmp_path / "some.py"


def test_functions_are_measured_wherever_they_stand(source: Path) -> None:
    source.write_text("class A:\n    def b(self):\n        def c():\n            pass\n\n        return c\n")
    assert [str(one) for one in shape.functions([source])] == [
        f"{source}:2 b: complexity 1, 5 lines",
        f"{source}:3 c: complexity 1, 2 lines",
    ]


@pytest.mark.parametrize(
    ("numbers", "found"), [([5], 5), (range(1, 11), 9), (range(1, 12), 10), ([1] * 9 + [7], 1), ([1] * 8 + [7, 7], 7)]
)
def test_the_ninetieth_percentile_is_one_of_the_numbers(numbers: list[int], found: int) -> None:
    assert shape.percentile_90(numbers) == found


def test_public_names_without_a_docstring_are_found_and_private_ones_are_not(source: Path) -> None:
    source.write_text(
        '"""A module."""\nclass A:\n "One."\n def b(self): pass\n def _c(self): pass\ndef _d():\n def e(): pass\n'
    )
    assert shape.undocumented(source) == [f"{source}:4 b"]


def test_a_module_without_a_docstring_is_found(source: Path) -> None:
    source.write_text("x = 1\n")
    assert shape.undocumented(source) == [str(source)]


def test_any_is_counted_but_not_as_the_dtype_of_an_array(source: Path) -> None:
    source.write_text(
        "from typing import Any\nx: dict[str, Any]\ny: NDArray[Any]\nz: np.dtype[Any]\ndef f(a: Any) -> Any: ...\n"
    )
    assert shape.anys(source) == 3


ONE = """
def one(rows, width):
    total = 0
    for row in rows:
        total += row.size
        if total > width:
            raise ValueError("one")
    return total, 1
"""
ALIKE = ONE.replace("rows", "lines").replace("total", "sum_").replace('"one"', '"other"').replace("one(", "two(")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (ALIKE, [(3, 8)]),
        (ALIKE.replace(".size", ".length"), []),
        (ALIKE.replace("sum_ > width", "width > sum_"), []),
        (ALIKE.replace("return sum_", "return lines"), []),
    ],
    ids=["renamed", "another attribute", "exchanged", "another name"],
)
def test_a_run_of_the_same_shape_is_a_duplicate(source: Path, other: str, found: list[tuple[int, int]]) -> None:
    source.write_text(ONE + other)
    assert [(runs[0].line, runs[0].end) for runs in shape.duplicates([source], 6)] == found


def test_a_longer_run_is_one_duplicate_and_a_shorter_one_is_none(source: Path) -> None:
    block = "".join(f"    a = f(a.b{n})\n" for n in range(9))
    source.write_text(f"def one(a):\n{block}\ndef two(c):\n{block.replace('a =', 'c =').replace('(a.', '(c.')}")
    assert [tuple(map(str, runs)) for runs in shape.duplicates([source], 6)] == [(f"{source}:2-10", f"{source}:13-21")]
    assert shape.duplicates([source], 10) == []


@pytest.mark.parametrize(("lines", "found"), [(11, []), (12, [[(2, 7), (8, 13)]])])
def test_equal_statements_in_a_row_are_one_place_until_they_fill_two(
    source: Path, lines: int, found: list[list[tuple[int, int]]]
) -> None:
    source.write_text("def one(a):\n" + "    a = f(a)\n" * lines)
    assert [[(run.line, run.end) for run in runs] for runs in shape.duplicates([source], 6)] == found


def test_a_circle_is_named_and_rooms_are_files_or_folders_of_a_layer() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edge("acortex.isa.asm.parser", "acortex.isa.table")
    graph.add_edge("acortex.isa.asm.lexer", "acortex.isa.asm.parser")
    graph.add_edge("acortex.isa.table", "acortex.isa.asm.lexer")
    assert shape.circles(graph) == ["acortex.isa.asm.lexer acortex.isa.asm.parser acortex.isa.table"]
    rooms = shape.rooms(graph, "isa")
    assert sorted(rooms.edges) == [("acortex.isa.asm", "acortex.isa.table"), ("acortex.isa.table", "acortex.isa.asm")]
    assert shape.circles(rooms) == ["acortex.isa.asm acortex.isa.table"]
    graph.remove_edge("acortex.isa.table", "acortex.isa.asm.lexer")
    assert shape.circles(shape.rooms(graph, "isa")) == []


def test_an_import_is_seen_wherever_it_stands() -> None:
    module = ast.parse("import a.b\ndef f():\n    from c.d import e, g\n    import_module('acortex.isa.table')\n")
    assert list(shape.imports(module)) == [(1, "a.b"), (3, "c.d.e"), (3, "c.d.g"), (4, "acortex.isa.table")]


def test_every_line_is_counted_for_one_folder() -> None:
    rows = [row.split() for row in shape.sizes()]
    assert [row[0] for row in rows] == [".", *shape.LAYERS]
    assert sum(int(row[1]) for row in rows) == sum(map(shape.length, shape.code()))
    assert sum(int(row[3]) for row in rows) == sum(map(shape.length, shape.files_of_tests()))
