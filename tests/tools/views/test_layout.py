"""How reports lie on a terminal, blank by blank: columns that are aligned, bars, and what gives way on a narrow one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from rich.console import Console, RenderableType

from acortex.sim.accuracy.results import AccuracyReport
from acortex.sim.results import RunReport
from acortex.sim.system.results import SystemReport
from acortex.tools.console.output import show
from acortex.tools.views.accuracy import accuracy_parts
from acortex.tools.views.compare import parts as compare_parts
from acortex.tools.views.diff import diff_parts
from acortex.tools.views.instructions import view_parts
from acortex.tools.views.loops import loop_parts
from acortex.tools.views.run import parts
from acortex.tools.views.system import system_parts
from acortex.tools.views.tables import number_table
from acortex.tools.views.trace import info_parts
from acortex.traces.instructions.results import InstructionView
from acortex.traces.results import TraceInfo

from . import test_accuracy, test_compare, test_diff, test_instructions, test_loops, test_system, test_trace
from .test_run import path_of

Printed = Callable[[Iterable[RenderableType], int], str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    """printed(parts, width): a report as it stands on a terminal of that width."""

    def text(parts: Iterable[RenderableType], width: int) -> str:
        show(Console(width=width, highlight=False), parts)
        return capsys.readouterr().out

    return text


# A run ------------------------------------------------------------------------------------------------------------

HEAD = """\
digits_mlp on acortex_digits   4 inferences, 480 cycles of 1.785 ns

  accuracy      75.00 %  3 of 4 right
  latency        375 ns  per inference (median, 357 ns to 393 ns)
  energy         324 pJ  per inference (mean)
  throughput   4.67 M/s  inferences; 474 GOp/s, 1 MAC = 2 Op
  efficiency  313 TOp/J  at 1.51 mW
  peak power    3.02 mW  in windows of 428 ns; average 1.51 mW, of it 31.0 uW leakage
  memory          0.2 %  60 of 32,768 words live at the peak, 10 at the end
  set-up        1.78 ms  and 3.20 uJ to write the weights, once

"""
SIDE_BY_SIDE = """\
Energy  324 pJ per inference              Area  1.6472 mm2
  main memory    ██████   234 pJ  72.2 %    others         ██████  1.0200 mm2  61.9 %
  buses          ▊       32.9 pJ  10.1 %    program erase  ███     0.5170 mm2  31.4 %
  sensing        ▋       25.9 pJ   8.0 %    arrays         ▎       0.0563 mm2   3.4 %
  others         ▍       14.9 pJ   4.6 %    sensing        ▏       0.0359 mm2   2.2 %
  leakage        ▏       6.65 pJ   2.1 %    DACs                   0.0105 mm2   0.6 %
  arrays                 4.84 pJ   1.5 %    main memory            0.0063 mm2   0.4 %
  DACs                   3.54 pJ   1.1 %    neurons, ADCs          0.0013 mm2   0.1 %
  neurons, ADCs          1.54 pJ   0.5 %

"""
TIME = """\
Where time went
  unit         █ busy  ▒ waiting  · idle         busy  waiting  longest for
  controller   ██████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒·  47.5 %   50.0 %  queue
  main_memory  ███████████████···············  50.0 %    0.0 %
  vmm          █████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  42.5 %   57.5 %  buffer full
  neurons      ████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒·  26.7 %   70.8 %  frame

Layers  per inference, mean
  layer             cycles   energy             MAC
  hidden                75   259 pJ  80.0 %  50,176
  output              37.5  48.6 pJ  15.0 %     640
  (outside layers)     7.5  16.2 pJ   5.0 %       0

"""
BUSIEST = """\
The busiest units  and what else they did
  main_memory  busy 50.0 %  idle 50.0 %
  controller   busy 47.5 %  waited 50.0 % for queue, idle 2.5 %
  vmm          busy 42.5 %  waited 56.2 % for buffer full, waited 1.2 % for neurons
  neurons      busy 26.7 %  waited 70.8 % for frame, idle 2.5 %
  Why it took so long: `acortex trace critical run.actrace`, of a trace of every event.

"""
LIMITS = """\
What limited this run  its critical path
  vmm/frame         41.7 %  vmm.frame
  main_memory/read  25.0 %  waiting for port, held by host/in (a.s:3 input x, d0)
  What each setting of the chip would change: `acortex trace what-if RUN.actrace` measures
