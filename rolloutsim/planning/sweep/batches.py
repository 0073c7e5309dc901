"""The runs of a sweep, in batches, on this process, on local cores, or on a cluster.

One code for all: batches go through `joblib.Parallel`, whose backend is loky (processes on local cores) unless there
is a cluster or the caller has chosen another one. Results come back in the order of points and replications, so that
what is written does not depend on who computes it.

A batch is as many runs as take about half a second, from what the last ones took: few enough that progress and a kill
lose little, enough that handing them out costs nothing beside.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import groupby, islice
from math import ceil
from operator import attrgetter
from time import perf_counter
from typing import Any

from rolloutsim.planning.jobs import in_order, processes
from rolloutsim.planning.sweep.rows import Gathering, Rows
from rolloutsim.results.contract.case import case_figures
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.thresholds import measure_all, rows_of
from rolloutsim.scenario.conditions import written
from rolloutsim.scenario.resolved import ResolvedScenario, Threshold
from rolloutsim.simulation import AloneTimes, simulate
from rolloutsim.structs import struct

_BATCH = 0.5  # what a batch should take [s] (assumed)
_WORTH_WORKERS = 2.0  # what is over sooner is done here: other processes take about a second to start [s]
_ROUNDS = 4  # batches for each worker that are left at least, so that all have work until the end (assumed)


@struct
class Job:
    """A run to do: the number of its point, the replication, the seed, what is simulated, and what is measured."""

    point: int
    replication: int
    seed: int
    scenario: ResolvedScenario
    metrics: tuple[Threshold, ...] = ()


@struct
class Batch:
    """What a batch gave: the rows of its runs, how many runs these are, and how long they took [s]."""

    tables: Mapping[str, Rows]
    runs: int
    took: float


@dataclass(slots=True)
class Pace:
    """How long a run takes, as last seen [s], and how many runs are not handed out yet."""

    left: int
    of_run: float = 0.0
    workers: int = 1

    def size(self) -> int:
        """How many runs the next batch has."""
        by_time = int(_BATCH / self.of_run) if self.of_run > 0.0 else self.left
        return max(1, min(by_time, ceil(self.left / (_ROUNDS * self.workers))))

    def saw(self, batch: Batch) -> None:
        """Learn from a batch that is done."""
        self.of_run = batch.took / batch.runs


@struct
class Workers:
    """Who computes.

    Parameters
    ----------
    jobs : int
        Processes on local cores; -1: one for each core.
    backend : callable
        Makes the context in which `joblib.Parallel` finds its backend.
    always : bool
        Whether they are used even for what is over in two seconds.
    """

    jobs: int = -1
    backend: Callable[[], AbstractContextManager[Any]] = field(default=nullcontext)
    always: bool = False


def run_jobs(queue: Iterator[Job], count: int, workers: Workers) -> Generator[Batch]:
    """Do so many jobs; what they give, in their order. RolloutsimError if a worker dies.

    The first is done here, to see how long a run takes.
    """
    pace = Pace(count)
    yield from _here(queue, pace, most=1)
    is_soon = workers.jobs == 1 or pace.left * pace.of_run < _WORTH_WORKERS
    if is_soon and not workers.always:
        yield from _here(queue, pace)
    elif pace.left:
        yield from _elsewhere(queue, pace, workers)


def do_batch(jobs: Sequence[Job]) -> Batch:
    """Simulate runs, one after another."""
    begun = perf_counter()
    gathering = Gathering()
    for _, of_point in groupby(jobs, key=attrgetter("point")):
        replications = list(of_point)
        alone = AloneTimes(replications[0].scenario)
        for job in replications:
            gathering.add_run(job.point, job.replication, job.seed, _cases(job, alone))
    return Batch(gathering.tables(), len(jobs), perf_counter() - begun)


def _cases(job: Job, alone: AloneTimes) -> list[dict[str, Any]]:
    """The cases of a run in the JSON contract, without `why`, which takes long and is found out for single runs."""
    run = simulate(job.scenario, job.seed, alone=alone)
    outcome = Outcome(run)
    measured = measure_all(run, outcome.first, job.metrics)
    return [
        case_figures(records, outcome.first.cases[records.name], why=False)
        | {"thresholds": rows_of(outcome.thresholds, records.name)}
        | {written(one.threshold): one.value for one in measured if one.case == records.name}
        for records in run.cases
    ]


def _batches(queue: Iterator[Job], pace: Pace) -> Iterator[tuple[Job, ...]]:
    while batch := tuple(islice(queue, pace.size())):
        pace.left -= len(batch)
        yield batch


def _here(queue: Iterator[Job], pace: Pace, most: int | None = None) -> Iterator[Batch]:
    for batch in map(do_batch, _batches(islice(queue, most), pace)):
        pace.saw(batch)
        yield batch


def _elsewhere(queue: Iterator[Job], pace: Pace, workers: Workers) -> Iterator[Batch]:
    with workers.backend():
        pace.workers = processes(workers.jobs)
        tasks = ((do_batch, (batch,)) for batch in _batches(queue, pace))
        with closing(in_order(tasks, pace.workers, kept="what was done before is kept; ")) as batches:
            for batch in batches:
                pace.saw(batch)
                yield batch
