"""The one family of errors that a user's mistake or a failing run can raise.

Library code raises, `tools/` prints and exits. `exit_code` is 1 where the work itself failed (a program does not
assemble, deadlocks, breaks a rule of the chip) and 2 where the request was wrong or a file could not be read.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as `typing` has it, without importing it
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


OTHER = "the other place"
"""What is to be seen at a further place of an error that says no more of it."""


class AcortexError(Exception):
    """What went wrong in one sentence, where, and what to do about it.

    `where` is "file:line:column" or the path of a unit or a setting; `hint` says what to do. Both may be empty.
    """

    exit_code = 1
    code = ""
    """Of a program that is wrong: the code that `acortex explain` takes (docs/diagnostics.md, docs/rules.md)."""

    also: tuple[str, ...] = ()
    """Further places where the same is wrong."""
    parts: tuple[str, ...] = ()
    """What the error is made of, one thing each, where it is about many; its message has them, too."""

    length = 0
    """How many characters from `where` on it is about; 0 where that is not known."""

    places: tuple[tuple[str, str], ...] = ()
    """Further places that it is about: what is to be seen there, and where."""

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  hint: {self.hint}" if self.hint else ""
        notes = "".join(f"\n  note: {where}: {text}" for text, where in self.places if self._is_news(text, where))
        return f"{place}{self.message}{advice}{notes}{more_like_it(self.also)}"

    def _is_news(self, text: str, where: str) -> bool:
        """Whether a further place says what the message does not."""
        return text != OTHER or where not in self.message


def more_like_it(places: Sequence[str]) -> str:
    """A line about the other places of an error; empty where it has none."""
    if not places:
        return ""
    where = f"the first at {places[0]}, the last at {places[-1]}" if len(places) > 1 else f"at {places[0]}"
    return f"\n  and {len(places):,} more like it, {where}"


class UsageError(AcortexError):
    """A wrong argument, or a file that is missing, unreadable or malformed."""

    exit_code = 2


class MissingExtra(UsageError):
    """A feature whose optional dependency is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional package", hint=f'pip install "acortex[{extra}]"')


class ManyErrors(AcortexError):
    """Several errors found in one pass, in the order of their places."""

    def __init__(self, errors: list[AcortexError]) -> None:
        self.errors = errors
        super().__init__("\n".join(str(error) for error in errors))
        self.exit_code = max(error.exit_code for error in errors)


def raise_all(errors: Sequence[AcortexError]) -> None:
    """Raises errors that were found in one pass: one as it is, several as ManyErrors; without any nothing happens."""
    if errors:
        raise errors[0] if len(errors) == 1 else ManyErrors(list(errors))


def run_as_script(main: Callable[..., object], *given: str) -> None:
    """Runs the `main` of a module that is started by `python -m`: an error is a message on stderr and an exit code."""
    try:
        main(*given)
    except AcortexError as failure:
        print(failure, file=sys.stderr)
        sys.exit(failure.exit_code)
