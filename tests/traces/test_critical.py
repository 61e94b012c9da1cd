"""The walk along the critical path, on traces made by hand: each cause of a wait leads to the event that ended it."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.sim.timing.handovers import table
from acortex.traces import critical as critical_module
from acortex.traces.critical import Segment, Walk, critical_path, end_of_path
from acortex.traces.endings import HandOver
from acortex.traces.file import writer as writing
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.file.schema import EventKind
from acortex.traces.headroom import critical

from .conftest import HEADER

UNITS = (
    "controller", "host/in", "host/out", "main_memory/read", "main_memory/operand", "main_memory/write", "buffer",
    "vmm/load", "vmm/frame", "neurons", "vector", "buses/down", "buses/up",
)  # fmt: skip
KINDS = (
    "controller.issue", "sync", "memory.read", "memory.write", "vmm.load", "vmm.frame", "neurons.convert", "bus.down",
    "bus.up", "vector.step", "buffer.slide",
)  # fmt: skip
CAUSES = (
    "idle", "queue", "token", "port", "bank", "buffer_full", "words", "windows", "vectors", "latches", "frame", "load",
    "neurons", "sums", "output_full", "codes", "latency", "stream", "operand", "results_full", "bus", "operand_full",
    "host", "grant", "crossing",
)  # fmt: skip
LATENCY = 6
LINES = tuple(f"toy.s:{number}" for number in range(1, 10))

Event = tuple[str, str, int, int, int]
"""Unit, kind or cause, start, end, pc."""


@pytest.fixture
def walked(make_trace: Any) -> Any:
    """walked(events, waits, cycles, instructions=()): the critical path as (unit, what, name, start, end)."""

    def walk(
        events: list[Event],
        waits: list[Event],
        cycles: int,
        instructions: tuple[str, ...] = (),
        handovers: tuple[HandOver, ...] = table(),
    ) -> Any:
        trace = make_trace(
            [
                (start, end - start, UNITS.index(unit), KINDS.index(kind), 1, pc, 0, 0, 0)
                for unit, kind, start, end, pc in events
            ],
            [
                (start, end - start, UNITS.index(unit), CAUSES.index(cause), pc, 0, 0)
                for unit, cause, start, end, pc in waits
            ],
            units=UNITS,
            kinds=tuple(EventKind(name, "things", "a thing", "") for name in KINDS),
            causes=CAUSES,
            lines=LINES,
            handovers=handovers,
            delays={"read latency": LATENCY},
            instructions=instructions,
            summary={"cycles": cycles},
        )
        return [(one.unit, one.what, one.name, one.start, one.end) for one in critical_path(trace)]

    return walk


ENDINGS = [
    ("vmm/load", "vectors", "buffer", "buffer.slide"),
    ("vmm/load", "latches", "vmm/frame", "vmm.frame"),
    ("vmm/frame", "load", "vmm/load", "vmm.load"),
    ("vmm/frame", "neurons", "neurons", "neurons.convert"),
    ("buffer", "windows", "vmm/load", "vmm.load"),
    ("main_memory/operand", "operand_full", "vector", "vector.step"),
    ("main_memory/write", "codes", "vector", "vector.step"),
    ("neurons", "output_full", "vector", "vector.step"),
    ("main_memory/read", "buffer_full", "vector", "vector.step"),
]


@pytest.mark.parametrize(("unit", "cause", "ender", "kind"), ENDINGS)
def test_a_wait_ends_with_the_event_that_its_cause_names(
    walked: Any, unit: str, cause: str, ender: str, kind: str
) -> None:
    events = [(ender, kind, 0, 9, 2), (unit, "sync", 9, 12, 3), ("host/in", "sync", 3, 9, 1)]
    assert walked(events, [(unit, cause, 1, 9, 3)], 12) == [
        (ender, "busy", kind, 0, 9),
        (unit, "busy", "sync", 9, 12),
    ]


@pytest.mark.parametrize(("unit", "cause"), [("neurons", "sums"), ("vmm/load", "frame")])
def test_a_hand_over_of_a_frame_is_seen_a_cycle_later(walked: Any, unit: str, cause: str) -> None:
    events = [("vmm/frame", "vmm.frame", 0, 8, 2), (unit, "sync", 9, 12, 3)]
    assert walked(events, [(unit, cause, 1, 9, 3)], 12) == [
        ("vmm/frame", "busy", "vmm.frame", 0, 8),
        (unit, "hand-over", cause, 8, 9),
        (unit, "busy", "sync", 9, 12),
    ]


def test_a_word_comes_over_the_bus_after_the_latency(walked: Any) -> None:
    events = [
        ("main_memory/read", "memory.read", 0, 2, 1),
        ("main_memory/read", "memory.read", 2, 4, 1),
        ("buses/down", "bus.down", 6, 9, 1),
        ("buffer", "buffer.slide", 9, 10, 2),
    ]
    assert walked(events, [("buffer", "words", 1, 9, 2)], 10) == [
        ("main_memory/read", "latency", "memory.read", 0, 6),
        ("buses/down", "busy", "bus.down", 6, 9),
        ("buffer", "busy", "buffer.slide", 9, 10),
    ]


def test_an_operand_comes_after_the_latency(walked: Any) -> None:
    events = [("main_memory/operand", "memory.read", 3, 5, 1), ("vector", "vector.step", 9, 10, 2)]
    path = walked(events, [("vector", "operand", 0, 9, 2)], 10)
    assert path[-2:] == [
        ("main_memory/operand", "latency", "memory.read", 3, 9),
        ("vector", "busy", "vector.step", 9, 10),
    ]


def test_a_token_is_that_of_its_own_signal(walked: Any) -> None:
    events = [
        ("host/in", "sync", 7, 9, 1),
        ("buffer", "sync", 5, 9, 2),
        ("host/in", "memory.write", 0, 7, 1),
        ("vector", "sync", 9, 10, 3),
        ("buffer", "buffer.slide", 0, 5, 2),
    ]
    wait = [("vector", "token", 0, 9, 3)]
    instructions = ("start", "signal host_in, t1", "signal buffer, t12", "await vector, t12")
    assert walked(events, wait, 10, instructions)[0] == ("buffer", "busy", "buffer.slide", 0, 5)
    instructions = ("start", "signal host_in, t12", "signal buffer, t1", "await vector, t12")
    assert walked(events, wait, 10, instructions)[0] == ("host/in", "busy", "memory.write", 0, 7)


def test_a_request_is_seen_after_a_cycle_and_the_rest_is_shared(walked: Any) -> None:
    events = [("main_memory/write", "sync", 0, 2, 1), ("main_memory/write", "memory.write", 9, 11, 1)]
    waits = [("main_memory/write", "grant", 2, 3, 1), ("main_memory/write", "port", 3, 9, 1)]
    assert walked(events, waits, 11)[1:3] == [
        ("main_memory/write", "hand-over", "grant", 2, 3),
        ("main_memory/write", "waiting", "port", 3, 9),
    ]


def test_an_idle_agent_waits_for_the_controller(walked: Any) -> None:
    events = [("controller", "controller.issue", 0, 4, 1), ("vector", "vector.step", 4, 9, 1)]
    assert walked(events, [], 9) == [
        ("controller", "busy", "controller.issue", 0, 4),
        ("vector", "busy", "vector.step", 4, 9),
    ]


def test_a_full_queue_opens_a_cycle_after_its_agent_took_an_instruction(walked: Any) -> None:
    events = [
        ("vector", "vector.step", 0, 6, 1),
        ("controller", "controller.issue", 7, 8, 2),
        ("vector", "vector.step", 8, 9, 2),
    ]
    assert walked(events, [("controller", "queue", 1, 7, 2)], 9) == [
        ("vector", "busy", "vector.step", 0, 6),
        ("controller", "hand-over", "queue", 6, 7),
        ("controller", "busy", "controller.issue", 7, 8),
        ("vector", "busy", "vector.step", 8, 9),
    ]


def test_what_nothing_explains_is_left_as_a_wait_or_as_idle(walked: Any) -> None:
    events = [("neurons", "neurons.convert", 9, 10, 1)]
    assert walked(events, [("neurons", "sums", 4, 9, 1)], 12) == [
        ("neurons", "idle", "idle", 0, 4),
        ("neurons", "waiting", "sums", 4, 9),
        ("neurons", "busy", "neurons.convert", 9, 10),
        ("neurons", "idle", "idle", 10, 12),
    ]


SYNC = "sync"


@pytest.mark.parametrize(("pc", "start", "crossed"), [(3, 4, True), (3, 3, False), (2, 4, False)])
def test_a_wait_for_its_own_word_ends_with_that_word_on_the_bus(
    walked: Any, pc: int, start: int, crossed: bool
) -> None:
    """The unit waits from cycle 4 to 9: for a word of its own instruction that came onto the bus since then."""
    row = HandOver("neurons", "crossing", "buses/", "crossed")
    events = [("buses/up", "bus.up", start, 9, pc), ("neurons", SYNC, 0, 4, 3), ("neurons", SYNC, 9, 10, 3)]
    found = walked(events, [("neurons", "crossing", 4, 9, 3)], 10, handovers=(row,))
    assert found[-2] == (("buses/up", "busy", "bus.up", 4, 9) if crossed else ("neurons", "waiting", "crossing", 4, 9))
    assert found[0] == ("neurons", "busy", SYNC, 0, 4)


@pytest.mark.parametrize(
    ("delay", "bus", "access", "freed"),
    [
        (0, (2, 9), ("memory.read", 2), True),
        (0, (3, 9), ("memory.read", 2), False),  # the word was not sent by the access
        (0, (2, 9), ("sync", 2), False),
        (0, (2, 8), ("memory.read", 2), False),  # the bus was free before
        (6, (8, 15), ("memory.read", 2), True),
        (6, (2, 9), ("memory.read", 2), False),
    ],
)
def test_a_wait_for_a_free_bus_is_the_time_of_the_word_before_it(
    walked: Any, delay: int, bus: tuple[int, int], access: tuple[str, int], freed: bool
) -> None:
    """A word that the access of cycle 2 sent comes onto the bus so much later; the next is granted in cycle 9."""
    row = HandOver(
        "main_memory/read", "bus", "buses/", "freed", kinds=("memory.read",), delay="read latency" if delay else ""
    )
    kind, begins = access
    unit = "main_memory/read"
    events = [("buses/down", "bus.down", *bus, 1), (unit, kind, begins, 4, 1), (unit, "memory.read", 9, 20, 1)]
    found = walked(events, [(unit, "bus", 4, 9, 1)], 20, handovers=(row,))
    assert found[-2] == (("buses/down", "busy", "bus.down", 2, 9) if freed else (unit, "waiting", "bus", 4, 9))


@pytest.mark.parametrize(
    ("route", "ended"),
    [("buses/down", True), ("buses/", True), ("!buses/down", False), ("buses/up", False), ("!buses/up", True)],
)
def test_a_hand_over_may_be_of_instructions_whose_words_go_one_way(walked: Any, route: str, ended: bool) -> None:
    """The waiting instruction had words on the bus down, and events of the unit itself."""
    row = HandOver("neurons", "sums", "vector", route=route)
    events = [("vector", "vector.step", 0, 5, 1), ("neurons", SYNC, 5, 9, 3), ("buses/down", "bus.down", 0, 1, 3)]
    found = walked(events, [("neurons", "sums", 0, 5, 3)], 9, handovers=(row,))
    assert found[0] == (("vector", "busy", "vector.step", 0, 5) if ended else ("neurons", "waiting", "sums", 0, 5))


@pytest.mark.parametrize(
    ("then", "follows", "ended"),
    [
        ("port", ("port", 5), True),
        ("!port", ("port", 5), False),
        ("bank", ("port", 5), False),
        ("!bank", ("port", 5), True),
        ("port", ("port", 6), False),  # an idle cycle comes first
        ("!port", ("port", 6), True),
        ("sync", None, False),  # an event of that name is no wait
        ("!sync", None, True),
    ],
)
def test_a_hand_over_may_be_of_waits_that_another_follows(
    walked: Any, then: str, follows: tuple[str, int] | None, ended: bool
) -> None:
    row = HandOver("neurons", "sums", "vector", then=then)
    events = [("vector", "vector.step", 0, 5, 1), ("neurons", SYNC, 8 if follows else 5, 9, 3)]
    waits = [("neurons", "sums", 0, 5, 3), *([("neurons", follows[0], follows[1], 8, 3)] if follows else [])]
    steps = [("neurons", "waiting", "sums", 0, 5), ("vector", "busy", "vector.step", 0, 5)]
    rows = (row, HandOver("neurons", "idle", "neurons", "over", after=1)) if follows and follows[1] == 6 else (row,)
    found = walked(events, waits, 9, handovers=rows)
    assert steps[ended] in found and steps[not ended] not in found


@pytest.mark.parametrize(
    ("signal", "wait", "texts", "same"),
    [
        (0, 1, ("signal x, t1", "await x, t1"), True),
        (0, 1, ("signal x, t1", "await x, t2"), False),
        (1, 0, ("await x, t1", "signal x, t2"), False),
        (0, 2, ("signal x, t1", "await x, t2"), True),  # the text of the wait is not known
        (2, 0, ("await x, t1", "signal x, t2"), True),
        (0, 1, (), True),
    ],
)
def test_tokens_are_compared_where_both_texts_are_known(
    walked: Any, signal: int, wait: int, texts: tuple[str, ...], same: bool
) -> None:
    row = HandOver("neurons", "token", "vector", same="token")
    events = [("vector", "vector.step", 0, 5, signal), ("neurons", SYNC, 5, 9, wait)]
    found = walked(events, [("neurons", "token", 0, 5, wait)], 9, texts, (row,))
    assert found[0] == (("vector", "busy", "vector.step", 0, 5) if same else ("neurons", "waiting", "token", 0, 5))


def test_idle_cycles_belong_to_no_instruction_layer_or_inference(make_trace: Any) -> None:
    trace = make_trace([(4, 2, 0, 0, 1, 0, 1, 0, 0)], summary={"cycles": 6})
    (idle, _) = critical_path(trace)
    assert idle == Segment(0, 4, HEADER.units[0], "idle", "idle", -1, 0, -1)


def test_a_path_has_the_length_of_its_segments_and_its_end_alone_can_be_taken(make_trace: Any) -> None:
    trace = make_trace([(at, 1, 0, 0, 1, 0, 1, 0, 0) for at in range(20)], summary={"cycles": 20})
    assert len(critical_path(trace)) == 20
    walk = Walk(trace)
    assert [one.start for one in walk.back(HEADER.units[0], 10, 3)] == [7, 8, 9]
    assert [one.start for one in walk.back(HEADER.units[0], 2, 5)] == [0, 1]


def test_what_shows_progress_is_told_now_and_then(make_trace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert critical_module.OFTEN == 4096
    monkeypatch.setattr(critical_module, "OFTEN", 4)
    trace = make_trace([(at, 1, 0, 0, 1, 0, 1, 0, 0) for at in range(10)], summary={"cycles": 10})
    told: list[tuple[int, int]] = []
    critical_path(trace, lambda done, whole: told.append((done, whole)))
    assert told == [(0, 10), (4, 10), (8, 10)]


@pytest.mark.parametrize(
    ("events", "waits", "end"), [((0, 30), [(0, 9), (20, 4), (3, 5)], 24), ((0, 9), [(0, 30)], 30)]
)
def test_a_cut_trace_has_its_path_up_to_its_last_wait(
    make_trace: Any, events: tuple[int, int], waits: list[tuple[int, int]], end: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind it, units would look idle that waited; in a whole trace the run's own end counts."""
    monkeypatch.setattr(writing, "ROWS", 1)
    rows = [(start, length, 1, 0, 0, 0, 0) for start, length in waits]
    trace = make_trace([(*events, 0, 0, 1, 0, 0, 0, 0)], rows, summary={"cycles": 50})
    assert end_of_path(trace) == 50
    trace.path.write_bytes(trace.path.read_bytes()[:-1])
    assert end_of_path(open_trace(trace.path)) == end


