"""The text of `acortex run`, from a document of `acortex.run/1` alone."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from acortex.sim.chip.specs import SETTINGS
from acortex.sim.results import RunReport
from acortex.tools.console.output import show
from acortex.tools.views.run import parts
from acortex.traces.results_of_paths import CriticalPath


def text(
    report: dict[str, Any],
    width: int,
    capsys: pytest.CaptureFixture[str],
    path: CriticalPath | None = None,
    **terminal: Any,
) -> str:
    out = Console(width=width, highlight=False, **terminal)
    show(out, parts(RunReport.model_validate(report), width, path))
    return capsys.readouterr().out


def section(whole: str, title: str) -> list[str]:
    """The lines under a title, up to the next empty one."""
    lines = whole.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(title))
    return lines[first + 1 : lines.index("", first)]


def test_the_first_line_says_what_ran_on_what(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    first = text(report, 100, capsys).splitlines()[0]
    assert first == "digits_mlp on acortex_digits   4 inferences, 480 cycles of 1.785 ns"


def test_the_facts_of_a_run(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert text(report, 100, capsys).splitlines()[2:10] == [
        "  accuracy      75.00 %  3 of 4 right",
        "  latency        375 ns  per inference (median, 357 ns to 393 ns)",
        "  energy         324 pJ  per inference (mean)",
        "  throughput   4.67 M/s  inferences; 474 GOp/s, 1 MAC = 2 Op",
        "  efficiency  313 TOp/J  at 1.51 mW",
        "  peak power    3.02 mW  in windows of 428 ns; average 1.51 mW, of it 31.0 uW leakage",
        "  memory          0.2 %  60 of 32,768 words live at the peak, 10 at the end",
        "  set-up        1.78 ms  and 3.20 uJ to write the weights, once",
    ]


def test_energy_is_shown_largest_first_and_without_what_is_zero(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = section(text(report, 80, capsys), "Energy")
    assert [row[:16].strip() for row in rows] == [
        "main memory", "buses", "sensing", "others", "leakage", "arrays", "DACs", "neurons, ADCs",
    ]  # fmt: skip
    assert rows[0].endswith("234 pJ  72.2 %")


def test_percents_of_energy_and_of_area_add_up(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    whole = text(report, 80, capsys)
    for title in ("Energy", "Area"):
        shares = [float(row.split()[-2]) for row in section(whole, title)]
        assert sum(shares) == pytest.approx(100, abs=0.5)


def test_bars_grow_with_the_terminal(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    drawn = [section(text(report, width, capsys), "Energy")[0].count("█") for width in (50, 70, 90)]
    assert drawn[0] < drawn[1] < drawn[2]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 110])
def test_no_line_is_wider_than_the_terminal_nor_ends_in_spaces(
    width: int, report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = text(report, width, capsys).splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []


def test_where_time_went_gives_each_unit_a_full_bar_and_its_longest_wait(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = section(text(report, 100, capsys), "Where time went")[1:]
    bars = ["".join(letter for letter in row if letter in "█▒·") for row in rows]
    assert len({len(bar) for bar in bars}) == 1
    assert rows[2].endswith("  42.5 %   57.5 %  buffer full")


def test_layers_are_means_of_an_inference(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    rows = section(text(report, 80, capsys), "Layers")
    assert rows[1].split() == ["hidden", "75", "259", "pJ", "80.0", "%", "50,176"]
    assert rows[3].split()[:2] == ["(outside", "layers)"]


def test_without_a_trace_a_run_names_the_busiest_units_and_what_else_they_did(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report["trace"] = None
    rows = section(text(report, 100, capsys), "The busiest units  and what else they did")
    assert [" ".join(row.split()) for row in rows] == [
        "main_memory busy 50.0 % idle 50.0 %",
        "controller busy 47.5 % waited 50.0 % for queue, idle 2.5 %",
        "vmm busy 42.5 % waited 56.2 % for buffer full, waited 1.2 % for neurons",
        "neurons busy 26.7 % waited 70.8 % for frame, idle 2.5 %",
        "Why it took so long: run with `--trace RUN.actrace`, then `acortex trace critical RUN.actrace`.",
    ]


def test_a_run_with_a_trace_names_it_for_what_limited_it(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for path, named in (("run.actrace", "run.actrace"), ("my run.actrace", "'my run.actrace'")):
        *_, last = section(text(report | {"trace": path}, 100, capsys), "The busiest units")
        assert last == f"  Why it took so long: `acortex trace critical {named}`, of a trace of every event."
    for gone in ({"trace": "-"}, {"trace_failure": "the disk is full"}):  # there is no file to ask
        *_, last = section(text(report | gone, 100, capsys), "The busiest units")
        assert "run with `--trace RUN.actrace`" in last


ONE_AT_A_TIME = "One inference at a time: units waited for each other."


def test_a_run_of_one_inference_at_a_time_says_so(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert ONE_AT_A_TIME not in text(report, 120, capsys)  # they overlap
    for index, row in enumerate(report["inferences"]):
        row["start_cycle"], row["end_cycle"] = 120 * index, 120 * index + 110
    assert ONE_AT_A_TIME not in text(report, 120, capsys)  # main memory is busy for half of the run
    report["utilisation"]["main_memory"]["busy"] -= 1
    assert section(text(report, 120, capsys), "The busiest units")[-2].strip().startswith(ONE_AT_A_TIME)


@pytest.mark.parametrize(
    ("spans", "apart"),
    [
        ([(0, 100), (100, 200)], True),  # the next begins in the cycle in which the one before ends
        ([(0, 101), (100, 200)], False),
        ([(0, 100), (100, 250), (200, 300)], False),  # the last two of three overlap
        ([(100, 200), (0, 100)], True),
        ([(0, 400), (10, 20)], False),
        ([(0, 100)], False),
        ([(0, 100), (100, None)], True),
        ([(0, None), (100, 200)], False),
    ],
    ids=str,
)
def test_inferences_are_apart_where_each_ends_before_the_next_begins(
    report: dict[str, Any], spans: list[tuple[int, int | None]], apart: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    one = report["inferences"][0]
    rows = [{**one, "index": at, "start_cycle": span[0], "end_cycle": span[1]} for at, span in enumerate(spans)]
    busy = {unit: {**spent, "busy": min(spent["busy"], 239)} for unit, spent in report["utilisation"].items()}
    assert (ONE_AT_A_TIME in text({**report, "inferences": rows, "utilisation": busy}, 120, capsys)) == apart


@pytest.mark.parametrize(("cycles", "told"), [(500, "waited 0.1 % for queue, "), (499, ""), (0, "")])
def test_what_would_be_nothing_in_percent_is_not_told(
    report: dict[str, Any], cycles: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a million cycles 500 are 0.05 %: the last share that is left out."""
    waits = [{"unit": "controller", "cause": "queue", "cycles": cycles + 1}]
    busy = {"controller": {"busy": 900_000, "waiting": cycles + 1, "idle": 100_000}}
    made = {**report, "cycles": 1_000_000, "waits": waits, "utilisation": busy}
    assert f"controller  busy 90.0 %  {told}idle 10.0 %" in text(made, 120, capsys)


