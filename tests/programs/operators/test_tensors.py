"""Where tensors lie in maps: what only renames moves no number, and what an operator reads is found again."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.programs.graph import View
from acortex.programs.operators.tensors import TensorView, canonical, contiguous, grid, image_view

ROWS, COLUMNS, CHANNELS = SIZE = (3, 4, 5)


def channels_first():
    return TensorView("map", SIZE, (1, CHANNELS, ROWS, COLUMNS), (None, 2, 0, 1))


def numbers(tensor):
    """What a tensor holds where its map holds its own indices."""
    return np.arange(ROWS * COLUMNS * CHANNELS)[tensor.indices]


def read(view):
    """What a view reads there."""
    image = np.arange(ROWS * COLUMNS * CHANNELS).reshape(SIZE)
    bottom = None if view.height is None else view.top + view.height
    right = None if view.width is None else view.left + view.width
    crop = image[view.top : bottom, view.left : right]
    return crop if view.channels is None else crop[..., list(view.channels)]


@given(st.permutations(range(4)))
def test_a_transposed_tensor_has_the_numbers_transposed(order):
    tensor = channels_first()
    assert np.array_equal(numbers(tensor.transposed(order)), numbers(tensor).transpose(order))


@pytest.mark.parametrize("shape", [(60,), (1, 60), (5, 12), (1, 5, 3, 4, 1), (5, 3, 4), (4, 3, 5)])
def test_a_reshaped_tensor_has_the_numbers_in_the_same_order(shape):
    tensor = channels_first()
    assert np.array_equal(numbers(tensor.reshaped(shape)), numbers(tensor).reshape(shape))


def test_a_tensor_reshaped_by_axes_of_one_keeps_its_axes():
    assert channels_first().reshaped((5, 1, 3, 4)).axes == (2, None, 0, 1)


@settings(max_examples=60)
@given(st.data())
def test_a_crop_of_some_channels_is_the_view_that_reads_it(data):
    y, x = (sorted(data.draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True))) for size in SIZE[:2])
    chosen = data.draw(st.lists(st.integers(0, CHANNELS - 1), min_size=1, max_size=8))
    cut = channels_first().moved(lambda places: places[:, chosen, y[0] : y[1], x[0] : x[1]])
    view = cut.view(2, 3, 1)
    assert view is not None
    assert np.array_equal(read(view), numbers(cut)[0].transpose(1, 2, 0))


def test_the_whole_map_needs_nothing_said():
    assert channels_first().view(2, 3, 1) == View("map")


@pytest.mark.parametrize(
    "move",
    [
        lambda places: places[..., ::2],
        lambda places: places[..., ::-1],
        lambda places: places.transpose(0, 1, 3, 2),
        lambda places: places.reshape(1, 3, 4, 5),
    ],
)
def test_what_no_view_reads_is_said(move):
    assert channels_first().moved(move).view(2, 3, 1) is None


@given(st.permutations(range(CHANNELS)))
def test_a_grid_sorts_a_crop_as_it_lies_in_memory(order):
    tensor = channels_first().moved(lambda places: places[:, order, 1:])
    found = grid(tensor)
    assert found is not None
    assert found[1] == (2, COLUMNS, CHANNELS)
    assert np.array_equal(numbers(tensor).reshape(-1)[found[0]], np.sort(numbers(tensor).reshape(-1)))


def test_numbers_that_come_twice_are_no_grid():
    assert grid(channels_first().moved(lambda places: places[:, [0, 0, 1]])) is None


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_the_canonical_shape_and_axes_lead_back_to_the_map(order):
    places = np.arange(60).reshape(SIZE).transpose(order)
    found = canonical(TensorView("map", SIZE, (60,), None, places.reshape(-1)))
    assert found is not None
    shape, axes = found
    assert np.array_equal(places.reshape(shape).transpose(axes), np.arange(60).reshape(SIZE))


def test_an_order_that_no_axes_give_has_no_canonical_shape():
    places = np.roll(np.arange(60), 1)
    assert canonical(TensorView("map", SIZE, (60,), None, places)) is None


@pytest.mark.parametrize(("channels", "follow"), [(None, True), ((2, 3, 4), True), ((0, 2), False), ((1, 0), False)])
def test_channels_that_follow_each_other(channels, follow):
    assert contiguous(View("map", channels)) is follow


def test_a_view_of_an_image_beyond_its_map_is_none():
    tensor = channels_first()
    beyond = np.arange(5, 45).reshape(2, 4, 5)
    assert image_view(tensor, beyond) is None


ORDERS = [(1, *order) for order in itertools.permutations((3, 4, 5))]


@pytest.mark.parametrize("shape", [*ORDERS, (20, 3), (3, 1, 20)], ids=str)
def test_a_shape_of_the_same_lengths_in_another_order_moves_no_number(shape):
    """A reshape reads on in the tensor's own order; it is no transpose."""
    tensor = channels_first()
    assert numbers(tensor.reshaped(shape)).reshape(-1).tolist() == numbers(tensor).reshape(-1).tolist()
    assert tensor.reshaped(shape).shape == shape
    turned = list(range(len(shape)))[::-1]
    again = numbers(tensor).reshape(shape).transpose(turned)
    assert np.array_equal(numbers(tensor.reshaped(shape).transposed(turned)), again)
