"""`acortex compile --chips` and `acortex serve`: what they print and write, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acortex.errors import UsageError
from acortex.isa import container
from acortex.programs import zoo
from acortex.sim.arrivals import ALWAYS
from acortex.sim.system.results import SystemReport
from acortex.tools.cli import cli
from acortex.tools.open.systems import open_system
from acortex.tools.serving import serve


@pytest.fixture(autouse=True)
def skipping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALWAYS, raising=False)


def invoke(*options: str) -> Result:
    return CliRunner(env={"COLUMNS": "110"}).invoke(cli, options, prog_name="acortex")


def report(*options: str) -> dict:
    result = invoke(*options, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits on two chips: a system's file with its programs beside."""
    path = tmp_path_factory.mktemp("system") / "digits.toml"
    result = invoke("compile", "zoo:digits_cnn", "--chips", "2", "-o", str(path))
    assert result.exit_code == 0, result.output
    return path


# compile --chips ------------------------------------------------------------------------------------------------------


def test_a_division_writes_a_system_and_a_program_for_each_chip(digits: Path) -> None:
    assert sorted(path.name for path in digits.parent.iterdir()) == ["digits-0.acx", "digits-1.acx", "digits.toml"]
    text = digits.read_text()
    assert 'program = "digits-0.acx"' in text and "words_per_ns = 0.125" in text
    assert container.sha256(container.load(str(digits.with_name("digits-1.acx")))) in text


def test_the_report_says_what_each_chip_does() -> None:
    found = report("compile", "zoo:digits_cnn", "--chips", "2")
    assert (found["schema"], found["output"], len(found["parts"])) == ("acortex.division/1", None, 2)
    first, second = found["parts"]
    assert (first["layers"], first["words_sent"], first["program"]) == (["conv1", "maxpool_1"], 196, None)
    assert (second["layers"], second["words_sent"]) == (["conv2", "maxpool_2", "dense"], 0)
    whole = report("compile", "zoo:digits_cnn")
    assert first["macs"] + second["macs"] == sum(layer["macs"] for layer in whole["layers"])
    assert first["arrays_used"] + second["arrays_used"] == whole["arrays_used"]


def test_the_text_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke("compile", "zoo:letters_mlp", "--chips", "2")
    assert "letters_mlp on 2 chips acortex_digits" in result.stdout
    assert "Nothing was written: -o OUT.toml writes the system." in result.stdout
    monkeypatch.chdir(tmp_path)
    shown = invoke("compile", "zoo:letters_mlp", "--chips", "2", "-o", "letters.toml").stdout
    assert "acortex serve letters.toml runs a stream of requests on it." in shown


