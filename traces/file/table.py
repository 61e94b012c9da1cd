"""Rows of one sort, events or waits, as lazy NumPy columns over the blocks of a file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.traces.file import blocks, columns, dataframes
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.validation import Limits, malformed
from acortex.wording import did_you_mean, some_of

MOST_ROWS = 1 << 26
"""Rows of a column that is held as a whole: 512 MB."""

MOST_FRAME_ROWS = 1 << 24
"""Rows of a DataFrame: 1.2 GB."""

Ints: TypeAlias = NDArray[np.int64]
AnyInts: TypeAlias = NDArray[np.signedinteger[Any]]
Window: TypeAlias = tuple[int, int]


class Event(NamedTuple):
    """One event, or at a coarser level all events of one key; cycles, attojoules, positions in the header's tables."""

    start: int
    duration: int
    unit: int
    kind: int
    count: int  # type: ignore[assignment]  # tuple.count is not missed
    pc: int
    layer: int
    inference: int
    energy_aj: int
    span: int
    merged: int


class Wait(NamedTuple):
    """One wait of a unit, for the cause that it names."""

    start: int
    duration: int
    unit: int
    cause: int
    pc: int
    layer: int
    inference: int
    span: int
    merged: int


@dataclass(frozen=True)
class StoredBlock:
    """A block of rows in a file: how many, from which first start to which last end cycle if known, and its body."""

    rows: int
    cycles: Window | None
    where: str
    read: Callable[[], bytes]


class Chunk(Mapping[str, Ints]):
    """The columns of one block, each decoded when it is first read; TraceError where the block is malformed.

    `span` and `merged` are there at every level: `duration` and 1 where the file has no such columns.
    """

    def __init__(self, block: StoredBlock, names: Sequence[str], kinds: int) -> None:
        self.rows = block.rows
        self._block = block
        self._names = names
        self._columns: dict[str, Ints] = {}
        try:
            self._packed, self._prices = _parse_body(block.read(), names, kinds)
        except ValueError as error:
            raise malformed(str(error), block.where) from error

    def check(self, limits: Limits) -> None:
        """Raises TraceError for a row that no run can have, or that is not where the file's index states."""
        limits.check(self, self._names, self._block.where)
        if self._block.cycles is not None:
            first, end = int(self["start"].min()), columns.last_end(self["start"], self["span"])
            if (first, end) != self._block.cycles:
                said, found = ("{} to {}".format(*pair) for pair in (self._block.cycles, (first, end)))
                raise malformed(f"the index says that the block has cycles {said}, it has {found}", self._block.where)

    def __getitem__(self, name: str) -> Ints:
        if name not in self._columns:
            self._columns[name] = self._make(name)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _make(self, name: str) -> Ints:
        if name not in self._packed:
            return self["duration"] if name == "span" else np.ones(self.rows, dtype=np.int64)
        try:
            values = columns.unpack(self._packed[name], self.rows)
        except (ValueError, OverflowError) as error:
            raise malformed(f"column {name!r} {error}", self._block.where) from error
        if name == "energy_aj" and self._prices is not None:
            values = values + self["count"] * self._prices[self["kind"]]
        return values


def _parse_body(body: bytes, names: Sequence[str], kinds: int) -> tuple[dict[str, list[Any]], Ints | None]:
    """The packed columns of a block by name, and its price of each kind if it has any."""
    plain = blocks.unpack(body)
    packed = plain.get("columns") if isinstance(plain, dict) else None
    if not isinstance(packed, list) or not all(columns.is_packed(column) for column in packed):
        raise ValueError("a block has no columns")
    found = {column[0]: column for column in packed}
    if len(found) != len(packed):
        raise ValueError("a block has a column twice")
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"a block lacks the columns {', '.join(missing)}")
    prices = plain.get("prices_aj")
    if prices is None:
        return found, None
    if not isinstance(prices, list) or not all(columns.is_int64(price) for price in prices):
        raise ValueError("prices are no integers")
    if len(prices) != kinds:
        raise ValueError(f"there must be {kinds} prices")
    return found, np.array(prices, dtype=np.int64)


@dataclass(frozen=True)
class Select:
    """Which rows a table shows: those in a window of cycles, of allowed positions, of given inferences."""

    window: Window | None = None
    allowed: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    inferences: tuple[int, ...] | None = None

    def mask(self, chunk: Chunk) -> NDArray[np.bool_] | None:
        """One bool per row, or None for all."""
        masks = [allowed[chunk[name]] for name, allowed in self.allowed.items()]
        if self.window is not None:
            first, end = self.window
            start = chunk["start"]
            masks.append((start < end) & ((start >= first) | (start + chunk["span"] > first)))
        if self.inferences is not None:
            masks.append(np.isin(chunk["inference"], self.inferences))
        return np.logical_and.reduce(masks) if masks else None

    def meets(self, block: StoredBlock) -> bool:
        """Whether the block can hold a row of the window; True where that is not known."""
        if self.window is None or block.cycles is None:
            return True
        return block.cycles[0] < self.window[1] and block.cycles[1] >= self.window[0]


