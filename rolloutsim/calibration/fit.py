"""Numbers fitted to durations: least squares on logarithms, robust, within bounds.

The logarithm of measured / predicted is taken to have Student's t distribution with 4 degrees of freedom and a scale
that is fitted as well: as least squares where all is as it should be, and pulls far off count for little (Lange, Little
& Taylor, Robust statistical modeling using the t distribution, J. Am. Stat. Assoc. 84, 1989, who take 4). What is known
of a number beforehand, a place of its logarithm and a spread, counts as one measurement more. The posterior density is
maximised by weighted Levenberg–Marquardt steps in the logarithms of the numbers, with derivatives from differences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import lgamma, log, pi

import numpy as np
import numpy.typing as npt

from rolloutsim.structs import struct

Floats = npt.NDArray[np.float64]

ROBUST = 4.0  # degrees of freedom of t
SQUARES = 1e6  # of so many it is the normal distribution, and the fit one of least squares
STEP = 0.02  # of a logarithm, for derivatives: 2 % (assumed: above the steps of times, below curvature)
FINEST = 3e-3  # scale of residuals below which they are no noise [1] (assumed: the model is no better)
_SETTLED = 2e-3  # of a logarithm: a step so short is the last (assumed: a tenth of what pulls differ by, or less)
_GAINED = 0.02  # of the logarithm of the density: a step that gains less is the last (assumed)
_LONGEST = 1.5  # of a logarithm, at a step: a factor of 4.5 (assumed)


@struct
class Problem:
    """What is fitted to what.

    Parameters
    ----------
    predicted : callable
        Logarithms of all numbers → logarithms of durations [s].
    measured : array, shape (pulls,)
        Logarithms of durations [s]; NaN for pulls that do not count.
    bounds : array, shape (numbers, 2)
        Within which the logarithms are.
    prior, spreads : array, shape (numbers,)
        What is known of the logarithms beforehand: the place, and its standard deviation.
    weights : array, shape (pulls,)
        How much each residual counts, 1 at most.
    """

    predicted: Callable[[Floats], Floats]
    measured: Floats
    bounds: Floats
    prior: Floats
    spreads: Floats
    weights: Floats

    def residuals(self, at: Floats) -> Floats:
        """Logarithms of measured / predicted times weights, of the pulls that count."""
        found: Floats = (self.measured - self.predicted(at)) * self.weights
        return found[~np.isnan(found)]


@struct
class Fit:
    """A fit.

    Parameters
    ----------
    at : array
        Logarithms of all numbers.
    free : tuple of int
        Which of them were fitted.
    residuals : array, shape (pulls that count,)
        Logarithms of measured / predicted, times weights.
    scale : float
        Of the t distribution.
    density, likelihood : float
        Logarithms of the posterior density and of the likelihood, the scale at its likeliest.
    freedom : float
        Degrees of freedom of the t distribution.
    """

    at: Floats
    free: tuple[int, ...]
    residuals: Floats
    scale: float
    density: float
    likelihood: float
    freedom: float


def evaluated(problem: Problem, at: Floats, free: Sequence[int], freedom: float = ROBUST) -> Fit:
    """How well numbers do as they are."""
    residuals = problem.residuals(at)
    scale = _scale(residuals, freedom)
    off = (at - problem.prior) / problem.spreads
    likelihood = _likelihood(residuals, scale, freedom)
    return Fit(at, tuple(free), residuals, scale, likelihood - 0.5 * float(off @ off), likelihood, freedom)


def derivatives(problem: Problem, fit: Fit, which: Sequence[int], steps: Sequence[float] | None = None) -> Floats:
    """Derivatives of the weighted predicted logarithms, a column for each of some numbers; caps bind below."""
    columns = []
    for place, number in enumerate(which):
        low, high = problem.bounds[number]
        step = -STEP if steps is None else steps[place]
        signed = step if low <= fit.at[number] + step <= high else -step
        moved = fit.at.copy()
        moved[number] += signed
        columns.append((fit.residuals - problem.residuals(moved)) / signed)
    return np.array(columns).reshape(len(which), len(fit.residuals)).T


def fitted(problem: Problem, at: Floats, free: Sequence[int], most: int, freedom: float = ROBUST) -> Fit:
    """Fit some numbers, the others as they are.

    Parameters
    ----------
    problem : Problem
        What is fitted.
    at : array, shape (numbers,)
        Where to begin.
    free : sequence of int
        Which to fit.
    most : int
        Steps.
    freedom : float
        Degrees of freedom of the t distribution.
    """
    best = evaluated(problem, at, free, freedom)
    chosen = list(free)
    damping, jacobian = 1e-2, None
    for _ in range(most if free else 0):
        if jacobian is None:
            jacobian = derivatives(problem, best, free)
        weights = (freedom + 1.0) / (freedom + (best.residuals / best.scale) ** 2) / best.scale**2
        known = problem.spreads[chosen] ** -2
        gram = (jacobian.T * weights) @ jacobian + np.diag(known)
        slope = (jacobian.T * weights) @ best.residuals - known * (best.at - problem.prior)[chosen]
        move = np.linalg.solve(gram + damping * np.diag(np.diag(gram)), slope)
        to = best.at.copy()
        to[chosen] = np.clip(
            to[chosen] + np.clip(move, -_LONGEST, _LONGEST), problem.bounds[chosen, 0], problem.bounds[chosen, 1]
        )
        length = float(np.abs(to - best.at).max())
        tried = evaluated(problem, to, free, freedom)
        if tried.density > best.density:
            gained = tried.density - best.density
            best, jacobian, damping = tried, None, damping * 0.2
            if length < _SETTLED or gained < _GAINED:
                break
        else:
            damping = max(damping, 1e-2) * 8.0
            if length < _SETTLED or damping > 1e5:
                break
    return replace(best, free=tuple(free))


def _scale(residuals: Floats, freedom: float) -> float:
    """The scale of the t distribution that residuals are the likeliest with."""
    square = max(float(np.median(residuals**2)), FINEST**2)
    for _ in range(100):
        weights = (freedom + 1.0) / (freedom + residuals**2 / square)
        after = max(float(np.mean(weights * residuals**2)), FINEST**2)
        if abs(after - square) <= 1e-9 * square:
            break
        square = after
    return float(np.sqrt(square))


def _likelihood(residuals: Floats, scale: float, freedom: float) -> float:
    constant = lgamma((freedom + 1.0) / 2.0) - lgamma(freedom / 2.0) - 0.5 * log(freedom * pi) - log(scale)
    terms = np.log1p((residuals / scale) ** 2 / freedom)
    return float(len(residuals) * constant - (freedom + 1.0) / 2.0 * terms.sum())
