"""One case of a scenario with changes made to it, as `--set` makes them: what its rollout time would be.

A change is the text of an override, `registry.uplink=10 Gbit/s`. It goes the way that it takes on the command line
(read, applied to the document, validated, resolved), so that a trial's rollout time is that of a run with the same
`--set` and the same seed. Only the one case is simulated: cases do not know of each other.

Trials have a budget of computing time, which is kept by measuring. They come in a fixed order, and end with the last
one that fits: a slower machine comes less far, but does nothing else, and nor do several processes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from time import process_time
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.jobs import check_jobs, in_order
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


@dataclass(slots=True)
class Tally:
    """How far trials have come, and what they took.

    Parameters
    ----------
    unit : str
        What is tried, by one trial or several: `change`.
    budget : float
        How much computing all of them may take, on one core [s].
    planned : int
        How many are to be tried.
    events : int
        Those of the case as it is, of which a trial has about as many.
    done, refused : int
        How many are done, and how many of these the scenario does not allow.
    seconds : float
        What those that are done took [s].
    """

    unit: str
    budget: float
    planned: int
    events: int
    done: int = 0
    refused: int = 0
    seconds: float = 0.0
    _usual: float = 0.0  # what those that are done would have taken with as many events as the case as it is [s]

    def add(self, trials: Sequence[Trial]) -> bool:
        """Count what was tried; whether it fits into the budget."""
        seconds = self.seconds + sum(one.prepared + one.simulated for one in trials)
        if seconds > self.budget:
            return False
        self.done += 1
        self.refused += all(one.overrides is None for one in trials)
        self.seconds = seconds
        self._usual += sum(one.prepared + one.simulated * self.events / max(one.events, 1) for one in trials)
        return True

    @property
    def left(self) -> float:
        """What is left of the budget [s]."""
        return self.budget - self.seconds

    @property
    def to_come(self) -> float:
        """What the rest is estimated to take, by what was measured so far [s]; none while nothing is done."""
        return self._usual / max(self.done, 1) * (self.planned - self.done)


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

    def trial(self, overrides: Overrides, until: float | None = None) -> Trial:
        """Try a change.

        A change may take a link away that a threshold names, by one replica more for example: then it is made without
        the thresholds, which have no say in how long the rollout takes.

        Parameters
        ----------
        overrides : tuple of str
            The change.
        until : float, optional
            When this process will have computed for too long [s]; by default a trial takes as long as it takes.

        Raises
        ------
        OutOfTimeError
            If it takes longer.
        """

        def watch() -> None:
            if until is not None and process_time() > until:
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
    ) -> Iterator[Sequence[Trial]]:
        """What came of several changes, or of several sets of them, in their order, as far as the budget goes.

        Parameters
        ----------
        several : sequence
            What is tried; sets are tried as a whole.
        unit : str
            What one is called, for `tell`.
        budget : float
            How much computing they may take, on one core [s].
        jobs : int
            How many processes may work, -1: one a core; few and short trials are done by this process alone.
        tell : callable, optional
            Called with the tally when another one is done.
        """
        check_jobs(jobs)
        tally = Tally(unit, budget, len(several), self.events)
        queue = iter(several)
        for found in self._counted((self._within(one, tally.left) for one in queue), tally, tell):
            yield found
            if jobs != 1 and tally.planned - tally.done > 1 and min(tally.to_come, tally.left) >= _WORTH_WORKERS:
                with closing(self._elsewhere(queue, tally, jobs)) as rest:
                    yield from self._counted(rest, tally, tell)
                return

    def _counted(
        self, tried: Iterable[Sequence[Trial] | None], tally: Tally, tell: Tell | None
    ) -> Iterator[Sequence[Trial]]:
        """Those that fit into the budget."""
        for found in tried:
            if found is None or not tally.add(found):
                return
            if tell is not None:
                tell(tally)
            yield found

    def _elsewhere(
        self, queue: Iterable[Sequence[Overrides]], tally: Tally, jobs: int
    ) -> Generator[Sequence[Trial] | None]:
        from joblib import effective_n_jobs

        workers = min(effective_n_jobs(jobs), tally.planned - tally.done)
        return in_order(((self._within, (one, tally.left)) for one in queue), workers, ahead=workers)

    def _within(self, several: Sequence[Overrides], seconds: float) -> tuple[Trial, ...] | None:
        """Some trials that may take so long together [s]; None: they would take longer."""
        until = process_time() + seconds
        try:
            return tuple(self.trial(overrides, until) for overrides in several)
        except OutOfTimeError:
            return None


@lru_cache(maxsize=1)
def document_of(text: str) -> Document:
    """The valid document in a JSON text."""
    return changed(text)


def changed(text: str, overrides: Overrides = ()) -> Document:
    """The valid document in a JSON text, with changes; UsageError or ScenarioError if they do not fit the scenario."""
    return Draft(json.loads(text), Places("<scenario>")).document([parse_assignment(one) for one in overrides])
