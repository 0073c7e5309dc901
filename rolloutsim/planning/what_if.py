"""What would make a rollout faster: changes of the scenario, each simulated alone with the same seed, and together.

A change is a set of overrides in the words of `--set`, so that its effect is that of a run in which the user makes the
same change; nothing is estimated. Only one case is looked at, the slowest; or that of the target that is missed, by
which changes are judged then (`rolloutsim.planning.targets`). What would change nothing is found as well, by changing
all of it at once (`rolloutsim.planning.proofs`).

What is most likely to help is tried first, and as much as fits into a budget of time: on a slower machine the list ends
sooner, and is otherwise the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.changes import candidates
from rolloutsim.planning.changes.rollouts import AT_A_TIME
from rolloutsim.planning.changes.situation import Candidate, Situation, joined
from rolloutsim.planning.targets import (
    Measured,
    chosen,
    conditions_of,
    effects,
    judged_case,
    of_another_case,
    path_to,
)
from rolloutsim.planning.trials import Chain, Overrides, Start, Tally, Tell, Trial, Trials, document_of
from rolloutsim.planning.tried import WhatIf, WhatIfs, by_gain
from rolloutsim.results.load.supply import sent_by_registries
from rolloutsim.results.metrics import is_image_case
from rolloutsim.results.why.bottlenecks import Bottleneck, name_of
from rolloutsim.scenario.causes import PULL_CAP
from rolloutsim.scenario.resources import PLACES, PULLED
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.proofs import Proof, Prover
    from rolloutsim.results.outcome import Outcome

BUDGET = 60.0  # [s] of computing on one core (assumed: what one waits for without leaving)

# With a run itself go at most so many changes of the scenario, one more that is made together with one of them, and
# none if the case took more events. Events and not seconds, so that a run shows the same on every machine (assumed: a
# second or two, at 10 to 16 µs each as measured).
_FEW = 2
_SOON = 83_000

# A cause with a smaller share of the time is left alone where few changes are tried (assumed).
_WORTH_A_TRY = 0.10


def what_if(outcome: Outcome, *, case: str | None = None, jobs: int = -1, budget: float = BUDGET) -> WhatIfs:
    """Try everything that could make a case faster; nothing if it did not finish, or came from no document.

    Parameters
    ----------
    outcome : Outcome
        What came out of the scenario; changes are compared with its first replication.
    case : str, optional
        The case; the slowest by default, or that of the target which is missed.
    jobs : int
        How many processes may work, -1: one a core.
    budget : float
        How much computing the trials may take, on one core, and how long on the clock [s].
    """
    return Plan.of(outcome, case, budget).carry_out(jobs)


def quick_what_if(outcome: Outcome) -> WhatIfs:
    """Try what is most likely to help, at the price of one to three more simulations of the slowest case."""
    looked_at = _LookedAt.of(outcome)
    return WhatIfs() if looked_at is None else _Quick(outcome, looked_at).found()


@struct
class Plan:
    """What will be tried, as far as a budget goes.

    Parameters
    ----------
    budget : float
        How much computing it may take, on one core, and how long on the clock [s].
    trials : Trials or None
        How it will be tried; None: there is nothing to try.
    before : float
        The case's rollout time [s].
    candidates : tuple of Candidate
        What will be tried, in this order; what the scenario does not allow is found out then.
    path : dict
        Seconds by cause on the path that changes shall shorten, as `targets.path_to` has it [s].
    is_random : bool
        Whether numbers are drawn.
    now : tuple of Measurement or None
        What the trials' conditions are about in the case as it is.
    sent : float
        The layers that registries send as it is [B].
    limits, limit : tuple of str and str
        The causes of the hardware that takes most of the time, and that in words; empty: none takes much of it.
    """

    budget: float
    trials: Trials | None = None
    before: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    path: Mapping[str, float] = field(default_factory=dict)
    is_random: bool = False
    now: Measured = ()
    sent: float = 0.0
    limits: tuple[str, ...] = ()
    limit: str = ""

    @classmethod
    def of(cls, outcome: Outcome, case: str | None = None, budget: float = BUDGET) -> Plan:
        """The plan for a case; parameters as for `what_if`."""
        from rolloutsim.planning.differences import is_random  # what goes with a run does without

        looked_at = _LookedAt.of(outcome, case)
        if looked_at is None:
            return cls(budget)
        situation, trials = looked_at.situation, looked_at.trials
        every, chance = candidates(situation), is_random(outcome.run.scenario)
        before, sent, (limits, limit) = situation.rollout_time, looked_at.sent, _limit(situation)
        return cls(budget, trials, before, every, looked_at.path, chance, looked_at.now, sent, limits, limit)

    def carry_out(
        self,
        jobs: int = -1,
        tell: Tell | None = None,
        since: Start | None = None,
        found: Callable[[WhatIfs], None] | None = None,
    ) -> WhatIfs:
        """Simulate the changes.

        Parameters
        ----------
        jobs, tell, since
            As for `Trials.tried`.
        found : callable, optional
            Called with what was tried so far when another one is done.
        """
        from rolloutsim.planning.proofs import Prover  # as above

        if self.trials is None:
            return WhatIfs()
        tallies: list[Tally] = []

        def told(tally: Tally) -> None:
            tallies[:] = [tally]
            if tell is not None:
                tell(tally)

        together = _Together(self.candidates, self.path)
        every = [[together.unit(one)] for one in self.candidates]
        done = 0
        tried: dict[frozenset[str], WhatIf | None] = {}  # two chains may meet
        known: dict[frozenset[str], Trial] = {}
        cut: list[Candidate] = []
        for trials in self.trials.tried(every, "change", self.budget, jobs, told, since):
            one = self.candidates[done]
            done += 1
            for trial in trials:
                made = together.made(one, trial)
                if trial.is_cut:
                    cut.append(made)
                else:
                    known[frozenset(made.overrides)] = trial
                    tried.setdefault(frozenset(made.overrides), self._as_tried(self.trials, made, trial))
            if found is not None and done < len(self.candidates):
                found(self._found(self.trials.case, tried))
        rest = self.candidates[done:]
        left_out = tuple(one.change for one in (*cut, *rest))
        unknown = tuple(dict.fromkeys((*(part for one in cut for part in one.parts), *(one.subject for one in rest))))
        if tallies and not left_out:
            prover = Prover(self.trials, self._figure, self.is_random, tallies[0], partial(told, tallies[0]))
            proof = self._proof(prover, tried, known)
            for made, trial in proof.together:
                tried.setdefault(frozenset(made.overrides), self._as_tried(self.trials, made, trial))
            result = self._found(self.trials.case, tried)
            return replace(result, useless=tuple(one for one in result.idle if one in proof.useless))
        return replace(self._found(self.trials.case, tried), left_out=left_out, unknown=unknown)

    def _found(self, case: str, tried: Mapping[frozenset[str], WhatIf | None]) -> WhatIfs:
        """What was tried, and whether what takes most of the time was."""
        known = [one for one in self.candidates if tried.get(frozenset(one.overrides)) is not None]
        limit = "" if _is_relieved(self.limits, known) else self.limit
        return WhatIfs(case, by_gain(filter(None, tried.values())), is_thorough=True, limit=limit)

    @property
    def _figure(self) -> float:
        """What changes are judged by, as it is."""
        return (self.now[0].value if self.now and self.now[0] is not None else self.before) or 0.0

    def _as_tried(self, trials: Trials, one: Candidate, trial: Trial) -> WhatIf | None:
        """A change with what its trial gave; None if the scenario does not allow it."""
        return None if trial.overrides is None else _what_if(trials.case, self.before, one, self.now, self.sent, trial)

    def _proof(
        self, prover: Prover, tried: Mapping[frozenset[str], WhatIf | None], known: Mapping[frozenset[str], Trial]
    ) -> Proof:
        """What has no effect, and what has one only together, of the changes that were tried alone.

        That bytes move at another time is no change that others are tried with: it leaves them nothing to do.
        """
        from rolloutsim.planning.proofs import of_each_subject  # as above

        # Speeds that tie together are units one by one.
        units = [one for one in self.candidates if not (one.parts and one.relieves) and not one.shifts]
        alone = [(one, tried.get(frozenset(one.overrides))) for one in units]
        allowed = [(one, found) for one, found in alone if found is not None]
        seen = {one.subject for one, found in allowed if found.is_seen}
        idle = of_each_subject(one for one, _ in allowed if one.subject not in seen)
        strong = {
            one.subject
            for one, found in allowed
            if not 0.0 <= (inf if found.gain is None else found.gain) < _WORTH_A_TRY * self._figure
        }
        weak: dict[str, Candidate] = {}
        fast: dict[str, Candidate] = {}
        effects: dict[str, float] = {}
        for one, found in allowed:
            stands = weak if one.subject in seen - strong else fast if one.subject in strong and one.relieves else None
            if stands is not None and one.subject not in stands and found.gain is not None:
                stands[one.subject], effects[one.subject] = one, found.gain
        return prover.prove(list(idle), list(weak.values()), list(fast.values()), effects, known)


class _Quick:
    """The few changes that go with a run."""

    def __init__(self, outcome: Outcome, looked_at: _LookedAt) -> None:
        self.outcome, self.situation, self.trials = outcome, looked_at.situation, looked_at.trials
        self.before, self.now, self.path = looked_at.situation.rollout_time, looked_at.now, looked_at.path
        self.sent = looked_at.sent
        self.unknown: list[str] = []
        self.has_joined = False

    def found(self) -> WhatIfs:
        found, (limits, limit) = candidates(self.situation), _limit(self.situation)
        every, together = [one for one in found if one.alone], _Together(found, self.path)
        image = [one for one in every if one.image is not None]
        tried = [self._known(one) for one in image]
        if self.trials.events <= _SOON:
            others = [one for one in every if one not in image and one.share >= _WORTH_A_TRY]
            unknown = image if not any(tried) else []
            for one in unknown:
                tried += self._tried(one, together, 1)
            for one in _once_at_a_time(others)[:_FEW]:
                tried += self._tried(one, together, 2 - self.has_joined)
        done = by_gain(filter(None, tried))
        made = frozenset(one.overrides for one in done)
        limit = "" if _is_relieved(limits, [one for one in found if one.overrides in made]) else limit
        return WhatIfs(self.trials.case, done, unknown=tuple(self.unknown), limit=limit)

    def _tried(self, one: Candidate, together: _Together, most: int) -> list[WhatIf]:
        """A change, and what limits what it gives back, in at most so many trials; nothing if it is not allowed."""
        unit = together.unit(one)
        tried: list[WhatIf] = []
        with suppress(RolloutsimError):  # the run itself came to its end
            several = self.trials.followed(unit, most=most) if isinstance(unit, Chain) else [self.trials.trial(unit)]
            for trial in several:
                made = together.made(one, trial)
                if trial.is_cut:
                    self.unknown += made.parts
                elif trial.overrides == made.overrides:
                    self.has_joined |= bool(trial.joined)
                    tried.append(_what_if(self.trials.case, self.before, made, self.now, self.sent, trial))
        return tried

    def _known(self, candidate: Candidate) -> WhatIf | None:
        """The smaller image, where its rollout was simulated beside this one as a case of its own."""
        situation, name = self.situation, candidate.image
        cases = {case.name: case for case in self.outcome.run.cases if is_image_case(case)}
        cached = any(group.cached for group in situation.groups)
        if name not in cases or situation.records.name not in cases or situation.case.workloads or cached:
            return None
        after = self.outcome.first.cases[name].rollout_time_s
        values = of_another_case(self.outcome.run, self.outcome.records(name), self.now)
        trial = Trial(candidate.overrides, after, measured=values)
        return _what_if(situation.records.name, self.before, candidate, self.now, self.sent, trial)


def _once_at_a_time(candidates: Sequence[Candidate]) -> list[Candidate]:
    """More pods at a time, by whichever key, are one idea: the others of these come last."""
    later = [one for one in candidates if one.subject in AT_A_TIME][1:]
    return [*(one for one in candidates if one not in later), *later]


class _Together:
    """Changes that are followed, and what they are together with those that follow.

    Parameters
    ----------
    candidates : sequence of Candidate
        All changes.
    path : dict
        Seconds by cause on the path that changes shall shorten [s].
    """

    def __init__(self, candidates: Sequence[Candidate], path: Mapping[str, float]) -> None:
        self.path = path
        self.others = tuple(one for one in candidates if one.relieves and not one.parts)
        self.known = frozenset(frozenset(one.overrides) for one in candidates)

    def unit(self, one: Candidate) -> Overrides | Chain:
        """What is tried of a change."""
        if not one.relieves:
            return one.overrides
        others = tuple((other.relieves, other.overrides) for other in self.others)
        return Chain(one.overrides, one.relieves, others, self.path, self.known)

    def made(self, one: Candidate, trial: Trial) -> Candidate:
        """The change that a trial made."""
        if not trial.joined:
            return one
        return joined([one, *(self.others[number] for number in trial.joined)])


def _limit(situation: Situation) -> tuple[tuple[str, ...], str]:
    """The causes of the hardware that takes most of the time, and that in words; nothing if none takes much of it."""
    kinds: dict[str, str] = {name: link.kind for name, link in situation.scenario.links.items()}
    own = {resource.cause.name for resource in PULLED if resource.cause is not PULL_CAP}
    together: dict[tuple[str, str], list[str]] = {}
    for cause in situation.shares:
        if cause in own:
            together.setdefault((cause, ""), []).append(cause)
        elif cause in kinds:
            kind = kinds[cause]
            together.setdefault((kind, "" if kind in PLACES else cause), []).append(cause)
    most = max(together.items(), key=lambda one: situation.share(one[1]), default=None)
    if most is None or situation.share(most[1]) < _WORTH_A_TRY:
        return (), ""
    (kind, _), causes = most
    links = tuple(causes) if kind not in own else ()
    return tuple(causes), name_of(Bottleneck(kind, links, 0.0, 0.0))


def _is_relieved(limits: Sequence[str], tried: Iterable[Candidate]) -> bool:
    """Whether faster hardware of some causes was tried."""
    return not limits or any(one.buys and not one.relieves.isdisjoint(limits) for one in tried)


def _what_if(case: str, before: float, one: Candidate, now: Measured, sent: float, trial: Trial) -> WhatIf:
    """A change with what its trial gave, and what registries send then if it is about that: [B] as it is."""
    return WhatIf(
        case=case,
        subject=one.subject,
        change=one.change,
        overrides=trial.overrides or (),
        before=before,
        after=trial.rollout_time,
        parts=one.parts,
        buys=one.buys,
        leads=one.leads,
        effects=effects(now, trial.measured),
        shifts=one.shifts,
        sent=(sent, trial.sent) if one.moves_sources else None,
    )


@struct
class _LookedAt:
    """The case that changes are tried on, how, what its conditions are about, and the path that they shall shorten."""

    situation: Situation
    trials: Trials
    now: Measured
    path: Mapping[str, float]

    @property
    def sent(self) -> float:
        """The layers that registries send [B]."""
        return sent_by_registries(self.situation.records, len(self.situation.scenario.registries))

    @classmethod
    def of(cls, outcome: Outcome, case: str | None = None) -> _LookedAt | None:
        """A case; by default that of the target which is missed, else the slowest. None: there is nothing to try."""
        if case is None and outcome.first.cases:
            case = judged_case(outcome)
        situation = situation_of(outcome, case)
        if situation is None:
            return None
        scenario, records = outcome.run.scenario, situation.records
        conditions, now = conditions_of(outcome, records.name)
        trials = Trials.of(scenario, records, outcome.run.seed, conditions)
        path = path_to(outcome.run, records, chosen(scenario, conditions))
        return cls(replace(situation, path=path) if conditions else situation, trials, now, path)


def situation_of(outcome: Outcome, case: str | None = None) -> Situation | None:
    """A case that finished, of a run that knows its document; the slowest by default."""
    scenario, figures = outcome.run.scenario, outcome.first
    if not figures.cases or not scenario.document:
        return None
    summary = figures.slowest if case is None else figures.cases[case]
    if not summary.rollout_time_s:
        return None
    return Situation(scenario, document_of(scenario.document), outcome.records(summary.case), summary)
