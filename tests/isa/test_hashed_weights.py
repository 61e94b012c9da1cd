"""Weights that nothing can change are hashed once; every other content, and every other program, gets its own hash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa import hashed_weights
from acortex.isa.asm.assembler import assemble
from acortex.isa.container import dumps, loads, sha256
from acortex.isa.data import pack_weights
from acortex.isa.program import Program, Weights


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.int8]]:
    """The matrices that were packed."""
    seen: list[NDArray[np.int8]] = []

    def pack(values: NDArray[np.int8]) -> bytes:
        seen.append(values)
        return pack_weights(values)

    monkeypatch.setattr(hashed_weights, "pack_weights", pack)
    return seen


def _weights(name: str, fixed: bool, seed: int = 1) -> Weights:
    values = np.random.default_rng(seed).integers(-8, 8, (5, 3)).astype(np.int8)
    values.setflags(write=not fixed)
    return Weights(name, values, 15)


def _program(*weights: Weights) -> Program:
    return replace(assemble(" start\n halt\n"), weights=weights)


def _anew(program: Program) -> str:
    """The hash of a program that shares no matrix with another."""
    return sha256(replace(program, weights=tuple(replace(one, values=one.values.copy()) for one in program.weights)))


def test_what_cannot_change_is_packed_once(packed: list[NDArray[np.int8]]) -> None:
    program = _program(_weights("a", True), _weights("b", True, 2))
    first = sha256(program)
    assert len(packed) == 2
    assert sha256(program) == sha256(replace(program, lines=program.lines)) == first
    assert len(packed) == 2
    assert _anew(program) == first


@pytest.mark.parametrize("fixed", [(False, True), (True, False)])
def test_what_can_change_is_hashed_as_it_is(fixed: tuple[bool, bool]) -> None:
    program = _program(_weights("a", fixed[0]), _weights("b", fixed[1], 2))
    first = sha256(program)
    program.weights[fixed.index(False)].values[4, 2] ^= 1
    assert sha256(program) == _anew(program) != first


def test_a_read_only_view_of_what_can_change_is_hashed_as_it_is() -> None:
    under = np.zeros((5, 3), np.int8)
    view = under.view()
    view.setflags(write=False)
    program = _program(Weights("a", view, 15))
    first = sha256(program)
    under[0, 0] = 1
    assert sha256(program) == _anew(program) != first


def test_programs_that_share_a_matrix_have_hashes_of_their_own() -> None:
    one, two, three = (_weights(name, True, seed) for seed, name in enumerate("abc"))
    programs = [
        _program(one), _program(one, two), _program(one, three), _program(two, one), replace(_program(one), name="x"),
        replace(_program(one), labels=np.arange(2)), _program(),
    ]  # fmt: skip
    for _ in range(2):
        hashes = [sha256(program) for program in programs]
        assert len(set(hashes)) == len(programs)
        assert hashes == [_anew(program) for program in programs]


def test_a_matrix_of_the_same_content_in_a_new_place_is_another_one(packed: list[NDArray[np.int8]]) -> None:
    first = sha256(_program(_weights("a", True)))
    assert sha256(_program(_weights("a", True))) == first
    assert len(packed) == 2


def test_the_hash_is_that_of_the_program_which_a_container_holds() -> None:
    program = _program(_weights("a", True), _weights("b", False, 2))
    assert sha256(loads(dumps(program))) == sha256(program)
