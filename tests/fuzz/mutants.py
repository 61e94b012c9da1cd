"""Cases of fuzzing: files that are nearly right, each made of a right one by a few changes of its own structure."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

NUMBERS = ("0", "-1", "1", "7", "8", "15", "16", "63", "64", "65", "255", "256", "65535", "65536", "1048576", "1048577",
           "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616",
           "1e308", "1e400", "nan", "inf", "-inf", "0.5", "-0.0", "0x", "0x7fffffffffffffff", "0b2", "1_000", "9" * 400,
           "1/0", "2**99999", "1 << 9999", "(" * 60)  # fmt: skip
TEXTS = ("", " ", "\t", "\0", "\r", "\u2028", "é", "\U0001f600", "\ufeff", "\udcff", "'", '"', '"""', "\\", "#",
         ";", "/*", ",", ":", "=", "[", "]", "{", "}", "(", ")", "..", "/", "../x", "/dev/zero", "zoo:digits_mlp",
         "x" * 3000, "%s%n", "$", "@")  # fmt: skip
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")

Mutator = Callable[[bytes, random.Random], bytes]


def bytes_mutant(data: bytes, rng: random.Random) -> bytes:
    """Bytes in which a few are changed, left out, said twice or moved."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(changed) + 1)
        size = rng.choice((1, 1, 2, 4, 8, 100))
        how = rng.randrange(5)
        if how == 0:
            changed[at : at + size] = rng.randbytes(size)
        elif how == 1:
            del changed[at : at + size]
        elif how == 2:
            changed[at:at] = changed[at : at + size]
        elif how == 3 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        else:
            changed[at : at + size] = rng.choice((b"\0", b"\xff", b"\x7f")) * size
    return bytes(changed)


def text_mutant(words: Sequence[str]) -> Mutator:
    """Changes lines and tokens of a text; `words` are those that its language knows."""
    return lambda data, rng: _changed_text(data.decode(errors="surrogateescape"), words, rng).encode(
        errors="surrogateescape"
    )


def _changed_text(text: str, words: Sequence[str], rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        text = _lines_changed(text, rng) if rng.random() < 0.3 else _token_changed(text, words, rng)
    return text


def _lines_changed(text: str, rng: random.Random) -> str:
    """A text with a line left out, said again elsewhere, exchanged, or said very often."""
    lines = text.split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(4)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(other, lines[at])
    elif how == 2:
        lines[at], lines[other] = lines[other], lines[at]
    else:
        lines[at:at] = [lines[at]] * rng.choice((2, 50, 3000))
    return "\n".join(lines)


def _token_changed(text: str, words: Sequence[str], rng: random.Random) -> str:
    """A text with a token replaced, left out, said twice, or something put before it."""
    tokens = TOKEN.findall(text)
    at = rng.randrange(len(tokens) + 1)
    new = rng.choice((rng.choice(NUMBERS), rng.choice(TEXTS), rng.choice(words), rng.choice(tokens or [""])))
    size = rng.choice((0, 1, 1, 1, 2))
    if rng.random() < 0.15:
        new = new * rng.choice((2, 3, 100))
    return "".join((*tokens[:at], new, *tokens[at + size :]))


def value_changed(plain: Any, rng: random.Random) -> Any:
    """Plain data with one thing in it changed, left out or said twice."""
    if isinstance(plain, dict) and plain and rng.random() < 0.9:
        key = rng.choice(list(plain))
        if rng.random() < 0.1:
            return {name: value for name, value in plain.items() if name != key}
        return {**plain, key: value_changed(plain[key], rng)}
    if isinstance(plain, list) and plain and rng.random() < 0.9:
        at = rng.randrange(len(plain))
        inner = [value_changed(plain[at], rng)] if rng.random() < 0.8 else rng.choice(([], [plain[at]] * 2))
        return [*plain[:at], *inner, *plain[at + 1 :]]
    if type(plain) is int and rng.random() < 0.6:
        return plain + rng.choice((-1, 1, 8, 1000, -plain, 2**31, 2**40))
    return rng.choice((0, 1, -1, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, 0.5, float("nan"), None, True, "", "x", b"",
                       b"\xff", [], [1], {}, {"a": 1}, "é" * 400))  # fmt: skip


def npy(header: str, data: bytes) -> bytes:
    """The file of an array with a header of any text."""
    encoded = header.encode("latin1", errors="replace")
    return b"\x93NUMPY\x02\x00" + len(encoded).to_bytes(4, "little") + encoded + data


def npy_mutant(data: bytes, rng: random.Random) -> bytes:
    """An array, or an archive of two, with its header or its bytes changed, or with values of another kind."""
    how = rng.randrange(5)
    if how == 0:
        return bytes_mutant(data, rng)
    if how == 1:
        return _zipped(data, rng)
    if how == 2:
        return _array(rng)
    descr = rng.choice(("<f4", "<f8", "|u1", "|i1", "<i8", ">i2", "|O", "|b1", "<U4", "<M8[s]", "|V8", "<c16", "<f2"))
    shape = rng.choice(("(64,)", "(2, 64)", "()", "(0, 64)", "(2, 0)", "(1, 8, 8)", "(-1,)", "(9999999999,)",
                        "(65536, 65536, 65536)", "(1e3,)", "None", "(64", "(2, 64" + ", 1" * 40 + ")"))  # fmt: skip
    header = f"{{'descr': '{descr}', 'fortran_order': {rng.choice(('False', 'True', '1'))}, 'shape': {shape}, }}"
    if rng.random() < 0.3:
        header = _token_changed(header, ("descr", "shape", "fortran_order"), rng)
    return npy(header + "\n", rng.randbytes(rng.choice((0, 64, 128, 512, 1024))))


def _array(rng: random.Random) -> bytes:
    """An array of any kind of values."""
    shape = rng.choice(((64,), (1, 64), (2, 64), (0, 64), (64, 0), (), (1, 8, 8), (2, 1, 8, 8), (63,), (1, 65)))
    kind = rng.choice((np.float32, np.float64, np.int8, np.uint8, np.int64, np.bool_, np.float16, np.uint64))
    value = rng.choice((0, 1, 15, 16, -1, 255, 0.5, np.nan, np.inf, -np.inf, 1e30))
    out = io.BytesIO()
    with np.errstate(all="ignore"):
        np.save(out, np.full(shape, value).astype(kind))
    return out.getvalue()


def _zipped(data: bytes, rng: random.Random) -> bytes:
    """An archive of arrays, sometimes damaged."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name in rng.sample(("x.npy", "y.npy", "x", "../x.npy", "labels.npy", "x.npy/"), rng.randrange(3)):
            archive.writestr(name, rng.choice((data, data[:20], b"", _array(rng))))
    return out.getvalue() if rng.random() < 0.6 else bytes_mutant(out.getvalue(), rng)
