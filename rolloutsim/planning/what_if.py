"""What would make a rollout faster: changes of the scenario, each simulated alone with the same seed, and together.

A change is a set of overrides in the words of `--set`, so that its effect is that of a run in which the user makes the
same change; nothing is estimated. Only the slowest case is looked at. What would change nothing is found as well, by
changing all of it at once (`rolloutsim.planning.proofs`).

What is most likely to help is tried first, and as much as fits into a budget of time: on a slower machine the list ends
sooner, and is otherwise the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.changes import candidates
from rolloutsim.planning.changes.situation import Candidate, Situation, joined
from rolloutsim.planning.differences import is_random
from rolloutsim.planning.proofs import Proof, Prover, of_each_subject
from rolloutsim.planning.trials import NOTHING, Chain, Overrides, Start, Tally, Tell, Trial, Trials, document_of
from rolloutsim.results.load.supply import sent_by_registries
from rolloutsim.results.metrics import is_image_case
from rolloutsim.results.numerals import show_size, show_time, show_times
from rolloutsim.results.shown.tabular import OPTIONS, TEXT, Column, Kind, Table
from rolloutsim.results.why.critical import last_path
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.outcome import Outcome

BUDGET = 60.0  # [s] of computing on one core (assumed: what one waits for without leaving)

# With a run itself go at most so many changes of the scenario, one more that is made together with one of them, and
# none if the case took more events. Events and not seconds, so that a run shows the same on every machine (assumed: a
# second or two, at 10 to 16 µs each as measured).
_FEW = 2
_SOON = 83_000

# A smaller share of the rollout time does not show in three digits.
_UNSEEN = 5e-4

# A cause with a smaller share of the time is left alone where few changes are tried (assumed).
_WORTH_A_TRY = 0.10

NOTHING_TRIED = "nothing is tried, since the rollout did not finish"


@struct(frozen=True)
class WhatIf:
    """A change and what it does to the rollout time of a case.

    Parameters
    ----------
    case : str
        The case.
    subject : str
        What is changed: `registry uplink`.
    change : str
        What is different: `registry uplink 10 Gbit/s`.
    overrides : tuple of str
        The change in the words of `--set`.
    before : float
        Rollout time as it is [s].
    after : float or None
        And with the change [s]; None: it does not finish.
    parts : tuple of str
        Of several changes together, the subject of each.
    buys : bool
        Whether it takes new hardware, and nothing else.
    leads : bool
        Whether it changes what is named as the cause of the whole: pods that follow one another.
    sent : tuple of (float, float) or None
        The layers that registries send as it is, and with the change [B]; None: it does not change where they come
        from.
    """

    case: str
    subject: str
    change: str
    overrides: tuple[str, ...]
    before: float
    after: float | None
    parts: tuple[str, ...] = ()
    buys: bool = False
    leads: bool = False
    sent: tuple[float, float] | None = None

    @property
    def subjects(self) -> frozenset[str]:
        """What is changed, alone or together."""
        return frozenset(self.parts or (self.subject,))

    @property
    def gain(self) -> float | None:
        """How much faster the rollout is [s]."""
        return None if self.after is None else self.before - self.after

    @property
    def is_faster(self) -> bool:
        """Whether the rollout is faster by so much that the change is worth a thought."""
        return self.after is not None and self.before - self.after > NOTHING * self.before

    @property
    def is_slower(self) -> bool:
        """Whether the rollout is slower by as much as can be seen, or does not finish."""
        return self.after is None or self.after - self.before > _UNSEEN * self.before

    @property
    def is_seen(self) -> bool:
        """Whether the change does anything that can be seen."""
        return self.after is None or abs(self.after - self.before) > _UNSEEN * self.before

    @property
    def shown_after(self) -> str:
        """The rollout time with the change, and by how much that is slower where it is."""
        if self.after is None:
            return _STUCK
        slower = f", {_gain(self.before - self.after)}" if self.is_slower else ""
        return show_time(self.after) + slower + (f", {shown_sent(self.sent)}" if self.sent is not None else "")


@struct(frozen=True)
class WhatIfs:
    """The changes that were tried.

    Parameters
    ----------
    case : str
        The case; empty if there is none that finished.
    tried : tuple of WhatIf
        The largest gain first, after those that change what is named as the cause.
    left_out : tuple of str
        Changes that did not fit into the budget.
    unknown : tuple of str
        The subjects of these, of which nobody knows whether they have an effect.
    useless : tuple of str
        The subjects of which no change has an effect, alone or together with any of the others, which was tried.
    """

    case: str = ""
    tried: tuple[WhatIf, ...] = ()
    left_out: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    useless: tuple[str, ...] = ()

    @property
    def faster(self) -> tuple[WhatIf, ...]:
        """Those that help, the largest gain first; several together where they help more than some of them do."""
        return tuple(one for one in self.tried if one.is_faster and self._adds(one))

    @property
    def slower(self) -> tuple[WhatIf, ...]:
        """Those with which it is slower."""
        return tuple(one for one in self.tried if one.is_slower)

    @property
    def seen(self) -> tuple[WhatIf, ...]:
        """Those that do anything, for better or worse, the largest gain first; several together as for `faster`."""
        return tuple(one for one in self.tried if one.is_seen and self._adds(one))

    def _adds(self, one: WhatIf) -> bool:
        """Whether several changes together do more than the best of some of them, by what is worth a thought."""
        if not one.parts or one.is_slower or one.after is None:
            return True
        fewer = (each.after for each in self.tried if each.subjects < one.subjects and each.after is not None)
        return min(fewer, default=one.before) - one.after > NOTHING * one.before

    @property
    def idle(self) -> tuple[str, ...]:
        """The subjects of which no change has an effect alone, nor together with what it was tried with.

        Whether they have none with others nobody knows, but for those that are `useless`.
        """
        effective = frozenset(self.unknown).union(*(one.subjects for one in self.seen))
        alone = dict.fromkeys(one.subject for one in self.tried if not one.parts)
        return tuple(subject for subject in alone if subject not in effective)

    @property
    def without_effect(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What has no effect, and what is only known to have none alone, each under its words."""
        alone = tuple(subject for subject in self.idle if subject not in self.useless)
        return tuple(one for one in (("No effect", self.useless), ("No effect alone", alone)) if one[1])

    @property
    def best(self) -> tuple[WhatIf, ...]:
        """Of each subject the change with the largest gain, the largest first."""
        best: dict[str, WhatIf] = {}
        for one in self.faster:
            best.setdefault(one.subject, one)
        return tuple(best.values())

    def to_rows(self) -> list[dict[str, Any]]:
        """What was tried, as JSON holds it."""
        return [
            {
                "case": one.case,
                "subject": one.subject,
                "change": one.change,
                "set": list(one.overrides),
                "rollout_time_s": {"before": one.before, "after": one.after},
                "gain_s": one.gain,
            }
            | ({} if one.sent is None else {"egress_bytes": dict(zip(("before", "after"), one.sent, strict=True))})
            for one in self.tried
        ]

    def to_document(self) -> dict[str, Any]:
        """What was tried and what was not, as JSON holds it."""
        return {"what_if": self.to_rows(), "no_effect": list(self.useless), "not_tried": list(self.left_out)}

    def to_columns(self) -> dict[str, list[Any]]:
        """What was tried, column by column."""
        return {
            "case": [one.case for one in self.tried],
            "change": [one.change for one in self.tried],
            "before_s": [one.before for one in self.tried],
            "after_s": [one.after for one in self.tried],
            "gain_s": [one.gain for one in self.tried],
            "set": [list(one.overrides) for one in self.tried],
        }


