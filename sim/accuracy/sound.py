"""What errors need of each other, and how their refusals are told: by the path of a setting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from acortex.errors import UsageError
from acortex.sim.analog.faults import MILLION
from acortex.sim.chip.errors import PERCENT, Errors, amount

NEEDS = (
    ("wire_row_ohm", "cell_full_scale_us", "what a cell conducts at full scale, beside its wire"),
    ("wire_column_ohm", "cell_full_scale_us", "what a cell conducts at full scale, beside its wire"),
    ("nonlinearity_per_v2", "v_read", "the voltage of the largest input"),
)
"""A setting, another one that it needs to act, and what that is."""

SCHEMES = {"half": "V/2", "third": "V/3"}
"""The schemes of writing in which other cells see a part of a pulse, as the model of a crossbar calls them."""


def check(errors: Errors) -> None:
    """Refuses errors that do not go together, or need a setting that the chip does not state. Raises UsageError."""
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
    on, off = amount(errors.stuck_on_ppm), amount(errors.stuck_off_ppm)
    if on + off > MILLION:
        raise UsageError(
            f"errors.stuck_on_ppm is {on:,.10g} and errors.stuck_off_ppm {off:,.10g}: "
            "together they are at most 1,000,000",
            hint="no cell is stuck both on and off; lower one of them",
        )
    _check_tolerance(errors)


def _check_tolerance(errors: Errors) -> None:
    """Refuses a tolerance with which no loop of pulses ends."""
    if errors.statistics or errors.programming != "write_verify":
        return
    pct, passive = amount(errors.tuning_pct), errors.cell_model == "resistive" and errors.write_scheme in SCHEMES
    if pct >= PERCENT or (passive and not pct):
        allowed = "above 0 and below 100 where errors.write_scheme is half or third" if passive else "below 100"
        raise UsageError(
            f"errors.tuning_pct is {pct:g}; as the tolerance of errors.programming=write_verify it is {allowed}",
            hint="state what a loop stops at: --set errors.tuning_pct=5",
        )


@contextmanager
def told(name: str) -> Iterator[None]:
    """Tells a refusal of an analog function as one of the setting `name` that led to it."""
    try:
        yield
    except ValueError as error:
        raise UsageError(str(error), where=f"errors.{name}") from None
