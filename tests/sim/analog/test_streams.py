"""Streams: their keys never change, their numbers are those of a table, the same on every machine."""

from __future__ import annotations

import hashlib
import itertools
import math
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from acortex.sim.analog import elementary, streams
from acortex.sim.analog.streams import fine_normals, lognormals, normals, stream, uniforms

DRAWS = 1_000_000

RAW = [7733435676069545811, 8385814426674150939, 5456991930176125780]
NORMALS = [-0.5869582891464233, -1.1999890804290771, 0.47531309723854065, -0.2038719207048416]
UNIFORMS = [0.1150707796914503, 0.4192303881281987, 0.5244482819689438]
UNIFORMS_32 = [0.11507076025009155, 0.4192304015159607, 0.5244483351707458]
FINE = [-1.1999942865828404, -0.20386272271548703, 0.06132116402638809]
FACTORS = [0.8892368483781273, 0.786629578996173, 1.099727717312312]
"""The first numbers of a stream, which may never change."""


def source(chip: int = 0, purpose: str = "tuning") -> np.random.PCG64:
    return stream(1, chip, "array", (2, 3), purpose)


def test_the_numbers_of_keys_are_these_for_ever() -> None:
    assert dict(streams.COMPONENTS) == {"chip": 0, "array": 1, "column": 2, "converter": 3, "read": 4, "input": 5}
    assert dict(streams.PURPOSES) == {
        "tuning": 0, "tuned": 1, "stuck": 2, "dead": 3, "gain": 4, "offset": 5, "threshold": 6, "statistics": 7,
        "drift": 8, "read": 9, "pulses": 10, "inl": 11, "state": 12, "temperature": 13, "crosstalk": 14, "reset": 15,
        "dac": 16, "ramp": 17, "own": 18, "own_places": 19,
    }  # fmt: skip
    lengths = {name: len(place) for name, place in streams.PLACES.items()}
    assert lengths == {"chip": 0, "array": 2, "column": 1, "converter": 2, "read": 2, "input": 2}


