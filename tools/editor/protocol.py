"""The results of the analysis in the types of the Language Server Protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lsprotocol import types as lsp

from acortex.tools.editor.check import Problem, Span
from acortex.tools.editor.complete import Completion, Signature
from acortex.tools.editor.forms import Edit
from acortex.tools.editor.navigate import quoted
from acortex.tools.editor.outline import Fold, Symbol, Typed
from acortex.tools.editor.positions import Positions
from acortex.tools.editor.sources import Sources, is_uri, uri_of

SOURCE = "acortex"

COMPLETION_KINDS = {
    "mnemonic": lsp.CompletionItemKind.Keyword, "directive": lsp.CompletionItemKind.Keyword,
    "macro": lsp.CompletionItemKind.Function, "label": lsp.CompletionItemKind.Reference,
    "constant": lsp.CompletionItemKind.Constant, "register": lsp.CompletionItemKind.Variable,
    "choice": lsp.CompletionItemKind.EnumMember, "operand": lsp.CompletionItemKind.Field,
    "name": lsp.CompletionItemKind.Struct, "parameter": lsp.CompletionItemKind.Variable,
    "file": lsp.CompletionItemKind.File,
}  # fmt: skip

SYMBOL_KINDS = {
    "label": lsp.SymbolKind.Key, "constant": lsp.SymbolKind.Constant, "macro": lsp.SymbolKind.Function,
    "weights": lsp.SymbolKind.Array, "constants": lsp.SymbolKind.Array, "input": lsp.SymbolKind.Interface,
    "output": lsp.SymbolKind.Interface, "part": lsp.SymbolKind.Module, "result": lsp.SymbolKind.Interface,
    "layer": lsp.SymbolKind.Namespace,
}  # fmt: skip


class Protocol:
    """Turns places of some texts into ranges, in the units that a client counts in: for one answer."""

    def __init__(self, sources: Sources, encoding: str) -> None:
        self.sources = sources
        self.encoding = encoding
        self._positions: dict[str, Positions] = {}

    def uri(self, key: str) -> str:
        """The URI of a text: that which the client gave, where it did."""
        text = self.sources.get(key)
        return text.uri if text is not None else key if is_uri(key) else uri_of(key)

    def positions(self, key: str) -> Positions:
        """The places of a text; without it those of one without lines."""
        if key not in self._positions:
            text = self.sources.get(key)
            self._positions[key] = Positions(text.index.lines if text is not None else [], self.encoding)
        return self._positions[key]

    def inward(self, key: str, position: lsp.Position) -> tuple[int, int]:
        """The line and the column of a position."""
        return self.positions(key).inward(position.line, position.character)

    def range(self, span: Span) -> lsp.Range:
        """The range of a part of a line."""
        return _range(self.positions(span.file), (span.line, span.start), (span.line, span.end))

    def location(self, span: Span) -> lsp.Location:
        """A part of a line, with its file."""
        return lsp.Location(self.uri(span.file), self.range(span))

    def diagnostics(self, key: str, problems: Iterable[Problem]) -> list[lsp.Diagnostic]:
        """The problems of a file."""
        positions = self.positions(key)
        return [self.diagnostic(problem, positions) for problem in problems]

    def diagnostic(self, problem: Problem, positions: Positions) -> lsp.Diagnostic:
        """A problem, with its hint in the message and its further places."""
        span = problem.span
        text = f"{problem.message}\nhint: {problem.hint}" if problem.hint else problem.message
        related = [lsp.DiagnosticRelatedInformation(self.location(place), note) for place, note in problem.related]
        return lsp.Diagnostic(
            range=_range(positions, (span.line, span.start), (span.line, span.end)),
            message=text,
            severity=_severity(problem),
            code=problem.code or None,
            source=SOURCE,
            related_information=related or None,
        )

    def fixes(self, key: str, problems: Iterable[Problem]) -> list[lsp.CodeAction]:
        """What may have been meant in the place of a wrong word, as changes."""
        positions, found = self.positions(key), []
        for problem in problems:
            span = problem.span
            line = positions.lines[span.line] if span.line < len(positions.lines) else ""
            if line[span.start : span.start + 1] == '"':
                span = span._replace(start=span.start + 1, end=span.end - 1)
            for name in problem.near:
                edit = lsp.TextEdit(self.range(span), name)
                found.append(
                    lsp.CodeAction(
                        title=f"Change `{line[span.start : span.end]}` to `{name}`",
                        kind=lsp.CodeActionKind.QuickFix,
                        diagnostics=[self.diagnostic(problem, positions)],
                        is_preferred=len(problem.near) == 1 or None,
                        edit=lsp.WorkspaceEdit(changes={self.uri(key): [edit]}),
                    )
                )
        return found

    def renaming(self, spans: Sequence[Span], new: str) -> lsp.WorkspaceEdit:
        """Another name at some places."""
        changes: dict[str, list[lsp.TextEdit]] = {}
        for span in spans:
            line = self.positions(span.file).lines[span.line]
            changes.setdefault(self.uri(span.file), []).append(lsp.TextEdit(self.range(span), quoted(line, span, new)))
        return lsp.WorkspaceEdit(changes=changes)

    def completion(self, key: str, line: int, found: Completion) -> lsp.CompletionList:
        """What can stand at a place; each takes the place of the word that is there."""
        where = self.range(Span(key, line, found.start, found.end))
        items = [
            lsp.CompletionItem(
                label=item.text,
                kind=COMPLETION_KINDS[item.what],
                detail=item.detail or None,
                documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, item.doc) if item.doc else None,
                text_edit=lsp.TextEdit(where, item.text),
                filter_text=item.text,
                sort_text=f"{order:05}",
            )
            for order, item in enumerate(found.items)
        ]
        return lsp.CompletionList(is_incomplete=False, items=items)

    def edits(self, key: str, found: Iterable[Edit]) -> list[lsp.TextEdit]:
        """Changes of a text."""
        positions = self.positions(key)
        return [lsp.TextEdit(_range(positions, edit.start, edit.end), edit.text) for edit in found]

    def symbol(self, key: str, one: Symbol) -> lsp.DocumentSymbol:
        """A symbol with what is in it."""
        positions = self.positions(key)
        end = len(positions.lines[one.end])
        return lsp.DocumentSymbol(
            name=one.name or one.what,
            detail=one.detail or None,
            kind=SYMBOL_KINDS.get(one.what, lsp.SymbolKind.Variable),
            range=_range(positions, (one.line, 0), (one.end, end)),
            selection_range=_range(positions, (one.line, one.start_column), (one.line, one.end_column)),
            children=[self.symbol(key, child) for child in one.children] or None,
        )

    def folding(self, key: str, found: Iterable[Fold]) -> list[lsp.FoldingRange]:
        """What can be folded."""
        positions = self.positions(key)
        return [
            lsp.FoldingRange(
                start_line=positions.outward(one.start, 0)[0],
                end_line=positions.outward(one.end, 0)[0],
                kind=lsp.FoldingRangeKind.Comment if one.is_comment else lsp.FoldingRangeKind.Region,
            )
            for one in found
        ]

    def tokens(self, key: str, found: Iterable[Typed]) -> list[int]:
        """The types of words, each place as a distance from the one before."""
        outward: Callable[[int, int], tuple[int, int]] = self.positions(key).outward
        data: list[int] = []
        last_line = last_column = 0
        for one in found:
            line, column = outward(one.line, one.column)
            end = outward(one.line, one.column + one.length)[1]
            data += (line - last_line, column - (last_column if line == last_line else 0), end - column)
            data += (one.type, one.modifiers)
            last_line, last_column = line, column
        return data


def _severity(problem: Problem) -> lsp.DiagnosticSeverity:
    """How a mistake, a finding or a note is shown."""
    if problem.is_note:
        return lsp.DiagnosticSeverity.Information
    return lsp.DiagnosticSeverity.Warning if problem.is_warning else lsp.DiagnosticSeverity.Error


def signature(found: Signature) -> lsp.SignatureHelp:
    """A statement that is being written."""
    parameters = [lsp.ParameterInformation(label=_label(found.label, name), documentation=doc or None)
                  for name, doc in found.operands]  # fmt: skip
    one = lsp.SignatureInformation(found.label, _markdown(found.doc), parameters, found.active)
    return lsp.SignatureHelp(signatures=[one], active_signature=0, active_parameter=found.active)


def _label(form: str, name: str) -> str | tuple[int, int]:
    """The place of an operand in the form of its statement, behind its first word."""
    start = form.find(name, form.find(" ") + 1)
    return (start, start + len(name)) if start >= 0 else name


def _markdown(text: str) -> lsp.MarkupContent | None:
    return lsp.MarkupContent(lsp.MarkupKind.Markdown, text) if text else None


def _range(positions: Positions, start: tuple[int, int], end: tuple[int, int]) -> lsp.Range:
    return lsp.Range(lsp.Position(*positions.outward(*start)), lsp.Position(*positions.outward(*end)))
