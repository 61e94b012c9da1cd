"""The built-in networks, by name: programs in assembly, and networks that the compiler maps onto a chip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble_file
from acortex.isa.machine import Machine
from acortex.isa.program import Program
from acortex.programs import digits_reference, variants
from acortex.programs.network import published
from acortex.programs.shipped import FOLDER
from acortex.wording import nearest, suggestion

if TYPE_CHECKING:
    from acortex.programs.compiler import Compiled
    from acortex.programs.graph import LayerGraph, Port
    from acortex.programs.network.network import Network

FEW = 200
"""Digits that digits_cnn runs on by default: it takes a thousand array operations for each, digits_mlp two."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Data:
    """What a network brings along: inputs to run on, their labels, and inputs that set the ranges of activations."""

    samples: Array
    labels: Array | None
    calibration: Array


@dataclass(frozen=True)
class Entry:
    """One network: its name, what it is, the chip that it runs on by default, and where it comes from.

    Either `source` names the assembly beside this file, or `network` builds it; `mapping` is how it is compiled unless
    one is asked for, by the names of `acortex.programs.mapping.to_passes`. A source with `weights` takes its weights
    and constants from that data file, as `variants` says. `binary` inputs are pixels of two values, in any of the forms
    `shapes`; such a network's outputs are codes. `check` makes the codes of the outputs of those of the inputs without
    the simulator.
    """

    name: str
    doc: str
    chip: str
    source: str = ""
    weights: str = ""
    network: Callable[[], Network] | None = None
    mapping: str = "best"
    data: Callable[[], Data] | None = None
    binary: tuple[tuple[int, ...], ...] = ()
    check: Callable[[Array], Array] | None = None


def _digits() -> Data:
    digits, cnn = published.arrays("digits_mlp.npz"), published.arrays("digits_cnn.npz")
    calibration = np.unpackbits(cnn["calibration"], axis=1).reshape(-1, 1, 28, 28)
    return Data(digits["images"][:FEW], digits["labels"][:FEW].astype(np.int64), calibration)


def _letters() -> Data:
    letters = published.arrays("letters_mlp.npz")
    return Data(letters["images"], letters["labels"].astype(np.int64), letters["calibration"])


def _flipped_letters(count: int) -> Data:
    from acortex.programs.training.letters import flipped

    images, labels = flipped(count)
    return Data(images, labels.astype(np.int64), published.arrays("letters_mlp.npz")["calibration"])


def _digits_entry(name: str, doc: str) -> Entry:
    """The digits network with the weights and constants of another training."""
    weights = f"{name}.npz"
    check = partial(_codes_of_digits, weights)
    return Entry(name, doc, "acortex_digits", source="digits_mlp.s", weights=weights, check=check)


def _codes_of_digits(weights: str, images: Array) -> Array:
    return digits_reference.evaluate(images, digits_reference.load(FOLDER / weights))


def _letters_entry(count: int, spoken: str) -> Entry:
    """The letters network on images with so many wrong pixels."""
    name = f"letters_mlp_{count}flips"
    doc = f"letters_mlp on every image with {spoken} wrong pixels: harder, and errors show"
    network, data = partial(published.letters_mlp, name), partial(_flipped_letters, count)
    return Entry(name, doc, "acortex_digits", network=network, data=data, binary=((16,), (4, 4)))


PIXELS = ((784,), (28, 28), (1, 28, 28))

PAPER = "taps"
"""The mapping of the networks of Fig. 7b: its counts of array operations and of accesses follow from taps of their own.
"""

# fmt: off
ENTRIES = (
    Entry("digits_mlp", "784-64-10 on 1,500 handwritten digits, hand-written assembly (Bavandpour et al. 2018, Fig. 5)",
          "acortex_digits", source="digits_mlp.s", check=digits_reference.evaluate),
    Entry("letters_mlp", "16-10-4 on letters of 4x4 pixels (Bavandpour et al. 2018, Fig. 4)",
          "acortex_digits", network=published.letters_mlp, data=_letters, binary=((16,), (4, 4))),
    Entry("digits_cnn", "two 3x3 convolutions with pools and a matrix, on 200 handwritten digits",
          "acortex_inception", network=published.digits_cnn, data=_digits, binary=PIXELS),
    _digits_entry("digits_mlp_unsaturated", "digits_mlp with activations that stay within their range: errors show"),
    _digits_entry("digits_mlp_aware", "digits_mlp_unsaturated, trained further on chips with analog errors"),
    _letters_entry(4, "four"),
    _letters_entry(5, "five"),
    Entry("lstm", "an LSTM of 128 cells over 16 steps of 64 features, random weights",
          "acortex_inception", network=published.lstm),
    Entry("inception_v1", "GoogLeNet with its original 5x5 branches, 224x224x3, random weights",
          "acortex_inception", network=published.inception_v1, mapping=PAPER),
    Entry("resnet152", "ResNet-152, the stride in the first 1x1 of each stage, 224x224x3, random weights",
          "acortex_resnet", network=published.resnet152, mapping=PAPER),
    Entry("resnet152_as_tabulated", "ResNet-152 with the four blocks fewer that Fig. 7b seems to count, random weights",
          "acortex_resnet", network=published.resnet152_as_tabulated, mapping=PAPER),
    Entry("gnmt", "16 LSTM layers of 1024 cells, 10 steps, as Fig. 7b counts GNMT, random weights",
          "acortex_gnmt", network=published.gnmt, mapping=PAPER),
    Entry("resnet50", "ResNet-50, 224x224x3, random weights",
          "acortex_resnet", network=published.resnet50),
    Entry("vgg16", "VGG-16, 224x224x3, random weights; on a chip with more memory and arrays than the published ones",
          "acortex_vgg", network=published.vgg16),
    Entry("mobilenet", "MobileNet v1, depthwise and pointwise convolutions, 224x224x3, random weights",
          "acortex_gnmt", network=published.mobilenet),
)
# fmt: on


