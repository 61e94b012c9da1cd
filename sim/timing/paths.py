"""The paths of a chip's units, in the order of their numbers."""

from __future__ import annotations

from acortex.sim.chip.specs import Chip

UNITS = (
    "controller",
    "host/in",
    "host/out",
    "main_memory/read",
    "main_memory/operand",
    "main_memory/write",
    "buffer",
    "vmm/load",
    "vmm/frame",
    "neurons",
    "vector",
    "program_erase",
    "host/work",
)
"""The units that every chip has, in the order in which they act within a cycle; the lanes of its buses follow."""

FRAME = "vmm/frame"
"""The unit that has a lane for each frame that runs at once."""


def process_paths(processes: int) -> tuple[str, ...]:
    """The paths of the units under which processes of a user have access to main memory."""
    return tuple(f"main_memory/process{number}" for number in range(processes))


def unit_paths(chip: Chip, processes: int = 0) -> tuple[str, ...]:
    """The paths of a chip's units, in the order of their numbers; `processes` of a user come last."""
    lanes = {FRAME: chip.arrays.frames_at_once}
    units = [lane for path in UNITS for lane in lanes_of(path, lanes.get(path, 1))]
    lanes_down, lanes_up = lanes_of("buses/down", chip.buses.down_lanes), lanes_of("buses/up", chip.buses.up_lanes)
    return (*units, *lanes_down, *lanes_up, *process_paths(processes))


def lanes_of(path: str, lanes: int) -> tuple[str, ...]:
    """The paths of so many lanes: numbered, unless there is but one."""
    return tuple(f"{path}{lane}" for lane in range(lanes)) if lanes > 1 else (path,)
