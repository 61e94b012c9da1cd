"""A transfer between the host and a stream of other words: the error says how the tensor lies in words."""

from __future__ import annotations

import pytest

from acortex.errors import AcortexError
from acortex.isa import assemble
from acortex.isa.rules import BASE, changed
from acortex.sim.run import run


def failure(change: tuple[str, str]) -> AcortexError:
    """The error that a change of the small program leads to."""
    with pytest.raises(AcortexError) as caught:
        run(assemble(changed(BASE, change), file="small.s"))
    return caught.value


@pytest.mark.parametrize(
    ("tensor", "lies"),
    [
        ("shape=5x5x16", "5x5x16 lies as 5 x 16 pixels of 5 channels; axes=0.1.2 says that the channels stand last"),
        ("shape=16x5x5", "16x5x5 lies as 5 x 5 pixels of 16 channels; axes=0.1.2 says that the channels stand last"),
        ("shape=5x5x16, axes=0.1.2", "5x5x16 lies as 5 x 5 pixels of 16 channels"),
        ("shape=1x3x2", "1x3x2 lies as 3 x 2 pixels of 1 channel; axes=0.1.2 says that the channels stand last"),
    ],
)
def test_a_transfer_of_too_few_words_says_how_its_tensor_lies(tensor: str, lies: str) -> None:
    error = failure((".input   x, shape=2", f".input   x, {tensor}"))
    assert error.code == "R802"
    assert error.hint.removesuffix(" in the shape") == f"set the stream's extents: {lies}"


def test_a_transfer_of_a_vector_has_no_pixels_to_speak_of() -> None:
    assert failure((".input   x, shape=2", ".input   x, shape=200")).hint == "set the stream's extents"
