"""Every unit under contention: what it waits for, what bounds it, and that its time adds up.

The pairs of unit and cause are those of docs/timing.md; each is provoked on purpose by a small program on a chip with
some settings changed. The bounds are worked out from the settings alone.
"""

from __future__ import annotations

from typing import Any

import pytest

N = 24
"""Positions of a layer."""

PLAIN = f"read d0\nfeed {N}, 1\nmultiply g0, {N}\nconvert q0, {N}\nwrite d1"
WIDE = {"columns": 256, "rects": "rect g0, 0, 0, width=4"}
TO_VECTOR = PLAIN.replace("convert q0, 24", "convert q0, 24, to=vector").replace("d1", "d1, source=vector")
REQUANT = TO_VECTOR.replace("write", f"requant q0, {N}\nwrite")
REQUANT_WIDE = TO_VECTOR.replace("write", f"requant q0, {4 * N}\nwrite")
HALVES = f"base d3, {N}\ndim d3, 0, {2 * N}\nbase d4, {3 * N}\ndim d4, 0, {2 * N}\n"
BOTH_WAYS = f"""{HALVES}read d0
feed {N}, 1
multiply g0, {N}
convert q0, {N // 2}
convert q0, {N // 2}, to=vector
write d3
requant q0, {2 * N}
write d4, source=vector
"""
"""Words of codes for the vector agent cross the bus while those before them, for the memory, still do."""
ADD = "signal host_in, t9\nawait operand, t9\n" + TO_VECTOR.replace("write", f"operand d0\nadd q0, q0, {N}\nwrite")
STREAM = f"read d0, to=vector\nrequant q0, {N}\nwrite d1, source=vector"
AGAIN = f"base d2, 1000\ndim d2, 0, {N}\ninput x, d2\n"
EARLY_OUT = "signal host_in, t8\nawait host_out, t8\noutput y, d0\n"
LATE_OPERAND = (
    f"read d0, to=vector\nsignal read, t9\nawait operand, t9\noperand d0\nadd q0, q0, {N}\nwrite d1, source=vector"
)
ONE_BANK = ["memory.banks=1", "memory.bank_cycles=20"]


def awaiting(agent: str) -> str:
    """A layer whose agent waits for a token that the host makes late."""
    return f"signal host_in, t9\nawait {agent}, t9\n"


Case = tuple[str, list[str], dict[str, Any]]

WAITS: dict[tuple[str, str], Case] = {
    ("controller", "queue"): (PLAIN, ["controller.queue_depth=1"], {}),
    ("host/in", "token"): (PLAIN + "\nsignal read, t9\nawait host_in, t9", [], {}),
    ("host/in", "port"): (AGAIN + PLAIN, [], {}),
    ("host/in", "bank"): (PLAIN, ONE_BANK, {}),
    ("host/out", "token"): (PLAIN, [], {}),
    ("host/out", "grant"): (PLAIN, [], {}),
    ("host/out", "port"): (EARLY_OUT + STREAM, [], {}),
    ("host/out", "bank"): (PLAIN, ["memory.banks=1", "memory.bank_cycles=90"], {}),
    ("host/out", "latency"): (PLAIN, [], {}),
    ("main_memory/read", "token"): (PLAIN, [], {}),
    ("main_memory/read", "grant"): (PLAIN, [], {}),
    ("main_memory/read", "port"): (STREAM, [], {}),
    ("main_memory/read", "bank"): (PLAIN, ONE_BANK, {}),
    ("main_memory/read", "bus"): (PLAIN, ["buses.word_cycles=8"], {}),
    ("main_memory/read", "buffer_full"): (PLAIN, ["buffer.words=1"], {}),
    ("main_memory/operand", "token"): (ADD, [], {}),
    ("main_memory/operand", "grant"): (ADD, [], {}),
    ("main_memory/operand", "port"): (ADD, [], {}),
    ("main_memory/operand", "bank"): (ADD, ONE_BANK, {}),
    ("main_memory/operand", "operand_full"): (ADD, ["vector.queue_words=1"], {}),
    ("main_memory/write", "token"): (awaiting("write") + PLAIN, [], {}),
    ("main_memory/write", "grant"): (PLAIN, [], {}),
    ("main_memory/write", "port"): (STREAM, ["memory.access_cycles=4"], {}),
    ("main_memory/write", "bank"): (STREAM, ONE_BANK, {}),
    ("main_memory/write", "bus"): (PLAIN, ["buses.word_cycles=8"], WIDE),
    ("main_memory/write", "codes"): (PLAIN, [], {}),
    ("buffer", "token"): (awaiting("buffer") + PLAIN, [], {}),
    ("buffer", "words"): (PLAIN, [], {}),
    ("buffer", "windows"): (PLAIN, [], {}),
    ("vmm/load", "token"): (awaiting("vmm") + PLAIN, [], {}),
    ("vmm/load", "vectors"): (PLAIN, [], {}),
    ("vmm/load", "latches"): (PLAIN, [], {}),
    ("vmm/load", "frame"): (PLAIN + "\ndisconnect g0", [], {}),
    ("vmm/frame", "load"): (PLAIN, [], {}),
    ("vmm/frame", "neurons"): (PLAIN, ["neurons.cycles_per_step=4"], {}),
    ("neurons", "token"): (awaiting("neurons") + PLAIN, [], {}),
    ("neurons", "sums"): (PLAIN, [], {}),
    ("neurons", "output_full"): (PLAIN, ["neurons.output_words=1", "buses.word_cycles=64"], {}),
    ("program_erase", "token"): (awaiting("program_erase") + PLAIN, [], {}),
    ("host/work", "token"): (awaiting("host") + PLAIN, [], {}),
    ("vector", "token"): (awaiting("vector") + STREAM, [], {}),
    ("vector", "stream"): (STREAM, [], {}),
    ("vector", "operand"): (LATE_OPERAND, [], {}),
    ("vector", "results_full"): (REQUANT_WIDE, ["vector.queue_words=4", "memory.access_cycles=32"], WIDE),
    ("vector", "grant"): (REQUANT_WIDE, [], WIDE),
    ("vector", "bus"): (BOTH_WAYS, ["buses.word_cycles=8"], WIDE),
    ("vector", "crossing"): (REQUANT_WIDE, [], WIDE),
}
"""For each unit and each cause: a layer, settings and a group in which the unit waits for it."""