def test_of_the_busiest_units_four_are_named_and_two_waits_of_each(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report["utilisation"] = {f"u{at}": {"busy": 100 - at, "waiting": 300, "idle": 80 + at} for at in range(5)}
    report["waits"] = [{"unit": "u0", "cause": f"c{at}", "cycles": 150 - at} for at in range(3)]
    rows = section(text(report, 120, capsys), "The busiest units")
    named = [" ".join(row.split()[:3]) for row in rows[:-1]]
    assert named == ["u0 busy 20.8", "u1 busy 20.6", "u2 busy 20.4", "u3 busy 20.2"]
    assert rows[0].endswith("waited 31.2 % for c0, waited 31.0 % for c1, idle 16.7 %")


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.9995, "100.0%"), (0.9996, "all but a few"), (1.0, "all but a few"), (0.5, "50.0%"), (0.123456, "12.3%")],
)
def test_it_says_how_much_was_not_simulated_event_by_event(
    report: dict[str, Any], share: float, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report["skipped"] = {"events": 5, "share": share}
    told = f"skipped {told} of the events, which repeat others exactly; --no-skip simulates each"
    assert told in text(report, 120, capsys).splitlines()
    report["skipped"] = {"events": 0, "share": 0.0}
    assert "skipped" not in text(report, 120, capsys)


@pytest.mark.parametrize(
    ("pairs", "more"), [(5, ""), (6, "  and 1 more pair of lines"), (8, "  and 3 more pairs of lines")]
)
def test_of_late_reads_five_pairs_of_lines_are_named(
    report: dict[str, Any], pairs: int, more: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = {"word": 7, "age_cycles": 403, "age_s": 7.2e-7, "read": "a.s:9", "written": "a.s:3"}
    rows = [{**pair, "reads": 2}, *({**pair, "reads": 1} for _ in range(pairs - 1))]
    report["retention"] = {"late_reads": pairs + 1, "worst": pair, "pairs": rows}
    lines = [line for line in text(report, 120, capsys).splitlines() if "a.s:9 reads" in line or "more pair" in line]
    assert [line.endswith("; the oldest of 2 such reads") for line in lines[:5]] == [True, *[False] * 4]
    assert lines[5:] == [more] * bool(more)


def test_of_what_held_a_wait_the_longest_is_told(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    whole = path_of()
    (one,) = whole.rivals
    others = [one, one.model_copy(update={"held_by": "vector", "cycles": 5})]
    found = text(report, 120, capsys, whole.model_copy(update={"rivals": others}))
    assert "waiting for port, held by host/in (a.s:3 input x, d0)\n" in found and "vector" not in found


def test_the_path_of_a_trace_is_one_line_however_narrow_the_terminal(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/".join(["folder"] * 20)
    assert f"trace: {path}" in text({**report, "trace": path}, 40, capsys).splitlines()


def test_the_end_says_that_the_outputs_are_right_and_where_the_trace_is(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert text(report, 100, capsys).splitlines()[-2:] == [
        "outputs equal the independent evaluation, bit for bit (40 codes)",
        "trace: run.actrace",
    ]


def test_outputs_that_differ_are_told(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    report["verification"] = {"equal": False, "codes": 40, "different": 3, "first": 2}
    assert (
        "outputs DIFFER from the independent evaluation in 3 of 40 codes, first at inference 2"
        in text(report, 100, capsys).splitlines()
    )


def test_late_reads_are_told(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    pair = {"word": 7, "age_cycles": 403, "age_s": 7.2e-7, "read": "a.s:9", "written": "a.s:3", "reads": 1230}
    others = [{**pair, "read": f"a.s:{line}", "reads": 1} for line in range(10, 16)]
    worst = {name: value for name, value in pair.items() if name != "reads"}
    report["retention"] = {"late_reads": 1236, "worst": worst, "pairs": [pair, *others]}
    lines = text(report, 100, capsys).splitlines()
    first = lines.index("1,236 reads came later than 10.0 ms after the word's last write")
    oldest = "  a.s:9 reads word 7, written at a.s:3, after 403 cycles, 720 ns"
    assert lines[first + 1] == f"{oldest}; the oldest of 1,230 such reads"
    assert lines[first + 2] == oldest.replace("a.s:9", "a.s:10")
    assert lines[first + 6] == "  and 2 more pairs of lines"


def test_a_run_without_time_shows_what_it_knows(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    areas = ("area_mm2", "area_by_component_mm2")
    names = ("schema", "program", "chip", "clock_ns", "accuracy", "verification", *areas)
    known = {name: report[name] for name in names}
    assert text(known, 100, capsys).splitlines() == [
        "digits_mlp on acortex_digits",
        "",
        "  accuracy  75.00 %",
        "",
        "outputs equal the independent evaluation, bit for bit (40 codes)",
    ]


def test_a_terminal_gets_colours_and_a_pipe_none(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[" in text(report, 100, capsys, force_terminal=True)
    assert "\x1b[" not in text(report, 100, capsys)


def test_no_color_leaves_no_escape_on_a_terminal(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in text(report, 100, capsys, force_terminal=True)


def stopped(report: dict[str, Any], finished: int) -> dict[str, Any]:
    """The same run, stopped as so many of its four inferences had finished."""
    lost = "stopped at cycle 480, as --max-cycles asked; the program goes on"
    under_way = {"end_cycle": None, "latency_s": None}
    rows = [row if row["index"] < finished else {**row, **under_way} for row in report["inferences"]]
    covers = {"until_cycle": 480, "inferences": 9, "finished": finished, "under_way": 4 - finished, "lost": lost}
    part = {"complete": False, "covers": covers, "stopped": lost, "inferences": rows, "memory": None, "accuracy": None}
    return {**report, **part, "throughput_ops_per_s": 2.4e11 if finished else None}


def test_a_run_that_was_stopped_says_so_first(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    lines = text(stopped(report, 3), 200, capsys).splitlines()
    assert lines[:2] == [
        "digits_mlp on acortex_digits   incomplete: stopped at cycle 480, as --max-cycles asked; the program goes on; "
        "3 of 9 inferences had finished, 1 was under way",
        "  so far   3 inferences, 480 cycles of 1.785 ns",
    ]


def test_the_facts_of_a_part_are_of_what_had_finished_or_in_all(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = text(stopped(report, 3), 200, capsys).splitlines()
    assert lines[3:6] == [
        "  latency        375 ns  per finished inference (median, 357 ns to 375 ns)",
        "  energy        1.30 nJ  in all, up to there",
        "  throughput   3.50 M/s  finished inferences; 240 GOp/s, 1 MAC = 2 Op",
    ]
    assert not [line for line in lines if line.startswith("  memory")]
    assert "Energy  1.30 nJ in all, up to there" in "\n".join(lines)
    assert "Layers  in all, up to there" in lines


def test_where_no_inference_had_finished_there_is_neither_latency_nor_throughput(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = text(stopped(report, 0), 100, capsys).splitlines()
    assert [line.split() for line in lines if line.startswith(("  latency", "  throughput"))] == [
        ["latency", "-", "no", "inference", "had", "finished"],
        ["throughput", "-", "no", "inference", "had", "finished"],
    ]


def test_a_chip_is_named_with_the_settings_that_were_laid_over_it(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report["chip"]["overrides"] = ["memory.ports=2", "clock_ns=1.785"]
    first = text(report, 100, capsys).splitlines()[0]
    assert first.startswith("digits_mlp on acortex_digits, memory.ports=2, clock_ns=1.785   4 inferences, ")


def test_a_run_of_one_has_one_inference(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    report["inferences"] = report["inferences"][:1]
    assert "   1 inference, 480 cycles" in text(report, 100, capsys).splitlines()[0]


def test_a_program_without_weights_has_no_set_up_to_tell_of(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report["setup"]["energy_by_component_j"]["program_erase"] = 0.0
    assert "set-up" not in text(report, 100, capsys)


def path_of(**changed: Any) -> CriticalPath:
    """A critical path of 480 cycles, of which 120 are a wait for a port that the host holds."""
    causes = [("vmm/frame", "busy", "vmm.frame", 200), ("main_memory/read", "waiting", "port", 120)]
    rival = {"unit": "main_memory/read", "name": "port", "held_by": "host/in", "line": "a.s:3", "text": "input x, d0"}
    sums = {name: [] for name in ("by_unit", "by_layer", "by_line", "halving", "segments")}
    by_cause = [dict(zip(("unit", "what", "name", "cycles"), row, strict=True)) for row in causes]
    report = {"complete": True, "covers": None, "cycles": 480, "contention": 120, "by_cause": by_cause, **sums}
    return CriticalPath.model_validate({**report, "rivals": [{**rival, "cycles": 120}], **changed})


def test_with_its_critical_path_a_run_says_what_limited_it_and_what_held_what_it_waited_for(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    report["trace"] = "run.actrace"
    rows = section(text(report, 100, capsys, path_of()), "What limited this run  its critical path")
    assert [" ".join(row.split()) for row in rows] == [
        "vmm/frame 41.7 % vmm.frame",
        "main_memory/read 25.0 % waiting for port, held by host/in (a.s:3 input x, d0)",
        "What each setting of the chip would change: `acortex trace what-if RUN.actrace` measures it.",
    ]


@pytest.mark.parametrize("path", [None, path_of()])
@pytest.mark.parametrize("unit", ["host/in", "neurons", "vmm/load"])
def test_no_report_recommends_a_setting_however_busy_a_unit_is(
    report: dict[str, Any], capsys: pytest.CaptureFixture[str], unit: str, path: CriticalPath | None
) -> None:
    report["utilisation"][unit] = {"busy": 470, "waiting": 10, "idle": 0}
    report["waits"] = [{"unit": "vmm/load", "cause": "latches", "cycles": 240}]
    whole = text(report, 110, capsys, path)
    assert [path for path in SETTINGS if path in whole] == []
    assert "bottleneck" not in whole and "saved" not in whole
