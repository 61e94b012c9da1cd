"""The pytest plugin: the fixture `timing` pins the timing of programs in goldens beside the tests.

It is loaded by every pytest run of an environment in which acortex is installed, so it imports nothing that pytest has
not imported; the simulator comes with the first check. What tests report (goldens used, written, updated) travels as
properties of their reports, which pytest-xdist carries from its workers and JUnit files show.

It asserts nothing: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from acortex.tools.goldens.pinned import Pins

USED, NOTE = "timing.golden", "timing.note"
"""Properties of a test's report: the file of a golden that it used, and what `--timing-update` did to one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares --timing-update and the ini options."""
    group = parser.getgroup("timing", "timing of acortex programs")
    group.addoption(
        "--timing-update", action="store_true", help="rewrite the goldens of timing.check, and show changes"
    )
    parser.addini("timing_dir", "folder of the goldens, beside the test file", default="timing")
    parser.addini("timing_tolerances", "relative tolerances, a NAME=RELATIVE a line; none by default", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker, and starts the account of goldens."""
    config.addinivalue_line(
        "markers",
        "timing(chip=None, input=None, set=None, tolerances=None): defaults of timing.check; every test that takes the"
        " fixture `timing` has it",
    )
    config.pluginmanager.register(_Account(config), "acortex-timing-account")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Marks the tests that pin timing, so that `-m timing` chooses them."""
    if "timing" in getattr(item, "fixturenames", ()) and item.get_closest_marker("timing") is None:
        item.add_marker("timing")


class TimingFixture:
    """What the fixture `timing` gives: one `check` for each run that a test pins."""

    def __init__(self, pins: Pins, defaults: Mapping[str, Any], properties: list[tuple[str, object]]) -> None:
        self._pins = pins
        self._defaults = defaults
        self._properties = properties

    def check(
        self,
        name: str,
        program: object,
        chip: object = None,
        input: object = None,
        set: Mapping[str, object] | Sequence[str] | None = None,
        tolerances: Mapping[str, float] | None = None,
    ) -> dict[str, Any]:
        """Simulates a program without values, and fails the test unless its timing is that of the golden `name`.

        `program` is a `.s` or `.acx` file, "zoo:NAME" or a Program; `chip` a built-in name, a `.toml` file or a Chip,
        without it the program's own, with settings such as {"memory.banks": 16} or ["memory.banks=16"] laid over it;
        `input` a `.npy` or `.npz` file or an array. Files are looked for beside the test, then from pytest's root. All
        numbers have to be equal, but for `tolerances`, such as {"energy_aj": 1e-6}. Returns the measured golden.
        """
        __tracebackhide__ = True
        from acortex.errors import AcortexError

        given = {"chip": chip, "input": input, "set": set, "tolerances": tolerances}
        if unknown := sorted(self._defaults.keys() - given.keys()):
            pytest.fail(f"the marker timing takes chip, input, set and tolerances, not {unknown[0]}", pytrace=False)
        asked = {**self._defaults, **{key: value for key, value in given.items() if value is not None}}
        wrong = ""
        try:
            outcome = self._pins.check(name, program, **asked)
        except AcortexError as error:
            wrong = f"timing of {name}: {error}"
        if wrong:  # not within the handler, for pytest would print the error twice
            pytest.fail(wrong, pytrace=False)
        self._properties.append((USED, str(outcome.golden)))
        self._properties.append((f"timing.{name}.cycles", outcome.measured["cycles"]))
        self._properties.append((f"timing.{name}.energy_aj", sum(outcome.measured["energy_aj"].values())))
        if outcome.note:
            self._properties.append((NOTE, outcome.note))
        if outcome.failure:
            pytest.fail(outcome.failure, pytrace=False)
        return outcome.measured


@pytest.fixture
def timing(request: pytest.FixtureRequest) -> TimingFixture:
    """Pins the timing of programs: `timing.check(name, program=…)` against `timing/NAME.json` beside the test file."""
    from acortex.tools.goldens.pinned import Pins

    config = request.config
    marker = request.node.get_closest_marker("timing")
    if marker and marker.args:
        pytest.fail(
            f"the marker timing takes chip=, input=, set= and tolerances=, not {marker.args[0]!r}", pytrace=False
        )
    pins = Pins(
        folders=(request.path.parent, config.rootpath),
        home=request.path.parent / config.getini("timing_dir"),
        update=config.getoption("--timing-update"),
        tolerances=config.getini("timing_tolerances"),
        cache=config.cache.mkdir("acortex-timing") if getattr(config, "cache", None) else None,
        written=config.stash.setdefault(_WRITTEN, {}),
    )
    return TimingFixture(pins, marker.kwargs if marker else {}, request.node.user_properties)


_WRITTEN = pytest.StashKey[dict[Path, str]]()


class _Account:
    """Follows the reports of a run, also those from xdist's workers, and reports on goldens at its end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._used: set[Path] = set()
        self._notes: list[str] = []
        self._seen: set[Path] = set()
        self._unsure: set[Path] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes what a test used and wrote; a test that did not get to its checks leaves its folder in doubt."""
        test = self._config.rootpath / report.nodeid.partition("::")[0]
        self._seen.add(test.parent)
        if not report.passed and "timing" in report.keywords:
            self._unsure.add(test.parent)
        if report.when == "call":
            self._used |= {Path(str(value)) for key, value in report.user_properties if key == USED}
            self._notes += [str(value) for key, value in report.user_properties if key == NOTE]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Leaves the folder of a module that could not be collected in doubt."""
        if not report.passed:
            self._unsure.add((self._config.rootpath / report.nodeid.partition("::")[0]).parent)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Shows what was written, and the goldens that no test used."""
        if self._notes:
            terminalreporter.section("timing goldens")
            for note in self._notes:
                terminalreporter.line(note)
        unused = self._unused()
        if unused:
            terminalreporter.section("unused timing goldens")
            for path in unused:
                terminalreporter.line(f"{path}: no test uses it; delete it, or check its name")

    def _unused(self) -> list[Path]:
        """The goldens beside tests that no test used, where every test that might have was run."""
        option = self._config.option
        places = [self._config.invocation_params.dir / arg for arg in self._config.args]
        if any(getattr(option, name, None) for name in _CHOOSING) or not all(place.is_dir() for place in places):
            return []
        left = {folder for place in places for folder in self._without_tests(place)}
        homes = [folder / self._config.getini("timing_dir") for folder in (self._seen | left) - self._unsure]
        found = {path for home in homes for path in home.glob("*.json")} - self._used
        return sorted(path for path in found if _SCHEMA in _beginning(path))

    def _without_tests(self, place: Path) -> Iterator[Path]:
        """The folders from which pytest collects and that have goldens, but no test file: it may have been deleted."""
        home, tests = self._config.getini("timing_dir"), self._config.getini("python_files")
        for name, folders, files in os.walk(place):
            folders[:] = [one for one in folders if not _matches(one, self._config.getini("norecursedirs"))]
            if Path(name, home).is_dir() and not any(_matches(file, tests) for file in files):
                yield Path(name)


_CHOOSING = ("keyword", "markexpr", "deselect", "lf", "maxfail", "ignore", "ignore_glob", "stepwise", "collectonly")
"""Options of pytest by which some tests do not run."""


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's or a folder's name is one of some patterns."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def _beginning(path: Path) -> bytes:
    """The first bytes of a file; none of what is no file, which no check has written."""
    from acortex import safe_files

    try:
        with safe_files.open_file(path) as file:
            return file.read(100)
    except OSError:
        return b""


_SCHEMA = b"acortex.golden/"
