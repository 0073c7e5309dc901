"""The shipped scenarios give the outputs that are checked in, byte by byte, whatever the hash seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forks import Forks
from tests.golden.regenerate import GOLDEN, HASH_SEED, SCENARIOS, golden, output

ANOTHER_HASH_SEED = "4711"


@pytest.fixture(scope="module")
def others() -> Iterator[Forks]:
    with Forks(ANOTHER_HASH_SEED) as forks:
        yield forks


@pytest.fixture(scope="module")
def same() -> Iterator[Forks]:
    with Forks(HASH_SEED) as forks:
        yield forks


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_output_is_the_expected_one_whatever_the_hash_seed(scenario: Path, others: Forks) -> None:
    """If this fails after an intended change: python -m tests.golden.regenerate, and read the difference.

    The expected one was written under another hash seed than that of the test.
    """
    assert output(scenario, others) == golden(scenario).read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_output_is_the_expected_one_twice(scenario: Path, same: Forks) -> None:
    assert output(scenario, same) == golden(scenario).read_bytes()


def test_the_expected_outputs_are_written_under_another_hash_seed() -> None:
    assert HASH_SEED != ANOTHER_HASH_SEED


def test_every_expected_output_belongs_to_a_scenario() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == {golden(path).name for path in SCENARIOS}
