"""What an installed aCortex consists of."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

import acortex


@pytest.fixture(scope="module")
def wheel(checkout: Path, tracked: list[str], tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from a fresh clone: in the checkout a stale build folder could bring deleted modules back."""
    folder = tmp_path_factory.mktemp("wheel")
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(checkout), str(clone)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(clone)]
    subprocess.run(command, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.slow
def test_only_acortex_reaches_site_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"acortex", f"acortex-{acortex.__version__}.dist-info"}


def test_every_folder_with_modules_is_a_package_that_is_listed(checkout: Path, tracked: list[str]) -> None:
    setup = ConfigParser()
    setup.read(checkout / "setup.cfg")
    folders = {
        Path(name).parent for name in tracked if name.endswith(".py") and not name.startswith(("docs/", "tests/"))
    }
    packages = {".".join(("acortex", *folder.parts)) for folder in folders}
    assert set(setup["options"]["packages"].split()) == packages
    assert [str(folder) for folder in folders if f"{folder / '__init__.py'}" not in tracked] == []


@pytest.mark.slow  # to build it takes long
def test_the_wheel_holds_the_layers_and_nothing_of_the_workshop(wheel: zipfile.ZipFile) -> None:
    inside = {name.split("/")[1] for name in wheel.namelist() if name.startswith("acortex/") and name.count("/") > 1}
    assert inside == {"isa", "traces", "sim", "programs", "tools"}
    assert not [name for name in wheel.namelist() if name.split("/")[-1].startswith(("conftest", "test_"))]


@pytest.mark.slow  # to build it takes long
def test_the_wheel_holds_every_module_and_data_file_of_the_repository(wheel: zipfile.ZipFile, checkout: Path) -> None:
    # The wheel is of the last commit: a file that is only staged is not in it.
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout
    folders = {"isa", "traces", "sim", "programs", "tools"}
    wanted = {
        f"acortex/{name}"
        for name in listed.splitlines()
        if (name.split("/")[0] in folders or "/" not in name)
        and (
            name.endswith((".py", ".toml", ".s", ".npz", ".typed", ".j2"))
            and name not in {"pyproject.toml", "ruff.toml", "towncrier.toml"}
        )
    }
    assert wanted <= set(wheel.namelist())


@pytest.mark.slow  # to build it takes long
def test_the_wheel_declares_the_command_and_the_licence(wheel: zipfile.ZipFile) -> None:
    info = f"acortex-{acortex.__version__}.dist-info"
    entries = wheel.read(f"{info}/entry_points.txt").decode()
    assert "acortex = acortex.tools.cli:main" in entries
    assert "[pytest11]\nacortex = acortex.tools.goldens.pytest_plugin\n" in entries
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert "Requires-Python: >=3.11" in metadata
    assert any(name.startswith(info) and name.endswith("LICENSE") for name in wheel.namelist())


def test_importing_acortex_loads_nothing_heavy() -> None:
    code = (
        "import sys, acortex; print([n for n in ('numpy', 'click', 'rich', 'networkx', 'simpy') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.strip() == "[]"


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'acortex' has no attribute 'simulate'$"):
        _ = acortex.simulate  # type: ignore[attr-defined]


def test_the_public_names_are_listed_before_they_are_loaded() -> None:
    assert dir(acortex) == [
        "AcortexError", "ErrorModel", "__version__", "accuracy", "analog", "assemble", "compile", "debug",
        "open_trace", "optimise", "prepare", "recalibrate", "run", "serve", "sweep",
    ]  # fmt: skip
