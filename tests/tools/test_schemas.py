"""Schemas: each versioned document has a type, and what every command prints is what its schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator
from repositories import commit

from acortex.documents import REPR, TableResult, Versioned
from acortex.programs.mapping import to_passes
from acortex.tools import benchmarks
from acortex.tools.cli import cli
from acortex.tools.paper import measure as measuring
from acortex.tools.schemas import SCHEMAS, Schema, find
from acortex.traces.results import QueryAnswer

CHECKOUT = Path(__file__).resolve().parents[2]
LAYERS = ("isa", "traces", "sim", "programs", "tools")
ECHO = str(Path(__file__).with_name("echo.s"))

OPEN = {"ChipName.config", "ChipReport.config", "TraceInfo.filters"}
"""Fields whose content is what a chip file, or the writer of a trace, says: their names are not ours."""


def invoke(*arguments: str) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, arguments, prog_name="acortex")


def validated(text: str) -> dict[str, Any]:
    """A document that is what its schema and its type say; nothing is lost on the way through the type."""
    document: dict[str, Any] = json.loads(text)
    kind = find(document["schema"]).type()
    Draft202012Validator(kind.json_schema()).validate(document)
    assert kind.model_validate(document) == document
    assert list(document)[:2] == ["schema", "version"]
    _shown(kind.model_validate(document))
    return document


def _shown(made: Versioned) -> None:
    """What a notebook shows of a document: a short text, and its rows as a table."""
    assert type(made).__name__ in repr(made) and len(repr(made)) < REPR
    assert {path.partition(".")[0] for path in made.SHOWN.values()} <= set(made)
    if isinstance(made, TableResult | QueryAnswer):
        rows = made[made.ROWS] if isinstance(made, TableResult) else made.rows
        assert len(made.to_pandas()) == len(rows or ())


# The registry


def test_every_schema_that_the_sources_name_has_a_type() -> None:
    texts = [path.read_text() for layer in LAYERS for path in (CHECKOUT / layer).rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"\bacortex\.[a-z]+(?:-[a-z]+)*/[0-9]+", text)}
    assert named - {"acortex.trace/1"} == {one.schema for one in SCHEMAS}  # a trace is no JSON


@pytest.mark.parametrize("one", SCHEMAS, ids=lambda one: one.name)
def test_a_schema_names_its_type_and_where_it_is_met(one: Schema) -> None:
    assert one.type().schema_name() == one.schema
    assert bool(one.command) != bool(one.file)
    assert one.home.endswith(".results") or ".results_of_" in one.home


def test_names_are_in_order_and_none_stands_twice() -> None:
    names = [one.name for one in SCHEMAS]
    assert names == sorted(set(names))


# What a schema says


@pytest.mark.parametrize("one", SCHEMAS, ids=lambda one: one.name)
def test_a_schema_is_one_of_its_dialect_and_names_itself(one: Schema) -> None:
    made = one.type().json_schema()
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert made["$id"] == f"urn:acortex:{one.schema.removeprefix('acortex.').replace('/', ':')}"
    assert made["properties"]["schema"]["const"] == one.schema
    assert made["title"] and made["description"]


@pytest.mark.parametrize("one", SCHEMAS, ids=lambda one: one.name)
def test_every_field_is_described_and_always_there(one: Schema) -> None:
    for name, part in _objects(one.type()):
        assert part["description"], name
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"]), name
        undescribed = [field for field, about in part["properties"].items() if "description" not in about]
        assert undescribed == [], name


def test_no_field_is_open_but_those_whose_names_are_not_ours() -> None:
    found = {
        f"{name}.{field}"
        for one in SCHEMAS
        for name, part in _objects(one.type())
        for field, about in part["properties"].items()
        if about.get("additionalProperties") is True
    }
    assert found == OPEN


def _objects(kind: type[Versioned]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts of a schema by name, the whole first."""
    made = kind.json_schema()
    yield made["title"], made
    yield from made.get("$defs", {}).items()


# The command


def test_the_list_names_every_schema_in_text_and_in_json() -> None:
    text = invoke("schema").stdout
    assert all(re.search(rf"^{one.name} ", text, re.MULTILINE) for one in SCHEMAS)
    rows = json.loads(invoke("schema", "--format", "json").stdout)["schemas"]
    assert [(row["name"], row["schema"]) for row in rows] == [(one.name, one.schema) for one in SCHEMAS]
    assert {row["name"]: row["command"] for row in rows}["chip"] == "acortex chip show"
    assert [row["name"] for row in rows if row["command"] is None] == ["error", "golden"]
    assert all(row["what"].endswith(".") for row in rows)


