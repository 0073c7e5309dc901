"""Intervals hold what they promise; scipy and known processes are the oracles."""

from __future__ import annotations

from math import isclose

import numpy as np
import pytest
from scipy import stats

from rolloutsim.results.facts.intervals import (
    Interval,
    _ranks,
    fewest,
    mean,
    mean_interval,
    quantile_interval,
    student_t,
)

TRIALS = 2000


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 29, 100, 999])
@pytest.mark.parametrize("share", [0.6, 0.95, 0.975, 0.995, 0.9999])
def test_students_quantiles_are_scipys(share: float, freedom: int) -> None:
    assert student_t(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-11)


@pytest.mark.parametrize("count", [5, 6, 30, 72, 499, 500, 1000])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_the_ranks_are_the_tightest_whose_tails_are_at_most_half_of_what_is_left(count: int, share: float) -> None:
    """By scipy's binomial distribution."""
    low = max((k for k in range(count + 1) if stats.binom.cdf(k - 1, count, share) <= 0.025), default=0)
    high = min(k for k in range(1, count + 2) if stats.binom.sf(k - 1, count, share) <= 0.025)
    assert _ranks(count, share, 0.95) == ((low, high) if low >= 1 and high <= count else None)


def test_the_mean_interval_is_scipys() -> None:
    values = [3.0, 4.5, 4.0, 7.0]
    found = mean_interval(values)
    assert found is not None
    expected = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("count", [5, 30])
def test_intervals_of_means_cover_the_truth_as_often_as_they_say(count: int) -> None:
    """Normal values of mean 10: 93 to 97 % of 2,000 intervals of 95 % hold 10."""
    samples = np.random.default_rng(1).normal(10.0, 3.0, (TRIALS, count)).tolist()
    found = [mean_interval(sample) for sample in samples]
    assert 0.93 <= sum(one.low <= 10.0 <= one.high for one in found if one) / TRIALS <= 0.97


@pytest.mark.parametrize(("count", "share"), [(20, 0.5), (30, 0.5), (100, 0.9), (200, 0.95)])
def test_intervals_of_percentiles_cover_the_truth_as_often_as_they_say(count: int, share: float) -> None:
    """Exponential values, as skewed as waiting times: the share-quantile of mean 1 is -ln(1 - share)."""
    truth = -np.log(1 - share)
    samples = np.random.default_rng(2).exponential(1.0, (TRIALS, count)).tolist()
    found = [quantile_interval(sample, share) for sample in samples]
    assert 0.93 <= sum(one.low <= truth <= one.high for one in found if one) / TRIALS <= 0.97


def test_too_few_values_have_no_interval() -> None:
    assert mean_interval([1.0]) is None
    assert mean_interval([1.0, float("inf")]) is None
    assert quantile_interval([1.0, 2.0, 3.0, 4.0, 5.0], 0.5) is None
    assert quantile_interval([6.0, 2.0, 3.0, 4.0, 5.0, 1.0], 0.5) == Interval(1.0, 6.0)
    assert [fewest(share) for share in (0.5, 0.95, 0.99)] == [6, 72, 368]


def test_equal_values_have_an_interval_without_width_and_keep_every_bit() -> None:
    value = 0.1 + 0.2
    assert mean([value] * 7) == value
    assert mean_interval([value] * 7) == (value, value)
    assert isclose(Interval(1.0, 4.0).half, 1.5)
