"""From a network in its normal form to a layer graph: levels of weights, multipliers and offsets.

Every number of the network becomes a code of few bits: real = scale * (code - zero). A sum of codes times levels is
then turned into codes of the target by one multiplication for each channel, one offset and one rounding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatchmethod
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.arithmetic.quantisers import FRACTION, REACH
from acortex.programs import graph as g
from acortex.programs.operators.tensors import contiguous
from acortex.programs.quantise.calibration import Statistics
from acortex.programs.quantise.codings import (
    Codings,
    argument_scale,
    code_of,
    fitted,
    multipliers,
    same_codes,
    switched,
    whole_one,
)
from acortex.programs.quantise.ranges import of_range
from acortex.programs.quantise.recurrent import MAKERS, Maker, Parts, first_states, recurrent_layer
from acortex.programs.quantise.tables import columns_of, known_between, table_layers, table_of
from acortex.programs.steps import (
    SWITCHES,
    Activation,
    AddStep,
    CopyStep,
    FloatGraph,
    FloatPort,
    MulStep,
    PadStep,
    PoolStep,
    ProductPart,
    ProductStep,
    RecurrentStep,
    Step,
    TableStep,
)
from acortex.wording import count

Array = NDArray[Any]

REACH_OF_HARDSWISH = REACH / FRACTION
"""The largest number that the chip's hardswish gives."""

LIKE_RELU = 0.75
"""With steps from this on hardswish and relu, which are 0.375 apart at most, differ by less than a rounding."""

FEW_CODES = 0.5
"""A share of the codes: means that span less of them are warned of."""


