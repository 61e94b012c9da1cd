"""`acortex lsp`: the language server."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import redirect_stdout

import click

from acortex.errors import MissingExtra


@click.command()
def lsp() -> None:
    """Serve editors: the Language Server Protocol on stdin and stdout.

    An editor starts it; docs/editor.md says how. It needs the extra `lsp`.
    """
    try:
        import pygls.lsp.server  # noqa: F401  # its absence is told in one line
    except ImportError:
        raise MissingExtra("acortex lsp", "lsp") from None
    from acortex.tools.editor.server import make_server

    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it would print a refusal, which is an answer, as a fault

    # What else would be printed must not come between the messages, and the server closes the streams that it has.
    with open(os.dup(0), "rb") as stdin, open(os.dup(1), "wb") as stdout, redirect_stdout(sys.stderr):
        make_server().start_io(stdin, stdout)
