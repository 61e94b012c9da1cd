"""Recomputes a run's report from its trace, the chip's prices and the program's words, cycle by cycle.

What a trace does not say (which words of memory were accessed) comes from the accesses that the stepped chip noted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from acortex.isa.program import Program
from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.specs import Chip
from acortex.traces.file.reader import Trace

Span = tuple[int, int]
COUNTS = {
    "main_memory.reads": ("memory.read",),
    "main_memory.writes": ("memory.write",),
    "array_operations": ("vmm.frame",),
    "conversions": ("neurons.convert",),
    "bus_words": ("bus.down", "bus.up"),
    "bus_words.down": ("bus.down",),
    "bus_words.up": ("bus.up",),
    "host_words.in": ("host.in",),
    "host_words.out": ("host.out",),
    "loads": ("vmm.load",),
    "tokens": ("sync",),
    "instructions": ("controller.issue",),
}


class Replay:
    """One trace, counted through."""

    def __init__(self, trace: Trace, program: Program, inferences: int) -> None:
        header = trace.header
        self.header, self.program, self.inferences = header, program, inferences
        units, kinds, layers = header.units, [kind.name for kind in header.kinds], header.layers
        self.units = units
        self.events = [
            (
                e.start,
                e.start + e.duration,
                units[e.unit],
                kinds[e.kind],
                e.count,
                layers[e.layer],
                e.inference,
                e.energy_aj,
            )
            for e in trace.events
        ]
        self.waits = [(w.start, w.start + w.duration, units[w.unit], header.causes[w.cause]) for w in trace.waits]
        self.prices = {kind.name: dict(kind.prices_aj) for kind in header.kinds}
        self.ns = Fraction(header.exact_clock_ns())
        self.layers: defaultdict[tuple[str, int], list[Span]] = defaultdict(list)
        for start, end, unit, _, _, layer, inference, _ in self.events:
            if unit != "controller":
                self.layers[layer, inference].append((start, end))

    def report(self, cycles: int) -> dict[str, Any]:
        """The part of the report that a trace tells, of a run of `cycles`."""
        spans = self.spans(cycles)
        by_inference = self.by_inference(spans, cycles)
        by_layer = self.by_layer(cycles)
        components = {
            name: sum(row[name] for row in by_inference.values()) for name in next(iter(by_inference.values()))
        }
        macs = self.macs()
        return {
            "cycles": cycles,
            "latency_s": self.seconds(cycles),
            **energy(components),
            "macs": sum(macs.values()),
            "counts": self.counts(),
            "utilisation": self.utilisation(cycles),
            "waits": self.waited(),
            "layers": [
                {"name": name, "cycles": self.in_layer(name, cycles), "energy_j": by_layer[name] / 10**18,
                 "energy_aj": by_layer[name], "macs": macs[name]}
                for name in [*self.program.layers, "-"]
            ],
            "inferences": [
                {"index": index, "start_cycle": start, "end_cycle": end, "latency_s": self.seconds(end - start),
                 **energy(by_inference[index])}
                for index, (start, end) in sorted(spans.items())
            ],
        }  # fmt: skip

    def seconds(self, cycles: int) -> float:
        """A duration."""
        return float(cycles * self.ns / 10**9)

    # What happened ----------------------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How often each thing happened."""
        of: Counter[str] = Counter()
        for _, _, _, kind, count, *_ in self.events:
            of[kind] += count
        counts = {name: sum(of[kind] for kind in kinds) for name, kinds in COUNTS.items()}
        positions = sum(kind == "vmm.frame" for _, _, _, kind, *_ in self.events)
        return {**counts, "positions": positions, "events": len(self.events)}

    def utilisation(self, cycles: int) -> dict[str, dict[str, int]]:
        """Busy, waiting and idle cycles of each unit: nobody waits while it is busy, or for two things at once."""
        rows = {}
        for unit in self.units:
            busy = {cycle for s, e, u, *_ in self.events if u == unit for cycle in range(s, e)}
            waiting = [cycle for s, e, u, _ in self.waits if u == unit for cycle in range(s, e)]
            assert len(busy.union(waiting)) == len(busy) + len(waiting), unit
            rows[unit] = {"busy": len(busy), "waiting": len(waiting), "idle": cycles - len(busy) - len(waiting)}
        return rows

    def waited(self) -> list[dict[str, Any]]:
        """Who waited for what, longest first; of equals in the order of units and causes."""
        spent: Counter[tuple[str, str]] = Counter()
        for start, end, unit, cause in self.waits:
            spent[unit, cause] += end - start
        order = sorted(spent, key=lambda pair: (self.units.index(pair[0]), self.header.causes.index(pair[1])))
        rows = [{"unit": unit, "cause": cause, "cycles": spent[unit, cause]} for unit, cause in order]
        return sorted(rows, key=lambda row: -int(str(row["cycles"])))

    def macs(self) -> Counter[str]:
        """Multiply-accumulates of each layer: positions times those of the group's weights, in program order."""
        sequencer, found, weights = Sequencer(self.program, self.inferences), Counter[str](), dict[int, int]()
        names = ["-", *self.program.layers]
        while sequencer.state != "halted":
            d = sequencer.step()
            if d is not None and d.row.mnemonic == "program":
                weights[d.group] = self.program.weights[d.ops.weights].macs
            if d is not None and d.row.mnemonic == "multiply":
                found[names[d.layer]] += d.ops.positions * weights[d.group]
        return found

    # In flight --------------------------------------------------------------------------------------------------------

    def spans(self, cycles: int) -> dict[int, Span]:
        """When each inference was in flight."""
        indices = sorted({inference for *_, inference, _ in self.events if inference >= 0})
        found = {index: self.span_at_host(index) or self.span_of_layers(index, cycles) for index in indices}
        return {index: span for index, span in found.items() if span} or {0: (0, cycles)}

    def span_at_host(self, index: int) -> Span | None:
        """From an inference's first word from or to the host to its last to it; None where it has none."""
        host = [
            (start, end, kind) for start, end, _, kind, _, _, inference, _ in self.events
            if inference == index and kind in ("host.in", "host.out")
        ]  # fmt: skip
        if not host:
            return None
        start = min(start for start, *_ in host)
        return start, max([end for _, end, kind in host if kind == "host.out"], default=start)

    def span_of_layers(self, index: int, cycles: int) -> Span | None:
        """From the begin of an inference's first layer to the end of its last; None where it has none."""
        parts = [span for (_, inference), part in self.layers.items() if inference == index for span in part]
        if not parts:
            return None
        return min(start for start, _ in parts), min(max(end for _, end in parts), cycles)

    def in_layer(self, name: str, cycles: int) -> int:
        """The cycles in which a layer was in flight; of "-", in which none was."""
        covered = {
            cycle
            for (layer, _), part in self.layers.items()
            if layer != "-" and name in ("-", layer)
            for cycle in range(min(s for s, _ in part), max(e for _, e in part))
        }
        return cycles - len(covered) if name == "-" else len(covered)

    def shares(self, spans: Iterable[tuple[Any, int, int]], cycles: int, idle: Any) -> Counter[Any]:
        """Who pays for leakage, cycle by cycle; `idle` does where nobody is in flight, or the next to start."""
        paid: Counter[Any] = Counter()
        spans = [(owner, max(start, 0), min(end, cycles)) for owner, start, end in spans]
        started: dict[Any, int] = {}
        for cycle in range(cycles):
            flying = {owner for owner, start, end in spans if start <= cycle < end}
            started = {owner: started.get(owner, cycle) for owner in flying}
            if flying:
                each, rest = divmod(self.header.leakage_aj_per_cycle, len(flying))
                for owner in flying:
                    paid[owner] += each
                paid[min(flying, key=lambda owner: (started[owner], owner))] += rest
            else:
                paid[self.next_to_pay(spans, cycle) if idle is None else idle] += self.header.leakage_aj_per_cycle
        return paid

    def next_to_pay(self, spans: Sequence[tuple[Any, int, int]], cycle: int) -> Any:
        """The inference that starts next; after the last start, the one that started last."""
        real = [(start, owner) for owner, start, end in spans if start < end]
        later = [(start, owner) for start, owner in real if start > cycle]
        return min(later)[1] if later else max(real)[1] if real else -1

    # Who pays ---------------------------------------------------------------------------------------------------------

    def by_inference(self, spans: dict[int, Span], cycles: int) -> dict[int, dict[str, int]]:
        """Energy by component of each inference."""
        names = (
            "main_memory",
            "sensing",
            "arrays",
            "dacs",
            "neurons_adcs",
            "buses",
            "leakage",
            "program_erase",
            "others",
        )
        rows = {index: dict.fromkeys(names, 0) for index in spans}
        common = dict.fromkeys(names, 0)
        for _, _, _, kind, count, _, inference, total in self.events:
            row = rows.get(inference, common)
            assert total == count * sum(self.prices[kind].values())
            for component, price in self.prices[kind].items():
                row[component] += count * price
        leaked = self.shares([(index, *span) for index, span in spans.items()], cycles, None)
        for index, energy_aj in leaked.items():
            rows.get(index, common)["leakage"] += energy_aj
        for component, energy_aj in common.items():
            each, rest = divmod(energy_aj, len(rows))
            for row in rows.values():
                row[component] += each
            rows[min(rows)][component] += rest
        return rows

    def by_layer(self, cycles: int) -> Counter[str]:
        """Energy of each layer, and of what belongs to none."""
        numbers = {name: number for number, name in enumerate(["-", *self.program.layers])}
        spans = [
            (numbers[layer], min(s for s, _ in part), max(e for _, e in part))
            for (layer, _), part in self.layers.items()
            if layer != "-"
        ]
        names = list(numbers)
        paid = Counter({names[number]: aj for number, aj in self.shares(spans, cycles, 0).items()})
        for *_, layer, _, energy_aj in self.events:
            paid[layer] += energy_aj
        return paid


