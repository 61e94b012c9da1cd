"""What the host has for a run: inputs by name or alone, seeded codes, labels, and how right outputs are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble
from acortex.isa.program import Program
from acortex.sim import inputs
from acortex.sim.inputs import HostData, host_data, plain_array, whole_labels

TWO = ".program two\n.input x, shape=3\n.input y, shape=2x2\nstart\nhalt\n"
NONE = ".program none\nstart\nhalt\n"
OWN = ".program own\n.input x, shape=1\n.samples x, shape=2x1\n.row 3\n.row 5\n.labels shape=2\n.row 0, 1\n" + NONE[14:]

X, Y = np.ones((4, 3), np.uint8), np.ones((4, 2, 2), np.uint8)


@pytest.fixture
def two() -> Program:
    return assemble(TWO)


def test_inputs_are_taken_by_name(two: Program) -> None:
    data = host_data(two, {"y": Y, "x": X}, None)
    assert (list(data.codes), data.inferences, data.labels) == (["x", "y"], 4, None)
    assert {name: words.shape for name, words in data.words(two).items()} == {"x": (4, 1, 64), "y": (4, 1, 64)}


def test_without_inputs_the_same_seeded_codes_stand_in_each_time(two: Program) -> None:
    first, again = host_data(two, None, None), host_data(two, {}, None)
    assert first.inferences == 1
    assert all(np.array_equal(codes, again.codes[name]) for name, codes in first.codes.items())


def test_a_program_without_inputs_runs_once() -> None:
    assert host_data(assemble(NONE), None, None).inferences == 1


def test_own_samples_bring_their_labels_and_given_inputs_do_not() -> None:
    program = assemble(OWN)
    assert np.array_equal(host_data(program, None, None).labels, [0, 1])
    assert host_data(program, np.ones((2, 1), np.uint8), None).labels is None
    assert np.array_equal(host_data(program, None, np.array([1, 1])).labels, [1, 1])


@pytest.mark.parametrize(
    ("text", "given", "message"),
    [
        (TWO, {"x": X}, "input y is missing\n  hint: give an .npz that holds x, y"),
        (TWO, {"x": X, "y": Y, "z": X}, "two has no input z\n  hint: its inputs are x, y"),
        (TWO, {"x": X, "y": Y[:3]}, "the inputs hold different numbers of inferences: {'x': 4, 'y': 3}"),
        (TWO, X, "two has 2 inputs, and one array was given\n  hint: give an .npz that holds x, y"),
        (NONE, X, "none has 0 inputs, and one array was given\n  hint: leave the input out"),
        (TWO, {"x": [[1], [1, 2]], "y": Y}, "input x: it is no array"),
        (TWO, {"x": X.astype(object), "y": Y}, "input x: the array holds objects\n  hint: give booleans, integers"),
        (
            TWO,
            {"x": np.ma.masked_array(X), "y": Y},
            "input x: the array is masked\n  hint: give plain numbers: X.filled(0)",
        ),
    ],
)
def test_inputs_that_do_not_fit(text: str, given: Mapping[str, object] | NDArray[np.uint8], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        host_data(assemble(text), given, None)  # type: ignore[arg-type]  # what a user may give
    assert str(caught.value).startswith(message)


def test_a_view_that_claims_more_numbers_than_memory_has_is_refused(
    two: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MOST_NUMBERS", 27)
    with pytest.raises(UsageError, match=r"^the inputs hold 28 numbers, at most 27 are taken"):
        host_data(two, {"x": X, "y": Y}, None)
    monkeypatch.setattr(inputs, "MOST_NUMBERS", 28)
    assert host_data(two, {"x": X, "y": Y}, None).inferences == 4


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[1, 2]], "it: has shape (1, 2) and type int64; labels are one whole number per inference"),
        ([1.0], "it: has shape (1,) and type float64; labels are one whole number per inference"),
        ([True], "it: has shape (1,) and type bool; labels are one whole number per inference"),
        (
            np.array([1, 1 << 63], np.uint64),
            "it: has the label 9223372036854775808; the largest is 9223372036854775807",
        ),
    ],
)
def test_labels_that_are_none(labels: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        whole_labels(labels, "it")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("labels", "message"),
    [([1], "the run has 4 inferences and 1 label"), ([1, 2], "the run has 4 inferences and 2 labels")],
)
def test_each_inference_has_one_label(two: Program, labels: list[int], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        host_data(two, {"x": X, "y": Y}, np.array(labels))
    assert str(caught.value) == f"{message}\n  hint: give one label for each inference"


def test_an_array_that_a_user_gives_keeps_its_type() -> None:
    assert plain_array([[True, False]], "it").dtype == np.bool_
    assert plain_array(np.float16([1]), "it").dtype == np.float16


def test_accuracy_takes_the_first_of_the_largest_codes() -> None:
    data = HostData({}, 3, np.array([1, 0, 2]))
    scores = np.array([[0, 9, 9], [5, 5, 5], [1, 2, 0]], np.uint8)
    assert data.accuracy({"scores": scores}) == pytest.approx(2 / 3)
    assert data.accuracy({"scores": scores[:2]}) is None
    assert data.accuracy({}) is None
    assert HostData({}, 3, None).accuracy({"scores": scores}) is None