def names() -> list[dict[str, str]]:
    """One row per network: its name, the chip that it runs on by default, and what it is."""
    return [{"name": entry.name, "chip": entry.chip, "doc": entry.doc} for entry in ENTRIES]


def entry(name: str) -> Entry:
    """The entry of a network. Raises UsageError for a name that the zoo does not have."""
    for one in ENTRIES:
        if one.name == name:
            return one
    known = [one.name for one in ENTRIES]
    hint = suggestion([f"zoo:{near}" for near in nearest(name, known)]) or f"the zoo has {', '.join(known)}"
    raise UsageError(f"the zoo has no network {name or repr(name)}", hint=hint)


def load(name: str, machine: Machine | None = None, weights: bool = True, mapping: str | None = None) -> Program:
    """The program of a network; one that has to be compiled needs the machine to compile it for.

    Without `weights` it may be one for time and energy alone, as `graph` says; without `mapping` it has its entry's.

    Raises UsageError for a name that the zoo does not have, or without that machine.
    """
    one = entry(name)
    if one.weights:
        return variants.assembled(one.name, FOLDER / one.source, one.weights)
    if one.source:
        return assemble_file(FOLDER / one.source)
    if machine is None:
        raise UsageError(f"the network {name} has to be compiled", hint="say for which machine")
    return compiled(one, machine, mapping, weights).program


def check_of(program: Program) -> Callable[[Array], Array] | None:
    """The independent evaluation of a program that claims to be one of the zoo's and has its tensors and weights.

    Its instructions may differ: whether they compute the same is what an evaluation is for.
    """
    for one in ENTRIES:
        if one.check and one.name == program.name and _same_network(load(one.name), program):
            return one.check
    return None


def _same_network(one: Program, other: Program) -> bool:
    """Whether two programs have the same inputs, outputs and weights."""
    weights = [{matrix.name: matrix.values for matrix in program.weights} for program in (one, other)]
    tensors = [
        (program.inputs, program.outputs, list(found)) for program, found in zip((one, other), weights, strict=True)
    ]
    return tensors[0] == tensors[1] and all(np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])


def compiled(one: Entry, machine: Machine, mapping: str | None = None, weights: bool = True) -> Compiled:
    """An entry that is a network, compiled for a machine; `weights` are those of `graph`, `mapping` the entry's own
    where it is None.
    """
    from acortex.programs.compiler import compile_graph

    made = graph(one, machine.bits, weights, buffer_words=machine.buffer_words)
    return compile_graph(made, machine, mapping or one.mapping)


def graph(
    one: Entry, bits: int = 4, weights: bool = True, measured: int = 0, buffer_words: int | None = None
) -> LayerGraph:
    """The layer graph of an entry that is a network, with codes and weights of `bits` bits.

    Without `weights` random ones are not drawn where the time and the energy of a run do not depend on them. Of
    `measured` layers it is measured what their rounding costs. Windows of more than `buffer_words` are cut into parts.
    """
    from acortex.programs.front import outlined, quantised
    from acortex.programs.graph import Coding

    assert one.network is not None
    data = one.data() if one.data else None
    network = one.network()
    if not weights and data is None and (without := outlined(network, bits, buffer_words)) is not None:
        return without
    codings = {network.model.inputs[0].name: Coding(1.0, 0, bits)} if one.binary else {}
    calibration = data.calibration if data else None
    found = quantised(
        network, calibration, bits, codings=codings, effort="fast", measured=measured, buffer_words=buffer_words
    )
    if one.binary:
        inputs = tuple(replace(port, shapes=_forms(port, one.binary), encode="binary") for port in found.inputs)
        outputs = tuple(replace(port, encode="codes", dtype="uint8") for port in found.outputs)
        found = replace(found, inputs=inputs, outputs=outputs)
    if data is None:
        return replace(found, warnings=(), own_quantisers=True)
    return replace(found, samples={found.inputs[0].name: data.samples}, labels=data.labels)


def _forms(port: Port, forms: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """A port's canonical shape, and all other forms that users may give."""
    return tuple(dict.fromkeys((port.shapes[0], *forms, *port.shapes)))
