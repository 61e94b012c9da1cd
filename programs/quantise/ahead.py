"""Work that a thread does before it is asked for: weights are read or drawn while the layer before is computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

import numpy as np

Made = TypeVar("Made")


def ahead(jobs: Iterable[Callable[[], Made]]) -> Generator[Made, None, None]:
    """What jobs make, in order; one job is done ahead, in a thread, and what it made is kept until it is asked for.

    Errors of a job are raised where its result is asked for, and numbers without a value are treated as by the caller.
    Close the iterator where it is left early: it waits for the job that is being done.
    """
    from concurrent.futures import Future, ThreadPoolExecutor  # runs without weights need not pay for it

    treated = np.geterr()  # which each thread has of its own

    def done(job: Callable[[], Made]) -> Made:
        with np.errstate(**treated):
            return job()

    coming: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="acortex-ahead") as thread:
        for job in jobs:
            try:
                coming.append(thread.submit(done, job))
            except RuntimeError as error:  # Python's name for the lack of memory for a thread
                raise MemoryError(str(error)) from error
            if len(coming) > 1:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
