"""What ends each cause of waiting for good: advice, and where it is cheap a pair of runs that shows it.

A pair is a program of programs/ with a setting, before and after. The tests hold that the remedy shortens the run and
the wait; docs/reference/waits.md prints both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Pair:
    """Two runs of a program of programs/ that differ in one setting, whose wait falls."""

    program: str
    setting: str
    before: str
    after: str


@dataclass(frozen=True)
class Remedy:
    """What to do about a cause of waiting, and a pair that shows it or the reason why there is none."""

    text: str
    pair: Pair | None = None
    no_pair: str = ""


REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {
        "idle": Remedy(
            "Nothing waits: the unit has no instruction. Where it should have one, look at the controller: it"
            " may be held up by the queue of another agent (`queue`), or the program gives the work out late.",
            no_pair="it is the absence of work, not a wait",
        ),
        "queue": Remedy(
            "An agent's queue is full. Usually that is a symptom: the agent is the slow one, so ask what it"
            " waits for. Where many short instructions meet a short queue, give out more work per instruction"
            " (`feed 64, 1` in the place of 64 times `feed 1, 1`), issue instructions of other agents earlier,"
            " or deepen the queue (`controller.queue_depth`).",
            Pair("in_flight.s", "controller.queue_depth", "1", "8"),
        ),
        "token": Remedy(
            "Another agent has not made the token yet. Let it make the token as early as is right: directly"
            " below the last instruction that uses the place. Give rings more places, with as many tokens at the"
            " start. Put `await` directly above the instruction that needs it, since it holds up all that stands"
            " behind it. Where the token comes from the host, the host is the limit.",
            Pair("in_flight.s", "host.word_cycles", "40", "2"),
        ),
        "port": Remedy(
            "Another client holds the port of main memory. Read words once and keep them (`slide`, `feed` with"
            " `keep`), pack small pixels into fewer words (`packed`), join `write`s that each write a part of a"
            " word. On the chip: faster accesses (`memory.access_cycles`) or a second port (`memory.ports`).",
            Pair("pooling.s", "memory.access_cycles", "4", "2"),
        ),
        "bank": Remedy(
            "The bank of the word is still busy with the access before. Addresses one after the other lie in"
            " different banks, so walk along memory, and avoid strides that are multiples of `memory.banks`. On"
            " the chip: shorter `memory.bank_cycles`, more `memory.banks`.",
            Pair("conv3x3.s", "memory.bank_cycles", "8", "2"),
        ),
        "buffer_full": Remedy(
            "What reads is ahead of what takes: the receiver has no place. That is harmless where the receiver"
            " works all the time. Where it does not, give it more places: `buffer.words` for the buffer,"
            " `vector.queue_words` for the vector agent.",
            Pair("pooling.s", "vector.queue_words", "1", "8"),
        ),
        "words": Remedy(
            "The buffer has nothing to make a vector of. The words are late: `read` or `fetch` was issued late,"
            " waits for a token, or memory is slow. Let the read of the next layer, row or image stand above"
            " what waits for the present one, and let the host bring data earlier.",
            Pair("conv3x3.s", "host.word_cycles", "40", "2"),
        ),
        "windows": Remedy(
            "The arrays take vectors more slowly than the buffer makes them. Where `vmm/frame` is busy all the"
            " time, this is how it should be: the arrays are the limit. Else look at what `vmm/load` waits for.",
            Pair("pipeline.s", "neurons.cycles_per_step", "4", "1"),
        ),
        "vectors": Remedy(
            "The arrays wait for input vectors. Follow the chain back: what does the buffer wait for? Mostly"
            " `words`; see there.",
            Pair("conv3x3.s", "host.word_cycles", "40", "2"),
        ),
        "latches": Remedy(
            "The next vector cannot be loaded while the frame before it runs. Nothing is lost where loads are"
            " short. Where groups have many arrays, load under the frame with a second set of latches"
            " (`arrays.overlap_loads`), or make the frame shorter (`arrays.frame_ns`).",
            Pair("in_flight.s", "arrays.frame_ns", "80", "32"),
        ),
        "frame": Remedy(
            "`connect`, `disconnect`, `signal vmm` and `await vmm` wait until all frames of the agent are"
            " sampled. Connect all groups once, before the loop, in columns of arrays of their own; take tokens"
            " from `write`, not from `vmm`.",
            no_pair="no program of the project switches groups in its loop",
        ),
        "load": Remedy(
            "The frame waits for loaded latches. Where `vmm/load` is busy, the loads are long: place the group"
            " wider and lower, load several arrays per cycle (`arrays.loads_per_cycle`), or load under the frame"
            " before (`arrays.overlap_loads`). Where `vmm/load` waits, see `vectors`.",
            Pair("in_flight.s", "host.word_cycles", "40", "2"),
        ),
        "neurons": Remedy(
            "The sums of a frame wait for the neurons. Either the neurons convert more slowly than a frame"
            " takes: fewer tile columns per column of arrays, more converters (`neurons.adcs_per_column`),"
            " faster ones (`neurons.cycles_per_step`). Or they cannot give their codes away: see `output_full`.",
            Pair("concat.s", "neurons.cycles_per_step", "4", "1"),
        ),
        "sums": Remedy(
            "The neurons have nothing to convert. Where `vmm/frame` is busy, frames are the limit, and this is"
            " how it should be. Else see `load`.",
            Pair("in_flight.s", "controller.queue_depth", "1", "8"),
        ),
        "output_full": Remedy(
            "Nobody takes the codes. Mostly `write` waits for a token of a place that is free: give the result"
            " a ring of two places ([Overlap](../tutorial/overlap.md) shows it, measured). Else memory or its"
            " bus is the limit: see `port` and `bus`. On the chip: `neurons.output_words`.",
            no_pair="the tutorial measures it, with two programs",
        ),
        "codes": Remedy(
            "`write` has nothing to write: the neurons or the vector agent have not made it yet. It is a"
            " symptom. Follow the chain back: `sums`, `load`, `vectors`, `words`.",
            Pair("in_flight.s", "neurons.cycles_per_step", "4", "1"),
        ),
        "latency": Remedy(
            "The host takes words one by one, each after the latency of main memory. Fewer words help: pack"
            " small pixels (`packed`), leave out what the host does not need. Let it happen beside other work,"
            " with two places for the result. On the chip: `memory.read_latency_ns`.",
            Pair("vector_add.s", "memory.read_latency_ns", "60", "21"),
        ),
        "stream": Remedy(
            "The vector agent has no word to work on: see what `read` (or the neurons) wait for. A longer queue"
            " lets `read` run ahead (`vector.queue_words`).",
            Pair("pooling.s", "vector.queue_words", "1", "8"),
        ),
        "operand": Remedy(
            "`add` or `mul` has a word and no operand yet. Issue `operand` above the instruction whose words it"
            " meets, and let its token come early. On the chip: a faster memory, a longer `vector.queue_words`.",
            Pair("vector_add.s", "memory.access_cycles", "2", "1"),
        ),
        "results_full": Remedy(
            "`write` does not take the vector agent's results: it waits for a token or for memory. See"
            " `output_full`, which is the same for the neurons.",
            no_pair="in the project's programs `write` is always ahead of the vector agent",
        ),
        "bus": Remedy(
            "All lanes of a data bus are taken. Fewer words help: keep them in the buffer, pack small pixels."
            " On the chip: `buses.word_cycles`, `buses.down_lanes`, `buses.up_lanes`.",
            Pair("conv3x3.s", "buses.word_cycles", "16", "1"),
        ),
        "operand_full": Remedy(
            "The operands are ahead of the words that they meet. That is harmless, unless `read` and `operand`"
            " block each other through memory; then a longer `vector.queue_words` helps.",
            Pair("vector_add.s", "vector.queue_words", "1", "8"),
        ),
        "host": Remedy(
            "A process outside of the chip offers the words, and has none now. Its own file says why:"
            " [Extending](../extending.md).",
            no_pair="a process of a user's own decides it",
        ),
        "grant": Remedy(
            "Each request for memory or a bus is seen a cycle after it was made. Only fewer requests help:"
            " fewer words, or queues that let requests be made ahead.",
            Pair("pooling.s", "vector.queue_words", "1", "8"),
        ),
        "crossing": Remedy(
            "The word of codes is on its way to the vector agent. With `convert` to memory and a `read ...,"
            " to=vector` it overlaps with other work; on the chip: `buses.word_cycles`.",
            Pair("residual.s", "buses.word_cycles", "16", "1"),
        ),
    }
)
"""A remedy for each cause of `acortex.sim.timing.handovers`."""
