"""Intervals: what fitted numbers may be, by resampling the residuals.

Residuals are drawn anew, and the fit is done again along its derivatives, so that nothing is simulated; what the
numbers differ by then, each by its standard error in the resample, says how far off they may be (the bootstrap of
studentised residuals; Davison & Hinkley, Bootstrap Methods and their Application, 1997, 6.3). Where the residuals of a
burst or of a node are alike, whole blocks of them keep their places and get a sign at random (Cameron, Gelbach &
Miller, Bootstrap-based improvements for inference with clustered errors, Rev. Econ. Stat. 90, 2008).

What is not fitted is not known either: how far it may be from what the scenario has widens the intervals of what is.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rolloutsim.calibration.fit import Floats
from rolloutsim.structs import struct

RESAMPLES = 2000
_AT_A_TIME = 100  # resamples in memory
SHARE = 0.9  # of intervals
_ALIKE = 0.05  # level at which residuals of a block are taken to be alike
_FEWEST = 6  # blocks, of which signs give 64 resamples (assumed)
_MOST_LEVERAGE = 0.999
# Of logarithms, of pulls of the same image on equal nodes (assumed); if they differ by less it counts as one pull more,
# so that two that are alike by chance do not claim that all are.
_USUAL_NOISE = 0.05
_LEAST_NOISE = 1e-5  # of logarithms, squared: 0.3 % (assumed: the model is no better)


@struct
class Intervals:
    """What numbers may be.

    Parameters
    ----------
    low, high : array, shape (numbers,)
        Ends of the 90 % intervals, as differences from the fit, of logarithms.
    blocks : str
        What was resampled: `pulls`, `bursts` or `nodes`.
    few : str
        What residuals are alike in of which there are too few to resample; empty: nothing.
    noise : float
        Of residuals, squared.
    """

    low: Floats
    high: Floats
    blocks: str
    few: str
    noise: float


def intervals(
    jacobian: Floats,
    residuals: Floats,
    spreads: Floats,
    others: Floats,
    spreads_of_others: Floats,
    moved: Floats,
    blocks: Mapping[str, Sequence[Hashable]],
    seed: np.random.SeedSequence,
) -> Intervals:
    """Intervals of fitted numbers.

    Parameters
    ----------
    jacobian : array, shape (pulls, numbers)
        Derivatives of the logarithms of durations.
    residuals : array, shape (pulls,)
        Logarithms of measured / predicted.
    spreads : array, shape (numbers,)
        What was known of the numbers beforehand, a standard deviation of their logarithms.
    others : array, shape (pulls, other numbers)
        Derivatives with respect to what was not fitted.
    spreads_of_others : array, shape (other numbers,)
        How far that may be from its value.
    moved : array, shape (draws, pulls)
        What predictions differ by for different moments at which the pulls may have begun.
    blocks : mapping
        `bursts` and `nodes`: of which each pull is.
    seed : numpy.random.SeedSequence
        Of the random numbers.
    """
    signs, tests, wide = (
        np.random.default_rng(one) for one in np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key).spawn(3)
    )
    noise = max(float(residuals @ residuals) / max(1, len(residuals) - jacobian.shape[1]), _LEAST_NOISE)
    posterior = np.linalg.inv(jacobian.T @ jacobian / noise + np.diag(spreads**-2))
    inverse = posterior @ jacobian.T / noise
    alike = {name: labels for name, labels in blocks.items() if _are_alike(residuals, _numbered(labels), tests)}
    enough = {name: labels for name, labels in alike.items() if len(set(labels)) >= _FEWEST}
    few = next((name for name in alike if name not in enough), "")
    ways = {
        name: _draws_of_blocks(jacobian, inverse, residuals, _numbered(labels), signs)
        for name, labels in enough.items()
    }
    ways["pulls"] = _draws(jacobian, inverse, residuals, signs)  # few blocks may say less than they seem to
    name = max(ways, key=lambda one: float(np.abs(ways[one]).mean()))
    draws = ways[name]
    # What is known beforehand pulls towards itself.
    draws = draws + wide.standard_normal(draws.shape) * spreads @ (inverse @ jacobian - np.eye(len(spreads))).T
    draws = draws + _of_others(jacobian, inverse, residuals, others, spreads_of_others, len(draws), wide)
    if len(moved) > 1:
        draws = draws + wide.standard_normal((len(draws), len(moved))) @ (moved @ inverse.T) / np.sqrt(len(moved) - 1)
    low, high = np.quantile(draws, [(1.0 - SHARE) / 2.0, (1.0 + SHARE) / 2.0], axis=0)
    return Intervals(low, high, name, few, noise)


def _draws(jacobian: Floats, inverse: Floats, residuals: Floats, rng: np.random.Generator) -> Floats:
    """Errors of the numbers where each residual may be any pull's: their standard errors times studentised ones."""
    leverage = np.clip(np.einsum("ij,ji->i", jacobian, inverse), 0.0, _MOST_LEVERAGE)
    freedom = max(1.0, len(residuals) - float(leverage.sum()))
    whole = residuals / np.sqrt(1.0 - leverage)  # a fit takes a part of each residual away
    length = np.sqrt((inverse**2).sum(axis=1))
    squares = float(residuals @ residuals)
    error = length * np.sqrt(max(squares / freedom, (squares + _USUAL_NOISE**2) / (freedom + 1.0)))
    if len(residuals) < len(length) + _FEWEST:  # too few to draw from: normal ones in their place
        many: Floats = error * rng.standard_t(freedom, (2 * RESAMPLES, len(length)))
        return many
    drawn = rng.choice(whole - whole.mean(), (RESAMPLES, len(residuals))) * rng.choice([-1.0, 1.0], (RESAMPLES, 1))
    moved = drawn @ inverse.T
    left = drawn - moved @ jacobian.T
    scale = np.maximum(np.sqrt((left**2).sum(axis=1, keepdims=True) / freedom), 1e-300)
    studentised = moved / np.maximum(scale * length, 1e-300)
    both: Floats = error * np.concatenate([studentised, -studentised])
    return both


