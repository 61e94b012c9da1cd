"""`acortex run` and `acortex trace`, on the digits that the project ships."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.isa import assemble_file
from acortex.sim.results import Verification
from acortex.tools.cli import cli
from acortex.tools.commands.run import _exit_code, _trace

DIGITS = Path(__file__).resolve().parents[3] / "programs"


def acortex_(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex", input=stdin)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with eight digits as `x.npy` and their labels as `l.npy`."""
    folder = tmp_path_factory.mktemp("digits")
    with np.load(DIGITS / "digits_mlp.npz", allow_pickle=False) as data:
        np.save(folder / "x.npy", data["images"].reshape(len(data["images"]), -1)[:8])
        np.save(folder / "l.npy", data["labels"][:8])
    return folder


@pytest.fixture
def source() -> Path:
    return DIGITS / "digits_mlp.s"


def test_a_run_reports_the_contract_in_json(source: Path, digits: Path) -> None:
    result = acortex_("run", source, "--input", digits / "x.npy", "--labels", digits / "l.npy", "--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert list(report)[:2] == ["schema", "version"]
    assert (report["schema"], report["version"]) == ("acortex.run/1", acortex.__version__)
    assert len(report["inferences"]) == 8
    assert sum(one["energy_aj"] for one in report["inferences"]) == report["energy_aj"]
    assert report["accuracy"] in {number / 8 for number in range(9)}
    assert report["verification"] == {"equal": True, "codes": 80, "different": 0, "first": None}
    assert report["trace"] is None


def test_a_run_for_people_ends_with_its_busiest_units_and_that_it_is_right(source: Path, digits: Path) -> None:
    lines = acortex_("run", source, "--input", digits / "x.npy").stdout.splitlines()
    assert lines[0].startswith("digits_mlp on acortex_digits   8 inferences, ")
    assert "accuracy" not in "".join(lines)
    assert sum(line.startswith("The busiest units") for line in lines[-10:-6]) == 1
    assert lines[-1] == "outputs equal the independent evaluation, bit for bit (80 codes)"


def test_a_run_with_its_trace_says_what_limited_it(source: Path, digits: Path, tmp_path: Path) -> None:
    for level, title in (
        ("events", "What limited this run  its critical path"),
        ("layers", "The busiest units  and what"),
    ):
        path = tmp_path / f"{level}.actrace"
        args = ("--input", digits / "x.npy", "--timing-only", "--trace", path, "--trace-level", level)
        lines = acortex_("run", source, *args).stdout.splitlines()
        assert sum(line.startswith(title) for line in lines) == 1
        assert ("`acortex trace what-if RUN.actrace` measures" in " ".join(lines)) == (level == "events")


def test_outputs_and_a_trace_are_written_where_asked(source: Path, digits: Path, tmp_path: Path) -> None:
    scores, trace = tmp_path / "y.npy", tmp_path / "run.actrace"
    result = acortex_("run", source, "--input", digits / "x.npy", "--output", scores, "--trace", trace)
    assert result.stdout.splitlines()[-1] == f"trace: {trace}"
    assert np.load(scores).shape == (8, 10)
    assert {path.name for path in tmp_path.iterdir()} == {"y.npy", "run.actrace"}


def test_outputs_on_stdout_leave_the_report_to_stderr(source: Path, digits: Path) -> None:
    result = acortex_("run", source, "--input", digits / "x.npy", "--output", "-")
    assert result.stdout_bytes.startswith(b"\x93NUMPY")
    assert result.stderr.startswith("digits_mlp on acortex_digits")


def test_functional_and_timed_runs_give_the_same_outputs(source: Path, digits: Path, tmp_path: Path) -> None:
    for name, option in (("timed", "--format=text"), ("functional", "--functional-only")):
        result = acortex_("run", source, "--input", digits / "x.npy", "--output", tmp_path / f"{name}.npy", option)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "timed.npy").read_bytes() == (tmp_path / "functional.npy").read_bytes()


def test_a_report_without_time_has_the_accuracy_and_no_number_of_time() -> None:
    result = acortex_("run", "zoo:digits_mlp", "--functional-only")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines() if line]
    assert lines[0] == ["digits_mlp", "on", "acortex_digits"]
    assert ["accuracy", "96.73", "%"] in lines
    assert not {"latency", "energy", "throughput", "cycles"} & {word for line in lines for word in line}