it.

"""
CLOSING = """\
outputs equal the independent evaluation, bit for bit (40 codes)
trace: run.actrace
"""


def test_a_run_on_ninety_two_columns_has_energy_and_area_side_by_side(report: dict[str, Any], printed: Printed) -> None:
    run = RunReport.model_validate(report)
    assert printed(parts(run, 92), 92) == HEAD + SIDE_BY_SIDE + TIME + BUSIEST + CLOSING
    assert printed(parts(run, 92, path_of()), 92) == HEAD + SIDE_BY_SIDE + TIME + LIMITS + CLOSING


def test_on_ninety_one_the_area_stands_below_the_energy_in_bars_of_its_own(
    report: dict[str, Any], printed: Printed
) -> None:
    lines = printed(parts(RunReport.model_validate(report), 91), 91).splitlines()
    energy, area = lines.index("Energy  324 pJ per inference"), lines.index("Area  1.6472 mm2")
    assert (area - energy, lines[area - 1]) == (10, "")
    assert lines[energy + 1] == f"  main memory    {'█' * 51}   234 pJ  72.2 %"
    assert lines[area + 1] == f"  others         {'█' * 51}  1.0200 mm2  61.9 %"


@pytest.mark.parametrize(
    ("width", "cells"), [(40, 8), (69, 8), (70, 8), (71, 9), (109, 47), (110, 48), (111, 48), (200, 48)]
)
def test_bars_of_time_take_what_is_left_from_eight_cells_to_forty_eight(
    report: dict[str, Any], printed: Printed, width: int, cells: int
) -> None:
    lines = printed(parts(RunReport.model_validate(report), width), 200).splitlines()
    bar = lines[lines.index("Where time went") + 3]
    assert sum(letter in "█▒·" for letter in bar) == cells


def test_a_unit_that_was_never_busy_has_a_bar_of_nothing_else(report: dict[str, Any], printed: Printed) -> None:
    report["utilisation"]["host"] = {"busy": 0, "waiting": 0, "idle": 480}
    report["utilisation"]["bus"] = {"busy": 480, "waiting": 0, "idle": 0}
    lines = printed(parts(RunReport.model_validate(report), 92), 92).splitlines()
    at = lines.index("Where time went")
    assert lines[at + 6] == f"  host         {'·' * 30}    0.0 %    0.0 %"
    assert lines[at + 7] == f"  bus          {'█' * 30}  100.0 %    0.0 %"


def test_of_a_run_of_few_cycles_a_unit_without_work_has_no_cell_of_it(report: dict[str, Any], printed: Printed) -> None:
    units = {"host": (0, 0, 30), "vmm": (1, 28, 1)}
    times = {name: dict(zip(("busy", "waiting", "idle"), spent, strict=True)) for name, spent in units.items()}
    run = RunReport.model_validate({**report, "cycles": 30, "utilisation": times, "waits": []})
    lines = printed(parts(run, 92), 92).splitlines()
    at = lines.index("Where time went")
    assert [line.split()[1] for line in lines[at + 2 : at + 4]] == ["·" * 30, f"█{'▒' * 28}·"]


@pytest.mark.parametrize(("width", "cells"), [(92, 6), (94, 6), (96, 7), (110, 14)])
def test_bars_side_by_side_have_half_of_the_width(
    report: dict[str, Any], printed: Printed, width: int, cells: int
) -> None:
    lines = printed(parts(RunReport.model_validate(report), width), 200).splitlines()
    first = next(line for line in lines if line.startswith("  main memory"))
    assert [len(bar) for bar in first.split() if set(bar) == {"█"}] == [cells, cells]


@pytest.mark.parametrize("width", [40, 50, 60])
def test_on_a_narrow_terminal_each_row_keeps_to_its_line(report: dict[str, Any], printed: Printed, width: int) -> None:
    report["waits"][0]["cause"] = "a cause of very many words"
    lines = printed(parts(RunReport.model_validate(report), width), width).splitlines()
    for title, rows in (("Energy", 8), ("Area", 7), ("Where time went", 5), ("Layers", 4)):
        first = next(at for at, line in enumerate(lines) if line.startswith(title))
        assert lines.index("", first) - first == 1 + rows, title


def test_of_nothing_no_bar_is_drawn(report: dict[str, Any], printed: Printed) -> None:
    report["energy_by_component_j"] = dict.fromkeys(report["energy_by_component_j"], 0.0)
    lines = printed(parts(RunReport.model_validate(report), 91), 91).splitlines()
    at = lines.index("Energy  324 pJ per inference")
    assert lines[at + 1 : at + 3] == ["", "Area  1.6472 mm2"]


def test_equal_parts_stand_by_their_names(report: dict[str, Any], printed: Printed) -> None:
    energies = dict.fromkeys(("sensing", "buses", "arrays"), 1e-12)
    lines = printed(parts(RunReport.model_validate({**report, "energy_by_component_j": energies}), 91), 91).splitlines()
    at = lines.index("Energy  324 pJ per inference")
    assert [line.split()[0] for line in lines[at + 1 : at + 4]] == ["arrays", "buses", "sensing"]


# Other reports ----------------------------------------------------------------------------------------------------

LOOP = """\
Loop a.s:3 loop 40 to 9 end, 1,200 turns
  steady from cycle 2,345: 1,000 cycles per turn
  vmm, the busiest unit, has work for 700 cycles (70.0
%)
  bound by a chain of hand-overs through vmm, bus
  unit  busy  waiting  idle  slack
  vmm    700      250    50    300
  The chain that closes over a turn
   cycles  line  instructi…  units       busy  hand-over
    1,000     4  read d4     memory, b…   600        400

