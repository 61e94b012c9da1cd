"""`acortex trace report` and `acortex run --report`: a page is written whole or not at all, a mistake is one line."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import report_pages
from click.testing import CliRunner, Result

from acortex.tools.cli import cli

ECHO = Path(__file__).parents[1] / "echo.s"


def acortex(*arguments: object) -> Result:
    """Runs a command."""
    return CliRunner().invoke(cli, [str(one) for one in arguments])


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The trace of the smallest run."""
    path = tmp_path / "echo.actrace"
    assert acortex("run", ECHO, "--trace", path).exit_code == 0
    return path


def test_a_page_is_written(trace: Path) -> None:
    out = trace.with_name("run.html")
    found = acortex("trace", "report", trace, "-o", out)
    assert (found.exit_code, found.stdout) == (0, "")
    assert "echo on" in report_pages.parts(out.read_text()).text


def test_a_page_goes_to_stdout(trace: Path) -> None:
    found = acortex("trace", "report", trace, "-o", "-")
    assert found.exit_code == 0
    assert found.stdout.startswith("<!doctype html>")


def test_a_run_writes_the_same_page_and_the_numbers_of_its_json(trace: Path) -> None:
    out = trace.with_name("run.html")
    found = acortex("run", ECHO, "--report", out, "--format", "json")
    assert found.exit_code == 0
    report, said = json.loads(found.stdout), report_pages.carried(out.read_text())["sides"][0]["run"]
    for name in ("cycles", "energy_aj", "energy_by_component_aj", "area_mm2", "layers", "inferences", "waits"):
        assert said[name] == report[name]
    assert report["trace"] is None  # the trace that the page is made of stays nowhere
    assert sorted(path.name for path in trace.parent.iterdir()) == ["echo.actrace", "run.html"]


def test_a_run_writes_its_trace_and_its_page(tmp_path: Path) -> None:
    found = acortex("run", ECHO, "--report", tmp_path / "run.html", "--trace", tmp_path / "run.actrace")
    assert found.exit_code == 0
    acortex("trace", "report", tmp_path / "run.actrace", "-o", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text() == (tmp_path / "run.html").read_text()


def test_a_page_of_a_run_goes_to_stdout_and_its_text_to_stderr() -> None:
    found = acortex("run", ECHO, "--report", "-")
    assert found.exit_code == 0
    assert found.stdout.startswith("<!doctype html>")
    assert "echo on" in found.stderr


def test_a_stopped_run_has_a_page_that_says_so(tmp_path: Path) -> None:
    out = tmp_path / "run.html"
    assert acortex("run", "zoo:digits_mlp", "--timing-only", "--max-cycles", 300, "--report", out).exit_code == 1
    assert "Incomplete: the run was stopped" in report_pages.parts(out.read_text()).text


def test_what_if_is_measured_on_request(trace: Path) -> None:
    found = acortex("trace", "report", trace, "--what-if", "--program", ECHO, "-o", "-")
    assert found.exit_code == 0
    text = report_pages.parts(found.stdout).text
    assert "What if, measured" in text and "memory.access_cycles" in text
    assert report_pages.carried(found.stdout)["sides"][0]["what_if"]["schema"] == "acortex.what-if/1"


def test_two_traces_have_one_page(trace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.actrace"
    acortex("run", ECHO, "--set", "memory.access_cycles=1", "--trace", other)
    found = acortex("trace", "report", trace, other, "-o", tmp_path / "both.html")
    assert found.exit_code == 0
    words = report_pages.parts((tmp_path / "both.html").read_text()).text
    assert "setting memory.access_cycles 2 -> 1" in words


# What it refuses ------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    found = acortex("trace", "report", tmp_path / "none.actrace", "-o", tmp_path / "run.html")
    assert found.exit_code == 2
    assert "cannot be read" in found.stderr
    assert not (tmp_path / "run.html").exists()


def test_what_is_no_trace_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "no.actrace").write_bytes(b"hello")
    found = acortex("trace", "report", tmp_path / "no.actrace", "-o", tmp_path / "run.html")
    assert found.exit_code == 2
    assert "is not a trace" in found.stderr


def test_the_page_may_not_replace_its_trace(trace: Path) -> None:
    before = trace.read_bytes()
    found = acortex("trace", "report", trace, "-o", trace)
    assert found.exit_code == 2
    assert trace.read_bytes() == before


def test_a_folder_that_is_not_there_is_noticed_first(trace: Path) -> None:
    found = acortex("trace", "report", trace, "-o", trace.parent / "nowhere" / "run.html")
    assert found.exit_code == 2
    assert "no such file or directory" in found.stderr.lower()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--program", "echo.s"], "--program is for --what-if"),
        ([], "missing option '-o'"),
    ],
)
def test_options_that_lack_others_are_refused(trace: Path, options: list[str], told: str) -> None:
    more = ["-o", trace.with_name("run.html")] if options else []
    found = acortex("trace", "report", trace, *options, *more)
    assert found.exit_code == 2
    assert told in found.stderr


