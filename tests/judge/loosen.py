"""Legal programs whose order rests on less: on what items say, on other agents' tokens, on words used anew in place.

The random programs order each access by a token of the agent that made the access before it. Here tokens come from
agents behind the data, or are left out, and streams move onto the words of others. What stays is what the judge's own
check of order accepts; the product's check and the timed chips must agree.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

from acortex.isa.operands import AGENTS
from judge.mutant_texts import Text, between, free_tokens, text_of
from judge.ordering import Ordering
from judge.plans import Case
from judge.stepped import simulate

ATTEMPTS = 12
"""Changes that are tried on a program; about one in three is kept."""
MOVES = ("earlier signal", "later await")
"""Changes after which an agent may have more instructions of a bundle than it has room for: not all such ever end."""
LARGEST = 400
"""Instructions of a program that is still changed: each change costs a walk over all turns of its loops."""


def loosened(case: Case, chance: random.Random) -> Case:
    """The program with some changes that its order allows, and note of them."""
    for _ in range(ATTEMPTS if len(case.program.words) <= LARGEST else 0):
        text = text_of(case)
        what = chance.choice(_CHANGES)(text, chance)
        if what:
            program = text.program()
            legal = Ordering(program, case.chip, case.inferences).find() is None
            if legal and (what[0] not in MOVES or simulate(program, case.chip, case.inferences)[2].finished):
                case = replace(case, program=program, loosened=case.loosened + Counter([what]))
    return case


def _pair(text: Text, chance: random.Random) -> int | None:
    """Where a signal stands, its await behind it."""
    pairs = [place for place in text.places("signal") if between(text, place)]
    return chance.choice(pairs) if pairs else None


def _other_maker(text: Text, chance: random.Random) -> tuple[str, ...]:
    place = _pair(text, chance)
    free = free_tokens(text)
    if place is None or not free:
        return ()
    agent = chance.randrange(len(AGENTS))
    text.rows[place][1]["agent"] = agent
    for row in text.rows[place : place + 2]:
        row[1]["token"] = free[-1]
    return "maker", AGENTS[agent]


def _no_token(text: Text, chance: random.Random) -> tuple[str, ...]:
    place = _pair(text, chance)
    if place is None:
        return ()
    text.delete(place + 1)
    text.delete(place)
    return ("no token",)


def _other_place(text: Text, chance: random.Random) -> tuple[str, ...]:
    places = [place for place in text.places("base") if place > text.start]
    if len(places) < 2:
        return ()
    here, there = (text.rows[place][1] for place in chance.sample(places, 2))
    if here["address"] == there["address"]:
        return ()
    here["address"] = there["address"]
    return ("other place",)


def _earlier_signal(text: Text, chance: random.Random) -> tuple[str, ...]:
    places = text.places("signal")
    return _moved(text, chance.choice(places), -chance.randint(1, 12), "earlier signal") if places else ()


def _later_await(text: Text, chance: random.Random) -> tuple[str, ...]:
    places = text.places("await")
    return _moved(text, chance.choice(places), chance.randint(1, 12), "later await") if places else ()


def _moved(text: Text, place: int, by: int, what: str) -> tuple[str, ...]:
    """An instruction moved within the stretch between loops that it stands in."""
    step = 1 if by > 0 else -1
    there = place
    while there != place + by and text.rows[there + step][0] not in ("start", "loop", "next", "inference", "halt"):
        there += step
    mnemonic, values = text.rows[place]
    text.delete(place)
    text.insert(there, mnemonic, **values)
    return (what,) if there != place else ()


_CHANGES = (_other_maker, _other_maker, _other_maker, _no_token, _other_place, _earlier_signal, _later_await)
