"""A sweep on a scheduler: scheduler and workers are processes of their own, and one is killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.tools.sweep.cluster import check_address
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import sweep

ROOT = Path(__file__).parents[3]
VMM = str(ROOT / "programs" / "vmm.s")


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:9", "tls://10.0.0.3:8786"]
)
def test_this_machine_and_tls_are_taken(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    "address", ["", "127.0.0.1:8786", "tcp://127.0.0.1", "http://127.0.0.1:1", "tcp://:1", "tcp://[::1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a scheduler"):
        check_address(address)


@pytest.mark.parametrize("address", ["tcp://10.0.0.3:8786", "tcp://cluster.example:8786", "tcp://128.0.0.1:8786"])
def test_another_machine_needs_tls(address: str) -> None:
    with pytest.raises(UsageError, match="is another machine") as caught:
        check_address(address)
    assert caught.value.hint.startswith("tls://")


@contextmanager
def process(*command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def address_of(scheduler: subprocess.Popen[str]) -> str:
    """Where a scheduler says that it listens."""
    assert scheduler.stderr is not None
    for line in scheduler.stderr:
        if found := re.search(r"Scheduler at: +(tcp://127\.0\.0\.1:\d+)", line):
            return found[1]
    raise AssertionError("the scheduler said nothing")


@pytest.mark.slow  # starts a scheduler and two workers
@pytest.mark.filterwarnings("ignore")  # of dask's own, about what is no longer usual in Python
def test_a_worker_that_is_killed_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    steps = 40
    spec = tmp_path / "s.toml"
    spec.write_text(
        f'program = "{VMM}"\n[axes]\n"memory.access_cycles" = {{ from = 1, to = {steps}, steps = {steps} }}\n'
    )
    log = tmp_path / "out" / "results.jsonl"
    with ExitStack() as stack:
        ends = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        scheduler = stack.enter_context(process("distributed.cli.dask_scheduler", *ends, folder=tmp_path))
        address = address_of(scheduler)
        plain = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        workers = [stack.enter_context(process(*plain, folder=tmp_path)) for _ in range(2)]
        command = [sys.executable, "-m", "acortex", "sweep", str(spec), "-o", str(tmp_path / "out"), "--format", "json"]
        run = stack.enter_context(
            subprocess.Popen([*command, "--scheduler", address], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
        while not log.exists() or log.read_bytes().count(b"\n") < 5:
            assert run.poll() is None
            time.sleep(0.01)
        os.kill(workers[0].pid, signal.SIGKILL)
        stdout, stderr = run.communicate(timeout=240)
    assert run.returncode == 0, stderr
    report = json.loads(stdout)
    assert (report["done"], report["complete"]) == (steps, True)
    keys = [json.loads(line)["key"] for line in log.read_text().splitlines()]
    assert len(keys) == len(set(keys)) == steps + 1
    axes = {"memory.access_cycles": {"from": 1, "to": steps, "steps": steps}}
    here = sweep(spec_of({"program": VMM, "axes": axes}, "s.toml"), tmp_path / "here")
    assert [row["cycles"] for row in report["rows"]] == [row.cycles for row in here.rows]


@pytest.mark.slow
def test_no_scheduler_is_said(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    from acortex.tools.sweep import cluster

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster, "PATIENCE_S", 1)
        with pytest.raises(UsageError, match="no scheduler answers"), cluster.cluster("tcp://127.0.0.1:9"):
            pass