def test_timing_does_not_depend_on_values(source: Path, digits: Path) -> None:
    whole, timing = (
        json.loads(acortex_("run", source, "--input", digits / "x.npy", "--format", "json", *more).stdout)
        for more in ((), ("--timing-only",))
    )
    assert timing["verification"] is None
    for name in ("cycles", "energy_aj", "waits"):
        assert timing[name] == whole[name]


def test_a_setting_changes_the_chip_that_the_program_names(source: Path, digits: Path) -> None:
    args = ("run", source, "--input", digits / "x.npy", "--format", "json")
    plain, changed = (
        json.loads(acortex_(*args, *more).stdout) for more in ((), ("--set", "memory.read_latency_ns=42.84"))
    )
    assert changed["chip"]["config"]["memory"]["read_latency_ns"] == 42.84
    assert changed["cycles"] > plain["cycles"]


def test_a_cycle_limit_stops_the_run_keeps_the_trace_and_says_so(source: Path, digits: Path, tmp_path: Path) -> None:
    trace = tmp_path / "run.actrace"
    result = acortex_("run", source, "--input", digits / "x.npy", "--max-cycles", "300", "--trace", trace)
    assert result.exit_code == 1
    assert result.stderr.endswith("as --max-cycles asked; the program goes on\n")
    assert "accuracy" not in result.stdout and "independent" not in result.stdout
    cycles = json.loads(acortex_("trace", "info", trace, "--format", "json").stdout)["cycles"]
    assert f"warning: stopped at cycle {cycles}, " in result.stderr


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (
            ("--timing-only", "--functional-only"),
            "error: --timing-only and --functional-only leave nothing to do\n  hint: give one of the two, or none\n",
        ),
        (
            ("--timing-only", "--output", "y.npy"),
            "error: --output needs values, which --timing-only does not compute\n  hint: leave one of them out\n",
        ),
        (
            ("--functional-only", "--max-cycles", "5"),
            "error: --max-cycles needs time, which --functional-only does not simulate\n"
            "  hint: leave one of them out\n",
        ),
        (
            ("--format", "json", "--output", "-"),
            "error: --output - and --format json both write to stdout\n  hint: write one of them to a file\n",
        ),
        (
            ("--max-cycles", "0"),
            "acortex run: invalid value for '--max-cycles': 0 is not in the range 1<=x<=1000000000000000000\n"
            "  hint: acortex run --help says what it takes\n",
        ),
    ],
)
def test_options_that_contradict_are_wrong_usage(source: Path, args: tuple[str, ...], text: str) -> None:
    result = acortex_("run", source, *args)
    assert (result.stderr, result.exit_code) == (text, 2)
    assert ("acortex.error/1" in result.stdout) == ("json" in args)
    assert "json" in args or not result.stdout


@pytest.mark.parametrize(
    ("mode", "option"),
    [
        *(("--timing-only", one) for one in ("output y", "labels l", "dump-layers d", "noise-seed 0", "data-energy")),
        *(("--functional-only", one) for one in ("trace t", "report r.html", "plot p.svg", "max-cycles 5")),
    ],
)
def test_what_a_mode_does_not_make_cannot_be_asked_of_it(source: Path, mode: str, option: str) -> None:
    result = acortex_("run", source, mode, *f"--{option}".split())
    needs = "values, which --timing-only does not compute"
    if mode == "--functional-only":
        needs = "time, which --functional-only does not simulate"
    told = f"error: --{option.split()[0]} needs {needs}\n  hint: leave one of them out\n"
    assert (result.stdout, result.stderr, result.exit_code) == ("", told, 2)


@pytest.mark.parametrize("option", ["--output", "--trace"])
def test_a_place_that_cannot_be_written_is_refused_before_the_run(source: Path, option: str, tmp_path: Path) -> None:
    result = acortex_("run", source, option, tmp_path / "nowhere" / "file")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith(f"{tmp_path / 'nowhere' / 'file'}: no such file or directory\n")


@pytest.mark.parametrize("name", ["digits", "trace.actrace"])
def test_what_is_no_program_is_wrong_usage(name: str) -> None:
    result = acortex_("run", name)
    hint = "a program is a source file (.s), an assembled one (.acx), a network (.onnx) or zoo:NAME"
    assert (result.stderr, result.exit_code) == (f"error: cannot tell what {name} is\n  hint: {hint}\n", 2)


def test_the_zoo_suggests_the_nearest_name() -> None:
    result = acortex_("run", "zoo:digits_mpl")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert "digits_mpl" in result.stderr and "digits_mlp" in result.stderr


