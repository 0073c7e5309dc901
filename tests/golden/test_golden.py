"""The shipped scenarios give the outputs that are checked in, byte by byte, whatever the hash seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.regenerate import GOLDEN, SCENARIOS, golden, output


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_the_output_is_the_expected_one_twice_and_under_another_hash_seed(scenario: Path) -> None:
    """If this fails after an intended change: python -m tests.golden.regenerate, and read the difference."""
    expected = golden(scenario).read_bytes()
    assert output(scenario) == expected
    assert output(scenario, hash_seed="4711") == expected


def test_every_expected_output_belongs_to_a_scenario() -> None:
    assert {path.name for path in GOLDEN.glob("*.json")} == {golden(path).name for path in SCENARIOS}
