"""A deadlock names who waits for whom, and the circle or the missing thing that closes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from echo_runs import echo, sends

from acortex.isa import assemble, assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.timing.deadlock import SETTINGS, Wait, closing
from acortex.sim.timing.wiring import DeadlockError, TimedChip
from acortex.tools.cli import cli

STUCK = Path(__file__).parents[1] / "stuck.s"

TOKENS = """
        .program tokens
        .chip acortex_digits
        .input x, shape=64x12
        .output y, shape=64x12
        quant q0, 1, 0, activation=relu
        start
        base d0, 0
        dim d0, 0, 12
        base d1, 12
        dim d1, 0, 12
        inference
        input x, d0
        signal host_in, t0
        await read, t0
        read d0, to=vector
        signal read, t1
        await vector, t1
        requant q0, 12
        write d1, source=vector
        signal write, t2
        await host_out, t2
        output y, d1
        endinference
        halt
"""
"""The vector agent begins when all is read, and its queue holds less than that."""


def deadlock(program: str | Path, *settings: str) -> DeadlockError:
    source = assemble_file(program) if isinstance(program, Path) else assemble(program)
    with pytest.raises(DeadlockError) as caught:
        run(source, load_chip("acortex_digits", settings), values=False)
    return caught.value


def edges(error: DeadlockError) -> dict[str, str]:
    """From whom each unit waits for something, as the notes say."""
    told = [re.fullmatch(r"(\S+) waits for .*?(?:, from (\S+))?", message) for message, _ in error.places]
    return {one[1]: one[2] or "" for one in told if one}


def circle(error: DeadlockError) -> list[str]:
    """The units of the circle that the hint names."""
    told = re.match(r"a circle closes it: (.*); the first of them", error.hint)
    assert told, error.hint
    return [part.partition(" waits for ")[0] for part in told[1].split("; ")]


@pytest.mark.parametrize("words", [2, 3, 5])
def test_the_circle_of_two_queues_and_a_token(words: int) -> None:
    error = deadlock(STUCK, f"vector.queue_words={words}")
    assert circle(error) == ["main_memory/write", "main_memory/read", "vector"]
    assert "token t3 of `signal read, t3` at stuck.s:17" in error.hint
    for queue in ("stream", "results"):
        assert f"a place in {queue}, full with {words} (vector.queue_words)" in error.hint


def test_the_circle_of_a_token_and_a_queue() -> None:
    error = deadlock(TOKENS, "vector.queue_words=8")
    assert set(circle(error)) == {"main_memory/read", "vector"}
    assert "token t1 of `signal read, t1`" in error.hint and "a place in stream, full with 8" in error.hint


def test_it_goes_on_where_the_queue_holds_what_the_circle_lacked() -> None:
    report = run(assemble(TOKENS), load_chip("acortex_digits", ["vector.queue_words=12"]), values=False).report
    assert report.complete and report.counts["host_words.out"] == 12


def test_a_full_queue_of_instructions_is_one_of_an_agent() -> None:
    more = "signal vector, t9\n" * 20
    error = deadlock(
        TOKENS.replace("        requant q0, 12\n", f"        requant q0, 12\n{more}"), "vector.queue_words=8"
    )
    assert edges(error)["controller"] == "vector"
    depth = load_chip("acortex_digits").controller.queue_depth
    told = f"controller waits for a place in the queue of vector, full with {depth} instructions, from vector"
    assert told in dict(error.places)


@pytest.mark.parametrize("program", [STUCK, TOKENS])
def test_every_unit_waits_for_one_that_waits_itself(program: str | Path) -> None:
    error = deadlock(program, "vector.queue_words=3")
    found = edges(error)
    assert len(found) == len(error.places) == error.message.count(" waits for ")
    assert set(found.values()) <= set(found)
    around = circle(error)
    assert [found[one] for one in around] == [*around[1:], around[0]]


def test_notes_and_circle_are_in_the_document() -> None:
    args = ["run", str(STUCK), "--set", "vector.queue_words=3", "--format", "json"]
    found = CliRunner().invoke(cli, args, prog_name="acortex")
    (row,) = json.loads(found.stdout)["errors"]
    assert (found.exit_code, len(row["notes"])) == (1, 5)
    assert all(note["file"].endswith("stuck.s") and note["line"] for note in row["notes"])
    assert "a circle closes it: " in row["hint"] and "a circle closes it: " in found.stderr


def test_a_word_that_no_process_offers_is_what_is_missing() -> None:
    with pytest.raises(DeadlockError) as caught:
        echo(sends((0, 1)))
    assert caught.value.hint.startswith("what is missing: host/in waits for ")


def test_a_chain_without_a_circle_ends_with_what_is_missing() -> None:
    waits = {"a": Wait("a", "tea", "b"), "b": Wait("b", "water", "")}
    assert closing(waits, ["a"]) == "what is missing: b waits for water"
    idle = {"a": Wait("a", "tea", "c")}
    assert closing(idle, ["a"]) == "what is missing: a waits for tea, from c, which has nothing left to do"


def test_the_circle_is_found_from_a_unit_beside_it() -> None:
    waits = {"x": Wait("x", "1", "a"), "a": Wait("a", "2", "b"), "b": Wait("b", "3", "a")}
    assert closing(waits, ["x", "a", "b"]) == "a circle closes it: a waits for 2, from b; b waits for 3, from a"


def test_every_queue_that_is_named_is_one_of_the_chip_and_has_its_setting() -> None:
    chip = load_chip("acortex_digits", [f"{path}=37" for path in set(SETTINGS.values()) - {"vector.queue_words"}])
    from acortex.sim.run import prepare

    made: TimedChip = prepare(assemble_file(STUCK), chip).timed_chip()
    held = {name: channel.capacity for name, channel in made._channels.items()} | {"vectors": made._vectors.capacity}
    assert set(held) == set(SETTINGS)
    for name, path in SETTINGS.items():
        assert held[name] == (chip.vector.queue_words if path == "vector.queue_words" else 37)
