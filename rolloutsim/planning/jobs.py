"""Work for several processes: how many there may be, and what they give, in the order of what they were given."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from typing import Any

from rolloutsim.errors import RolloutsimError, UsageError

Task = tuple[Callable[..., Any], tuple[Any, ...]]


def check_jobs(jobs: Any) -> None:
    """UsageError if there can be no such number of processes; -1 is one for each core."""
    if isinstance(jobs, bool) or not hasattr(jobs, "__index__") or (jobs.__index__() < 1 and jobs.__index__() != -1):
        raise UsageError(f"{jobs} jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core")


def in_order(tasks: Iterator[Task], jobs: int, ahead: int | None = None, kept: str = "") -> Generator[Any]:
    """What tasks give, in their order, each as soon as it and those before it are done.

    Tasks are taken when there is a process for them. Closing the generator ends those that are at work.

    Parameters
    ----------
    tasks : iterator
        Functions and their arguments.
    jobs : int
        How many processes may work, -1: one a core, or those of the backend that joblib is told to use.
    ahead : int, optional
        How many tasks are handed out at a time; by default enough that nobody waits.
    kept : str
        What an error says of the work that was done before.

    Raises
    ------
    RolloutsimError
        If a process dies.
    """
    from joblib import Parallel, delayed, effective_n_jobs
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    ahead = 2 * effective_n_jobs(jobs) if ahead is None else ahead
    calls: Iterator[Any] = (delayed(function)(*arguments) for function, arguments in tasks)
    try:
        try:
            parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1, pre_dispatch=ahead)
        except ValueError:
            # A backend that returns lists only, as Ray's: in rounds.
            with Parallel(n_jobs=jobs, batch_size=1) as parallel:
                while some := list(islice(calls, 2 * ahead)):
                    yield from parallel(some)
            return
        results = parallel(calls)
        try:
            for result in results:  # noqa: UP028 (`yield from` would close it before us)
                yield result
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that work was done for nothing: it is, after an interruption
                results.close()
    except TerminatedWorkerError as error:
        raise RolloutsimError(
            f"a worker process was ended from outside, most likely because the memory was full; {kept}fewer --jobs "
            "need less memory"
        ) from error
