"""Analog functions beside tools that others wrote; each test is skipped where its tool is not installed.

    python -m pytest -s -q tests/sim/analog/test_peers.py

prints the figures of docs/validation.md. `ngspice` is looked for on the path; badcrossbar, aihwkit and CrossSim (the
package `simulator`, which PYTHONPATH must lead to) are imported.
"""

from __future__ import annotations

import logging
import math
import shutil
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.sim.analog.pairs import floor_of, from_crossbar, split, to_crossbar
from acortex.sim.analog.programming import tuned
from acortex.sim.analog.reading import read_sigma, squares
from acortex.sim.analog.sensing import cubic, saturating
from acortex.sim.analog.wires import effective, exact, gated, timed

Floats = NDArray[np.floating[Any]]

pytestmark = pytest.mark.filterwarnings("ignore")
"""Warnings of other tools are not ours to mend."""

SIDE = 64


def say(text: str) -> None:
    """A figure for docs/validation.md, which `-s` shows."""
    print(f"\n  {text}", end="")


def one_sided(seed: int = 0) -> Floats:
    """A line of one-sided pairs of 4-bit weights, as shares of the largest conductance: half of the cells are off."""
    rng = np.random.default_rng(seed)
    weights = np.clip(np.rint(rng.normal(0, 3, (SIDE, SIDE))), -8, 7)
    cells: Floats = np.abs(weights) / 8 * (rng.random((SIDE, SIDE)) < 0.5)
    return cells


def signed(seed: int = 3) -> Floats:
    weights: Floats = np.clip(np.rint(np.random.default_rng(seed).normal(0, 3, (SIDE, SIDE))), -8, 8) / 8
    return weights


def inputs(seed: int = 1, count: int = 200) -> Floats:
    return np.random.default_rng(seed).integers(0, 16, (count, SIDE)) / 15


def of_the_drop(found: Floats, right: Floats, ideal: Floats) -> float:
    """How far a result is from the right one, in % of what wires take away."""
    return float(100 * np.linalg.norm(found - right) / np.linalg.norm(ideal - right))


@pytest.mark.parametrize(("row_ohm", "column_ohm"), [(1e-4, 1e-4), (1e-3, 1e-3), (3e-4, 2e-5), (1e-5, 1e-3)])
def test_badcrossbar_solves_the_same_array(row_ohm: float, column_ohm: float) -> None:
    pytest.importorskip("scipy")
    badcrossbar = pytest.importorskip("badcrossbar")
    logging.disable(logging.CRITICAL)
    g = one_sided()
    with np.errstate(divide="ignore"):
        ohm = 1 / g
    lines = {"r_i_word_line": row_ohm, "r_i_bit_line": column_ohm}
    solved = badcrossbar.compute(np.eye(SIDE), ohm, **lines, node_voltages=False, all_currents=False)
    logging.disable(logging.NOTSET)
    right = solved.currents.output
    difference = np.abs(exact(g, row_ohm, column_ohm) - right).max()
    x = inputs()
    closed = of_the_drop(x @ effective(g, row_ohm, column_ohm), x @ right, x @ g)
    say(
        f"badcrossbar, {row_ohm:g} and {column_ohm:g}: exact differs by {difference:.1e}, effective by {closed:.2f} % "
        f"of the drop, which is {100 * (1 - (x @ right) / (x @ g)).max():.0f} % at most"
    )
    assert difference < 1e-10
    assert np.abs(g - right).max() > 1e-3


def netlist(g: Floats, volts: Floats, ohm: float) -> str:
    """An array for SPICE, each row driven at the left, each column into a source of 0 V that measures its current."""
    rows, columns = g.shape
    lines = ["an array"]
    for i in range(rows):
        lines.append(f"vr{i} r{i}_0 0 {float(volts[i])!r}")
        lines += [f"rr{i}_{j} r{i}_{j} r{i}_{j + 1} {ohm!r}" for j in range(columns)]
        lines += [f"rg{i}_{j} r{i}_{j + 1} c{i}_{j} {float(1 / g[i, j])!r}" for j in range(columns) if g[i, j]]
    for j in range(columns):
        lines += [f"rc{i}_{j} c{i}_{j} c{i + 1}_{j} {ohm!r}" for i in range(rows)]
        lines.append(f"vc{j} c{rows}_{j} 0 0")
    return "\n".join(lines)


