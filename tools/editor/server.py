"""The language server: requests of the protocol become calls of the analysis, whose results it sends back.

All documents live in one thread. Another one assembles, lints and simulates what that thread gives it, some time after
the last change.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import NamedTuple, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from acortex import __version__
from acortex.errors import AcortexError
from acortex.tools.editor import complete, hover, navigate, outline, protocol
from acortex.tools.editor.check import Problem, Span
from acortex.tools.editor.family import Place
from acortex.tools.editor.forms import changes
from acortex.tools.editor.hover import Known
from acortex.tools.editor.session import Job, Session, costs_for
from acortex.tools.editor.sources import key_of

PAUSE = 0.2
"""Seconds without a change after which a program is checked."""

REQUEST_FAILED = -32803

LEGEND = lsp.SemanticTokensLegend(list(outline.TYPES), list(outline.MODIFIERS))

Params = TypeVar("Params")
Answer = TypeVar("Answer")


class Published(NamedTuple):
    """What a client was told of a text: by which URI, its problems, and the version that they are of."""

    uri: str
    problems: tuple[Problem, ...]
    version: int | None


class Answering(LanguageServerProtocol):
    """The protocol, with an answer to requests that cannot be read, too: pygls alone leaves their client waiting."""

    def structure_message(self, data: dict[str, object]) -> object:
        """A message of its type. Raises JsonRpcException for what is none, which its client is told."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            number = data.get("id")
            if isinstance(number, (str, int)) and "method" in data:
                self._send_response(number, error=error.to_response_error())
            raise


class Server(LanguageServer):
    """A language server for sources of aCortex, with the documents of its client."""

    def __init__(self) -> None:
        super().__init__(
            "acortex", __version__, protocol_cls=Answering, text_document_sync_kind=lsp.TextDocumentSyncKind.Full
        )
        self.session = Session()
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="acortex-check")
        self.waiting: dict[str, asyncio.Task[None]] = {}
        """The check that each root is to have."""
        self.published: dict[str, Published] = {}
        """What the client was told last of each text."""

    def speaks(self) -> protocol.Protocol:
        """Turns places into what this client counts in, for one answer."""
        return protocol.Protocol(self.session.sources, str(self.workspace.position_encoding or "utf-16"))

    def known(self, document: lsp.TextDocumentIdentifier) -> tuple[str, Known] | None:
        """The key of a document and what is known around it; None for one that cannot be read."""
        key = key_of(document.uri)
        return (key, self.session.known(key)) if self.session.sources.get(key) is not None else None

    def fault(self, what: str, error: Exception) -> None:
        """Tells the client of a fault of acortex itself, in one message."""
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = "".join(f" ({one.name}, {one.filename.rpartition('/')[2]}:{one.lineno})" for one in last)
        text = f"acortex: a fault of acortex itself in {what}: {type(error).__name__}: {error}{where}"
        self.window_log_message(lsp.LogMessageParams(lsp.MessageType.Error, text[:2000]))

    # Checks, some time after the last change ------------------------------------------------------------------------

    def schedule(self, pause: float = PAUSE) -> None:
        """Has the roots of all open documents checked that have changed since they were."""
        roots = self.session.roots()
        self.session.keep(roots)
        for root in [root for root in self.waiting if root not in roots]:
            self.waiting.pop(root).cancel()
        for root in roots:
            if self.session.is_checked(root):
                continue
            if root in self.waiting:
                self.waiting[root].cancel()
            self.waiting[root] = asyncio.get_running_loop().create_task(self._check(root, pause))
        self.clear()

    async def _check(self, root: str, pause: float) -> None:
        """Checks a root after a pause, shows its problems, and works out what its instructions take."""
        try:
            await asyncio.sleep(pause)
            job = self.session.job(root)
            if job is None:
                return
            loop = asyncio.get_running_loop()
            checked = await loop.run_in_executor(self.worker, job.checked)
            if not self.session.is_current(job):
                return
            self.session.take(job, checked)
            self.publish(checked.problems)
            await self._measure(job)
        except Exception as error:
            self.fault("the check of a program", error)

    async def _measure(self, job: Job) -> None:
        _, checked = self.session.found[job.root]
        costs = await asyncio.get_running_loop().run_in_executor(self.worker, costs_for, checked)
        if costs is not None and self.session.is_current(job):
            self.session.costs[job.root] = costs

    def publish(self, keys: Iterable[str]) -> None:
        """Sends the problems of some texts that were checked, where the client does not have them."""
        speaks, problems = self.speaks(), self.session.problems()
        for key in keys:
            text = self.session.sources.opened.get(key)
            found = tuple(problems.get(key, ()))
            now = Published(speaks.uri(key), found, text.version if text is not None else None)
            if now != self.published.get(key) and (found or text is not None or key in self.published):
                self.published[key] = now
                diagnostics = speaks.diagnostics(key, found)
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(now.uri, diagnostics, now.version))
        self.clear()

    def clear(self) -> None:
        """Takes back the problems of texts that are closed and in no program that is checked."""
        problems = self.session.problems()
        left = [key for key in self.published if key not in problems and key not in self.session.sources.opened]
        for key in left:
            told = self.published.pop(key)
            if told.problems:
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(told.uri, []))


