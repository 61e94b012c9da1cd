"""What holds for every test: this checkout is what is tested, and random tests are the same everywhere."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import hypothesis
import pytest

import acortex

CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Loads the plugin `timing` where the installation is older than its entry point."""
    if not pluginmanager.has_plugin("acortex"):
        from acortex.tools.goldens import pytest_plugin

        pluginmanager.register(pytest_plugin, "acortex")


def pytest_configure() -> None:
    """Stops the run where `import acortex` finds another copy, so that no test judges code that is not this one."""
    found = Path(acortex.__file__).resolve().parent
    if found != CHECKOUT:
        raise pytest.UsageError(f"acortex is imported from {found}, not from {CHECKOUT}: pip install -e . first")


# Every timed run of the tests, those of commands too, is held to the order of its program.
os.environ["ACORTEX_CHECK_ORDER"] = "1"

hypothesis.settings.register_profile("dev", deadline=None, print_blob=True)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def tracked(checkout: Path) -> list[str]:
    """The files of the repository, as paths from the checkout. An unpacked sdist has none to ask."""
    if not (checkout / ".git").exists():
        pytest.skip("needs the git repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=checkout, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (checkout / name).is_file()]
