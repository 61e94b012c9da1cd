"""Vector clocks by hand: what each agent knows to have ended, which accesses nothing orders, what was never written."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acortex.isa.operands import AGENTS
from acortex.sim.functional.happens_before import Conflict, HappensBefore, ProgramOrder, VectorClock

WORDS = 12


def dispatch(agent: str, pc: int = 0, *, token: int = 0, inference: int = 0) -> Any:
    """An instruction of an agent: what the clocks read of it."""
    return SimpleNamespace(agent=agent, pc=pc, ops=SimpleNamespace(token=token), inference=inference)


def order_of(*loaded: tuple[int, int]) -> HappensBefore:
    """A program whose main memory holds some ranges of words from the beginning."""
    program: Any = SimpleNamespace(memory=[SimpleNamespace(address=first, end=end) for first, end in loaded])
    return HappensBefore(program, WORDS)


def clock(**known: int) -> VectorClock:
    """A clock by the names of agents; -1 for all others."""
    return [known.get(agent, -1) for agent in AGENTS]


def words(*addresses: int) -> np.ndarray[Any, Any]:
    return np.array(addresses, dtype=np.int64)


# --- clocks -----------------------------------------------------------------------------------------------------------


def test_an_instruction_knows_those_of_its_own_agent_that_ended() -> None:
    order = order_of()
    assert order.begin(dispatch("read"), ()) == clock()
    assert order.end(dispatch("read", 7)) == clock(read=0)
    assert order.end(dispatch("read", 9)) == clock(read=1)
    assert order.begin(dispatch("read"), ()) == clock(read=1)
    assert order.begin(dispatch("write"), ()) == clock()
    assert list(order.history[AGENTS.index("read")]) == [7, 9]


def test_who_takes_items_knows_what_their_givers_knew() -> None:
    order = order_of()
    fed = [clock(read=4, buffer=2), clock(read=3, host_in=5)]
    assert order.begin(dispatch("vmm"), fed) == clock(read=4, buffer=2, host_in=5)
    assert order.begin(dispatch("vmm"), ()) == clock()  # to begin changes nothing
    assert order.end(dispatch("vmm"), fed) == clock(read=4, buffer=2, host_in=5, vmm=0)
    assert order.end(dispatch("vmm")) == clock(read=4, buffer=2, host_in=5, vmm=1)


def test_a_clock_that_was_given_away_does_not_change_any_more() -> None:
    order = order_of()
    first = order.end(dispatch("read"))
    order.end(dispatch("read"), [clock(write=3)])
    assert first == clock(read=0)


def test_the_last_item_knows_its_begin_and_what_fed_it() -> None:
    order = order_of()
    assert order.so_far(clock(read=1, vmm=5), [clock(read=3), clock(write=0)]) == clock(read=3, vmm=5, write=0)
    assert order.so_far(clock(read=1), ()) == clock(read=1)


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_carries_the_clock_of_its_maker_first_in_first_out() -> None:
    order = order_of()
    order.signal(dispatch("host_in", 1, token=4))
    order.end(dispatch("host_in", 2))
    order.signal(dispatch("host_in", 3, token=4))
    order.wait(dispatch("read", 5, token=4))
    assert order.known[AGENTS.index("read")] == clock(host_in=0, read=0)
    order.wait(dispatch("read", 6, token=4))
    assert order.known[AGENTS.index("read")] == clock(host_in=2, read=1)
    token = order.tokens[4]
    assert (token.maker, token.made_by.pc, token.taker, token.taken, len(token.left)) == ("host_in", 1, "read", 2, 0)


def test_tokens_that_nobody_awaits_are_named_by_number_with_their_first_signal() -> None:
    order = order_of()
    for number, pc in ((7, 1), (3, 2), (7, 3), (5, 4)):
        order.signal(dispatch("write", pc, token=number))
    order.wait(dispatch("host_out", 9, token=5))
    assert [(number, made.pc) for number, made in order.never_awaited()] == [(3, 2), (7, 1)]


# --- what is noted by the way -----------------------------------------------------------------------------------------


def test_the_last_that_gave_to_the_vector_agent_and_to_the_host_are_known() -> None:
    order = order_of()
    assert (order.streamed, order.left, order.left_of, order.worked, order.worked_of) == (-1, -1, -1, -1, -1)
    given = dispatch("neurons", 5)
    for _ in range(3):
        order.end(given)
    order.give_stream(given)
    assert (order.streamer, order.streamed) == (given, 2)
    order.end(dispatch("host_out"))
    order.leave(6)
    assert (order.left, order.left_of) == (0, 6)
    order.work(dispatch("host", inference=4))
    order.work(dispatch("host", inference=5))
    assert (order.worked, order.worked_of, order.known[AGENTS.index("host")]) == (1, 5, clock(host=1))


def test_accesses_are_numbered_as_the_program_has_them_by_agent() -> None:
    order = ProgramOrder()
    for agent in ("read", "write", "read", "host_in"):
        order.access(agent)
    assert {agent: list(places) for agent, places in order.accesses.items()} == {
        "read": [0, 2],
        "write": [1],
        "host_in": [3],
    }
    made = dispatch("read")
    order.give(made, 3)
    assert order.given == [(made, 3)]


# --- words ------------------------------------------------------------------------------------------------------------


def test_an_access_of_another_agent_that_may_not_have_ended_is_a_conflict() -> None:
    order = order_of()
    order.end(dispatch("write", 40))
    order.access(dispatch("write"), words(3, 5), order.writes)
    order.end(dispatch("write", 41))
    writer = AGENTS.index("write")
    assert order.conflict("read", words(4, 5, 3), clock(write=0), order.writes) == Conflict(5, writer, 41, 1)
    assert order.conflict("read", words(4, 5, 3), clock(write=1), order.writes) is None
    assert order.conflict("read", words(4), clock(), order.writes) is None
    assert order.conflict("read", words(), clock(), order.writes) is None
    assert order.conflict("write", words(3), clock(), order.writes) is None  # its own queue orders them
    assert order.conflict("read", words(3), clock(), order.reads) is None


def test_the_word_of_a_conflict_is_the_first_whose_access_may_not_have_ended() -> None:
    order = order_of()
    for pc, word in ((40, 3), (41, 5), (42, 6)):
        order.access(dispatch("write"), words(word), order.writes)
        order.end(dispatch("write", pc))
    assert order.conflict("read", words(3, 5, 6), clock(write=0), order.writes) == Conflict(
        5, AGENTS.index("write"), 41, 1
    )


def test_an_agents_own_accesses_do_not_hide_those_of_others() -> None:
    order = order_of()
    for agent in ("host_in", "write"):
        order.access(dispatch(agent), words(3), order.writes)
        order.end(dispatch(agent, 9))
    assert order.conflict("host_in", words(3), clock(), order.writes) == Conflict(3, AGENTS.index("write"), 9, 0)


def test_of_several_accesses_to_a_word_the_last_of_an_agent_counts() -> None:
    order = order_of()
    for pc in (40, 41):
        order.access(dispatch("write"), words(3), order.writes)
        order.end(dispatch("write", pc))
    assert order.conflict("read", words(3), clock(write=0), order.writes) == Conflict(3, AGENTS.index("write"), 41, 1)


@pytest.mark.parametrize(
    ("asked", "missing"),
    [((2, 3, 4), None), ((1, 2), 1), ((4, 5), 5), ((9,), None), ((8, 9, 10), 8), ((11, 0), 11), ((), None)],
)
def test_a_word_was_written_by_an_agent_or_holds_something_from_the_beginning(
    asked: tuple[int, ...], missing: int | None
) -> None:
    order = order_of((2, 5))
    order.access(dispatch("write"), words(9), order.writes)
    order.access(dispatch("host_in"), words(7), order.writes)
    order.access(dispatch("read"), words(0, 1), order.reads)
    assert order.unwritten(words(*asked)) == missing


@pytest.mark.parametrize("seed", range(15))
def test_clocks_hold_just_what_a_search_through_all_edges_finds(seed: int) -> None:
    """Instructions as nodes: each after the one before it of its agent, and after the signals that it awaits."""
    rng = random.Random(seed)
    order, before, latest = order_of(), {}, {}
    left: list[tuple[int, tuple[str, int]]] = []
    for number in range(80):
        agent = rng.choice(AGENTS[:4])
        node = (agent, len(order.history[AGENTS.index(agent)]))
        edges = {latest[agent]} if agent in latest else set()
        tokens = [one for one in left if one[1][0] != agent]
        if tokens and rng.random() < 0.4:
            token, signalled = rng.choice(tokens)
            left.remove((token, signalled))
            edges.add(signalled)
            order.wait(dispatch(agent, token=token))
        else:
            order.signal(dispatch(agent, token=number))
            left.append((number, node))
        before[node] = {node}.union(*(before[one] for one in edges))
        latest[agent] = node
        known = {name: max((at for one, at in before[node] if one == name), default=-1) for name in AGENTS[:4]}
        assert order.known[AGENTS.index(agent)] == clock(**known)
