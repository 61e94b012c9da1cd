"""How messages word things: counts, lists, and the known name that a mistyped one may have meant."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

LONGEST_NAME = 80
"""Characters of a mistyped name that are compared: the time of a comparison grows with the square of its length."""

UNKNOWN = "-"
"""What stands where a number is not known."""

_FEW, _SOME = 20, 500
"""Of how many names all are compared with a mistyped one, and how many are looked at to choose so few."""


def count(number: int, noun: str, plural: str = "") -> str:
    """A number of things in words: "1 word", "3 words"; `plural` where it is not the noun and an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def plain(name: str) -> str:
    """A component's or a unit's name as people write it."""
    return name.replace("neurons_adcs", "neurons, ADCs").replace("dacs", "DACs").replace("_", " ")


OUTSIDE = "-"
"""The name that traces give to what belongs to no layer."""


def layer_name(name: str) -> str:
    """A layer as people read it."""
    return "(outside layers)" if name == OUTSIDE else name


def run_of(noun: str, first: int, last: int) -> str:
    """Things that follow each other: "word 9", "words 9 to 12"."""
    return f"{noun} {first}" if first == last else f"{noun}s {first} to {last}"


def any_of(names: Iterable[str]) -> str:
    """A list as a sentence has it: "a, b or c"."""
    return _joined(names, "or")


def all_of(names: Iterable[str]) -> str:
    """A list as a sentence has it: "a, b and c"."""
    return _joined(names, "and")


def _joined(names: Iterable[str], last_word: str) -> str:
    *rest, last = names
    return f"{', '.join(rest)} {last_word} {last}" if rest else last


def some_of(names: Sequence[str], most: int) -> str:
    """The first `most` of a list; "..." stands for the rest."""
    return ", ".join([*names[:most], *(["..."] if len(names) > most else [])])


def shortened(names: Iterable[str], most: int) -> dict[str, str]:
    """Names of at most `most` characters for names, all different: the first part of a long one, else its last part,
    else both. Where that is not enough a name stays as it is.
    """
    known = list(dict.fromkeys(names))
    half = (most - 1) // 2
    made = {name: name for name in known if len(name) <= most}
    for first, last in ((most - 1, 0), (0, most - 1), (half, half)):
        cuts = {name: f"{name[:first]}…{name[len(name) - last :]}" for name in known if name not in made}
        counts = Counter([*cuts.values(), *made.values()])
        made |= {name: cut for name, cut in cuts.items() if counts[cut] == 1}
    return {name: made.get(name, name) for name in known}


def shape_text(shape: Iterable[object]) -> str:
    """A shape as assembly and messages write it: "3x224x224"."""
    return "x".join(map(str, shape))


def setting_value(value: object) -> str:
    """The value of a setting as `--set` writes it: null for one that is not stated."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def nearest(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The known names most like a mistyped one, the best first, `most` at most; none where none is like it.

    Names that differ in capitals alone are the most like it.
    """
    from difflib import get_close_matches  # loaded only where a message needs it

    names, lower = list(known), name.lower()
    if cased := [other for other in names if other.lower() == lower]:
        return cased[:most]
    if len(names) > _FEW:
        of_like_length = (other for other in names if abs(len(other) - len(name)) < 3)
        names = sorted(islice(of_like_length, _SOME), key=lambda other: -_shared(name, other))[:_FEW]
    short = name[:LONGEST_NAME]
    return get_close_matches(short, names, n=most) or get_close_matches(short.lower(), names, n=most)


def _shared(name: str, other: str) -> int:
    """How many characters stand at the same place in two names, from either end: cheap, unlike difflib."""
    ends = ((name, other), (name[::-1], other[::-1]))
    return sum(letter == twin for one, another in ends for letter, twin in zip(one, another, strict=False))


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "", most: int = 1) -> str:
    """A hint that suggests the known names most like a mistyped one, or says `otherwise`."""
    return suggestion(nearest(name, known, most)) or otherwise


def suggestion(names: Sequence[str]) -> str:
    """The hint that suggests these names, the same in every message; empty for none."""
    return f"did you mean {any_of(f'`{name}`' for name in names)}?" if names else ""


_SUGGESTED = re.compile(r"did you mean ((?:`[^`]+`(?:, | or |(?=\?)))+)\?")


def suggested(hint: str) -> list[str]:
    """The names that a hint made by `suggestion` suggests, the best first; none where it suggests none."""
    found = _SUGGESTED.match(hint)
    return re.findall(r"`([^`]+)`", found[1]) if found else []
