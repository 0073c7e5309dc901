"""Labels of metrics as they are written, and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.scenario.metrics import is_of_case, labelled, labels

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.dictionaries(st.sampled_from(["image", "case", "group", "rack", "share"]), NAMES | st.just("a, b")))
def test_what_is_written_is_read_again(selectors: dict[str, str]) -> None:
    assert labels(labelled(selectors)) == selectors


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ({}, True), ({"case": "all"}, True), ({"image": "all", "case": "all"}, True), ({"image": "a"}, False),
        ({"case": "all", "group": "web"}, False), ({"workload": "all"}, False),
    ],
)  # fmt: skip
def test_labels_of_a_part_are_not_of_all_of_a_case(selectors: dict[str, str], expected: bool) -> None:
    assert is_of_case(selectors, "all") is expected
