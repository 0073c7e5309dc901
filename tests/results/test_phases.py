"""What each node is doing when, and who is ready when."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.facts.calls import brings
from rolloutsim.results.time.phases import PHASES, node_phases, readiness
from tests.report.runs import rolling
from tests.results.by_hand import Story, image
from tests.results.rollout_by_hand import Rollout, workload
from tests.shipped import shipped


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
    np.testing.assert_equal(phases.bounds[:, 0], [1.0, 3.0, 7.0, 9.0, 9.0, 10.0])
    np.testing.assert_equal(phases.bounds[:, 1], [1.0, 2.0, 2.0, 2.0, 2.0, 2.5])
    np.testing.assert_equal(phases.bounds[:, 2], [1.0, 4.0, nan, nan, nan, nan])


def test_a_phase_that_does_not_end_lasts_to_the_end() -> None:
    seconds = node_phases(story().case()).seconds(20.0)
    assert seconds[:, 0].tolist() == [2.0, 4.0, 2.0, 0.0, 1.0]
    assert seconds[:, 1].tolist() == [1.0, 0.0, 0.0, 0.0, 0.5]
    assert seconds[:, 2].tolist() == [3.0, 16.0, 0.0, 0.0, 0.0]


def test_each_node_is_in_one_phase_or_ready() -> None:
    phases = node_phases(story().case())
    shares = phases.shares(np.array([0.5, 1.2, 5.0, 8.0, 11.0]))
    assert len(shares) == len(PHASES) + 1
    assert shares.sum(axis=0) == pytest.approx([0.0, 1.0, 1.0, 1.0, 1.0])
    assert shares[:, 2] == pytest.approx([0.0, 2 / 3, 0.0, 0.0, 0.0, 1 / 3])


def paced() -> Story:
    """One node: a pod whose image is there at 9 s and that is ready at 12 s; one created at 15 s, ready at 18 s."""
    rollout = Rollout((workload(images=("app",), replicas=2),))
    rollout.steps(rollout.pod(12.0), ("controller", 1.0), ("pull", 9.0, 0), ("startup", 12.0))
    rollout.steps(rollout.pod(18.0), ("controller_pacing", 15.0), ("controller", 16.0), ("startup", 18.0))
    told = Story((image("app", 100.0),), end=18.0, rollout=rollout)
    told.unpack(told.fetch(told.pull(1.0, 2.0, 9.0), "app-0", 2.0, 3.0, 7.0), 7.0, 9.0)
    return told


def test_unpacking_ends_when_the_image_is_there_and_what_follows_is_waiting_for_pods() -> None:
    phases = node_phases(paced().case())
    np.testing.assert_equal(phases.bounds[:, 0], [1.0, 3.0, 7.0, 9.0, 16.0, 18.0])
    assert dict(zip(PHASES, phases.seconds(18.0)[:, 0].tolist(), strict=True)) == {
        "waiting": 2.0, "fetching": 4.0, "unpacking": 2.0, "waiting for pods": 7.0, "starting": 2.0,
    }  # fmt: skip


def test_a_later_pod_that_asks_again_for_what_its_node_holds_does_not_lengthen_the_unpacking() -> None:
    told = paced()
    told.pull(16.0, 16.5, 16.5)
    assert node_phases(told.case()).bounds[3, 0] == 9.0


def test_a_node_waits_for_the_pod_that_is_ready_last_and_not_for_the_last_to_start() -> None:
    told = paced()
    assert told.rollout is not None
    told.rollout.pods[0] = (0, 0, 20.0, 20.0, -1, nan, "")
    told.rollout.told[2] = (*told.rollout.told[2][:4], 20.0, -1)
    np.testing.assert_equal(node_phases(told.case()).bounds[3:, 0], [9.0, 9.0, 20.0])


def test_a_node_whose_pod_never_gets_its_image_never_waits_for_pods() -> None:
    told = paced()
    assert told.rollout is not None
    told.rollout.steps(told.rollout.pod(nan), ("controller", 5.0), ("backoff", nan))
    np.testing.assert_equal(node_phases(told.case()).bounds[2:, 0], [7.0, nan, nan, nan])


def pulls_twice() -> Story:
    """A node that pulls from 1 to 9 s, then another image from 20 to 26 s, its bytes from 22 to 25 s; ready at 28 s."""
    rollout = Rollout((workload(images=("app",)), workload("agent", images=("log",))))
    rollout.steps(rollout.pod(12.0), ("controller", 1.0), ("pull", 9.0, 0), ("startup", 12.0))
    rollout.steps(
        rollout.pod(28.0), ("controller_pacing", 19.0), ("controller", 20.0), ("pull", 26.0, 1), ("startup", 28.0)
    )
    told = Story((image("app", 100.0), image("log", 50.0)), end=30.0, rollout=rollout)
    told.unpack(told.fetch(told.pull(1.0, 2.0, 9.0), "app-0", 2.0, 3.0, 7.0), 7.0, 9.0)
    told.unpack(told.fetch(told.pull(20.0, 21.0, 26.0, image=1), "log-0", 21.0, 22.0, 25.0), 25.0, 26.0)
    return told


def test_the_time_between_two_pulls_of_a_node_is_waiting_for_pods() -> None:
    phases = node_phases(pulls_twice().case())
    np.testing.assert_equal(phases.bounds[:, 0], [1.0, 3.0, 25.0, 26.0, 26.0, 28.0])
    spans = zip(
        [PHASES[phase] for phase in phases.spans.phase.tolist()],
        phases.spans.start.tolist(), phases.spans.stop.tolist(), strict=True,
    )  # fmt: skip
    assert list(spans) == [
        ("waiting", 1.0, 3.0), ("fetching", 3.0, 7.0), ("unpacking", 7.0, 9.0), ("waiting for pods", 9.0, 20.0),
        ("waiting", 20.0, 22.0), ("fetching", 22.0, 25.0), ("unpacking", 25.0, 26.0), ("starting", 26.0, 28.0),
    ]  # fmt: skip
    assert phases.seconds(30.0)[:, 0].tolist() == [4.0, 7.0, 3.0, 11.0, 2.0]
    shares = phases.shares(np.array([0.0, 2.0, 5.0, 8.0, 15.0, 21.0, 23.0, 27.0, 29.0]))
    assert shares.argmax(axis=0).tolist() == [0, 0, 1, 2, 3, 0, 1, 4, 5]
    assert shares.sum(axis=0).tolist() == [0.0, *[1.0] * 8]


def test_pulls_of_a_node_that_overlap_are_one_time_of_fetching() -> None:
    told = Story((image("app", 100.0), image("log", 50.0)), end=20.0)
    told.fetch(told.pull(1.0, 2.0, 9.0, ready=9.0), "app-0", 2.0, 3.0, 9.0)
    told.fetch(told.pull(9.0, 10.0, 14.0, image=1, ready=14.0), "log-0", 10.0, 11.0, 14.0)
    phases = node_phases(told.case())
    np.testing.assert_equal(phases.bounds[:, 0], [1.0, 3.0, 14.0, 14.0, 14.0, 14.0])
    assert phases.seconds(20.0)[:, 0].tolist() == [2.0, 11.0, 0.0, 0.0, 0.0]


def test_a_node_of_two_workloads_fetches_as_long_as_its_pulls_last() -> None:
    """Oracle: no pull lasts longer than 2 s; the daemonset's turn comes node by node, each 5 s and more."""
    text = """\
rolloutsim: 1
nodes: 20
network: 10 Gbit/s
images: {a: 20 MB, b: 40 MB}
workloads: {svc: {images: [a], replicas: 20}, agent: {images: [b], daemonset: true}}
rollout: {strategy: rolling, startup: 5 s}
"""
    (case,) = rs.loads(text).run().run.cases
    lasted = np.zeros(len(case.node_names))
    np.add.at(lasted, case.pulls.node, case.pulls.pulled - case.pulls.asked)
    phases = node_phases(case)
    seconds = phases.seconds(case.end)
    assert (seconds[:3].sum(axis=0) <= lasted[phases.node] + 1e-9).all()
    assert seconds.sum(axis=0) == pytest.approx(phases.bounds[-1] - phases.bounds[0])
    last = int(phases.bounds[-1].argmax())
    assert seconds[PHASES.index("waiting for pods"), last] > 0.8 * case.end


@pytest.mark.parametrize("name", ["deployment", "racks"])
def test_each_node_of_a_shipped_scenario_is_in_one_phase_or_ready(name: str) -> None:
    for case in shipped(name).cases:
        phases = node_phases(case)
        begun = phases.bounds[0].max()
        shares = phases.shares(np.linspace(begun, case.end, 50))
        assert shares.sum(axis=0) == pytest.approx(np.ones(50))


def test_the_images_of_a_deployment_are_there_when_its_pulls_say_so() -> None:
    (case,) = shipped("deployment").cases
    phases = node_phases(case)
    pulled = np.zeros(len(case.node_names))
    brought = brings(case)  # and not those of pods that came while the image was on its way
    np.maximum.at(pulled, case.pulls.node[brought], case.pulls.pulled[brought])
    assert phases.bounds[3] == pytest.approx(pulled[phases.node])


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
