"""The shipped scenarios give the outputs that are checked in, byte by byte, whatever the hash seed."""

from __future__ import annotations

from inspect import signature
from pathlib import Path

import pytest

from tests.golden.regenerate import GOLDEN, SCENARIOS, golden, output

ANOTHER_HASH_SEED = "4711"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_output_is_the_expected_one_whatever_the_hash_seed(scenario: Path) -> None:
    """If this fails after an intended change: python -m tests.golden.regenerate, and read the difference.

    The expected one was written under another hash seed than that of the test.
    """
    assert output(scenario, hash_seed=ANOTHER_HASH_SEED) == golden(scenario).read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_output_is_the_expected_one_twice(scenario: Path) -> None:
    assert output(scenario) == golden(scenario).read_bytes()


def test_the_expected_outputs_are_written_under_another_hash_seed() -> None:
    assert signature(output).parameters["hash_seed"].default != ANOTHER_HASH_SEED


def test_every_expected_output_belongs_to_a_scenario() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == {golden(path).name for path in SCENARIOS}
