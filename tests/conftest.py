"""What holds for every test: this checkout is what is tested, and random tests are the same everywhere."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
import sampling

import acortex

# NumPy computes on one core, where it has yet to be imported: workers are as many as cores, and a product that takes
# all of them has each core wait for the others.
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Loads the plugin `timing` where the installation is older than its entry point."""
    if not pluginmanager.has_plugin("acortex"):
        from acortex.tools.goldens import pytest_plugin

        pluginmanager.register(pytest_plugin, "acortex")


def pytest_configure(config: pytest.Config) -> None:
    """Stops the run where `import acortex` finds another copy, so that no test judges code that is not this one.

    Workers, and processes that tests start, keep what they compile beside pytest's own cache where they may not keep
    it beside the sources: or each would compile all of them anew.
    """
    cache = getattr(config, "cache", None)  # none with `-p no:cacheprovider`
    if sys.dont_write_bytecode and cache is not None:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(cache.mkdir("bytecode")))
    found = Path(acortex.__file__).resolve().parent
    if found != CHECKOUT:
        raise pytest.UsageError(f"acortex is imported from {found}, not from {CHECKOUT}: pip install -e . first")


@pytest.hookimpl(tryfirst=True)  # before pytest deselects what is slow
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks as slow what the samples of brute-force tests leave out, and judges no time while lines are counted."""
    sampling.mark(items)
    if config.getoption("cov_source", None):
        sampling.skip_times(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Has Python look for cyclic garbage rarely, and not among all that was collected: a twentieth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, *gc.get_threshold()[1:])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Tests of files that are named run in this process; a run of more takes a worker for each processor."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return 0 if named and all(argument.partition("::")[0].endswith(".py") for argument in config.args) else None


# Every timed run of the tests, those of commands too, is held to the order of its program.
os.environ["ACORTEX_CHECK_ORDER"] = "1"

drawn = sampling.examples(100)
hypothesis.settings.register_profile("dev", deadline=None, print_blob=True, max_examples=drawn)
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, print_blob=True, max_examples=drawn
)
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