def test_inputs_of_a_wrong_shape_are_refused(source: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 100), np.uint8))
    result = acortex_("run", source, "--input", tmp_path / "x.npy")
    assert (result.stdout, result.exit_code) == ("", 2)
    assert "784" in result.stderr


def test_other_weights_are_found_out(source: Path, digits: Path, tmp_path: Path) -> None:
    """A run says when its outputs are not those of the network whose name it bears, and fails."""
    (tmp_path / "digits_mlp.npz").write_bytes((DIGITS / "digits_mlp.npz").read_bytes())
    other = tmp_path / "other.s"
    other.write_text(source.read_text().replace(".equ    OUTPUT_ZERO, 5", ".equ    OUTPUT_ZERO, 4"))
    result = acortex_("run", other, "--input", digits / "x.npy")
    assert result.exit_code == 1
    assert "outputs DIFFER from the independent evaluation in " in result.stdout


def test_the_python_interface_runs_what_the_command_runs(source: Path, digits: Path) -> None:
    images = np.load(digits / "x.npy")
    result = acortex.run(source, inputs=images, settings=["memory.banks=16"])
    again = acortex.run(acortex.assemble(source.read_text(), folder=DIGITS), inputs=images)
    assert result.report["chip"]["config"]["memory"]["banks"] == 16
    assert np.array_equal(result.outputs["scores"], again.outputs["scores"])


@pytest.fixture(scope="module")
def trace(digits: Path) -> Path:
    path = digits / "run.actrace"
    acortex_("run", DIGITS / "digits_mlp.s", "--input", digits / "x.npy", "--trace", path)
    return path


def test_trace_info_says_what_a_trace_holds(trace: Path) -> None:
    lines = acortex_("trace", "info", trace).stdout.splitlines()
    assert lines[0] == "digits_mlp on acortex_digits"
    report = json.loads(acortex_("trace", "info", trace, "--format", "json").stdout)
    assert report["schema"] == "acortex.trace-info/1"
    assert report["complete"] is True
    assert f"{report['events']:,}" in lines[3]


def test_trace_stats_add_up_to_the_run(trace: Path, digits: Path) -> None:
    stats = json.loads(acortex_("trace", "stats", trace, "--format", "json").stdout)
    totals = stats["totals"]
    args = ("run", DIGITS / "digits_mlp.s", "--input", digits / "x.npy", "--format", "json")
    run = json.loads(acortex_(*args).stdout)
    assert totals["cycles"] == run["cycles"]
    assert totals["energy_aj"] == run["energy_aj"]
    assert "Longest waits" in acortex_("trace", "stats", trace).stdout
    spans = [(row["index"], row["start_cycle"], row["end_cycle"]) for row in stats["inferences"] if row["index"] >= 0]
    assert spans == [(row["index"], row["start_cycle"], row["end_cycle"]) for row in run["inferences"]]
    assert {row["name"]: row["cycles"] for row in stats["layers"]} == {
        row["name"]: row["cycles"] for row in run["layers"]
    }


def test_trace_stats_print_every_component_that_cost_something(trace: Path) -> None:
    stats = json.loads(acortex_("trace", "stats", trace, "--format", "json").stdout)
    printed = acortex_("trace", "stats", trace).stdout.partition("Kind of event")[0].split()
    assert {row["name"] for row in stats["components"] if row["energy_aj"]} <= set(printed)


def test_trace_show_draws_a_row_for_each_unit_in_the_window(trace: Path) -> None:
    part, *lines = acortex_("trace", "show", trace, "--from", "100", "--to", "180").stdout.splitlines()
    assert part == "incomplete: only cycles 100 until 180"
    assert lines[0].startswith("cycle") and "|100" in lines[0]
    units = json.loads(acortex_("trace", "info", trace, "--format", "json").stdout)["units"]
    assert [line.split()[0] for line in lines[2 : 2 + len(units)]] == units


def test_a_file_that_is_no_trace_is_refused(source: Path) -> None:
    result = acortex_("trace", "info", source)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith(f"{source}: ")


