"""What has no effect, which is a claim and so is simulated: all of it at once changes next to nothing.

A change that does nothing alone may do much with another one: of two links that are as fast as each other, one behind
the other or side by side, neither helps alone. So what does nothing alone, and what helps little, is made all at once.
If that does more than its parts do, the fewest changes that do it are looked for by bisection (Junker's QuickXplain,
AAAI 2004: the smallest beginning of a list that does it has an end that is needed). What is left without each of them
in turn is tried again (as for hitting sets: Reiter, Artificial Intelligence 32, 1987), so that what does as much in
place of one of them is found as well, until nothing is left that does more than its parts. What was part of nothing has
no effect, alone or with any of the others. A speed that helps much by itself is tried with the speeds that do not, too.

Where numbers are drawn, changes shift who waits for whom: the claim is then made of the mean over several seeds, the
same ones with the changes and without (common random numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from time import process_time
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.changes.situation import Candidate, joined
from rolloutsim.planning.seeds import seeds
from rolloutsim.planning.trials import OutOfTimeError, Trial, Trials, changed
from rolloutsim.planning.tried import NOTHING
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.trials import Overrides, Tally

_HALF = 0.5  # of what all changes do together beyond their parts, what the fewest of them must do (assumed)
# What changes do to one draw is chance up to this share of the time (assumed: of the shipped scenarios at most 1.1 %).
_CHANCE = 0.02
_DRAWS = 5  # seeds over which a claim is made where numbers are drawn (assumed)


@struct(frozen=True)
class Proof:
    """What came of changes together.

    Parameters
    ----------
    useless : tuple of str
        The subjects without an effect, alone or with others.
    together : tuple of (Candidate, Trial)
        Changes that do more together than alone.
    """

    useless: tuple[str, ...] = ()
    together: tuple[tuple[Candidate, Trial], ...] = ()


class Prover:
    """Tries changes together.

    Parameters
    ----------
    trials : Trials
        Of the case.
    before : float
        What changes are judged by, as it is: the rollout time [s], or what a missed target is about.
    is_random : bool
        Whether numbers are drawn.
    tally : Tally
        What was tried so far, with the budget.
    tell : callable
        Called when another one is done.
    """

    def __init__(
        self, trials: Trials, before: float, is_random: bool, tally: Tally, tell: Callable[[], None] | None = None
    ) -> None:
        self.trials, self.before, self.is_random = trials, before, is_random
        self._tally, self._tell = tally, tell
        self._least = (_CHANCE if is_random else NOTHING) * before
        self._known: dict[frozenset[str], Trial] = {}
        self._effects: Mapping[str, float] = {}

    def prove(
        self,
        idle: Sequence[Candidate],
        weak: Sequence[Candidate],
        strong: Sequence[Candidate],
        effects: Mapping[str, float],
        known: Mapping[frozenset[str], Trial],
    ) -> Proof:
        """Find out which changes have no effect with any of the others.

        Parameters
        ----------
        idle : sequence of Candidate
            One for each subject without an effect of its own.
        weak : sequence of Candidate
            One for each subject with a small one.
        strong : sequence of Candidate
            Speeds with a large one, each of which is tried with the idle speeds: they may be what limits next.
        effects : mapping
            What each of these does alone, by subject.
        known : mapping
            What was tried already, by its overrides.
        """
        self._effects, self._known = effects, {frozenset[str](): Trial((), self.before), **known}
        found: list[list[Candidate]] = []
        useless: dict[str, Candidate] = {}
        proven: tuple[str, ...] = ()
        waiting = list(idle)
        with suppress(OutOfTimeError):
            while waiting:
                fitting = self._fitting([*waiting, *(one for one in (*idle, *weak) if one not in waiting)])
                found += self._together(fitting)
                tried = [one for one in waiting if one in fitting]
                useless |= {one.subject: one for one in tried}
                waiting = [one for one in waiting if one not in fitting] if tried else []
            behind = [one for one in useless.values() if one.relieves]
            for one in strong:
                found += self._together(self._fitting([one, *behind]))
            useful = {one.subject for some in found for one in some}
            rest = [one for name, one in useless.items() if name not in useful]
            proven = tuple(one.subject for one in rest) if self._is_idle(rest) else ()
        return Proof(proven, tuple(self._advice(found)))

    def _advice(self, found: Sequence[Sequence[Candidate]]) -> Iterator[tuple[Candidate, Trial]]:
        """Sets of changes worth showing: those that have nothing of a better one."""
        shown: list[Sequence[Candidate]] = []
        for some in sorted(found, key=self._beyond, reverse=True):
            if not any(one in better for better in shown for one in some):
                shown.append(some)
                yield joined(some) if len(some) > 1 else some[0], self._trial(some)

    def _fitting(self, several: Iterable[Candidate]) -> list[Candidate]:
        """Of several changes those that can be made at once, the first ones first."""
        fitting: list[Candidate] = []
        for one in several:
            if are_compatible([*fitting, one]) and self._is_allowed([*fitting, one]):
                fitting.append(one)
        return fitting

    def _is_allowed(self, several: Sequence[Candidate]) -> bool:
        with suppress(RolloutsimError):
            return bool(changed(self.trials.document, _overrides(several)))
        return False

    def _together(self, several: Sequence[Candidate]) -> Iterator[list[Candidate]]:
        """The fewest changes that do more than their parts, and what does so in place of one of them, set by set."""
        left = list(several)
        while self._beyond(left) > self._least:
            fewest = self._fewest(left, max(self._least, _HALF * self._beyond(left)))
            yield fewest
            others: list[Candidate] = []  # which do what one of these does
            for one in fewest:
                rest = [each for each in left if each is not one and each not in others]
                while rest and self._beyond(rest) > self._least:
                    found = self._fewest(rest, max(self._least, _HALF * self._beyond(rest)))
                    yield found
                    new = [each for each in found if each not in fewest] or found
                    others += new
                    rest = [each for each in rest if each not in new]
            left = [one for one in left if one not in fewest and one not in others]

    def _fewest(self, several: Sequence[Candidate], least: float) -> list[Candidate]:
        """The fewest changes that do more than so much beyond their parts, the first ones first."""
        needed: list[Candidate] = []
        rest = list(several)
        while not (needed and self._beyond(needed) > least) and rest:
            low, high = 0, len(rest)  # so many of the rest are too few, and enough
            while high - low > 1:
                middle = (low + high) // 2
                if self._beyond([*needed, *rest[:middle]]) > least:
                    high = middle
                else:
                    low = middle
            needed.append(rest[high - 1])
            rest = rest[: high - 1]
        return [one for one in several if one in needed]

    def _beyond(self, several: Sequence[Candidate]) -> float:
        """What changes do together beyond what they do alone."""
        after = self._trial(several).figure
        alone = sum(abs(self._effects.get(one.subject, 0.0)) for one in several)
        return inf if after is None else abs(after - self.before) - alone

    def _is_idle(self, several: Sequence[Candidate]) -> bool:
        """Whether changes that do nothing alone do nothing together."""
        if not self.is_random:
            return self._beyond(several) <= self._least
        overrides = _overrides(several)
        pairs = [(self.before, self._trial(several).figure)]
        for seed in seeds(self.trials.seed, _DRAWS)[1:]:
            before = self._run((), seed).figure
            after = self._run(overrides, seed).figure
            if before is not None:
                pairs.append((before, after))
            elif after is not None:
                return False  # it does not finish without the changes
        if any(after is None for _, after in pairs):
            return False
        total = sum(before for before, _ in pairs)
        return abs(sum((after or 0.0) - before for before, after in pairs)) <= NOTHING * total

    def _trial(self, several: Sequence[Candidate]) -> Trial:
        overrides = _overrides(several)
        found = self._known.get(frozenset(overrides))
        if found is None:
            found = self._known[frozenset(overrides)] = self._run(overrides, self.trials.seed)
        return found

    def _run(self, overrides: Overrides, seed: int) -> Trial:
        trials = self.trials if seed == self.trials.seed else self.trials.with_seed(seed)
        trial = trials.trial(overrides, process_time() + self._tally.left, self._tally.until)
        self._tally.joined += 1
        self._tally.seconds += trial.prepared + trial.simulated
        if self._tell is not None:
            self._tell()
        return trial


def are_compatible(several: Sequence[Candidate]) -> bool:
    """Whether changes can be made at once: none sets a key, or a part of one, that another one sets otherwise."""
    keys: dict[str, str] = {}
    for key, _, value in (override.partition("=") for one in several for override in one.overrides):
        for other, text in keys.items():
            if key == other:
                if value != text:
                    return False
            elif key.startswith(f"{other}.") or other.startswith(f"{key}."):
                return False
        keys[key] = value
    return True


def of_each_subject(several: Iterable[Candidate]) -> Iterator[Candidate]:
    """One change for each subject: its first, with all others of it that can be made with that."""
    subjects: dict[str, list[Candidate]] = {}
    for one in several:
        made = subjects.setdefault(one.subject, [])
        if are_compatible([*made, one]) and not set(one.overrides) <= {
            text for each in made for text in each.overrides
        }:
            made.append(one)
    for made in subjects.values():
        yield made[0] if len(made) == 1 else _merged(made)


def _merged(several: Sequence[Candidate]) -> Candidate:
    """Several changes of one subject, in one."""
    together = joined(several)
    return replace(several[0], change=together.change, overrides=_overrides(several), buys=together.buys)


def _overrides(several: Sequence[Candidate]) -> Overrides:
    return tuple(dict.fromkeys(override for one in several for override in one.overrides))
