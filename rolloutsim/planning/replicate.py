"""Replications: the same scenario with independent seeds, those of `rolloutsim.planning.seeds`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UsageError
from rolloutsim.planning.jobs import check_jobs, in_order, processes
from rolloutsim.planning.seeds import seeds
from rolloutsim.results.outcome import Outcome, Replication, figures_of
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.simulation import AloneTimes, simulate

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run

Progress = Callable[[str, float, float], None]

MOST = 1_000_000  # replications (assumed: a slip beyond that)

# A run of which nobody says how often is shown with so many draws (assumed: enough for an interval) if the others come
# to no more events: 1 s at 20 µs an event (assumed; the pure engine took 8 to 34 µs on a small virtual machine).
DRAWS = 10
MOST_EVENTS = 50_000


def replicate(
    scenario: ResolvedScenario,
    seed: int | None = None,
    count: int | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
    alone: bool = True,
) -> Outcome:
    """Simulate a scenario several times: the records of the first replication, the figures of all.

    Parameters
    ----------
    scenario : ResolvedScenario
        What to simulate.
    seed : int, optional
        Of the first replication; the scenario's own by default.
    count : int, optional
        How many replications there are; the scenario's own number by default.
    jobs : int
        How many processes work on them, as far as there is memory; -1: one a core. The results are the same.
    progress : callable, optional
        Called now and then with (case and replication, simulated time [s], share of the pulls done), by one job.
    alone : bool
        Whether each pull's time alone is wanted; without it what follows from it is unknown.

    Raises
    ------
    UsageError
        If there is to be none, or an absurd number, or there can be no such number of processes.
    """
    seed = scenario.seed if seed is None else seed
    count = scenario.replications if count is None else count
    if not _is_number(count) or not 1 <= count <= MOST:
        raise UsageError(f"{count!r} replications are not possible; allowed: 1 to {MOST:,}")
    check_jobs(jobs)
    if count == 1:
        return Outcome(simulate(scenario, seed, progress, alone))
    every = seeds(seed, count)
    times = AloneTimes(scenario) if alone else False
    run = simulate(scenario, every[0], _numbered(progress, f"1 of {count}"), times)
    return Outcome(run, (figures_of(run), *_others(scenario, every, times, jobs, progress)))


def _others(
    scenario: ResolvedScenario,
    seeds: Sequence[int],
    times: AloneTimes | bool,
    jobs: int,
    progress: Progress | None,
) -> list[Replication]:
    """The figures of all replications but the first, which have these seeds."""
    count, others = len(seeds), seeds[1:]
    if jobs == 1 or len(others) < 2:
        return [
            figures_of(simulate(scenario, other, _numbered(progress, f"{number} of {count}"), times))
            for number, other in enumerate(others, 2)
        ]
    return list(in_order(((one, (scenario, other, times)) for other in others), processes(jobs)))


def _is_number(count: Any) -> bool:
    return isinstance(count, Integral) and not isinstance(count, bool)


def draws(
    scenario: ResolvedScenario,
    run: Run,
    times: AloneTimes | bool = True,
    jobs: int = 1,
    progress: Progress | None = None,
) -> tuple[Replication, ...]:
    """What is shown beside a run that nobody asked to repeat: its own figures, and those of more draws, if quick.

    They are none where nothing was drawn, and where the scenario says how often it is to be simulated. Whether they are
    quick is judged by the events of the run, not by a clock: they are the same on every machine.

    Parameters
    ----------
    scenario, jobs, progress
        As for `replicate`.
    run : Run
        The run.
    times : AloneTimes or bool
        What is known of pulls' times alone.
    """
    if not has_draws(scenario, run):
        return ()
    return (figures_of(run), *_others(scenario, seeds(run.seed, DRAWS), times, jobs, progress))


def has_draws(scenario: ResolvedScenario, run: Run) -> bool:
    """Whether `draws` simulates more of them."""
    events = sum(case.events for case in run.cases)
    is_quick = (DRAWS - 1) * events <= MOST_EVENTS
    return is_quick and any(case.drawn for case in run.cases) and not _says_how_often(scenario)


def _says_how_often(scenario: ResolvedScenario) -> bool:
    return scenario.replications > 1 or (bool(scenario.document) and "replications" in json.loads(scenario.document))


def one(scenario: ResolvedScenario, seed: int, alone: bool | AloneTimes) -> Replication:
    """The figures of one replication: a piece of work for a process of its own."""
    return figures_of(simulate(scenario, seed, alone=alone))


def _numbered(progress: Progress | None, which: str) -> Progress | None:
    """Progress that says which replication it is of."""
    if progress is None:
        return None
    return lambda case, time, share: progress(f"{case}, replication {which}", time, share)
