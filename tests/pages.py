"""The blocks of the pages for users, and what runs them: files are written, commands run, outputs compared.

What a block is follows from its fence:

- with a caption, such as ``:caption: first.s`` of a `code-block`: the file of that name;
- `console`: commands after `$ `, each with all that it prints; a line `...` stands for any lines;
- `python`: run, or as a doctest where it has prompts; blocks of a page share their names;
- no language and a command in its first line, or indented commands: these commands, whatever they print.

A comment on the line before a block says what else holds: ``<!-- not run: WHY -->`` or ``<!-- exit 1 -->``.

`python tests/pages.py docs/tutorial/*.md` writes the outputs of `console` blocks anew.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from click.testing import CliRunner

import acortex

CHECKOUT = Path(__file__).resolve().parent.parent
COMMANDS = ("acortex", "python", "pip", "pytest", "make")
FENCE = re.compile(r"^( *)(```+|:::+)(.*)$")
MARK = re.compile(r"^ *<!-- (not run: .+|exit \d+) -->$")
COMMAND = re.compile(rf"^(?:\$ )?(?:\.venv/bin/)?(?:{'|'.join(COMMANDS)})(?: |$)")
OPTION = re.compile(r"^:([\w-]+): *(.*)$")

AS_A_USER = {"COLUMNS": "100", "NO_COLOR": "1", "ACORTEX_CHECK_ORDER": None}
"""What a user's runs have about them: they skip what repeats, as those of tests do not."""


