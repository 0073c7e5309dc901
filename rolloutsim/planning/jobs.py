"""Work for several processes: how many there may be, and what they give, in the order of what they were given."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any

from rolloutsim.errors import RolloutsimError, UsageError
from rolloutsim.planning.worker import HELD_BACK, follow

Task = tuple[Callable[..., Any], tuple[Any, ...]]

# What joblib's own processes beside the workers take [B] (measured: 12 and 38 MB).
_HELPERS = 50e6
_MEMINFO = Path("/proc/meminfo")
# Of a container: where stands what all in it may take, what they take, and how much of that are files that can be read
# again (Linux's control groups, version 2 and 1).
_GROUPS = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
_CONTAINER = Path("/sys/fs/cgroup")

_SAFE_PATH = "PYTHONSAFEPATH"
_SILENT = "ignore:resource_tracker"


def check_jobs(jobs: Any) -> None:
    """UsageError if there can be no such number of processes; -1 is one for each core."""
    if isinstance(jobs, bool) or not hasattr(jobs, "__index__") or (jobs.__index__() < 1 and jobs.__index__() != -1):
        raise UsageError(f"{jobs} jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core")


def processes(jobs: int, together: float = inf) -> int:
    """How many processes may work at what this one has just done once, by the memory that it took.

    Parameters
    ----------
    jobs : int
        How many may by the number of cores, -1: one a core; or those of the backend that joblib is told to use, which
        are elsewhere if it is not this machine's own.
    together : float
        The most memory that all of them may take, this one included [B].
    """
    joblib = _joblib()
    most: int = joblib.effective_n_jobs(jobs)
    taken = peak_memory()
    if not _are_ours() or not taken:
        return most
    affordable = (min(together - taken, spare_memory()) - _HELPERS) / taken
    return max(1, int(min(most, affordable)))


def _joblib() -> Any:
    """joblib, which is imported without a word where the system has no semaphores: the work is done all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import joblib
    return joblib


def cores() -> int:
    """How many cores this process may use, the quota of its container considered."""
    return int(_joblib().cpu_count())


def peak_memory() -> float:
    """The most memory that this process has taken so far [B]; 0 where nobody knows."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


def spare_memory() -> float:
    """What is left of this machine's memory, and of its container's [B]; infinite where nobody knows."""
    available = _numbers(_MEMINFO).get("MemAvailable:", inf) * 1024.0
    for limit, taken, files in _GROUPS:
        most, now = (_numbers(_CONTAINER / name).get("", inf) for name in (limit, taken))
        if most < inf and now < inf:
            again = _numbers((_CONTAINER / limit).with_name("memory.stat")).get(files, 0.0)
            available = min(available, most - now + again)
    return max(available, 0.0)


def _numbers(file: Path) -> dict[str, float]:
    """The numbers in a file of the kernel by what stands before them; empty if it cannot be read."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return {name: float(number) for name, number in map(_named, lines) if number.isdecimal()}


def _named(line: str) -> tuple[str, str]:
    name, _, number = line.removesuffix(" kB").rpartition(" ")
    return name.rstrip(), number


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
    joblib = _joblib()
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    most = joblib.effective_n_jobs(jobs)
    ahead = 2 * most if ahead is None else ahead
    calls: Iterator[Any] = (joblib.delayed(function)(*arguments) for function, arguments in tasks)
    try:
        try:
            with _that_follow():
                parallel = joblib.Parallel(n_jobs=jobs, return_as="generator", batch_size=1, pre_dispatch=ahead)
        except ValueError:
            # A backend that returns lists only, as Ray's: in rounds.
            with joblib.Parallel(n_jobs=jobs, batch_size=1) as parallel:
                while some := list(islice(calls, 2 * ahead)):
                    yield from parallel(some)
            return
        results = None
        try:
            with starting(most > 1 and _are_ours()):
                results = parallel(calls)
            for result in results:  # noqa: UP028 (`yield from` would close it before us)
                yield result
        finally:
            if results is not None:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that work was done for nothing: it is, after an interruption
                    results.close()
    except TerminatedWorkerError as error:
        raise RolloutsimError(
            f"a worker process was ended from outside, most likely because the memory was full; {kept}fewer --jobs "
            "need less memory"
        ) from error


def _that_follow() -> AbstractContextManager[Any]:
    """Processes that end with this one, unless the caller has chosen another backend of joblib."""
    from joblib import parallel_config

    if not _are_ours():
        return nullcontext()
    return parallel_config("loky", initializer=follow, initargs=(os.getpid(),))  # type: ignore[no-any-return]


def _are_ours() -> bool:
    """Whether joblib works with processes of this machine, as it does unless the caller has chosen otherwise."""
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    return type(backend).__name__ == "LokyBackend"


@contextmanager
def starting(tracked: bool) -> Iterator[None]:
    """While processes start (`tracked`: of loky), which then do what this one says, and nothing else.

    What the keyboard interrupts is this one; they import nothing from the folder where one happens to be; and what
    looks after their semaphores removes those that were left without a word.
    """
    safe = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    sys.warnoptions.append(_SILENT)
    blocked = None
    try:
        if HELD_BACK:
            if tracked:
                # The trackers of semaphores, Python's and loky's own, which loky starts just before the first worker,
                # let the keyboard's signal through as they start (Python 3.13 and before, joblib 1.5.0): they are there
                # before that is held back.
                from multiprocessing import resource_tracker

                from joblib.externals.loky.backend import resource_tracker as loky_tracker

                resource_tracker.ensure_running()
                loky_tracker.ensure_running()
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
        yield
    finally:
        sys.warnoptions.remove(_SILENT)
        if safe is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = safe
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