def what_if(outcome: Outcome, *, case: str | None = None, jobs: int = -1, budget: float = BUDGET) -> WhatIfs:
    """Try everything that could make a case faster; nothing if it did not finish, or came from no document.

    Parameters
    ----------
    outcome : Outcome
        What came out of the scenario; changes are compared with its first replication.
    case : str, optional
        The case; the slowest by default.
    jobs : int
        How many processes may work, -1: one a core.
    budget : float
        How much computing the trials may take, on one core, and how long on the clock [s].
    """
    return Plan.of(outcome, case, budget).carry_out(jobs)


def quick_what_if(outcome: Outcome) -> WhatIfs:
    """Try what is most likely to help, at the price of one to three more simulations of the slowest case."""
    situation = situation_of(outcome)
    return WhatIfs() if situation is None else _Quick(outcome, situation).found()


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
        Seconds by cause on the last pod's path [s].
    is_random : bool
        Whether numbers are drawn.
    sent : float
        The layers that registries send as it is [B].
    """

    budget: float
    trials: Trials | None = None
    before: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    path: Mapping[str, float] = field(default_factory=dict)
    is_random: bool = False
    sent: float = 0.0

    @classmethod
    def of(cls, outcome: Outcome, case: str | None = None, budget: float = BUDGET) -> Plan:
        """The plan for a case; parameters as for `what_if`."""
        situation = situation_of(outcome, case)
        if situation is None:
            return cls(budget)
        scenario = outcome.run.scenario
        trials = Trials.of(scenario, situation.records, outcome.run.seed)
        path = dict(last_path(situation.records))
        sent = sent_by_registries(situation.records, len(scenario.registries))
        return cls(budget, trials, situation.rollout_time, candidates(situation), path, is_random(scenario), sent)

    def carry_out(self, jobs: int = -1, tell: Tell | None = None, since: Start | None = None) -> WhatIfs:
        """Simulate the changes; `jobs`, `tell` and `since` as for `Trials.tried`."""
        if self.trials is None:
            return WhatIfs()
        tallies: list[Tally] = []

        def told(tally: Tally) -> None:
            tallies[:] = [tally]
            if tell is not None:
                tell(tally)

        together = _Together(self.candidates, self.path)
        every = [[together.unit(one)] for one in self.candidates]
        results = list(self.trials.tried(every, "change", self.budget, jobs, told, since))
        tried: dict[frozenset[str], WhatIf | None] = {}  # two chains may meet
        known: dict[frozenset[str], Trial] = {}
        cut: list[Candidate] = []
        for one, trials in zip(self.candidates, results, strict=False):
            for trial in trials:
                made = together.made(one, trial)
                if trial.is_cut:
                    cut.append(made)
                else:
                    known[frozenset(made.overrides)] = trial
                    tried.setdefault(frozenset(made.overrides), self._as_tried(made, trial))
        rest = self.candidates[len(results) :]
        left_out = tuple(one.change for one in (*cut, *rest))
        unknown = tuple(dict.fromkeys((*(part for one in cut for part in one.parts), *(one.subject for one in rest))))
        if tallies and not left_out:
            prover = Prover(self.trials, self.before, self.is_random, tallies[0], partial(told, tallies[0]))
            proof = self._proof(prover, tried, known)
            for made, trial in proof.together:
                tried.setdefault(frozenset(made.overrides), self._as_tried(made, trial))
            found = WhatIfs(self.trials.case, _by_gain(filter(None, tried.values())))
            return replace(found, useless=tuple(one for one in found.idle if one in proof.useless))
        return WhatIfs(self.trials.case, _by_gain(filter(None, tried.values())), left_out, unknown)

    def _as_tried(self, one: Candidate, trial: Trial) -> WhatIf | None:
        """A change with what its trial gave; None if the scenario does not allow it."""
        if trial.overrides is None or self.trials is None:
            return None
        return _of_trial(self.trials.case, self.before, self.sent, one, trial.overrides, trial)

    def _proof(
        self, prover: Prover, tried: Mapping[frozenset[str], WhatIf | None], known: Mapping[frozenset[str], Trial]
    ) -> Proof:
        """What has no effect, and what has one only together, of the changes that were tried alone."""
        alone = [(one, tried.get(frozenset(one.overrides))) for one in self.candidates if not one.parts]
        allowed = [(one, found) for one, found in alone if found is not None]
        seen = {one.subject for one, found in allowed if found.is_seen}
        idle = of_each_subject(one for one, _ in allowed if one.subject not in seen)
        strong = {
            one.subject
            for one, found in allowed
            if not 0.0 <= (inf if found.gain is None else found.gain) < _WORTH_A_TRY * self.before
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

    def __init__(self, outcome: Outcome, situation: Situation) -> None:
        self.outcome, self.situation = outcome, situation
        self.before = situation.rollout_time
        self.sent = sent_by_registries(situation.records, len(situation.scenario.registries))
        self.trials = Trials.of(outcome.run.scenario, situation.records, outcome.run.seed)
        self.unknown: list[str] = []
        self.has_joined = False

    def found(self) -> WhatIfs:
        found = candidates(self.situation)
        every, together = [one for one in found if one.alone], _Together(found, dict(last_path(self.situation.records)))
        image = [one for one in every if one.image is not None]
        tried = [self._known(one) for one in image]
        if self.trials.events <= _SOON:
            others = [one for one in every if one not in image and one.share >= _WORTH_A_TRY]
            unknown = image if not any(tried) else []
            for one in unknown:
                tried += self._tried(one, together, 1)
            for one in others[:_FEW]:
                tried += self._tried(one, together, 2 - self.has_joined)
        return WhatIfs(self.trials.case, _by_gain(filter(None, tried)), unknown=tuple(self.unknown))

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
                    tried.append(_of_trial(self.trials.case, self.before, self.sent, made, trial.overrides, trial))
        return tried

    def _known(self, candidate: Candidate) -> WhatIf | None:
        """The smaller image, where its rollout was simulated beside this one as a case of its own."""
        situation, name = self.situation, candidate.image
        cases = {case.name: case for case in self.outcome.run.cases if is_image_case(case)}
        cached = any(group.cached for group in situation.groups)
        if name not in cases or situation.records.name not in cases or situation.case.workloads or cached:
            return None
        after = self.outcome.first.cases[name].rollout_time_s
        return _what_if(situation.records.name, self.before, candidate, candidate.overrides, after)


class _Together:
    """Changes that are followed, and what they are together with those that follow.

    Parameters
    ----------
    candidates : sequence of Candidate
        All changes.
    path : dict
        Seconds by cause on the last pod's path [s].
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