def currents(circuit: str, sources: int, folder: Path) -> Floats:
    """The currents through the sources vc0, vc1 … of a netlist at rest, by ngspice."""
    printed = [f"print i(vc{at})" for at in range(sources)]
    text = [circuit, ".control", "set numdgt=15", "op", *printed, "quit 0", ".endc", ".end", ""]
    (folder / "array.cir").write_text("\n".join(text))
    command = [shutil.which("ngspice") or "", "-b", "array.cir"]
    said = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return np.array([float(line.split("=")[1]) for line in said.splitlines() if line.startswith("i(")])


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="needs ngspice")
def test_spice_solves_the_same_arrays(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    side = SIDE // 2
    volts = inputs(count=1)[0, :side]
    g = one_sided()[:side, :side]
    right = currents(netlist(g, volts, 1e-3), side, tmp_path)
    difference = np.abs(volts @ exact(g, 1e-3, 1e-3) - right).max()
    say(f"ngspice, 0.001, {side} x {side}: exact differs by {difference:.1e} of sums up to {right.max():.1f}")
    assert difference < 1e-8
    assert np.abs(volts @ g - right).max() > 0.1
    # Both cells of each weight in one array, on the rows that they share.
    pair = np.stack([g[:, :16], one_sided(2)[:side, :16]])
    together = currents(netlist(to_crossbar(pair), volts, 1e-3), 32, tmp_path)
    positive, negative = np.einsum("r,krc->kc", volts, from_crossbar(exact(to_crossbar(pair), 1e-3, 1e-3)))
    assert np.abs(positive - together[0::2]).max() < 1e-8
    assert np.abs(negative - together[1::2]).max() < 1e-8


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="needs ngspice")
def test_spice_has_the_cubic_current(tmp_path: Path) -> None:
    volts = 0.2 * np.arange(16) / 15
    lines = ["cells"]
    for code, volt in enumerate(volts):
        drive = f"v(n{code})"
        lines.append(f"v{code} n{code} 0 {float(volt)!r}")
        lines.append(f"b{code} n{code} m{code} i=40e-6*{drive}*(1+2.1*{drive}*{drive})")
        lines.append(f"vc{code} m{code} 0 0")
    right = currents("\n".join(lines), 16, tmp_path)
    assert cubic(np.arange(16), 2.1, 0.2) == pytest.approx(15 * right / right[15], rel=1e-6)
    assert right[15] / 15 > 1.05 * right[7] / 7


def crosssim(module: str) -> ModuleType:
    """A module of CrossSim, which computes with NumPy from here on: it refuses to compute before it was told so."""
    found: ModuleType = pytest.importorskip(f"simulator.{module}")
    import_module("simulator.backend").ComputeBackend(use_gpu=False)
    return found


@pytest.mark.parametrize("ohm", [1e-5, 1e-4, 3e-4])
def test_crosssim_converges_to_the_same_array(ohm: float) -> None:
    pytest.importorskip("scipy")
    solvers = crosssim("circuits.array.NonInterleaved_InputSource")
    wires = {"Rp_row_norm": ohm, "Rp_col_norm": ohm, "Rp_row_terminal_norm": 0.0, "Rp_col_terminal_norm": 0.0}
    steps = {"Niters_max_parasitics": 10_000, "Verr_th_mvm": 1e-12, "relaxation_gamma": 0.9}
    ways = {"fast_matmul": False, "hide_convergence_msg": True, "Verr_matmul_criterion": "max_max"}
    array = SimpleNamespace(array=SimpleNamespace(parasitics=SimpleNamespace(**wires)))
    found = solvers.NonInterleaved_InputSource_Array(
        SimpleNamespace(xbar=array, simulation=SimpleNamespace(**steps, **ways))
    )
    g, volts = one_sided(), inputs(count=1)[0]
    # Its matrices have outputs as rows; the first of its outputs is the nearest to the drivers.
    right = found.iterative_solve(g.T.copy(), volts)
    difference = np.abs(volts @ exact(g, ohm, ohm) - right).max()
    say(f"CrossSim, {ohm:g}: exact differs by {difference:.1e}, the drop is {np.abs(volts @ g - right).max():.2e}")
    assert difference < 1e-8
    assert np.abs(volts @ g - right).max() > 1e-3


