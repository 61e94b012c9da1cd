"""The layers hold: who may import whom, no cycles, and nothing of the workshop in what is published."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest
import shape

CHECKOUT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "isa": set[str](),
    "traces": set[str](),
    "sim": {"isa", "traces"},
    "programs": {"isa"},
    "tools": {"isa", "traces", "sim", "programs"},
}
"""The layers of aCortex, and which others each may import, lazily or for types too."""


OF_ALL = {
    "alike", "documents", "errors", "garbage", "intervals", "lazy_names", "safe_files", "toml_files", "units",
    "wording", "__version__",
}  # fmt: skip
"""What belongs to no layer: errors, results, files, units, wording and the like, and the version."""

TOP = {""}
"""`import acortex` itself, which leads everywhere."""


@cache
def imports(source: str) -> list[tuple[int, str]]:
    """Every import in a text, wherever it stands: its line, and the full name of what it asks for."""
    return list(shape.imports(ast.parse(source)))


def offences(layer: str, source: str) -> list[str]:
    """The imports of a layer's module that the layers do not allow, each with its line."""
    found = []
    for line, name in imports(source):
        if name.startswith("."):
            found.append(f"{line}: {name} is relative")
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top == "acortex" and target not in MAY_IMPORT[layer] | {layer} | OF_ALL | (
            TOP if layer == "tools" else set()
        ):
            found.append(f"{line}: {layer} imports {name}")
    return found


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    paths = shape.files(CHECKOUT / layer)
    assert paths
    wrong = [
        f"{path.relative_to(CHECKOUT)}:{offence}" for path in paths for offence in offences(layer, path.read_text())
    ]
    assert wrong == []


def test_the_analog_errors_import_nothing_of_ours_but_themselves() -> None:
    paths = shape.files(CHECKOUT / "sim" / "analog")
    assert len(paths) > 5
    for path in paths:
        ours = {name for _, name in imports(path.read_text()) if name.partition(".")[0] == "acortex"}
        assert {name for name in ours if not name.startswith("acortex.sim.analog.")} <= {"acortex.lazy_names.loader"}


def test_the_analog_errors_import_scipy_where_they_use_it_alone() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "acortex"}
    for path in shape.files(CHECKOUT / "sim" / "analog"):
        tree = ast.parse(path.read_text())
        at_top = {name.partition(".")[0] for node in tree.body for _, name in _imports_of(node)}
        assert at_top <= allowed
        assert {name.partition(".")[0] for _, name in imports(path.read_text())} <= allowed | {"scipy"}


def _imports_of(node: ast.stmt) -> Iterator[tuple[int, str]]:
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from shape.imports(ast.Module([node], []))


@pytest.mark.parametrize(
    "source",
    [
        "import acortex.sim.run",
        "from acortex.sim import run",
        "from acortex import sim",
        "import acortex",
        "def f():\n    from acortex.tools.cli import main",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import acortex.traces.file.reader",
        "from . import table",
        "import importlib\nimportlib.import_module('acortex.programs.zoo')",
        "__getattr__ = loader(__name__, {'load': 'acortex.programs.zoo:load'})",
    ],
)
def test_every_form_of_a_forbidden_import_is_seen(source: str) -> None:
    assert len(offences("isa", source)) == 1


@pytest.mark.parametrize("module", sorted(OF_ALL - {"__version__"}))
def test_what_belongs_to_no_layer_imports_nothing_of_ours_but_errors_and_the_version(module: str) -> None:
    found = {name for _, name in imports((CHECKOUT / f"{module}.py").read_text()) if name.startswith("acortex")}
    assert found <= {
        "acortex.__version__", "acortex.errors.MissingExtra", "acortex.errors.UsageError", "acortex.safe_files",
    }  # fmt: skip


def test_the_folders_are_the_layers_and_their_wings(tracked: list[str]) -> None:
    tops = {Path(name).parts[0] for name in tracked if name.endswith(".py") and len(Path(name).parts) > 1}
    assert tops == {"docs", "tests", *MAY_IMPORT}  # docs/conf.py builds the manual, and is in no package
    roots = {name for name in shape.modules() if name.count(".") == 1 and name.rpartition(".")[2] not in MAY_IMPORT}
    assert roots == {"acortex.__main__", *(f"acortex.{name}" for name in OF_ALL - {"__version__"})}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    known = shape.modules()
    for module, path in known.items():
        for _, name in imports(path.read_text()):
            target = name if name in known else name.rpartition(".")[0]
            if target in known and target != module and module != "acortex" and target != "acortex":
                graph.add_edge(module, target)
    assert list(nx.simple_cycles(graph)) == []


WORKSHOP = re.compile(
    r"(?<![\w.])/(?:home|root|work)/|\b(?:extra-)?index[-_]url|\bfind[-_]links|https?://(?:files|registry|index|pypi)\.|\bpypi\.org\b"
)
"""What belongs to the machine that a file was written on, or to a package registry."""


def test_no_file_names_a_machine_or_a_package_registry(tracked: list[str]) -> None:
    wrong = []
    for name in tracked:
        if name != "tests/test_layers.py" and not name.endswith(".npz"):
            text = (CHECKOUT / name).read_text(errors="replace")
            wrong += [f"{name}: {found.group()}" for found in WORKSHOP.finditer(text)]
    assert wrong == []


def test_the_words_of_the_workshop_are_seen() -> None:
    assert WORKSHOP.search("https://" + "pypi" + ".org/simple")
    assert not WORKSHOP.search("a homework/ folder and docs/work/")


ONE_PLACE = {
    "get_close_matches": {"wording.py"},
    "CHANNELS = 64": {"isa/machine.py"},
    "10**18": {"units.py", "tools/console/ranges.py"},  # the latter bounds cycles
    "strerror if": {"safe_files.py"},
    "did you mean": {"wording.py"},
}
"""Texts that stand where a thing is done, each with the only modules that may have it."""


@pytest.mark.parametrize("text", ONE_PLACE)
def test_what_is_done_in_one_place_is_done_nowhere_else(text: str) -> None:
    having = {str(path.relative_to(CHECKOUT)) for path in shape.modules().values() if text in path.read_text()}
    assert having == ONE_PLACE[text]
