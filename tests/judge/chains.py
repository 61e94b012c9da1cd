"""Chains of instructions that hand items on: products with a group, and the work of the vector agent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acortex.isa.arithmetic.windows import Window
from acortex.isa.program import Constants
from judge.counting import fetched, slid
from judge.draw import PACKS, Drawing, NoRoomError
from judge.plans import WORD, Grouped, Step, Streamed


class Chains(Drawing):
    """Draws chains."""

    def chain(self) -> None:
        """Products with a group, or work of the vector agent alone."""
        if self.often(0.3):
            self.stream_from("read")
            words = self.chance.randint(1, 14)
            self.read(words, 1, "stream")
            self.vector_chain(words)
            return
        after_codes = any(step.gives[0] == "codes" for step in self.planned)
        to_vector = self.often(0.9 if after_codes else 0.4)
        if to_vector:
            self.stream_from("neurons")
        group = self.group()
        if to_vector and group.column_words > self.chip.vector.queue_words:
            raise NoRoomError
        positions = self.products(group)
        words = positions * group.column_words
        pipe = "stream" if to_vector else "codes"
        for part in self.split(positions, "neurons"):
            values, setting = self.coding(group)
            values |= {"positions": part, "to": int(to_vector)}
            gives = (pipe, part * group.column_words)
            self.planned.append(Step("neurons", "convert", values, setting, (("sums", part),), gives))
        if to_vector:
            self.vector_chain(words)
        else:
            self.write(words, 0, pipe)

    def coding(self, group: Grouped) -> tuple[dict[str, int], list[tuple[str, dict[str, int]]]]:
        """What a conversion's codes are made with: one quantiser or two, each perhaps with constants of its neurons."""
        first, then = self.chance.sample([0, 63, 5, 6], 2)
        setting = self.tuned(first, group)
        if self.often(0.7):
            return {"quantiser": first}, setting
        every = self.edge(1, group.column_words)
        return {"quantiser": first, "then": then, "every": every}, [*setting, *self.tuned(then, group)]

    def tuned(self, number: int, group: Grouped) -> list[tuple[str, dict[str, int]]]:
        """The instructions that set a quantiser of a group's neurons."""
        setting = self.quantiser_setting(number)
        if self.often(0.3):
            chance = np.random.default_rng(self.seed * 64 + len(self.constants))
            rows = (
                chance.integers(-(1 << self.edge(0, 31)), 2**10, group.columns),
                chance.integers(1, 2**16, group.columns),
            )
            setting.append(("tune", {"quantiser": number, "constants": len(self.constants)}))
            self.constants.append(Constants(f"c{len(self.constants)}", np.stack(rows, axis=1)))
        return setting

    def stream_from(self, producer: str) -> None:
        """The words on the vector agent's stream come from one agent at a time: another waits for its end."""
        other = {"read": "neurons", "neurons": "read"}[producer]
        if any(step.gives[0] == "stream" and step.agent == other for step in self.planned):
            raise NoRoomError
        if self.streamer not in ("", producer):
            self.synchronise(other, producer)
        self.streamer = producer

    def products(self, group: Grouped) -> int:
        """Input vectors and their products with a group; how many."""
        positions = self.slides(group) if self.often(0.5) else self.feeds(group)
        for part in self.split(positions, "vmm"):
            values = {"positions": part, **self.by_loop(group.number)}
            self.planned.append(Step("vmm", "multiply", values, [], (("vectors", part),), ("sums", part)))
        return positions

    def feeds(self, group: Grouped) -> int:
        """Vectors of words in a row."""
        positions = self.chance.choice([1, 2, self.chance.randint(1, 12)])
        words = self.chance.randint(1, min(group.row_words, self.chip.buffer.words))
        self.read(positions * words, 0, "words")
        again = 0
        if self.often(0.2) and self.budget["buffer"] > 1:
            again = self.chance.randint(1, min(positions, self.chip.buffer.words // words))
            self.budget["buffer"] -= 1
            values = {
                "positions": again,
                "words": words,
                "tail": self.edge(1, WORD),
                "fill": self.edge(0, 15),
                "keep": 1,
            }
            takes = (("words", again * words),)
            self.planned.append(Step("buffer", "feed", values, [], takes, ("vectors", again), keeps=True))
        for part in self.split(positions, "buffer"):
            values = {"positions": part, "words": words, "tail": self.edge(1, WORD), "fill": self.edge(0, 15)}
            self.planned.append(Step("buffer", "feed", values, [], (("words", part * words),), ("vectors", part)))
        return positions + again

    def slides(self, group: Grouped) -> int:
        """Windows over an image."""
        window, depth, height, tail, dense = self.window_for(group)
        size = sum(new for new, _ in slid(window, depth, height))
        number, register = self.edge(0, 7), self.edge(0, 31)
        setting = self.set_window(number, window)
        columns = -(-window.width // window.packed)
        if size and self.often(0.7):
            if self.budget["read"] < 1:
                raise NoRoomError
            self.budget["read"] -= 1
            stream = self.image(window, depth, height, columns)
            register, placing = self.set_stream(stream)
            words = needed(window, depth, height, stream.base, stream.strides)
            values = {"stream": register, "window": number}
            self.planned.append(Step("read", "fetch", values, [*setting, *placing], (), ("words", size), words))
        elif size:
            self.read(size, 0, "words")
        shape = Streamed(0, (depth, columns, height, 1), (1, 1, 1, 1))
        register, placing = self.set_stream(shape)
        self.budget["buffer"] -= 1
        values = {"stream": register, "window": number, "tail": tail, "dense": dense, "fill": self.edge(0, 15)}
        if self.budget["buffer"] < 0:
            raise NoRoomError
        self.planned.append(
            Step("buffer", "slide", values, [*setting, *placing], (("words", size),), ("vectors", window.positions))
        )
        return window.positions

    def image(self, window: Window, depth: int, height: int, columns: int) -> Streamed:
        """A stream of image shape whose words that the window needs are written."""
        known = sorted(self.written)
        last = self.chip.memory_words - 1
        for attempt in range(20):
            along = self.chance.choice([(1, depth, depth * columns), (0, 1, columns), (1, 0, 1), (0, 0, 0)])
            if attempt > 12:
                along = (0, 0, 0)
            base = self.chance.choice(known)
            ends = [base + sum(e * s for e, s in zip((depth - 1, columns - 1, height - 1), along, strict=True))]
            words = needed(window, depth, height, base, along)
            if ends[0] <= last and words <= self.written and self.clear("read", words, False):
                return Streamed(base, (depth, columns, height, 1), (*along, self.edge(-(1 << 19), (1 << 19) - 1)))
        raise NoRoomError

    def window_for(self, group: Grouped) -> tuple[Window, int, int, int, int]:
        """A window whose vectors fit a group and whose words fit the buffer: with depth, height, tail and density."""
        for _ in range(60):
            packed = self.chance.choice([1, 1, 1, 2, 4, 8, 16])
            depth = 1 if packed > 1 else self.chance.randint(1, 2)
            tail = self.edge(1, WORD // packed if packed > 1 else WORD)
            dense, width, height = self.edge(0, 1), self.chance.randint(1, 9), self.chance.randint(1, 6)
            kernel = self.chance.choice([(1, 1), (2, 2), (3, 3), (1, 3), (3, 1), (2, 1), (1, 128), (128, 1)])
            rows, columns = self.chance.randint(1, 4), self.chance.randint(1, 5)
            window = Window(
                *kernel, self.edge(1, 3), self.edge(1, 3), self.edge(1, 3), self.edge(1, 3), width, packed,
                rows, columns, self.edge(0, 3), self.edge(0, 3), self.edge(0, 15), packed > 1 and self.often(0.4),
            )  # fmt: skip
            channels = tail if packed > 1 else (depth - 1) * WORD + tail
            taps = kernel[0] * kernel[1]
            words = -(-taps * channels // WORD) if dense else taps * -(-channels // WORD)
            if words <= group.row_words and most_held(window, depth, height) <= self.chip.buffer.words:
                return window, depth, height, tail, dense
        raise NoRoomError

    def set_window(self, number: int, w: Window) -> list[tuple[str, dict[str, int]]]:
        """The instructions that set a window."""
        window = {
            "window": number, "kernel_y": w.kernel_y, "kernel_x": w.kernel_x, "width": w.width, "stride_y": w.stride_y,
            "stride_x": w.stride_x, "dilation_y": w.dilation_y, "dilation_x": w.dilation_x,
            "packed": PACKS.index(w.packed), "apart": int(w.apart),
        }  # fmt: skip
        border = {
            "window": number,
            "rows": w.rows,
            "columns": w.columns,
            "top": w.top,
            "left": w.left,
            "value": w.value,
        }
        return [("window", window), ("border", border)]

    def quantiser(self, number: int) -> None:
        """Sets a quantiser."""
        for mnemonic, values in self.quantiser_setting(number):
            self.emit(mnemonic, **values)

    def set_quantiser(self) -> tuple[int, list[tuple[str, dict[str, int]]]]:
        """A quantiser's register, and the instructions that set it."""
        number = self.edge(0, 63)
        return number, self.quantiser_setting(number)

    def quantiser_setting(self, number: int, spare: int = 0) -> list[tuple[str, dict[str, int]]]:
        """The instructions that set a quantiser to anything that it may be, with `spare` codes above its zero."""
        high = self.edge(1, self.top_code)
        low = self.edge(0, high - 1)
        activation = self.edge(0, 6) if high - low > spare else 1
        zero = self.edge(low + (activation == 0), high - spare)
        multiplier, shift = self.chance.choice(
            [(self.edge(1, 1 << 16), self.edge(0, 63)), (self.chance.randint(1, 400), self.chance.randint(0, 14))]
        )
        setting = [("quant", {"quantiser": number, "multiplier": multiplier, "shift": shift, "zero": zero, "low": low,
                              "high": high, "activation": activation})]  # fmt: skip
        if self.often(0.4):
            setting.append(("gain", {"quantiser": number, "gain": self.edge(1, 1 << 16)}))
        return setting

    # The vector agent -------------------------------------------------------------------------------------------------

    def vector_chain(self, words: int) -> None:
        """Work of the vector agent on the words of a stream, and the writing of its results."""
        results = 0
        fours = words // 4 * 4
        if fours and self.often(0.5) and self.budget["vector"] > 1:
            self.budget["vector"] -= 1
            results += self.vector_step(fours, two=False, cells=True)
            words -= fours
        for part in self.split(words, "vector") if words else []:
            results += self.vector_step(part, two=self.often(0.4))
        if self.states and self.often(0.4) and self.budget["vector"]:
            self.budget["vector"] -= 1
            results += self.recall()
        if results:
            self.write(results, 1, "results")

    def recall(self) -> int:
        """States as codes; how many words."""
        count, state = self.kept(self.chance.randint(1, 3))
        number, setting = self.set_quantiser()
        values = {"quantiser": number, "words": count, "state": state}
        self.planned.append(Step("vector", "getstate", values, setting, (), ("results", count)))
        return count

    def kept(self, most: int) -> tuple[int, int]:
        """Some words of the state store that are written: how many, and the first."""
        state, count = self.chance.choice(sorted(self.states)), 1
        while count < most and state + count in self.states:
            count += 1
        return count, state

    def cells(self, words: int) -> tuple[str, dict[str, int], int]:
        """A step of recurrent cells, or of keeping states, on some words: mnemonic, operands, and results."""
        kinds = [("putstate", 1, {})]
        kinds += [("gru", 2, {"reset": 0})] * (words % 2 == 0)
        kinds += [("gru", 4, {"reset": 1}), ("lstm", 4, {})] * (words % 4 == 0)
        mnemonic, each, values = self.chance.choice(kinds[-2:] if self.often(0.7) else kinds)
        count = words // each
        again = [state for state in sorted(self.states) if set(range(state, state + count)) <= self.states]
        state = self.edge(0, self.chip.vector.state_words - count)
        state = self.chance.choice(again) if again and self.often(0.6) else state
        known = set(range(state, state + count)) <= self.states
        self.states |= set(range(state, state + count))
        if mnemonic == "putstate":
            return mnemonic, {"words": count, "state": state, "zero_a": self.edge(0, 255)}, 0
        first = 0 if known and self.often(0.7) else 1
        return mnemonic, {**values, "words": count, "state": state, "first": first}, count

    def vector_step(self, words: int, *, two: bool, cells: bool = False) -> int:
        """One instruction on some words, with `cells` one of recurrent cells; how many it makes."""
        number, setting = self.set_quantiser()
        zeros = {"zero_a": self.edge(0, 255), "zero_b": self.edge(0, 255)}
        takes = (("stream", words),)
        made = words
        if two:
            self.operands(words)
            mnemonic = self.chance.choice(["add", "mul"])
            values = {"quantiser": number, "words": words, **zeros}
            takes = (("stream", words), ("operand", words))
            if mnemonic == "add":
                values["other"], more = self.set_quantiser()
                setting = [*more, *setting]
        elif words <= self.chip.vector.state_words and (cells or self.often(0.4)):
            mnemonic, values, made = self.cells(words)
            values["quantiser"] = number
            if mnemonic != "putstate":
                values["gates"] = self.chance.choice([n for n in (0, 63, 9) if n != number])
                setting = [*setting, *self.quantiser_setting(values["gates"], spare=1)]
        elif self.often(0.5):
            mnemonic, values = "requant", {"quantiser": number, "words": words, "zero_a": zeros["zero_a"]}
        else:
            mnemonic = "pool"
            values, placing, made = self.pool(words, number)
            setting = [*setting, *placing]
        self.planned.append(Step("vector", mnemonic, values, setting, takes, ("results", made)))
        return made

    def pool(self, words: int, quantiser: int) -> tuple[dict[str, int], list[tuple[str, dict[str, int]]], int]:
        """A pool over an image of so many words: its operands, what sets its registers, and its results."""
        depth = self.chance.choice([n for n in (1, 2, 3) if words % n == 0])
        width = self.chance.choice([n for n in range(1, words // depth + 1) if words // depth % n == 0])
        height = words // depth // width
        packed = self.chance.choice(PACKS) if depth == 1 and self.often(0.2) else 1
        down, across = self.pooled_axis(height), self.pooled_axis(width)
        window = Window(
            down.kernel, across.kernel, down.stride, across.stride, down.dilation, across.dilation,
            width * packed - self.chance.randrange(packed), packed, down.positions, across.positions, down.before,
            across.before, self.edge(0, 15),
        )  # fmt: skip
        if min((window.kernel_y - 1) * window.dilation_y + 1, height) * width * depth > self.chip.vector.line_words:
            raise NoRoomError
        number = self.edge(0, 7)
        register, placing = self.set_stream(Streamed(0, (depth, width, height, 1), (1, 1, 1, 1)))
        values = {"stream": register, "window": number, "quantiser": quantiser, "mode": self.edge(0, 1),
                  "inside": self.edge(0, 1)}  # fmt: skip
        return values, [*placing, *self.set_window(number, window)], window.positions * depth

    def pooled_axis(self, size: int) -> Axis:
        """How a pool's windows go along one axis: as networks have them, or in any way."""
        kind = self.chance.choice(["any", "any", "valid", "short", "same"])
        if kind == "any":
            kernel = self.chance.choice([1, 2, 3, 128])
            hop, dilation = (self.chance.choice([1, 1, 2, 3, 32]) for _ in range(2))
            return Axis(kernel, hop, dilation, self.chance.randint(1, 3), self.chance.choice([0, 0, 1, 2, 127]))
        kernel, hop = self.chance.randint(1, min(size, 3)), self.chance.randint(1, 4)
        if kind == "same":
            return Axis(kernel, hop, 1, -(-size // hop), (kernel - 1) // 2)
        return Axis(kernel, hop, 1, max((size - kernel) // hop + (kind == "valid"), 1), 0)


class Axis(NamedTuple):
    """A window along one axis."""

    kernel: int
    stride: int
    dilation: int
    positions: int
    before: int


def needed(window: Window, depth: int, height: int, base: int, strides: tuple[int, ...]) -> frozenset[int]:
    """The words of main memory that a window fetches of an image."""
    pixels = window.packed if window.apart else 1
    return frozenset(
        base + c * strides[0] + x // pixels * strides[1] + y * strides[2] for y, x, c in fetched(window, depth, height)
    )


def most_held(window: Window, depth: int, height: int) -> int:
    """The most words of a window that the buffer holds at once."""
    held, most = 0, 0
    for new, freed in slid(window, depth, height):
        held += new
        most = max(most, held)
        held -= freed
    return most
