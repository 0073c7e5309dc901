"""Figures of several replications are combined number by number."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from rolloutsim.results.combine import combine
from rolloutsim.results.facts.intervals import mean_interval


def test_a_number_becomes_the_mean_and_a_percentile_the_median() -> None:
    values = [{"time_s": float(i), "pull_time_s": {"p95": float(i * i)}} for i in range(1, 7)]
    whole, intervals = combine(values)
    assert whole == {"time_s": 3.5, "pull_time_s": {"p95": (9 + 16) / 2}}
    assert intervals == {"time_s": mean_interval([1, 2, 3, 4, 5, 6]), "pull_time_s": {"p95": (1.0, 36.0)}}


def test_rows_are_matched_by_their_names_whatever_their_order() -> None:
    whole, intervals = combine(
        [[{"link": "a", "bytes": 1}, {"link": "b", "bytes": 5}], [{"link": "b", "bytes": 7}, {"link": "a", "bytes": 1}]]
    )
    assert whole == [{"link": "a", "bytes": 1}, {"link": "b", "bytes": 6}]
    assert set(intervals) == {"a", "b"}
    assert intervals["a"]["bytes"] == (1, 1)


def test_a_cause_or_row_that_one_replication_lacks_is_zero_there() -> None:
    assert combine([{"nic": 4.0}, {"disk": 1.0}])[0] == {"nic": 2.0, "disk": 0.5}
    assert combine([[{"cause": "nic", "seconds": 4.0}], []])[0] == [{"cause": "nic", "seconds": 2.0}]


def test_what_is_unknown_once_is_unknown() -> None:
    assert combine([{"time_s": 1.0}, {"time_s": None}]) == ({"time_s": None}, None)


def test_something_holds_if_it_holds_in_all() -> None:
    assert combine([True, False])[0] is False


def test_rows_of_the_same_name_are_left_as_they_are() -> None:
    rows = [{"name": "a", "bytes": 1}, {"name": "a", "bytes": 2}]
    assert combine([rows, rows]) == (rows, None)


@dataclass(frozen=True)
class Figures:
    name: str
    time: float
    rows: tuple[Figures, ...] = ()


def test_dataclasses_stay_what_they_are() -> None:
    one, other = (Figures("x", t, (Figures("y", 2 * t),)) for t in (1.0, 2.0))
    assert combine([one, other])[0] == Figures("x", 1.5, (Figures("y", 3.0),))


@pytest.mark.parametrize("count", [1, 3, 10])
def test_equal_replications_combine_to_themselves(count: int) -> None:
    case = {"case": "a", "finished": True, "time_s": 0.1 + 0.2, "links": [{"link": "x", "bytes": 3, "max": None}]}
    assert combine([case] * count)[0] == case
