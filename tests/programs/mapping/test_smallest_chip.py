"""The smallest chip for a network: all that it needs, in one go, and nothing that it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import float_models
import onnx
import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.errors import AcortexError
from acortex.isa.machine import Machine
from acortex.programs import quantised
from acortex.programs.compiler import compile_graph, smallest_chip
from acortex.programs.mapping.memory_plan import WORD_BYTES
from acortex.programs.network.network import Network
from acortex.sim.chip.specs import load_chip
from acortex.tools.cli import cli
from acortex.tools.open.machine import machine_of
from acortex.tools.open.networks import _settings

MACHINE = machine_of(load_chip("acortex_digits"))
POOR = replace(MACHINE, buffer_words=4, line_words=2, output_words=2, state_words=1, instruction_words=20)

NETWORKS = {
    "wide": lambda: Network("wide", input=(4, 20, 20)).conv(9, 9).relu().max_pool(3).flatten().linear(300).linear(20),
    "pools alone": lambda: Network("pools", input=(70, 9, 9)).max_pool(3).conv(3, 1),
    "cells": lambda: Network("cells", input=(3, 70)).lstm(130).linear(5),
}


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


def chip_of(machine: Machine, sizes: dict[str, int]) -> Machine:
    """The machine with the sizes of the smallest chip."""
    more: dict[str, Any] = dict(sizes)
    n, kilobytes = more.pop("n"), more.pop("memory_kb")
    return replace(machine, columns=2 * n, memory_words=kilobytes * 1024 // WORD_BYTES, **more)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("mapping", ["best", "taps"])
def test_the_smallest_chip_holds_all_of_a_network_and_no_store_may_be_smaller(name: str, mapping: str) -> None:
    graph = quantised(NETWORKS[name]())
    sizes = smallest_chip(graph, POOR, mapping)
    chip = chip_of(POOR, sizes)
    made = compile_graph(graph, chip, mapping)
    assert made.report.instructions == chip.instruction_words
    raised = [store for store in sizes if store.endswith("words")]
    assert len(raised) >= 2
    for store in raised:
        smaller: dict[str, Any] = {store: sizes[store] - 1}
        with pytest.raises(AcortexError):
            compile_graph(graph, replace(chip, **smaller), mapping)


def test_stores_that_suffice_are_left_as_they_are() -> None:
    graph = quantised(NETWORKS["wide"]())
    assert set(smallest_chip(graph, machine_of(load_chip("acortex_gnmt")))) == {"m_top", "m_bottom", "n", "memory_kb"}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wide") / "wide.onnx"
    onnx.save(float_models.to_onnx(NETWORKS["wide"]()), path)
    return path


SMALL = ("--set", "instruction_memory.words=20", "--set", "buffer.words=4", "--set", "neurons.output_words=2")


def test_one_command_says_all_that_a_chip_needs_and_the_program_runs_on_it(wide: Path, tmp_path: Path) -> None:
    command = ("compile", wide, "--chip", "acortex_digits", *SMALL, "--smallest-chip")
    made = invoke(*command, "-o", tmp_path / "wide.acx", "--format", "json")
    assert made.exit_code == 0, made.output
    least = json.loads(made.stdout)["smallest_chip"]
    assert least["buffer_words"] == 18 and least["output_words"] == 5 and least["state_words"] is None
    text = " ".join(invoke(*command).stdout.split())
    settings = text[text.index("smallest chip") + len("smallest chip") :].strip().split(", ")
    assert f"neurons.output_words={least['output_words']}" in settings
    given = [part for setting in settings for part in ("--set", setting)]
    ran = invoke("run", tmp_path / "wide.acx", "--chip", "acortex_digits", *given)
    assert ran.exit_code == 0, ran.output


def test_a_queue_that_is_longer_is_not_cut() -> None:
    made = acortex.compile(
        "zoo:digits_cnn", settings=["neurons.output_words=1", "vector.queue_words=30"], smallest_chip=True
    )
    assert made.report.smallest_chip.output_words is None or made.report.smallest_chip.output_words <= 30
    chip = load_chip("acortex_digits", ["neurons.output_words=1", "vector.queue_words=30"])
    assert _settings(chip, {"output_words": 5}) == ["neurons.output_words=5"]
    assert _settings(chip, {"output_words": 31}) == ["neurons.output_words=31", "vector.queue_words=31"]