def test_a_chip_file_is_named_from_where_the_system_lies(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text('inherits = "acortex_inception"\n[arrays]\nm_top = 13\nm_bottom = 12\nn = 1\n')
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "digits.toml"
    chip = ("--chip", str(tmp_path / "small.toml"), "--set", "arrays.n=1", "--set", "memory.ports=2")
    found = report("compile", "zoo:digits_cnn", "--chips", "1", *chip, "-o", str(path))
    assert len(found["parts"]) == 1
    assert 'chip = "../small.toml"' in path.read_text()
    assert 'settings = ["arrays.n=1", "memory.ports=2"]' in path.read_text()
    assert report("serve", str(path), "--requests", "1")["chips"][0]["chip"] == "small"


def test_the_reference_is_that_of_the_whole_network(tmp_path: Path, digits: Path) -> None:
    path = tmp_path / "ref.onnx"
    assert invoke("compile", "zoo:digits_cnn", "--chips", "2", "--reference", str(path)).exit_code == 0
    import onnxruntime

    data = zoo.graph(zoo.entry("digits_cnn"), 4).samples["input"][:5]
    np.save(tmp_path / "x.npy", data)
    outputs = str(tmp_path / "y.npy")
    done = invoke("serve", str(digits), "--input", str(tmp_path / "x.npy"), "--output", outputs, "--requests", "1")
    assert done.exit_code == 0, done.output
    session = onnxruntime.InferenceSession(path.read_bytes())
    shape = [size if isinstance(size, int) else 1 for size in session.get_inputs()[0].shape]
    for row, one in zip(np.load(outputs), data, strict=True):
        (wanted,) = session.run(None, {"input": one.reshape(shape).astype(np.float32)})
        assert np.array_equal(row.reshape(wanted.shape), wanted)


@pytest.mark.parametrize(
    ("options", "code", "what"),
    [
        (("--chips", "4"), 1, "digits_cnn can be cut into 3 parts at most, and 4 chips were asked for"),
        (("--chips", "0"), 2, "0 is not in the range"),
        (("--chips", "257"), 2, "257 is not in the range"),
        (("--chips", "many"), 2, "'many' is not a valid whole number"),
        (("--chips", "2", "--explain"), 2, "--explain is for one chip"),
        (("--chips", "2", "--smallest-chip"), 2, "--smallest-chip is for one chip"),
        (("--chips", "2", "--sensitivity"), 2, "--sensitivity is for one chip"),
        (("--chips", "2", "--emit-asm", "x.s"), 2, "--emit-asm is for one chip"),
        (("--chips", "2", "-o", "x.acx"), 2, "a system is a .toml file"),
        (("--chips", "2", "-o", "-"), 2, "a system is a .toml file"),
        (("--chips", "2", "-o", "no/such/x.toml"), 2, "no/such"),
        (("--chips", "1", "--set", "arrays.n=1", "--set", "arrays.m_top=2", "--set", "arrays.m_bottom=2"), 1, "cannot"),
        (("--chips", "auto", "--set", "memory.capacity_kb=1"), 1, "conv1 to maxpool_1 cannot be cut"),
    ],
)
def test_what_cannot_be_is_refused(options: tuple[str, ...], code: int, what: str) -> None:
    result = invoke("compile", "zoo:digits_cnn", *options)
    assert result.exit_code == code
    assert what in result.stderr and "Traceback" not in result.stderr


def test_a_program_that_cannot_be_replaced_stops_all(tmp_path: Path) -> None:
    (tmp_path / "x-1.acx").mkdir()
    result = invoke("compile", "zoo:letters_mlp", "--chips", "2", "-o", str(tmp_path / "x.toml"))
    assert result.exit_code == 2 and "x-1.acx" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x-1.acx"]


# serve ----------------------------------------------------------------------------------------------------------------


def test_json_is_that_of_the_schema(digits: Path) -> None:
    found = report("serve", str(digits), "--requests", "50", "--arrivals", "poisson:60%", "--seed", "4")
    assert SystemReport.model_validate(found).stream == {
        "kind": "poisson",
        "requests": 50,
        "rate_per_s": found["stream"]["rate_per_s"],
        "seed": 4,
    }
    assert found["stream"]["rate_per_s"] == pytest.approx(0.6 * found["bottleneck"]["requests_per_s"])
    assert found == report("serve", str(digits), "--requests", "50", "--arrivals", "poisson:60%", "--seed", "4")


def test_the_text_has_percentiles_chips_and_links(digits: Path) -> None:
    result = invoke("serve", str(digits), "--requests", "50", "--replicas", "2")
    assert result.exit_code == 0, result.output
    assert "digits_cnn on 2 replicas of 2 chips   50 requests, all at once" in result.stdout
    for word in ("p50", "p95", "p99", "the chip digits_cnn-0 takes one in 26.6 us", "digits_cnn-0 to digits_cnn-1"):
        assert word in result.stdout


def test_a_link_of_a_file_can_be_moved(digits: Path) -> None:
    usual = report("serve", str(digits), "--requests", "3")
    slow = report("serve", str(digits), "--requests", "3", "--link", "latency_ns=1000", "--link", "words_per_ns=0.001")
    assert slow["links"][0]["latency_s"] == pytest.approx(1e-6 + 196e-6)
    assert (slow["bottleneck"]["kind"], usual["bottleneck"]["kind"]) == ("link", "chip")
    free = report("serve", str(digits), "--requests", "3", "--link", "energy_pj_per_word=0")
    assert free["energy_aj"] == usual["energy_aj"] - usual["energy_by_part_aj"]["links"]


def test_a_program_alone_is_a_system() -> None:
    found = report("serve", "zoo:digits_mlp", "--requests", "7")
    assert (found["system"], found["stages"], found["links"]) == ("digits_mlp", 1, [])
    run = report("run", "zoo:digits_mlp", "--timing-only")
    assert found["energy_per_request_j"] == pytest.approx(run["energy_j"] / 1500, rel=0.01)


def test_arrivals_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text("time_s\n0\n1e-6\n1e-6\n")
    found = report("serve", "zoo:digits_mlp", "--arrivals", str(path))
    assert found["stream"] == {"kind": "file", "requests": 3, "rate_per_s": None, "seed": None}
    assert found["latency_s"]["max"] == pytest.approx((218 + 96) * 1.785e-9)


def test_simulated_timing_says_so() -> None:
    result = invoke("serve", "zoo:digits_mlp", "--requests", "5", "--timing", "simulated")
    assert "each word of each request is simulated" in result.stdout
    assert report("serve", "zoo:digits_mlp", "--requests", "5", "--timing", "simulated")["timing"] == "simulated"


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (("--arrivals", "often"), "no arrivals are called 'often'"),
        (("--arrivals", "poisson:x"), "is no number of requests per second"),
        (("--arrivals", "none.csv"), "none.csv"),
        (("--requests", "0"), "0 is not in the range"),
        (("--replicas", "1025"), "1025 is not in the range"),
        (("--replicas", "2", "--timing", "simulated"), "one replica can be simulated"),
        (("--requests", "10001", "--timing", "simulated"), "too many to simulate"),
        (("--link", "speed=3"), "a link has no 'speed'"),
        (("--link", "words_per_ns=0"), "words_per_ns is 0, allowed is"),
        (("--link", "latency_ns=nan"), "latency_ns is nan"),
        (("--link", "latency_ns"), "latency_ns is "),
        (("--input", "x.npy"), "--input is for --output"),
        (("--output", "no/such/y.npy"), "no/such"),
    ],
)
def test_wrong_options_are_answered_with_what_is_allowed(options: tuple[str, ...], what: str) -> None:
    result = invoke("serve", "zoo:digits_mlp", *options)
    assert result.exit_code == 2
    assert what in result.stderr and "Traceback" not in result.stderr


def test_an_output_is_no_input(digits: Path) -> None:
    result = invoke("serve", str(digits), "--output", str(digits.with_name("digits-0.acx")))
    assert result.exit_code == 2 and "would replace" in result.stderr


@pytest.mark.parametrize(
    "given", [{"chip": "acortex_digits"}, {"settings": ["arrays.n=1"]}, {"link": ["latency_ns=5"]}]
)
def test_a_system_that_is_open_takes_no_options_of_its_file(given: dict[str, Any]) -> None:
    system = open_system("zoo:digits_mlp", None, (), (), weights=False)
    with pytest.raises(UsageError, match="chip, settings and link are for the name of a system"):
        serve(system, requests=1, **given)


def test_errors_are_json_where_that_is_asked_for() -> None:
    result = invoke("serve", "none.toml", "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["errors"][0]["message"].startswith("the system cannot be read")