class Device(Protocol):
    """A device of CrossSim: what it makes of conductances whose largest is 1."""

    def programming_error(self, input_: Floats) -> Floats: ...

    def read_noise(self, input_: Floats) -> Floats: ...


def crosssim_device(error: str, model: str, magnitude: float, least: float = 0.0) -> Device:
    """A device of CrossSim with one error, `programming_error` or `read_noise`; `least` is a cell that is off."""
    devices = crosssim("devices.device")
    kinds = ("programming_error", "read_noise", "drift_error", "nonlinear_IV")
    ideal = {kind: SimpleNamespace(enable=False, model="IdealDevice", magnitude=0.0) for kind in kinds}
    errors = {**ideal, error: SimpleNamespace(enable=True, model=model, magnitude=magnitude)}
    bounds = {"Gmin_norm": least, "Gmax_norm": 1.0, "Grange_norm": 1.0 - least, "clip_conductance": False}
    made: Device = devices.Device.create_device(SimpleNamespace(**bounds, cell_bits=0, time=0, **errors))
    return made


def spread_and_mean(cells: Callable[[], Floats], codes: Floats, count: int) -> tuple[Floats, Floats]:
    """The spread and the mean of the sums of so many draws of pairs of cells, (2, rows, columns) each."""
    drawn = (cells() for _ in range(count))
    sums = np.array([codes @ (positive - negative) for positive, negative in drawn])
    return sums.std(axis=0, ddof=1), sums.mean(axis=0)


def pairs(floor: float = 0.0) -> Floats:
    """One array of one-sided pairs of 4-bit weights, (2, rows, columns): cells in levels."""
    cells: Floats = split(8 * signed(), 8, floor)
    return cells


@pytest.mark.parametrize(
    ("model", "magnitude", "of", "shape"),
    [
        ("NormalProportionalDevice", 0.05, "target", "normal"),
        ("NormalIndependentDevice", 0.05, "full_scale", "normal"),
        ("UniformProportionalDevice", 0.1, "target", "band"),
        ("UniformIndependentDevice", 0.1, "full_scale", "band"),
    ],
)
def test_crosssim_makes_the_same_cells_of_the_same_numbers(model: str, magnitude: float, of: str, shape: str) -> None:
    device, targets = crosssim_device("programming_error", model, magnitude), pairs()
    # Its devices draw from the global generator of NumPy; the width of its uniform errors is that of the whole band.
    np.random.seed(7)
    found = 8 * device.programming_error(targets / 8)
    same = np.random.RandomState(7)
    noise = same.standard_normal(targets.shape) if shape == "normal" else same.uniform(size=targets.shape)
    difference = np.abs(found - tuned(targets, noise, 0.05, of, shape)).max()
    say(
        f"CrossSim, {model}: tuned differs by {difference:.1e} levels, errors reach {np.abs(found - targets).max():.2f}"
    )
    assert difference < 1e-12
    assert np.abs(found - targets).max() > 0.3


def test_crosssim_spreads_sums_as_cells_that_are_tuned() -> None:
    device, targets, draws = crosssim_device("programming_error", "NormalProportionalDevice", 0.05), pairs(), 2000
    codes = np.random.default_rng(8).integers(0, 16, SIDE).astype(float)
    rng = np.random.default_rng(9)
    np.random.seed(8)
    theirs, middle = spread_and_mean(lambda: 8 * device.programming_error(targets / 8), codes, draws)
    ours, ours_middle = spread_and_mean(
        lambda: tuned(targets, rng.standard_normal(targets.shape), 0.05, "target", "normal"), codes, draws
    )
    closed = 0.05 * np.sqrt(codes**2 @ (targets**2).sum(axis=0))
    for name, ratio in (
        ("CrossSim", theirs / closed),
        ("tuned", ours / closed),
        ("CrossSim over tuned", theirs / ours),
    ):
        say(f"{name}, 5 % of the target: spread {ratio.mean():.4f}, columns {ratio.min():.3f} to {ratio.max():.3f}")
    for ratio in (theirs / closed, ours / closed):
        assert abs(ratio.mean() - 1) < 0.01
        assert np.abs(ratio - 1).max() < 0.08
    for mean in (middle, ours_middle):
        assert np.abs((mean - codes @ (targets[0] - targets[1])) / closed).max() < 5 / math.sqrt(draws)