def test_a_cut_trace_without_waits_has_its_path_to_its_last_event(make_trace: Any) -> None:
    trace = make_trace([(0, 9, 0, 0, 1, 0, 0, 0, 0)])
    trace.path.write_bytes(trace.path.read_bytes()[:-1])
    assert end_of_path(open_trace(trace.path)) == 9


def test_an_empty_run_has_an_empty_path(walked: Any) -> None:
    assert walked([], [], 0) == []


def test_waits_that_never_move_on_are_refused(walked: Any) -> None:
    events = [("vector", "vector.step", 0, 1, 1)]
    with pytest.raises(UsageError, match=r"run\.actrace: has waits that no event could have ended so"):
        own = HandOver("vector", "queue", "vector", "now", after=1)
        walked(events, [("vector", "queue", 1, 10**9, 1)], 10**9, handovers=(own,))


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_a_coarser_trace_has_no_path(make_trace: Any, rows: Any, level: str) -> None:
    with pytest.raises(UsageError, match=r"run\.actrace: does not hold every event, and so not the critical path"):
        critical_path(make_trace(*rows, level=level))


def test_a_cut_trace_has_a_path_to_where_it_was_cut(make_trace: Any, rows: Any) -> None:
    trace: Trace = make_trace(
        *rows, handovers=table(), delays=dict.fromkeys((row.delay for row in table() if row.delay), 2)
    )
    trace.path.write_bytes(trace.path.read_bytes()[:-1])
    found = critical(open_trace(trace.path))
    assert (found.complete, found.halving) == (False, []) and found.covers and found.covers.lost


def test_an_older_trace_does_not_say_what_ends_its_waits(make_trace: Any, rows: Any) -> None:
    with pytest.raises(UsageError, match=r"run\.actrace: does not say what ends its waits: an older version wrote it"):
        critical_path(make_trace(*rows, handovers=()))


def test_the_walk_goes_by_the_table_of_the_trace_alone(make_trace: Any) -> None:
    trace = make_trace(
        [(0, 5, 0, 0, 1, 0, 0, 0, 0), (9, 3, 1, 1, 1, 1, 0, 0, 0)],
        [(2, 7, 1, 0, 1, 0, 0)],
        units=("mill", "bakery"),
        causes=("flour",),
        handovers=(HandOver("bakery", "flour", "mill", "end", after=1, delay="road"),),
        delays={"road": 3},
        summary={"cycles": 12},
    )
    assert [(one.unit, one.what, one.name, one.start, one.end) for one in critical_path(trace)] == [
        ("mill", "busy", "word_read", 0, 5),
        ("mill", "latency", "word_read", 5, 8),
        ("bakery", "hand-over", "flour", 8, 9),
        ("bakery", "busy", "latch_load", 9, 12),
    ]
