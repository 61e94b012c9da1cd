"""Where the chips and technologies lie that come with acortex."""

from __future__ import annotations

from pathlib import Path

CHIPS = Path(__file__).parent / "chips"
"""Built-in chips: a file each, `NAME.toml`."""

TECHNOLOGIES = Path(__file__).parent / "technologies"
"""Cell technologies and memory types: a file each, in a folder for each kind."""
