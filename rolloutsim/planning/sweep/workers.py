"""Who computes a sweep: processes on local cores, or a Dask cluster."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rolloutsim.errors import UnreachableError, UsageError
from rolloutsim.planning.jobs import check_jobs
from rolloutsim.planning.sweep.batches import Workers
from rolloutsim.version import __version__

_PATIENCE = 10.0  # for an answer of the scheduler, and for a first worker [s] (assumed)
_START = (
    "start one with 'dask scheduler', and 'dask worker tcp://HOST:8786' on each machine, where rolloutsim is installed"
)


def workers(jobs: int = -1, url: str | None = None) -> AbstractContextManager[Workers]:
    """So many local processes (-1: one for each core), or those of a cluster, by the `url` of its scheduler."""
    check_jobs(jobs)
    return nullcontext(Workers(jobs)) if url is None else cluster(url)


@contextmanager
def cluster(url: str) -> Iterator[Workers]:
    """The workers of a Dask cluster, whose scheduler is at `tcp://host:8786`.

    Raises
    ------
    UsageError
        If Dask is not installed, or the workers have another version of rolloutsim, or none.
    UnreachableError
        If there is no such scheduler, or it has no workers.
    """
    try:
        from distributed import Client
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise UsageError("a cluster needs Dask: pip install 'rolloutsim[dask]'") from error
    from joblib import parallel_config

    if not re.fullmatch(r"[a-z]+://\S+:\d+", url):
        raise UsageError(f"'{url}' is no scheduler; write for example tcp://host:8786")
    _knock(url)
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what goes wrong is said once, as an error of ours
    client = Client(url, timeout=_PATIENCE, set_as_default=False)
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            raise UnreachableError(f"the Dask scheduler at {url} has no workers; {_START}") from error
        _check_versions(client.run(_version))
        yield Workers(backend=lambda: parallel_config(backend="dask", client=client), always=True)
    except (FutureCancelledError, KilledWorker) as error:
        reason = "its workers died" if isinstance(error, KilledWorker) else "its scheduler does not answer any more"
        raise UnreachableError(f"the Dask cluster at {url} is lost: {reason}; what was done before is kept") from error
    finally:
        client.close()
        log.setLevel(level)


def _knock(url: str) -> None:
    """See whether a scheduler answers; a client that meets none would leave a thread that complains in the end."""
    from distributed.comm import connect

    async def knock() -> None:
        # What listens there may be no scheduler and never answer.
        (await asyncio.wait_for(connect(url, timeout=_PATIENCE), _PATIENCE + 1.0)).abort()

    with ThreadPoolExecutor(1) as thread:  # Jupyter has a loop of its own in this one
        try:
            thread.submit(asyncio.run, knock()).result()
        except (OSError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UnreachableError(f"no Dask scheduler answers at {url}: {reason}; {_START}") from error


def _version() -> str:
    """Run on each worker: which rolloutsim is there; a function without globals, since it may be none."""
    try:
        from rolloutsim.version import __version__ as version
    except ImportError:
        return "none"
    return version


# Sent by value, so that a worker without rolloutsim can answer too.
_version.__module__ = "__main__"


def _check_versions(versions: dict[str, str]) -> None:
    for worker, version in sorted(versions.items()):
        if version != __version__:
            raise UsageError(
                f"worker {worker} has rolloutsim {version}, and this is {__version__}; install the same on all, so "
                "that all compute the same"
            )