def test_crosssim_reads_as_noisily_where_its_clipping_does_not_show() -> None:
    floor = floor_of(8, 10)
    full = 8 + floor
    device = crosssim_device("read_noise", "NormalIndependentDevice", 0.01, least=floor / full)
    codes, cells, reads = np.random.default_rng(10).integers(0, 16, SIDE), pairs(floor), 20_000
    np.random.seed(10)
    spread, mean = spread_and_mean(lambda: full * device.read_noise(cells / full), codes.astype(float), reads)
    # Its percentage is one of the largest conductance, which is a cell that is off and eight levels.
    sigma = float(read_sigma(squares(codes), read_pct=1.0, full_scale=full)[0])
    ratio = spread / sigma
    say(f"CrossSim, read noise 1 %, on/off 10: {ratio.mean():.4f}, columns {ratio.min():.3f} to {ratio.max():.3f}")
    assert np.abs(ratio - 1).max() < 0.03
    assert np.abs(mean - codes @ (cells[0] - cells[1])).max() < 5 * sigma / math.sqrt(reads)


def test_crosssim_loses_noise_where_it_clips_cells_that_are_off() -> None:
    device = crosssim_device("read_noise", "NormalIndependentDevice", 0.01)
    codes, cells, reads = np.random.default_rng(10).integers(0, 16, SIDE), pairs(), 20_000
    np.random.seed(11)
    spread, mean = spread_and_mean(lambda: 8 * device.read_noise(cells / 8), codes.astype(float), reads)
    sigma = float(read_sigma(squares(codes), read_pct=1.0)[0])
    ratio = spread / sigma
    # max(s z, 0) of a unit normal z has the variance s^2 (1/2 - 1 / (2 pi)) and the mean s / sqrt(2 pi).
    off = cells == 0
    kept = np.where(off, 0.5 - 1 / (2 * math.pi), 1.0).sum(axis=0)
    formula = np.sqrt(codes**2 @ kept / (2 * (codes**2).sum()))
    bias = mean - codes @ (cells[0] - cells[1])
    half = 0.08 / math.sqrt(2 * math.pi) * (codes @ (off[0].astype(float) - off[1]))
    say(
        f"CrossSim, read noise 1 %, no floor: {ratio.mean():.4f}, columns {ratio.min():.3f} to {ratio.max():.3f}; "
        f"half normals {formula.mean():.4f}; bias up to {np.abs(bias).max() / sigma:.2f} sigma"
    )
    assert np.abs(ratio / formula - 1).max() < 0.03
    assert np.abs(bias - half).max() < 5 * sigma / math.sqrt(reads)
    assert ratio.max() < 0.9


Tile = Callable[[Floats], Floats]

LISTED = 1 << 15
"""On a CPU aihwkit draws from a list of so many normals (its `src/rpucuda/rng.h`), whose moments are a little off."""


def allowed(drawn: int) -> float:
    """Five standard errors of a spread that is estimated from so many draws, and is that of a list of normals."""
    return 5 * math.sqrt(1 / (2 * drawn) + 1 / (2 * LISTED))


def aihwkit_tile(weights: Floats, train: bool = False, modifier: dict[str, Any] | None = None, **errors: Any) -> Tile:
    """A layer of the IBM Analog Hardware Acceleration Kit with these errors alone; weights are (inputs, outputs)."""
    pytest.importorskip("aihwkit")
    torch = import_module("torch")
    config = import_module("aihwkit.simulator.configs").InferenceRPUConfig()
    enums = import_module("aihwkit.simulator.parameters.enums")
    off = dict.fromkeys(("inp_noise", "out_noise", "w_noise", "ir_drop", "inp_bound", "out_bound"), 0.0)
    ways = {"noise_management": enums.NoiseManagementType.NONE, "bound_management": enums.BoundManagementType.NONE}
    for name, value in {**off, "inp_res": -1, "out_res": -1, **ways, **errors}.items():
        setattr(config.forward, name, value)
    config.mapping.weight_scaling_omega = 0.0
    config.mapping.max_input_size = config.mapping.max_output_size = 0
    for name, value in (modifier or {}).items():
        setattr(config.modifier, name, value)
    layer = import_module("aihwkit.nn").AnalogLinear(*weights.shape, bias=False, rpu_config=config)
    layer.set_weights(torch.tensor(weights.T.astype(np.float32)), None)
    layer.train(train)

    def run(x: Floats) -> Floats:
        if train:
            layer.analog_module.post_update_step()  # draws the weights anew
        with torch.no_grad():
            found: Floats = layer(torch.tensor(x.astype(np.float32))).numpy()
        return found

    return run


