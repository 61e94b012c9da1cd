"""Recurrent cells: exactly against plain integers, and within quantisation against an LSTM and a GRU in floats."""

from __future__ import annotations

from fractions import Fraction
from math import tanh
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.recurrent import gru_reset_step, gru_step, lstm_step, saturate, tanh_of

Ints = NDArray[np.int64]

code = st.integers(0, 15)
state = st.integers(-32768, 32767)
gates = st.builds(
    lambda multiplier, shift, zero, span: Quantiser(multiplier, shift, zero, high=zero + span),
    st.integers(1, 1 << 16), st.integers(0, 40), st.integers(0, 8), st.integers(1, 247),
)  # fmt: skip


def held(value: Fraction) -> int:
    """The nearest whole number, ties to even, within 16 bits."""
    return min(max(round(value), -32768), 32767)


def one(*values: int) -> list[Ints]:
    """Numbers as arrays."""
    return [np.array([value], dtype=np.int64) for value in values]


def squashed(c: int) -> int:
    """The table's entry, from the library's tanh."""
    return round(32767 * tanh(c / 2048))


@given(code, code, code, code, state, gates)
def test_lstm_step_is_exact(i: int, f: int, o: int, g: int, c: int, q: Quantiser) -> None:
    after, h = lstm_step(*one(i, f, o, g, c), q)
    unit = Fraction(1, q.high * (q.high - q.zero))
    expected = held((f * c * (q.high - q.zero) + i * (g - q.zero) * 2048) * unit)
    assert (after.tolist(), h.tolist()) == ([expected], [o * squashed(expected)])


@given(code, code, state, gates)
def test_gru_step_is_exact(z: int, n: int, h: int, q: Quantiser) -> None:
    span = q.high - q.zero
    expected = held(Fraction(z * h * span + (q.high - z) * (n - q.zero) * 32767, q.high * span))
    assert gru_step(*one(z, n, h), q).tolist() == [expected]


@given(code, code, code, code, state, gates)
def test_gru_step_with_reset_is_exact(z: int, nx: int, r: int, nh: int, h: int, q: Quantiser) -> None:
    weighted = q.high * (nx - q.zero) + r * (nh - q.zero)
    n = squashed(held(Fraction(weighted * q.multiplier, q.high << q.shift)))
    assert gru_reset_step(*one(z, nx, r, nh, h), q).tolist() == [held(Fraction(z * h + (q.high - z) * n, q.high))]


@pytest.mark.parametrize("shift", [0, 16, 24, 31, 32, 33, 40, 47, 48, 49, 63])
@pytest.mark.parametrize(("nx", "r", "nh"), [(255, 255, 255), (0, 255, 0), (0, 0, 255), (129, 1, 3)])
def test_a_reset_holds_the_largest_codes_and_every_shift(nx: int, r: int, nh: int, shift: int) -> None:
    q = Quantiser(1 << 16, shift, zero=128, high=255)
    argument = Fraction((255 * (nx - 128) + r * (nh - 128)) << 16, 255 << shift)
    n = squashed(held(argument))
    for z, h in ((0, 0), (255, -32768), (100, 32767)):
        expected = [held(Fraction(z * h + (255 - z) * n, 255))]
        assert gru_reset_step(*one(z, nx, r, nh, h), q).tolist() == expected


def test_no_tanh_is_near_a_tie() -> None:
    # Two libraries may differ in the last digit, 2^-52 of the value, and still make the same table.
    halves = np.array([abs((32767 * tanh(c / 2048)) % 1 - 0.5) for c in range(32769)])
    assert halves.min() > 1e-6


def test_tanh_is_odd_and_holds_every_16_bit_number() -> None:
    every = np.arange(-32768, 32768)
    table = tanh_of(every)
    assert table.tolist() == [squashed(c) for c in every.tolist()]
    assert (table[1:] == -table[:0:-1]).all()
    assert (table[0], table[-1]) == (-32767, 32767)


def test_saturated_values_fit_16_bits() -> None:
    assert saturate(np.array([-40000, -32768, 32767, 40000])).tolist() == [-32768, -32768, 32767, 32767]


# Against floats: random cells over a sequence --------------------------------------------------------------------

CELLS, INPUTS, STEPS = 32, 24, 40
F, ZERO = 255, 128
GATES = Quantiser(2048, 8, ZERO, 0, F)
"""8-bit gates."""

SIXTEENTHS = Quantiser(128, 0, ZERO, 0, F)
"""Gates whose sums before the reset count 16ths, each 128 of the 2048ths that tanh takes."""


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    """1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def gate(x: NDArray[Any]) -> Ints:
    """A sigmoid's codes."""
    return np.rint(F * sigmoid(x)).astype(np.int64)


def signed(x: NDArray[Any]) -> Ints:
    """Codes of numbers from -1 to 1."""
    return np.clip(np.rint((F - ZERO) * x) + ZERO, 0, F).astype(np.int64)


@pytest.fixture
def cell() -> tuple[Any, Any, Any]:
    """Random weights of four gates, recurrent weights of them, and a sequence of inputs."""
    random = np.random.default_rng(8)
    x = random.normal(0, 1, (STEPS, INPUTS))
    return random.normal(0, 0.3, (4, CELLS, INPUTS)), random.normal(0, 0.3, (4, CELLS, CELLS)), x


def test_an_lstm_follows_the_one_in_floats(cell: tuple[Any, Any, Any]) -> None:
    w, u, x = cell
    c, h = np.zeros(CELLS), np.zeros(CELLS)
    state, out = np.zeros(CELLS, dtype=np.int64), np.zeros(CELLS)
    for step in x:
        i, f, o, g = w @ step + u @ h
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        i, f, o, g = w @ step + u @ out
        state, product = lstm_step(gate(i), gate(f), gate(o), signed(np.tanh(g)), state, GATES)
        out = product / (F * 32767)
        np.testing.assert_allclose(state / 2048, c, atol=0.06)
        np.testing.assert_allclose(out, h, atol=0.04)


@pytest.mark.parametrize("reset", [False, True])
def test_a_gru_follows_the_one_in_floats(cell: tuple[Any, Any, Any], reset: bool) -> None:
    w, u, x = cell
    h = np.zeros(CELLS)
    state = np.zeros(CELLS, dtype=np.int64)
    for step in x:
        h = gru_in_floats(w @ step, u, h, reset)
        out = state / 32767
        (z, r, nx), (zh, rh, nh) = (w @ step)[:3], (u @ out)[:3]
        if reset:
            sums = [np.clip(np.rint(16 * part) + ZERO, 0, F).astype(np.int64) for part in (nx, nh)]
            state = gru_reset_step(gate(z + zh), sums[0], gate(r + rh), sums[1], state, SIXTEENTHS)
        else:
            n = signed(np.tanh(nx + u[2] @ (gate(r + rh) / F * out)))
            state = gru_step(gate(z + zh), n, state, GATES)
        np.testing.assert_allclose(state / 32767, h, atol=0.1 if reset else 0.03)


def gru_in_floats(wx: NDArray[Any], u: Any, h: NDArray[Any], reset: bool) -> NDArray[Any]:
    """A step as ONNX defines it, linear_before_reset or not, without biases."""
    z, r = sigmoid(wx[0] + u[0] @ h), sigmoid(wx[1] + u[1] @ h)
    n = np.tanh(wx[2] + (r * (u[2] @ h) if reset else u[2] @ (r * h)))
    return z * h + (1 - z) * n
