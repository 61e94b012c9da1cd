"""Weights into a program's SHA-256: those that nothing can change are packed and hashed once, however often asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import ReferenceType, WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from acortex.isa.data import pack_weights
from acortex.isa.program import Weights

if TYPE_CHECKING:
    from hashlib import _Hash


class _Kept(NamedTuple):
    """A digest before and after the weights of one program."""

    start: bytes
    weights: list[ReferenceType[Weights]]
    end: _Hash


_KEPT: WeakKeyDictionary[Weights, _Kept] = WeakKeyDictionary()
"""What is kept, by the first matrix of the program; it goes when that goes."""


def with_weights(digest: _Hash, weights: Sequence[Weights]) -> _Hash:
    """The digest of what `digest` has seen, and of the packed weights behind it."""
    if not weights or not all(_fixed(one.values) for one in weights):
        return _hashed(digest, weights)
    start = digest.digest()
    kept = _KEPT.get(weights[0])
    if kept is None or kept.start != start or [one() for one in kept.weights] != list(weights):
        kept = _KEPT[weights[0]] = _Kept(start, [ref(one) for one in weights], _hashed(digest, weights))
    return kept.end.copy()


def _hashed(digest: _Hash, weights: Sequence[Weights]) -> _Hash:
    for one in weights:
        digest.update(pack_weights(one.values))
    return digest


def _fixed(values: NDArray[np.int8]) -> bool:
    """Whether an array is read-only, and every array that it is a view of."""
    array: object = values
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None or isinstance(array, bytes)
