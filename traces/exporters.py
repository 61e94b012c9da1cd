"""`export` and the table of formats, under the name that they are documented by.

>>> from acortex import traces
>>> from acortex.traces.exporters import export
>>> export(traces.open("run.actrace").select(unit="vmm/*", window=(0, 1000)), "chrome", "part.json")
"""

from acortex.traces.export.registry import Exporter, export, exporters

__all__ = ["Exporter", "export", "exporters"]
