"""The pytest plugin, run by pytest on small projects of its own: what passes, what fails, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from acortex.tools.goldens import (
    pinned as pinned_module,  # imported once: a run within this process must not load NumPy again
)

pytest_plugins = ["pytester"]

TEST = """
def test_echo(timing):
    timing.check("echo", program="echo.s"{more})
"""
SLOWER = ', set=["host.word_cycles=3"]'


@pytest.fixture(autouse=True)
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with one program; only the plugins that are named are loaded."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    shutil.copy(Path(__file__).parents[1] / "echo.s", pytester.path)


def write(pytester: pytest.Pytester, more: str = "") -> None:
    pytester.makepyfile(test_echo=TEST.format(more=more))


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "acortex.tools.goldens.pytest_plugin", *args)


def golden(pytester: pytest.Pytester, name: str = "echo") -> Path:
    return pytester.path / "timing" / f"{name}.json"


@pytest.fixture
def pinned(pytester: pytest.Pytester) -> pytest.Pytester:
    """The project with a golden."""
    write(pytester)
    assert run(pytester, "--timing-update").ret == 0
    return pytester


def test_a_missing_golden_fails_and_says_how_to_make_it(pytester: pytest.Pytester) -> None:
    write(pytester)
    result = run(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "timing of echo has no golden timing/echo.json",
            "  hint: pytest --timing-update writes it; look it over, and commit it",
        ]
    )
    assert not golden(pytester).exists()


def test_update_writes_a_golden_that_the_next_run_equals(pytester: pytest.Pytester) -> None:
    write(pytester)
    made = run(pytester, "--timing-update")
    cycles = json.loads(golden(pytester).read_text())["cycles"]
    made.stdout.fnmatch_lines(["*timing goldens*", f"timing/echo.json: written, {cycles} cycles"])
    again = run(pytester)
    assert again.ret == 0
    again.stdout.no_fnmatch_line("*timing goldens*")


def test_a_run_that_is_slower_fails_and_says_where_it_parted(pinned: pytest.Pytester) -> None:
    before = json.loads(golden(pinned).read_text())["cycles"]
    write(pinned, SLOWER)
    result = run(pinned)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"cycles {before} -> {before + 2} (+7.4 %): host.word_cycles 2 -> 3",
            "timing of echo is not that of timing/echo.json",
            "  setting host.word_cycles 2 -> 3",
            "  busy.host/in: 5 -> 6 (+1)",
            "first divergence: cycle 6, unit host/in, host.in, at *echo.s:12 input 0, d0, layer copy, inference 0",
            "  golden  cycle 6, 2 cycles: host/in host.in x1 at *echo.s:12 input 0, d0",
            "  now     cycle 6, 3 cycles: host/in host.in x1 at *echo.s:12 input 0, d0",
            "  golden  led to by *host/in host.in (+2)",
            "  now     led to by *host/in host.in (+3)",
            "energy by component, in aJ",
            "  leakage: *",
            "*hint: where this is meant, pytest --timing-update writes the new golden*",
            f"FAILED test_echo.py::test_echo - Failed: cycles {before} -> {before + 2} (+7.4 %): *",
        ]
    )


def test_a_run_that_is_faster_fails_too(pytester: pytest.Pytester) -> None:
    write(pytester, SLOWER)
    assert run(pytester, "--timing-update").ret == 0
    write(pytester)
    assert run(pytester).ret == 1


def test_a_cycle_that_moves_from_one_cause_to_another_fails(pinned: pytest.Pytester) -> None:
    content = json.loads(golden(pinned).read_text())
    waits = content["waiting"]["host/out"]
    waits["latency"] -= 1
    waits["token"] += 1
    golden(pinned).write_text(json.dumps(content))
    result = run(pinned)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  waiting.host/out.latency: *(+1)", "  waiting.host/out.token: *(-1)"])


def test_without_a_trace_of_the_golden_the_metrics_are_told(pinned: pytest.Pytester) -> None:
    shutil.rmtree(pinned.path / ".pytest_cache")
    write(pinned, SLOWER)
    result = run(pinned, "-p", "no:cacheprovider")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  busy.host/in: 5 -> 6 (+1)", "first divergence: unknown, *"])


def edit(pytester: pytest.Pytester, *pairs: tuple[str, str]) -> None:
    """Replaces texts of the program, each of which is there."""
    path = pytester.path / "echo.s"
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def test_a_program_of_the_same_words_passes_whatever_its_names_and_lines(pinned: pytest.Pytester) -> None:
    edit(pinned, ("        layer", "\n; moved\n        layer"), ("copy", "renamed"), ("endlayer", "endlayer ; the end"))
    assert run(pinned).ret == 0


@pytest.mark.parametrize("cache", [True, False])
def test_an_inserted_instruction_is_the_cause(pinned: pytest.Pytester, cache: bool) -> None:
    if not cache:
        shutil.rmtree(pinned.path / ".pytest_cache")
    edit(pinned, ("        input ", "        nop\n        nop\n        input "))
    lines = (pinned.path / "echo.s").read_text().splitlines()
    result = run(pinned)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "cycles * -> * (+*.* %): inserted nop and 1 more",
            "timing of echo is not that of timing/echo.json",
            f"  inserted *echo.s:{lines.index('        nop') + 1} nop",
        ]
    )


def test_a_golden_of_an_older_version_passes_and_fails_as_it_did(pinned: pytest.Pytester) -> None:
    content = json.loads(golden(pinned).read_text())
    golden(pinned).write_text(json.dumps({name: content[name] for name in list(content)[:-2]}))
    shutil.rmtree(pinned.path / ".pytest_cache")
    write(pinned, SLOWER)
    run(pinned).stdout.fnmatch_lines(["cycles * -> * (+7.4 %): settings and instructions of the golden unknown"])
    write(pinned)
    assert run(pinned).ret == 0
    write(pinned, SLOWER)
    run(pinned).stdout.fnmatch_lines(["cycles * -> * (+7.4 %): host.word_cycles 2 -> 3"])  # by the trace that it kept


def test_a_difference_without_a_cycle_begins_with_its_own_number(pinned: pytest.Pytester) -> None:
    content = json.loads(golden(pinned).read_text())
    content["busy"]["host/in"] -= 1
    golden(pinned).write_text(json.dumps(content))
    result = run(pinned)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["busy.host/in 4 -> 5 (+25.0 %): the same settings and instructions"])


def test_update_shows_what_changed(pinned: pytest.Pytester) -> None:
    write(pinned, SLOWER)
    result = run(pinned, "--timing-update")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["timing/echo.json: updated", "  busy.host/in: 5 -> 6 (+1)"])
    assert run(pinned).ret == 0


@pytest.mark.parametrize("where", [SLOWER + ", tolerances={'cycles': 9, 'busy': 9, 'waiting': 9}", SLOWER])
def test_tolerances_come_from_the_test_and_from_the_ini_file(pinned: pytest.Pytester, where: str) -> None:
    lines = ["inferences = 9", "layers = 9", "energy_aj = 9"]
    if "tolerances" not in where:
        lines += ["cycles = 9", "busy = 9", "waiting = 9"]
    pinned.makeini("[pytest]\ntiming_tolerances =\n  " + "\n  ".join(lines))
    write(pinned, where)
    assert run(pinned).ret == 0


def test_the_marker_gives_defaults_and_chooses_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_two="""
        import pytest

        @pytest.mark.timing(program="echo.s", set={"host.word_cycles": 3})
        def test_marked(timing):
            assert timing.check("marked", "echo.s")["busy"]["host/in"] == 6

        def test_plain():
            assert False
        """
    )
    result = run(pytester, "-m", "timing", "--timing-update")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*the marker timing takes chip, input, set and tolerances, not program"])


def test_a_setting_without_its_name_in_the_marker_is_not_dropped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_marked="""
        import pytest

        @pytest.mark.timing({"host.word_cycles": 3})
        def test_marked(timing):
            timing.check("marked", "echo.s")
        """
    )
    result = run(pytester, "--timing-update")
    assert result.ret == 1 and not (pytester.path / "timing").exists()
    result.stdout.fnmatch_lines(
        ["*the marker timing takes chip=, input=, set= and tolerances=, not {'host.word_cycles': 3}"]
    )


@pytest.mark.parametrize(
    ("given", "told"), [("'cycels': 1", "no metric 'cycels'"), ("'cycles': -1", "tolerance of cycles is -1")]
)
def test_a_wrong_tolerance_fails_an_update_too(pytester: pytest.Pytester, given: str, told: str) -> None:
    pytester.makepyfile(test_a=TEST.format(more=f", tolerances={{{given}}}"))
    result = run(pytester, "--timing-update")
    assert result.ret == 1 and not (pytester.path / "timing").exists()
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_parametrised_tests_and_classes_in_a_folder_of_their_own(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ntiming_dir = pinned")
    below = pytester.mkdir("below")
    (below / "test_class.py").write_text(
        "import pytest\n"
        "class TestEcho:\n"
        "    @pytest.mark.parametrize('cycles', [2, 3])\n"
        "    def test_echo(self, timing, cycles):\n"
        "        timing.check(f'echo[{cycles}]', program='echo.s', set={'host.word_cycles': cycles})\n"
    )
    assert run(pytester, "--timing-update").ret == 0
    assert sorted(path.name for path in (below / "pinned").iterdir()) == ["echo[2].json", "echo[3].json"]
    run(pytester).assert_outcomes(passed=2)


def test_two_checks_that_differ_cannot_share_a_golden(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a=TEST.format(more=""), test_b=TEST.format(more=SLOWER))
    result = run(pytester, "--timing-update")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["two checks use the golden timing/echo.json, and differ"])


def test_goldens_that_no_test_used_are_reported(pinned: pytest.Pytester) -> None:
    shutil.copy(golden(pinned), golden(pinned, "old"))
    (pinned.path / "timing" / "other.json").write_text("{}")
    result = run(pinned)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*unused timing goldens*", f"{golden(pinned, 'old')}: no test uses it; *"])
    result.stdout.no_fnmatch_line("*other.json*")
    run(pinned, "-k", "echo").stdout.no_fnmatch_line("*unused*")
    run(pinned, "test_echo.py").stdout.no_fnmatch_line("*unused*")


def test_goldens_of_a_deleted_module_are_reported(pinned: pytest.Pytester) -> None:
    below = pinned.mkdir("below")
    (pinned.path / "timing").rename(below / "timing")
    (pinned.path / "test_echo.py").rename(below / "test_echo.py")
    pinned.makepyfile(test_other="def test_other():\n    pass\n")
    run(pinned).stdout.no_fnmatch_line("*unused*")
    (below / "test_echo.py").unlink()
    result = run(pinned)
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"{below / 'timing' / 'echo.json'}: no test uses it; *"])
    run(pinned, "test_other.py").stdout.no_fnmatch_line("*unused*")
    run(pinned, "test_other.py", "below").stdout.no_fnmatch_line("*unused*")  # others of the folder were not run
    run(pinned, "below").stdout.fnmatch_lines(["*echo.json: no test uses it; *"])


@pytest.mark.parametrize("where", ["below", ".hidden", "node_modules/deep"])
def test_goldens_where_no_test_was_to_run_are_left_alone(pinned: pytest.Pytester, where: str) -> None:
    (pinned.path / where).mkdir(parents=True)
    shutil.copytree(pinned.path / "timing", pinned.path / where / "timing")
    (pinned.path / where / "test_it.py").write_text("def test_it(timing):\n    pass\n")
    if not where.startswith((".", "node")):
        pinned.makeconftest("collect_ignore = ['below/test_it.py']")
    else:
        (pinned.path / where / "test_it.py").unlink()
    result = run(pinned)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*unused*")


def test_goldens_of_a_module_that_fails_to_import_are_left_alone(pinned: pytest.Pytester) -> None:
    (pinned.path / "test_echo.py").write_text("import no_such_module\n")
    pinned.makepyfile(test_other="def test_other():\n    pass\n")
    result = run(pinned, "--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("*unused*")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("'echo', program='eco.s'", "timing of echo: in *: there is no program eco.s"),
        ("'echo', program='echo.s', chip='acortex_digit'", "timing of echo: *acortex_digit*"),
        ("'a/b', program='echo.s'", "timing of a/b: 'a/b' cannot name a golden"),
        ("'echo', program='echo.s', set=['memory.bank=2']", "timing of echo: *there is no setting memory.bank"),
        ("'echo', program='echo.s', tolerances={'cycle': 1}", "timing of echo: there is no metric 'cycle' to tolerate"),
        (
            "'echo', program='echo.s', tolerances={'cycles': float('nan')}",
            "timing of echo: the tolerance of cycles is nan*",
        ),
        ("'echo', program='echo.s', tolerances=0.1", "timing of echo: 0.1 is no set of tolerances"),
        ("'echo', program='echo.s', set=5", "timing of echo: 5 is no set of settings"),
        ("'echo', program='echo.s', set='clock_ns=2'", "timing of echo: 'clock_ns=2' is no set of settings"),
        ("'echo', program='echo.s', set=[5]", "timing of echo: [[]5] is no set of settings"),
        ("'echo', program='echo.s', input=5", "timing of echo: 5 is no input"),
        ("'echo', program='echo.s', chip=5", "timing of echo: no built-in chip is called *"),
        ("7, program='echo.s'", "timing of 7: 7 cannot name a golden"),
        ("'echo', program=7", "timing of echo: 7 is no program"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(pinned: pytest.Pytester, call: str, told: str) -> None:
    pinned.makepyfile(test_echo=f"def test_echo(timing):\n    timing.check({call})\n")
    result = run(pinned)
    assert result.ret == 1
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("Traceback*")
    result.stdout.no_fnmatch_line("During handling of the above exception*")


@pytest.mark.parametrize(
    "text", ["5", "[]", "null", '{"schema": 5}', '{"schema": "acortex.golden/1", "cycles": {}}', ""]
)
def test_a_golden_that_is_none_is_one_error_that_says_how_to_make_it_anew(pinned: pytest.Pytester, text: str) -> None:
    golden(pinned).write_text(text)
    result = run(pinned)
    assert result.ret == 1
    told = f"timing of echo: {golden(pinned)}: *"
    result.stdout.fnmatch_lines([told, "  hint: restore it, or write it anew: pytest --timing-update, *"])
    result.stdout.no_fnmatch_line("Traceback*")


@pytest.mark.parametrize("part", ["energy_aj", "critical", "layers", "busy", "inferences"])
def test_a_part_of_a_golden_that_is_missing_or_of_another_kind_is_told(pinned: pytest.Pytester, part: str) -> None:
    content = json.loads(golden(pinned).read_text())
    golden(pinned).write_text(json.dumps({**content, part: 7}))
    run(pinned).stdout.fnmatch_lines([f"timing of echo: *echo.json: {part} must be *, not 7"])
    del content[part]
    golden(pinned).write_text(json.dumps(content))
    result = run(pinned)
    assert result.ret == (0 if part == "critical" else 1)
    result.stdout.no_fnmatch_line("Traceback*")


def test_what_lies_among_the_goldens_and_is_no_file_is_passed_over(pinned: pytest.Pytester) -> None:
    (pinned.path / "timing" / "folder.json").mkdir()
    os.mkfifo(pinned.path / "timing" / "pipe.json")
    (pinned.path / "timing" / "gone.json").symlink_to("nowhere")
    assert run(pinned).ret == 0


def test_junit_files_hold_cycles_and_energy(pinned: pytest.Pytester) -> None:
    run(pinned, "--junitxml=report.xml", "-W", "error")
    content = json.loads(golden(pinned).read_text())
    found = {
        one.get("name"): one.get("value") for one in ElementTree.parse(pinned.path / "report.xml").iter("property")
    }
    assert found == {
        "timing.golden": str(golden(pinned)),
        "timing.echo.cycles": str(content["cycles"]),
        "timing.echo.energy_aj": str(sum(content["energy_aj"].values())),
    }


@pytest.mark.slow
def test_workers_of_xdist_are_heard(pinned: pytest.Pytester) -> None:
    shutil.copy(golden(pinned), golden(pinned, "old"))
    result = pinned.runpytest_subprocess("-p", "xdist", "-p", "acortex.tools.goldens.pytest_plugin", "-n", "1")
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"{golden(pinned, 'old')}: no test uses it; *"])
    result.stdout.no_fnmatch_line("*echo.json: no test*")


def test_update_replaces_a_golden_that_a_merge_has_spoilt(pinned: pytest.Pytester) -> None:
    good = golden(pinned).read_text()
    golden(pinned).write_text("<<<<<<< HEAD\n" + good)
    assert run(pinned).ret == 1
    assert run(pinned, "--timing-update").ret == 0
    assert golden(pinned).read_text() == good


def test_the_plugin_loads_nothing_that_pytest_does_not() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import acortex.tools.goldens.pytest_plugin;"
        "print(sorted(name for name in set(sys.modules) - before if not name.startswith('acortex')))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.strip() == "[]"


def test_the_cache_keeps_the_latest_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinned_module, "KEPT", 3)
    (tmp_path / "cache").mkdir()
    for at in range(5):
        old = tmp_path / "cache" / f"{at}.actrace"
        old.touch()
        os.utime(old, (1000 + at, 1000 + at))
    (tmp_path / "run.actrace").write_text("new")
    pins = pinned_module.Pins((tmp_path,), tmp_path, False, (), tmp_path / "cache", {})
    trace: Any = SimpleNamespace(path=tmp_path / "run.actrace")
    pins._keep(tmp_path / "a.json", trace, {"schema": "s"})
    names = {path.name for path in (tmp_path / "cache").iterdir()}
    (new,) = names - {"3.actrace", "4.actrace"}
    assert len(names) == 3 and (tmp_path / "cache" / new).read_text() == "new"
    pins._keep(tmp_path / "b.json", trace, {"schema": "s"})  # of another golden
    names = {path.name for path in (tmp_path / "cache").iterdir()}
    assert {"4.actrace", new} < names and len(names) == 3
