"""Notebooks of the manual: each is executed in a kernel of its own, and what it prints is compared.

`python tests/notebooks.py docs/how-to/notebook.ipynb` executes one anew and writes its outputs into it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

SECONDS = 60
"""How long a cell may take."""


def executed(path: Path, folder: Path) -> Any:
    """A notebook whose cells were run in a folder, with the Python of this process."""
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None

    class Manager(AsyncKernelManager):
        """A kernel of this Python, whatever kernels are installed beside it."""

        def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
            return [sys.executable, "-m", "ipykernel_launcher", "-f", str(self.connection_file)]

    before = dict(os.environ)
    os.environ |= {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "NO_COLOR": "1",
        "IPYTHONDIR": str(folder),
    }
    try:
        NotebookClient(
            notebook, timeout=SECONDS, kernel_manager_class=Manager, resources={"metadata": {"path": str(folder)}}
        ).execute()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return notebook


def printed(notebook: Any) -> list[tuple[str, list[str]]]:
    """For each cell of code its source and its outputs as text; pictures are said by their kind alone."""
    return [(cell.source, [_text(one) for one in cell.outputs]) for cell in notebook.cells if cell.cell_type == "code"]


def _text(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    kinds = sorted(kind for kind in output.data if kind != "text/plain")
    return f"{' '.join(kinds)}: {output.data.get('text/plain', '')}"


def _rewrite(path: Path) -> None:
    """Writes the outputs of a notebook anew, without what changes from run to run."""
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        notebook = executed(path, Path(folder))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        _rewrite(Path(name))