What set the length of the run, in 2 links
 from  cycles  line  instruc…  units     busy  waiting  idle
    0       5     3  read d3   memory,…     5
1,000   2,001     4  read d4   memory,…          2,000     1
"""


def test_numbers_of_loops_stand_right_and_long_texts_are_cut(printed: Printed) -> None:
    """The second table is 59 cells wide: what it may cut has eight left, and a line of a table is not wrapped."""
    link = test_loops.link
    chain = [{**link(3, busy=5), "start": 0}, {**link(4, waiting=2000, idle=1), "start": 1000}]
    ends = {"end": 5, "inference": 0}
    view = {**test_loops.VIEW, "loops": [test_loops.LOOP], "links": 2, "chain": [{**one, **ends} for one in chain]}
    assert printed(loop_parts(InstructionView.model_validate(view), 56), 56) == LOOP


VIEW = """\
toy on acortex_toy   54,321 cycles, 1 instruction executed

    #  inf  instruction      |1000               |1100
    7    0  multiply g0, 25
1,234    0  multiply g0, 25

one mark: 5 cycles

    #  line  unit  issued  first    end  waited  for          ended by
    7     3  vmm    1,000  1,100  1,200   4,000  buffer full  bus:4
1,234     3  vmm       10  1,100  1,200

line  instruction      times   busy  waited  longest for      ended by  critical
   3  xxxxxxxxxxxxxx…  1,500  2,000   3,000  1,234 buffer f…  bus:4       75.0 %
   4  read d4              1      5       7                               25.0 %
all: busy 2,005, waited 3,007 cycles, 2.00 nJ of events, without leakage

"""


def test_numbers_of_instructions_stand_right_and_long_texts_are_cut(printed: Printed) -> None:
    row, total, wait, by = (getattr(test_instructions, name) for name in ("row", "total", "wait", "BY"))
    rows = [row(7, waits=[wait("vmm", 4000, by, 4000)]), row(1234, issued=10)]
    totals = [
        total(3, text="x" * 50, waits=[wait("host", 1234, by, 1234)]),
        total(4, busy=5, waiting=7, executions=1, energy_j=1e-10, critical=10),
    ]
    view = InstructionView.model_validate({**test_instructions.VIEW, "rows": rows, "totals": totals})
    assert printed(view_parts(view, 80), 80) == VIEW
    head, first, second, *_ = printed(view_parts(view, 110), 110).splitlines()[-5:]
    assert (head[-17:], first[-17:], second[-17:]) == (" energy  critical", "1.00 nJ    75.0 %", " 100 pJ    25.0 %")


STREAM = """\
pair on 2 chips   4 requests, all at once

  throughput    4.00 k/s  at most 400 k/s for long: the link a to b takes one in 2.50 us
  idle latency   5.00 us  of a request that is alone
  energy         25.0 uJ  per request: 70.0 % chips, 20.0 % leakage, 10.0 % links

