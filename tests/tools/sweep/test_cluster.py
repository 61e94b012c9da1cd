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
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from acortex.errors import MissingExtra, UsageError
from acortex.tools.sweep.cluster import PATIENCE_S, check_address, cluster
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
    assert caught.value.hint.startswith(f"tls://{address.removeprefix('tcp://')}, with the certificates")


class Scheduler:
    """Stands for dask.distributed: keeps what a client is made with, and has workers of so many threads."""

    def __init__(self, threads: dict[str, int], error: Exception | None = None) -> None:
        self.threads, self.error = threads, error
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.executors: list[dict[str, object]] = []
        self.open = 0

    def connected(self, address: str, **given: object) -> Scheduler:
        """Makes a client, or fails as one does that finds no scheduler."""
        self.calls.append((address, given))
        if self.error is not None:
            raise self.error
        self.open += 1
        return self

    def __enter__(self) -> Scheduler:
        return self

    def __exit__(self, *_: object) -> None:
        self.open -= 1

    def nthreads(self) -> dict[str, int]:
        """The threads of each worker."""
        return self.threads

    def get_executor(self, **given: object) -> ThreadPoolExecutor:
        """What takes work."""
        self.executors.append(given)
        return ThreadPoolExecutor(1)


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduler]:
    found = Scheduler({"tls://10.0.0.3:1": 2, "tls://10.0.0.4:1": 3})
    module = SimpleNamespace(Client=found.connected, Security=lambda **given: given)
    monkeypatch.setitem(sys.modules, "distributed", module)
    yield found
    assert found.open == 0


@pytest.mark.parametrize(
    ("address", "security"),
    [("tls://10.0.0.3:8786", {"require_encryption": True}), ("tcp://127.0.0.1:8786", None)],
)
def test_a_client_of_tls_takes_no_plain_connection_and_has_all_threads_of_all_workers(
    scheduler: Scheduler, address: str, security: object
) -> None:
    with cluster(address) as (executor, threads):
        assert (threads, scheduler.open) == (5, 1)
        assert executor.submit(abs, -3).result() == 3
    given = {"security": security, "timeout": PATIENCE_S, "set_as_default": False}
    assert scheduler.calls == [(address, given)]
    assert scheduler.executors == [{"pure": False}]  # what is run twice is done twice: work has effects


def test_a_scheduler_without_workers_is_given_work_for_one(scheduler: Scheduler) -> None:
    scheduler.threads = {}
    with cluster("tcp://127.0.0.1:1") as (_, threads):
        assert threads == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("Timed out trying to connect\nafter 20 s"), "Timed out trying to connect"),
        (TimeoutError(), "TimeoutError"),
        (ValueError("bad host"), "bad host"),
        (TypeError("TLS expects a `ssl_context`"), "TLS expects a `ssl_context`"),
    ],
)
def test_what_a_client_fails_with_is_one_line(scheduler: Scheduler, error: Exception, told: str) -> None:
    scheduler.error = error
    with pytest.raises(UsageError) as caught, cluster("tcp://127.0.0.1:9"):
        pass
    assert str(caught.value).splitlines()[0] == f"tcp://127.0.0.1:9: no scheduler answers: {told}"


def test_an_address_is_judged_before_anything_is_sent_there(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="is another machine"), cluster("tcp://10.0.0.3:8786"):
        pass
    assert scheduler.calls == []
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"acortex\[cluster\]"), cluster("tcp://127.0.0.1:1"):
        pass


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