NO_SELECTION = Select()

Row = TypeVar("Row", Event, Wait)


class Table(Generic[Row]):
    """Events or waits. `table["start"]` is an int64 column; iteration gives named tuples; `chunks` streams.

    A table holds no rows until they are read, and never an open file.
    """

    def __init__(
        self,
        header: TraceHeader,
        fields: Sequence[str],
        row: type[Row],
        stored: Sequence[StoredBlock],
        limits: Limits,
        selected: Select = NO_SELECTION,
        checked: set[str] | None = None,
    ) -> None:
        self.header = header
        self.fields = tuple(fields)
        self._row: type[Row] = row
        self._stored = [block for block in stored if selected.meets(block)]
        self._limits = limits
        self._select = selected
        self._checked: set[str] = set() if checked is None else checked
        self._cache: dict[str, Ints] = {}

    def __len__(self) -> int:
        return self._claimed() if self._select == NO_SELECTION else len(self["start"])

    def __getitem__(self, name: str) -> Ints:
        if name not in self._row._fields:
            raise UsageError(f"there is no column {name!r}", hint=_hint(name, self._row._fields))
        if name not in self._cache:
            self._cache |= self._whole(name)
        return self._cache[name]

    def _whole(self, *names: str) -> dict[str, Ints]:
        """Columns of all rows, as far as memory may be taken for them."""
        parts = self._gathered(_as_is, *names)
        return {name: np.concatenate(parts.pop(name), dtype=np.int64) for name in names}

    def _gathered(self, form: Callable[[Ints], AnyInts], *names: str) -> dict[str, list[AnyInts]]:
        """The parts of columns, each in some form; as few rows as memory may be taken for."""
        parts: dict[str, list[AnyInts]] = {name: [np.zeros(0, dtype=np.int8)] for name in names}
        rows = 0
        for chunk in self.chunks(*names):
            rows += len(chunk[names[0]])
            if rows > MOST_ROWS:
                raise UsageError(
                    f"the trace has more than {MOST_ROWS} rows, too many to hold at once",
                    where=self._stored[0].where,
                    hint="take a part with select(window=...), or go through chunks()",
                )
            for name in names:
                parts[name].append(form(chunk[name]))
        return parts

    @property
    def stored_rows(self) -> int:
        """Rows in the file, selected or not: known without reading one."""
        return self._claimed()

    def _claimed(self) -> int:
        return sum(block.rows for block in self._stored)

    def __iter__(self) -> Iterator[Row]:
        names = self._row._fields
        for chunk in self.chunks(*names):
            yield from map(self._row._make, zip(*(chunk[name].tolist() for name in names), strict=True))

    def chunks(self, *names: str) -> Iterator[dict[str, Ints]]:
        """The named columns (all of `fields` if none is named), at most 65,536 rows at a time, in file order."""
        for at in range(len(self._stored)):
            if chunk := self.chunk(at, *names):
                yield chunk

    def chunk(self, at: int, *names: str) -> dict[str, Ints] | None:
        """One of the chunks, by the number of its block; None where no row of it is selected."""
        chunk = self._chunk(self._stored[at])
        mask = self._select.mask(chunk)
        if mask is None:
            return {name: chunk[name] for name in names or self.fields}
        return {name: chunk[name][mask] for name in names or self.fields} if mask.any() else None

    def rows_of(self, at: int) -> int:
        """How many rows a block has, selected or not."""
        return self._stored[at].rows

    def first_starts(self) -> list[int]:
        """The first start in each block."""
        return [
            block.cycles[0] if block.cycles is not None else int(self._chunk(block)["start"].min())
            for block in self._stored
        ]

    def _chunk(self, block: StoredBlock) -> Chunk:
        """The columns of a block, checked the first time that it is read."""
        chunk = Chunk(block, self.fields, len(self.header.kinds))
        if block.where not in self._checked:
            chunk.check(self._limits)
            self._checked.add(block.where)
        return chunk

    def columns(self) -> dict[str, Ints]:
        """All of `fields`, read in one pass."""
        missing = [name for name in self.fields if name not in self._cache]
        if missing:
            self._cache |= self._whole(*missing)
        return {name: self._cache[name] for name in self.fields}

    def compact(self, *names: str) -> dict[str, AnyInts]:
        """Columns of all rows, each in the narrowest signed integers that hold it: about 25 bytes for a row of all."""
        return {name: np.concatenate(parts) for name, parts in self._gathered(narrowest, *names).items()}

    def end_cycle(self) -> int:
        """The last cycle at which any row ends; 0 without rows."""
        return max(
            (columns.last_end(chunk["start"], chunk["span"]) for chunk in self.chunks("start", "span")), default=0
        )

    def to_pandas(self) -> Any:
        """A pandas DataFrame with names in place of positions, a column for each of `fields`, and `source`.

        `unit`, `kind` or `cause`, `layer` and `source` are categories, all others int64: cycles, counts, attojoules.
        Raises MissingExtra without pandas, and UsageError for more than MOST_FRAME_ROWS rows.
        """
        if len(self) > MOST_FRAME_ROWS:
            raise UsageError(
                f"{len(self)} rows are too many for a DataFrame, which may have {MOST_FRAME_ROWS}",
                hint="take a part with select(window=...), or add up with to_duckdb()",
            )
        return dataframes.to_pandas(self.columns(), self.header)

    def to_duckdb(self) -> Any:
        """A duckdb relation with names in place of positions; MissingExtra without duckdb."""
        return dataframes.to_duckdb(self.compact(*self.fields), self.header)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows of `to_duckdb` for any reader of Arrow streams."""
        return self.to_duckdb().__arrow_c_stream__(requested_schema)

    def select(
        self,
        *,
        window: Window | None = None,
        unit: str | None = None,
        kind: str | None = None,
        cause: str | None = None,
        layer: str | None = None,
        inference: int | Collection[int] | None = None,
        pc: int | Collection[int] | None = None,
        line: str | None = None,
    ) -> Table[Row]:
        """The rows that match all that is given.

        `window` is (first, end) in cycles: rows that lie in it at least partly. Names may be patterns (`vmm.*`); `line`
        is "file:line". A name that matches nothing is a UsageError with the nearest one.
        """
        allowed = dict(self._select.allowed)
        for name, pattern in (("unit", unit), ("kind", kind), ("cause", cause), ("layer", layer), ("pc", line)):
            if pattern is not None:
                _restrict(allowed, name, matching(pattern, self._names(name)))
        if pc is not None:
            counters = {pc} if isinstance(pc, int) else set(pc)
            mask = np.array([at in counters for at in (*range(len(self.header.lines)), -1)])
            _restrict(allowed, "pc", mask)
        inferences = self._select.inferences
        if inference is not None:
            asked = {inference} if isinstance(inference, int) else set(inference)
            inferences = tuple(sorted(asked if inferences is None else asked & set(inferences)))
        cut = _meet(self._select.window, window)
        chosen = replace(self._select, window=cut, allowed=allowed, inferences=inferences)
        return Table(self.header, self.fields, self._row, self._stored, self._limits, chosen, self._checked)

    def _names(self, column: str) -> Sequence[str]:
        if column not in self._row._fields:
            raise UsageError(f"these rows have no {column}")
        header = self.header
        named = {"unit": header.units, "cause": header.causes, "layer": header.layers, "pc": header.lines}
        return [kind.name for kind in header.kinds] if column == "kind" else named[column]


def _as_is(values: Ints) -> AnyInts:
    return values


def fitting(low: int, high: int) -> np.dtype[np.signedinteger[Any]]:
    """The narrowest signed integers that hold these bounds."""
    bits = next(bits for bits in (8, 16, 32, 64) if -(1 << bits - 1) <= low and high < 1 << bits - 1)
    return np.dtype(f"i{bits // 8}")


def narrowest(values: Ints) -> AnyInts:
    """The values in the fewest bytes that hold them all."""
    return values.astype(fitting(int(values.min(initial=0)), int(values.max(initial=0))))


def _restrict(allowed: dict[str, NDArray[np.bool_]], name: str, mask: NDArray[np.bool_]) -> None:
    allowed[name] = mask & allowed[name] if name in allowed else mask


def matching(pattern: str, names: Sequence[str]) -> NDArray[np.bool_]:
    """One bool per name, and a last False, which a position of -1 meets."""
    mask = np.array([*(name == pattern or fnmatchcase(name, pattern) for name in names), False])
    if not mask.any():
        raise UsageError(
            f"nothing in this trace is named {pattern!r}",
            hint=_hint(pattern, names),
        )
    return mask


def _hint(name: str, names: Sequence[str]) -> str:
    return did_you_mean(name, names, f"there are {some_of(names, 20)}")


def _meet(a: Window | None, b: Window | None) -> Window | None:
    if a is None or b is None:
        return a or b
    return max(a[0], b[0]), min(a[1], b[1])
