"""What errors need of each other, and how their refusals are told: by the path of a setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from acortex.errors import UsageError
from acortex.sim.chip.errors import Errors

NEEDS = (
    ("wire_row_ohm", "cell_full_scale_us", "what a cell conducts at full scale, beside its wire"),
    ("wire_column_ohm", "cell_full_scale_us", "what a cell conducts at full scale, beside its wire"),
    ("nonlinearity_per_v2", "v_read", "the voltage of the largest input"),
)
"""A setting, another one that it needs to act, and what that is."""


def check(errors: Errors) -> None:
    """Refuses errors that need a setting which the chip does not state. Raises UsageError."""
    for name, other, what in NEEDS:
        if getattr(errors, name) and not getattr(errors, other) and not (other == "v_read" and errors.input == "time"):
            raise UsageError(
                f"errors.{name} needs errors.{other}, {what}, and the chip does not state it",
                hint=f"state it: --set errors.{other}=…",
            )

    if errors.input == "time" and errors.wires == "exact":
        raise UsageError(
            "errors.wires is exact and errors.input is time: all nodes are solved for inputs as voltages alone",
            hint="take --set errors.wires=closed, which knows that a zero switches its row off",
        )


@contextmanager
def told(name: str) -> Iterator[None]:
    """Tells a refusal of an analog function as one of the setting `name` that led to it."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error), where=f"errors.{name}") from None
