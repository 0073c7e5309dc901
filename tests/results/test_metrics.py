"""Figures of cases written by hand; each expected number is worked out in a comment."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from rolloutsim.results.contract.columns import layer_columns, node_columns, pull_columns
from rolloutsim.results.facts.intervals import quantile, spread, statistic
from rolloutsim.results.load.links import Busiest, private_links
from rolloutsim.results.metrics import summarise
from tests.results.by_hand import Story, image, nics, run


def two_nodes() -> Story:
    """Two nodes pull 10 bytes each; one is done at 4, ready at 5, the other (asked at 2) done at 10."""
    story = Story(
        (image("a", 10.0),), nodes=2, name="a", link_bytes=(20.0,), link_saturated=(8.0,),
        private=(nics([10.0, 10.0], [0.0, 3.0]),),
    )  # fmt: skip
    story.fetch(story.pull(0.0, 0.0, 4.0, alone=2.0, ready=5.0), "a-0", 0.0, 1.0, 4.0)
    story.fetch(story.pull(2.0, 2.0, 10.0, node=1, alone=2.0), "a-0", 2.0, 3.0, 10.0)
    return story


def test_the_rollout_ends_with_the_last_ready_pod() -> None:
    assert summarise(run(two_nodes().case())).cases["a"].rollout_time_s == 10.0


def test_pull_times_run_from_asking_to_the_ready_image() -> None:
    case = summarise(run(two_nodes().case())).cases["a"]
    # 4 - 0 and 10 - 2; alone 2 s each.
    assert case.pull_time_s is not None
    assert case.slowdown is not None
    assert (case.pull_time_s.mean, case.pull_time_s.p50, case.pull_time_s.max) == (6.0, 4.0, 8.0)
    assert (case.alone_time_s, case.slowdown.mean, case.slowdown.max) == (2.0, 3.0, 4.0)


def test_links_are_busy_by_what_they_could_have_carried() -> None:
    case = summarise(run(two_nodes().case())).cases["a"]
    uplink, nic = case.link("registry.uplink"), case.link("node.nic.in")
    # 20 of 100 B/s × 10 s; the NICs 10 of 100 B/s × 10 s each, saturated for 0 and 3 s.
    assert (uplink.utilisation, uplink.saturated_s, uplink.nodes) == (0.02, 8.0, None)
    assert (nic.utilisation, nic.saturated_s, nic.nodes) == (0.01, 1.5, 2)
    assert nic.max == Busiest(10.0, 0.01, 3.0, 1)


def test_every_private_link_can_be_listed() -> None:
    rows = list(private_links(two_nodes().case()))
    assert [(row.link, row.saturated_s) for row in rows] == [("node-000.nic.in", 0.0), ("node-001.nic.in", 3.0)]


def test_what_pulls_that_did_not_finish_would_have_is_unknown() -> None:
    story = Story((image("a", 10.0),), nodes=2, finished=False, stuck=("1 fetch waits",), end=9.0)
    story.fetch(story.pull(0.0, 0.0, 4.0, alone=2.0), "a-0", 0.0, 1.0, 4.0)
    story.fetch(story.pull(0.0, 0.0, nan, node=1, alone=nan), "a-0", 0.0, 1.0, nan)
    case = summarise(run(story.case())).cases["all"]
    assert (case.finished, case.stuck, case.unfinished_pulls, case.pulls) == (False, ("1 fetch waits",), 1, 2)
    assert case.rollout_time_s is None
    assert (case.pull_time_s, case.slowdown) == (None, None)
    assert case.alone_time_s == 2.0


def test_without_a_finished_pull_there_are_no_statistics() -> None:
    story = Story((image("a", 10.0),), finished=False, end=9.0)
    story.pull(0.0, 0.0, nan)
    case = summarise(run(story.case())).cases["all"]
    assert (case.pull_time_s, case.slowdown, case.alone_time_s, case.time_split_s) == (None, None, None, {})


def test_a_pull_of_nothing_is_not_slowed_down() -> None:
    story = Story((image("a", 10.0),))
    story.pull(0.0, 0.0, 0.0, alone=0.0)
    case = summarise(run(story.case())).cases["all"]
    assert case.slowdown is not None
    assert case.slowdown.max == 1.0
    assert [row.utilisation for row in case.links] == [None]


def test_the_slowest_case_is_the_one_that_did_not_finish() -> None:
    stuck = Story((image("b", 10.0),), nodes=2, name="b", finished=False, end=3.0)
    stuck.pull(0.0, 0.0, nan)
    assert summarise(run(two_nodes().case(), stuck.case())).slowest.case == "b"


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10.0), (0.95, 19.0), (0.951, 20.0), (0.99, 20.0), (0.0, 1.0)])
def test_quantiles_are_values_that_occurred(share: float, expected: float) -> None:
    # The ceil(p · 20)-th of 1, 2, ..., 20.
    assert quantile(np.arange(1.0, 21.0), share) == expected


def test_quantiles_agree_with_an_independent_implementation() -> None:
    values = np.sort(np.random.default_rng(1).exponential(size=317))
    for share in (0.01, 0.07, 0.5, 0.95, 0.99):
        assert quantile(values, share) == np.quantile(values, share, method="inverted_cdf")


def test_a_sample_of_one_has_one_value_everywhere() -> None:
    one = spread(np.array([3.0]))
    assert one is not None
    assert {one.mean, one.p50, one.p95, one.p99, one.max} == {3.0}
    assert {statistic(np.array([3.0]), name) for name in ("min", "max", "mean", "p50", "p95", "p99")} == {3.0}


def test_a_node_is_done_with_its_last_pull() -> None:
    story = Story((image("a", 1.0), image("b", 2.0)), nodes=3)
    story.fetch(story.pull(1.0, 1.0, 2.0), "a-0", 1.0, 1.0, 2.0)
    story.fetch(story.pull(0.5, 1.0, 4.0, image=1, ready=6.0), "b-0", 1.0, 1.0, 4.0)
    story.pull(0.0, 0.0, nan, node=1, ready=nan)
    columns = node_columns(story.case())
    assert columns["node"] == ["node-000", "node-001", "node-002"]
    np.testing.assert_array_equal(columns["asked_s"], [0.5, 0.0, nan])
    np.testing.assert_array_equal(columns["pulled_s"], [4.0, nan, nan])
    np.testing.assert_array_equal(columns["ready_s"], [6.0, nan, nan])
    np.testing.assert_array_equal(columns["bytes"], [3.0, 0.0, 0.0])


def test_layers_come_base_first_with_what_was_held_or_fetched_by_another_pull() -> None:
    common = image("c", 5.0)
    own = image("b", 1.0, 3.0)
    b = type(own)("b", "registry", (own.layers[0], *common.layers, own.layers[1]))
    story = Story((common, b))
    first, second = story.pull(0.0, 0.0, 6.0), story.pull(0.0, 0.0, 8.0, image=1)
    shared = story.fetch(first, "c-0", 0.0, 0.5, 5.0)
    story.unpack(shared, 5.0, 6.0)
    story.wait(second, shared)
    story.unpack(story.fetch(second, "b-1", 1.0, 1.5, 7.0), 7.0, 8.0)
    columns = layer_columns(story.case())
    assert columns["pull"].tolist() == [0, 1, 1, 1]
    assert columns["layer"] == ["c-0", "b-0", "c-0", "b-1"]
    np.testing.assert_array_equal(columns["bytes"], [5.0, 0.0, 0.0, 3.0])
    np.testing.assert_array_equal(columns["fetch_start_s"], [0.5, nan, 0.5, 1.5])
    np.testing.assert_array_equal(columns["fetched_s"], [5.0, nan, 5.0, 7.0])
    np.testing.assert_array_equal(columns["unpacked_s"], [6.0, nan, 6.0, 8.0])
    assert pull_columns(story.case())["image"] == ["c", "b"]


def test_of_a_pull_that_failed_there_are_only_layers_that_it_came_to() -> None:
    story = Story((image("a", 5.0, 3.0),))
    story.fail(story.pull(0.0, 0.0, nan), 1.0, "timed out")
    second = story.fail(story.pull(0.0, 0.0, nan), 2.0, "timed out")
    story.fetch(second, "a-0", 1.0, 1.5, nan)
    third = story.pull(2.0, 2.0, 6.0)
    columns = layer_columns(story.case())
    assert (columns["pull"].tolist(), columns["layer"]) == ([second, third, third], ["a-0", "a-0", "a-1"])
