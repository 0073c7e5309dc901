"""How well pulls through caches, mirrors, peers and pre-pulls are predicted: the targets, and the committed table."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.long import one_in
from tests.theory import distribution_accuracy, distribution_cases, scoring
from tests.theory.distribution_accuracy import BOUNDS, FITTED
from tests.theory.distribution_cases import Measured

CASES = distribution_cases.read_all()
CORE = [case for case in CASES if case.core]

# What one case may be off with a few seeds, in every run of the tests.
FEW_SEEDS = 4


def test_the_measurements_are_all_here() -> None:
    assert Counter(case.config["kind"] for case in CASES) == {
        "pull-through cache": 24, "mirror": 12, "layer p2p": 16, "piece p2p": 18, "pre-pull": 4,
    }  # fmt: skip
    assert len(CORE) == 58


def test_at_most_a_third_of_the_cases_were_fitted_to() -> None:
    names = {case.name for case in CASES}
    assert FITTED.keys() <= names
    assert 3 * len(FITTED) <= len(names)


@pytest.mark.parametrize("case", one_in(5, CORE), ids=lambda case: case.name)
def test_no_rollout_time_is_more_than_20_per_cent_off(case: Measured) -> None:
    one = distribution_accuracy.score(case, FEW_SEEDS)
    assert abs(one.error) <= BOUNDS.largest, one.why_not


@pytest.mark.long
def test_the_core_cases_are_within_the_bounds_that_the_command_holds_them_to() -> None:
    assert scoring.score(distribution_accuracy.scored()).missed(BOUNDS) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["pull-through cache", "mirror", "layer p2p", "piece p2p", "pre-pull"])
def test_every_kind_of_source_is_predicted_not_just_most_of_them(kind: str) -> None:
    """No kind hides behind the others: its own median error is within half of what a single case may be off."""
    names = {case.name for case in CORE if case.config["kind"] == kind}
    found = scoring.score(one for one in distribution_accuracy.scored() if one.name in names)
    assert found.count == len(names)
    assert found.median <= BOUNDS.largest / 2


@pytest.mark.long
def test_what_fails_on_the_machines_fails_in_the_prediction() -> None:
    failing = {case.name for case in CASES if case.fails}
    assert failing == {"b-ctr-blackhole-mid-n2", "b-skm-nolayers-n5"}
    assert all(one.predicted is not None for one in distribution_accuracy.scored() if one.name in failing)


@pytest.mark.long
def test_the_committed_table_is_what_the_command_prints() -> None:
    """If this fails after an intended change: python -m tests.theory.distribution_accuracy --write --date (today's)."""
    committed = distribution_accuracy.FILE.read_text(encoding="utf-8")
    (date,) = re.findall(r"last written on (\d{4}-\d\d-\d\d)\.", committed)
    assert committed == distribution_accuracy.table(distribution_accuracy.scored(), date)