class Quantiser:
    """Makes a layer of each step; `parts` are those of recurrent steps that are known already, by their names."""

    def __init__(
        self, graph: FloatGraph, statistics: Statistics, codings: Codings, parts: Mapping[str, Parts] | None = None
    ) -> None:
        self._parts = parts or {}
        self.graph = graph
        self.statistics = statistics
        self.codings = codings

    def layers(self, step: Step) -> tuple[g.Layer, ...]:
        """The layers of a step: one, but for a product in parts, and where the chip's hardswish ends below the numbers
        of its map.
        """
        return tuple(layer for one in self._steps(step) for layer in self._each(one))

    def _each(self, step: Step) -> tuple[g.Layer, ...]:
        if isinstance(step, ProductStep) and step.parts:
            whole, target = self.layer(step), self.target(step.out)
            assert isinstance(whole, g.Product)
            return tuple(_part(whole, part, replace(target, phase=part.phase), self._sums(step)) for part in step.parts)
        if isinstance(step, TableStep):
            return self._table(step)
        return (self.layer(step),)

    def _table(self, step: TableStep) -> tuple[g.Layer, ...]:
        """The products that look up a table."""
        coding, one, bits = self.codings.of(step.out), self.graph.maps[step.out], self.statistics.bits
        source = self.codings.of(step.source.map)
        table = table_of(step.function, source, coding)
        seen = self.statistics.samples.get(self.graph.root(step.source.map)[0])
        if seen is not None and not known_between(step.function, source, seen.low, seen.high):
            self.statistics.warnings.append(
                f"{step.name} ({step.op}): it has no value for some numbers that it takes; the nearest code with one"
                " stands for these"
            )
        middle = self._beside(step.out, "apart", g.Coding(1.0, 0, bits))
        self.graph.maps[middle].channels *= len(columns_of(table, bits)[0])
        size = g.Map(one.name, one.height, one.width, one.channels, coding)
        where = g.Target(middle), self.target(step.out)
        return table_layers((step.name, step.op), self.view(step.source), *where, size, table, bits)

    def _steps(self, step: Step) -> tuple[Step, ...]:
        """A step, or those that do the same where its hardswish cannot."""
        coding = self.codings.of(step.out)
        highest = ((1 << coding.bits) - 1 - coding.zero) * coding.scale
        if step.activation.function != "hardswish" or highest <= REACH_OF_HARDSWISH:
            return (step,)
        if coding.scale >= LIKE_RELU:
            return (_with(step, activation=Activation("relu")),)
        return self._gated(step, highest, coding.bits)

    def _gated(self, step: Step, highest: float, bits: int) -> tuple[Step, ...]:
        """A step's hardswish as the product of its numbers, from -3 on, and their hard sigmoid."""
        own = self._beside(step.out, "argument", of_range(-3.0, highest, bits))
        gate = self._beside(step.out, "gate", g.Coding(1 / ((1 << bits) - 1), 0, bits))
        return (
            _with(step, out=own, activation=Activation(low=-3.0)),
            CopyStep(gate, step.op, gate, g.View(own), activation=Activation("hardsigmoid")),
            MulStep(f"{gate}d", step.op, step.out, g.View(own), g.View(gate)),
        )

    def _beside(self, name: str, what: str, coding: g.Coding) -> str:
        """A new map as large as one, of a coding."""
        made = f"{name}.{what}"
        while made in self.graph.maps:
            made += "_"
        self.graph.maps[made] = replace(self.graph.maps[name], name=made, parent=None, coding=None, bounds=None)
        self.codings.give(made, coding)
        return made

    def view(self, view: g.View) -> g.View:
        """A view of the map that holds the one it names."""
        root, offset = self.graph.root(view.map)
        if root == view.map:
            return view
        source = self.graph.maps[view.map]
        channels = view.channels if view.channels is not None else range(source.channels)
        return g.View(root, tuple(offset + c for c in channels), view.top, view.left, view.height, view.width)

    def target(self, name: str) -> g.Target:
        """Where a step's map lies."""
        return g.Target(*self.graph.root(name), self.graph.maps[name].phase)

    @singledispatchmethod
    def layer(self, step: Step) -> g.Layer:
        """The layer of a step."""
        raise AssertionError(f"no layer for {type(step).__name__}")

    @layer.register
    def _product(self, step: ProductStep) -> g.Product:
        source, target = self.codings.of(step.source.map), self.codings.of(step.out)
        levels = self.statistics.levels[step.name]
        if step.activation.function in SWITCHES:
            bias = switched(step.activation.function, levels.bias / (source.scale * levels.steps))
            weights, factor, shift = levels.weights, np.array(whole_one(target)), 0
        else:
            unit = argument_scale(step.activation, target)
            ratios = source.scale * levels.steps / unit
            weights, factor, shift, bias = fitted(levels.weights, ratios, levels.bias / unit)
        offset = _whole(step, bias) - source.zero * weights.sum(axis=(0, 1, 2), dtype=np.int64)
        code = code_of(step.activation, target, shift, factor, offset)
        pad = _code(step.pad, source)
        where, view = self.target(step.out), self.view(step.source)
        rest = step.groups, pad, step.kernel.macs
        return g.Product(step.name, step.op, where, view, weights, step.geometry, code, *rest)

    def _sums(self, step: ProductStep) -> int:
        """The code of 0 of what a product reads, which its offsets take out of the sums of its weights."""
        return self.codings.of(step.source.map).zero

    @layer.register
    def _pool(self, step: PoolStep) -> g.Layer:
        source, target = self.codings.of(step.source.map), self.codings.of(step.out)
        where, view = self.target(step.out), self.view(step.source)
        if step.mode == "average" and not step.inside and source.zero:
            return self._padded_average(step, source, target)
        code = same_codes(target.bits)
        if step.mode == "average" and source == target:
            self._judge_average(step, target)
        if step.mode == "average" and source != target:
            factor, shift = multipliers(source.scale / target.scale)
            code = code_of(step.activation, target, shift, int(factor))
        return g.Pool(step.name, step.op, where, view, step.geometry, step.mode, code, step.inside)

    def _judge_average(self, step: PoolStep, coding: g.Coding) -> None:
        """Warns where means have few codes: means of numbers below zero keep the coding of their source."""
        seen = self.statistics.samples.get(self.graph.root(step.out)[0])
        if seen is None or not coding.zero:
            return
        span = (seen.high - seen.low) / coding.scale
        if span < FEW_CODES * (1 << coding.bits):
            self.statistics.warnings.append(
                f"{step.name} ({step.op}): its means span {span:.2g} of the {(1 << coding.bits) - 1} steps of its"
                " codes: means of numbers below zero keep the codes of what they are taken of"
            )

    def _padded_average(self, step: PoolStep, source: g.Coding, target: g.Coding) -> g.Product:
        """An average that counts padding whose code is not 0: a depthwise product with weights of one."""
        geometry, channels = step.geometry, self.graph.maps[step.out].channels
        pixels = geometry.kernel_y * geometry.kernel_x
        weights = np.ones((geometry.kernel_y, geometry.kernel_x, 1, channels), np.int8)
        factor, shift = multipliers(source.scale / target.scale / pixels)
        code = code_of(step.activation, target, shift, int(factor), -source.zero * pixels)
        where, view = self.target(step.out), self.view(step.source)
        return g.Product(step.name, step.op, where, view, weights, geometry, code, channels, source.zero)

    @layer.register
    def _add(self, step: AddStep) -> g.Layer:
        a, b, target = (self.codings.of(name) for name in (step.a.map, step.b.map, step.out))
        unit = argument_scale(step.activation, target)
        factor, shift = multipliers(np.array([a.scale, b.scale]) / unit)
        code = code_of(step.activation, target, shift, 1)
        views = self.view(step.a), self.view(step.b)
        where = self.target(step.out)
        return g.Add(step.name, step.op, where, *views, a.zero, b.zero, int(factor[0]), int(factor[1]), code)

    @layer.register
    def _mul(self, step: MulStep) -> g.Layer:
        a, b, target = (self.codings.of(name) for name in (step.a.map, step.b.map, step.out))
        factor, shift = multipliers(a.scale * b.scale / argument_scale(step.activation, target))
        code = code_of(step.activation, target, shift, int(factor))
        views = self.view(step.a), self.view(step.b)
        return g.Mul(step.name, step.op, self.target(step.out), *views, a.zero, b.zero, code)

    @layer.register
    def _pad(self, step: PadStep) -> g.Layer:
        coding, channels = self.codings.of(step.out), self.graph.maps[step.out].channels
        weights = np.ones((1, 1, 1, channels), np.int8)
        where, view, code = self.target(step.out), self.view(step.source), same_codes(coding.bits)
        pad = _code(step.pad, coding)
        return g.Product(step.name, step.op, where, view, weights, step.geometry, code, channels, pad)

    @layer.register
    def _copy(self, step: CopyStep) -> g.Layer:
        source, target = self.codings.of(step.source.map), self.codings.of(step.out)
        where, view = self.target(step.out), self.view(step.source)
        exact = step.exact and source == target
        if exact and not contiguous(view):
            return self._gathered(step, view, target)
        if exact:
            return g.Requant(step.name, step.op, where, view, 0, same_codes(target.bits))
        if step.activation.function in SWITCHES:
            factor, shift = np.array(whole_one(target)), 0
        else:
            factor, shift = multipliers(source.scale / argument_scale(step.activation, target))
        code = code_of(step.activation, target, shift, int(factor))
        return g.Requant(step.name, step.op, where, view, source.zero, code)

    def _gathered(self, step: CopyStep, view: g.View, target: g.Coding) -> g.Product:
        """A copy of channels in another order: a product with a matrix that has a one for each."""
        assert view.channels is not None
        out = self.graph.maps[step.out]
        weights = np.zeros((1, 1, self.graph.maps[view.map].channels, out.channels), np.int8)
        weights[0, 0, view.channels, np.arange(out.channels)] = 1
        whole = g.View(view.map, None, view.top, view.left, view.height, view.width)
        geometry = g.Geometry(rows=out.height, columns=out.width)
        where, code = self.target(step.out), same_codes(target.bits)
        return g.Product(step.name, step.op, where, whole, weights, geometry, code)

    @layer.register
    def _recurrent(self, step: RecurrentStep) -> g.Layer:
        known = self._parts.get(step.name)
        return self.sequence(step, MAKERS[step.kind] if known is None else lambda *_: known)

    def sequence(self, step: RecurrentStep, maker: Maker) -> g.Recurrent:
        """The layer of a recurrent step, whose parts a maker makes."""
        source = self.view(step.source)
        targets = [self.target(name) if name else None for name in (step.out, step.last, step.last_state)]
        made = recurrent_layer(step, source, targets, self.codings, maker)
        if step.first_h is not None:
            made = replace(made, first_h=self.view(step.first_h))
        if step.first_c is not None:
            zero, unit = first_states(step, self.codings.of(step.first_c.map))
            made = replace(made, first_state=self.view(step.first_c), first_zero=zero, first_unit=unit)
        return made


