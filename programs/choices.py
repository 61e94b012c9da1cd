"""How a network may be compiled: the words that options of commands and keywords of calls take. Loads nothing."""

from __future__ import annotations

MAPPINGS = ("taps", "dense", "best")
"""How a kernel's taps fill rows of arrays: each from a row of arrays on, without gaps, or as is cheaper for a layer."""

EFFORTS = ("fast", "best")
"""How much work is done for a network's accuracy, as `acortex.programs.quantise.effort` says."""

HOSTS = ("ends", "auto")
"""What the host does of a network: what is left at its end, or also what the chip cannot do in between."""
