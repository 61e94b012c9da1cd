"""The rule book: every rule has a code of its own, an example that breaks it and no other, and a mend that runs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from acortex.errors import AcortexError, ManyErrors
from acortex.isa import assemble
from acortex.isa.rules import ABOUT, BASE, Rule, changed
from acortex.isa.table import MNEMONICS
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional import executor
from acortex.sim.functional.pipes import ITEMS
from acortex.sim.functional.rules.book import RULE_BOOK, difference, page
from acortex.sim.run import prepare

MAKE = "python -m acortex.sim.functional.rules.book > docs/rules.md"

CODES = {
    "R001": "A program ends with halt",
    "R002": "Every word is an instruction",
    "R003": "A register is set before it is used",
    "R004": "A loop register counts only in its loop",
    "R005": "A next jumps into the body of its loop",
    "R006": "A group is set up before it is named",
    "R007": "A group is set up once",
    "R008": "A rect follows its group",
    "R009": "There are as many inferences as the host has",
    "R010": "A register lags behind no more turns than there were",
    "R011": "A lag leads onward",
    "R012": "A register that lags counts no loop",
    "R101": "A rectangle lies on the chip",
    "R102": "The rectangles of a group do not overlap",
    "R103": "A run goes on in rectangles of equal width",
    "R104": "Rectangles end with their matrix",
    "R105": "Rectangles fill their matrix",
    "R106": "An array holds the weights of one group",
    "R107": "Every group has weights",
    "R108": "Weights have the shape of their group",
    "R109": "A group is written once",
    "R201": "The instruction memory holds the program",
    "R202": "The codes of a tensor fit a channel",
    "R203": "Main memory holds what it holds from the beginning",
    "R204": "Initial memory holds codes of a channel",
    "R211": "The operand high of quant is the highest code of its converters at most",
    "R213": "The operand fill of feed is the highest code of a 4-bit DAC at most",
    "R214": "The operand fill of slide is the highest code of a 4-bit DAC at most",
    "R215": "The operand value of border is the highest code of a 4-bit DAC at most",
    "R216": "The operand words of feed is the words that its buffer holds at most",
    "R217": "The operand address of base is its last word of main memory at most",
    "R301": "A group is connected before it works",
    "R302": "Input vectors fit the group that takes them",
    "R303": "One convert takes sums of one width",
    "R304": "Some word of a position has the other coding",
    "R305": "A group is connected once",
    "R306": "A bus segment carries as many groups as it can",
    "R307": "A group is connected before it is disconnected",
    "R401": "A window has a bounded number of positions",
    "R402": "A window and its stream are of one image",
    "R403": "One instruction moves a bounded number of words",
    "R404": "A pixel's channels fit the words that its stream has for it",
    "R405": "An agent's store holds what an instruction keeps in it",
    "R406": "A stream visits a bounded number of words",
    "R407": "A stream stays in main memory",
    "R501": "One instruction gives a bounded number of words",
    "R502": "A bounded number of items wait to be taken",
    "R503": "What an instruction takes was given before",
    "R504": "What an instruction takes as operand was given before",
    "R505": "What is given is taken",
    "R601": "A tuned quantiser is for neurons",
    "R602": "A tuned quantiser has constants for each neuron",
    "R603": "The state store has the words that are asked for",
    "R604": "A state is written before it is read",
    "R605": "Some code of a gate stands for 1",
    "R701": "One agent signals a token",
    "R702": "A token's counter holds what is left",
    "R703": "A token is signalled before it is awaited",
    "R704": "One agent awaits a token",
    "R705": "A word is written before it is read",
    "R706": "A word that is read holds something",
    "R707": "Two writes of a word are ordered",
    "R708": "A word is read before it is written again",
    "R709": "Words of two agents reach the vector agent in one order",
    "R710": "The host works on what has left main memory",
    "R711": "What the host makes is made before it comes in",
    "R801": "A transfer of the host belongs to an inference",
    "R802": "A transfer of the host has the words of its tensor",
    "R803": "Every output of every inference is given to the host",
}
"""Every code that was ever given, and the title of its rule."""


def walk(rule: Rule, source: str, patched: bool) -> dict[str, int]:
    """Runs a rule's example or its mend, without time; of how many inferences each output holds codes."""
    program = assemble(source, file="small.s")
    if patched and rule.example.patch is not None:
        program = rule.example.patch(program)
    outputs = prepare(program, load_chip(program.chip, rule.example.settings)).values().outputs
    return {tensor.name: len(outputs[tensor.name]) for tensor in program.outputs}


