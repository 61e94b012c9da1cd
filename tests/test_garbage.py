"""Cycles of objects are looked for rarely within a block, and as before after it."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from acortex import garbage
from acortex.garbage import RARELY, rarely_collected


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("before", "within"),
    [
        ((700, 10, 10), (RARELY, 10, 10)),
        ((RARELY + 1, 3, 4), (RARELY + 1, 3, 4)),
        ((0, 10, 10), (0, 10, 10)),  # a collector that its user has switched off
    ],
)
def test_a_block_raises_what_is_lower_and_puts_it_back(
    before: tuple[int, int, int], within: tuple[int, int, int]
) -> None:
    gc.set_threshold(*before)
    with rarely_collected():
        assert gc.get_threshold() == within
    assert gc.get_threshold() == before


def test_an_error_puts_it_back() -> None:
    gc.set_threshold(700, 10, 10)
    with pytest.raises(KeyError), rarely_collected():
        raise KeyError
    assert gc.get_threshold() == (700, 10, 10)


def test_garbage_of_a_block_is_found_after_so_many_objects() -> None:
    """The collector still looks: what a block makes does not grow without bound."""
    gc.collect()
    runs = gc.get_stats()[0]["collections"]
    with rarely_collected():
        kept = [[] for _ in range(2 * RARELY)]
    assert gc.get_stats()[0]["collections"] > runs
    assert len(kept) == 2 * RARELY


def test_what_is_kept_is_looked_through_no_more_also_behind_an_error() -> None:
    with pytest.raises(KeyError), garbage.kept():
        raise KeyError
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    assert frozen > 0


def test_a_command_keeps_what_there_is_as_it_ends() -> None:
    code = (
        "import atexit, gc, sys; from acortex.tools.cli import main; sys.argv = ['acortex', *sys.argv[1:]];"
        "atexit.register(lambda: print(gc.get_freeze_count())); main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) > 10_000
