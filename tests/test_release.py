"""What a release and a fork rely on: versions, the matrix of Pythons, and the files for others' services."""

from __future__ import annotations

import configparser
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

import acortex

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    """The sessions of nox."""
    spec = importlib.util.spec_from_file_location("acortex_noxfile", ROOT / "tests" / "noxfile.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def config() -> configparser.ConfigParser:
    """setup.cfg."""
    found = configparser.ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def test_the_version_is_a_semantic_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", acortex.__version__)


def test_the_citation_names_the_version_and_the_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == acortex.__version__
    assert citation["license"] == config()["metadata"]["license"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_the_oldest_python_of_the_matrix_is_the_one_that_is_required(noxfile: ModuleType) -> None:
    assert config()["options"]["python_requires"] == f">={noxfile.PYTHONS[0]}"


def test_every_library_has_an_oldest_version_which_is_pinned(noxfile: ModuleType) -> None:
    required = [line for line in config()["options"]["install_requires"].split("\n") if line]
    pins = noxfile.oldest()
    assert len(pins) == len(required)
    for line, pin in zip(required, pins, strict=True):
        assert pin.startswith(f"{re.split('[><=]', line)[0]}==") and ">=" not in pin.split(";")[0]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_a_trigger_few_rights_and_jobs_that_end(path: Path) -> None:
    flow = yaml.safe_load(path.read_text())
    assert flow[True]  # YAML reads `on` as true
    assert flow["permissions"]
    for job in flow["jobs"].values():
        assert job["timeout-minutes"] <= 360 and job["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_a_workflow_calls_is_there(path: Path, noxfile: ModuleType) -> None:
    text = path.read_text()
    rules = re.findall(r"^([a-z]+|\.venv/\S+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for rule in re.findall(r"run: make (\S+)", text):
        assert rule in rules
    for session in re.findall(r"noxfile.py -s ([a-z]+)", text):
        assert callable(getattr(noxfile, session))
    for script in re.findall(r"run: (\.ci/\S+)", text):
        assert (ROOT / script).is_file()


def test_the_matrix_of_the_fork_is_that_of_nox(noxfile: ModuleType) -> None:
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert tuple(flow["jobs"]["tests"]["strategy"]["matrix"]["python"]) == noxfile.PYTHONS


class Session:
    """What `compare` needs of a session."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def error(self, message: str) -> None:
        self.told.append(message)

    def log(self, message: str) -> None:
        pass


def compared(noxfile: ModuleType, folder: Path, contents: dict[str, str]) -> list[str]:
    """What is told of environments and their digests."""
    for name, text in contents.items():
        (folder / f"{name}.json").write_text(text)
    session = Session()
    noxfile.compare(session, folder)
    return session.told


def test_two_environments_that_differ_are_told(noxfile: ModuleType, tmp_path: Path) -> None:
    contents = {
        "3.11-newest-0": '{"report": "a", "svg": "b"}',
        "3.12-newest-0": '{"report": "a", "svg": "c"}',
        "3.13-newest-0": '{"report": "a"}',
    }
    assert compared(noxfile, tmp_path, contents) == [
        "3.12-newest-0.json differs from 3.11-newest-0.json: svg",
        "3.13-newest-0.json differs from 3.11-newest-0.json: svg",
    ]


def test_what_depends_on_a_library_is_compared_between_its_conditions_alone(
    noxfile: ModuleType, tmp_path: Path
) -> None:
    contents = {
        "3.11-newest-0": '{"here-a": "1"}',
        "3.12-newest-0": '{"here-a": "2"}',
        "3.12-newest-1": '{"here-a": "2"}',
    }
    assert compared(noxfile, tmp_path, contents) == []
    told = compared(noxfile, tmp_path, {"3.12-newest-2": '{"here-a": "1"}'})
    assert told == ["3.12-newest-2.json differs from 3.11-newest-0.json: here-a"]
