"""The settings that were laid over a chip, as a user gave them: a chip's name alone does not say what ran."""

from __future__ import annotations

from collections.abc import Mapping

from acortex.sim.chip.chip_files import OVERRIDDEN
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.traces.changed import settings
from acortex.wording import setting_value


def overrides(chip: Chip) -> list[str]:
    """The settings that overrides gave a chip, each as `--set` takes it, in the order of a chip file."""
    values: Mapping[str, object] = settings(chip.config)
    given = [path for path in SETTINGS if chip.sources.get(path) == OVERRIDDEN]
    return [f"{path}={setting_value(values[path])}" for path in given]
