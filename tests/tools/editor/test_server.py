"""The language server over its protocol, with a client in another process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from editing import BASE, on_disk, place

pytest.importorskip("pygls")

from language_client import Client
from lsprotocol import types as lsp

DOCUMENT = "untitled:Untitled-1"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    yield client
    assert client.logs == []
    assert client.stop() == (0, "")


def at(uri: str, text: str, what: str, number: int = 0, behind: int = 0) -> dict[str, object]:
    """A place of a text for a request."""
    line, column = place(text, what, number, behind)
    units = len(text.split("\n")[line][:column].encode("utf-16-le")) // 2
    return {"text_document": lsp.TextDocumentIdentifier(uri), "position": lsp.Position(line, units)}


def applied(text: str, edits: object) -> str:
    """A text with the edits of an answer, in the units of the protocol."""
    lines = text.split("\n")
    starts = [sum(len(line.encode("utf-16-le")) + 2 for line in lines[:number]) for number in range(len(lines))]
    raw = text.encode("utf-16-le")
    for edit in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):  # type: ignore[call-overload]
        start, end = (starts[one.line] + 2 * one.character for one in (edit.range.start, edit.range.end))
        raw = raw[:start] + edit.new_text.encode("utf-16-le") + raw[end:]
    return raw.decode("utf-16-le")


def test_it_says_what_it_can_do(client: Client) -> None:
    can = client.server.capabilities
    for name in (
        "definition_provider", "references_provider", "document_highlight_provider", "rename_provider",
        "hover_provider", "completion_provider", "signature_help_provider", "document_formatting_provider",
        "document_range_formatting_provider", "code_action_provider", "document_symbol_provider",
        "folding_range_provider", "semantic_tokens_provider",
    ):  # fmt: skip
        assert getattr(can, name), name
    assert client.server.server_info is not None and client.server.server_info.name == "acortex"


def test_problems_come_by_themselves_and_go_with_what_was_wrong(client: Client) -> None:
    uri = "untitled:Untitled-2"
    wrong = BASE.replace("multiply g0", "multipy g0")
    (found,) = client.open(uri, wrong)
    assert (found.code, found.source, found.severity) == ("A208", "acortex", lsp.DiagnosticSeverity.Error)
    assert found.message == "no instruction is called `multipy`\nhint: did you mean `multiply`?"
    assert found.range == lsp.Range(lsp.Position(25, 8), lsp.Position(25, 15))
    assert found.code_description is None
    assert client.change(uri, BASE, 2) == []
    unused = BASE.replace("        connect", "        base    d7, 3\n        connect", 1)
    (found,) = client.change(uri, unused, 3)
    assert (found.code, found.severity) == ("L201", lsp.DiagnosticSeverity.Warning)
    client.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))
    client.until(lambda: client.latest(uri) == [])


def test_a_mistake_names_its_further_places(client: Client) -> None:
    uri = "untitled:Untitled-3"
    (found,) = client.open(uri, BASE.replace("        group ", "        .equ    OUT, 5\n        group ", 1))
    assert found.related_information is not None
    (first,) = found.related_information
    assert (first.message, first.location.uri, first.location.range.start.line) == ("the first definition", uri, 2)


def test_a_near_name_is_a_quick_fix(client: Client) -> None:
    uri = "untitled:Untitled-4"
    wrong = BASE.replace("multiply g0", "multipy g0")
    problems = client.open(uri, wrong)
    context = lsp.CodeActionContext(problems)
    params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), problems[0].range, context)
    actions = client.ask(client.client.text_document_code_action_async, params)
    assert actions is not None
    (fix,) = actions
    assert isinstance(fix, lsp.CodeAction)
    assert (fix.title, fix.kind, fix.is_preferred) == ("Change `multipy` to `multiply`", "quickfix", True)
    assert fix.edit is not None and fix.edit.changes is not None
    assert applied(wrong, fix.edit.changes[uri]) == BASE


def test_columns_count_as_the_client_counts_them(client: Client) -> None:
    uri = "untitled:Untitled-5"
    text = '.part "😀😀 é", file="none.npy"\n.equ A, 1 ; 😀\n.assert A, "é😀"\n work "😀😀 é", A + AA\n'
    problems = client.open(uri, text)
    missing = next(one for one in problems if "`AA`" in one.message)
    assert missing.range == lsp.Range(lsp.Position(3, 20), lsp.Position(3, 22))
    found = client.ask(client.client.text_document_definition_async, lsp.DefinitionParams(**at(uri, text, "A + AA")))
    assert found == [lsp.Location(uri, lsp.Range(lsp.Position(1, 5), lsp.Position(1, 6)))]
    edit = client.ask(
        client.client.text_document_rename_async, lsp.RenameParams(**at(uri, text, "A + AA"), new_name="B")
    )
    assert edit is not None and edit.changes is not None
    assert applied(text, edit.changes[uri]) == text.replace("A, 1", "B, 1").replace('A, "', 'B, "').replace(
        "A +", "B +"
    )
    edit = client.ask(
        client.client.text_document_rename_async, lsp.RenameParams(**at(uri, text, "😀😀 é", 1), new_name="norm")
    )
    assert edit is not None and edit.changes is not None
    assert applied(text, edit.changes[uri]) == text.replace("😀😀 é", "norm")


def test_lines_that_end_in_two_characters_tabs_and_no_last_line_end(client: Client) -> None:
    uri = "untitled:Untitled-6"
    text = BASE.replace("        ", "\t").rstrip("\n").replace("\n", "\r\n")
    assert client.open(uri, text) == []
    found = client.ask(client.client.text_document_hover_async, lsp.HoverParams(**at(uri, text, "convert")))
    assert found is not None and found.range == lsp.Range(lsp.Position(26, 1), lsp.Position(26, 8))
    options = lsp.FormattingOptions(tab_size=8, insert_spaces=True)
    params = lsp.DocumentFormattingParams(lsp.TextDocumentIdentifier(uri), options)
    edits = client.ask(client.client.text_document_formatting_async, params)
    assert edits is not None
    assert applied(text, edits) == BASE.replace("\n", "\r\n")


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "nop"])
def test_an_empty_document_is_answered(client: Client, text: str) -> None:
    uri = f"untitled:empty-{len(text)}-{text.strip()}"
    assert client.open(uri, text)
    here = {"text_document": lsp.TextDocumentIdentifier(uri), "position": lsp.Position(0, 0)}
    document = lsp.TextDocumentIdentifier(uri)
    ask, one = client.ask, client.client
    items = ask(one.text_document_completion_async, lsp.CompletionParams(**here))
    assert isinstance(items, lsp.CompletionList) and len(items.items) > 40
    assert not ask(one.text_document_definition_async, lsp.DefinitionParams(**here))
    assert not ask(one.text_document_document_symbol_async, lsp.DocumentSymbolParams(document))
    assert not ask(one.text_document_folding_range_async, lsp.FoldingRangeParams(document))
    assert client.refusal(one.text_document_prepare_rename_async, lsp.PrepareRenameParams(**here))


def test_a_document_that_is_not_open_is_answered_with_nothing(client: Client) -> None:
    here = {"text_document": lsp.TextDocumentIdentifier("untitled:none"), "position": lsp.Position(0, 0)}
    for request, params in (
        (client.client.text_document_hover_async, lsp.HoverParams(**here)),
        (client.client.text_document_definition_async, lsp.DefinitionParams(**here)),
        (client.client.text_document_completion_async, lsp.CompletionParams(**here)),
        (client.client.text_document_rename_async, lsp.RenameParams(**here, new_name="a")),
    ):
        assert not client.ask(request, params)


def test_names_and_texts_over_the_protocol(client: Client) -> None:
    assert client.open(DOCUMENT, BASE) == []
    ask, one, document = client.ask, client.client, lsp.TextDocumentIdentifier(DOCUMENT)
    found = ask(one.text_document_definition_async, lsp.DefinitionParams(**at(DOCUMENT, BASE, "TWICE ==")))
    assert found == [lsp.Location(DOCUMENT, lsp.Range(lsp.Position(3, 16), lsp.Position(3, 21)))]
    context = lsp.ReferenceContext(include_declaration=False)
    uses = ask(one.text_document_references_async, lsp.ReferenceParams(context, **at(DOCUMENT, BASE, "OUT")))
    assert uses is not None and [use.range.start.line for use in uses] == [3, 18]
    lights = ask(one.text_document_document_highlight_async, lsp.DocumentHighlightParams(**at(DOCUMENT, BASE, "OUT")))
    assert lights is not None and [light.range.start.line for light in lights] == [2, 3, 18]
    place_ = ask(one.text_document_prepare_rename_async, lsp.PrepareRenameParams(**at(DOCUMENT, BASE, "OUT", 0, 1)))
    assert place_ == lsp.PrepareRenamePlaceholder(lsp.Range(lsp.Position(2, 16), lsp.Position(2, 19)), "OUT")
    taken = lsp.RenameParams(**at(DOCUMENT, BASE, "OUT"), new_name="TWICE")
    assert client.refusal(one.text_document_rename_async, taken).startswith("`TWICE` is already used")
    signed = ask(one.text_document_signature_help_async, lsp.SignatureHelpParams(**at(DOCUMENT, BASE, "OUT\n")))
    assert signed is not None and signed.active_parameter == 1
    symbols = ask(one.text_document_document_symbol_async, lsp.DocumentSymbolParams(document))
    assert symbols is not None and [symbol.name for symbol in symbols][:3] == ["OUT", "TWICE", "image"]
    tokens = ask(one.text_document_semantic_tokens_full_async, lsp.SemanticTokensParams(document))
    assert tokens is not None and len(tokens.data) % 5 == 0 and len(tokens.data) > 200
    part = lsp.Range(lsp.Position(0, 0), lsp.Position(3, 0))
    options = lsp.FormattingOptions(tab_size=8, insert_spaces=True)
    same = ask(one.text_document_range_formatting_async, lsp.DocumentRangeFormattingParams(document, part, options))
    assert not same


def test_cycles_and_energy_are_told_once_they_are_known(client: Client) -> None:
    uri = "untitled:Untitled-7"
    assert client.open(uri, BASE) == []

    def said() -> str:
        found = client.ask(client.client.text_document_hover_async, lsp.HoverParams(**at(uri, BASE, "convert")))
        assert found is not None and isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value

    for _ in range(500):
        if "without waits" in said():
            break
    assert "On acortex_digits, without waits: busy cycles controller 1, neurons 16; energy 166 fJ" in said()


MAIN = '        .include "lib/names ü.s"\n' + BASE.replace("        .equ    OUT, 4\n", "")


def test_files_of_a_program_are_one(tmp_path: Path) -> None:
    files = on_disk(tmp_path / "a folder é", {"main.s": MAIN, "lib/names ü.s": "        .equ    OUT, 4\n"})
    uris = {name: Path(key).as_uri() for name, key in files.items()}
    client = Client(folder=tmp_path.as_uri())
    main, names = uris["main.s"], uris["lib/names ü.s"]
    assert client.open(names, "        .equ    OUT, 4\n") == []
    wrong = client.change(names, "        .equ    OUT, 4 4\n", 2)
    assert [one.range for one in wrong] == [lsp.Range(lsp.Position(0, 23), lsp.Position(0, 24))]
    assert client.latest(main) == []
    assert client.change(names, "        .equ    RESULTS, 4\n", 3) == []
    (lacking,) = [one for one in client.latest(main) if "`OUT`" in one.message and one.range.start.line == 3]
    assert lacking.code == "A201"
    assert client.change(names, "        .equ    OUT, 4\n", 4) == []
    client.until(lambda: client.latest(main) == [])
    text = "        .equ    OUT, 4\n"
    edit = client.ask(
        client.client.text_document_rename_async, lsp.RenameParams(**at(names, text, "OUT"), new_name="RESULTS")
    )
    assert edit is not None and edit.changes is not None
    assert {uri: len(edits) for uri, edits in edit.changes.items()} == {names: 1, main: 2}
    client.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(names)))
    assert client.open(main, MAIN) == []
    assert client.logs == []
    assert client.stop() == (0, "")


def test_a_client_that_counts_bytes_is_given_those() -> None:
    text = '.part "😀", file="none.npy"\n work "😀", AA\n'
    encodings = [lsp.PositionEncodingKind.Utf8]
    client = Client(lsp.ClientCapabilities(general=lsp.GeneralClientCapabilities(position_encodings=encodings)))
    assert client.server.capabilities.position_encoding == "utf-8"
    problems = client.open("untitled:a", text)
    missing = next(one for one in problems if "`AA`" in one.message)
    assert missing.range.start == lsp.Position(1, 14)
    assert client.stop()[0] == 0


@pytest.mark.parametrize(("end", "lines"), [((1, 0), [0]), ((1, 3), [0, 1]), ((3, 0), [0, 1, 2])])
def test_a_range_that_ends_before_a_line_leaves_it_as_it_is(
    client: Client, end: tuple[int, int], lines: list[int]
) -> None:
    uri = f"untitled:Range-{end[0]}-{end[1]}"
    client.open(uri, "nop;a\nnop;b\nnop;c\n")
    part = lsp.Range(lsp.Position(0, 0), lsp.Position(*end))
    options = lsp.FormattingOptions(tab_size=8, insert_spaces=True)
    params = lsp.DocumentRangeFormattingParams(lsp.TextDocumentIdentifier(uri), part, options)
    edits = client.ask(client.client.text_document_range_formatting_async, params)
    assert edits is not None and [edit.range.start.line for edit in edits] == lines


def test_a_name_is_lit_up_in_its_own_document_alone(client: Client, tmp_path: Path) -> None:
    main = '.include "names.s"\n.assert OUT == 4\n'
    files = on_disk(tmp_path, {"main.s": main, "names.s": "; more\n; and more\n.equ OUT, 4\n"})
    where = Path(files["main.s"]).as_uri()
    client.open(where, main)
    params = lsp.DocumentHighlightParams(lsp.TextDocumentIdentifier(where), lsp.Position(1, 9))
    lights = client.ask(client.client.text_document_document_highlight_async, params)
    assert lights is not None and [light.range.start.line for light in lights] == [1]
