"""Pages name places of the sources: each file exists, and defines the names that stand beside it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PAGES = {
    page.relative_to(CHECKOUT / "docs").with_suffix("").as_posix() if page.parent != CHECKOUT else page.stem: (
        page.read_text()
    )
    for page in (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md")))
}

NAME = r"`[A-Za-z_][\w.]*`"
PAIR = re.compile(rf"`([\w./]+\.py)`((?:,? (?:and )?{NAME})+)")
"""A file, and behind it what is to be found there: `isa/asm/lexer.py` `tokens_of`."""

OTHERS = {"timing/NAME.json", "buses/"}
"""What looks like a file of the checkout: a golden of a user, the paths of units."""

FOLDERS = ("", "tests/judge/")
"""Where a file that is named without a folder lies."""


def files_of(page: str) -> set[str]:
    """The files and folders that a page names in code type."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w*-]*(?:\.\w+)?|[\w-]+\.(?:py|md|toml))`", page)
    return {name for name in named if "." in name or name.endswith("/")}


def pairs_of(page: str) -> list[tuple[str, str]]:
    """The pairs of a file and a name in it."""
    pairs = [(file, name) for file, names in PAIR.findall(page) for name in re.findall(r"`([\w.]+)`", names)]
    return [(file, name) for file, name in pairs if not name.endswith((".py", ".md"))]


def found(name: str) -> list[Path]:
    """The files that a name of a page means."""
    return [path for folder in FOLDERS for path in CHECKOUT.glob(folder + name)]


def defined(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What some statements define: functions and classes with their bodies, and variables, those of loops too."""
    names: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = node.body
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {each.id: [] for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: [] for alias in node.names}
    return names


def holds(file: Path, name: str) -> bool:
    """Whether a file defines a name: a function, a class, a method, a variable."""
    body = ast.parse(file.read_text()).body
    for part in name.split("."):
        inside = defined(body)
        if part not in inside:
            return False
        body = inside[part]
    return True


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    assert sorted(name for name in files_of(PAGES[page]) - OTHERS if not found(name)) == []


def test_the_pages_for_a_way_through_the_code_name_files() -> None:
    assert min(len(files_of(PAGES[page])) for page in ("README", "design", "compiler")) > 8
    assert len(pairs_of(PAGES["design"])) > 20


@pytest.mark.parametrize("page", PAGES)
def test_every_name_beside_a_file_is_defined_there(page: str) -> None:
    pairs = [(file, name) for file, name in pairs_of(PAGES[page]) if file not in OTHERS]
    assert [(file, name) for file, name in pairs if not any(holds(path, name) for path in found(file))] == []


def test_the_design_lists_every_wing_with_the_first_line_of_its_package() -> None:
    rows = dict(re.findall(r"^\| `(\w+/[\w/]+/)` \| (.+) \|$", PAGES["design"], re.MULTILINE))
    inits = [
        path
        for layer in ("isa", "traces", "sim", "programs", "tools")
        for path in CHECKOUT.glob(f"{layer}/*/**/__init__.py")
    ]
    texts = {f"{path.parent.relative_to(CHECKOUT)}/": ast.get_docstring(ast.parse(path.read_text())) for path in inits}
    assert rows == {wing: " ".join((text or "").split("\n\n")[0].split()) for wing, text in texts.items()}


def test_the_rule_sees_a_wrong_name(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("LIMIT: int = 3\nfrom a import b as c\nclass Unit:\n    def act(self): ...\n")
    assert [name for name in ("LIMIT", "c", "Unit", "Unit.act", "Unit.wait", "act", "b") if not holds(file, name)] == [
        "Unit.wait", "act", "b",
    ]  # fmt: skip
    assert pairs_of("see `a/b.py` `one`, `two` and `C.d`; not `e`") == [
        ("a/b.py", "one"), ("a/b.py", "two"), ("a/b.py", "C.d"),
    ]  # fmt: skip
    assert files_of("`a/b.py` `vmm/load` `rules/` `unit.py` `sim/chips/*.toml`") == {
        "a/b.py", "rules/", "unit.py", "sim/chips/*.toml",
    }  # fmt: skip


def test_the_instruction_that_the_design_follows_does_what_the_page_says(tmp_path: Path) -> None:
    import acortex

    path = tmp_path / "run.actrace"
    acortex.run(CHECKOUT / "programs" / "conv3x3.s", trace=path)
    trace = acortex.open_trace(path)
    frame = trace.to_pandas()
    row = frame[frame["unit"] == "neurons"].iloc[0]
    shown = next(line for line in PAGES["design"].splitlines() if line.endswith(f"| {row['source']} |"))
    names = re.findall(r"\w+", "start duration unit kind count pc layer inference energy_aj source")
    assert [cell.strip() for cell in shown.strip("|").split("|")] == [str(row[name]) for name in names]
    issue = frame[(frame["unit"] == "controller") & (frame["pc"] == row["pc"])].iloc[0]
    assert f"| {issue['start']} | `sim/timing/controller.py` `Controller.wake` |" in PAGES["design"]
