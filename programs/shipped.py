"""Where the programs, weights and data lie that come with acortex."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent
"""Sources (`.s`) and arrays (`.npz`): package data of `acortex.programs`."""
