"""The runner of mutants itself: which there are, how one is put in place, and what a run comes to."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mutation.changes import Mutant, mutants
from mutation.scores import EXPLAINED, Explained, Outcome, diff, explained, needless, scores, toml
from mutation.swap import functions_of, swap
from mutation.trial import device_replaced, keep_devices

SOURCE = '''\
"""A text of 1 line."""
LIMIT: int = 1 << 20


class Row:
    @functools.lru_cache(maxsize=8)
    def fits(self, size: int) -> bool:
        assert size > 0, "a size is 1 at least"
        if size < LIMIT and self.free:  # < is meant
            return size in (1,
                            2)
        raise ValueError(f"{size + 1}")
'''


def changed(source: str) -> list[tuple[str, str, str]]:
    """Mutants as the function they are in, and the lines before and behind."""
    return [(one.function, one.original, one.mutated) for one in mutants("a.py", source)]


def test_the_mutants_of_a_source_are_those_found_by_hand() -> None:
    body = "if size < LIMIT and self.free: # < is meant"
    assert changed(SOURCE) == [
        ("", "LIMIT: int = 1 << 20", "LIMIT: int = 2 << 20"),
        ("", "LIMIT: int = 1 << 20", "LIMIT: int = 1 >> 20"),
        ("", "LIMIT: int = 1 << 20", "LIMIT: int = 1 << 21"),
        ("Row.fits", body, "if size <= LIMIT and self.free: # < is meant"),
        ("Row.fits", body, "if size < LIMIT or self.free: # < is meant"),
        ("Row.fits", "return size in (1,", "return size not in (1,"),
        ("Row.fits", "return size in (1,", "return size in (2,"),
        ("Row.fits", "2)", "3)"),
        ("Row.fits", 'raise ValueError(f"{size + 1}")', "pass"),
    ]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("x = a if b else c", ["x = a if (not (b)) else c"]),
        ("x = not a", ["x = a"]),
        ("x = -1", ["x = +1"]),
        ("x = f(a, key=b)", ["x = f(a)"]),
        ("x = f(a, key='text')", []),
        ("x = zip(a, b, strict=True)", []),
        ("x = min(a, b)", ["x = max(a, b)"]),
        ("x -= a // b", ["x += a // b", "x -= a * b"]),
        ("x = True", ["x = False"]),
        ("f(a)", ["pass"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if (not (a))]"]),
        ("x = (a)  not   in (b)", ["x = (a) in (b)"]),
        ("x = a ** -b", ["x = a * -b", "x = a ** +b"]),
    ],
)
def test_a_statement_has_these_mutants(before: str, behind: list[str]) -> None:
    assert [mutated for _, _, mutated in changed(before)] == behind


def test_a_statement_of_many_lines_leaves_the_lines_below_where_they_are() -> None:
    source = "raise ValueError(\n    one,\n    two,\n)\nlast = 1\n"
    applied = mutants("a.py", source)[0].applied()
    assert applied == "pass\n\n\n\nlast = 1\n"


def test_letters_of_two_bytes_move_no_mutant() -> None:
    assert changed('x = "ÄÖ", a < b') == [("", 'x = "ÄÖ", a < b', 'x = "ÄÖ", a <= b')]


def loaded(source: str, path: str) -> dict[str, Callable[..., object]]:
    names: dict[str, Callable[..., object]] = {"lru_cache": functools.lru_cache}
    exec(compile(source, path, "exec"), names)
    return names


def test_a_decorated_function_and_a_closure_get_the_code_of_a_mutant() -> None:
    source = "@lru_cache\ndef f(a):\n    return a < 3\n\ndef g(b):\n    def h(a):\n        return a < b\n    return h\n"
    names = loaded(source, "/nowhere/decorated.py")
    closure = names["g"](3)
    known = functions_of("/nowhere/decorated.py")
    assert swap(known, "/nowhere/decorated.py", source.replace("<", "<="))
    assert (names["f"](3), closure(3)) == (True, True)  # type: ignore[operator]


def test_code_of_a_module_and_lambdas_of_one_line_are_not_swapped() -> None:
    source = "LIMIT = 3\nf, g = lambda a: a < 3, lambda a: a < 4\n"
    names = loaded(source, "/nowhere/lambdas.py")
    known = functions_of("/nowhere/lambdas.py")
    assert not swap(known, "/nowhere/lambdas.py", source.replace("LIMIT = 3", "LIMIT = 4"))
    assert not swap(known, "/nowhere/lambdas.py", source.replace("a < 3", "a <= 3"))
    assert names["f"](3) is False


# What a run comes to --------------------------------------------------------------------------------------------------


def outcome(file: str, verdict: str, source: str = "x = a < b\n") -> Outcome:
    return Outcome(replace(mutants(file, source)[0]), verdict, 5)


def row(mutant: Mutant, *, equivalent: bool) -> dict[tuple[str, str, str, str], Explained]:
    return {mutant.key: Explained(mutant.key, "a reason", equivalent)}


def test_readers_of_files_are_held_to_95_percent_and_others_to_85() -> None:
    found = [outcome("isa/codec.py", "killed")] * 9 + [outcome("isa/codec.py", "survived")]
    found += [outcome("sim/chip/clock.py", "killed")] * 9 + [outcome("sim/chip/clock.py", "survived")]
    known = {**row(found[9].mutant, equivalent=False), **row(found[19].mutant, equivalent=False)}
    assert [(one.name, one.percent, one.bar, one.passes) for one in scores(found, known)] == [
        ("isa", 90.0, 95, False),
        ("sim/chip", 90.0, 85, True),
    ]


def test_a_survivor_that_is_not_explained_fails_whatever_the_score() -> None:
    found = [outcome("sim/chip/clock.py", "killed")] * 99 + [outcome("sim/chip/clock.py", "not run")]
    (score,) = scores(found, {})
    assert (score.percent, score.unexplained, score.passes) == (99.0, 1, False)


def test_an_equivalent_mutant_counts_neither_way() -> None:
    found = [outcome("isa/codec.py", "killed"), outcome("isa/codec.py", "survived")]
    (score,) = scores(found, row(found[1].mutant, equivalent=True))
    assert (score.percent, score.equivalent, score.passes) == (100.0, 1, True)


def test_a_survivor_is_known_again_where_its_line_has_moved() -> None:
    before = outcome("isa/codec.py", "survived")
    behind = outcome("isa/codec.py", "survived", "y = c\n\n\nx = a < b\n")
    (score,) = scores([behind], row(before.mutant, equivalent=True))
    assert score.passes
    assert needless([behind], row(before.mutant, equivalent=True)) == []


def test_a_row_about_a_mutant_that_is_killed_is_needless() -> None:
    killed = outcome("isa/codec.py", "killed")
    assert needless([killed], row(killed.mutant, equivalent=True)) == [killed.mutant.key]


def test_what_stands_above_a_survivor_is_its_row_of_the_file() -> None:
    survivor = outcome("isa/codec.py", "survived", "x = a < 'b'\n")
    head = [line[2:] for line in diff(survivor).splitlines() if line.startswith("# ")]
    rows = explained("\n".join(head[1:]).replace('reason = ""', 'reason = "why"'))
    assert rows[survivor.mutant.key].reason == "why"
    assert "-x = a < 'b'\n+x = a <= 'b'\n" in diff(survivor)


def test_any_text_is_read_back_from_toml() -> None:
    for text in ("a", "it's", "'''", "\\'''\""):
        assert explained(
            f"[[survivor]]\nfile = {toml(text)}\nfunction = ''\noriginal = ''\nmutated = ''\n"
            "equivalent = true\nreason = 'why'"
        ).keys() == {(text, "", "", "")}


def test_a_row_without_a_reason_is_refused() -> None:
    text = "[[survivor]]\nfile = 'a'\nfunction = ''\noriginal = 'b'\nmutated = 'c'\nequivalent = true\nreason = ' '"
    with pytest.raises(ValueError, match="no reason is given"):
        explained(text)


def test_each_explained_survivor_is_of_a_module_that_there_is(checkout: Path) -> None:
    """Whether it is still a mutant of it, the next run of that module tells."""
    assert [key[0] for key in explained(EXPLAINED.read_text()) if not (checkout / key[0]).is_file()] == []


@pytest.mark.slow
def test_a_run_tells_what_tests_catch_from_what_they_do_not(checkout: Path, tmp_path: Path) -> None:
    """Of `intervals.py` its tests catch all but what is explained; tests that never call it catch nothing."""
    command = [sys.executable, "-P", "-m", "mutation", "intervals.py", "--jobs", "1", "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": f"tests{os.pathsep}tests/programs"}
    run = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert "| `intervals.py` |" in run.stdout


@pytest.mark.parametrize(
    ("event", "arguments", "device"),
    [
        ("os.rename", ("/tmp/a", "/dev/null", -1, -1), "/dev/null"),
        ("os.rename", (b"a", b"/dev/full"), "/dev/full"),
        ("os.remove", ("/dev/null", -1), "/dev/null"),
        ("os.rename", ("/dev/null", "/tmp/a", -1, -1), ""),
        ("os.remove", ("/tmp/dev/null", -1), ""),
        ("open", ("/dev/null", "w", 0), ""),
    ],
)
def test_what_would_replace_a_device_is_known(event: str, arguments: tuple[object, ...], device: str) -> None:
    assert device_replaced(event, arguments) == device


def test_no_mutant_puts_a_file_in_the_place_of_a_device() -> None:
    with pytest.raises(PermissionError, match="/dev/null"):
        keep_devices("os.rename", ("/tmp/a", "/dev/null", -1, -1))