SAID = dict(line.split(" ", 1) for line in Path(__file__).with_name("texts.txt").read_text().splitlines())
"""What is said of the example of each rule: "line message | hint", then further places, by code."""


@pytest.mark.parametrize("code", RULE_BOOK)
def test_the_example_of_a_rule_breaks_just_that_rule_and_says_so(code: str) -> None:
    rule = RULE_BOOK[code]
    with pytest.raises(AcortexError) as caught:
        walk(rule, rule.example.broken, patched=True)
    error = caught.value.errors[0] if isinstance(caught.value, ManyErrors) else caught.value
    said = f"{error.where} {error.message}{f' | {error.hint}' if error.hint else ''}"
    places = "".join(f" | note {where} {message}" for message, where in error.places)
    assert (said + places).replace("small.s:", "") == SAID[code].replace("small.s:", "")
    assert (error.code, type(error)) == (code, rule.error)
    assert error.where
    assert "{" not in error.message + error.hint


@pytest.mark.parametrize("code", RULE_BOOK)
def test_the_mend_of_a_rule_keeps_every_rule(code: str) -> None:
    """It runs to its end: each of its outputs is there."""
    assert set(walk(RULE_BOOK[code], RULE_BOOK[code].example.mended, patched=False).values()) == {1}


def test_codes_are_stable() -> None:
    """A code that is here once means the same for ever: rules are added, and none takes an old one's place."""
    assert {code: rule.title for code, rule in RULE_BOOK.items()} == CODES


def test_every_rule_is_about_something_and_has_a_title_of_its_own() -> None:
    assert {rule.about for rule in RULE_BOOK.values()} == set(ABOUT)
    assert len({rule.title for rule in RULE_BOOK.values()}) == len(RULE_BOOK)


def test_examples_change_the_small_program_and_a_text_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="does not stand in the example once"):
        changed(BASE, ("read     d9", ""))
    assert all(difference(rule) for rule in RULE_BOOK.values() if rule.example.patch is None)


def test_the_page_of_rules_is_made_from_the_rows(checkout: Path) -> None:
    assert (checkout / "docs" / "rules.md").read_text() == page(), MAKE


KINDS = ("RuleError", "OrderError", "LimitError", "ProgramError")
"""The errors of programs that break a rule."""


@pytest.mark.parametrize("folder", ["sim", "isa"])
def test_errors_of_programs_are_raised_through_rows_alone(checkout: Path, folder: str) -> None:
    """No code makes one of these errors by itself: its text and its code stand in a row."""
    for path in sorted((checkout / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            made = isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in KINDS
            assert not made, f"{path.name}:{getattr(node, 'lineno', 0)} makes an error that no rule has"


FUNCTIONAL = Path(executor.__file__).parent
NAMING = {"pipes.py", "host_loop.py"}
"""These name the takers of each pipe for messages, and the effect `loop`, which is called as its instruction."""
EXECUTION = sorted(path.name for path in FUNCTIONAL.glob("*.py") if path.name not in NAMING)
"""What carries programs out, whatever their instructions are."""


@pytest.mark.parametrize("name", EXECUTION)
def test_what_executes_programs_knows_no_instruction_by_name(name: str) -> None:
    tree = ast.parse((FUNCTIONAL / name).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    pipes = set(ITEMS)  # two pipes are called as an instruction is
    assert texts & (set(MNEMONICS) - pipes) == set()


def test_the_executor_needs_no_event_loop() -> None:
    asked = "import sys, acortex.sim.functional.executor; print('simpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False"]
