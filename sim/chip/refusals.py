"""The texts of what is wrong with a chip: its place, the value, what is allowed, and a hint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from acortex.errors import AcortexError, UsageError
from acortex.sim.chip.chip_files import ChipSource
from acortex.sim.chip.setting import Setting
from acortex.wording import nearest, suggestion

Settings = Mapping[str, Setting]
"""Every setting by its path."""

_INHERIT = 'state it, or inherit it: inherits = "acortex_gnmt"'


def place(error: AcortexError) -> tuple[str, int]:
    """The order of errors: by file, then by line."""
    file, _, line = error.where.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (error.where, 0)


def explain(detail: Any, source: ChipSource, settings: Settings) -> AcortexError:
    """One of pydantic's findings as an error with its place, the value, the allowed range and a hint."""
    path = ".".join(str(part) for part in detail["loc"])
    where = source.where(path)
    setting = settings.get(path)
    if detail["type"] == "missing":
        needed = f": {setting.description}, {setting.allowed}" if setting else ""
        return UsageError(f"{path} is missing{needed}", where=where, hint=_INHERIT)
    if detail["type"] == "extra_forbidden":
        return UsageError(f"there is no setting {path}", where=where, hint=_nearest(path, settings))
    value = _written(detail["input"])
    if detail["type"] == "model_type":
        return UsageError(f"{path} is {value}: it is a table of settings", where=where, hint=f"write [{path}]")
    if setting is None:
        return UsageError(f"{path} is {value}: {detail['msg'].lower()}", where=where)
    reason = f" ({detail['ctx']['error']})" if detail["type"] == "value_error" else ""
    return UsageError(f"{path} is {value}{reason}: allowed is {setting.allowed}", where=where, hint=setting.description)


def unknown_sources(source: ChipSource, settings: Settings, reported: set[str]) -> list[AcortexError]:
    """Entries of `[sources]` that name no setting, but for those that were reported as settings."""
    sources = source.data.get("sources")
    unknown = [path for path in (sources if isinstance(sources, dict) else ()) if path not in settings]
    return [
        UsageError(
            f"{path} has a source, but is no setting",
            where=source.where(f"sources.{path}"),
            hint=_nearest(path, settings),
        )
        for path in unknown
        if path not in reported and path.partition(".")[0] not in reported
    ]


def _nearest(path: str, settings: Settings) -> str:
    """A suggestion for a misspelt path: the same name elsewhere first, then the nearest spelling."""
    leaf = path.rpartition(".")[2]
    same = [known for known in settings if known.rpartition(".")[2] == leaf]
    sections = list(dict.fromkeys(name for name, dot, _ in (known.partition(".") for known in settings) if dot))
    near = same[:1] or nearest(path, settings)
    section, dot, _ = path.partition(".")
    if dot and not near and section in sections:
        inside = [known.rpartition(".")[2] for known in settings if known.startswith(f"{section}.")]
        return f"{section} has {', '.join(inside)}"
    return suggestion(near or nearest(path, sections)) or "`acortex chip schema` lists the settings"


def _written(value: object) -> str:
    """A value as a chip file would write it, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value) if isinstance(value, Decimal | int) else json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."
