"""The arbiter of main memory by itself: who is granted when, and what the others wait for meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.prices import INDEX
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.timing.channel import Tokens
from acortex.sim.timing.kernel import CAUSES, Kernel
from acortex.sim.timing.memory import Client, DataBus, Fabric, MemoryTimes
from acortex.sim.timing.tally import Log, Tally
from acortex.sim.timing.unit import Site, Unit

PROGRAMS = Path(__file__).parents[3] / "programs"


class Asker(Client):
    """A client that keeps the cycles of its grants, and what it waited for."""

    def __init__(self, site: Site, rank: int, fabric: Fabric, bus: DataBus | None = None, at_port: bool = True) -> None:
        super().__init__(site, f"asker{rank}", rank, fabric)
        self.at_port = at_port
        self.bus = bus
        self.granted_at: list[int] = []
        self.log = Log()
        self.attach(self.log)

    @property
    def waits(self) -> list[tuple[int, int, str]]:
        """The start, duration and cause of each wait."""
        rows = self.log.table().tolist()
        return [(start, duration, CAUSES[~kind]) for start, duration, kind, _, _ in rows if kind < 0]

    def granted(self, now: int) -> None:
        """Keeps the cycle, and is busy for one."""
        self.granted_at.append(now)
        self.act(now, 1, INDEX["memory.read"], 1)


def memory(ports: int = 1, banks: int = 1, access: int = 1, bank: int = 1) -> tuple[Site, Fabric]:
    """A chip's memory without a chip."""
    kernel = Kernel()
    site = Site(kernel, Tally(), Tokens(), 1, INDEX["sync"])
    return site, Fabric(9, MemoryTimes(ports, banks, access, bank, 0))


def busy_bus(site: Site, until: int) -> DataBus:
    """A bus that carries a word until a cycle."""
    bus = DataBus([Unit("bus", 8, site.tally)], INDEX["bus.up"], until)
    bus.carry(0, (0, 0, 0))
    return bus


def test_who_asks_for_the_bus_alone_does_not_wait_for_a_port() -> None:
    site, fabric = memory(access=20)
    first = Asker(site, 0, fabric)
    other = Asker(site, 1, fabric, busy_bus(site, 5), at_port=False)
    fabric.serve([first, other])
    first.post(0, 1)
    other.post(0, 1)
    site.kernel.drain(None, 64)
    assert (first.granted_at, other.granted_at) == ([1], [5])


def test_a_request_waits_for_its_bank_and_then_for_the_bus() -> None:
    site, fabric = memory(bank=10)
    first, other = Asker(site, 0, fabric), Asker(site, 1, fabric, busy_bus(site, 15))
    fabric.serve([first, other])
    first._addresses = other._addresses = [0]
    first.remaining = other.remaining = 1
    first.post(0, 1)
    other.post(0, 2)
    site.kernel.drain(None, 64)
    assert other.granted_at == [15]
    assert other.waits == [(0, 2, "grant"), (2, 9, "bank"), (11, 4, "bus")]


@pytest.mark.parametrize("ports", [1, 2, 3])
def test_ports_are_given_in_the_order_of_the_clients(ports: int) -> None:
    site, fabric = memory(ports, banks=4, access=2, bank=2)
    askers = [Asker(site, rank, fabric) for rank in range(4)]
    fabric.serve(askers)
    for number, asker in reversed(list(enumerate(askers))):
        asker._addresses, asker.remaining = [number], 1
        asker.post(0, 1)
    site.kernel.drain(None, 64)
    assert [asker.granted_at for asker in askers] == [[1 + 2 * (number // ports)] for number in range(4)]


def test_a_request_for_a_port_that_another_takes_waits_for_it_from_the_cycle_in_which_it_is_seen() -> None:
    site, fabric = memory(access=4)
    first, other = Asker(site, 0, fabric), Asker(site, 1, fabric)
    fabric.serve([first, other])
    first.post(0, 1)
    other.post(0, 1)
    site.kernel.drain(None, 64)
    assert (first.waits, other.waits) == ([(0, 1, "grant")], [(0, 1, "grant"), (1, 4, "port")])


@pytest.mark.parametrize("name", ["conv3x3", "residual", "lstm_step"])
def test_with_ports_and_lanes_to_spare_nothing_waits_for_one(name: str) -> None:
    program = assemble_file(PROGRAMS / f"{name}.s")
    spare = ["memory.ports=8", "memory.banks=1024", "buses.down_lanes=8", "buses.up_lanes=8"]
    waits = run(program, load_chip(program.chip, spare), values=False).report.waits
    assert not {wait.cause for wait in waits} & {"port", "bus"}  # two may still want one word, and so one bank
    assert {wait.unit for wait in waits if wait.cause == "grant"} >= {"main_memory/read", "main_memory/write"}
