"""What is left over: a fault of acortex itself becomes two lines, a report file and an exit code of its own."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path

import acortex
from acortex import safe_files
from acortex.tools.console.process import abandon_stdout

FAULT = 70
"""The exit code of a fault of acortex itself: EX_SOFTWARE of sysexits.h."""

HEADING = """A fault of acortex itself. Please attach this file to a bug report, with the input files if you may share
them. It holds the versions, the command line and the place of the fault, and no environment variables."""


OUT_OF_MEMORY = ("failed to map segment", "cannot allocate memory", "MemoryError")
"""What the loader of libraries says where memory ends while a library is imported: no fault of acortex."""


def crashed(error: Exception) -> int:
    """Says that acortex failed, and saves a report of it; returns the exit code."""
    if isinstance(error, ImportError) and any(words.lower() in str(error).lower() for words in OUT_OF_MEMORY):
        _say("error: this needs more memory than there is, even to begin\n  hint: give the process more")
        abandon_stdout()
        return 1
    told = " ".join(traceback.format_exception_only(error)[-1].split())
    text = _text(error)
    place = _saved(text)
    _say(f"acortex failed, through a fault of its own: {told}")
    if place:
        _say(f"a report was saved as {place}: read it, and attach it to a bug report")
    else:
        _say(f"no report could be saved; please send this:\n{text}")
    abandon_stdout()
    return FAULT


def _text(error: Exception) -> str:
    facts = {
        "acortex": acortex.__version__,
        "command line": shlex.join(sys.argv),
        "python": sys.version.replace("\n", " "),
        "platform": platform.platform(),
    }
    lines = [f"{name}: {fact}" for name, fact in facts.items()]
    return "\n".join([HEADING, "", *lines, "", *traceback.format_exception(error)])


def _saved(text: str) -> str:
    """Writes the report into the current folder, or else into that of temporary files; "" where neither can be."""
    name = f"acortex-crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for folder in (".", tempfile.gettempdir()):
        with suppress(OSError):
            safe_files.write(Path(folder, name), text.encode(errors="replace"))
            return os.path.normpath(Path(folder, name))
    return ""


def _say(line: str) -> None:
    with suppress(OSError):
        print(line, file=sys.stderr)
