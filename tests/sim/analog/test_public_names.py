"""The names of `sim.analog`: each loads, late, and type checkers see the same."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from acortex.sim import analog


def test_every_public_name_is_that_of_its_module() -> None:
    places = {name: module for module, names in analog._PLACES.items() for name in names.split()}
    assert sorted(places) == analog.__all__ == sorted(analog.__all__)
    for name, module in places.items():
        assert getattr(analog, name) is getattr(import_module(f"acortex.sim.analog.{module}"), name)


def test_type_checkers_see_the_same_names() -> None:
    body = ast.parse(Path(str(analog.__file__)).read_text()).body
    (block,) = (node for node in body if isinstance(node, ast.If))
    seen = {
        str(node.module).rpartition(".")[2]: [alias.name for alias in node.names]
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    assert {module: sorted(names) for module, names in seen.items()} == {
        module: sorted(names.split()) for module, names in analog._PLACES.items()
    }


def test_importing_the_wing_loads_no_arrays() -> None:
    code = "import sys; from acortex.sim import analog; print('numpy' in sys.modules, hasattr(analog, 'tuned'))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.split() == ["False", "True"]
