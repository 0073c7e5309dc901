"""Ends of intervals, moved to where the data bear them out.

Derivatives at a fit say too little where durations bend: a cap that hardly binds may be as wide as anything and
the fit is hardly worse. So an end that is too near is moved to where the fit is as much worse, the other
numbers fitted again, as it would be at the end that derivatives give if durations did not bend (the signed root of the
profile likelihood; Davison, Statistical Models, 2003, 4.5).
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from math import sqrt

import numpy as np

from rolloutsim.calibration.fit import SQUARES, Fit, Floats, Problem, evaluated, fitted

_TRIES = 4  # places farther off that are looked at (assumed: the last is some thirty times as far)
_STEPS = 3  # of the fits there, each from where the one before ended (assumed)
_NEAR = 0.1  # of how much worse a fit is to be, in standard errors: so near it is there (assumed)
_WIDER, _LEAST_WIDER = 3.0, 1.3  # times as far, at most and at least, for the next place (assumed)
_SHORTEST = 1e-6  # of a logarithm: an end so near is none (assumed)
_LOOSER = (0.35, 0.7, 1.4)  # of a logarithm, that caps are wider by, up to a factor of 4: there few bind (assumed)


def moved(
    problem: Problem,
    fit: Fit,
    free: Sequence[int],
    slopes: Floats,
    ends: Floats,
    noise: float,
    caps: Container[int],
) -> Floats:
    """Ends of intervals, differences of logarithms from the fit, all of them on one side.

    Parameters
    ----------
    problem : Problem
        What is fitted.
    fit : Fit
        The fit.
    free : sequence of int
        The numbers that were fitted.
    slopes : array, shape (pulls, numbers)
        Derivatives of the logarithms of durations towards that side.
    ends : array, shape (numbers,)
        The ends that these derivatives give.
    noise : float
        Of residuals, squared.
    caps : container of int
        Which of the numbers limit a rate and nothing else.
    """
    free = list(free)
    known = np.diag(problem.spreads[free] ** -2)
    gram = slopes.T @ slopes / noise + known
    posterior = np.linalg.inv(gram)

    def cost(one: Fit) -> float:
        off = (one.at - problem.prior) / problem.spreads
        return float(one.residuals @ one.residuals) / noise + float(off @ off)

    def worse(one: Fit) -> float:
        """By how many standard errors a fit is worse."""
        return sqrt(max(0.0, cost(one) - least))

    def along(place: int, step: float) -> Fit:
        """The fit with a number moved, and the others as derivatives say."""
        at = fit.at.copy()
        at[free] = _within(problem, free, at[free] + posterior[:, place] / posterior[place, place] * step)
        return evaluated(problem, at, free, SQUARES)

    def again(place: int, one: Fit) -> Fit:
        """A better fit with the others moved along the same derivatives, if there is one."""
        others = [other for other in range(len(free)) if other != place]
        if not others:
            return one
        which = [free[other] for other in others]
        pull = (one.at - problem.prior)[which] * problem.spreads[which] ** -2
        at = one.at.copy()
        slope = slopes[:, others].T @ one.residuals / noise - pull
        at[which] = _within(problem, which, at[which] + np.linalg.solve(gram[np.ix_(others, others)], slope))
        return min(one, evaluated(problem, at, free, SQUARES), key=cost)

    def fitted_with(number: int, step: float, start: Fit) -> Fit:
        """The fit with a number moved, and the others fitted from those of another fit."""
        at = start.at.copy()
        at[number] = fit.at[number] + step
        return fitted(problem, at, [one for one in free if one != number], _STEPS, SQUARES)

    least = cost(fit)
    found = ends.copy()
    for place, number in enumerate(free):
        low, high = problem.bounds[number] - fit.at[number]
        step = float(np.clip(ends[place], low, high))
        if abs(step) < _SHORTEST:
            continue
        wanted = abs(float(ends[place])) / sqrt(posterior[place, place])
        there = again(place, along(place, step))
        inner = 0.0, 0.0
        if step > 0.0 and number in caps:
            one = fit
            for looser in _LOOSER:
                if step < looser < high:
                    one = fitted_with(number, looser, one)
                    if worse(one) < (1.0 - _NEAR) * wanted:
                        step, there = looser, one
        for _ in range(_TRIES):
            if worse(there) > (1.0 - _NEAR) * wanted or step in (low, high):
                break
            inner = step, worse(there)
            step *= min(_WIDER, max(_LEAST_WIDER, wanted / max(inner[1], 1e-9)))
            step = float(np.clip(step, low, high))
            there = fitted_with(number, step, there)
        if worse(there) > wanted and inner[0]:
            step = inner[0] + (wanted - inner[1]) / (worse(there) - inner[1]) * (step - inner[0])
        found[place] = step
    return found


def _within(problem: Problem, which: Sequence[int], at: Floats) -> Floats:
    return np.clip(at, problem.bounds[list(which), 0], problem.bounds[list(which), 1])
