"""The layers hold: who may import whom, no cycles, and nothing of the workshop in what is published."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

MAY_IMPORT = {
    "isa": set[str](),
    "traces": set[str](),
    "sim": {"isa", "traces"},
    "programs": {"isa"},
    "tools": {"isa", "traces", "sim", "programs"},
}
"""The layers of aCortex, and which others each may import, lazily or for types too."""


OF_ALL = {"documents", "errors", "safe_files", "__version__"}
"""What belongs to no layer: the family of errors, how files are read and written, and the version."""

TOP = {""}
"""`import acortex` itself, which leads everywhere."""

MODULE = re.compile(rf"acortex\.({'|'.join(MAY_IMPORT)})(\.\w+)*")
"""A module named in a text: for importlib, that is an import too."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its full name."""
    paths = [path for folder in (".", *MAY_IMPORT) for path in sorted((CHECKOUT / folder).glob("*.py"))]
    return {_name(path.relative_to(CHECKOUT)): path for path in paths}


def _name(path: Path) -> str:
    parts = ("acortex", *path.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Every import in a text, wherever it stands: its line, and the full name of what it asks for."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from ((node.lineno, f"{dots}{node.module or ''}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and MODULE.fullmatch(str(node.value)):
            yield node.lineno, node.value


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
    paths = sorted((CHECKOUT / layer).glob("*.py"))
    assert paths
    wrong = [f"{layer}/{path.name}:{offence}" for path in paths for offence in offences(layer, path.read_text())]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "import acortex.sim.run",
        "from acortex.sim import run",
        "from acortex import sim",
        "import acortex",
        "def f():\n    from acortex.tools.cli import main",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import acortex.traces.reader",
        "from . import table",
        "import importlib\nimportlib.import_module('acortex.programs.zoo')",
    ],
)
def test_every_form_of_a_forbidden_import_is_seen(source: str) -> None:
    assert len(offences("isa", source)) == 1


@pytest.mark.parametrize("module", sorted(OF_ALL - {"__version__"}))
def test_what_belongs_to_no_layer_imports_nothing_of_ours_but_errors_and_the_version(module: str) -> None:
    found = {name for _, name in imports((CHECKOUT / f"{module}.py").read_text()) if name.startswith("acortex")}
    assert found <= {"acortex.__version__", "acortex.errors.MissingExtra", "acortex.errors.UsageError"}


def test_the_folders_are_the_layers_and_flat(tracked: list[str]) -> None:
    homes = {
        str(Path(name).parent) for name in tracked if name.endswith(".py") and not name.startswith(("tests/", "docs/"))
    }
    assert homes == {".", *MAY_IMPORT}
    assert {name for name in modules() if name.count(".") == 1 and name.rpartition(".")[2] not in MAY_IMPORT} == {
        "acortex.__main__",
        "acortex.documents",
        "acortex.errors",
        "acortex.safe_files",
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    known = modules()
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