def _part(whole: g.Product, part: ProductPart, target: g.Target, zero: int) -> g.Product:
    """The layer of one part of a product: its offsets leave out the code of 0 of its own weights alone."""
    weights = part.weights(whole.weights)
    more = (whole.weights.sum(axis=(0, 1, 2), dtype=np.int64) - weights.sum(axis=(0, 1, 2), dtype=np.int64)) * zero
    code = replace(whole.code, offset=whole.code.offset + more)
    return replace(whole, name=part.name, target=target, weights=weights, geometry=part.geometry, code=code)


def _with(step: Step, **changes: Any) -> Step:
    """A step that is another one but for some of its fields."""
    return replace(step, **changes)


def _code(number: float, coding: g.Coding) -> int:
    """The code nearest to a number."""
    top = (1 << coding.bits) - 1
    return int(np.clip(np.rint(np.clip(number / coding.scale, -top, top)) + coding.zero, 0, top))


MOST_BIAS = 2.0**62
"""The largest bias, in steps of a product's sums."""


def _whole(step: ProductStep, bias: Array) -> NDArray[np.int64]:
    """A bias in steps of the sums as whole numbers. Raises UsageError where these are too large."""
    most = float(np.abs(bias).max(initial=0.0))
    if not most <= MOST_BIAS:
        message = f"{step.name} ({step.op}): its bias is {most:.3g} steps of its sums, {MOST_BIAS:.3g} is the most"
        raise UsageError(message, hint="its weights are far smaller than its bias: see whether they were read right")
    return bias.astype(np.int64)


