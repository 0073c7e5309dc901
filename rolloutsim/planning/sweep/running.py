"""Plan a sweep, and run it or what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from rolloutsim.errors import UsageError
from rolloutsim.planning.seeds import seeds
from rolloutsim.planning.sweep.batches import Job, Workers, run_jobs
from rolloutsim.planning.sweep.designs import Design, Point, build_points, scenario_at
from rolloutsim.planning.sweep.file import SweepRecords, SweepStore, read_records
from rolloutsim.planning.sweep.head import Head, head
from rolloutsim.scenario.checks import names
from rolloutsim.scenario.conditions import parse_figure, written
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.resolve import resolve
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.structs import struct

_SHOW = "--show"
MOST_RUNS = 10_000_000  # points times replications (assumed: a slip beyond that)

Progress = Callable[[int, int], None]  # runs done, runs in all


@struct
class SweepPlan:
    """A sweep that is ready to run: every point is a valid scenario.

    Parameters
    ----------
    head : Head
        What is swept.
    draft : Draft
        The scenario that is varied.
    design : Design
        How.
    points : tuple of Point
        All points.
    own_seeds : bool
        Whether each point's scenario has its own seed.
    metrics : tuple of Threshold
        What is measured beside the figures of the cases.
    """

    head: Head
    draft: Draft
    design: Design
    points: tuple[Point, ...]
    own_seeds: bool
    metrics: tuple[Threshold, ...] = ()

    def jobs(self, done: set[tuple[int, int]]) -> Iterator[Job]:
        """The runs to do, in order, without those that are done; a point's scenario is made when its turn comes."""
        count = self.head.replications
        first = seeds(self.head.seed, count)
        for point in self.points:
            own = seeds(point.seed, count) if self.own_seeds else first
            left = [pair for pair in enumerate(own) if (point.number, pair[0]) not in done]
            if left:
                scenario = scenario_at(self.draft, self.design, point.choices)
                yield from (Job(point.number, number, seed, scenario, self.metrics) for number, seed in left)


def plan(
    draft: Draft,
    design: Design,
    replications: int | None = None,
    seed: int | None = None,
    show: Sequence[str] = (),
) -> SweepPlan:
    """Build and validate all points of a scenario that is varied by a design.

    Parameters
    ----------
    replications : int, optional
        Runs of each point; the scenario's own number by default.
    seed : int, optional
        Of the first replication; the scenario's own by default, and where `seed` is varied each point's.
    show : sequence of str
        Metrics to measure, `pull_time{group=web} p95`.

    Raises
    ------
    UsageError
        If a path leads nowhere, the design does not fit, or a metric cannot be read.
    ScenarioError
        If the scenario or a point is not valid.
    """
    document = draft.document()
    base = resolve(document)
    known = names(document)
    metrics = {written(one): one for one in (parse_figure(text, document, known, _SHOW) for text in show)}
    if not design.parameters:
        raise UsageError("a sweep needs something to vary; name at least one path and its values")
    if seed is not None and any(parameter.path == ("seed",) for parameter in design.parameters):
        raise UsageError("seed is varied, and --seed would give every point the same; leave one of them out")
    points = build_points(draft, design)
    count = base.replications if replications is None else replications
    if len(points) * count > MOST_RUNS:
        raise UsageError(
            f"{len(points):,} points with {count:,} replications each are {len(points) * count:,} runs; the most is "
            f"{MOST_RUNS:,}"
        )
    first = base.seed if seed is None else seed
    planned = head(base, design, points, count, first, tuple(metrics))
    return SweepPlan(planned, draft, design, points, seed is None, tuple(metrics.values()))


def sweep(
    planned: SweepPlan,
    path: Path | None = None,
    resume: bool = False,
    workers: AbstractContextManager[Workers] | None = None,
    progress: Progress | None = None,
) -> SweepRecords:
    """Run a sweep, or what is left of it; what is done is kept whatever happens.

    Parameters
    ----------
    planned : SweepPlan
        What to run.
    path : pathlib.Path, optional
        The SQLite file that it is streamed into; in memory by default.
    resume : bool
        Go on with the file if it is there.
    workers : context manager of Workers, optional
        Who computes; one process for each local core by default.
    progress : callable, optional
        Called with the number of runs that are done and of all.

    Returns
    -------
    SweepRecords
        All of it; what is there, after an interruption by the keyboard, for which see `complete` and `interrupted`.

    Raises
    ------
    UsageError
        If the file is there and may not be gone on with, or is of another sweep.
    OutputError
        If the file cannot be written.
    """
    complete = interrupted = False
    with workers or nullcontext(Workers()) as who:
        store = SweepStore(path, planned.head, resume)
        try:
            done = store.done()
            count = len(done)
            with closing(run_jobs(planned.jobs(done), planned.head.runs - count, who)) as batches:
                for batch in batches:
                    store.write(batch.tables)
                    count += batch.runs
                    if progress is not None:
                        progress(count, planned.head.runs)
            complete = True
        except KeyboardInterrupt:
            interrupted = True
        finally:
            store.close(complete)
    return SweepRecords.of(store.database, interrupted) if path is None else read_records(path, interrupted)
