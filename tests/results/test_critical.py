"""The last pod's path back to the rollout's start: expected seconds are read off the story above each assertion."""

from __future__ import annotations

from math import nan

import pytest

from rolloutsim.results.metrics import rollout_time
from rolloutsim.results.why.critical import last_path, path_of, queued_time
from tests.results.by_hand import NIC, Story, image
from tests.results.rollout_by_hand import Rollout, workload


def path(story: Story) -> dict[str, float]:
    """The causes; that they add up to the rollout time is true of every story here."""
    case = story.case()
    found = last_path(case)
    assert sum(seconds for _, seconds in found) == pytest.approx(rollout_time(case), abs=1e-9)
    assert list(found) == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    return dict(found)


def test_of_bare_pulls_it_is_the_path_of_the_last_one_and_the_time_before_it_asked() -> None:
    story = Story((image("a", 4.0),), nodes=2)
    story.fetch(story.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    story.fetch(story.pull(1.0, 2.0, 7.0, node=1, ready=8.0), "a-0", 2.0, 2.0, 7.0, cause=NIC)
    assert path(story) == {"nic": 5.0, "requests": 1.0, "schedule": 1.0, "startup": 1.0}
    # And of the other one, which is ready at 4 s, its own.
    (cause, seconds), *rest = path_of(story.case(), 0)
    assert (cause, seconds, rest) == ("registry.uplink", 4.0, [])


def test_it_goes_on_with_the_pod_whose_availability_gave_the_turn() -> None:
    # Starting at 1, one at a time: pod 0 pulls from 1 to 5 and is ready at 7, available at 10 (min_ready 3 s).
    # Pod 1 is created then, pulls from 11 to 13 and is ready at 15.
    story = Story((image("a", 4.0),), nodes=2, rollout=Rollout((workload(start=1.0),)))
    story.fetch(story.pull(1.0, 1.0, 5.0), "a-0", 1.0, 1.0, 5.0)
    story.fetch(story.pull(11.0, 11.0, 13.0, node=1), "a-0", 11.0, 11.0, 13.0, cause=NIC)
    rollout = story.rollout
    assert rollout is not None
    first, second = rollout.pod(7.0, available=10.0, pull=0), rollout.pod(15.0, node=1, pull=1)
    rollout.steps(first, ("pull", 5.0, 0), ("startup", 7.0))
    rollout.steps(
        second, ("controller_pacing", 10.0, 2 * first), ("controller", 11.0), ("pull", 13.0, 1), ("startup", 15.0)
    )
    assert path(story) == {
        "registry.uplink": 4.0, "startup": 4.0, "controller_pacing": 3.0, "nic": 2.0, "controller": 1.0,
        "schedule": 1.0,
    }  # fmt: skip


def test_an_old_pod_stands_for_its_termination_and_the_event_that_it_was_deleted_for() -> None:
    # DaemonSet: the old pod of node 1 is deleted when pod 0 is available (6), and gone at 9.
    story = Story((image("a", 4.0),), nodes=2, rollout=Rollout((workload(strategy="daemonset"),)))
    rollout = story.rollout
    assert rollout is not None
    old = [rollout.old_pod(0.0, 2.0), rollout.old_pod(6.0, 9.0, node=1)]
    first, second = rollout.pod(6.0), rollout.pod(12.0, node=1)
    rollout.steps(first, ("termination", 2.0), ("controller_pacing", 2.0, old[0]), ("startup", 6.0))
    rollout.steps(second, ("controller_pacing", 6.0, 2 * first), ("termination", 9.0), ("startup", 12.0))
    assert path(story) == {"startup": 7.0, "termination": 5.0}


def test_an_old_pod_whose_deletion_gave_the_turn_went_because_a_new_one_had_come() -> None:
    # Deployment: pod 0 is available at 5, so the old pod is deleted at 5, and in the same instant pod 1 created.
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    rollout = story.rollout
    assert rollout is not None
    first, second = rollout.pod(3.0, available=5.0), rollout.pod(9.0)
    old = rollout.old_pod(5.0, 35.0)
    rollout.steps(first, ("controller", 1.0), ("startup", 3.0))
    rollout.steps(second, ("controller_pacing", 5.0, old), ("startup", 9.0))
    assert path(story) == {"startup": 6.0, "controller_pacing": 2.0, "controller": 1.0}


def test_a_pod_that_waits_until_an_old_one_is_gone_waits_for_termination_first() -> None:
    # Recreate-like: the old pod is deleted at 5 for no pod's sake, gone at 8; the new one is created then.
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    rollout = story.rollout
    assert rollout is not None
    old = rollout.old_pod(5.0, 8.0)
    rollout.steps(rollout.pod(10.0), ("controller_pacing", 8.0, old), ("startup", 10.0))
    assert path(story) == {"controller_pacing": 5.0, "termination": 3.0, "startup": 2.0}


def test_pods_whose_events_point_at_each_other_end_the_path_at_the_workloads_start() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(start=1.0),)))
    rollout = story.rollout
    assert rollout is not None
    first, second = rollout.pod(6.0), rollout.pod(7.0)
    rollout.steps(first, ("controller_pacing", 5.0, 2 * second), ("startup", 6.0))
    rollout.steps(second, ("controller_pacing", 5.0, 2 * first), ("startup", 7.0))
    assert path(story) == {"controller_pacing": 4.0, "startup": 2.0, "schedule": 1.0}