HINT_OF_BITS = "from 2 to 8 bits are possible; those of a chip are its neurons.bits"
"""What to do about codes of another width."""


def check_bits(bits: int) -> None:
    """Raises UsageError for codes of so many bits that no network is quantised to them."""
    if not 2 <= bits <= 8:
        raise UsageError(f"no network is quantised to codes of {count(bits, 'bit')}", hint=HINT_OF_BITS)


def layers_of(quantiser: Quantiser) -> list[tuple[g.Layer, ...]]:
    """The layers of each step of a quantiser's network."""
    return [quantiser.layers(step) for step in quantiser.graph.steps]


def layer_graph(quantiser: Quantiser, layers: Sequence[tuple[g.Layer, ...]]) -> g.LayerGraph:
    """The layer graph of the layers of each step of a quantiser's network."""
    graph = quantiser.graph
    maps = {
        name: g.Map(name, one.height, one.width, one.channels, quantiser.codings.of(name))
        for name, one in graph.maps.items()
        if one.parent is None
    }
    inputs_out = tuple(port(one) for one in graph.inputs), tuple(output_port(one) for one in graph.outputs)
    hosted, warnings = tuple(graph.host_nodes), (*graph.warnings, *quantiser.statistics.warnings)
    unread = tuple(replace(port(one), axes=None) for one in graph.unread)
    return g.LayerGraph(
        graph.name,
        maps,
        tuple(chain.from_iterable(layers)),
        *inputs_out,
        hosted,
        warnings=warnings,
        calibration=graph.calibration,
        unread=unread,
        parts=graph.parts,
        raw=tuple(replace(port(one), axes=None) for one in graph.raw),
        results=tuple(graph.results),
        chip_nodes=graph.chip_nodes,
        carried=tuple(graph.carried),
    )


def port(one: FloatPort) -> g.Port:
    """A port with all forms that its user may give."""
    model = one.shape[1:] if one.shape[:1] == (1,) and len(one.shape) > 1 else one.shape
    squeezed = tuple(size for size in one.canonical if size > 1)
    shapes = tuple(dict.fromkeys(form for form in (one.canonical, model, squeezed) if form))
    return g.Port(one.name, one.map, one.shape, shapes, one.axes, "linear", one.dtype, one.batch, one.host, one.high)


def output_port(one: FloatPort) -> g.Port:
    """A port whose numbers come out in the model's form."""
    whole = port(one)
    model = one.shape[1:] if one.shape[:1] == (1,) and len(one.shape) > 1 else one.shape
    return replace(whole, shapes=tuple(dict.fromkeys((one.canonical, model))))
