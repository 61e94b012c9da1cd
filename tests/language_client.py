"""A client of the language server: `acortex lsp` in a process of its own, over its protocol."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

PATIENCE = 60
"""Seconds that an answer may take before a test fails: machines may be busy."""

Answer = TypeVar("Answer")


class Client:
    """A client with its server: what it sent by itself is kept."""

    def __init__(self, capabilities: lsp.ClientCapabilities | None = None, folder: str | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = LanguageClient("test", "1")
        self.diagnostics: dict[str, list[lsp.PublishDiagnosticsParams]] = {}
        self.logs: list[lsp.LogMessageParams] = []
        self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._published(params))
        self.client.feature(lsp.WINDOW_LOG_MESSAGE)(lambda params: self.logs.append(params))
        command = [sys.executable, "-m", "acortex", "lsp"]
        self.loop.run_until_complete(self.client.start_io(*command, env={**os.environ, "PYTHONWARNINGS": "ignore"}))
        folders = [lsp.WorkspaceFolder(folder, "folder")] if folder else None
        params = lsp.InitializeParams(capabilities or lsp.ClientCapabilities(), workspace_folders=folders)
        self.server = self.ask(self.client.initialize_async, params)
        self.client.initialized(lsp.InitializedParams())

    def _published(self, params: lsp.PublishDiagnosticsParams) -> None:
        self.diagnostics.setdefault(params.uri, []).append(params)

    def ask(self, request: Callable[[Any], Awaitable[Answer]], params: object) -> Answer:
        """An answer of the server. Raises JsonRpcException for a refusal."""

        async def asked() -> Answer:
            return await asyncio.wait_for(request(params), PATIENCE)

        return self.loop.run_until_complete(asked())

    def refusal(self, request: Callable[[Any], Awaitable[object]], params: object) -> str:
        """The message of a refusal."""
        try:
            self.ask(request, params)
        except JsonRpcException as error:
            return str(error.message)
        raise AssertionError("nothing was refused")

    def until(self, holds: Callable[[], bool]) -> None:
        """Waits until something holds."""

        async def waited() -> None:
            for _ in range(PATIENCE * 50):
                if holds():
                    return
                await asyncio.sleep(0.02)
            raise AssertionError(f"this never came: {self.logs[-3:]}")

        self.loop.run_until_complete(waited())

    def open(self, uri: str, text: str) -> list[lsp.Diagnostic]:
        """Opens a text and waits for its problems."""
        return self._problems(
            uri, lambda: self.client.text_document_did_open(
                lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "acortex-asm", 1, text))
            ), 1,
        )  # fmt: skip

    def change(self, uri: str, text: str, version: int) -> list[lsp.Diagnostic]:
        """Changes a text and waits for its problems."""
        document = lsp.VersionedTextDocumentIdentifier(version, uri)
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        return self._problems(
            uri, lambda: self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change])),
            version,
        )  # fmt: skip

    def _problems(self, uri: str, act: Callable[[], None], version: int) -> list[lsp.Diagnostic]:
        """The problems of a version: what is sent at once are those of the one before, so the second counts."""
        before = len(self.diagnostics.get(uri, []))
        act()
        self.until(
            lambda: len(self.diagnostics.get(uri, [])) >= before + 2 and self.diagnostics[uri][-1].version == version
        )
        return list(self.diagnostics[uri][-1].diagnostics)

    def latest(self, uri: str) -> list[lsp.Diagnostic]:
        """The problems of a text that were sent last."""
        sent = self.diagnostics.get(uri, [])
        return list(sent[-1].diagnostics) if sent else []

    def stop(self) -> tuple[int, str]:
        """Ends the server; answers its exit code, and what it wrote beside the protocol."""
        process = self.client._server
        assert process is not None and process.stderr is not None
        self.ask(self.client.shutdown_async, None)
        self.client.exit(None)
        code = self.loop.run_until_complete(asyncio.wait_for(process.wait(), PATIENCE))
        said = self.loop.run_until_complete(process.stderr.read()).decode()
        self.loop.run_until_complete(self.client.stop())
        self.loop.close()
        return code, said
