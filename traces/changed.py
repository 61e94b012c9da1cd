"""What two runs were given that differs: the settings of their chips, and the instructions of their programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from acortex.traces.results_of_paths import SettingChange

Setting: TypeAlias = bool | int | float | str | None
Settings: TypeAlias = dict[str, Setting]


def settings(config: Mapping[str, object]) -> Settings:
    """Every setting of a resolved chip by its path, such as memory.banks."""
    return dict(_leaves(config, ""))


def _leaves(table: Mapping[str, object], prefix: str) -> Iterator[tuple[str, Setting]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        elif isinstance(value, Setting) and value not in (inf, -inf) and value == value:
            yield f"{prefix}{name}", value
        else:
            yield f"{prefix}{name}", str(value)


def changed_settings(a: Settings, b: Settings) -> list[SettingChange]:
    """The settings that differ, or that only one of the chips has, in the order of the chips."""
    from acortex.traces.results_of_paths import SettingChange  # a run that compares nothing needs no such type

    paths = [path for path in dict.fromkeys((*a, *b)) if a.get(path) != b.get(path)]
    return [SettingChange(path=path, a=a.get(path), b=b.get(path)) for path in paths]