def test_a_cut_trace_is_read_as_far_as_it_goes(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.actrace").write_bytes(trace.read_bytes()[:-100])
    result = acortex_("trace", "info", tmp_path / "cut.actrace")
    assert result.exit_code == 0
    assert "incomplete: " in result.stdout


def test_trace_diff_of_a_run_with_itself_is_equal(trace: Path) -> None:
    result = acortex_("trace", "diff", trace, trace)
    assert result.exit_code == 0
    assert result.stdout.startswith("equal: ")


def test_trace_diff_says_where_two_runs_part_and_what_moved(trace: Path, digits: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.actrace"
    slower = ("--set", "memory.read_latency_ns=42.84")
    acortex_("run", DIGITS / "digits_mlp.s", "--input", digits / "x.npy", "--trace", other, *slower)
    report = json.loads(acortex_("trace", "diff", trace, other, "--format", "json").stdout)
    assert (report["schema"], report["equal"]) == ("acortex.diff/1", False)
    result = acortex_("trace", "diff", trace, other)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "different"
    a, b = report["cycles"]
    assert lines[1].split() == ["setting", "memory.read_latency_ns", "21.42", "->", "42.84"]
    assert lines[3].split() == ["cycles", f"{a:,}", f"{b:,}", f"{b - a:+,}"]
    found = report["first_divergence"]
    told = f"first difference at cycle {found['cycle']:,} in {found['unit']}, {found['source']} {found['text']}"
    assert told in lines


def test_trace_export_writes_the_file_that_was_asked_for(trace: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.csv"
    result = acortex_("trace", "export", trace, "--to", "csv", "-o", out)
    assert (result.output, result.exit_code) == ("", 0)
    events = json.loads(acortex_("trace", "info", trace, "--format", "json").stdout)["events"]
    assert len(out.read_text().splitlines()) == events + 1
    assert [path.name for path in tmp_path.iterdir()] == ["run.csv"]


def test_a_trace_comes_by_stdin_and_an_export_goes_to_stdout(trace: Path, tmp_path: Path) -> None:
    acortex_("trace", "export", trace, "--to", "csv", "-o", tmp_path / "x.csv")
    piped = acortex_("trace", "export", "-", "--to", "csv", "-o", "-", stdin=trace.read_bytes())
    assert (piped.stdout, piped.stderr, piped.exit_code) == ((tmp_path / "x.csv").read_text(), "", 0)


@pytest.mark.parametrize(
    "args",
    [("stats",), ("query", "SELECT count(*) FROM events"), ("export", "--to", "csv", "-o", "-")],
    ids=lambda a: a[0],
)
def test_what_is_read_from_a_trace_that_was_cut_is_said_to_be_a_part(
    trace: Path, tmp_path: Path, args: tuple[str, ...]
) -> None:
    cut = tmp_path / "cut.actrace"
    cut.write_bytes(trace.read_bytes()[:-30])
    result = acortex_("trace", args[0], cut, *args[1:])
    assert result.exit_code == 0 and result.stdout
    assert result.stderr.startswith(f"warning: {cut} is incomplete: ")


def test_trace_export_suggests_the_nearest_format(trace: Path, tmp_path: Path) -> None:
    result = acortex_("trace", "export", trace, "--to", "cvs", "-o", tmp_path / "x")
    assert (result.stderr, result.exit_code) == ("error: there is no export to 'cvs'\n  hint: did you mean `csv`?\n", 2)


def test_trace_export_help_lists_the_registered_formats() -> None:
    from acortex.traces.export.registry import exporters

    text = acortex_("trace", "export", "--help").stdout
    assert all(f"{name}:" in text for name in exporters())


def test_trace_query_answers_in_text_and_json(trace: Path) -> None:
    pytest.importorskip("duckdb")
    sql = "SELECT unit, count(*) AS events FROM events GROUP BY unit ORDER BY unit LIMIT 2"
    report = json.loads(acortex_("trace", "query", trace, sql, "--format", "json").stdout)
    assert report["schema"] == "acortex.trace-query/1"
    assert report["columns"] == ["unit", "events"]
    lines = acortex_("trace", "query", trace, sql).stdout.splitlines()
    assert [line.split() for line in lines] == [["unit", "events"], *([row[0], str(row[1])] for row in report["rows"])]


def test_a_trace_goes_through_a_pipe(tmp_path: Path) -> None:
    source, trace = DIGITS / "vmm.s", tmp_path / "run.actrace"
    piped = acortex_("run", source, "--trace", "-")
    acortex_("run", source, "--trace", trace)
    assert piped.stdout_bytes == trace.read_bytes()
    assert piped.stderr.startswith("vmm on acortex_digits")
    told = acortex_("trace", "info", trace, "--format", "json")
    read = acortex_("trace", "info", "-", "--format", "json", stdin=piped.stdout_bytes)
    assert (read.exit_code, read.stdout) == (0, told.stdout)


def test_an_assembled_program_and_a_chip_file_come_on_stdin(tmp_path: Path) -> None:
    assembled = tmp_path / "vmm.acx"
    acortex_("asm", DIGITS / "vmm.s", "-o", assembled)
    plain = acortex_("run", DIGITS / "vmm.s").stdout
    assert acortex_("run", "-", stdin=assembled.read_bytes()).stdout == plain
    shown = acortex_("chip", "show", "-", "--format", "json", stdin='inherits = "acortex_digits"\nclock_ns = 2\n')
    assert json.loads(shown.stdout)["config"]["clock_ns"] == 2


def test_what_layers_wrote_is_dumped_a_file_a_layer(tmp_path: Path) -> None:
    folder, outputs = tmp_path / "new" / "layers", tmp_path / "y.npy"
    result = acortex_("run", DIGITS / "vmm.s", "--output", outputs, "--dump-layers", folder)
    assert (result.exit_code, [file.name for file in folder.iterdir()]) == (0, ["product.npz"])
    with np.load(folder / "product.npz", allow_pickle=False) as product:
        assert product["addresses"].tolist() == [[1]] * 3  # vmm.s writes y to word 1, for each of three vectors
        assert product["codes"][:, 0].tolist() == np.load(outputs).tolist()


def test_a_seed_of_noise_gives_the_chip_its_errors(tmp_path: Path) -> None:
    given = ("run", DIGITS / "vmm.s", "--set", "errors.tuning_pct=40", "--format", "json")
    outputs, reports = [], []
    for seed in ((), ("--noise-seed", "7"), ("--noise-seed", "7"), ("--noise-seed", "8")):
        reports.append(json.loads(acortex_(*given, *seed, "--output", tmp_path / "y.npy").stdout))
        outputs.append(np.load(tmp_path / "y.npy"))
    assert (outputs[1] == outputs[2]).all() and (outputs[1] != outputs[0]).any() and (outputs[1] != outputs[3]).any()
    assert reports[0]["errors"] is None and reports[1]["errors"]["noise_seed"] == 7
    assert [report["cycles"] for report in reports] == [reports[0]["cycles"]] * 4
    text = acortex_("run", DIGITS / "vmm.s", "--noise-seed", "7").stdout
    assert "errors" in text and "chip 0  of seed 7" in text


def test_a_seed_of_noise_needs_values() -> None:
    result = acortex_("run", DIGITS / "vmm.s", "--noise-seed", "0", "--timing-only")
    assert result.exit_code == 2
    assert "--noise-seed needs values, which --timing-only does not compute" in result.stderr


def test_the_energy_of_arrays_is_told_by_the_data() -> None:
    report = json.loads(acortex_("run", DIGITS / "vmm.s", "--data-energy", "--format", "json").stdout)
    found, program = report["data_energy"], assemble_file(DIGITS / "vmm.s")
    levels = np.abs(program.weights[0].values.astype(int)).sum(axis=1)
    activity = int((program.samples["x"].reshape(3, 64).astype(int) @ levels).sum())
    (layer,) = found["layers"]
    assert (layer["name"], layer["operations"], layer["activity"]) == ("product", 3, activity)
    assert found["energy_aj"] == round(Fraction(1_290_000 * activity, 16_772))
    assert found["fixed_aj"] == 3 * 1_290_000 == report["energy_by_component_aj"]["arrays"]
    assert json.loads(acortex_("run", DIGITS / "vmm.s", "--format", "json").stdout)["data_energy"] is None


def test_a_trace_that_was_not_renamed_is_named_by_its_part(tmp_path: Path) -> None:
    whole = tmp_path / "run.actrace"
    assert _trace(str(whole)) == str(whole)
    (tmp_path / "run.actrace.part").touch()
    assert [_trace(str(whole)), _trace(None), _trace("-")] == [f"{whole}.part", None, "-"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, 0),
        ({"trace_failure": "cannot be written (No space left on device)"}, 1),
        ({"stopped": "stopped at cycle 5"}, 1),
        ({"verification": Verification(equal=True, codes=10, different=0, first=None)}, 0),
        ({"verification": Verification(equal=False, codes=10, different=1, first=3)}, 1),
    ],
    ids=str,
)
def test_a_run_fails_where_it_is_stopped_or_wrong_or_its_trace_is_not_whole(more: dict[str, object], code: int) -> None:
    report = acortex.run(Path(__file__).parents[1] / "echo.s").report
    assert _exit_code(report.model_copy(update=more)) == code
