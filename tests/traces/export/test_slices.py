"""What Chrome and Perfetto draw, slice by slice, of a small run by hand."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.traces.endings import HandOver
from acortex.traces.export import slices as module
from acortex.traces.export.slices import Drawing
from acortex.traces.export.sums import RunSums, run_sums
from acortex.traces.file.reader import Trace

from ..conftest import MakeTrace, Rows

EVENTS: Rows = [
    (0, 2, 0, 0, 1, 0, 1, 0, 300),
    (1, 3, 0, 0, 2, 1, 1, 0, 500),
    (4, 2, 1, 1, 4, 2, 2, 1, 700),
    (9, 1, 1, 1, 4, 2, 0, -1, 50),
]
"""Two reads of a layer that overlap, a load of another in another inference, and one that belongs to none."""
WAITS: Rows = [(2, 2, 1, 2, 2, 2, 1)]


@pytest.fixture
def small(make_trace: MakeTrace) -> Trace:
    """A run of ten cycles of 2 ns, whose leakage is 1 aJ each."""
    return make_trace(
        EVENTS, WAITS, summary={"cycles": 10}, units=("read", "load"), clock_ns=2.0, leakage_aj_per_cycle=1
    )


def drawn(trace: Trace) -> dict[str, list[dict[str, Any]]]:
    """The slices of each track, in their order, with the words for what is numbered."""
    drawing = Drawing(trace)
    found: dict[str, list[dict[str, Any]]] = {}
    for some in drawing.slices():
        for row in zip(*(column.tolist() for column in some.values()), strict=True):
            one = dict(zip(some, row, strict=True))
            one["name"], one["layer"] = drawing.names[one["name"]], trace.header.layers[one["layer"]]
            found.setdefault(drawing.tracks[one.pop("track")], []).append(one)
    return found


def cut(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in rows]


def test_events_lie_in_lanes_with_all_they_say(small: Trace) -> None:
    assert drawn(small)["read"] == [
        {
            **{"lane": 0, "name": "word_read", "layer": "conv1", "pc": 0, "inference": 0, "start": 0, "duration": 2},
            **{"count": 1, "energy_aj": 300, "begin": 0, "end": 4, "flow": 0},
        },
        {
            **{"lane": 1, "name": "word_read", "layer": "conv1", "pc": 1, "inference": 0, "start": 1, "duration": 3},
            **{"count": 2, "energy_aj": 500, "begin": 2, "end": 8, "flow": 0},
        },
    ]


def test_waits_are_named_by_their_cause_and_have_neither_count_nor_energy(small: Trace) -> None:
    (wait,) = drawn(small)["load waits"]
    assert cut([wait], "name", "layer", "inference", "pc", "begin", "end") == [("buffer empty", "fc", 1, 2, 4, 8)]
    assert not {"count", "energy_aj"} & set(wait)


def test_layers_and_inferences_last_from_their_first_event_to_their_last(small: Trace) -> None:
    found = drawn(small)
    what = "name", "layer", "inference", "start", "duration", "pc"
    assert cut(found["layers"], *what) == [("conv1", "conv1", 0, 0, 4, -1), ("fc", "fc", 1, 4, 2, -1)]
    assert cut(found["inferences"], *what) == [("inference 0", "-", 0, 0, 4, -1), ("inference 1", "-", 1, 4, 2, -1)]
    assert cut(found["run"], *what) == [("toy.s", "-", -1, 0, 10, -1)]


def test_the_run_says_all_energy_and_each_layer_its_part(small: Trace) -> None:
    """1550 aJ of events and 10 of leakage; of a layer the leakage of the cycles in which it alone was in flight."""
    found = drawn(small)
    assert cut(found["run"], "energy_aj") == [(1560,)]
    layers = dict(cut(found["layers, all inferences"], "name", "energy_aj"))
    assert (layers["conv1"], layers["fc"], sum(layers.values())) == (804, 702, 1560)
    spans = {row["name"]: (row["start"], row["duration"]) for row in found["layers, all inferences"]}
    assert (spans["conv1"], spans["fc"]) == ((0, 4), (4, 2))
    assert {row["inference"] for row in found["layers, all inferences"]} == {-1}
    assert {row["layer"] for row in found["layers, all inferences"]} == {"-", "conv1", "fc"}


def test_sums_are_those_of_the_report_and_none_of_a_part(small: Trace) -> None:
    found = run_sums(small)
    assert (found.run, found.energy_aj, sorted(found.layers)) == (((0, 10),), 1560, [0, 1, 2])
    assert found.layers[1] == ((0, 4), 804)
    assert found.inferences.keys() - {-1} == {0, 1}  # -1 has what is of none
    assert run_sums(small.select(window=(0, 10))) == RunSums()


def test_tracks_of_waits_and_of_the_run_are_used_where_something_lies_on_them(small: Trace) -> None:
    used = {name: bool(is_used) for name, is_used in zip(Drawing(small).tracks, Drawing(small).used, strict=True)}
    assert used == {name: name != "read waits" for name in Drawing(small).tracks}


def test_of_a_part_of_a_run_only_units_are_drawn(small: Trace) -> None:
    part = small.select(window=(0, 9))
    assert set(drawn(part)) == {"read", "load", "load waits"}
    assert [bool(one) for one in Drawing(part).used] == [True, False, True, True, False, False, False, False]


@pytest.mark.parametrize("most", [803, 804, 1560])
def test_energies_are_left_out_of_a_track_where_one_is_beyond_64_bits(
    small: Trace, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    assert module._MOST_AJ == 2**63 - 1
    monkeypatch.setattr(module, "_MOST_AJ", most)
    found = drawn(small)
    assert [("energy_aj" in found[track][0]) for track in ("layers, all inferences", "run")] == [
        most >= 804,
        most >= 1560,
    ]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_slices_come_a_step_at_a_time_and_are_the_same(
    small: Trace, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    whole = drawn(small)
    monkeypatch.setattr(module, "_STEP", step)
    assert max(len(some["track"]) for some in Drawing(small).slices()) <= step
    assert drawn(small) == whole


def test_a_flow_leads_from_what_ended_a_wait_to_what_began_then(make_trace: MakeTrace) -> None:
    """A load waits until a read ends; of two reads that look alike the first has the flow."""
    events = [(0, 4, 0, 0, 1, 0, 1, 0, 0), (0, 4, 0, 0, 1, 0, 1, 0, 0), (4, 2, 1, 1, 1, 1, 1, 0, 0)]
    ends = (HandOver("load", "buffer empty", "read", "end"),)
    trace = make_trace(events, [(1, 3, 1, 2, 1, 1, 0)], units=("read", "load"), handovers=ends)
    flows, found = Drawing(trace).flows, drawn(trace)
    assert [[flows[row["flow"]] for row in found[unit]] for unit in ("read", "load", "load waits")] == [
        [([1], []), ([], [])],
        [([], [1])],
        [([], [])],
    ]
