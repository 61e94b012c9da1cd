"""How often garbage that refers to itself is looked for: rarely where much is made that stays.

CPython looks for cycles among its objects each time that there are some hundred more. What a run makes, and what a
command makes, is mostly numbers and tuples of such that stay to its end: the search took a third of some runs.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

RARELY = 200_000
"""How many objects more there are as the collector looks at the youngest ones."""


@contextmanager
def kept() -> Iterator[None]:
    """What there is at the end of the block stays until the process ends: for the last thing that a process does.

    Python looks through all objects for garbage as it ends, which takes a fifth of a command and gives back nothing
    that the system does not. Files and folders that are to be flushed or removed are closed by who opened them.
    """
    try:
        yield
    finally:
        gc.freeze()


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Has the collector look rarely within the block; one that never looks, or more rarely, is left as it is."""
    before = gc.get_threshold()
    if 0 < before[0] < RARELY:
        gc.set_threshold(RARELY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
