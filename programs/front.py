"""The front of the compiler in one call: a network, from a file or a builder, becomes a layer graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acortex.errors import UsageError
from acortex.programs.choices import HOSTS
from acortex.programs.graph import Coding, LayerGraph
from acortex.programs.mapping.limits import MAX_INSTRUCTIONS, check_steps
from acortex.programs.network.dimensions import NO_DIMS
from acortex.programs.network.importer import read_onnx
from acortex.programs.network.network import Model, Network, Node
from acortex.programs.network.subgraphs import graphs, hint_of_branches
from acortex.programs.operators.context import MAX_WORDS, UnsupportedNodes
from acortex.programs.operators.long_windows import within_buffer
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.carry import carries, with_states
from acortex.programs.quantise.effort import MOST_AT_ONCE, quantise
from acortex.programs.quantise.images import as_images
from acortex.programs.quantise.layers import check_bits, port
from acortex.programs.quantise.outline import instructions_are_fixed, outline
from acortex.programs.quantise.progress import Progress, unheard
from acortex.programs.steps import FloatGraph, FloatPort, ProductStep, RecurrentStep
from acortex.wording import count, shape_text

Array = NDArray[Any]

Given = ArrayLike | Mapping[str, ArrayLike]
"""Inputs: an array with one inference per row, or one for each input by name."""

RANDOM_SAMPLES = 4
"""Inputs that are drawn where no data are given; one for networks of more than `MANY_WEIGHTS`."""

FIRST_INPUTS = 64
"""Inputs of a run that set ranges where no calibration set is given: more of them move a percentile but little."""

MOST_MACS = 1 << 35
"""Multiply-accumulates in floating point that the first inputs of a run may take: some ten seconds of work."""

MANY_WEIGHTS = 1 << 23

NO_CARRY: Mapping[str, Sequence[str]] = {}
"""No input takes what outputs gave."""

LARGE = 1 << 22
"""Weights of a network of which it is worth while to see whether it fits before they are read."""

WIDE = 1 << 24
"""Numbers that windows show at all positions of a layer, from which on the same is worth while."""


def quantised(
    source: Path | str | Model | Network,
    calibration: Given | None = None,
    bits: int = 4,
    *,
    inputs: Given | None = None,
    drop_lrn: bool = False,
    method: str = "mse",
    percentile: float = 99.9,
    seed: int = 0,
    codings: Mapping[str, Coding] | None = None,
    fits: Callable[[LayerGraph], object] | None = None,
    most_words: int = MAX_WORDS,
    most_instructions: int = MAX_INSTRUCTIONS,
    buffer_words: int | None = None,
    dims: Mapping[str, int] = NO_DIMS,
    fill_weights: bool = False,
    effort: str | None = None,
    measured: int = 0,
    progress: Progress = unheard,
    carry: Mapping[str, Sequence[str]] = NO_CARRY,
    host: str = "ends",
    timed: bool = False,
) -> LayerGraph:
    """The layer graph of a network: an ONNX file, whose open axes `dims` fixes, a `Model`, or the end of a `Network`.

    With `fill_weights` weights of a file that are missing are random numbers of a fixed seed, for time and energy.

    `calibration` is an array with one inference per row, or one such array for each input by name. Without it the first
    of the `inputs` of a run set the ranges, as many as `first_inputs` says, and without these seeded random ones, with
    a warning. Codes and weights have `bits` bits. `method`, "mse", "percentile" or "minmax", chooses the ranges of
    activations; `codings` fixes those of inputs, by name. `fits` is called for a large network before its weights are
    read, with a graph of its size whose weights are 0: it may refuse it. `carry` names for inputs that stay on the chip
    the outputs that they take of the inference before; their calibration may be left out. No map may take more than
    `most_words` words of main memory, no program more than `most_instructions`; windows that hold more than
    `buffer_words` are cut into parts, each rounded to codes. `host` says what the host does, one of
    `HOSTS`. `effort` is one of `EFFORTS` in `acortex.programs.choices`: without it "best" where there are data,
    "fast" on random numbers, and where `timed` says that time and energy alone are wanted, and no instruction depends
    on levels. Of `measured` layers, those of the least signal to noise, it is measured what they cost
    the outputs. `progress` is called with the steps that are done, and all there are.

    Raises UsageError for files and data that cannot be read, UnsupportedNodes for networks that the chip cannot do.
    """
    graph = _lowered(source, as_model(source, dims, fill_weights), host, drop_lrn, most_words)
    within_buffer(graph, buffer_words)
    check_steps(graph, most_instructions)
    _tell_precision(graph, bits)
    graph.carried = carries(graph, carry)
    for one in graph.inputs:
        if codings is not None and one.name in codings:
            graph.maps[one.map].coding = codings[one.name]
    if fits is not None and _large(graph) and not any(isinstance(step, RecurrentStep) for step in graph.steps):
        fits(outline(graph, bits))
    given, graph.calibration = _calibration(graph, calibration, inputs, seed)
    images = with_states(graph, as_images(graph, given), given)
    stated = calibration is None and inputs is None
    # Where instructions do not depend on weights, levels change nothing that takes time or energy.
    how = effort or ("fast" if stated or (timed and instructions_are_fixed(graph)) else "best")
    rest = measured, progress, given
    return quantise(graph, images, bits, how, *rest, method=method, percentile=percentile, stated=stated)


def _lowered(source: object, model: Model, host: str, drop_lrn: bool, most_words: int) -> FloatGraph:
    """The normal form of the model that was read from a source; an error names the file that it is."""
    try:
        return normal_form(model, host, drop_lrn, most_words)
    except UnsupportedNodes as refused:
        refused.where = refused.where or (str(source) if isinstance(source, (str, Path)) else "")
        raise


HINT_OF_HOST = '--host auto, in Python host="auto", has the host do what the chip cannot, between parts of the program'


HINT_OF_NONE = "run it on the host: the network has no product for the chip's arrays"


def _has_products(model: Model) -> bool:
    """Whether the chip's arrays could do anything of a network."""
    from acortex.programs.host.partition import PRODUCTS

    return any(node.op in PRODUCTS for node in _with_those_inside(model.nodes))


