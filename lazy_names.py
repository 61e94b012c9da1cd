"""Public names of a package that are loaded at their first use, since NumPy need not be paid for by `--help`."""

from __future__ import annotations

TYPE_CHECKING = False  # as `typing` has it, without importing it: until `main` runs, Ctrl-C is a traceback
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package: `homes` has the place of each public name, "module:name" or a "module" itself.

    What it loads it leaves in the package, where Python finds it the next time. Other names are an AttributeError.
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        from importlib import import_module
        from sys import modules

        module, _, attribute = homes[name].partition(":")
        home = import_module(module)
        value: object = getattr(home, attribute) if attribute else home
        setattr(modules[package], name, value)
        return value

    return load
