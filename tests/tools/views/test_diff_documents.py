"""A diff as Markdown and as HTML: the same numbers, nothing taken as markup."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli
from acortex.tools.views.diff_documents import markdown, page
from acortex.traces.diff import diff
from acortex.traces.file.reader import open as open_trace
from acortex.traces.results_of_paths import TraceDiff

ECHO = Path(__file__).parents[1] / "echo.s"


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name, more in (("a", ()), ("b", ("--set", "host.word_cycles=3"))):
        assert acortex_("run", ECHO, "--timing-only", "--trace", folder / f"{name}.actrace", *more).exit_code == 0
    return folder / "a.actrace", folder / "b.actrace"


class Cells(HTMLParser):
    """The texts of a page's headings and cells; fails where tags do not close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.titles: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)


def test_markdown_has_the_totals_the_parting_and_what_moved(runs: tuple[Path, Path]) -> None:
    result = acortex_("trace", "diff", *runs, "--format", "markdown")
    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert "| cycles | 27 | 29 | +2 |" in lines
    assert any(line.startswith("Cycle 6, host/in, at ") for line in lines)
    assert "| host/in busy host.in | 2 | 3 | +1 |" in lines
    assert r"| setting | host.word\_cycles | 2 -\> 3 |" in lines
    titles = [line for line in lines if line.startswith("### ")]
    assert titles[:3] == ["### Different", "### What was changed", "### Where they part"]


def test_every_row_of_a_markdown_table_has_as_many_cells(runs: tuple[Path, Path]) -> None:
    tables = acortex_("trace", "diff", *runs, "--format", "markdown").stdout.split("\n\n")
    for table in (one for one in tables if one.startswith("|")):
        assert len({line.replace(r"\|", "").count("|") for line in table.strip().splitlines()}) == 1


def test_html_is_one_page_with_the_same_numbers(runs: tuple[Path, Path]) -> None:
    result = acortex_("trace", "diff", *runs, "--format", "html")
    reader = Cells()
    reader.feed(result.stdout)
    assert (result.exit_code, reader.open) == (1, [])
    assert reader.titles[:3] == ["Different", "What was changed", "Where they part"]
    at = reader.cells.index("host/in busy host.in")
    assert reader.cells[at : at + 4] == ["host/in busy host.in", "2", "3", "+1"]


def test_a_cut_trace_is_named(runs: tuple[Path, Path], tmp_path: Path) -> None:
    cut = tmp_path / "cut.actrace"
    cut.write_bytes(runs[0].read_bytes()[:-30])
    result = acortex_("trace", "diff", cut, runs[0])
    assert result.stderr.startswith(f"warning: {cut} is incomplete: ")


def test_equal_traces_say_so(runs: tuple[Path, Path]) -> None:
    for form, told in (("markdown", "### Equal\n\n27 cycles, 18 events."), ("html", "<h2>Equal</h2>\n<p>27 cycles")):
        result = acortex_("trace", "diff", runs[0], runs[0], "--format", form)
        assert result.exit_code == 0 and told in result.stdout


def test_names_are_never_markup(runs: tuple[Path, Path]) -> None:
    named = diff(*(open_trace(path) for path in runs)).as_dict()
    named["first_divergence"]["a"]["source"] = "<script>|a_b|`.s:3"
    report = TraceDiff.model_validate(named)
    names = ("</title><script>", "`b`")
    assert "<script>" not in page(report, names)
    text = markdown(report, names)
    assert r"\<script\>\|a\_b\|\`.s:3" in text
    assert text.startswith("**Timing:** `</title><script>` → `'b'`\n")


def test_large_counts_have_commas_in_documents(runs: tuple[Path, Path]) -> None:
    named = diff(*(open_trace(path) for path in runs)).as_dict()
    named["cycles"] = [7390, 1234567]
    named["first_divergence"]["cycle"] = 4321
    named["first_divergence"]["a"]["cycle"] = 4321
    for text in (markdown(TraceDiff.model_validate(named), ("a", "b")), page(TraceDiff.model_validate(named), "ab")):
        for told in ("7,390", "1,234,567", "+1,227,177", "Cycle 4,321, host/in"):
            assert told in text
        assert "7390" not in text


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_the_latency_of_a_unit_is_named_once(tmp_path: Path, form: str) -> None:
    pipeline = Path(__file__).parents[3] / "programs" / "pipeline.s"
    for name, cycles in (("a", 2), ("b", 4)):
        chip = ("--set", f"memory.access_cycles={cycles}", "--timing-only")
        assert acortex_("run", pipeline, *chip, "--trace", tmp_path / f"{name}.actrace").exit_code == 0
    told = acortex_("trace", "diff", tmp_path / "a.actrace", tmp_path / "b.actrace", "--format", form).stdout
    assert "latency latency" not in told
    assert "host/out latency" in told