def test_what_if_of_two_traces_is_refused(trace: Path) -> None:
    found = acortex("trace", "report", trace, trace, "--what-if", "-o", trace.with_name("run.html"))
    assert found.exit_code == 2
    assert "--what-if is for one run" in found.stderr


def test_what_if_of_a_coarse_trace_says_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "coarse.actrace"
    acortex("run", ECHO, "--trace", path, "--trace-level", "layers")
    found = acortex("trace", "report", path, "--what-if", "-o", tmp_path / "run.html")
    assert found.exit_code == 2
    assert "does not hold every event" in found.stderr


@pytest.mark.parametrize("other", [["--functional-only"], ["--chip", "acortex_digits", "--chip", "acortex_inception"]])
def test_a_report_of_no_run_in_time_or_of_several_is_refused(tmp_path: Path, other: list[str]) -> None:
    found = acortex("run", ECHO, "--report", tmp_path / "run.html", *other)
    assert found.exit_code == 2
    assert "--report" in found.stderr
    assert not (tmp_path / "run.html").exists()


def test_a_report_may_not_replace_another_output(tmp_path: Path) -> None:
    found = acortex("run", ECHO, "--report", tmp_path / "one", "--output", tmp_path / "one")
    assert found.exit_code == 2
    assert "--report" in found.stderr


@pytest.mark.parametrize("command", [["trace", "report", "echo.actrace", "-o"], ["run", ECHO, "--report"]])
def test_without_the_template_engine_one_line_says_what_to_install(
    trace: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(trace.parent)
    monkeypatch.setattr(
        "acortex.tools.report.render.find_spec", lambda name: None if name == "jinja2" else find_spec(name)
    )
    found = acortex(*command, "run.html")
    assert (found.exit_code, found.stdout) == (2, "")
    assert 'pip install "acortex[report]"' in found.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--from", "2", "--until", "9"), "cycles 2 until 9"),
        (("--unit", "host/*"), "units host/in, host/out, host/work"),
        (("--layer", "copy"), "layers copy"),
        (("--inference", "0"), "inferences 0"),
    ],
)
@pytest.mark.parametrize("two", [False, True])
def test_a_page_is_of_the_part_that_is_selected(trace: Path, options: tuple[str, ...], told: str, two: bool) -> None:
    out = trace.with_name("part.html")
    found = acortex("trace", "report", trace, *([trace] if two else []), "-o", out, *options)
    assert (found.exit_code, found.stdout) == (0, ""), found.output
    assert report_pages.parts(out.read_text()).text.count(f"Incomplete: only {told}") == (2 if two else 1)
    whole = acortex("trace", "stats", trace, *options, "--format", "json").stdout
    stats = report_pages.carried(out.read_text())["sides"][0]["stats"]
    assert stats == {name: value for name, value in json.loads(whole).items() if name in stats}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--layer", "coppy"), "did you mean `copy`"),
        (("--from", "9", "--until", "3"), "has no cycle of the run"),
        (("--inference", "7"), "the selection holds no event and no wait"),
    ],
)
def test_a_part_that_is_not_there_is_one_error_and_no_page(trace: Path, options: tuple[str, ...], told: str) -> None:
    out = trace.with_name("part.html")
    found = acortex("trace", "report", trace, "-o", out, *options)
    assert (found.exit_code, out.exists()) == (2, False)
    assert told in found.output