"""


def test_facts_of_a_stream_stand_in_columns(printed: Printed) -> None:
    report = SystemReport.model_validate(test_system.REPORT)
    assert printed(system_parts(report), 100).startswith(STREAM)


INFO = """\
toy on acortex_toy
  time     54,321 cycles, 97.0 us
  energy   10.0 nJ, leakage included
  events   12,345, and 1,100 waits
  level    layers, 900 rows
  size     5,000 bytes, 2.50 a row
  units    vmm, host
  layers   (outside layers), conv
  program  7 instructions, sha256
           abababababababab
  chip     sha256 0123456789abcdef
"""


def test_facts_of_a_trace_fold_beside_their_names(printed: Printed) -> None:
    assert printed(info_parts(TraceInfo.model_validate(test_trace.INFO)), 40) == INFO


POPULATION = """\
ideal chip          95.50 %  by the labels; output scores
mean                90.00 %  95 % interval of the mean 88.75 % to 91.25 %
spread          1.25 points  standard deviation from chip to chip
5th percentile      86.00 %  one chip in twenty is worse; the worst 85.00 %
"""
HISTOGRAM = """\
Chips by accuracy
91.67 to 95.00 % ███████████████                1
88.33 to 91.67 % ██████████████████████████████ 2
85.00 to 88.33 % ███████████████                1
"""


def test_facts_of_a_population_stand_in_columns_and_chips_in_bars(printed: Printed) -> None:
    text = printed(accuracy_parts(AccuracyReport.model_validate(test_accuracy.REPORT)), 100)
    assert POPULATION in text and HISTOGRAM in text


COMPARED = """\
digits_mlp on chip0 and chip1
  setting  memory.ports          1 -> 2
  setting  arrays.overlap_loads  no -> yes

              chip0    chip1    ratio
cycles       54,321   27,160  x 0.500
  buses     1.00 nJ  2.00 nJ  x 2.000
area     1.5000 mm2        -

"""


def test_chips_stand_in_columns(report: dict[str, Any], printed: Printed) -> None:
    rows = [
        test_compare.quantity("cycles", "cycles", 54321, 27160), test_compare.quantity("energy.buses", "J", 1e-9, 2e-9),
        test_compare.quantity("area", "mm2", 1.5, None),
    ]  # fmt: skip
    changed = [test_compare.setting(1, 2), {**test_compare.setting("no", "yes"), "path": "arrays.overlap_loads"}]
    made = test_compare.compared(report, 2, *rows, changed={"settings": changed, "program": []})
    assert printed(compare_parts(made), 80).startswith(COMPARED)


DIFFERENT = """\
different
  setting  memory.ports  1 -> 2
total           a        b    change
  cycles    5,000    4,000    -1,000
  energy  1.00 nJ  3.00 nJ  +2.00 nJ

first difference at cycle 1,234 in memory, a.s:3 read d0
  both  9+1,200          memory  memory.read  x4  a.s:3  read d0  7.00 pJ
  a     1,234+1,200      memory  memory.read  x4  a.s:3  read d0  7.00 pJ
  b     nothing like it
"""


def test_two_traces_stand_in_columns(printed: Printed) -> None:
    changed = {"settings": [{"path": "memory.ports", "a": 1, "b": 2}], "program": []}
    parted = {**test_diff.DIVERGENCE, "b": None}
    assert printed(diff_parts(test_diff.report(changed=changed, first_divergence=parted)), 100) == DIFFERENT


# Tables of numbers ------------------------------------------------------------------------------------------------


def test_a_table_of_numbers_has_two_blanks_between_columns_and_none_at_its_edge(printed: Printed) -> None:
    table = number_table("Name", "cycles", "energy")
    table.add_row("  a", "1,000", "5 nJ")
    assert printed([table], 40) == "Name  cycles  energy\n  a    1,000    5 nJ\n"


def test_where_nothing_has_room_headings_and_numbers_are_cut_rather_than_folded(printed: Printed) -> None:
    table = number_table("A long name of them", "1 2 3 4")
    table.add_row("a long name", "5 nJ 6 7")
    assert len(printed([table], 12).splitlines()) == 2


def test_a_row_may_have_a_style_and_end_a_section() -> None:
    table = number_table("Name", "cycles")
    table.add_row("a", "1", style="dim")
    table.add_row("b", "2", end_section=True)
    assert [(row.style, row.end_section) for row in table.rows] == [("dim", False), (None, True)]
