"""How right a program is on a population of chips: `acortex accuracy`."""

from __future__ import annotations

import reprlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.documents import chip_label
from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import decode, from_words
from acortex.isa.program import HostResult, Program, Tensor
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.accuracy.results import AblationRow, AccuracyReport, ConditionRow, Margin
from acortex.sim.accuracy.spread import Tally, spread_of, yield_of
from acortex.sim.accuracy.trims import trims_of
from acortex.sim.accuracy.written import rehearse
from acortex.sim.chip import errors as settings
from acortex.sim.chip.errors import Errors
from acortex.sim.chip.overrides import overrides
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.host_work import HostValues, host_values
from acortex.sim.functional.lanes import follow, lanes_of, values_of
from acortex.sim.functional.rules import limits
from acortex.sim.inputs import HostData, Inputs, host_data
from acortex.wording import count

Progress = Callable[[int, int], None]
Array = NDArray[Any]
Floats = NDArray[np.float64]

WEIGHT_BYTES = 1 << 28
"""About how much memory the weights of the chips that are computed together may take: 256 MB."""

POINTS_BELOW = tuple(map(Fraction, ("0", "0.005", "0.01", "0.02", "0.05", "0.1")))
"""How far below the ideal chip's accuracy yields are told, where nothing else is asked for."""

WRITING, RATIO = "writing", "on/off ratio"
"""The kinds of errors that may need each other."""

WRITTEN_AT_ONCE = 4
"""How many chips are written together where each pulse is simulated: seconds for each, so that progress is seen."""

MOST_CHIPS = 100_000
"""The largest population."""


class _Outcome(NamedTuple):
    """What a population gives: how many inputs each chip has right, margins, the share of numbers that changed."""

    right: NDArray[np.int64]
    margins: Tally | None
    changed: float
    lost: float


@dataclass(frozen=True)
class Conditions:
    """Ages in seconds and temperatures in degrees Celsius at which the same chips are looked at again."""

    ages_s: Sequence[float] = ()
    temperatures_c: Sequence[float] = ()


def accuracy(
    program: Program,
    chip: Chip | None = None,
    *,
    inputs: Inputs = None,
    labels: Array | None = None,
    answer: str | None = None,
    chips: int = 100,
    seed: int = 0,
    conditions: Conditions = Conditions(),
    at_least: Sequence[float] = (),
    ablate: bool = False,
    progress: Progress | None = None,
) -> AccuracyReport:
    """Runs a program on a population of chips with the errors that `chip` states, whatever its `errors.model` says.

    `inputs` and `labels` are those of `acortex.run`; without labels what the ideal chip says is right. Chip i of a
    seed is the same chip in every population. `answer` is the output that is judged, without it the first: its largest
    number, over all of its axes, is what an input is taken for. `at_least` are accuracies whose yield is told; `ablate`
    runs each kind of error alone, and all but it. `progress(done, total)` is called with chips.

    Raises the errors of `acortex.errors` for a program that breaks a rule, and for inputs that do not fit.
    """
    began = time.process_time()
    if not 1 <= chips <= MOST_CHIPS:
        raise UsageError(f"chips is {chips}, allowed is 1 to {MOST_CHIPS:,}")
    chip = chip or chip_of(program)
    limits.check(program, chip)
    host = host_data(program, inputs, labels)
    study = _Study(program, chip, host, seed, range(chips), _answer(program, answer, host))
    kinds = _apart(chip) if ablate else []
    others = _conditions(chip.errors, conditions)
    _rehearse(chip, [errors for _, errors in others])
    tell = _Told(progress, chips * (1 + 2 * len(kinds) + len(others)))
    found = study.outcome(chip.errors, tell, Tally())
    inferences = study.host.inferences
    return AccuracyReport.model_validate(
        {
            "program": program.name,
            "chip": chip_label(chip.name, overrides(chip)),
            "chips": chips,
            "inputs": inferences,
            "seed": seed,
            "output": study.output.name,
            "judged_by": "ideal" if study.host.labels is None else "labels",
            "ideal": study.right(study.ideal) / inferences,
            "accuracy": spread_of(found.right, inferences),
            "per_chip": [int(one) / inferences for one in found.right],
            "yield": [yield_of(found.right, inferences, one) for one in at_least or study.aims],
            "margin": study.margin(found.margins),
            "changed_codes": found.changed,
            "errors": settings.stated(chip.errors),
            "not_modelled": settings.not_modelled(chip.errors),
            "conditions": [_at(study, *varied, tell) for varied in others],
            "ablation": [_ablation(study, one, tell) for one in kinds],
            "lost_arrays": found.lost,
            "trims": trims_of(chip),
            "cpu_s": time.process_time() - began,
        }
    )


