"""The page that lists what the linter finds: docs/lint.md."""

from __future__ import annotations

from collections.abc import Iterator

from acortex.isa.language.book import sections
from acortex.isa.lint.rows import ABOUT, FINDINGS

INTRODUCTION = """\
# What the linter finds

    acortex lint programs/conv3x3.s     # errors and warnings, without running it
    acortex explain L001                # what one means, with an example and its mend

`acortex lint PROGRAM` takes a source, a container, a network or `zoo:NAME`. Errors are those of the assembler
([diagnostics.md](diagnostics.md)) and broken rules of the chip ([rules.md](rules.md)); they make the exit code 1.
Warnings are what is legal and hardly meant: the codes below. `--strict` counts them as errors.

With `--measure` it also says where another place of an instruction would save cycles (L401): a token that is awaited
before it is needed, a register that is set anew in each turn, a place that is free and not said to be. Each such order
is simulated; it is told where it keeps every rule, gives the same outputs and is faster by one cycle in 200 at least.
`--seconds` bounds the processor time for that. What it tells is a note: it changes no exit code.

Without `--measure` the linter computes no values and simulates no cycles. It walks through the program once: data
never steer it, so that the walk shows all that it does. Where the host's inferences are gone through in a loop it takes
two of them, or as many as `--inferences` says. `--format json`, `sarif` and `github` are for other tools.

`-` marks the lines that are hardly meant, `+` what takes their place. The whole example is the program `small` of
`acortex.isa.rules`. `make pages` makes the page."""


def page() -> str:
    """The page docs/lint.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield from sections(ABOUT, FINDINGS)


if __name__ == "__main__":
    print(page(), end="")
