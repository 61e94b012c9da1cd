"""Blocks and columns of a trace, byte by byte: each bound is reached, and one more is refused."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.file import blocks, columns
from acortex.traces.file.blocks import FRAME_BYTES, Block, checksum, frame, parse_frame, parse_trailer, trailer
from acortex.traces.file.columns import compress, decompress, is_int64, is_packed, last_end
from acortex.traces.file.validation import MOST, Limits, TraceError, check_plain, limits

LEAST, TOP = -(1 << 63), (1 << 63) - 1

# Frames ---------------------------------------------------------------------------------------------------------------


def test_a_frame_is_that_of_msgpack_and_zlib() -> None:
    body = b"body"
    check = zlib.crc32(struct.pack(">BII", 3, 7, 4) + body)
    assert msgpack.unpackb(frame(3, 7, body)) == [3, 7, check, body]
    assert parse_frame(frame(3, 7, body)[:FRAME_BYTES], 100) == Block(100, 3, 7, checksum(3, 7, body), 4)
    assert Block(100, 3, 7, check, 4).end == 100 + len(frame(3, 7, body))


def head(marks: tuple[int, ...] = (0x94, 0xCE, 0xCE, 0xC6), type_: int = 0, rows: int = 0, length: int = 0) -> bytes:
    array, int_a, int_b, bin_ = marks
    return struct.pack(">BBBIBIBI", array, type_, int_a, rows, int_b, 0, bin_, length)


@pytest.mark.parametrize(
    ("fits", "beyond"),
    [
        ({"type_": 127}, {"type_": 128}),
        ({"rows": 65536}, {"rows": 65537}),
        ({"length": 1 << 26}, {"length": (1 << 26) + 1}),
    ],
)
def test_a_number_of_a_frame_has_a_bound(fits: dict[str, int], beyond: dict[str, int]) -> None:
    assert parse_frame(head(**fits), 0) is not None  # type: ignore[arg-type]
    assert parse_frame(head(**beyond), 0) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", range(4))
def test_each_mark_of_a_frame_counts(wrong: int) -> None:
    marks = [0x94, 0xCE, 0xCE, 0xC6]
    marks[wrong] += 1
    assert parse_frame(head(tuple(marks)), 0) is None


@pytest.mark.parametrize("offset", [0, 1 << 40, (1 << 64) - 1])
def test_a_trailer_gives_the_offset_of_the_index(offset: int) -> None:
    written = trailer(offset)
    assert parse_trailer(written) == offset
    assert parse_trailer(bytes([written[0] ^ 1]) + written[1:]) is None
    assert parse_trailer(written[:-1] + b"x") is None


# Plain data -----------------------------------------------------------------------------------------------------------

INTEGERS = st.integers(-(1 << 90), 1 << 90) | st.sampled_from([LEAST, LEAST - 1, TOP, TOP + 1])
PLAIN = st.recursive(
    INTEGERS | st.text() | st.booleans() | st.none() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(PLAIN)
def test_plain_data_come_back(plain: Any) -> None:
    assert blocks.unpack(blocks.pack(plain)) == plain
    assert blocks.unpack_compressed(blocks.pack_compressed(plain)) == plain


def test_integers_of_64_bits_are_those_of_msgpack_and_others_an_extension() -> None:
    assert msgpack.unpackb(blocks.pack([LEAST, TOP])) == [LEAST, TOP]
    extended = msgpack.unpackb(blocks.pack([LEAST - 1, TOP + 1]))
    assert extended == [msgpack.ExtType(1, b"%d" % number) for number in (LEAST - 1, TOP + 1)]


def test_numbers_of_numpy_are_numbers() -> None:
    assert blocks.unpack(blocks.pack({"a": [np.int64(3), np.float64(0.5)]})) == {"a": [3, 0.5]}


def test_an_integer_has_at_most_4096_digits_and_another_extension_is_none() -> None:
    assert blocks.unpack(msgpack.packb(msgpack.ExtType(1, b"9" * 4096))) == 10**4096 - 1
    with pytest.raises(ValueError, match="is not readable msgpack"):
        blocks.unpack(msgpack.packb(msgpack.ExtType(1, b"9" * 4097)))
    with pytest.raises(ValueError, match="unknown extension 2"):
        blocks.unpack(msgpack.packb(msgpack.ExtType(2, b"9")))


@pytest.mark.parametrize(
    ("plain", "cost"), [([0] * 30, 40), ([[0], [0, 0]], 11 + 12 + 12), ({"a": 1, "b": 2}, 16), ({"a": [1]}, 13 + 11)]
)
def test_each_list_costs_ten_objects_and_each_pair_of_a_map_three(
    plain: Any, cost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = blocks._Budget()
    monkeypatch.setattr(blocks, "_Budget", lambda: budget)
    budget._left = cost
    assert blocks.unpack(msgpack.packb(plain)) == plain
    budget._left = cost - 1
    with pytest.raises(ValueError, match="objects"):
        blocks.unpack(msgpack.packb(plain))


def test_a_key_stands_once_in_a_map() -> None:
    with pytest.raises(ValueError, match="a key stands twice in one map"):
        blocks.unpack(b"\x82\xa1a\x01\xa1a\x02")


def test_a_short_body_may_unfold_to_two_megabytes() -> None:
    least = blocks.PLAIN_LEAST
    assert least == 2 << 20
    text = "x" * (least - 5)  # five bytes say that it is a text, and how long
    assert blocks.unpack_compressed(compress(msgpack.packb(text))) == text
    with pytest.raises(ValueError, match=rf"holds {least + 1} bytes where 1 to {least} fit"):
        blocks.unpack_compressed(compress(msgpack.packb(f"{text}x")))


def test_a_longer_body_may_unfold_to_256_times_its_bytes() -> None:
    text = " ".join(map(str, range(500_000)))
    body = blocks.pack_compressed(text)
    assert blocks.PLAIN_LEAST < len(text) < 256 * len(body)
    assert blocks.unpack_compressed(body) == text


# Columns --------------------------------------------------------------------------------------------------------------

INT64 = st.integers(LEAST, TOP) | st.sampled_from([LEAST, LEAST + 1, -1, 0, 1, TOP - 1, TOP])


@given(st.lists(INT64, min_size=1, max_size=20), st.booleans())
def test_any_integers_of_64_bits_come_back(values: list[int], delta: bool) -> None:
    packed = list(columns.pack("c", np.array(values, np.int64), delta=delta))
    assert is_packed(packed)
    assert columns.unpack(packed, len(values)).tolist() == values


@pytest.mark.parametrize(
    ("spread", "width"),
    [(0, 0), (1, 1), (255, 1), (256, 2), (65535, 2), (65536, 4), ((1 << 32) - 1, 4), (1 << 32, 8), ((1 << 63) - 1, 8)],
)
def test_a_column_takes_the_narrowest_width(spread: int, width: int) -> None:
    packed = columns.pack("c", np.array([-3, spread - 3], np.int64))
    assert packed[:4] == ("c", None, -3, width)
    assert len(decompress(packed[4], 0, 16) if width else b"") == 2 * width


def test_steps_of_a_rising_column_are_packed_behind_its_first_value() -> None:
    assert columns.pack("c", np.array([10, 13, 16], np.int64), delta=True) == ("c", 10, 3, 0, b"")
    assert columns.pack("c", np.array([10], np.int64), delta=True) == ("c", 10, 0, 0, b"")


def test_the_last_end_is_exact_beyond_64_bits() -> None:
    assert last_end(np.array([5, 2]), np.array([1, 9])) == 11
    assert last_end(np.array([TOP - 1, 0]), np.array([1, TOP])) == TOP
    assert last_end(np.array([TOP, 0]), np.array([1, TOP])) == TOP + 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("c", None, 0, 0),
        ("c", None, 0, 0, b"", 1),
        (3, None, 0, 0, b""),
        ("c", TOP + 1, 0, 0, b""),
        ("c", None, LEAST - 1, 0, b""),
        ("c", None, None, 0, b""),
        ("c", None, 0, 3, b""),
        ("c", None, 0, True, b""),
        ("c", None, 0, 0, "x"),
    ],
)
def test_what_is_no_packed_column(wrong: tuple[Any, ...]) -> None:
    assert not is_packed(list(wrong))
    assert is_packed(["c", TOP, LEAST, 8, b"x"])


def test_integers_of_64_bits() -> None:
    told = [is_int64(value) for value in (LEAST - 1, LEAST, 0, TOP, TOP + 1, True, 1.0)]
    assert told == [False, True, True, True, False, False, False]


# What rows may hold ---------------------------------------------------------------------------------------------------

SIZES = {"pc": 4, "unit": 2}


def check(known: Limits, **fields: int) -> str:
    """What is said of one row; "" where nothing is."""
    rows = {name: np.array([1, value]) for name, value in {"start": 1, "span": 1, **fields}.items()}
    try:
        known.check(rows, list(rows), "here")
    except TraceError as error:
        return error.message.removeprefix("the trace is malformed: ")
    return ""


@pytest.mark.parametrize(
    ("field", "low", "high", "words"),
    [
        ("pc", -1, 3, "-1 to 3"),
        ("unit", 0, 1, "0 to 1"),
        ("inference", -1, 1 << 40, f"-1 to {1 << 40}"),
        ("merged", 1, MOST, "1 or more"),
        ("count", 0, MOST, "0 or more"),
    ],
)
def test_a_field_of_a_row_lies_within_its_bounds(field: str, low: int, high: int, words: str) -> None:
    known = limits(SIZES, None)
    assert [check(known, **{field: value}) for value in (low, high)] == ["", ""]
    beyond = [low - 1, *([high + 1] if high < MOST else [])]
    assert [check(known, **{field: value}) for value in beyond] == [
        f"row 1 has {field} {value}, which must be {words}" for value in beyond
    ]


def test_a_row_begins_no_earlier_than_set_up_may() -> None:
    known = limits(SIZES, None)
    assert check(known, start=-(1 << 62)) == ""
    assert check(known, start=-(1 << 62) - 1).startswith(f"row 1 has start {-(1 << 62) - 1}, which must be ")


def test_a_row_may_end_with_the_run_and_no_later() -> None:
    known = limits(SIZES, 20)
    assert check(known, start=15, span=5) == ""
    assert check(known, start=15, span=6) == "row 1 ends in cycle 21, which must be 20 at most: the run's last"


def nested(depth: int) -> Any:
    plain: Any = 1
    for _ in range(depth):
        plain = [plain]
    return plain


def test_plain_data_nest_32_deep_at_most() -> None:
    check_plain(nested(32), "settings", "here")
    with pytest.raises(TraceError, match="settings is nested deeper than 32"):
        check_plain(nested(33), "settings", "here")


@pytest.mark.parametrize("wrong", [float("inf"), float("nan"), b"x", {1: 2}])
def test_what_json_does_not_have_is_refused_wherever_it_is(wrong: Any) -> None:
    check_plain({"a": [None, True, 1, 0.5, "x", {"b": 2}]}, "settings", "here")
    for plain in (wrong, [1, wrong], {"a": {"b": [wrong]}}):
        with pytest.raises(TraceError, match="settings"):
            check_plain(plain, "settings", "here")