def test_aihwkit_has_the_same_output_nonlinearity() -> None:
    weights, x = signed(), inputs()
    tile = aihwkit_tile(weights, out_nonlinearity=0.3, out_bound=40.0)
    found, sums = tile(x), x @ weights
    difference = np.abs(found - saturating(sums, 0.3, 40.0)).max()
    say(
        f"aihwkit, output nonlinearity 0.3: saturating differs by {difference:.1e}, "
        f"the bend is {np.abs(found - sums).max():.2f}"
    )
    assert difference < 1e-4
    assert np.abs(found - sums).max() > 0.1


def test_aihwkit_has_the_same_noise_of_cells() -> None:
    enums = pytest.importorskip("aihwkit.simulator.parameters.enums")
    weights, reads = signed(), 20_000
    codes = np.random.default_rng(4).integers(0, 16, SIDE)
    tile = aihwkit_tile(weights, w_noise=0.01, w_noise_type=enums.WeightNoiseType.ADDITIVE_CONSTANT)
    found = tile(np.repeat(codes[None] / 15, reads, axis=0))
    # Its noise is that of a weight as one cell, of a full scale of 1 for inputs up to 1.
    sigma = read_sigma(np.array([(codes**2).sum()]), read_pct=1.0, cells=1) / (8 * 15)
    ratio = found.std(axis=0, ddof=1) / sigma
    say(
        f"aihwkit, noise of cells 1 %: spread over read_sigma {ratio.mean():.4f}, "
        f"of one column {ratio.min():.3f} to {ratio.max():.3f}"
    )
    assert abs(ratio.mean() - 1) < allowed(reads * SIDE)
    assert np.abs(ratio - 1).max() < allowed(reads)


def test_aihwkit_spreads_sums_as_cells_that_err_in_proportion() -> None:
    enums = pytest.importorskip("aihwkit.simulator.parameters.enums")
    weights, draws = signed(), 2000
    codes = np.random.default_rng(5).integers(0, 16, (1, SIDE))
    modifier = {"type": enums.WeightModifierType.MULT_NORMAL, "std_dev": 0.05, "rel_to_actual_wmax": False}
    tile = aihwkit_tile(weights, train=True, modifier={**modifier, "assumed_wmax": 1.0})
    found = np.concatenate([tile(codes / 15) for _ in range(draws)])
    powers = ((codes[0][:, None] * weights * 8) ** 2).sum(axis=0)
    sigma = read_sigma(np.array([0]), powers=powers, flicker_pct=5.0) / (8 * 15)
    ratio = found.std(axis=0, ddof=1) / sigma
    say(f"aihwkit, cells wrong by 5 % of theirs: spread over the closed form {ratio.mean():.4f}, {draws} draws")
    assert abs(ratio.mean() - 1) < allowed(draws * SIDE)


@pytest.mark.parametrize("ohm", [1e-5, 1e-4, 3e-4])
def test_aihwkit_approximates_gated_cells_less_closely(ohm: float) -> None:
    pytest.importorskip("scipy")
    g = one_sided()
    rng = np.random.default_rng(6)
    on = rng.random((6, SIDE)) < np.linspace(0.1, 0.9, 6)[:, None]
    switched = g * on[:, :, None]
    # Its closed form has resistance along columns alone. Its text has the first input farthest from the output.
    ideal = switched.sum(axis=1)
    found = aihwkit_tile(g, ir_drop=1.0, ir_drop_g_ratio=1 / ohm)(on.astype(np.float32))
    below, above = (exact(switched, 0.0, ohm, ground=end).sum(axis=1) for end in ("below", "above"))
    theirs, turned = of_the_drop(found, below, ideal), of_the_drop(found, above, ideal)
    ours = of_the_drop(gated(g, on, 0.0, ohm), below, ideal)
    say(
        f"aihwkit, gated cells, {ohm:g}: its closed form errs by {theirs:.1f} % of the drop, "
        f"by {turned:.1f} % with the first input nearest; gated errs by {ours:.4f} %"
    )
    assert ours < 0.1 < min(theirs, turned)
    codes = on.astype(int)
    assert timed(g, codes, 0.0, ohm) == pytest.approx(gated(g, on, 0.0, ohm), rel=1e-12)