@pytest.mark.parametrize("table", [streams.COMPONENTS, streams.PURPOSES, streams.PLACES])
def test_the_tables_cannot_be_written_to(table: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        table["chip"] = 9


def test_no_two_keys_give_one_stream() -> None:
    seeds, chips, numbers = (0, 1, 2**64), (0, 1, 2), (0, 1, 2)
    first = {}
    for component, purpose in itertools.product(streams.COMPONENTS, streams.PURPOSES):
        for place in itertools.product(numbers, repeat=len(streams.PLACES[component])):
            for seed, chip in itertools.product(seeds, chips):
                raw = int(stream(seed, chip, component, place, purpose).random_raw())
                first.setdefault(raw, []).append((seed, chip, component, place, purpose))
    assert len(first) > 6_000
    assert [keys for keys in first.values() if len(keys) > 1] == []


def test_a_key_is_read_back_from_its_numbers() -> None:
    # The second number says the component, hence how many numbers the place has: no key begins like a shorter one.
    lengths = {streams.COMPONENTS[name]: len(place) for name, place in streams.PLACES.items()}
    assert set(lengths) == set(streams.COMPONENTS.values())
    assert len(set(streams.PURPOSES.values())) == len(streams.PURPOSES)
    assert max(*streams.PURPOSES.values(), *streams.COMPONENTS.values()) <= streams.LARGEST


def test_numbers_of_a_key_reach_to_their_limits() -> None:
    stream(streams.LARGEST_SEED, streams.LARGEST, "array", (streams.LARGEST, 0), "tuning")
    with pytest.raises(ValueError, match="seed"):
        stream(streams.LARGEST_SEED + 1, 0, "array", (0, 0), "tuning")
    with pytest.raises(ValueError, match="row 4294967296 is not within 0 to 4294967295"):
        stream(0, 0, "array", (0, streams.LARGEST + 1), "tuning")


def test_the_first_numbers_of_a_stream_are_these() -> None:
    assert source().random_raw(3).tolist() == RAW
    assert normals(source(), 4).tolist() == NORMALS
    assert uniforms(source(), 3).tolist() == UNIFORMS
    assert uniforms(source(), 3, np.float32).tolist() == UNIFORMS_32
    assert fine_normals(source(), 3).tolist() == FINE
    assert lognormals(source(), 3, 0.2).tolist() == FACTORS


def test_numbers_are_the_low_bits_of_raw_numbers_first() -> None:
    raw = source().random_raw(2).tolist()
    by_16 = [number >> shift & 0xFFFF for number in raw for shift in (0, 16, 32, 48)]
    by_32 = [number >> shift & 0xFFFFFFFF for number in raw for shift in (0, 32)]
    assert streams.words(source(), 8, 16).tolist() == by_16
    assert streams.words(source(), 4, 32).tolist() == by_32
    assert normals(source(), 8).tolist() == streams.normal_table()[by_16].tolist()
    assert uniforms(source(), 4).tolist() == [(word + 0.5) / 2**32 for word in by_32]
    assert uniforms(source(), 4, np.float32).tolist() == [((word >> 9) + 0.5) / 2**23 for word in by_32]


@pytest.mark.parametrize("order", ["<u8", ">u8"])
def test_the_byte_order_of_a_machine_changes_no_number(order: str) -> None:
    raw = source().random_raw(5)
    swapped = raw.astype(order)
    assert streams.cut(swapped, 16).tolist() == streams.words(source(), 20, 16).tolist()
    assert streams.cut(swapped, 32).tolist() == streams.words(source(), 10, 32).tolist()


def test_the_table_of_normals_is_this_one() -> None:
    table = streams.normal_table()
    digest = hashlib.sha256(table.astype("<f4").tobytes()).hexdigest()
    assert digest == "8babbcaf96568f10165a1eab530c0e5c92d04de96761b6dbb3dadfa94baba37f"
    assert (table == -table[::-1]).all()
    assert (np.diff(table) > 0).all()
    exact = table.astype(np.float64)
    assert abs((exact**2).mean() - 1) < 1e-8
    assert (exact**4).mean() == pytest.approx(2.9992, abs=1e-4)
    assert table.max() == pytest.approx(4.325, abs=1e-3)
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 0


def test_normals_have_the_moments_of_a_normal_distribution() -> None:
    z = normals(source(), DRAWS).astype(np.float64)
    assert abs(z.mean()) < 5 / math.sqrt(DRAWS)
    assert abs(z.var() - 1) < 5 * math.sqrt(2 / DRAWS)
    assert abs((z**4).mean() - 2.9992) < 5 * math.sqrt(96 / DRAWS)
    assert abs((z[1:] * z[:-1]).mean()) < 5 / math.sqrt(DRAWS)


def test_lognormals_are_exponentials_of_normals() -> None:
    factors = lognormals(source(), 100, 0.3)
    assert np.log(factors) == pytest.approx(0.3 * normals(source(), 100).astype(np.float64), abs=1e-12)
    assert (lognormals(source(), 100, 0.0) == 1).all()


def test_uniforms_have_the_moments_of_a_uniform_distribution() -> None:
    for dtype in (np.float32, np.float64):
        u = uniforms(source(), DRAWS, dtype).astype(np.float64)
        assert abs(u.mean() - 0.5) < 5 / math.sqrt(12 * DRAWS)
        assert abs(u.var() - 1 / 12) < 5 * math.sqrt(1 / 180 / DRAWS)
        assert abs(((u - 0.5) ** 4).mean() - 1 / 80) < 5 * math.sqrt((1 / 2304 - 1 / 6400) / DRAWS)


def test_fine_normals_reach_beyond_the_table_as_often_as_a_normal_distribution_does() -> None:
    z = fine_normals(source(), DRAWS)
    assert abs(z.mean()) < 5 / math.sqrt(DRAWS)
    assert abs(z.var() - 1) < 5 * math.sqrt(2 / DRAWS)
    for reach in (3.0, 4.0):
        share = math.erfc(reach / math.sqrt(2))
        assert abs((abs(z) > reach).mean() - share) < 5 * math.sqrt(share / DRAWS)
    ends = elementary.quantile(np.array([0.5 / 2**32, 1 - 0.5 / 2**32]))
    assert ends.tolist() == pytest.approx([-6.338, 6.338], abs=1e-3)
    assert ends[0] == -ends[1]


def test_uniforms_never_reach_an_end() -> None:
    words = np.array([0, 2**64 - 1], np.uint64)

    class Ends:
        def random_raw(self, count: int) -> np.ndarray:
            return words[:count]

    for dtype in (np.float32, np.float64):
        values = uniforms(Ends(), 4, dtype)  # type: ignore[arg-type]
        assert values.dtype == dtype
        assert 0 < values.min() < 1e-6
        assert 1 - 1e-6 < values.max() < 1


def test_what_is_drawn_does_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 10_007
    at_once = [normals(source(), count), uniforms(source(), count), uniforms(source(), count, np.float32)]
    monkeypatch.setattr(streams, "BLOCK", 64)
    in_blocks = [normals(source(), count), uniforms(source(), count), uniforms(source(), count, np.float32)]
    for one, other in zip(at_once, in_blocks, strict=True):
        assert (one == other).all()


def test_out_is_filled_and_given_back() -> None:
    for draw in (normals, lambda *args, **kwargs: uniforms(*args, np.float32, **kwargs)):
        out = np.empty((3, 5), np.float32)
        assert draw(source(), (3, 5), out=out) is out
        assert (out == draw(source(), (3, 5))).all()
    wide = np.empty((3, 5))
    assert (uniforms(source(), (3, 5), out=wide) == uniforms(source(), (3, 5))).all()


@pytest.mark.parametrize(
    ("out", "text"),
    [
        (np.empty((2, 4), np.float32), r"^out is float32 \(2, 4\), not contiguous float32 \(2, 3\)$"),
        (np.empty((2, 3)), r"^out is float64 \(2, 3\), not contiguous float32 \(2, 3\)$"),
        (np.empty((3, 2), np.float32).T, r"^out is float32 \(2, 3\), not contiguous float32 \(2, 3\)$"),
    ],
)
def test_an_out_of_another_form_is_refused(out: np.ndarray, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        normals(source(), (2, 3), out=out)


def test_numbers_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^random numbers are float32 or float64, not float16$"):
        uniforms(source(), 3, np.float16)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ((0, 0, "cell", (), "gain"), "no component 'cell'; there are chip, array, column, converter, read, input"),
        ((0, 0, "chip", (), "luck"), "no purpose 'luck'; there are tuning, tuned, "),
        ((0, 0, "array", (1,), "gain"), r"the place of component 'array' is \(column, row\); 1 numbers are given"),
        ((0, -1, "array", (1, 2), "gain"), "chip -1 is not within 0 to 4294967295"),
        ((0, 0, "array", (1, 2**32), "gain"), "row 4294967296 is not within 0 to 4294967295"),
        ((2**128, 0, "chip", (), "gain"), "seed 340282366920938463463374607431768211456 is not within 0 to "),
    ],
)
def test_a_key_that_is_none_is_refused(key: tuple[int, int, str, tuple[int, ...], str], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}"):
        stream(*key)


