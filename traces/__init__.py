"""What a run leaves behind: the columnar trace, its reader, and what is computed from it. Imports no other layer.

>>> from acortex import traces
>>> trace = traces.open("run.actrace")
>>> trace.select(layer="conv1", unit="vmm")["duration"].sum()
"""

from acortex.traces.file.reader import Trace, open

__all__ = ["Trace", "open"]
