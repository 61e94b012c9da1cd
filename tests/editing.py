"""Sources with marks, as tests of the editor write them: a place is `^` in the line below."""

from __future__ import annotations

from pathlib import Path

from acortex.tools.editor.check import Span
from acortex.tools.editor.family import Family, family_of
from acortex.tools.editor.navigate import files_around
from acortex.tools.editor.session import Session
from acortex.tools.editor.sources import Sources, uri_of

BASE = """\
        .program small
        .chip   acortex_digits
        .equ    OUT, 4
        .equ    TWICE, 2 * OUT
        .name   image, d0
        .input  x, shape=2
        .output y, shape=2
        .weights w, 2x2
        .row    1, 2
        .row    3, 4
        group   g0, 2, 2
        rect    g0, column=0, row=0
        program g0, w
        quant   q0, 1, 0, zero=1
        start
        connect g0
        inference
        base    image, 0
        base    d1, OUT
        input   x, image
        signal  host_in, t0
        layer   product
        await   read, t0
        read    image
        feed    1, 1, tail=2
        multiply g0, 1
        convert q0, 1
        write   d1
        signal  write, t1
        endlayer
        await   host_out, t1
        output  y, d1
        endinference
        halt
        .assert TWICE == 8
"""
"""A program that assembles, and of which the linter finds nothing."""


def place(text: str, what: str, number: int = 0, behind: int = 0) -> tuple[int, int]:
    """The line and the column of the `number`th time that a text has something, or of what is behind its begin."""
    at = -1
    for _ in range(number + 1):
        at = text.index(what, at + 1)
    at += behind
    return text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)


def opened(text: str, name: str = "untitled:main") -> tuple[Sources, str]:
    """Sources with one text that is open."""
    sources = Sources()
    return sources, sources.open(name, text)


def on_disk(folder: Path, files: dict[str, str]) -> dict[str, str]:
    """Writes files; answers the key of each."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return {name: str((folder / name).resolve()) for name in files}


def family(sources: Sources, key: str) -> Family:
    """The names around a text."""
    return family_of(sources, files_around(sources, key))


def shown(sources: Sources, spans: list[Span]) -> list[tuple[str, int, str]]:
    """Places as the name of the file, the line from 1, and the text that stands there."""
    found = []
    for span in spans:
        text = sources.get(span.file)
        assert text is not None
        line = text.index.lines[span.line] if text.index.lines else ""
        found.append((span.file.rpartition("/")[2], span.line + 1, line[span.start : span.end]))
    return found


def checked(sources: Sources, root: str) -> Session:
    """A session whose root was checked, costs too."""
    from acortex.tools.editor.session import costs_for

    session = Session(sources)
    job = session.job(root)
    assert job is not None
    found = job.checked()
    session.take(job, found)
    costs = costs_for(found)
    if costs is not None:
        session.costs[root] = costs
    return session


def uri(path: str) -> str:
    """The URI of a path."""
    return uri_of(path)