def make_server() -> Server:
    """A server with all that it answers."""
    server = Server()
    _documents(server)
    _names(server)
    _writing(server)
    _views(server)
    return server


def _answers(
    server: Server, method: str, options: object = None
) -> Callable[[Callable[[Params], Answer]], Callable[[Params], Answer | None]]:
    """Registers what answers a method: a refusal is its answer, and a fault of acortex one message."""

    def registered(act: Callable[[Params], Answer]) -> Callable[[Params], Answer | None]:
        @wraps(act)
        def answer(params: Params) -> Answer | None:
            try:
                return act(params)
            except AcortexError as error:
                text = f"{error.message}; {error.hint}" if error.hint else error.message
                raise JsonRpcException(text, code=REQUEST_FAILED) from None
            except Exception as error:
                server.fault(method, error)
                return None

        server.feature(method, options)(answer)
        return answer

    return registered


def _documents(server: Server) -> None:
    """Documents that are opened, changed, saved and closed."""
    sources = server.session.sources

    @_answers(server, lsp.INITIALIZED)
    def initialized(_: lsp.InitializedParams) -> None:
        sources.folders = [key_of(uri) for uri in server.workspace.folders]

    @_answers(server, lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        sources.open(document.uri, document.text, document.version)
        server.schedule(0)

    @_answers(server, lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        document = server.workspace.get_text_document(params.text_document.uri)
        sources.open(params.text_document.uri, document.source, params.text_document.version)
        server.schedule()

    @_answers(server, lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        sources.close(params.text_document.uri)
        server.schedule()

    @_answers(server, lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: lsp.DidSaveTextDocumentParams) -> None:
        _again(server)

    @_answers(server, lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def watched(_: lsp.DidChangeWatchedFilesParams) -> None:
        _again(server)


def _again(server: Server) -> None:
    """Checks all again: files of data may be others."""
    server.session.found.clear()
    server.schedule()


def _names(server: Server) -> None:
    """Where names are defined and used, and other names for them."""
    sources = server.session.sources

    @_answers(server, lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> list[lsp.Location]:
        found = server.known(params.text_document)
        if found is None:
            return []
        speaks, (key, known) = server.speaks(), found
        spans = navigate.definition(sources, known.family, key, *speaks.inward(key, params.position))
        return [speaks.location(span) for span in spans]

    @_answers(server, lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        found = server.known(params.text_document)
        if found is None:
            return []
        speaks, (key, known) = server.speaks(), found
        place, with_own = speaks.inward(key, params.position), params.context.include_declaration
        return [speaks.location(span) for span in navigate.references(known.family, key, *place, with_own)]

    @_answers(server, lsp.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlight(params: lsp.DocumentHighlightParams) -> list[lsp.DocumentHighlight]:
        found = server.known(params.text_document)
        if found is None:
            return []
        speaks, (key, known) = server.speaks(), found
        spans = navigate.references(known.family, key, *speaks.inward(key, params.position))
        return [lsp.DocumentHighlight(speaks.range(span)) for span in spans if span.file == key]

    @_answers(server, lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        found = server.known(params.text_document)
        if found is None:
            return None
        speaks, (key, _) = server.speaks(), found
        use, name = navigate.nameable(sources, key, *speaks.inward(key, params.position))
        return lsp.PrepareRenamePlaceholder(speaks.range(navigate.span_of(Place(key, use))), name)

    @_answers(server, lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        found = server.known(params.text_document)
        if found is None:
            return None
        speaks, (key, _) = server.speaks(), found
        place, made = speaks.inward(key, params.position), server.session.words()
        spans = navigate.renamed(sources, key, *place, params.new_name, made)
        return speaks.renaming(spans, params.new_name)


def _writing(server: Server) -> None:
    """What helps to write: texts about words, what can stand at a place, the usual form, and what mends a mistake."""

    @_answers(server, lsp.TEXT_DOCUMENT_HOVER)
    def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        found = server.known(params.text_document)
        if found is None:
            return None
        speaks, (key, known) = server.speaks(), found
        line, column = speaks.inward(key, params.position)
        text = hover.hover(known, key, line, column)
        if text is None:
            return None
        where = speaks.range(Span(key, line, text.start, text.end))
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, text.text), where)

    @_answers(server, lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[".", "\\", "=", '"']))
    def completed(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        found = server.known(params.text_document)
        if found is None:
            return None
        speaks, (key, known) = server.speaks(), found
        line, column = speaks.inward(key, params.position)
        return speaks.completion(key, line, complete.complete(known, key, line, column))

    @_answers(server, lsp.TEXT_DOCUMENT_SIGNATURE_HELP, lsp.SignatureHelpOptions([" ", ","]))
    def signed(params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
        found = server.known(params.text_document)
        if found is None:
            return None
        key, known = found
        text = complete.signature(known, key, *server.speaks().inward(key, params.position))
        return protocol.signature(text) if text is not None else None

    @_answers(server, lsp.TEXT_DOCUMENT_FORMATTING)
    def form(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        text = server.session.sources.get(key := key_of(params.text_document.uri))
        return server.speaks().edits(key, changes(text.text)) if text is not None else []

    @_answers(server, lsp.TEXT_DOCUMENT_RANGE_FORMATTING)
    def form_range(params: lsp.DocumentRangeFormattingParams) -> list[lsp.TextEdit]:
        text = server.session.sources.get(key := key_of(params.text_document.uri))
        if text is None:
            return []
        speaks = server.speaks()
        first, last = speaks.inward(key, params.range.start)[0], speaks.inward(key, params.range.end)
        return speaks.edits(key, changes(text.text, first, last[0] if last[1] else last[0] - 1))

    @_answers(server, lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix]))
    def fixes(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        key, speaks = key_of(params.text_document.uri), server.speaks()
        first, last = speaks.inward(key, params.range.start), speaks.inward(key, params.range.end)
        return speaks.fixes(key, server.session.problems_at(key, first, last))


def _views(server: Server) -> None:
    """The parts of a document: symbols, what can be folded, the types of words."""

    @_answers(server, lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        text = server.session.sources.get(key := key_of(params.text_document.uri))
        speaks = server.speaks()
        return [speaks.symbol(key, one) for one in outline.symbols(text.index)] if text is not None else []

    @_answers(server, lsp.TEXT_DOCUMENT_FOLDING_RANGE)
    def folding(params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
        text = server.session.sources.get(key := key_of(params.text_document.uri))
        return server.speaks().folding(key, outline.folds(text.index)) if text is not None else []

    @_answers(server, lsp.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, LEGEND)
    def tokens(params: lsp.SemanticTokensParams) -> lsp.SemanticTokens:
        found = server.known(params.text_document)
        if found is None:
            return lsp.SemanticTokens([])
        key, known = found
        return lsp.SemanticTokens(server.speaks().tokens(key, outline.typed(known.family, key)))