def test_logarithm_and_exponential_are_exact_to_the_last_digits() -> None:
    uniform = uniforms(source(), 100_000)
    near, wide = 0.6 + uniform, 1400 * uniform - 700
    for x in (near, elementary.exp(wide)):
        assert (abs(elementary.log(x) - np.log(x)) <= 4 * np.spacing(abs(np.log(x)))).all()
    assert (abs(elementary.exp(wide) - np.exp(wide)) <= 2 * np.spacing(np.exp(wide))).all()
    assert elementary.log(np.array([1.0])) == 0
    assert elementary.exp(np.array([0.0])) == 1


def test_a_logarithm_rests_on_exact_halves_of_ln_2() -> None:
    assert Fraction(elementary.LN_2_HIGH) * 2**33 == int(Fraction(elementary.LN_2_HIGH) * 2**33)
    assert math.log(2) == elementary.LN_2_HIGH + elementary.LN_2_LOW


def test_quantiles_are_those_of_the_standard_library() -> None:
    from statistics import NormalDist

    places = [0.5, 0.074, 0.076, 0.924, 0.926, 1e-3, 1e-6, 1e-10, 1 - 1e-9]
    found = elementary.quantile(np.array(places))
    assert found.tolist() == pytest.approx([NormalDist().inv_cdf(place) for place in places], rel=1e-13, abs=1e-15)
    assert elementary.quantile(np.zeros((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("place", [0.0, 1.0, math.nan, 1e-12])
def test_a_quantile_out_of_range_is_refused(place: float) -> None:
    with pytest.raises(ValueError, match=r"^a probability of .* is not within 1.389e-11 to 1 - 1.389e-11$"):
        elementary.quantile(np.array([place]))


def test_a_chip_is_the_same_in_another_process() -> None:
    code = (
        "from acortex.sim.analog.streams import normals, stream;"
        "print(normals(stream(1, 7, 'array', (2, 3), 'tuning'), 5).tolist())"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.strip() == str(normals(source(chip=7), 5).tolist())