def _with_those_inside(nodes: Sequence[Node]) -> Iterator[Node]:
    """Nodes, and those of the branches and bodies inside them."""
    for node in nodes:
        yield node
        for inner in graphs(node):
            yield from _with_those_inside(inner.nodes)


def _hint_for(refused: UnsupportedNodes, model: Model) -> str:
    """What to do about refused nodes; of malformed ones alone their own lines say it, and no host does them."""
    if {name for name, *_ in refused.nodes} <= {node.name for node in model.nodes if node.fault}:
        return ""
    return hint_of_branches(model) or (HINT_OF_HOST if _has_products(model) else HINT_OF_NONE)


def normal_form(model: Model, host: str = "ends", drop_lrn: bool = False, most_words: int = MAX_WORDS) -> FloatGraph:
    """The normal form of a network, of which the host does what `host` says, one of `HOSTS`.

    Raises the errors of `normalise`, and of `with_host` where the host works between parts of the chip.
    """
    if host not in HOSTS:
        raise UsageError(f"the host cannot work as {host!r}", hint=f"one of {', '.join(HOSTS)}")
    try:
        return normalise(model, drop_lrn=drop_lrn, most_words=most_words)
    except UnsupportedNodes as refused:
        if host == "ends":
            refused.hint = refused.hint or _hint_for(refused, model)
            raise
    from acortex.programs.host.graphs import with_host

    return with_host(model, drop_lrn=drop_lrn, most_words=most_words)


def _tell_precision(graph: FloatGraph, bits: int) -> None:
    """Warns of a network whose own codes have more bits than the chip's."""
    wider = [one for one in graph.maps.values() if one.coding is not None and one.coding.bits > bits]
    if wider:
        most = max(one.coding.bits for one in wider if one.coding is not None)
        graph.warnings.append(
            f"the network has {count(len(wider), 'tensor')} of codes of up to {most} bits, such as {wider[0].name}; the"
            f" chip's codes have {bits}: ranges stay, and steps grow"
        )


def _calibration(
    graph: FloatGraph, calibration: Given | None, inputs: Given | None, seed: int
) -> tuple[dict[str, Array], str]:
    """The inputs on which ranges are chosen, by name, and what they are in words."""
    if calibration is not None:
        given = _by_name(graph, calibration, "calibration set")
        return given, f"{count(_length(given), 'inference')} of the calibration set"
    if inputs is not None:
        given = _by_name(graph, inputs, "input")
        every, first = _length(given), first_inputs(graph)
        said = f"the first {first} of {every:,} inputs" if every > first else f"the {count(every, 'input')}"
        return {name: array[:first] for name, array in given.items()}, f"{said} of the run"
    if any(one.coding is None for one in graph.maps.values()):
        graph.warnings.append("without a calibration set, ranges are chosen on random inputs; accuracy will suffer")
    few = 1 if _weights(graph) > MANY_WEIGHTS else RANDOM_SAMPLES
    return random_inputs(graph, seed, few), count(few, "seeded random input")