def _rehearse(chip: Chip, others: Sequence[Errors]) -> None:
    """Refuses the errors of a chip, and those at other ages and temperatures, that cannot act."""
    for errors in (chip.errors, *others):
        rehearse(chip.model_copy(update={"errors": errors}))


def _answer(program: Program, answer: str | None, host: HostData) -> Tensor | HostResult:
    """The output that is judged. Refuses one that there is not, and labels that it cannot give."""
    outputs: tuple[Tensor | HostResult, ...] = (*program.shown, *program.results)
    names = [one.name for one in outputs]
    if not names:
        raise UsageError(f"{program.name} has no output, and nothing of it is right or wrong")
    if answer is not None and answer not in names:
        shown = reprlib.repr(answer)
        raise UsageError(f"{program.name} has no output {shown}", hint=f"its outputs are {', '.join(names)}")
    output, labels = outputs[0 if answer is None else names.index(answer)], host.labels
    if labels is None:
        return output
    beyond = np.flatnonzero((labels < 0) | (labels >= output.size))
    if len(beyond):
        raise UsageError(
            f"label {beyond[0]} is {labels[beyond[0]]}: output {output.name} has {count(output.size, 'number')}, "
            f"0 to {output.size - 1}",
            where="labels",
            hint="number the outputs from 0 on",
        )
    return output


def _at(study: _Study, varied: str, errors: Errors, tell: _Told) -> ConditionRow:
    """The same chips at another age or temperature."""
    return ConditionRow(
        varied="age_s" if varied == "age_s" else "temperature_c",
        age_s=float(errors.age_s),
        temperature_c=float(errors.temperature_c),
        accuracy=spread_of(study.outcome(errors, tell).right, study.host.inferences),
    )


def _conditions(errors: Errors, conditions: Conditions) -> list[tuple[str, Errors]]:
    """The errors at other ages and temperatures, each with what was varied."""
    varied = [("age_s", age) for age in conditions.ages_s] + [
        ("temperature_c", one) for one in conditions.temperatures_c
    ]
    return [(name, errors.model_copy(update={name: value})) for name, value in varied]


def _apart(chip: Chip) -> list[tuple[str, ...]]:
    """The kinds of errors that a chip states, each alone; those that cannot be written without each other together.

    Some cells have no state as low as 0: what is known of writing them needs a ratio of on to off.
    """
    kinds = settings.acting(chip.errors)
    if not {WRITING, RATIO} <= {*kinds}:
        return [(kind,) for kind in kinds]
    try:
        rehearse(chip.model_copy(update={"errors": settings.without(chip.errors, [RATIO])}))
    except UsageError:
        return [(kind, RATIO) if kind == WRITING else (kind,) for kind in kinds if kind != RATIO]
    return [(kind,) for kind in kinds]


def _ablation(study: _Study, kinds: tuple[str, ...], tell: _Told) -> AblationRow:
    errors = study.chip.errors
    others = [name for name in settings.KINDS if name not in kinds]
    alone = study.mean(settings.without(errors, others), tell)
    without = study.mean(settings.without(errors, kinds), tell)
    named = [name for kind in kinds for name in settings.KINDS[kind]]
    paths = [f"errors.{name}" for name in named if settings.acts(errors, name)]
    return AblationRow(error=", ".join(kinds), settings=paths, alone=alone, without=without)


