"""The noise of a read belongs to its chip, instruction, visit and inference, whatever is computed with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa.sequencer import Dispatch
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.analog.streams import normals, stream
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.configuration import configure

from .population import one_product

COLUMNS, POSITIONS = 5, 3
"""15 numbers of an inference, of which a raw number of a stream gives four: one is left over."""

CODES = np.random.default_rng(1).integers(1, 16, (4, POSITIONS, 64)).astype(np.uint8)
"""Those of four inferences."""


def chips(*settings: str, numbers: tuple[int, ...] = (0, 1, 2)) -> AnalogChips:
    """Chips whose reads alone have errors, unless `settings` say more."""
    program = one_product("7, -3, 5, 0, -8", "1, 6, zero=8")
    chip = load_chip(program.chip, ["arrays.cell=digital_sram", "errors.model=analog", *settings])
    return AnalogChips(configure(program, chip), chip, 4, numbers, top_code(program, chip))


def at(pc: int = 7, inference: int = 0) -> Dispatch:
    """What a read is told of its instruction."""
    return cast("Dispatch", SimpleNamespace(pc=pc, inference=inference, group=0))


def in_turn(one: AnalogChips, inference: int, pc: int = 7) -> NDArray[Any]:
    """The sums of an inference that is computed by itself, of shape (chips, positions, columns)."""
    return one.sums(CODES[None, inference], at(pc, inference), inference)


def as_lanes(one: AnalogChips, first: int, many: int, pc: int = 7) -> NDArray[Any]:
    """Those of inferences that are computed together: (chips, inferences, positions, columns)."""
    return one.sums(CODES[None, first : first + many], at(pc), first)


READ = "errors.read_pct=5"


def test_each_visit_of_each_instruction_has_noise_of_its_own() -> None:
    one = chips(READ)
    reads = [in_turn(one, 0, pc) for _ in range(4) for pc in (7, 9)]
    assert len({chip.tobytes() for read in reads for chip in read}) == 4 * 2 * 3
    one.begin()
    assert all(np.array_equal(in_turn(one, 0, pc), reads[at]) for at, pc in enumerate((7, 9)))


@pytest.mark.parametrize("settings", [(READ,), ("errors.shot_pct=4", "errors.flicker_pct=3", "errors.thermal_pct=8")])
def test_inferences_have_the_noise_of_their_number_however_many_are_computed_together(
    settings: tuple[str, ...],
) -> None:
    one = chips(*settings)
    whole = [as_lanes(one, 0, 4) for _ in range(3)]
    assert len({lane.tobytes() for visit in whole for chip in visit for lane in chip}) == 3 * 3 * 4
    for first, many in ((0, 1), (1, 3), (2, 2)):
        one.begin()
        for visit in whole:
            assert np.array_equal(as_lanes(one, first, many), visit[:, first : first + many])
    one.begin()
    for visit, _ in enumerate(whole):  # each inference counts its own visits, though they come in turn
        for inference in (2, 0, 3, 1):
            assert np.array_equal(in_turn(one, inference), whole[visit][:, inference])


def test_a_chip_has_the_noise_of_its_number_whoever_else_is_there() -> None:
    whole = as_lanes(chips(READ), 0, 4)
    assert np.array_equal(as_lanes(chips(READ, numbers=(2, 0)), 0, 4), whole[[2, 0]])
    assert np.array_equal(as_lanes(chips(READ, numbers=(1,)), 0, 4), whole[[1]])


@pytest.mark.parametrize("error", ["read", "shot", "flicker", "thermal"])
def test_each_noise_alone_makes_reads_differ(error: str) -> None:
    one = chips(f"errors.{error}_pct=5")
    assert not np.array_equal(in_turn(one, 0), in_turn(one, 0))
    quiet = chips()
    assert np.array_equal(in_turn(quiet, 0), in_turn(quiet, 0))


def test_chips_that_were_given_different_codes_have_the_noise_of_their_own() -> None:
    """The spread of a read follows the codes: a chip that is given zeros has none of it."""
    one = chips("errors.read_pct=5")
    own = np.stack([CODES[0], 0 * CODES[0], CODES[1]])
    found = one.sums(own, at(), 0)
    assert not found[1].any()
    one.begin()
    assert np.array_equal(found[0], one.sums(CODES[None, 0], at(), 0)[0])
    one.begin()
    assert np.array_equal(found[2], one.sums(CODES[None, 1], at(), 0)[2])


def test_the_numbers_of_a_read_stand_behind_those_of_earlier_inferences() -> None:
    one, quiet = chips("errors.thermal_pct=5"), chips()
    as_lanes(one, 0, 4)
    noise = as_lanes(one, 0, 4) - as_lanes(quiet, 0, 4)  # the second visit
    sigma = one.sigma(CODES[0], 0, one.matrices(0))
    for number in range(3):
        source = stream(4, number, "read", (7, 1), "read")
        drawn = normals(source, (4, 16))[:, :15].reshape(4, POSITIONS, COLUMNS)
        assert noise[number] == pytest.approx(drawn * sigma, rel=1e-2, abs=1e-3)


@pytest.mark.parametrize(("rows", "joined"), [(1, 1), (64, 1), (65, 2), (128, 2), (785, 13)])
def test_thermal_noise_is_that_of_all_arrays_that_are_joined(rows: int, joined: int) -> None:
    one = chips("errors.thermal_pct=5")
    alone, found = (one.sigma(np.zeros((1, many), np.uint8), 0, one.matrices(0)) for many in (64, rows))
    assert found == pytest.approx(alone * joined**0.5, rel=1e-6)


@pytest.mark.parametrize(("error", "power"), [("read", 1.0), ("flicker", 1.0), ("shot", 0.5)])
def test_noise_grows_with_the_code_however_large_that_is(error: str, power: float) -> None:
    one = chips(f"errors.{error}_pct=5")
    small, large = (one.sigma(np.full((1, 64), code, np.uint8), 0, one.matrices(0)) for code in (2, 250))
    assert large == pytest.approx(small * 125**power, rel=1e-5)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_thermal_noise_is_a_share_of_a_full_cell_at_the_largest_code(bits: int) -> None:
    one = chips("errors.thermal_pct=5", f"neurons.bits={bits}")
    assert one.sigma(CODES[0], 0, one.matrices(0)) == pytest.approx(0.05 * 8 * (2**bits - 1), rel=1e-6)
