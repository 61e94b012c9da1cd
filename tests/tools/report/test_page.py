"""The page of a run: its numbers are those of the run's report, its rows those of the trace, and no text is markup."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_pages
from hostile_traces import mutant, take_apart

from acortex.errors import AcortexError, UsageError
from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import Result, run
from acortex.tools.report.model import page_of
from acortex.tools.report.render import render
from acortex.traces.coarser import coarser
from acortex.traces.critical import critical_path
from acortex.traces.enders import enders
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.headroom import of_selection, sums_of
from acortex.traces.stats import stats

DIGITS = 6

SAME = (
    "cycles", "latency_s", "energy_aj", "energy_by_component_aj", "layers", "inferences", "utilisation", "waits",
    "power", "memory", "area_mm2", "area_by_component_mm2", "macs", "setup",
)  # fmt: skip
"""Fields of `acortex run --format json` that the page has, too."""


def page(*traces: Trace) -> str:
    """The page of one trace or two."""
    return render(page_of([(one.path.name, one) for one in traces], None, lambda done, total: None))


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Trace]:
    """A run of some digits, and its trace."""
    path = tmp_path_factory.mktemp("digits") / "run.actrace"
    program = zoo.load("digits_mlp")
    return run(program, inputs=program.samples["image"][:DIGITS], trace=path), open_trace(path)


@pytest.fixture(scope="module")
def text(digits: tuple[Result, Trace]) -> str:
    """The page of that run."""
    return page(digits[1])


@pytest.fixture(scope="module")
def side(text: str) -> dict[str, Any]:
    """What the page says of the run."""
    found: dict[str, Any] = report_pages.carried(text)["sides"][0]
    return found


# Numbers --------------------------------------------------------------------------------------------------------------


def test_the_page_has_the_report_of_the_run(digits: tuple[Result, Trace], side: dict[str, Any]) -> None:
    report = digits[0].report.as_dict()
    for name in SAME:
        assert side["run"][name] == report[name], name


def test_the_energies_of_layers_by_component_add_up_to_the_report(
    digits: tuple[Result, Trace], side: dict[str, Any]
) -> None:
    report = digits[0].report
    assert {name: sum(parts.values()) for name, parts in side["energy_by_layer_aj"].items()} == {
        layer.name: layer.energy_aj for layer in report.layers or ()
    }
    by_component: dict[str, int] = {}
    for parts in side["energy_by_layer_aj"].values():
        for name, value in parts.items():
            by_component[name] = by_component.get(name, 0) + value
    assert by_component == {name: value for name, value in (report.energy_by_component_aj or {}).items() if value}


def test_the_rows_add_up_to_the_report(digits: tuple[Result, Trace], side: dict[str, Any]) -> None:
    rows, report = report_pages.rows(side), digits[0].report
    kinds = len(side["kinds"])
    for number, unit in enumerate(side["units"]):
        some = slice(side["first"][number], side["first"][number + 1])
        events = rows["code"][some] < kinds
        spent = (report.utilisation or {})[unit]
        assert int(rows["duration"][some][events].sum()) == spent.busy
        assert int(rows["duration"][some][~events].sum()) == spent.waiting
    priced = rows["energy"] + rows["count"] * np.array([*side["prices"], 0])[np.minimum(rows["code"], kinds)]
    assert int(priced.sum()) == side["stats"]["totals"]["event_energy_aj"]


def test_the_rows_are_those_of_the_trace(digits: tuple[Result, Trace], side: dict[str, Any]) -> None:
    trace, rows = digits[1], report_pages.rows(side)
    unit = np.repeat(np.arange(len(side["units"])), np.diff(side["first"]))
    found = sorted(zip(rows["start"], rows["end"], unit.tolist(), rows["pc"].tolist(), strict=True))
    wanted = [(row.start, row.start + row.duration, row.unit, row.pc) for row in (*trace.events, *trace.waits)]
    assert found == sorted(wanted)


def test_waits_name_who_ended_them(digits: tuple[Result, Trace], side: dict[str, Any]) -> None:
    trace, rows = digits[1], report_pages.rows(side)
    found = {}
    for unit, name in enumerate(side["units"]):
        for at in range(side["first"][unit], side["first"][unit + 1]):
            by = side["enders"][rows["ended_by"][at]]
            if by[2] == "ended":
                found[name, rows["start"][at], rows["end"][at]] = (side["units"][by[0]], by[1])
    wanted = {(one.wait.unit, one.wait.start, one.wait.end): (one.by.unit, one.by.pc) for one in enders(trace)}
    assert wanted
    assert {key: found.get(key) for key in wanted} == wanted


def test_the_path_is_the_critical_path(digits: tuple[Result, Trace], side: dict[str, Any]) -> None:
    rows, at = report_pages.rows(side, "segments"), 0
    names = [*(kind["name"] for kind in side["kinds"]), *side["causes"]]
    for number, one in enumerate(critical_path(digits[1])):
        assert (one.start, one.end) == (at, at + rows["duration"][number])
        assert side["units"][rows["unit"][number]] == one.unit
        assert side["whats"][rows["what"][number]] == one.what
        assert names[rows["name"][number]] == one.name
        at = one.end
    assert at == side["cycles"]


def test_executions_are_the_instructions_in_the_order_of_issue(
    digits: tuple[Result, Trace], side: dict[str, Any]
) -> None:
    issued = report_pages.rows(side, "issued")
    assert len(issued["pc"]) == (digits[0].report.counts or {})["instructions"]
    assert (np.diff(issued["issued"]) > 0).all()
    multiply = next(at for at, words in enumerate(side["texts"]) if words.startswith("multiply g0"))
    assert int((issued["pc"] == multiply).sum()) == DIGITS


def test_the_text_has_the_headline_numbers(text: str) -> None:
    words = report_pages.parts(text).text
    assert "digits_mlp on acortex_digits" in words
    assert "All settings are those of acortex_digits." in words
    assert "per inference (median" in words
    assert re.search(r"Of the critical path, .*% is main_memory/read: words read from main memory", words)
    assert re.search(r"Fullest in cycle [\d,]+: \d+ words of 32 live", words)


def test_the_same_trace_gives_the_same_page(digits: tuple[Result, Trace], text: str) -> None:
    assert page(open_trace(digits[1].path)) == text


def test_changed_settings_come_first(tmp_path: Path) -> None:
    program = zoo.load("digits_mlp")
    path = tmp_path / "run.actrace"
    settings = ("memory.access_cycles=3", "memory.banks=4")
    run(program, inputs=program.samples["image"][:1], trace=path, chip=load_chip("acortex_digits", settings))
    words = report_pages.parts(page(open_trace(path))).text
    assert "Changed settings , against acortex_digits that comes with acortex: memory.banks 4 was 8" in words
    assert words.index("memory.access_cycles 3 was 2") < words.index("What limited it")


# One file -------------------------------------------------------------------------------------------------------------


def test_the_page_loads_nothing(text: str) -> None:
    found = report_pages.parts(text)
    assert not [name for name, _ in found.elements if name in ("link", "img", "iframe", "object", "embed", "base")]
    assert not [attributes for _, attributes in found.elements if "src" in attributes]
    assert all(one.get("href", "#").startswith("#") for _, one in found.elements)  # type: ignore[union-attr]


def test_the_policy_allows_these_scripts_and_this_style_alone(text: str) -> None:
    found = report_pages.parts(text)
    policy = next(one["content"] for _, one in found.elements if one.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in str(policy).split(";"))
    digest = lambda words: f"'sha256-{base64.b64encode(hashlib.sha256(words.encode()).digest()).decode()}'"  # noqa: E731
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [digest(script) for script in found.scripts]
    assert rules["style-src"].split() == [digest(style) for style in found.styles]
    assert not [one for _, one in found.elements if "style" in one or any(name.startswith("on") for name in one)]


# Traces that hold a part ----------------------------------------------------------------------------------------------


def test_a_filtered_trace_says_so_first_and_has_no_number_of_something_else(digits: tuple[Result, Trace]) -> None:
    made = page(digits[1].select(unit="vmm/*"))
    words, side = report_pages.parts(made).text, report_pages.carried(made)["sides"][0]
    assert words.index("Incomplete:") < words.index("Numbers")
    assert "The critical path is not known" in words
    assert side["stats"]["totals"]["energy_aj"] is None
    assert side["segments"] is None and side["issued"] is None


def test_a_cut_trace_says_so(digits: tuple[Result, Trace], tmp_path: Path) -> None:
    cut = tmp_path / "cut.actrace"
    data = digits[1].path.read_bytes()
    cut.write_bytes(data[: len(data) - 40])
    made = page(open_trace(cut))
    words = report_pages.parts(made).text
    assert words.index("Incomplete:") < words.index("Numbers")
    assert "Power over time is not known" in words
    assert report_pages.carried(made)["sides"][0]["run"] is None


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_a_coarser_trace_has_a_page(digits: tuple[Result, Trace], level: str, tmp_path: Path) -> None:
    trace = coarser(digits[1], level, tmp_path / "coarse.actrace")
    made = page(trace)
    side = report_pages.carried(made)["sides"][0]
    assert "Incomplete:" in report_pages.parts(made).text
    assert side["run"]["energy_aj"] == (digits[0].report.energy_aj)
    assert side["issued"] is None


def test_a_long_run_is_drawn_by_intervals_and_says_so(
    digits: tuple[Result, Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.tools.report.model.MOST_ROWS", 100)
    made = page(digits[1])
    side = report_pages.carried(made)["sides"][0]
    assert "draws them by intervals of 64 cycles" in report_pages.parts(made).text
    rows = report_pages.rows(side)
    assert len(rows["code"]) < len(digits[1].events)
    assert int(rows["duration"].sum()) == int(digits[1]["duration"].sum() + digits[1].waits["duration"].sum())
    assert side["path"]["cycles"] == digits[1].cycles  # the critical path is that of every event
    assert side["stats"] == report_pages.carried(page(replace(digits[1], digest=None)))["sides"][0]["stats"]


def test_a_very_long_run_has_no_path_and_says_why(
    digits: tuple[Result, Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.tools.report.model.MOST_ON_PATH", 100)
    made = page(digits[1])
    assert "it is looked for among 100 rows at most" in report_pages.parts(made).text
    side = report_pages.carried(made)["sides"][0]
    assert (side["path"], side["segments"]) == (None, None)


def test_what_is_too_long_and_cannot_be_merged_is_refused(
    digits: tuple[Result, Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.tools.report.model.MOST_ROWS", 100)
    monkeypatch.setattr("acortex.tools.report.model.digested", lambda trace: None)
    with pytest.raises(UsageError, match="rows, too many to draw") as caught:
        page(digits[1])
    assert "--from and --until" in (caught.value.hint or "")


def test_of_very_many_inferences_a_page_has_the_latencies(
    digits: tuple[Result, Trace], side: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.tools.report.render.MANY", DIGITS)
    made = report_pages.carried(page(digits[1]))["sides"][0]
    whole = side["stats"].pop("inferences"), side["run"].pop("inferences")
    few = made["stats"].pop("inferences"), made["run"].pop("inferences")
    assert few == ([{"index": one["index"], "latency": one["latency"]} for one in whole[0]], [])
    assert (made["stats"], made["run"]) == (side["stats"], side["run"])
    side["stats"]["inferences"], side["run"]["inferences"] = whole  # other tests look at them


# Parts of a run -------------------------------------------------------------------------------------------------------


SELECTED: list[dict[str, Any]] = [{"layer": "hidden"}, {"unit": "vmm/*"}, {"inference": 2}, {"window": (100, 300)}]


@pytest.mark.parametrize("wanted", SELECTED, ids=str)
def test_a_page_of_a_part_has_its_rows_and_its_sums(digits: tuple[Result, Trace], wanted: dict[str, Any]) -> None:
    whole, part = digits[1], digits[1].select(**wanted)
    made = render(page_of([("run", whole)], None, lambda done, total: None, lambda trace: trace.select(**wanted)))
    side = report_pages.carried(made)["sides"][0]
    assert report_pages.parts(made).text.count(f"Incomplete: {part.part}") == 1
    assert len(report_pages.rows(side)["code"]) == len(part.events) + len(part.waits)
    assert side["stats"] == stats(part).as_dict()
    assert side["window"] == list(wanted.get("window", (0, whole.cycles)))
    path = sums_of(of_selection(critical_path(whole), part), part)
    assert side["path"] == path.as_dict()
    assert (side["segments"], side["issued"]) == (None, None)  # rows of a part do not say what ended each wait


# Two traces -----------------------------------------------------------------------------------------------------------


def test_two_traces_give_what_differs(digits: tuple[Result, Trace], tmp_path: Path) -> None:
    program, path = zoo.load("digits_mlp"), tmp_path / "other.actrace"
    run(
        program,
        inputs=program.samples["image"][:DIGITS],
        trace=path,
        chip=load_chip("acortex_digits", ["memory.access_cycles=1"]),
    )
    made = page(digits[1], open_trace(path))
    data, words = report_pages.carried(made), report_pages.parts(made).text
    assert len(data["sides"]) == 2
    assert data["diff"]["changed"]["settings"] == [{"path": "memory.access_cycles", "a": 2, "b": 1}]
    assert data["diff"]["cycles"] == [side["cycles"] for side in data["sides"]]
    assert words.index("What was changed") < words.index("Where they part") < words.index("per inference")


def test_traces_of_different_levels_cannot_be_compared(digits: tuple[Result, Trace], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be compared"):
        page(digits[1], coarser(digits[1], "layers", tmp_path / "coarse.actrace"))


# Hostile traces -------------------------------------------------------------------------------------------------------

NASTY = ("</script><img/src=x/onerror=alert(1)>", "]]>", "\"'><b>", "<!--", "{{7*7}}", "a\u2028b")


@pytest.mark.parametrize("words", NASTY)
def test_no_text_of_a_trace_becomes_markup(digits: tuple[Result, Trace], words: str, text: str) -> None:
    trace = digits[1]
    header = trace.header
    kinds = tuple(replace(kind, unit=words, description=words, component=words) for kind in header.kinds)
    named = replace(
        header,
        program=words,
        chip=words,
        layers=("-", *(f"{words}{at}" for at in range(len(header.layers) - 1))),
        lines=tuple(f"{words}:{at}" for at in range(len(header.lines))),
        instructions=tuple(words for _ in header.instructions),
        kinds=kinds,
        overrides=(words,),
        config={**header.config, words: {words: words}},
    )
    tables = [replace_header(table, named) for table in (trace.events, trace.waits)]
    made = page(
        replace(trace, path=Path(f"{words.replace('/', '')}.actrace"), header=named, events=tables[0], waits=tables[1])
    )
    before, after = report_pages.parts(text), report_pages.parts(made)
    assert len(after.scripts) == len(before.scripts)
    assert {name for name, _ in after.elements} <= {name for name, _ in before.elements} | {
        "ul",
        "li",
        "code",
        "strong",
    }
    assert not [one for _, one in after.elements if any(name.startswith("on") for name in one)]
    assert "49" not in after.elements[0] and "<img" not in made


def replace_header(table: Any, header: Any) -> Any:
    """The same rows under other names."""
    found = table.select()
    found.header = header
    return found


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_trace_gives_a_page_or_one_error(digits: tuple[Result, Trace], seed: int, tmp_path: Path) -> None:
    parts = take_apart(digits[1].path.read_bytes())
    path = tmp_path / "mutant.actrace"
    path.write_bytes(mutant(parts, random.Random(seed)))
    try:
        made = page(open_trace(path))
    except AcortexError:
        return
    assert len(report_pages.carried(made)["sides"]) == 1


def test_a_run_of_nothing_has_a_page(tmp_path: Path) -> None:
    from acortex.isa.asm.assembler import assemble

    path = tmp_path / "nothing.actrace"
    run(assemble(".chip acortex_digits\nstart\nhalt\n"), trace=path)
    made = page(open_trace(path))
    assert report_pages.carried(made)["sides"][0]["stats"]["totals"]["event_energy_aj"] == 0