@pytest.mark.parametrize("name", ["run", "acortex.run/1"])
def test_one_schema_is_printed_by_either_name(name: str) -> None:
    assert json.loads(invoke("schema", name).stdout) == find("run").type().json_schema()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("trace-inf", "did you mean `trace-info` or `trace-top`?"),
        ("acortex.run/2", "did you mean `run`?"),
        ("", "there are: accuracy, asm, bench, "),
        ("x" * 100_000, "there are: accuracy, asm, bench, "),
    ],
)
def test_an_unknown_name_is_one_error_with_the_nearest(name: str, hint: str) -> None:
    result = invoke("schema", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: no schema is called ")
    assert f"\n  hint: {hint}" in result.stderr
    assert len(result.stderr) < 450


# What the commands print

EXAMPLES: dict[str, list[tuple[int, list[str]]]] = {
    "accuracy": [
        (0, ["zoo:letters_mlp", "--chips", "3"]),
        (0, ["zoo:letters_mlp", "--chips", "2", "--ablate", "--at-age", "10", "--set", "errors.trim_codes=0.5"]),
    ],
    "asm": [(0, [ECHO]), (0, [ECHO, "-o", "{0}/made.acx", "--listing", "{0}/made.txt"])],
    "bench": [(0, ["--quick"])],
    "chip diff": [
        (1, ["acortex_digits", "acortex_gnmt"]),
        (0, ["acortex_gnmt", "acortex_gnmt"]),
        (1, ["acortex_gnmt", "acortex_gnmt_digital"]),
    ],
    "chip list": [(0, [])],
    "chip show": [
        (0, ["acortex_gnmt"]),
        (0, ["acortex_digits", "--program", "zoo:digits_mlp"]),
        (0, ["acortex_digits", "--program", "zoo:digits_mlp", "--group", "g1"]),
    ],
    "chip technologies": [(0, []), (0, ["pcm", "sram"])],
    "compile": [
        (0, ["zoo:letters_mlp"]),
        (0, ["zoo:letters_mlp", "--smallest-chip", "--explain"]),
        (0, ["zoo:letters_mlp", "--chips", "2", "-o", "{0}/two.toml"]),
    ],
    "disasm": [(0, ["{0}/e.acx"])],
    "explain": [(0, []), (0, ["r703"])],
    "info": [(0, [ECHO]), (0, ["zoo:letters_mlp"])],
    "isa": [(0, []), (0, ["mul"]), (0, [".input"]), (0, ["activations"])],
    "lint": [(0, [ECHO]), (0, ["zoo:letters_mlp"])],
    "optimise": [(0, ["{0}/search.toml", "-o", "{0}/search", "--trials", "2", "--workers", "1"])],
    "recalibrate": [(0, ["zoo:letters_mlp", "--chips", "2"])],
    "reproduce": [(0, ["fig7b"]), (0, ["fig3"])],
    "run": [
        (0, [ECHO]),
        (0, [ECHO, "--timing-only"]),
        (0, [ECHO, "--functional-only"]),
        (1, [ECHO, "--max-cycles", "3"]),
        (1, [ECHO, "--max-cycles", "3", "--trace", "{0}/again.actrace"]),
        (0, [ECHO, "--check-order", "--output", "{0}/y.npy", "--dump-layers", "{0}/layers"]),
        (0, ["zoo:letters_mlp"]),
        (0, [ECHO, "--chip", "acortex_digits", "--chip", "acortex_digits_parallel"]),
        (1, [ECHO, "--chip", "acortex_digits", "--chip", "acortex_digits_parallel", "--max-cycles", "3"]),
        (0, [ECHO, "--chip", "acortex_digits", "--chip", "acortex_digits,memory.ports=2", "--chip", "acortex_gnmt"]),
    ],
    "schema": [(0, [])],
    "serve": [(0, ["zoo:letters_mlp", "--requests", "5", "--arrivals", "poisson:50%"]), (0, ["{0}/pair.toml"])],
    "history": [(0, ["{0}/pinned/t"]), (1, ["HEAD~1..HEAD", "--program", "none.s", "--repository", "{0}/pinned"])],
    "sweep run": [(0, ["{0}/sweep.toml", "-o", "{0}/sweep", "--workers", "1"])],
    "sweep show": [(0, ["{0}/kept"]), (0, ["{0}/kept", "--pareto", "area_mm2,latency_s"])],
    "trace check": [
        (0, ["{0}/a.actrace", "{0}/a.json"]),
        (1, ["{0}/b.actrace", "{0}/a.json"]),
        (1, ["{0}/b.actrace", "{0}/a.json", "--before", "{0}/a.actrace"]),
        (0, ["{0}/a.actrace", "{0}/new.json", "--update"]),
        (0, ["{0}/b.actrace", "{0}/new.json", "--update"]),
    ],
    "trace critical": [(0, ["{0}/a.actrace"]), (0, ["{0}/a.actrace", "--unit", "host/*"]), (0, ["{0}/cut.actrace"])],
    "trace diff": [
        (0, ["{0}/a.actrace", "{0}/a.actrace"]),
        (1, ["{0}/a.actrace", "{0}/b.actrace"]),
        (1, ["{0}/a.actrace", "{0}/cut.actrace"]),
        (0, ["{0}/coarse.actrace", "{0}/coarse.actrace"]),
    ],
    "trace info": [(0, [f"{{0}}/{name}.actrace"]) for name in ("a", "b", "cut", "coarse", "filtered")],
    "trace query": [
        (0, ["{0}/a.actrace", "SELECT * FROM events"]),
        (0, ["{0}/a.actrace", "SELECT NULL AS a, 1.5 AS b, DATE '2020-02-02' AS c, [1, 2] AS d, {{'x': 1}} AS e"]),
        (0, ["{0}/a.actrace", "SELECT 170141183460469231731687303715884105727::HUGEINT AS n, 'nan'::DOUBLE AS x"]),
        (0, ["{0}/a.actrace", "SELECT unit FROM waits WHERE duration < 0"]),
        (0, ["{0}/a.actrace", "SELECT unit FROM events", "--unit", "host/*"]),
    ],
    "trace reprice": [
        (0, ["{0}/a.actrace", "--set", "energy.array_pj=1"]),
        (0, ["{0}/a.actrace", "--chip", "acortex_gnmt"]),
        (0, ["{0}/cut.actrace"]),
    ],
    "trace show": [
        *[(0, [f"{{0}}/{name}.actrace"]) for name in ("a", "cut", "coarse", "filtered")],
        (0, ["{0}/a.actrace", "--by", "kind", "--from", "2", "--until", "9", "--unit", "host/*"]),
    ],
    "trace stats": [
        *[(0, [f"{{0}}/{name}.actrace"]) for name in ("a", "cut", "coarse", "filtered")],
        (0, ["{0}/a.actrace", "--from", "2", "--until", "9", "--layer", "copy", "--inference", "0"]),
    ],
    "trace top": [
        *[(0, [f"{{0}}/{name}.actrace"]) for name in ("a", "cut", "coarse", "filtered")],
        (0, ["{0}/a.actrace", "--by", "energy", "-n", "1", "--from", "2", "--until", "9", "--layer", "copy"]),
        (0, ["{0}/a.actrace", "--by", "waits", "--unit", "host/*"]),
    ],
    "trace what-if": [
        (0, ["{0}/a.actrace", "--program", ECHO]),
        (0, ["{0}/a.actrace", "--program", ECHO, "--setting", "memory.access_cycles"]),
    ],
    "verify": [(0, ["zoo:letters_mlp"])],
    "view": [
        (0, [ECHO]),
        (0, [ECHO, "--inferences", "1", "--rows", "3"]),
        (0, ["{0}/cut.actrace"]),
        (0, ["{0}/a.actrace", "--from", "2", "--until", "9", "--layer", "copy", "--inference", "0"]),
    ],
    "zoo": [(0, [])],
}  # fmt: skip
"""For each command that has --format json: exit codes and arguments; {0} is a folder with traces and a golden."""

CASES = [(command, code, given) for command, examples in EXAMPLES.items() for code, given in examples]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traces of two runs that differ, of a run that was stopped, of a coarser level and of a part; and a golden."""
    made = tmp_path_factory.mktemp("documents")
    for name, code, options in (
        ("a", 0, ()),
        ("b", 0, ("--set", "memory.read_latency_ns=40")),
        ("cut", 1, ("--max-cycles", "6")),
        ("coarse", 0, ("--trace-level", "layers")),
        ("filtered", 0, ("--trace-filter", "unit=host/*")),
    ):
        assert invoke("run", ECHO, "--trace", f"{made}/{name}.actrace", *options).exit_code == code
    assert invoke("asm", ECHO, "-o", f"{made}/e.acx").exit_code == 0
    assert invoke("trace", "check", f"{made}/a.actrace", f"{made}/a.json", "--update").exit_code == 0
    (made / "search.toml").write_text(f'program = "{ECHO}"\n[axes]\n"memory.ports" = [1, 2]\n')
    assert invoke("compile", "zoo:letters_mlp", "--chips", "2", "-o", f"{made}/pair.toml").exit_code == 0
    for cycles in (2, 3):
        commit(made / "pinned", "pin", {"t/a.json": f'{{"schema": "acortex.golden/1", "cycles": {cycles}}}'})
    (made / "sweep.toml").write_text(f'program = "{ECHO}"\n[axes]\n"memory.ports" = [1, 0, 2]\n')
    assert invoke("sweep", f"{made}/sweep.toml", "-o", f"{made}/kept", "--workers", "1").exit_code == 0
    return made


HOME = {"sweep run": "sweep", "sweep show": "sweep", "optimise": "sweep"}
"""Commands that print what another one prints, too."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measurements of a small network in place of those that take minutes."""
    rows = [
        benchmarks.Benchmark("speed", 1500.0, "events/s", 3000.0, 0.7, against="a loop"),
        benchmarks.Benchmark("n", 3, "bytes"),
    ]
    monkeypatch.setattr(benchmarks, "measure", lambda quick, tick, only: rows)
    measure = measuring.measure
    monkeypatch.setattr(measuring, "measure", lambda name, chip=None: measure("letters_mlp", "acortex_gnmt"))


def test_there_is_an_example_of_every_command_that_prints_json() -> None:
    assert set(EXAMPLES) == set(_commands(cli, ()))


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    """The commands that have a form json, as one types them."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _commands(inner, (*path, name))
    elif any("json" in getattr(option.type, "choices", ()) for option in command.params):
        yield " ".join(path)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("command", "code", "given"), CASES)
def test_what_a_command_prints_is_what_its_schema_says(
    command: str, code: int, given: list[str], folder: Path, request: pytest.FixtureRequest
) -> None:
    result = invoke(*command.split(), *(text.format(folder) for text in given), "--format", "json")
    assert result.exit_code == code, result.output
    printed = find(validated(result.stdout)["schema"])
    assert printed.command.startswith(f"acortex {HOME.get(command, command)}")


@pytest.mark.sampled(40)
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("command", "code", "given"), CASES)
def test_a_command_says_the_same_to_people(command: str, code: int, given: list[str], folder: Path) -> None:
    result = invoke(*command.split(), *(text.format(folder) for text in given))
    assert result.exit_code == code, result.output
    assert result.stdout.strip() and "{" not in result.stdout.splitlines()[0]


def test_every_schema_but_those_of_files_is_one_that_an_example_prints() -> None:
    commands = {one.command.partition(" --")[0] for one in SCHEMAS if not one.file}
    assert commands == {f"acortex {HOME.get(name, name)}" for name in EXAMPLES}
    assert {one.name for one in SCHEMAS if " --" in one.command} == {"compare", "division"}  # examples have two chips


def test_a_golden_is_what_its_schema_says(folder: Path) -> None:
    content = json.loads((folder / "a.json").read_text())
    kind = find(content["schema"]).type()
    Draft202012Validator(kind.json_schema()).validate(content)
    assert kind.model_validate(content) == content


def test_a_verification_that_differs_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    right = to_passes.filled
    monkeypatch.setattr(to_passes, "filled", lambda *given: np.zeros_like(right(*given)))
    result = invoke("verify", "zoo:letters_mlp", "--format", "json")
    assert result.exit_code == 1
    report = validated(result.stdout)
    assert report["first"]["at"] and report["first"]["chip"] != report["first"]["reference"]


def test_an_update_of_a_golden_says_whether_it_wrote_one(folder: Path, tmp_path: Path) -> None:
    golden, given = str(tmp_path / "g.json"), ("--update", "--format", "json")
    for trace, written in (("a", True), ("a", False), ("b", True)):
        report = validated(invoke("trace", "check", f"{folder}/{trace}.actrace", golden, *given).stdout)
        assert report["written"] is written
