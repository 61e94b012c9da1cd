"""Requests that no careful client sends: each has an answer or an error of the protocol, and the server lives on."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from editing import BASE

pytest.importorskip("pygls")

DOCUMENT = "untitled:whole"
PLACED = ("definition", "references", "documentHighlight", "hover", "completion", "signatureHelp", "prepareRename")
WHOLE = ("formatting", "documentSymbol", "foldingRange", "semanticTokens/full")
POSITIONS = [(-1, 0), (0, -1), (10**6, 0), (3, 10**6), (2**31 - 1, 2**31 - 1)]
URIS = ["untitled:never-opened", "file:///no/such/file.s", "", "no uri", "file://[", "file:///a%00b.s"]


def message(content: dict[str, object]) -> bytes:
    """A message as it goes over the line."""
    body = json.dumps({"jsonrpc": "2.0", **content}).encode()
    return f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def answers(requests: list[tuple[str, dict[str, object]]]) -> tuple[dict[int, dict[str, Any]], int]:
    """The answers of a server by the place of their request, and its exit code. Raw text: no client refuses it here."""
    opened = {"uri": DOCUMENT, "languageId": "acortex-asm", "version": 1, "text": BASE}
    sent = [message({"id": 10_000, "method": "initialize", "params": {"capabilities": {}}}),
            message({"method": "initialized", "params": {}}),
            message({"method": "textDocument/didOpen", "params": {"textDocument": opened}})]  # fmt: skip
    sent += [message({"id": number, "method": f"textDocument/{method}", "params": params})
             for number, (method, params) in enumerate(requests)]  # fmt: skip
    sent += [message({"id": 10_001, "method": "shutdown"}), message({"method": "exit"})]
    run = subprocess.run(
        [sys.executable, "-m", "acortex", "lsp"], input=b"".join(sent), capture_output=True, timeout=60
    )
    found, rest = {}, run.stdout
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        one, rest = json.loads(rest[:length]), rest[length:]
        if one.get("id") is not None and "method" not in one:
            found[one["id"]] = one
    return found, run.returncode


def asked(uri: str, line: int = 2, character: int = 16) -> dict[str, object]:
    """What is asked about a place."""
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character},
            "context": {"includeDeclaration": True}, "options": {"tabSize": 8, "insertSpaces": True}}  # fmt: skip


@pytest.mark.slow
def test_every_malformed_request_is_answered_and_the_server_lives() -> None:
    outside = [(method, asked(DOCUMENT, *at)) for method in PLACED for at in POSITIONS]
    unknown = [(method, asked(uri)) for method in (*PLACED, *WHOLE) for uri in URIS]
    wrong: list[tuple[str, dict[str, object]]] = [(method, {}) for method in (*PLACED, *WHOLE, "brew")]
    last = ("definition", asked(DOCUMENT, 3, 20))
    requests = [*outside, *unknown, *wrong, last]
    found, code = answers(requests)
    silent = [requests[number] for number in range(len(requests)) if number not in found]
    assert silent == []
    assert code == 0
    for number in range(len(outside), len(outside) + len(unknown)):
        result = found[number].get("result")
        assert not result or result in ({"data": []}, {"isIncomplete": False, "items": []}), requests[number]
    assert all(found[len(outside) + len(unknown) + place]["error"]["message"] for place in range(len(wrong)))
    (place,) = found[len(requests) - 1]["result"]
    assert place["range"]["start"] == {"line": 3, "character": 16}
