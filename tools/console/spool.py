"""Files that are read in any order, or written and then renamed, where a command line says `-`; traces among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acortex.tools.console import files
from acortex.tools.console.manners import warn

if TYPE_CHECKING:
    from acortex.traces.file.reader import Trace


def spool(name: str) -> str:
    """A path of this name, in a folder that is removed as the command ends."""
    from tempfile import TemporaryDirectory  # a tenth of what `--help` may cost

    root = click.get_current_context().find_root()  # is left even where the command's own words are wrong
    return str(Path(root.with_resource(TemporaryDirectory(prefix="acortex-"))) / name)


_STDIN = "acortex.stdin"
"""Where click's context says that stdin was read."""


class Spooled(click.Path):
    """The path of a file that is read, of which `-` is stdin, copied into a file."""

    def __init__(self, suffix: str = "") -> None:
        super().__init__()
        self.suffix = suffix

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as given, or that of the copy."""
        path = super().convert(value, param, ctx)
        if path != files.STANDARD or (ctx is not None and ctx.resilient_parsing):
            return path
        if ctx is not None and ctx.meta.get(_STDIN):
            self.fail("stdin is read already, and can be read once.", param, ctx)
        if ctx is not None:
            ctx.meta[_STDIN] = True
        copy = spool(f"stdin{self.suffix}")
        files.write(copy, files.read(files.STANDARD))
        return copy


def open_trace(path: str) -> Trace:
    """Opens a trace, and warns where a part of its run is missing: what is read from it then is of what is there."""
    from acortex.traces.file.reader import open as open_file

    trace = open_file(path)
    if trace.part:
        warn(f"{path} is incomplete: {trace.part}")
    return trace