def _draws_of_blocks(
    jacobian: Floats, inverse: Floats, residuals: Floats, blocks: npt.NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """Errors of the numbers, each its standard error times a studentised one of a resample, both ways alike."""
    order = np.argsort(blocks, kind="stable")  # pulls of a block stand together
    jacobian, inverse, residuals = jacobian[order], inverse[:, order], residuals[order]
    starts = np.flatnonzero(np.diff(blocks[order], prepend=-1))
    counts = np.diff(starts, append=len(blocks))
    leverage = np.clip(np.einsum("ij,ji->i", jacobian, inverse), 0.0, _MOST_LEVERAGE)
    grown = np.sqrt(1.0 / (1.0 - leverage))  # a fit takes a part of each residual away (HC2)
    error = _errors(starts, inverse, (residuals * grown)[None])
    studentised = []
    for _ in range(RESAMPLES // _AT_A_TIME):
        sign = rng.choice([-1.0, 1.0], (_AT_A_TIME, len(starts)))
        again = np.repeat(sign, counts, axis=1) * (residuals * grown)
        moved = again @ inverse.T
        left = (again - moved @ jacobian.T) * grown
        studentised.append(moved / np.maximum(_errors(starts, inverse, left), 1e-300))
    every = np.concatenate(studentised)
    both: Floats = error * np.concatenate([every, -every])
    return both


def _errors(starts: npt.NDArray[np.int64], inverse: Floats, residuals: Floats) -> Floats:
    """Standard errors of the numbers, of residuals that are alike within blocks; one row a set of residuals."""
    parts = np.add.reduceat(residuals[:, None, :] * inverse, starts, axis=2)
    errors: Floats = np.sqrt((parts**2).sum(axis=2))
    return errors


def _of_others(
    jacobian: Floats, inverse: Floats, residuals: Floats, others: Floats, spreads: Floats, count: int,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """What the numbers are off by since others are, of which the data say a little, too."""
    if not others.shape[1]:
        return np.zeros((count, jacobian.shape[1]))
    freedom = max(1, len(residuals) - jacobian.shape[1])
    noise = max(float(residuals @ residuals) / freedom, _LEAST_NOISE)
    left = others - jacobian @ (inverse @ others)
    known = np.linalg.inv(np.diag(spreads**-2) + left.T @ left / noise)
    likeliest = known @ (left.T @ residuals) / noise
    spread = np.linalg.cholesky(known + np.outer(likeliest, likeliest) + 1e-15 * np.eye(len(known)))
    draws: Floats = -(rng.standard_normal((count, len(known))) @ spread.T) @ (inverse @ others).T
    return draws


def _are_alike(residuals: Floats, blocks: npt.NDArray[np.int64], rng: np.random.Generator) -> bool:
    """Whether residuals of a block are more alike than those of different ones: a test by permutation."""
    count = np.bincount(blocks)
    if len(count) < 2 or len(count) == len(blocks):
        return False

    member = np.equal.outer(blocks, np.arange(len(count))).astype(np.float64)

    def between(of: Floats) -> Floats:
        total: Floats = ((of @ member) ** 2 / count).sum(axis=-1)
        return total

    centred = residuals - residuals.mean()
    mixed = rng.permuted(np.broadcast_to(centred, (499, len(centred))), axis=1)
    return float((between(mixed) >= between(centred)).mean()) < _ALIKE


def _numbered(labels: Sequence[Hashable]) -> npt.NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in labels])