def test_a_step_that_lasted_beyond_the_event_counts_up_to_it() -> None:
    # Pod 0 gave the turn at 2, in the midst of its pull (when it was created, say).
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    story.fetch(story.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    rollout = story.rollout
    assert rollout is not None
    first = rollout.pod(4.0, pull=0)
    rollout.steps(first, ("pull", 4.0, 0))
    rollout.steps(rollout.pod(6.0), ("controller_pacing", 2.0, 2 * first), ("startup", 6.0))
    assert path(story) == {"startup": 4.0, "other_pull": 2.0}


def test_a_pod_in_its_kubelets_queue_waited_for_what_the_pull_ahead_waited_for() -> None:
    # One node, one pull at a time. Pod 0 is created at 0 and asks at 1: requests until 2, the registry's uplink from 2
    # to 7, unpacked at 8. Pod 1 is created at 3, queues until 8, fetches over the NIC from 8 to 10, is ready at 11.
    # What the full uplink took (5 s) no other order would have saved; the requests and the unpacking (2 s) are the
    # queue's price. The path goes on before pod 0's asking, not before pod 1's creation.
    story = Story((image("a", 4.0), image("b", 2.0)), rollout=Rollout((workload(),)))
    story.unpack(story.fetch(story.pull(1.0, 2.0, 8.0), "a-0", 2.0, 2.0, 7.0), 7.0, 8.0)
    story.fetch(story.pull(8.0, 8.0, 10.0, image=1), "b-0", 8.0, 8.0, 10.0, cause=NIC)
    rollout = story.rollout
    assert rollout is not None
    first, second = rollout.pod(9.0, pull=0), rollout.pod(11.0, pull=1)
    rollout.steps(first, ("controller", 1.0), ("pull", 8.0, 0), ("startup", 9.0))
    rollout.steps(second, ("controller_pacing", 3.0), ("kubelet_queue", 8.0), ("pull", 10.0, 1), ("startup", 11.0))
    assert path(story) == {
        "registry.uplink": 5.0, "kubelet_queue": 2.0, "nic": 2.0, "controller": 1.0, "startup": 1.0,
    }  # fmt: skip
    assert queued_time(story.case()) == 7.0  # from pod 0's asking at 1 until 8


def test_a_pod_that_the_failure_of_another_pull_let_in_waited_in_the_queue() -> None:
    story = Story((image("a", 4.0), image("b", 2.0)), rollout=Rollout((workload(),)))
    story.fetch(story.pull(8.0, 8.0, 10.0, image=1), "b-0", 8.0, 8.0, 10.0, cause=NIC)
    rollout = story.rollout
    assert rollout is not None
    rollout.steps(rollout.pod(10.0, pull=0), ("kubelet_queue", 8.0), ("pull", 10.0, 0))
    assert path(story) == {"kubelet_queue": 8.0, "nic": 2.0}
    assert queued_time(story.case()) == 8.0


def test_time_that_a_crash_undid_is_the_nodes_outage() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    rollout = story.rollout
    assert rollout is not None
    pod = rollout.pod(10.0)
    rollout.steps(pod, ("startup", 3.0))
    rollout.steps(pod, ("node_down", 9.0), ("startup", 10.0), since=5.0)
    assert path(story) == {"node_down": 6.0, "startup": 4.0}


def test_pods_that_do_not_stay_are_not_the_last() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    rollout = story.rollout
    assert rollout is not None
    rollout.steps(rollout.pod(9.0, deleted=9.5), ("startup", 9.0))
    rollout.steps(rollout.pod(4.0), ("startup", 4.0))
    assert path(story) == {"startup": 4.0}


def test_there_is_no_last_pod_while_one_is_missing() -> None:
    story = Story((image("a", 4.0),), finished=False, end=9.0)
    story.pull(0.0, 0.0, nan)
    assert last_path(story.case()) == ()
