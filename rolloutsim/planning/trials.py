"""One case of a scenario with changes made to it, as `--set` makes them: its rollout time, and what a target is about.

A change is the text of an override, `registry.uplink=10 Gbit/s`. It goes the way that it takes on the command line
(read, applied to the document, validated, resolved), so that a trial's rollout time is that of a run with the same
`--set` and the same seed. Only the one case is simulated: cases do not know of each other.

Trials have a budget, of computing and on the clock, which is kept by measuring. They come in a fixed order, and end
with the last one that fits: a slower machine comes less far, but does nothing else, and nor do several processes.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import process_time, time
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.jobs import Task, check_jobs, in_order, processes
from rolloutsim.planning.targets import Measured, chosen, measured, need_times_alone, path_to
from rolloutsim.planning.tried import NOTHING
from rolloutsim.results.load.supply import sent_by_registries
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

# What is over sooner is done without other processes, which have to start first: about a second (assumed).
_WORTH_WORKERS = 2.0
# Of memory that all processes take together [B] (assumed: what a laptop has to spare beside a browser).
_MEMORY = 600e6


_MOST_JOINED = 2  # changes that are made besides the first (assumed: more are no advice)
# Of what a change gives back, what the next limit takes over at least (assumed: else it is a limit beside others).
_TAKES_OVER = 0.5


class OutOfTimeError(Exception):
    """A trial would take longer than it may."""


@struct
class Trial:
    """What a change did.

    Parameters
    ----------
    overrides : tuple of str or None
        The change; None: the scenario does not allow it.
    rollout_time : float or None
        The rollout time with it [s]; None: it does not finish.
    events : int
        Those of its simulation.
    prepared, simulated : float
        How long it took until there was a scenario, and to simulate that, on one core [s].
    path : dict
        Where it is one of a chain, the seconds by cause on the path with it, as `targets.path_to` has it [s].
    joined : tuple of int
        Of a chain, which of its other changes were made as well.
    is_cut : bool
        Of a chain, whether it was not tried, since there was no time or room left for it.
    measured : tuple of Measurement or None
        What the conditions are about that are looked at, that which changes are judged by first; empty: none is.
    sent : float
        The layers that left registries with it [B].
    """

    overrides: Overrides | None
    rollout_time: float | None = None
    events: int = 0
    prepared: float = 0.0
    simulated: float = 0.0
    path: Mapping[str, float] = field(default_factory=dict)
    joined: tuple[int, ...] = ()
    is_cut: bool = False
    measured: Measured = ()
    sent: float = 0.0

    @property
    def figure(self) -> float | None:
        """What the change is judged by, the rollout time [s] where no condition is looked at; None: unknown."""
        if not self.measured or self.rollout_time is None:
            return self.rollout_time
        return None if self.measured[0] is None else self.measured[0].value


@struct
class Chain:
    """A change that is followed: what limits in its place what it gives back is changed, too.

    Of links that are as fast as each other, none helps alone; and behind each stands the next, which no figure of the
    case as it is shows. So the next one is what has taken over most of the time that the change gave back.

    Parameters
    ----------
    overrides : tuple of str
        The change.
    relieves : frozenset of str
        The causes that it relieves.
    others : tuple of (frozenset of str, tuple of str)
        Other changes, each with what it relieves.
    path : dict
        Seconds by cause on the path in the case as it is, as `targets.path_to` has it [s].
    known : frozenset of frozenset of str
        What is tried anyway: chains end before it.
    """

    overrides: Overrides
    relieves: frozenset[str]
    others: tuple[tuple[frozenset[str], Overrides], ...]
    path: Mapping[str, float]
    known: frozenset[frozenset[str]] = frozenset()

    def following(self, trial: Trial, before: Mapping[str, float]) -> tuple[int, ...] | None:
        """The changes to make besides the first after a trial; None: nothing else limits what it gave back.

        `before` is the path without the last of the changes that the trial made.
        """
        if trial.rollout_time is None or len(trial.joined) >= _MOST_JOINED:
            return None
        relieved = self.relieves.union(*(self.others[number][0] for number in trial.joined))
        gave = -_grown(before, trial.path, relieved)
        grown = {
            number: _grown(before, trial.path, causes)
            for number, (causes, _) in enumerate(self.others)
            if not causes & relieved
        }
        most = max(grown, key=lambda number: grown[number], default=None)
        if most is None or gave <= NOTHING * sum(self.path.values()) or grown[most] < _TAKES_OVER * gave:
            return None
        joined = (*trial.joined, most)
        return None if frozenset(self.made(joined)) in self.known else joined

    def made(self, joined: tuple[int, ...]) -> Overrides:
        """The change with others."""
        return (*self.overrides, *(override for number in joined for override in self.others[number][1]))


def _grown(before: Mapping[str, float], after: Mapping[str, float], causes: Iterable[str]) -> float:
    """How much longer a path waits for causes than it did before [s]."""
    return sum(after.get(cause, 0.0) - before.get(cause, 0.0) for cause in causes)


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
    joined : int
        How many were tried with these, which nobody had planned.
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
    joined: int = 0
    seconds: float = 0.0
    _usual: float = 0.0  # what those that are done would have taken with as many events as the case as it is [s]

    def add(self, trials: Sequence[Trial]) -> bool:
        """Count what was tried; whether it fits into the budget."""
        seconds = self.seconds + sum(one.prepared + one.simulated for one in trials)
        if self.before + seconds > self.budget:
            return False
        self.done += 1
        self.joined += sum(bool(one.joined) and not one.is_cut for one in trials)
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
    conditions : tuple of int
        Which of the scenario's conditions are looked at, that which changes are judged by first.
    """

    document: str
    case: str
    seed: int
    events: int
    conditions: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, scenario: ResolvedScenario, records: CaseRecords, seed: int, conditions: tuple[int, ...] = ()
    ) -> Trials:
        """Trials of a case that was simulated already."""
        return cls(scenario.document, records.name, seed, records.events, conditions)

    def with_seed(self, seed: int) -> Trials:
        """The same with other random numbers."""
        return replace(self, seed=seed)

    def trial(
        self, overrides: Overrides, until: float | None = None, clock: float | None = None, explained: bool = False
    ) -> Trial:
        """Try a change.

        Parameters
        ----------
        overrides : tuple of str
            The change.
        until : float, optional
            When this process will have computed for too long [s]; by default a trial takes as long as it takes.
        clock : float, optional
            When it will be too late, by the time of day [s].
        explained : bool
            Whether the trial has its path.

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
        try:
            document = changed(self.document, overrides)
        except RolloutsimError:
            return Trial(None, prepared=process_time() - began)
        scenario = resolve(document)
        prepared = process_time()
        cases = tuple(case for case in scenario.cases if case.name == self.case)
        # Where no target is missed, whether they are met is no part of how long the rollout takes.
        conditions = chosen(scenario, self.conditions)
        scenario = replace(scenario, cases=cases, thresholds=conditions)
        run = simulate(scenario, self.seed, alone=need_times_alone(conditions), watch=watch)
        (records,) = run.cases
        found, path = rollout_time(records), path_to(run, records, conditions) if explained else {}
        values = measured(run, records, conditions) if conditions else ()
        sent = sent_by_registries(records, len(scenario.registries))
        seconds = process_time() - prepared
        return Trial(overrides, found, records.events, prepared - began, seconds, path, measured=values, sent=sent)

    def followed(
        self, chain: Chain, until: float | None = None, clock: float | None = None, most: int = _MOST_JOINED + 1
    ) -> Iterator[Trial]:
        """Try a change, and with it what limits what it gives back, as often as there is something that does.

        Parameters
        ----------
        chain : Chain
            The change.
        until, clock : float, optional
            As for `trial`.
        most : int
            How many trials there may be; what comes after is cut, as what takes too long is.

        Raises
        ------
        OutOfTimeError
            If the change alone takes longer.
        """
        joined: tuple[int, ...] | None = ()
        before = chain.path
        while joined is not None:
            overrides = chain.made(joined)
            try:
                if len(joined) >= most:
                    raise OutOfTimeError
                trial = self.trial(overrides, until, clock, explained=True)
            except OutOfTimeError:
                if not joined:
                    raise
                yield Trial(None, joined=joined, is_cut=True)
                return
            yield replace(trial, joined=joined)
            joined, before = chain.following(replace(trial, joined=joined), before), trial.path

    def tried(
        self,
        several: Sequence[Sequence[Overrides | Chain]],
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
            What is tried; sets are tried as a whole, and chains as far as they go.
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

    def _found(
        self, queue: deque[Sequence[Overrides | Chain]], tally: Tally, jobs: int
    ) -> Generator[Sequence[Trial] | None]:
        """What came of each, None where the budget is used up; who asks for the next has counted those before."""
        while queue:
            yield self._within(queue.popleft(), tally.left, tally.until)
            if jobs == 1 or not queue or min(tally.to_come, tally.left) < _WORTH_WORKERS:
                continue
            workers = min(processes(jobs, _MEMORY), len(queue))
            if workers > 1:
                with closing(in_order(self._fitting(queue, tally), workers, ahead=workers)) as results:
                    yield from results

    def _fitting(self, queue: deque[Sequence[Overrides | Chain]], tally: Tally) -> Iterator[Task]:
        """Trials that are likely to fit beside those that are at work; what is done beyond the budget is lost."""
        handed_out = tally.done
        while queue and (handed_out + 1 - tally.done) * tally.of_one <= tally.left:
            handed_out += 1
            yield self._within, (queue.popleft(), tally.left, tally.until)

    def _within(self, several: Sequence[Overrides | Chain], seconds: float, clock: float) -> tuple[Trial, ...] | None:
        """Some trials that may take so long together, and until some time of day [s]; None: they would take longer."""
        until = process_time() + seconds
        found: list[Trial] = []
        try:
            for one in several:
                found += self.followed(one, until, clock) if isinstance(one, Chain) else [self.trial(one, until, clock)]
        except OutOfTimeError:
            return None
        return tuple(found)


@lru_cache(maxsize=1)
def document_of(text: str) -> Document:
    """The valid document in a JSON text."""
    return changed(text)


def changed(text: str, overrides: Overrides = ()) -> Document:
    """The valid document in a JSON text, with changes; UsageError or ScenarioError if they do not fit the scenario."""
    return Draft(json.loads(text), Places("<scenario>")).document([parse_assignment(one) for one in overrides])
