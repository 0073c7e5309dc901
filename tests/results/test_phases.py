"""What each node is doing when, and who is ready when."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from rolloutsim.results.phases import PHASES, node_phases, readiness
from tests.report.runs import rolling, shipped
from tests.results.by_hand import Story, image


def story() -> Story:
    """Node 0 fetches for 4 s, unpacks for 2 s, starts for 1 s; node 1 holds all; node 2 never ends; node 3 idles."""
    told = Story((image("app", 100.0),), nodes=4, end=20.0, finished=False)
    first = told.pull(1.0, 2.0, 9.0, node=0, ready=10.0)
    told.unpack(told.fetch(first, "app-0", 2.0, 3.0, 7.0), 7.0, 9.0)
    told.pull(1.0, 1.5, 2.0, node=1, ready=2.5)
    third = told.pull(1.0, 2.0, nan, node=2, ready=nan)
    told.fetch(third, "app-0", 2.0, 4.0, nan)
    return told


def test_phases_follow_each_other_without_gaps() -> None:
    phases = node_phases(story().case())
    assert phases.node.tolist() == [0, 1, 2]
    np.testing.assert_equal(phases.bounds[:, 0], [1.0, 3.0, 7.0, 9.0, 10.0])
    np.testing.assert_equal(phases.bounds[:, 1], [1.0, 2.0, 2.0, 2.0, 2.5])
    np.testing.assert_equal(phases.bounds[:, 2], [1.0, 4.0, nan, nan, nan])


def test_a_phase_that_does_not_end_lasts_to_the_end() -> None:
    seconds = node_phases(story().case()).seconds(20.0)
    assert seconds[:, 0].tolist() == [2.0, 4.0, 2.0, 1.0]
    assert seconds[:, 1].tolist() == [1.0, 0.0, 0.0, 0.5]
    assert seconds[:, 2].tolist() == [3.0, 16.0, 0.0, 0.0]


def test_each_node_is_in_one_phase_or_ready() -> None:
    phases = node_phases(story().case())
    shares = phases.shares(np.array([0.5, 1.2, 5.0, 8.0, 11.0]))
    assert len(shares) == len(PHASES) + 1
    assert shares.sum(axis=0) == pytest.approx([0.0, 1.0, 1.0, 1.0, 1.0])
    assert shares[:, 2] == pytest.approx([0.0, 2 / 3, 0.0, 0.0, 1 / 3])


@pytest.mark.parametrize("name", ["20nodes", "racks", "two-registries", "multi-stage"])
def test_phases_add_up_to_the_time_from_asking_to_being_ready(name: str) -> None:
    for case in shipped(name).cases:
        phases = node_phases(case)
        taken = np.zeros(len(case.node_names))
        taken[case.pulls.node] = case.pods.ready - case.pulls.asked
        assert phases.seconds(case.end).sum(axis=0) == pytest.approx(taken)


def test_readiness_of_bare_pulls_is_that_of_nodes() -> None:
    who = readiness(story().case())
    assert (who.of, who.wanted, who.times.tolist()) == ("nodes", 3, [2.5, 10.0])
    assert [who.time_of(share) for share in (0.1, 0.5, 0.9)] == [2.5, 10.0, None]


def test_readiness_of_workloads_is_that_of_pods() -> None:
    who = readiness(rolling().cases[0])
    assert (who.of, who.wanted, len(who.times)) == ("pods", 30, 30)
    assert who.time_of(1.0) == who.times[-1] == rolling().cases[0].end