def retention_report(accesses: Sequence[tuple[int, int, bool, int]], program: Program, chip: Chip) -> dict[str, Any]:
    """Words read later than the memory retains them; of equally old ones the lowest, first read is the worst."""
    clock = Fraction(chip.clock_ns)
    limit = int(Fraction(chip.memory.retention_s) * 10**9 / clock)
    written: dict[int, tuple[int, int]] = {}
    ages = []
    for cycle, word, writes, pc in sorted(accesses, key=lambda access: (access[0], not access[2])):
        if writes:
            written[word] = (cycle, pc)
        else:
            ages.append((written[word][0] - cycle, word, cycle, pc, written[word][1]))
    late = sum(-age > limit for age, *_ in ages)
    if not late:
        return {"late_reads": 0, "worst": None, "pairs": []}
    counts = Counter((read, write) for age, _, _, read, write in ages if -age > limit)
    pairs = []
    for age, word, _, read, write in sorted(ages)[:late]:
        if (read, write) not in counts:  # an older read of the two lines is named already
            continue
        initial = next((table.line for table in program.memory if table.address <= word < table.end), "")
        lines = [str(program.lines[pc] if pc >= 0 else initial) for pc in (read, write)]
        pairs.append(
            {
                "word": word,
                "age_cycles": -age,
                "age_s": float(-age * clock / 10**9),
                "read": lines[0],
                "written": lines[1],
                "reads": counts.pop((read, write)),
            }
        )
    worst = {key: pairs[0][key] for key in ("word", "age_cycles", "age_s", "read", "written")}
    return {"late_reads": late, "worst": worst, "pairs": pairs}