def _of_trial(case: str, before: float, sent: float, one: Candidate, overrides: Overrides, trial: Trial) -> WhatIf:
    """A change with what its trial gave, and what registries send then if it is about that [B]."""
    found = _what_if(case, before, one, overrides, trial.rollout_time)
    return replace(found, sent=(sent, trial.sent)) if one.moves_sources else found


def _what_if(case: str, before: float, one: Candidate, overrides: Overrides, after: float | None) -> WhatIf:
    return WhatIf(case, one.subject, one.change, overrides, before, after, one.parts, one.buys, one.leads)


def situation_of(outcome: Outcome, case: str | None = None) -> Situation | None:
    """A case that finished, of a run that knows its document; the slowest by default."""
    scenario, figures = outcome.run.scenario, outcome.first
    if not figures.cases or not scenario.document:
        return None
    summary = figures.slowest if case is None else figures.cases[case]
    if not summary.rollout_time_s:
        return None
    return Situation(scenario, document_of(scenario.document), outcome.records(summary.case), summary)


def _by_gain(tried: Iterable[WhatIf]) -> tuple[WhatIf, ...]:
    """The largest gain first, but before all those that change what is named as the cause."""
    return tuple(
        sorted(tried, key=lambda one: (not (one.leads and one.is_faster), inf if one.after is None else one.after))
    )