def first_inputs(graph: FloatGraph) -> int:
    """Of how many inputs of a run ranges are chosen: `FIRST_INPUTS`, or fewer for a network that takes long."""
    macs = 0
    for step in graph.steps:
        if isinstance(step, ProductStep):
            macs += sum(one.rows * one.columns for one in step.geometries) * math.prod(step.kernel.shape)
        elif isinstance(step, RecurrentStep):
            macs += graph.maps[step.out].width * (graph.channels_of(step.source) + step.hidden) * 4 * step.hidden
    largest = max((math.prod(one.size) for one in graph.maps.values()), default=1)
    return max(min(FIRST_INPUTS, MOST_MACS // max(macs, 1), MOST_AT_ONCE // max(largest, 1)), 1)


def _length(given: Mapping[str, Array]) -> int:
    """The inferences of some inputs, all of which have as many."""
    return len(next(iter(given.values()), ()))


def outlined(source: Path | str | Model | Network, bits: int = 4, buffer_words: int | None = None) -> LayerGraph | None:
    """The layer graph of a network without its weights, for time and energy; None where these depend on the weights.

    Neither draws, reads nor evaluates anything. Raises the errors of `quantised`.
    """
    graph = normalise(as_model(source))
    within_buffer(graph, buffer_words)
    check_steps(graph, MAX_INSTRUCTIONS)
    check_bits(bits)
    return outline(graph, bits) if instructions_are_fixed(graph) else None


def as_model(
    source: Path | str | Model | Network, dims: Mapping[str, int] = NO_DIMS, fill_weights: bool = False
) -> Model:
    """The model of a file, whose open axes `dims` fixes and whose missing weights are drawn, or of a builder."""
    if isinstance(source, Network):
        return source.model
    return source if isinstance(source, Model) else read_onnx(source, dims, fill_weights)


def _weights(graph: FloatGraph) -> int:
    return sum(math.prod(step.kernel.shape) for step in graph.steps if isinstance(step, ProductStep))


def _large(graph: FloatGraph) -> bool:
    """Whether a network takes long to evaluate."""
    return _weights(graph) > LARGE or any(
        step.geometry.rows * step.geometry.columns * math.prod(step.kernel.shape[:3]) > WIDE
        for step in graph.steps
        if isinstance(step, ProductStep)
    )


def random_inputs(graph: FloatGraph, seed: int = 0, inferences: int = RANDOM_SAMPLES) -> dict[str, Array]:
    """Numbers for each input, by name, in the model's shape behind an axis of inferences, by its type (`drawn`)."""
    rng = np.random.default_rng(seed)
    return {one.name: drawn(rng, one.dtype, (inferences, *one.shape), one.high) for one in graph.fed}


BYTE = (0, 255)
"""The numbers that are drawn for integers of more than 8 bits, few of which use the whole range of their type."""


def drawn(rng: np.random.Generator, dtype: str, shape: tuple[int, ...], high: int | None = None) -> Array:
    """Random numbers for an input of a type: normal ones, in float32, for floats; integers of 8 bits from all of their
    range, longer ones from 0 to 255; both truth values. Of integers that are indices `high` is the highest.
    """
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng.standard_normal(shape, dtype=np.float32)
    low, top = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.kind in "iu" and kind.itemsize == 1 else BYTE
    if high is not None:
        low, top = 0, min(top, high)
    return rng.integers(*((0, 1) if kind.kind == "b" else (low, top)), shape, endpoint=True).astype(kind)


def _by_name(graph: FloatGraph, given: Given, what: str) -> dict[str, Array]:
    names = [one.name for one in graph.fed]
    if not isinstance(given, Mapping):
        if len(names) != 1:
            hint = f"give an array for each of {', '.join(names)}"
            raise UsageError(f"the network has {len(names)} inputs, the {what} is one array", hint=hint)
        given = {names[0]: given}
    missing = [name for name in names if name not in given]
    if missing:
        raise UsageError(f"the {what} has nothing for {', '.join(missing)}", hint=f"give {', '.join(names)} by name")
    found = {one.name: _checked(one, given[one.name], what) for one in graph.given if one.name in given}
    if len({len(array) for array in found.values()}) > 1:
        raise UsageError(f"the {what} has different numbers of inferences for its inputs")
    return found


def _checked(one: FloatPort, given: ArrayLike, what: str) -> Array:
    array = np.asarray(given)
    where = f"calibration of {one.name}" if what == "calibration set" else f"input {one.name}"
    if array.dtype.kind not in "biuf":
        raise UsageError(f"the array has dtype {array.dtype}", where=where, hint="give booleans, integers or floats")
    forms = (one.shape, *port(one).shapes)
    if array.shape[1:] not in forms or not len(array):
        spoken = " or ".join(map(shape_text, forms[1:]))
        raise UsageError(f"the array has shape {array.shape}", where=where, hint=f"give (inferences, …) of {spoken}")
    if not np.isfinite(array).all():
        raise UsageError("not every number is finite", where=where)
    if array.dtype.kind == "f" and np.abs(array).max(initial=0) > np.finfo(np.float32).max:
        raise UsageError("a number is too large for a float32", where=where)
    in_type(array, one.dtype, where)
    return array


def in_type(array: Array, dtype: str, where: str) -> Array:
    """Numbers in the type of a model's input. Raises UsageError for one that the type does not hold, with its place:
    integers hold whole numbers within their range, truth values 0 and 1; floats round, and end where theirs end.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        made = array.astype(dtype)
    wrong = np.isinf(made) if made.dtype.kind == "f" else made != array
    if wrong.any():
        place = np.unravel_index(int(wrong.argmax()), wrong.shape)
        told = f"value {array[place]} at [{', '.join(map(str, place))}] is no {made.dtype.name}, the input's type"
        raise UsageError(told, where=where, hint=HINTS_OF_TYPES.get(made.dtype.kind, "give whole numbers of its range"))
    return made


HINTS_OF_TYPES = {"f": "give numbers within its range", "b": "give booleans, or 0 and 1"}
"""What to give for an input of a kind of types."""