def energy(components: dict[str, int]) -> dict[str, Any]:
    """Energy as a report gives it."""
    total = sum(components.values())
    return {
        "energy_j": total / 10**18,
        "energy_aj": total,
        "energy_by_component_j": {name: each / 10**18 for name, each in components.items()},
        "energy_by_component_aj": components,
    }


def memory_report(
    accesses: Sequence[tuple[int, int, bool, int]], cycles: int, capacity: int, width: int
) -> dict[str, Any]:
    """The occupancy of main memory, cycle by cycle, from its accesses: (cycle, word, whether it writes, pc).

    `width` is the length of the windows of which the most words are told.
    """
    live: Counter[int] = Counter()
    by_word: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)
    for cycle, word, writes, _ in accesses:
        by_word[word].append((cycle, writes))
    left = 0
    for rows in by_word.values():
        rows.sort(key=lambda row: row[0])
        starts = [index for index, (_, writes) in enumerate(rows) if writes]
        for start, after in zip(starts, [*starts[1:], len(rows)], strict=True):
            follows = rows[after][0] if after < len(rows) else cycles
            end = min(rows[after - 1][0] + 1 if after - 1 > start else follows, cycles)
            live.update(range(rows[start][0], end))
            left += end >= cycles
    peak = max(live.values(), default=0)
    return {
        "capacity_words": capacity,
        "written_words": len({word for _, word, writes, _ in accesses if writes}),
        "peak_words": peak,
        "peak_cycle": min((cycle for cycle, count in live.items() if count == peak), default=0),
        "peak_share": peak / capacity,
        "mean_words": sum(live.values()) / cycles if cycles else 0.0,
        "current_words": left,
        "current_share": left / capacity,
        "window_cycles": width,
        "windows_words": [
            max(live[cycle] for cycle in range(first, min(first + width, cycles))) for first in range(0, cycles, width)
        ],
    }
