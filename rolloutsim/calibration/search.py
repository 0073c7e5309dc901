"""The likeliest numbers, all of them together, and which of them the data tell.

All are fitted at once, each kept near what the scenario has by how far it usually is from that among clusters, so that
what is not told does not make others look better known than they are. Caps begin where the fastest pulls would just
touch them: there each shows by a derivative whether it binds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from rolloutsim.calibration.fit import FINEST, ROBUST, Fit, Floats, Problem, evaluated, fitted
from rolloutsim.calibration.parameters import Parameter
from rolloutsim.calibration.replay import Replay, Values

DIFFERS = 2.0  # of a logarithm of a density: fits that differ by less are both likely (Kass & Raftery, 1995: e^2 = 7)
_NEAR = 8.0  # of a fit after a few steps, which more may make likelier (assumed)
_SAME = 0.1  # of a logarithm: fits that end so near are one (assumed)
_STEPS, _FIRST_STEPS = 15, 4
_DRAWS = 8  # of when pulls began (assumed: their spread is known to a quarter)


class Search:
    """Looks for the numbers that explain what was seen.

    Parameters
    ----------
    replay : Replay
        Says how long pulls take.
    parameters : sequence of Parameter
        Those that may be fitted.
    measured : array, shape (pulls,)
        Logarithms of durations [s].
    """

    def __init__(self, replay: Replay, parameters: Sequence[Parameter], measured: Floats) -> None:
        self.replay = replay
        self.parameters = parameters
        self.known: dict[tuple[float, ...], Floats] = {}
        bounds = np.array([(one.bounds.low, one.bounds.high) for one in parameters]).reshape(len(parameters), 2)
        self.problem = Problem(
            self.predicted, measured, np.log(bounds),
            np.array([one.prior for one in parameters]), np.array([one.bounds.spread for one in parameters]),
            np.ones(len(measured)),
        )  # fmt: skip
        self.free = _free(parameters)
        self.offset = np.zeros(len(measured))
        self.moved = np.zeros((0, len(measured)))  # what predictions differ by, for each draw of when pulls began

    def predicted(self, at: Floats) -> Floats:
        """Logarithms of the durations of all pulls [s]."""
        place = tuple(np.round(at, 9).tolist())
        if place not in self.known:
            self.known[place] = np.log(self.replay.durations(self.values(at)))
        return self.known[place] + self.offset

    def values(self, at: Floats) -> Values:
        """The numbers as a scenario has them: path of a key → its value."""
        return {
            path: one.text(float(value)) for one, value in zip(self.parameters, at, strict=True) for path in one.paths
        }

    def weigh_times(self, fit: Fit, rng: np.random.Generator) -> None:
        """Take into account that stamps are whole seconds: who began first in a burst is not quite known.

        What is predicted is the mean over when pulls may have begun, and one whose duration hangs on that counts less.
        """
        slack = np.array([one.slack for one in self.replay.pulls])
        if not slack.any() or len(self.replay.bursts) == len(slack):
            return
        middle = np.log(self.replay.durations(self.values(fit.at)))
        draws = [
            np.log(self.replay.durations(self.values(fit.at), slack * rng.uniform(-1.0, 1.0, len(slack)))) - middle
            for _ in range(_DRAWS)
        ]
        found = np.nan_to_num(np.array(draws))
        self.offset, unsure = found.mean(axis=0), found.std(axis=0, ddof=1)
        self.moved = found - self.offset
        # The scale of what is not about stamps: of those that hang on them least.
        residuals = self.problem.measured - self.predicted(fit.at)
        surest = np.argsort(unsure, kind="stable")[: max(5, len(slack) // 2)]
        scale = max(1.4826 * float(np.median(np.abs(residuals[surest]))), FINEST)
        self.problem = replace(self.problem, weights=1.0 / np.sqrt(1.0 + (unsure / scale) ** 2))

    def leave_out(self, far: np.ndarray) -> None:
        """Pulls that do not count any more."""
        self.problem = replace(self.problem, measured=np.where(far, np.nan, self.problem.measured))

    def fit(self, at: Floats, free: Sequence[int], most: int = _STEPS, freedom: float = ROBUST) -> Fit:
        """Fit some numbers, the others as they are."""
        return fitted(self.problem, at, free, most, freedom)

    def evaluate(self, at: Floats, freedom: float = ROBUST) -> Fit:
        """How well all numbers do as they are."""
        return evaluated(self.problem, at, (), freedom)

    def likeliest(self, rng: np.random.Generator) -> list[Fit]:
        """All numbers, fitted from several places: the likeliest fit, and others that are nearly so, if any."""
        every = self.free
        begun = [self.fit(start, every, _FIRST_STEPS) for start in self._starts()]
        begun.sort(key=lambda one: -one.density)
        self.weigh_times(begun[0], rng)
        apart = [one for place, one in enumerate(begun) if not any(_is_same(one, other) for other in begun[:place])]
        begun = [self.fit(one.at, every, _FIRST_STEPS) for one in apart]
        begun.sort(key=lambda one: -one.density)
        best = self.fit(begun[0].at, every)
        self.weigh_times(best, rng)
        best = self.fit(best.at, every)
        found = [best]
        for other in begun[1:]:
            if other.density > best.density - _NEAR and not _is_same(other, best):
                found.append(self.fit(other.at, every))
        found.sort(key=lambda one: -one.density)
        return [one for one in found if one.density > found[0].density - DIFFERS]

    def _starts(self) -> list[Floats]:
        """Caps that just bind, for what the fastest pull had, and what the fastest burst had together, or do not.

        Where none binds, unpacking takes longer than the fastest pull did, whose layers may be unpacked side by side.
        """
        replay = self.replay
        of_one, together, unpacked, shortest = 0.0, 0.0, 0.0, np.inf
        for burst in replay.bursts:
            sizes = [replay.images[replay.pulls[number].image].compressed for number in burst.pulls]
            times = [replay.pulls[number].seen.duration for number in burst.pulls]
            of_one = max(of_one, *(size / time for size, time in zip(sizes, times, strict=True)))
            whole = [replay.unpacked(number) for number in burst.pulls]
            unpacked = max(unpacked, *(size / time for size, time in zip(whole, times, strict=True)))
            end = max(at + time for at, time in zip(burst.at, times, strict=True))
            together = max(together, sum(sizes) / end)
            shortest = min(shortest, *times)
        least = {
            "nic": of_one,
            "connection": 0.6 * of_one,
            "uplink": max(together, of_one),
            "fixed": 0.4 * shortest,
            "unpack": unpacked,
        }
        starts = []
        for uplink, others, unpack in ((1.1, 1.1, 0.0), (1.1, 4.0, 0.0), (4.0, 1.1, 0.0), (4.0, 4.0, 0.5)):
            factor = {"uplink": uplink, "fixed": 1.0, "unpack": unpack}
            at = self.as_given()
            for number in self.free:
                one = self.parameters[number]
                if one.kind in least and factor.get(one.kind, others):
                    at[number] = log(one.clipped(least[one.kind] * factor.get(one.kind, others)))
            starts.append(at)
        return starts

    def as_given(self) -> Floats:
        """All numbers as in the scenario; what has no limit there has none."""
        return np.array([log(one.bounds.high) if one.at_first is None else one.prior for one in self.parameters])


def _free(parameters: Sequence[Parameter]) -> tuple[int, ...]:
    """Which are fitted: those that are asked for; and, of what nothing tells apart, one each.

    What a node has of the network is its NIC, or if that is known the cap of a connection; what it does with what has
    come is unpacking, with the disk as it is.
    """
    kinds = {one.kind for one in parameters}
    left = {"disk", *(("connection",) if "nic" in kinds else ())}
    return tuple(number for number, one in enumerate(parameters) if one.is_asked_for or one.kind not in left)


def _is_same(one: Fit, other: Fit) -> bool:
    return bool(np.abs(one.at - other.at).max() < _SAME)
