"""What has no effect, which is a claim and so is simulated: all of it at once changes next to nothing.

A change that does nothing alone may do much with another one: of two links that are as fast as each other, one behind
the other or side by side, neither helps alone. So what does nothing alone, and what helps little, is made all at once.
If that does more than its parts do, the fewest changes that do it are looked for by bisection (Junker's QuickXplain,
AAAI 2004: the smallest beginning of a list that does it has an end that is needed), and what is left without each of
them in turn is tried again (Reiter's hitting sets, Artificial Intelligence 32, 1987), until nothing is left that does
more than its parts. What was part of nothing has no effect, alone or with any of the others.

Where numbers are drawn, changes shift who waits for whom: the claim is then made of the mean over several seeds, the
same ones with the changes and without (common random numbers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from time import process_time
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.changes.situation import Candidate, joined
from rolloutsim.planning.replicate import seeds
from rolloutsim.planning.trials import NOTHING, OutOfTimeError, Trial, Trials, changed
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.planning.trials import Overrides, Tally

_MOST_SETS = 12  # of changes that do more than their parts are looked into (assumed: what does more is no advice)
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
        The rollout time as it is [s].
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
        effects : mapping
            What each of these does alone, by subject [s].
        known : mapping
            What was tried already, by its overrides.
        """
        self._effects, self._known = effects, dict(known)
        found: dict[frozenset[str], tuple[Candidate, Trial]] = {}
        useless: dict[str, Candidate] = {}
        waiting = list(idle)
        with suppress(OutOfTimeError):
            while waiting:
                fitting = self._fitting([*waiting, *(one for one in (*idle, *weak) if one not in waiting)])
                is_whole = self._is_whole(fitting, found)
                tried = [one for one in waiting if one in fitting]
                if not tried:
                    break
                if is_whole:
                    useless |= {one.subject: one for one in tried}
                waiting = [one for one in waiting if one not in fitting]
            useful = frozenset().union(*found)
            rest = [one for name, one in useless.items() if name not in useful]
            proven = tuple(one.subject for one in rest) if self._is_idle(rest) else ()
            return Proof(proven, tuple(found.values()))
        return Proof((), tuple(found.values()))

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

    def _is_whole(self, several: Sequence[Candidate], found: dict[frozenset[str], tuple[Candidate, Trial]]) -> bool:
        """Add the smallest sets of changes that do more than their parts; whether these are all."""
        queue, done = [list(several)], set[frozenset[str]]()
        while queue:
            some = queue.pop(0)
            names = frozenset(one.subject for one in some)
            if not some or names in done:
                continue
            done.add(names)
            beyond = self._beyond(some)
            if beyond <= self._least:
                continue
            if len(done) > _MOST_SETS:
                return False
            fewest = self._fewest(some, max(self._least, _HALF * beyond))
            made = joined(fewest) if len(fewest) > 1 else fewest[0]
            found[frozenset(one.subject for one in fewest)] = made, self._trial(fewest)
            queue += [[one for one in some if one is not left] for left in fewest]
        return True

    def _fewest(self, several: Sequence[Candidate], least: float) -> list[Candidate]:
        """The fewest changes that do more than so much beyond their parts [s], the first ones first."""
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
        return needed

    def _beyond(self, several: Sequence[Candidate]) -> float:
        """What changes do together beyond what they do alone [s]."""
        after = self._trial(several).rollout_time
        alone = sum(abs(self._effects.get(one.subject, 0.0)) for one in several)
        return float("inf") if after is None else abs(after - self.before) - alone

    def _is_idle(self, several: Sequence[Candidate]) -> bool:
        """Whether changes that do nothing alone do nothing together."""
        if not self.is_random:
            return self._beyond(several) <= self._least
        overrides, differences, total = _overrides(several), [], 0.0
        first, *others = seeds(self.trials.seed, _DRAWS)
        pairs = [(self.before, self._trial(several).rollout_time)] if several else []
        pairs += [(self._run((), seed).rollout_time, self._run(overrides, seed).rollout_time) for seed in others]
        for before, after in pairs:
            if before is None or after is None:
                return False
            differences.append(after - before)
            total += before
        return abs(sum(differences)) <= NOTHING * total

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
    for subject, made in subjects.items():
        yield made[0] if len(made) == 1 else _merged(subject, made)


def _merged(subject: str, several: Sequence[Candidate]) -> Candidate:
    """Several changes of one subject, in one."""
    together = joined(several)
    return Candidate(subject, together.change, _overrides(several), together.share, buys=together.buys)


def _overrides(several: Sequence[Candidate]) -> Overrides:
    return tuple(dict.fromkeys(override for one in several for override in one.overrides))
