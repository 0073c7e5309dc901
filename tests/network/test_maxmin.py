"""The textbook allocator on closed forms, exact in rational numbers."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from rolloutsim.network.maxmin import Demand, max_min_fair


def test_n_flows_share_a_link_equally() -> None:
    assert max_min_fair({"l": F(10)}, [Demand({"l": 1})] * 3).rates == [F(10, 3)] * 3


def test_a_flow_over_two_links_and_one_on_each() -> None:
    # C1 = 4 < C2 = 10: A and B get C1/2, D gets what A leaves on the second link.
    demands = [Demand({"1": 1, "2": 1}), Demand({"1": 1}), Demand({"2": 1})]
    allocation = max_min_fair({"1": F(4), "2": F(10)}, demands)
    assert allocation.rates == [2, 2, 8]
    assert allocation.bottlenecks == ["1", "1", "2"]


def test_parking_lot_gives_each_flow_half() -> None:
    links = {i: F(6) for i in range(3)}
    demands = [Demand({0: 1, 1: 1, 2: 1}), *(Demand({i: 1}) for i in range(3))]
    assert max_min_fair(links, demands).rates == [3, 3, 3, 3]


def test_what_a_capped_flow_leaves_goes_to_the_others() -> None:
    # NICs of 10 and 1000 MB/s on a registry of 100 MB/s: 10 and 90, not 10 and 50.
    demands = [Demand({"registry": 1, "slow": 1}), Demand({"registry": 1, "fast": 1})]
    capacities = {"registry": F(100), "slow": F(10), "fast": F(1000)}
    assert max_min_fair(capacities, demands).rates == [10, 90]
    capped = [Demand({"registry": 1}, cap=F(10)), Demand({"registry": 1})]
    assert max_min_fair({"registry": F(100)}, capped).rates == [10, 90]
    assert max_min_fair({"registry": F(100)}, capped).bottlenecks == [None, "registry"]


def test_weights_are_shares() -> None:
    demands = [Demand({"l": 1}, weight=2), Demand({"l": 1})]
    assert max_min_fair({"l": F(9)}, demands).rates == [6, 3]


def test_usage_counts_what_a_byte_takes() -> None:
    # Two flows at equal rates x fill the disk with x + 2x = 9.
    demands = [Demand({"disk": 1}), Demand({"disk": 2})]
    assert max_min_fair({"disk": F(9)}, demands).rates == [3, 3]


def test_flows_of_which_a_share_crosses_a_link_have_the_rate_of_those_that_cross_it_with_all() -> None:
    # x/4 + x/2 + x = 7 on the first link; on the second, of 10, the last takes 1.5 times what is left: (10 - 4) / 1.5.
    demands = [Demand({"1": F(1, 4)}), Demand({"1": F(1, 2)}), Demand({"1": 1, "2": 1}), Demand({"2": F(3, 2)})]
    assert max_min_fair({"1": F(7), "2": F(10)}, demands).rates == [4, 4, 4, 4]
    assert max_min_fair({"1": F(7), "2": F(13)}, demands).rates == [4, 4, 4, 6]


def test_a_link_without_capacity_gives_nothing() -> None:
    assert max_min_fair({"l": F(0)}, [Demand({"l": 1})]).rates == [0]


def test_a_flow_without_any_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="^a flow with neither a link nor a cap has no max-min fair rate$"):
        max_min_fair({"l": F(1)}, [Demand({})])
