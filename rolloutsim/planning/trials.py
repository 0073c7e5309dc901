"""One case of a scenario with changes made to it, as `--set` makes them: what its rollout time would be.

A change is the text of an override, `registry.uplink=10 Gbit/s`. It goes the way that it takes on the command line
(read, applied to the document, validated, resolved), so that a trial's rollout time is that of a run with the same
`--set` and the same seed. Only the one case is simulated: cases do not know of each other.

Trials have a budget, of computing and on the clock, which is kept by measuring. They come in a fixed order, and end
with the last one that fits: a slower machine comes less far, but does nothing else, and nor do several processes.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from time import process_time, time
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.jobs import Task, check_jobs, in_order, processes
from rolloutsim.results.metrics import rollout_time
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.overrides import parse_assignment
from rolloutsim.scenario.places import Places
from rolloutsim.scenario.resolve import resolve
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.scenario.model import Document
    from rolloutsim.scenario.resolved import ResolvedScenario

Overrides = tuple[str, ...]

_WITHOUT_THRESHOLDS = "thresholds={}"

# What is over sooner is done without other processes, which have to start first: about a second (assumed).
_WORTH_WORKERS = 2.0
# Of memory that all processes take together [B] (assumed: what a laptop has to spare beside a browser).
_MEMORY = 600e6


class OutOfTimeError(Exception):
    """A trial would take longer than it may."""


@struct
class Trial:
    """What a change did.

    Parameters
    ----------
    overrides : tuple of str or None
        The change as the scenario allows it; None: it does not.
    rollout_time : float or None
        The rollout time with it [s]; None: it does not finish.
    events : int
        Those of its simulation.
    prepared, simulated : float
        How long it took until there was a scenario, and to simulate that, on one core [s].
    """

    overrides: Overrides | None
    rollout_time: float | None = None
    events: int = 0
    prepared: float = 0.0
    simulated: float = 0.0


@struct
class Start:
    """When something began that a budget counts.

    Parameters
    ----------
    computing : float
        What this process had computed by then [s].
    clock : float
        The time of day [s].
    """

    computing: float
    clock: float

    @classmethod
    def now(cls) -> Start:
        """It begins."""
        return cls(process_time(), time())


@dataclass(slots=True)
class Tally:
    """How far trials have come, and what they took.

    Parameters
    ----------
    unit : str
        What is tried, by one trial or several: `change`.
    budget : float
        How much computing all of them may take, on one core, and how long they may take on the clock [s].
    planned : int
        How many are to be tried.
    events : int
        Those of the case as it is, of which a trial has about as many.
    begun : float
        From when on the budget counts, by the time of day [s].
    before : float
        What was computed from then on, before the first of them [s].
    done, refused : int
        How many are done, and how many of these the scenario does not allow.
    seconds : float
        What those that are done took [s].
    """

    unit: str
    budget: float
    planned: int
    events: int
    begun: float
    before: float = 0.0
    done: int = 0
    refused: int = 0
    seconds: float = 0.0
    _usual: float = 0.0  # what those that are done would have taken with as many events as the case as it is [s]

    def add(self, trials: Sequence[Trial]) -> bool:
        """Count what was tried; whether it fits into the budget."""
        seconds = self.seconds + sum(one.prepared + one.simulated for one in trials)
        if self.before + seconds > self.budget:
            return False
        self.done += 1
        self.refused += all(one.overrides is None for one in trials)
        self.seconds = seconds
        self._usual += sum(one.prepared + one.simulated * self.events / max(one.events, 1) for one in trials)
        return True

    @property
    def until(self) -> float:
        """When the budget is used up, by the time of day [s]."""
        return self.begun + self.budget

    @property
    def left(self) -> float:
        """How much computing is left of the budget [s]."""
        return self.budget - self.before - self.seconds

    @property
    def used(self) -> float:
        """How much of the budget is used up, of computing or on the clock, whichever is more [s]."""
        return max(self.budget - self.left, time() - self.begun)

    @property
    def of_one(self) -> float:
        """What one more is estimated to take, by what was measured so far [s]; none while nothing is done."""
        return self._usual / max(self.done, 1)

    @property
    def to_come(self) -> float:
        """What the rest is estimated to take [s]."""
        return self.of_one * (self.planned - self.done)


Tell = Callable[[Tally], None]


@struct
class Trials:
    """Trials of one case.

    Parameters
    ----------
    document : str
        The scenario's file as JSON (`ResolvedScenario.document`).
    case : str
        The case.
    seed : int
        Of all random numbers.
    events : int
        Those of the case as it is.
    """

    document: str
    case: str
    seed: int
    events: int

    @classmethod
    def of(cls, scenario: ResolvedScenario, records: CaseRecords, seed: int) -> Trials:
        """Trials of a case that was simulated already."""
        return cls(scenario.document, records.name, seed, records.events)

    def trial(self, overrides: Overrides, until: float | None = None, clock: float | None = None) -> Trial:
        """Try a change.

        A change may take a link away that a threshold names, by one replica more for example: then it is made without
        the thresholds, which have no say in how long the rollout takes.

        Parameters
        ----------
        overrides : tuple of str
            The change.
        until : float, optional
            When this process will have computed for too long [s]; by default a trial takes as long as it takes.
        clock : float, optional
            When it will be too late, by the time of day [s].

        Raises
        ------
        OutOfTimeError
            If it takes longer.
        """

        def watch() -> None:
            if until is not None and process_time() > until or clock is not None and time() > clock:
                raise OutOfTimeError

        # Reports of what was tried do without it; and it is no part of what a trial takes.
        from rolloutsim.simulation import simulate

        began = process_time()
        for extended in (overrides, (*overrides, _WITHOUT_THRESHOLDS)):
            try:
                document = changed(self.document, extended)
            except RolloutsimError:
                continue
            scenario = resolve(document)
            prepared = process_time()
            cases = tuple(case for case in scenario.cases if case.name == self.case)
            scenario = replace(scenario, cases=cases, thresholds=())
            (records,) = simulate(scenario, self.seed, alone=False, watch=watch).cases
            found = rollout_time(records)
            return Trial(extended, found, records.events, prepared - began, process_time() - prepared)
        return Trial(None, prepared=process_time() - began)

    def tried(
        self,
        several: Sequence[Sequence[Overrides]],
        unit: str,
        budget: float,
        jobs: int = -1,
        tell: Tell | None = None,
        since: Start | None = None,
    ) -> Iterator[Sequence[Trial]]:
        """What came of several changes, or of several sets of them, in their order, as far as the budget goes.

        Parameters
        ----------
        several : sequence
            What is tried; sets are tried as a whole.
        unit : str
            What one is called, for `tell`.
        budget : float
            How much computing they may take, on one core, and how long on the clock [s].
        jobs : int
            How many processes may work, -1: one a core; fewer where all together would take too much memory. Few and
            short trials are done by this process alone.
        tell : callable, optional
            Called with the tally when another one is done.
        since : Start, optional
            What the budget counts as well; by default it begins now.
        """
        check_jobs(jobs)
        tally = Tally(unit, budget, len(several), self.events, time())
        if since is not None:
            tally.begun, tally.before = since.clock, process_time() - since.computing
        with closing(self._found(deque(several), tally, jobs)) as every:
            for found in every:
                if found is None or not tally.add(found):
                    return
                if tell is not None:
                    tell(tally)
                yield found

    def _found(self, queue: deque[Sequence[Overrides]], tally: Tally, jobs: int) -> Generator[Sequence[Trial] | None]:
        """What came of each, None where the budget is used up; who asks for the next has counted those before."""
        while queue:
            yield self._within(queue.popleft(), tally.left, tally.until)
            if jobs == 1 or not queue or min(tally.to_come, tally.left) < _WORTH_WORKERS:
                continue
            workers = min(processes(jobs, _MEMORY), len(queue))
            if workers > 1:
                with closing(in_order(self._fitting(queue, tally), workers, ahead=workers)) as results:
                    yield from results

    def _fitting(self, queue: deque[Sequence[Overrides]], tally: Tally) -> Iterator[Task]:
        """Trials that are likely to fit beside those that are at work; what is done beyond the budget is lost."""
        handed_out = tally.done
        while queue and (handed_out + 1 - tally.done) * tally.of_one <= tally.left:
            handed_out += 1
            yield self._within, (queue.popleft(), tally.left, tally.until)

    def _within(self, several: Sequence[Overrides], seconds: float, clock: float) -> tuple[Trial, ...] | None:
        """Some trials that may take so long together, and until some time of day [s]; None: they would take longer."""
        until = process_time() + seconds
        try:
            return tuple(self.trial(overrides, until, clock) for overrides in several)
        except OutOfTimeError:
            return None


@lru_cache(maxsize=1)
def document_of(text: str) -> Document:
    """The valid document in a JSON text."""
    return changed(text)


def changed(text: str, overrides: Overrides = ()) -> Document:
    """The valid document in a JSON text, with changes; UsageError or ScenarioError if they do not fit the scenario."""
    return Draft(json.loads(text), Places("<scenario>")).document([parse_assignment(one) for one in overrides])
