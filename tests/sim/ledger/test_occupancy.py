"""Occupancy of main memory: which words hold something that is still needed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.programs import zoo
from acortex.sim.ledger.occupancy import occupancy
from acortex.sim.ledger.retention import AccessTable
from acortex.sim.run import run

Access = tuple[int, int, bool]


def table(accesses: list[Access]) -> AccessTable:
    """Accesses (word, cycle, whether it writes) as the table of a run."""
    rows = sorted(accesses, key=lambda access: (access[0], access[1], not access[2]))
    words, cycles, writes = zip(*rows, strict=True) if rows else ((), (), ())
    return AccessTable(
        np.array(words, dtype=np.int64),
        np.array(cycles, dtype=np.int64),
        np.array(writes, dtype=bool),
        np.zeros(len(rows), dtype=np.int64),
    )


def live_by_hand(accesses: list[Access], cycle: int, cycles: int) -> int:
    """The words live in a cycle, one word after the other."""
    live = 0
    for word in {access[0] for access in accesses}:
        story = sorted((c, not w) for x, c, w in accesses if x == word)
        births = [c for c, read in story if not read]
        for number, born in enumerate(births):
            dies = births[number + 1] if number + 1 < len(births) else cycles
            reads = [c for c, read in story if read and born <= c and (c < dies or number + 1 == len(births))]
            end = max(reads) + 1 if reads else dies
            live += born <= cycle < end
    return live


def test_word_is_live_from_its_write_to_its_last_read() -> None:
    found = occupancy([table([(5, 10, True), (5, 12, False), (5, 20, False)])], 4, 100, 100)
    assert (found["peak_words"], found["peak_cycle"], found["current_words"]) == (1, 10, 0)
    assert found["mean_words"] == 11 / 100  # cycles 10 to 20


def test_word_never_read_is_live_to_the_end() -> None:
    found = occupancy([table([(5, 10, True), (6, 20, True)])], 4, 100, 100)
    assert (found["peak_words"], found["peak_cycle"], found["current_words"]) == (2, 20, 2)
    assert (found["peak_share"], found["current_share"]) == (0.5, 0.5)


def test_of_equal_peaks_the_first_is_told() -> None:
    twice = [
        (word, cycle + at, writes)
        for cycle in (10, 40, 70)
        for word in (1, 2)
        for at, writes in ((word, True), (5, False))
    ]
    found = occupancy([table(twice)], 4, 100, 100)
    assert (found["peak_words"], found["peak_cycle"], found["written_words"]) == (2, 12, 2)


def test_run_without_accesses_has_an_empty_memory() -> None:
    found = occupancy([table([])], 4, 100, 100)
    assert (found["peak_words"], found["current_words"], found["written_words"]) == (0, 0, 0)
    assert (found["peak_cycle"], found["mean_words"], found["windows_words"]) == (0, 0.0, [0])
    assert occupancy([], 4, 100, 40)["windows_words"] == [0, 0, 0]


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 25)), st.booleans(), max_size=20))
def test_peak_is_the_most_words_live_in_any_cycle(places: dict[tuple[int, int], bool]) -> None:
    born: set[int] = set()
    accesses = []
    for (word, cycle), writes in sorted(places.items(), key=lambda place: place[0][1]):
        accesses.append((word, cycle, writes or word not in born))  # a word is written before it is read
        born.add(word)
    found = occupancy([table(accesses)], 4, 30, 7)
    by_cycle = [live_by_hand(accesses, cycle, 30) for cycle in range(30)]
    assert found["peak_words"] == max(by_cycle)
    assert by_cycle[found["peak_cycle"]] == max(by_cycle)
    assert found["mean_words"] == pytest.approx(sum(by_cycle) / 30)
    assert found["current_words"] == by_cycle[-1]
    assert found["windows_words"] == [max(by_cycle[first : first + 7]) for first in range(0, 30, 7)]


def test_occupancy_needs_no_values() -> None:
    program = zoo.load("digits_mlp")
    few = program.samples["image"][:3]
    assert run(program, inputs=few).report["memory"] == run(program, inputs=few, values=False).report["memory"]


def test_one_digit_holds_its_image_at_the_peak() -> None:
    # 13 words of the image are live until the last is read; then one of hidden codes, then one of scores.
    program = zoo.load("digits_mlp")
    memory = run(program, inputs=program.samples["image"][:1]).report["memory"]
    assert (memory["peak_words"], memory["written_words"], memory["current_words"]) == (13, 15, 0)
    assert memory["capacity_words"] == 32


def test_a_run_without_cycles_has_no_mean_and_the_rest_is_of_its_capacity() -> None:
    found = occupancy([], 8, 0, 100)
    assert (found["mean_words"], found["windows_words"], found["window_cycles"]) == (0.0, [], 100)
    held = occupancy([table([(5, 10, True), (6, 11, True)])], 8, 100, 50)
    assert (held["current_words"], held["current_share"], held["window_cycles"]) == (2, 0.25, 50)
    assert (held["capacity_words"], held["written_words"], held["windows_words"]) == (8, 2, [2, 2])


def test_words_of_several_memories_are_live_together() -> None:
    found = occupancy([table([(5, 10, True)]), table([(5, 20, True), (5, 29, False)])], 8, 100, 100)
    assert (found["peak_words"], found["peak_cycle"], found["written_words"]) == (2, 20, 2)
    assert found["mean_words"] == (90 + 10) / 100


def test_a_memory_that_is_empty_at_first_is_so_in_its_windows() -> None:
    found = occupancy([table([(5, 10, True), (5, 12, False)])], 8, 30, 10)
    assert found["windows_words"] == [0, 1, 0]


def test_a_word_written_in_the_first_cycle_is_in_the_first_window() -> None:
    found = occupancy([table([(5, 0, True), (5, 0, False)])], 8, 30, 10)
    assert (found["windows_words"], found["mean_words"]) == ([1, 0, 0], 1 / 30)


def test_what_is_written_as_the_run_ends_is_not_live_in_it() -> None:
    found = occupancy([table([(5, 30, True)])], 8, 30, 10)
    assert (found["windows_words"], found["mean_words"], found["written_words"]) == ([0, 0, 0], 0.0, 1)


def test_a_run_of_no_cycles_holds_nothing() -> None:
    found = occupancy([], 4, 0, 10)
    assert (found["peak_words"], found["current_words"], found["mean_words"], found["windows_words"]) == (0, 0, 0.0, [])


def test_a_window_counts_a_word_whose_last_read_is_in_its_first_cycle() -> None:
    assert occupancy([table([(5, 5, True), (5, 10, False)])], 4, 20, 10)["windows_words"] == [1, 1]
    assert occupancy([table([(5, 5, True), (5, 9, False)])], 4, 20, 10)["windows_words"] == [1, 0]
    assert occupancy([table([(5, 5, True), (5, 9, False)])], 4, 21, 10)["windows_words"] == [1, 0, 0]
