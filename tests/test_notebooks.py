"""The notebooks of the manual do what they show: each is executed, and what its cells print is compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from notebooks import executed, printed

nbformat: Any = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

CHECKOUT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((CHECKOUT / "docs").rglob("*.ipynb"))
MOST_BYTES = 300_000


def _ids(paths: list[Path]) -> list[str]:
    return [path.relative_to(CHECKOUT).as_posix() for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=_ids(NOTEBOOKS))
def test_a_notebook_prints_what_it_shows(path: Path, tmp_path: Path) -> None:
    shown = printed(nbformat.read(path, as_version=4))
    assert printed(executed(path, tmp_path)) == shown, "if it is right: .venv/bin/python tests/notebooks.py NOTEBOOK"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_ids(NOTEBOOKS))
def test_a_notebook_is_whole_small_and_was_executed_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < MOST_BYTES
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert len(outputs) >= len(cells) - 1
    assert "error" not in {output.output_type for output in outputs}
    assert "<script" not in "".join(output.data.get("text/html", "") for output in outputs if "data" in output)


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


def test_a_cell_that_prints_something_else_is_seen(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    before = printed(notebook)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs)
    cell.outputs[0].data["text/plain"] += " "
    assert printed(notebook) != before