BY_PROCESSES = {("host/in", "host")}
"""What only a process of a user makes a unit wait for: tests/sim/timing/test_processes.py provokes it."""


def test_every_pair_of_the_norm_is_provoked(in_the_norm: set[tuple[str, str]]) -> None:
    assert set(WAITS) | BY_PROCESSES == in_the_norm


@pytest.mark.parametrize("pair", WAITS, ids=":".join)
def test_unit_waits_for_each_of_its_causes_and_its_time_adds_up(
    simulate: Any, layer: Any, pair: tuple[str, str]
) -> None:
    body, settings, group = WAITS[pair]
    report = simulate(layer(N, body=body, **group), settings).report
    assert [wait for wait in report["waits"] if (wait["unit"], wait["cause"]) == pair]
    check(report)


def check(report: dict[str, Any]) -> None:
    """What holds for every run."""
    for spent in report["utilisation"].values():
        assert min(spent.values()) >= 0
        assert sum(spent.values()) == report["cycles"]
        assert spent["busy"] <= report["cycles"]
    waits: dict[str, int] = {}
    for wait in report["waits"]:
        waits[wait["unit"]] = waits.get(wait["unit"], 0) + wait["cycles"]
    assert all(waits.get(unit, 0) == spent["waiting"] for unit, spent in report["utilisation"].items())


@pytest.mark.parametrize("body", [PLAIN, REQUANT, ADD], ids=["plain", "requant", "add"])
def test_what_the_buses_carry_arrives(simulate: Any, layer: Any, body: str) -> None:
    counts = simulate(layer(N, body=body), ["buses.word_cycles=3", "buffer.words=2"]).report["counts"]
    assert counts["bus_words.down"] == N  # words of vectors, each taken by the buffer once
    assert counts["bus_words.up"] == N  # words of codes, to memory or to the vector agent
    assert counts["main_memory.writes"] == 2 * N  # by the host, and the results


# Bounds: the layer is repeated, so that it outweighs what comes before and after it

REPEAT = 20


def often(body: str) -> str:
    """A layer that runs over the same words again and again."""
    return f"loop l1, {REPEAT}\nagain:\n{body}\nnext l1, again"


FEW = "read d0\nfeed 1, 1\nmultiply g0, 1\nconvert q0, 1\nwrite d1"
LARGE = {"rows": 256, "columns": 512, "rects": "rect g0, 0, 0, height=4, width=8"}
LARGE_BODY = PLAIN.replace("feed 24, 1", "feed 24, 4")

BOUNDS: dict[str, tuple[str, int, list[str], dict[str, Any], str, str, int]] = {
    # name: (layer, positions, settings, group, busiest unit, its event, cycles from one position to the next).
    # Sums that wait for the neurons are seen a cycle after the place is free. Two ports keep the bus's words from
    # queueing behind writes.
    "frame": (PLAIN, N, ["arrays.overlap_loads=true"], {}, "vmm/frame", "vmm.frame", 18),
    "load": (LARGE_BODY, N, ["arrays.overlap_loads=true"], LARGE, "vmm/load", "vmm.load", 4 * 8),
    "conversion": (PLAIN, N, ["neurons.cycles_per_step=4"], {}, "neurons", "neurons.convert", 64 + 1),
    "bus down": (PLAIN, N, ["buses.word_cycles=50", "memory.ports=2"], {}, "buses/down", "bus.down", 50),
    "bus up": (PLAIN, N, ["buses.word_cycles=20"], WIDE, "buses/up", "bus.up", 20),
    "memory": (STREAM, N, ["memory.access_cycles=9", "memory.bank_cycles=9"], {}, "main_memory", "memory.read", 18),
    "vector": (STREAM, N, ["vector.step_cycles=30"], {}, "vector", "vector.step", 30),
    "issue": (FEW, 1, ["controller.decode_cycles=90"], {}, "controller", "vmm.load", 6 * 90),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_throughput_is_the_bound_of_the_bottleneck_and_the_report_names_it(
    simulate: Any, layer: Any, name: str
) -> None:
    body, positions, settings, group, unit, kind, period = BOUNDS[name]
    bench = simulate(layer(positions, body=often(body), **group), settings)
    where = {"main_memory": "main_memory/read", "controller": "vmm/load"}.get(unit, unit)
    assert bench.period(where, kind, 8, 16) == period
    busy = {path: spent["busy"] for path, spent in bench.report["utilisation"].items()}
    assert max(busy, key=lambda path: busy[path]).startswith(unit)
    check(bench.report)


def test_host_bound_run_takes_as_long_as_the_host_needs(simulate: Any, layer: Any) -> None:
    report = simulate(layer(N), ["host.word_cycles=100"]).report
    assert report["utilisation"]["host/in"]["busy"] == N * (100 + 2) + 1
    assert sorted(report["utilisation"], key=lambda unit: -report["utilisation"][unit]["busy"])[0].startswith("host/")
    assert report["cycles"] >= 2 * N * 102
    check(report)
