"""The extension of VS Code: its grammar is that of the tables, and its files name each other rightly."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from report_pages import NODE

from acortex.isa.asm import formatter
from acortex.isa.table import ROWS
from acortex.tools.editor import textmate
from acortex.tools.editor.vocabulary import CHOICES, DIRECTIVES, MNEMONICS, OPERANDS, REGISTER

FOLDER = Path(__file__).resolve().parents[3] / "editors/vscode"
PACKAGE = json.loads((FOLDER / "package.json").read_text())


def rules(node: object) -> Iterator[dict[str, object]]:
    """All rules of a grammar."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from rules(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from rules(inner)


def test_the_grammar_of_the_extension_is_that_of_the_tables() -> None:
    path = FOLDER / "syntaxes/acortex-asm.tmLanguage.json"
    assert path.read_text() == textmate.text(), "make pages makes it anew"


def test_every_word_of_the_language_is_in_the_grammar() -> None:
    text = textmate.text()
    for word in (*MNEMONICS, *OPERANDS, *CHOICES, *(name.removeprefix(".") for name in DIRECTIVES)):
        assert re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text), word


def test_every_expression_of_the_grammar_can_be_read_and_scopes_are_the_language_s() -> None:
    found = list(rules(textmate.grammar()))
    for rule in found:
        for key in ("match", "begin", "end"):
            if key in rule:
                re.compile(str(rule[key]).replace(r"\G", ""))
        scope = rule.get("name")
        assert scope in (None, "aCortex assembly") or str(scope).endswith(".acortex-asm")
    included = {str(rule["include"]).removeprefix("#") for rule in found if "include" in rule}
    assert included == set(textmate.grammar()["repository"])  # type: ignore[call-overload]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_the_first_word_of_an_example_is_an_instruction_and_its_operands_are_told_apart(row: object) -> None:
    example = row.example  # type: ignore[attr-defined]
    mnemonic = next(
        rule for rule in rules(textmate.grammar()) if "keyword.mnemonic" in json.dumps(rule.get("captures"))
    )
    found = re.match(str(mnemonic["match"]).replace(r"\G", ""), f"  {example}")
    assert found is not None and found[1] == row.mnemonic  # type: ignore[attr-defined]
    register = next(one for one in rules(textmate.grammar()) if "register" in str(one.get("name")))
    registers = re.findall(str(register["match"]), example.partition(" ")[2])
    assert registers == [word for word in re.findall(r"\w+", example.partition(" ")[2]) if REGISTER.fullmatch(word)]


def test_the_package_names_files_that_are_there_and_nothing_that_is_built() -> None:
    contributes = PACKAGE["contributes"]
    named = [PACKAGE["main"], *(one["path"] for one in contributes["grammars"])]
    named += [one["configuration"] for one in contributes["languages"]]
    assert [name for name in named if not (FOLDER / name).is_file()] == []
    assert contributes["grammars"][0]["scopeName"] == textmate.SCOPE
    assert {path.name for path in FOLDER.iterdir()} - {"node_modules", "package-lock.json"} == {
        "package.json", "language-configuration.json", "extension.js", "README.md", "syntaxes", ".gitignore",
        ".vscodeignore",
    }  # fmt: skip
    assert json.loads((FOLDER / "language-configuration.json").read_text())["comments"]["lineComment"] == ";"


def test_one_language_is_named_everywhere_and_is_that_of_files_of_assembly() -> None:
    contributes = PACKAGE["contributes"]
    (language,), (grammar,) = contributes["languages"], contributes["grammars"]
    assert language["extensions"] == [".s"]
    assert grammar["language"] == language["id"] == "acortex-asm"
    assert list(contributes["configurationDefaults"]) == [f"[{language['id']}]"]
    written = contributes["configurationDefaults"][f"[{language['id']}]"]
    assert (written["editor.tabSize"], written["editor.insertSpaces"]) == (formatter.INDENT, True)
    command = contributes["configuration"]["properties"]["acortex.command"]
    assert (command["type"], command["default"]) == ("string", "acortex")


def test_a_double_click_takes_a_whole_word_of_the_language() -> None:
    settings = json.loads((FOLDER / "language-configuration.json").read_text())
    word = re.compile(settings["wordPattern"], re.ASCII)
    line = r"at_1: .equ KxKx64.size, \n + d0 * (w12) ; \()"
    assert word.findall(line) == ["at_1", ".equ", "KxKx64.size", r"\n", "d0", "w12"]
    for name in (*MNEMONICS, *OPERANDS, *CHOICES, *DIRECTIVES):
        assert word.fullmatch(name), name
    assert settings["brackets"] == [["(", ")"]]
    assert [one["open"] for one in settings["autoClosingPairs"]] == ["(", '"']


@pytest.mark.skipif(NODE is None, reason="needs Node: apt-get install nodejs")
def test_the_extension_starts_restarts_and_stops_its_server_and_says_where_it_cannot() -> None:
    """In Node, with as much of an editor as it asks for."""
    assert NODE is not None
    script = Path(__file__).with_name("asked_of_an_extension.js")
    told = subprocess.run([NODE, script, FOLDER / "extension.js"], check=True, capture_output=True, text=True).stdout
    found = json.loads(told)
    language = PACKAGE["contributes"]["languages"][0]["id"]
    assert found["server"] == {"command": "my/acortex", "args": ["lsp"], "transport": "stdio"}
    assert found["documents"] == [
        {"scheme": "file", "language": language}, {"scheme": "untitled", "language": language},
    ]  # fmt: skip
    assert set(re.findall(r"\w+", found["watched"])) == {"s", "npz", "npy"}
    assert found["steps"] == ["start 1", "stop 1", "start 2", "stop 2", "start 3 fails", "start 4"]
    (message,) = found["messages"]
    assert message.startswith("aCortex: `my/acortex lsp` did not start. Set acortex.command") and "ENOENT" in message
    assert found["subscriptions"] == 1


def test_the_client_starts_the_server_of_the_command_line() -> None:
    text = (FOLDER / "extension.js").read_text()
    assert 'args: ["lsp"]' in text
    for setting in re.findall(r'get\("(\w+)"', text):
        assert f"acortex.{setting}" in PACKAGE["contributes"]["configuration"]["properties"]
    commands = {one["command"] for one in PACKAGE["contributes"]["commands"]}
    assert set(re.findall(r'registerCommand\("([\w.]+)"', text)) == commands
