"""Ends of intervals, and what is far off: against durations that bend, and against tables."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.calibration.calibrated import _as_unlikely
from rolloutsim.calibration.ends import moved
from rolloutsim.calibration.fit import SQUARES, Floats, Problem, derivatives, fitted

SIZES = np.geomspace(1.0, 100.0, 12)
NOISE = 0.05 * np.array([1.0, -1.0] * 6)
WIDE = np.array([10.0, 10.0])


def capped(at: Floats) -> Floats:
    """A rate that binds below 1, and something else."""
    found: Floats = np.log(SIZES) + max(-at[0], 0.0) - at[1] * np.linspace(0.0, 1.0, 12)
    return found


def straight(at: Floats) -> Floats:
    found: Floats = np.log(SIZES) - at[0] - at[1] * np.linspace(0.0, 1.0, 12)
    return found


def problem(predicted: object, measured: Floats) -> Problem:
    return Problem(predicted, measured, np.array([[-9.0, 9.0]] * 2), np.zeros(2), WIDE, np.ones(12))  # type: ignore[arg-type]


def moved_ends(of: Problem, start: list[float], ends: list[float], caps: set[int]) -> Floats:
    free = [0, 1]
    fit = fitted(of, np.array(start), free, 15, SQUARES)
    slopes = derivatives(of, fit, free, [-0.02, -0.02])  # where caps bind
    return moved(of, fit, free, slopes, np.array(ends), 0.05**2, caps)


def test_ends_stay_where_durations_do_not_bend() -> None:
    of = problem(straight, straight(np.array([0.5, 0.5])) + NOISE)
    assert moved_ends(of, [0.4, 0.6], [0.05, 0.09], {0, 1}) == pytest.approx([0.05, 0.09])
    assert moved_ends(of, [0.4, 0.6], [-0.05, -0.09], set()) == pytest.approx([-0.05, -0.09])


def test_a_cap_that_hardly_binds_may_be_as_wide_as_it_was_beforehand() -> None:
    of = problem(capped, capped(np.array([-0.001, 0.5])) + NOISE)
    high = moved_ends(of, [-0.001, 0.5], [0.03, 0.09], {0})
    assert high[0] > 3.0  # the fit is as good
    low = moved_ends(of, [-0.001, 0.5], [-0.03, -0.09], {0})
    assert -0.1 < low[0] <= -0.03  # and here it is worse


@pytest.mark.parametrize(("freedom", "far"), [(8, 5.68), (15, 4.45), (30, 3.93), (1e6, 3.5)])
def test_far_of_few_pulls_is_as_unlikely_as_of_many(freedom: float, far: float) -> None:
    assert _as_unlikely(3.5, freedom) == pytest.approx(far, abs=0.05)  # quantiles of Student's t of 0.99976737