@dataclass(frozen=True)
class Block:
    """A block of a page: its first line of text, counted from 0, its language, the file that it is, and its mark."""

    page: str
    line: int
    language: str
    caption: str
    text: str
    mark: str = ""

    @property
    def place(self) -> str:
        """Where the block stands, as editors take it."""
        return f"{self.page}:{self.line + 1}"

    @property
    def reason(self) -> str:
        """Why it is not run; "" where it is."""
        return self.mark.removeprefix("not run: ") if self.mark.startswith("not run: ") else ""

    @property
    def exit(self) -> int:
        """The exit code of its commands."""
        return int(self.mark.removeprefix("exit ")) if self.mark.startswith("exit ") else 0

    @property
    def kind(self) -> str:
        """What becomes of it: file, console, python, shell, or "" for what a reader alone takes in."""
        if self.caption:
            return "file"
        if self.language in ("console", "python"):
            return self.language
        first = self.text.strip().partition("\n")[0]
        return "shell" if self.language in ("", "sh", "indented") and COMMAND.match(first) else ""


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order; of directives of Sphinx `code-block` alone."""
    name = page.relative_to(CHECKOUT).as_posix() if page.is_relative_to(CHECKOUT) else page.name
    return list(_blocks(name, page.read_text(encoding="utf-8").splitlines()))


def _blocks(name: str, lines: list[str]) -> Iterator[Block]:
    number = 0
    while number < len(lines):
        mark = MARK.match(lines[number - 1]) if number else None
        fence = FENCE.match(lines[number])
        if fence:
            last = _closing(lines, number, fence)
            block = _fenced(name, lines, number, last, fence)
            if block:
                yield Block(*block, mark[1] if mark else "")
            number = last
        elif lines[number].startswith("    ") and COMMAND.match(lines[number].strip()):
            last = number
            while last < len(lines) and lines[last].startswith("    "):
                last += 1
            text = "\n".join(line.strip() for line in lines[number:last]) + "\n"
            yield Block(name, number, "indented", "", text, mark[1] if mark else "")
            number = last
        number += 1


def _closing(lines: list[str], first: int, fence: re.Match[str]) -> int:
    """The line that closes a fence."""
    return next(
        (number for number in range(first + 1, len(lines)) if lines[number].strip() == fence[2]), len(lines) - 1
    )


def _fenced(
    name: str, lines: list[str], first: int, last: int, fence: re.Match[str]
) -> tuple[str, int, str, str, str] | None:
    """The parts of a fenced block; None for a directive that is no block of code."""
    language, directive = fence[3].strip(), re.match(r"\{([\w-]+)\}\s*(\S*)", fence[3].strip())
    if directive:
        if directive[1] != "code-block":
            return None
        language = directive[2]
    options, begin = {}, first + 1
    while directive and begin < last and (found := OPTION.match(lines[begin].strip())):
        options[found[1]] = found[2]
        begin += 1
    text = "".join(line.removeprefix(fence[1]) + "\n" for line in lines[begin:last])
    return name, begin, language, options.get("caption", ""), text


def commands_of(block: Block) -> list[tuple[str, str]]:
    """The commands of a console or shell block, each with what stands below it."""
    found: list[tuple[str, list[str]]] = []
    more = False
    for line in block.text.splitlines():
        if more:
            found[-1] = (f"{found[-1][0].removesuffix(chr(92))}{line.strip()}", [])
        elif line.startswith("$ ") or (block.kind == "shell" and line.strip()):
            found.append((line.removeprefix("$ "), []))
        elif found:
            found[-1][1].append(line)
        more = bool(found) and found[-1][0].endswith("\\") and not found[-1][1]
    return [(command, "\n".join(output)) for command, output in found]


def matches(expected: str, printed: str) -> bool:
    """Whether a command printed what the page shows: spaces at ends of lines do not count, `...` is any lines."""
    parts, line = [], []
    for text in _clean(expected):
        if text == "...":
            parts.append("".join(line))
            line = []
        else:
            line.append(re.escape(text + "\n"))
    parts.append("".join(line))
    return re.fullmatch("(?:.*\n)*?".join(parts), "".join(text + "\n" for text in _clean(printed))) is not None


def _clean(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return lines if any(lines) else []


@dataclass
class Session:
    """A reader at work through a page: a folder, and the names that blocks of Python define."""

    folder: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "__page__"})

    def run(self, block: Block) -> list[tuple[str, str, str]]:
        """Runs a block; gives the commands that printed something else: command, shown and printed.

        Raises AssertionError where a block fails.
        """
        if block.reason:
            return []
        if block.kind == "file":
            path = self.folder / block.caption
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            self._python(block)
        elif block.kind:
            return list(self._commands(block))
        return []

    def _python(self, block: Block) -> None:
        code = "\n" * block.line + block.text
        if ">>> " not in block.text:
            exec(compile(code, block.place, "exec"), self.names)
            return
        test = doctest.DocTestParser().get_doctest(block.text, self.names, block.place, block.page, block.line)
        said = io.StringIO()
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        test.globs = self.names  # examples of later blocks go on with these names
        failed = doctest.DocTestRunner(optionflags=options).run(test, out=said.write, clear_globs=False).failed
        assert not failed, said.getvalue()

    def _commands(self, block: Block) -> Iterator[tuple[str, str, str]]:
        for command, shown in commands_of(block):
            code, printed = self.command(command)
            if code is None:
                continue
            assert code == block.exit, f"{block.place}: `{command}` ends with {code}\n{printed}"
            printed = printed.replace(str(self.folder) + os.sep, "")
            if block.kind == "console" and not matches(shown, printed):
                yield command, shown, printed

    def command(self, command: str) -> tuple[int | None, str]:
        """The exit code of a command and what it prints; no code for a comment."""
        from acortex.tools.cli import cli

        words = shlex.split(command.removesuffix("; echo $?"), comments=True)
        target = ""
        if ">" in words:
            words, target = words[: words.index(">")], words[words.index(">") + 1]
        match words:
            case []:
                return None, ""
            case ["acortex", *arguments]:
                result = CliRunner().invoke(cli, arguments, env=AS_A_USER)
                if result.exception and not isinstance(result.exception, SystemExit):
                    raise result.exception
                if target:
                    (self.folder / target).write_text(result.stdout, encoding="utf-8")
                return result.exit_code, result.stderr if target else result.output
            case ["pytest", *arguments]:
                line = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", *arguments]
                done = subprocess.run(line, capture_output=True, text=True)
                return done.returncode, done.stdout
            case ["python", script]:
                said = io.StringIO()
                with contextlib.redirect_stdout(said):
                    runpy.run_path(str(self.folder / script), run_name="__main__")
                return 0, said.getvalue()
        raise AssertionError(f"no test runs `{command}`: mark its block with <!-- not run: WHY -->")


def stage(folder: Path, text: str = "") -> None:
    """What a page may use: the programs of the project, and where its text names them a model, inputs and a trace."""
    (folder / "programs").symlink_to(CHECKOUT / "programs")
    if "model.onnx" in text:
        _model(folder)
    if "run.actrace" in text and "--trace run.actrace" not in text:
        digits = np.random.default_rng(0).integers(0, 2, (4, 28, 28))
        acortex.run("zoo:digits_mlp", inputs=digits, values=False, trace=folder / "run.actrace")
    if "digits.npy" in text:
        np.save(folder / "digits.npy", np.random.default_rng(0).integers(0, 2, (4, 28, 28)))


def _model(folder: Path) -> None:
    """A small network of convolutions, whose image has any size, as model.onnx; inputs and answers beside it."""
    import onnx
    from onnx import helper, numpy_helper

    draw = np.random.default_rng(0)
    kernels = draw.normal(0, 0.3, (4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph(nodes, "model", [x], [y], [numpy_helper.from_array(kernels, "k")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    np.save(folder / "x.npy", draw.normal(0, 1, (8, 3, 8, 8)).astype(np.float32))
    np.save(folder / "labels.npy", draw.integers(0, 4, 8))


def updated(page: Path, folder: Path) -> str:
    """A page with what its commands print today."""
    text = page.read_text(encoding="utf-8")
    session = Session(folder)
    for block in blocks_of(page):
        for command, shown, printed in session.run(block):
            head = f"$ {command}\n"
            wrapped = next(
                (part for part in re.findall(r"^\$ (?:.*\\\n)*.*\n", text, re.M) if _joined(part) == head), head
            )
            before = wrapped + (shown + "\n" if shown else "")
            assert before in text, f"{block.place}: {command}"
            text = text.replace(before, wrapped + "".join(line + "\n" for line in _anew(shown, printed)), 1)
    return text


def _anew(shown: str, printed: str) -> list[str]:
    """The lines to show: all, or as many as stood before a last `...`."""
    lines, before = _clean(printed), _clean(shown)
    return [*lines[: len(before) - 1], "..."] if before and before[-1] == "..." else lines


def _joined(command: str) -> str:
    return re.sub(r"\\\n *", "", command)


def main(paths: list[str]) -> None:
    """Writes pages anew."""
    for path in map(Path, paths):
        page = path.resolve()
        with tempfile.TemporaryDirectory() as folder:
            stage(Path(folder), page.read_text(encoding="utf-8"))
            with contextlib.chdir(folder):
                text = updated(page, Path(folder))
            page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
