"""Work beyond one machine: an executor on a scheduler of dask.distributed (extra `cluster`).

Its wire carries Python objects in a form that can run code as it is read, so that whoever reaches a scheduler may do as
they like: tcp is taken on this machine alone, and anything else needs TLS.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from acortex.errors import UsageError
from acortex.traces.file.dataframes import optional

PATIENCE_S = 20
"""How long a scheduler may take to answer."""

EXAMPLE = "tcp://127.0.0.1:8786 on this machine, tls://HOST:PORT beyond it"


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor on the scheduler of an address, and how many threads its workers have now.

    Certificates of TLS are those of dask's own configuration, `distributed.comm.tls`. Raises UsageError for an address
    that is no scheduler's, or that would send work unencrypted to another machine; MissingExtra without the extra.
    """
    check_address(address)
    distributed = optional("distributed", "a scheduler", "cluster")
    with _client(distributed, address) as client, client.get_executor(pure=False) as executor:
        threads = sum(client.nthreads().values())
        yield executor, max(1, threads)


def check_address(address: str) -> None:
    """Refuses an address that is no scheduler's, or that leaves this machine without TLS."""
    scheme, host = _parts(address)
    if scheme not in ("tcp", "tls") or not host:
        raise UsageError(f"{address[:80]!r} is no address of a scheduler", where="--scheduler", hint=EXAMPLE)
    if scheme == "tcp" and not _is_here(host):
        raise UsageError(
            f"{host} is another machine, and tcp would send work to it that anybody may read and change",
            where="--scheduler",
            hint=f"tls://{address[6:]}, with the certificates in dask's configuration: distributed.comm.tls",
        )


def _parts(address: str) -> tuple[str, str]:
    """The scheme and the host of an address that has a port; empty ones of any other text."""
    try:
        parts = urlsplit(address)
        return (parts.scheme, parts.hostname or "") if parts.port is not None else ("", "")
    except ValueError:
        return "", ""


def _is_here(host: str) -> bool:
    """Whether a host is this machine by its loopback address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _client(distributed: Any, address: str) -> Iterator[Any]:
    security = distributed.Security(require_encryption=True) if address.startswith("tls:") else None
    try:
        client = distributed.Client(address, security=security, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"no scheduler answers: {told}", where=address, hint="dask scheduler starts one") from None
    with client:
        yield client
