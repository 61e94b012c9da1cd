"""No text brings a request down: sources with random changes go through all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from editing import BASE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.tools.editor import navigate, outline
from acortex.tools.editor.complete import complete, signature
from acortex.tools.editor.forms import changes
from acortex.tools.editor.hover import hover
from acortex.tools.editor.session import Session

pytest.importorskip("pygls")

from acortex.tools.editor.protocol import Protocol
from acortex.tools.editor.protocol import signature as shown

CHECKOUT = Path(__file__).resolve().parents[3]
MACROS = (CHECKOUT / "docs/macros.md").read_text().split("```asm\n")[1].partition("```")[0]
SOURCES = [BASE, MACROS, (CHECKOUT / "programs/pooling.s").read_text(), ""]
PIECES = [
    "\n", "\r", "\r\n", "\t", " ", ",", ":", "=", '"', "\\", "\\a", "\\()", "@1", ";", "#", "x", "|", "(", "-", "/^",
    "é", "😀", "\ufeff", "\x00", "\f", "\u2028", ".macro a b, c=1\n", ".endm\n", ".rept 3, i\n", ".endr\n", ".if ",
    ".else\n", ".endif\n", ".local a\n", '.include "a.s"\n', ".equ A, A", "d1", "d99", "g0", "0x", "1e5", "2x3", "KxK",
    "read", "host", "w", "OUT", "image", "layer", '"a b"', "a: ", "a ", "by=", "name=", "9" * 90,
]  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A source with some of its text left out, said twice, or mixed with pieces of others."""
    text = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 30))
        kind = draw(st.sampled_from(["leave out", "put in", "put in", "twice", "cut"]))
        if kind == "leave out":
            text = text[:start] + text[end:]
        elif kind == "put in":
            text = text[:start] + draw(st.sampled_from(PIECES)) + text[start:]
        elif kind == "twice":
            text = text[:end] + text[start:]
        else:
            text = text[:start]
    return text


def ask(session: Session, key: str, protocol: Protocol, line: int, units: int) -> None:
    """All that can be asked of a place."""
    text = session.sources.opened[key]
    place = protocol.positions(key).inward(line, units)
    known = session.known(key)
    found = hover(known, key, *place)
    assert found is None or found.text
    for span in navigate.definition(session.sources, known.family, key, *place):
        assert protocol.location(span).uri
    for span in navigate.references(known.family, key, *place):
        assert protocol.location(span).range.start <= protocol.location(span).range.end
    for new in ("other", "d9", "a b", "OUT"):
        try:
            spans = navigate.renamed(session.sources, key, *place, new)
        except UsageError as error:
            assert error.message
        else:
            assert protocol.renaming(spans, new).changes is not None
            assert navigate.applied(text.text, [span for span in spans if span.file == key], new)
    items = protocol.completion(key, place[0], complete(known, key, *place))
    assert items.items == list(items.items)
    written = signature(known, key, *place)
    assert written is None or shown(written).signatures


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts(), st.lists(st.tuples(st.integers(0, 80), st.integers(0, 60)), min_size=1, max_size=3))
def test_any_text_is_answered(text: str, places: list[tuple[int, int]]) -> None:
    session = Session()
    key = session.sources.open("untitled:any", text, 1)
    protocol = Protocol(session.sources, "utf-16")
    job = session.job(key)
    assert job is not None
    session.take(job, job.checked())
    for found in session.problems().values():
        assert all(one.message and one.span.start <= one.span.end for one in found)
        assert len(protocol.diagnostics(key, found)) == len(found)
    list(protocol.fixes(key, session.problems_at(key, (0, 0), (1 << 30, 0))))
    for place in places:
        ask(session, key, protocol, *place)
    index = session.sources.opened[key].index
    assert all(protocol.symbol(key, one) for one in outline.symbols(index))
    assert len(protocol.folding(key, outline.folds(index))) >= 0
    data = protocol.tokens(key, outline.typed(session.known(key).family, key))
    assert len(data) % 5 == 0 and min(data, default=0) >= 0
    assert protocol.edits(key, changes(text)) is not None
    json.dumps(data)