class _Told:
    """Says how far the work is, over several populations."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def more(self, chips: int) -> None:
        self._done += chips
        if self._progress is not None:
            self._progress(self._done, self._total)


@dataclass(frozen=True)
class _Study:
    """A program with its inputs, ready to run on any population."""

    program: Program
    chip: Chip
    host: HostData
    seed: int
    numbers: range
    output: Tensor | HostResult

    @cached_property
    def _rules(self) -> Functional:
        return follow(self.program, self.chip, self.host.inferences)

    @cached_property
    def _words(self) -> dict[str, NDArray[np.uint8]]:
        return self.host.words(self.program)

    @cached_property
    def ideal(self) -> Array:
        """The output of the ideal chip that is judged: of shape (inputs, numbers)."""
        host = self._of_host()
        ideal: Array = self._judged(values_of(self._rules, self._words, host=host), host)[0]
        return ideal

    @cached_property
    def truth(self) -> Array:
        """The right answer of each input: its label, or what the ideal chip says."""
        return self.ideal.argmax(axis=1) if self.host.labels is None else np.asarray(self.host.labels)

    @property
    def aims(self) -> list[float]:
        """The accuracies whose yields are told: that of the ideal chip, and some below it.

        Each is rounded once, as the accuracy of a chip is: one that is just as good is then good enough.
        """
        ideal = Fraction(self.right(self.ideal), self.host.inferences)
        return [float(ideal - below) for below in POINTS_BELOW if ideal > below]

    def mean(self, errors: Errors, tell: _Told) -> float:
        """The mean accuracy of the population with these errors."""
        right = self.outcome(errors, tell).right
        return int(right.sum()) / (len(right) * self.host.inferences)

    def right(self, outputs: Array) -> int:
        """How many outputs (inputs, numbers) have their largest number, the first of equals, where it should be.

        A single number is always the largest one: it is right where it is what the ideal chip says.
        """
        if outputs.shape[-1] == 1 and self.host.labels is None:
            return int((outputs == self.ideal).sum())
        return int((outputs.argmax(axis=-1) == self.truth).sum())

    def margins(self, outputs: Array) -> Floats:
        """The right number less the largest wrong one, of outputs (..., inputs, numbers)."""
        if outputs.shape[-1] < 2:
            return np.empty(0)
        at = np.broadcast_to(self.truth, outputs.shape[:-1])[..., None]
        right = np.take_along_axis(outputs, at, axis=-1)[..., 0]
        others = outputs.astype(np.float64)
        np.put_along_axis(others, at, -np.inf, axis=-1)
        return np.asarray(right - others.max(axis=-1), dtype=np.float64)

    def margin(self, found: Tally | None) -> Margin | None:
        """How far decisions are from others."""
        ideal = self.margins(self.ideal)
        if not ideal.size or found is None:
            return None
        return Margin(
            ideal_median=float(np.median(ideal)),
            median=found.percentile(50),
            ideal_p5=float(np.percentile(ideal, 5)),
            p5=found.percentile(5),
        )

    def outcome(self, errors: Errors, tell: _Told, margins: Tally | None = None) -> _Outcome:
        """What the population gives with these errors; `margins` counts those of all chips, where they are wanted."""
        right: list[int] = []
        changed, lost = 0.0, 0
        each = min(self._chips_at_once(), WRITTEN_AT_ONCE if errors.programming == "write_verify" else MOST_CHIPS)
        made = self.chip.model_copy(update={"errors": errors})
        for first in range(0, len(self.numbers), each):
            numbers = self.numbers[first : first + each]
            analog = AnalogChips(self._rules.configuration, made, self.seed, numbers, self._top)
            host = self._of_host(len(numbers))
            values = values_of(self._rules, self._words, analog=analog, host=host)
            outputs = self._on_all(self._judged(values, host), len(numbers))
            right.extend(self.right(one) for one in outputs)
            if margins is not None:
                margins.add(self.margins(outputs).reshape(-1))
            changed += float((outputs != self.ideal).mean()) * len(numbers)
            lost += sum(len(at.lost) for at in analog.places)
            tell.more(len(numbers))
        chips = len(self.numbers)
        return _Outcome(np.array(right, dtype=np.int64), margins, changed / chips, lost / chips)

    @cached_property
    def _top(self) -> int:
        return top_code(self.program, self.chip)

    def _chips_at_once(self) -> int:
        """As many chips as the memory allows for their weights and their values, one at least."""
        weights = sum(one.values.size for one in self._rules.configuration.weights.values())
        most = min(WEIGHT_BYTES // max(2 * weights, 1), lanes_of(self._rules) // self.host.inferences)
        return max(min(most, len(self.numbers)), 1)

    def _of_host(self, chips: int = 0) -> HostValues | None:
        """What computes the parts of the host, for so many chips with errors, or for the ideal one."""
        return host_values(self.program, self.host.numbers, self.host.inferences, chips)

    def _judged(self, out: dict[str, NDArray[np.uint8]], host: HostValues | None) -> Array:
        """The output that is judged as numbers: of shape (chips, inputs, numbers)."""
        tensor = self.output
        if isinstance(tensor, HostResult):
            assert host is not None
            made = host.of_chips(tensor.name)
            return made.reshape(*made.shape[:2], -1)
        words = out[tensor.name]
        flat = words.reshape(-1, *words.shape[-2:])
        numbers = decode(tensor, from_words(tensor, flat))
        return numbers.reshape(-1, self.host.inferences, int(np.prod(numbers.shape[1:])))

    def _on_all(self, outputs: Array, chips: int) -> Array:
        return np.broadcast_to(outputs, (chips, *outputs.shape[1:]))
