"""The beginning and the end of the command `acortex`: streams and signals before anything else, and what is left over.

Nothing heavy is imported here, so that Ctrl-C is quiet from the first moment on; the commands are in `commands.py`.
"""

from __future__ import annotations

import sys

from acortex.garbage import kept, rarely_collected
from acortex.tools.console.process import SIGNALS, open_streams

TYPE_CHECKING = False  # as `typing` has it, which is not to be imported yet
if TYPE_CHECKING:
    from acortex.tools.commands.group import cli as cli


def __getattr__(name: str) -> object:
    """The group of all commands, `cli`, loaded at its first use."""
    if name != "cli":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from acortex.tools.commands.group import cli

    return cli


def main() -> None:
    """Runs the command line of this process and exits with its code."""
    try:
        _main()
    except KeyboardInterrupt:  # a signal came while `_main` was ending, when all was done
        SIGNALS.kill()
        sys.exit(SIGNALS.exit_code)
    finally:
        exec("")  # Python forgets a signal that came within an `exec` of a text, or it would end as if by Ctrl-C


def _main() -> None:
    open_streams()
    SIGNALS.exit_at_once()
    try:
        from acortex.tools.commands.group import cli

        SIGNALS.interrupt()
        with rarely_collected(), kept():
            cli(prog_name="acortex")
    except KeyboardInterrupt:  # before the command began, or after it ended
        sys.exit(SIGNALS.exit_code)
    except Exception as error:
        from acortex.tools.console.crash import crashed

        sys.exit(SIGNALS.exit_code or crashed(error))
    finally:
        SIGNALS.kill()
