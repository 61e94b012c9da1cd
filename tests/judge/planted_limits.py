# ruff: noqa: E501 (a bug and what it changes stand side by side)
"""Bugs at limits, in defaults and in what people read, each with the test that is to fail for it.

They are of the kinds that a whole suite once let through: `<` for `<=` at the largest number, a wrong default of an
attribute, rows at the border of a window, ties, sums beyond 64 bits, an order of rows, a share of the wrong total.
"""

from __future__ import annotations

from typing import NamedTuple


class Planted(NamedTuple):
    """What is wrong, in which file, the text there and the one instead, and the file of tests that notices."""

    name: str
    file: str
    text: str
    instead: str
    tests: str


BUGS: tuple[Planted, ...] = tuple(Planted(*row) for row in (
    # isa
    ("the least number too large is taken", "isa/asm/expressions.py", "        if value >= LIMIT:", "        if value > LIMIT:", "tests/isa/asm/test_expressions.py"),
    ("a result at the limit is taken", "isa/asm/expressions.py", "if not -LIMIT < result < LIMIT:", "if not -LIMIT <= result <= LIMIT:", "tests/isa/asm/test_expressions.py"),
    ("a shift by 64 is taken", "isa/asm/expressions.py", "not 0 <= right < 64:", "not 0 <= right <= 64:", "tests/isa/asm/test_expressions.py"),
    ("the longest number is a digit shorter", "isa/asm/lexer.py", "if len(text) > MAX_DIGITS:", "if len(text) >= MAX_DIGITS:", "tests/isa/asm/test_expressions.py"),
    ("a ring has a bit less", "isa/operands.py", '_unsigned("ring", 7,', '_unsigned("ring", 6,', "tests/isa/test_limits_of_operands.py"),
    ("initial memory goes a word too far", "isa/container.py", "fields[0] + len(values) > MAX_WORDS:", "fields[0] + len(values) > MAX_WORDS + 1:", "tests/isa/test_container.py"),
    ("a matrix of no products is refused", "isa/container.py", "not 0 <= macs <= math.prod(shape)", "not 0 < macs <= math.prod(shape)", "tests/isa/test_container.py"),
    ("the longest program is refused", "isa/container.py", "if len(words) > MAX_WORDS_OF_PROGRAM:", "if len(words) >= MAX_WORDS_OF_PROGRAM:", "tests/isa/test_container.py"),
    ("a matrix of 17 columns is listed as numbers", "isa/asm/disassembler.py", "MAX_ROW = 16", "MAX_ROW = 17", "tests/isa/test_container.py"),
    ("ties below zero go to the odd neighbour", "isa/arithmetic/quantisers.py", "(quotient % 2 == 1))", "(quotient > 0) & (quotient % 2 == 1))", "tests/isa/arithmetic/test_quantisers.py"),
    ("a float32 is trusted for too long", "isa/arithmetic/quantisers.py", "EXACT = 1 << 24", "EXACT = 1 << 25", "tests/isa/arithmetic/test_quantisers.py"),
    ("the peak of sums forgets those below zero", "isa/arithmetic/quantisers.py", "peak = max(int(sums.max()), -int(sums.min()))", "peak = max(int(sums.max()), int(sums.min()))", "tests/isa/arithmetic/test_quantisers.py"),
    ("the peak of sums forgets offsets", "isa/arithmetic/quantisers.py", "-int(sums.min())) + offset\n", "-int(sums.min()))\n", "tests/isa/arithmetic/test_quantisers.py"),
    ("tables of curves end too soon", "isa/arithmetic/quantisers.py", "REACH = 16 * FRACTION", "REACH = 15 * FRACTION", "tests/isa/arithmetic/test_quantisers.py"),
    # traces
    ("a row that ends as a window begins is in it", "traces/file/table.py", '(start + chunk["span"] > first)', '(start + chunk["span"] >= first)', "tests/traces/file/test_windows.py"),
    ("a row without duration is not where it starts", "traces/file/table.py", "((start >= first) |", "((start > first) |", "tests/traces/file/test_reader.py"),
    ("a merged row is in a window by its work", "traces/file/table.py", '(start + chunk["span"] > first)', '(start + chunk["duration"] > first)', "tests/traces/file/test_windows.py"),
    ("a block is left out that ends as a window begins", "traces/file/table.py", "block.cycles[1] >= self.window[0]", "block.cycles[1] > self.window[0]", "tests/traces/file/test_reader.py"),
    ("sums of negative numbers lose their sign", "traces/stats.py", "(values >> 32)", "((values >> 32) & 0x7FFFFFFF)", "tests/traces/file/test_windows.py"),
    ("a percentile is a rank too low", "traces/stats.py", "ordered[-(-percent * len(ordered) // 100) - 1]", "ordered[max(percent * len(ordered) // 100 - 1, 0)]", "tests/traces/test_stats.py"),
    ("an extent forgets an earlier start", "traces/rows/in_flight.py", "min(known[0], begin), max(known[1], last)", "known[0], max(known[1], last)", "tests/traces/file/test_windows.py"),
    ("a merged row ends with its last part", "traces/file/merge.py", "np.maximum.reduceat(ends, new)", "np.maximum.reduceat(starts, new) + (ends - starts)[new]", "tests/traces/file/test_writer.py"),
    ("a filter keeps a cycle more", "traces/file/merge.py", "mask &= start < self._end", "mask &= start <= self._end", "tests/traces/file/test_writer.py"),
    ("an event that begins as another ends takes a lane more", "traces/export/lanes.py", "while busy and busy[0][0] <= first:", "while busy and busy[0][0] < first:", "tests/traces/export/test_lanes.py"),
    ("the counter of leakage has its ends alone", "traces/export/perfetto.py", "(cycles < trace.cycles)]", "(cycles > trace.cycles)]", "tests/traces/export/test_blocks.py"),
    ("the shortest name of a tolerance wins", "traces/golden.py", "max(covering, key=len)", "min(covering, key=len)", "tests/traces/test_golden.py"),
    ("a tolerance is not itself tolerated", "traces/golden.py", "abs(one.change) > _tolerance(", "abs(one.change) >= _tolerance(", "tests/traces/test_golden.py"),
    # sim
    ("rectangles that touch overlap", "sim/chip/groups.py", "if column < right and row < below", "if column <= right and row < below", "tests/sim/chip/test_groups.py"),
    ("arrays of a group below its first row are not compared", "sim/chip/groups.py", "for row in group.tiles:\n", "for row in group.tiles[:1]:\n", "tests/sim/chip/test_groups.py"),
    ("the last row of a chip is off it", "sim/chip/groups.py", "rect.row + rect.height > chip.rows", "rect.row + rect.height >= chip.rows", "tests/sim/chip/test_groups.py"),
    ("accesses of long runs are out of order", "sim/ledger/retention.py", "* cycle < 1 << 63:", "* cycle < 1 << 66:", "tests/sim/ledger/test_retention.py"),
    ("windows of power double a cycle too early", "sim/ledger/power.py", "while -(-cycles // width) > MOST_WINDOWS:", "while -(-cycles // width) >= MOST_WINDOWS:", "tests/sim/ledger/test_power.py"),
    ("a window that the run does not fill is the peak", "sim/ledger/power.py", "whole = windows[: cycles // width]", "whole = windows[: -(-cycles // width)]", "tests/sim/ledger/test_power.py"),
    ("64 bits are taken for more energy than they hold", "sim/ledger/power.py", "energy < 1 << 61 and", "energy < 1 << 71 and", "tests/sim/ledger/test_power.py"),
    ("frames of the most arrays are not compared", "sim/chip/timing_settings.py", "range(1, joined + 1)", "range(1, joined)", "tests/sim/ledger/test_reprice.py"),
    ("the last interval of a steady state is left out", "sim/ledger/report.py", "/ (len(ends) - 1)", "/ len(ends)", "tests/sim/ledger/test_power.py"),
    ("a limit in seconds is rounded to the nearest cycle", "sim/chip/clock.py", "return int(Fraction(seconds) * NS_PER_S / Fraction(self.clock_ns))", "return round(Fraction(seconds) * NS_PER_S / Fraction(self.clock_ns))", "tests/sim/chip/test_clock.py"),
    # programs
    ("beta of Gemm is 0 where it is left out", "programs/operators/linear.py", 'node.attributes.get("beta", 1.0))\n\n    def load', 'node.attributes.get("beta", 0.0))\n\n    def load', "tests/programs/operators/test_attributes_left_out.py"),
    ("another epsilon is added to a variance", "programs/operators/vector.py", 'node.attributes.get("epsilon", 1e-5)', 'node.attributes.get("epsilon", 1e-3)', "tests/programs/operators/test_attributes_left_out.py"),
    ("the odd pixel of padding is always behind", "programs/operators/linear.py", 'begin = missing // 2 if auto == "SAME_UPPER" else -(-missing // 2)', "begin = missing // 2", "tests/programs/operators/test_windows_of_originals.py"),
    ("a last window may begin in the padding", "programs/operators/linear.py", "count * stride < end else 0", "count * stride <= end else 0", "tests/programs/operators/test_windows_of_originals.py"),
    ("slopes of LeakyRelu are ten times as steep", "programs/operators/vector.py", 'node.attributes.get("alpha", 0.01)', 'node.attributes.get("alpha", 0.1)', "tests/programs/operators/test_attributes_left_out.py"),
    ("HardSigmoid has the slope of the chip", "programs/operators/vector.py", 'float(node.attributes.get("alpha", 0.2)), float', 'float(node.attributes.get("alpha", 1 / 6)), float', "tests/programs/operators/test_attributes_left_out.py"),
    ("scales of constants are of their rows", "programs/operators/quantised.py", '        axis = int(node.attributes.get("axis", 1))', '        axis = int(node.attributes.get("axis", 0))', "tests/programs/operators/test_attributes_left_out.py"),
    ("a quantiser of QONNX has no sign", "programs/operators/rounding.py", 'signed, narrow = bool(node.attributes.get("signed", 1))', 'signed, narrow = bool(node.attributes.get("signed", 0))', "tests/programs/operators/test_attributes_left_out.py"),
    ("a constant is split along its columns", "programs/operators/constants.py", '    value, axis = np.asarray(values[0]), int(node.attributes.get("axis", 0))', '    value, axis = np.asarray(values[0]), int(node.attributes.get("axis", 1))', "tests/programs/operators/test_attributes_left_out.py"),
    ("beta of a Gemm of constants is 2", "programs/operators/constants.py", 'node.attributes.get("beta", 1.0)', 'node.attributes.get("beta", 2.0)', "tests/programs/operators/test_attributes_left_out.py"),
    ("padding counts in a mean", "programs/operators/vector.py", 'get("count_include_pad", 0)', 'get("count_include_pad", 1)', "tests/programs/operators/test_windows_of_originals.py"),
    # tools
    ("of more rows all are said to be more", "tools/views/critical.py", 'f"  and {len(rows) - MOST} more"', 'f"  and {len(rows)} more"', "tests/tools/commands/test_trace_texts.py"),
    ("halving gains a third", "tools/views/critical.py", "gain = row.cycles // 2", "gain = row.cycles // 3", "tests/tools/commands/test_trace_critical.py"),
    ("lists of segments are not parted", "tools/commands/trace_critical.py", 'separator = ",\\n"\n    click', 'separator = "\\n"\n    click', "tests/tools/commands/test_trace_texts.py"),
    ("shares are of the energy before", "tools/views/reprice.py", "percent(pair[1], total)", "percent(pair[0], total)", "tests/tools/commands/test_trace_texts.py"),
    ("power is that of the recorded energy", "sim/ledger/repricing.py", '"power_w": energy_j / seconds', '"power_w": recorded["energy_j"] / seconds', "tests/tools/commands/test_trace_texts.py"),
    ("before and after are exchanged", "sim/ledger/repricing.py", "[before.get(name, 0), energy]", "[energy, before.get(name, 0)]", "tests/tools/commands/test_trace_texts.py"),
    ("idle time is said to be waiting", "tools/views/trace.py", "for part in (row.busy, row.waiting, row.idle)", "for part in (row.busy, row.idle, row.waiting)", "tests/tools/commands/test_trace_texts.py"),
    ("the cheapest layer comes first", "tools/views/trace.py", "key=lambda row: -_layer_aj(row)", "key=lambda row: _layer_aj(row)", "tests/tools/commands/test_trace_texts.py"),
    ("bytes of a row leave out waits", "tools/views/trace.py", "rows = report.rows + report.waits", "rows = report.rows", "tests/tools/commands/test_trace_texts.py"),
    ("the zoo tells names twice", "tools/commands/zoo.py", "row.doc)", "row.name)", "tests/tools/commands/test_zoo.py"),
))  # fmt: skip
