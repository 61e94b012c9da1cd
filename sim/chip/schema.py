"""The JSON Schema of chip files, for editors that complete and check them."""

from __future__ import annotations

from typing import Any

from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY, technology
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.sim.chip.technology_files import technologies


def _from_technologies() -> list[str]:
    """The tables that need not be stated, because whatever technology is named sets all of them."""
    set_by_all: set[str] = set()
    for kind in NAMES_TECHNOLOGY.values():
        files = [technology(kind, name).data for name in technologies(kind)]
        paths = [
            {f"{table}.{key}" for table, keys in data.items() if isinstance(keys, dict) for key in keys}
            for data in files
        ]
        set_by_all |= set.intersection(*paths)
    return [
        name
        for name in Chip.model_fields
        if (own := [path for path in SETTINGS if path.startswith(f"{name}.")]) and set_by_all.issuperset(own)
    ]


def _numeric(option: dict[str, Any]) -> dict[str, Any]:
    """The number of an option that may also be its text, which a chip file does not write."""
    numbers = [one for one in option.get("anyOf", ()) if one.get("type") == "number"]
    return numbers[0] if numbers else option


def _as_written(entry: dict[str, Any]) -> dict[str, Any]:
    """A setting as a chip file states it: without null, which a file cannot say, and without numbers as texts."""
    options = [_numeric(option) for option in entry.get("anyOf", ())]
    stated = [option for option in options if option.get("type") == "number" or "enum" in option]
    kept = {key: value for key, value in entry.items() if key not in ("default", "anyOf")}
    return {**kept, **(stated[0] if stated else {})}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of chip files, with units and descriptions, for editors that complete and check them."""
    schema = Chip.model_json_schema()
    for definition in (schema, *schema["$defs"].values()):
        entries = definition["properties"]
        definition["properties"] = {name: _as_written(entry) for name, entry in entries.items()}
    for path, setting in SETTINGS.items():
        if setting.optional and setting.low is not None and setting.high is not None:
            section, _, leaf = path.rpartition(".")
            entry = schema["$defs"][section.title()]["properties"][leaf]
            entry.update(minimum=float(setting.low), maximum=float(setting.high))
    for path in NAMES_TECHNOLOGY:
        section, _, leaf = path.rpartition(".")
        schema["$defs"][section.title()]["properties"][leaf]["enum"] = list(SETTINGS[path].choices)
    for definition in schema["$defs"].values():
        del definition["required"]
    required = schema.pop("required")
    schema["properties"]["inherits"] = {"type": "string", "description": "a built-in chip, or a file beside this one"}
    stated = [name for name in required if name not in ("name", "description", "sources", *_from_technologies())]
    schema["anyOf"] = [{"required": ["inherits"]}, {"required": stated}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "aCortex chip"}
