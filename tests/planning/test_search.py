"""The search on functions whose boundary is known."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.planning.ladder import PRECISION, Ladder, ladder_at
from rolloutsim.planning.search import OutOfRangeError, Search
from rolloutsim.scenario.numbers import measure

RATES = ladder_at(("network",), ("1 Gbit/s",), "--find")[0]
COUNTS = ladder_at(("nodes",), (20,), "--find")[0]
GBIT = 1.25e8


def rates(boundary: float) -> Search:
    return Search(RATES, lambda rate: boundary - rate, largest=False)


@pytest.mark.parametrize("boundary", [0.0123, 0.9999, 1.0, 1.84533, 3.999, 777.7])
def test_the_smallest_quantity_is_found_within_its_precision_and_from_above(boundary: float) -> None:
    found = rates(boundary * GBIT).around(GBIT)
    assert found.status == "found"
    assert found.number is not None
    assert boundary <= found.number / GBIT <= boundary * (1 + PRECISION + 2e-4)
    assert found.exceptions == ()


def test_a_solution_is_shown_with_few_digits_that_were_tried() -> None:
    search = rates(1.84533 * GBIT)
    found = search.around(GBIT)
    assert found.number is not None
    assert RATES.value(found.number) == "1.8454 Gbit/s"
    assert search.tried[found.number]


@pytest.mark.parametrize("boundary", [1, 2, 7, 19, 20, 21, 5000])
def test_the_largest_count_is_exact(boundary: int) -> None:
    found = Search(COUNTS, lambda count: count - boundary, largest=True).around(20.0)
    assert (found.status, found.number, found.exceptions) == ("found", boundary, ())


def test_a_bracket_is_searched_from_its_good_end() -> None:
    assert rates(2.0 * GBIT).between(GBIT, 10 * GBIT).number == pytest.approx(2.0 * GBIT, rel=3e-4)
    assert rates(0.5 * GBIT).between(GBIT, 10 * GBIT) == rates(0.7 * GBIT).between(GBIT, 10 * GBIT)
    assert rates(0.5 * GBIT).between(GBIT, 10 * GBIT).status == "all"


def test_what_cannot_be_reached_is_said() -> None:
    found = rates(20.0 * GBIT).between(GBIT, 10 * GBIT)
    assert (found.status, found.number) == ("none", None)


def test_a_search_in_vain_is_given_up() -> None:
    search = Search(COUNTS, lambda count: 1.0, largest=False)
    assert search.around(20.0).status == "none"
    assert list(search.tried) == [20.0, 80.0, 320.0]


def test_a_number_that_cannot_be_tried_is_the_end() -> None:
    def test(count: float) -> float:
        if count > 100:
            raise OutOfRangeError(ValueError("too many"))
        return -1.0

    found = Search(COUNTS, test, largest=True).around(20.0)
    assert (found.status, found.number) == ("all", 80.0)


def test_the_other_way_round_the_end_that_passes_is_no_boundary() -> None:
    """Everything up to 7 passes: the smallest that does is no answer, and that is said."""
    found = Search(COUNTS, lambda count: count - 7, largest=False).between(1.0, 100.0)
    assert (found.status, found.number, found.exceptions) == ("reversed", 1.0, ())
    found = Search(COUNTS, lambda count: count - 7, largest=False).around(20.0)  # down to 0, which nothing forbids
    assert (found.status, found.number, found.exceptions) == ("reversed", 0.0, ())
    found = Search(RATES, lambda rate: 2 * GBIT - rate, largest=True).between(GBIT, 10 * GBIT)
    assert (found.status, found.number, found.exceptions) == ("reversed", 10 * GBIT, ())


def test_a_rollout_that_is_stuck_above_is_looked_for_below() -> None:
    found = Search(COUNTS, lambda count: -1.0 if count < 10 else float("inf"), largest=False).around(20.0)
    assert (found.status, found.number) == ("reversed", 0.0)


def test_a_boundary_below_what_gets_worse_is_found() -> None:
    """From 3 to 7 all pass: 20 does not and 80 is worse, but below there is a smallest one."""
    found = Search(COUNTS, lambda count: -1.0 if 3 <= count <= 7 else count, largest=False).around(20.0)
    assert (found.status, found.number) == ("found", 3.0)
    assert found.exceptions == (20.0, 80.0, 320.0)


def test_an_end_that_passes_between_others_that_do_not_is_reported() -> None:
    """1 to 5 and from 60 on: the smallest is 1, and not everything above it passes."""
    found = Search(COUNTS, lambda count: -1.0 if count <= 5 or count >= 60 else 1.0, largest=False).between(1.0, 100.0)
    assert (found.status, found.number, found.exceptions) == ("found", 1.0, (26.0, 50.0))


def test_an_island_of_failures_is_reported() -> None:
    """Everything from 2 passes, but for 4 to 7 (of 1 to 16): the probes meet it."""

    def test(rate: float) -> float:
        gbit = rate / GBIT
        return -1.0 if 2 <= gbit <= 4 or gbit > 7 else 1.0

    found = Search(RATES, test, largest=False).between(GBIT, 16 * GBIT)
    assert found.status == "found"
    assert found.exceptions
    assert all(not test(number) < 0 for number in found.exceptions)


def test_a_passing_number_beyond_the_boundary_becomes_the_answer_and_is_reported() -> None:
    """The probes of the failing side are 0.25, 0.5 and 0.75 of the way, here at 40 of 20 to about 100."""

    def test(count: float) -> float:
        return -1.0 if count >= 100 or 35 <= count <= 45 else 1.0

    found = Search(COUNTS, test, largest=False).between(20.0, 120.0)
    assert found.number == 40.0 or 35 <= found.number <= 45
    assert found.exceptions


def test_quantities_keep_their_unit() -> None:
    ladder: Ladder = ladder_at(("network", "latency"), ("5 ms",), "--find")[0]
    assert ladder.value(ladder.next(0.005, up=True) or 0.0) == "20 ms"
    assert ladder.value(0.02) == "20 ms"


@pytest.mark.parametrize(
    ("path", "value", "up"),
    [
        ("nodes.web.retry.growth", 1, False),  # at least 1
        ("nodes.web.image_gc.high", "85%", True),  # at most 100 %
        ("nodes.web.disk.rate", "500 TB/s", True),  # at most 1 PB/s
        ("nodes.web.resolve_round_trips", 900, True),  # at most 1000
        ("caches.cache.disk.capacity", "1 B", False),
    ],
)
def test_a_bracket_ends_where_no_number_may_stand(path: str, value: Any, up: bool) -> None:
    ladder, (number,) = ladder_at(tuple(path.split(".")), (value,), "--find")
    steps = 0
    while (further := ladder.next(number, up)) is not None:
        assert ladder.number(ladder.value(further)) is not None
        number, steps = further, steps + 1
    assert steps < 30
    assert ladder.number(ladder.value(ladder.rounded(number, up))) is not None


def test_a_list_is_no_number_to_begin_with() -> None:
    assert measure(("nodes", "web", "sites"), ["east"]) is None