def what_if_table(changes: Sequence[WhatIf]) -> Table:
    """Simulated changes: what each does to the rollout time, and the options that make it."""
    # One format for all of them, since they are compared along the rows.
    show = show_times(time for one in changes for time in (one.before, one.after, one.gain))
    moved = any(one.sent is not None for one in changes)
    sent = [Column("registries send", TEXT, lambda one: one.sent, lambda one: _sent(one.sent))] if moved else []
    columns = (
        Column("change", TEXT, lambda one: one.change),
        Column("before", Kind(show), lambda one: one.before),
        Column("after", Kind(show), lambda one: one.after),
        Column("gain", Kind(partial(_gain, show=show), unknown=_STUCK), lambda one: one.gain),
        *sent,
        Column("with", OPTIONS, lambda one: one.overrides),
    )
    return Table(columns, changes)


def shown_sent(sent: tuple[float, float]) -> str:
    """What registries send with a change, in words [B]."""
    return f"registries send {show_size(sent[1])} in place of {show_size(sent[0])}"


def _sent(sent: tuple[float, float] | None) -> str:
    return "" if sent is None else f"{show_size(sent[0])} → {show_size(sent[1])}"


def _gain(seconds: float, show: Callable[[float], str] = show_time) -> str:
    return f"slower by {show(-seconds)}" if seconds < 0.0 else show(seconds)


_STUCK = "does not finish"
