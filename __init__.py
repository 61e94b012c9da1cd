"""aCortex: a cycle-level simulator of a mixed-signal neural accelerator.

    >>> import acortex
    >>> result = acortex.run("zoo:digits_mlp")
    >>> result.report["accuracy"]

`assemble` makes a Program of a text, `run` simulates one, `open_trace` looks into what a run left behind. Importing
the package costs nothing: each name is loaded as it is used.
"""

from __future__ import annotations

from acortex.errors import AcortexError
from acortex.lazy_names import loader

TYPE_CHECKING = False  # as `typing` has it, without importing it: until `main` runs, Ctrl-C is a traceback
if TYPE_CHECKING:
    from acortex.isa.asm.assembler import assemble
    from acortex.sim import analog
    from acortex.sim.accuracy.own import ErrorModel
    from acortex.tools.api import accuracy, compile, debug, prepare, recalibrate, run
    from acortex.tools.serving import serve
    from acortex.tools.sweep.optimising import optimise
    from acortex.tools.sweep.sweeping import sweep
    from acortex.traces.display.opened import open as open_trace

__version__ = "0.1.0"

__all__ = [
    "AcortexError", "ErrorModel", "__version__", "accuracy", "analog", "assemble", "compile", "debug", "open_trace",
    "optimise", "prepare", "recalibrate", "run", "serve", "sweep",
]  # fmt: skip

__getattr__ = loader(
    __name__,
    {
        "ErrorModel": "acortex.sim.accuracy.own:ErrorModel",
        "accuracy": "acortex.tools.api:accuracy",
        "analog": "acortex.sim.analog",
        "assemble": "acortex.isa.asm.assembler:assemble",
        "compile": "acortex.tools.api:compile",
        "debug": "acortex.tools.api:debug",
        "open_trace": "acortex.traces.display.opened:open",
        "optimise": "acortex.tools.sweep.optimising:optimise",
        "prepare": "acortex.tools.api:prepare",
        "recalibrate": "acortex.tools.api:recalibrate",
        "run": "acortex.tools.api:run",
        "serve": "acortex.tools.serving:serve",
        "sweep": "acortex.tools.sweep.sweeping:sweep",
    },
)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted(__all__)
