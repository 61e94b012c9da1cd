"""What is said of an instruction beside its row: who executes it, where it may stand, what its time is counted by."""

from __future__ import annotations

TITLES = {"any": "any agent, named by the instruction", "controller": "the controller itself"}
"""The unit that executes an instruction, where the name of the agent alone does not say it."""

TIMED = {
    "issue": "that of its issue: controller.decode_cycles",
    "sync": "none of the agent's own, but the wait for the token",
    "word": "for each word that it moves",
    "position": "for each position",
    "step": "for each step of the vector agent, one word in each",
    "switch": "for the switches of the group: buses.switch_cycles",
    "array": "for each array that is written, pulse by pulse",
    "work": "for the operations: host.part_ns, and 1 ns for each host.operations_per_ns of them",
}
"""What the time of an instruction is counted by, by its timing class."""

ALLOWED = {True: "before `start`", False: "after `start`", None: "anywhere"}
"""Where an instruction may stand, by `setup`."""
