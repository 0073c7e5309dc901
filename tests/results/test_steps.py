"""The time split of pods: expected seconds are read off the story told above each assertion."""

from __future__ import annotations

from math import nan

import pytest

from rolloutsim.results.time.steps import is_ready, pod_times, time_split
from rolloutsim.results.why.critical import last_path
from rolloutsim.scenario.causes import CONTROLLER_PACING, PULL, STEPS
from tests.results.by_hand import NIC, Story, image
from tests.results.rollout_by_hand import Rollout, workload


def by_pod(story: Story) -> list[dict[str, float]]:
    times = pod_times(story.case())
    rows = times.by_owner().tolist()
    return [{cause: s for cause, s in zip(times.causes, row, strict=True) if s} for row in rows]


def test_a_pull_among_the_steps_is_replaced_by_its_own_path() -> None:
    # The workload starts at 2; the pod is created at 5, asked for at 6, pulls from 8 to 18, is ready at 20. Of the
    # pull 1 s is requests, 4 s its NIC and 5 s the uplink.
    story = Story((image("a", 10.0),), rollout=Rollout((workload(start=2.0),)))
    pull = story.pull(8.0, 9.0, 18.0)
    story.fetch(pull, "a-0", 9.0, 9.0, 18.0, cause={NIC: 4.0, 0: 5.0})
    assert story.rollout is not None
    pod = story.rollout.pod(20.0, pull=pull)
    story.rollout.steps(
        pod,
        ("controller_pacing", 5.0),
        ("controller", 6.0),
        ("kubelet_queue", 8.0),
        ("pull", 18.0, pull),
        ("startup", 20.0),
    )
    assert by_pod(story) == [
        {
            "controller_pacing": 3.0, "controller": 1.0, "kubelet_queue": 2.0, "requests": 1.0, "nic": 4.0,
            "registry.uplink": 5.0, "startup": 2.0,
        }
    ]  # fmt: skip
    assert sum(time_split(story.case()).values()) == 20.0 - 2.0


def test_pods_that_queued_for_one_pull_share_its_path_and_one_that_came_later_waits_for_it() -> None:
    # One pull from 0 to 4. Two pods wait for it from the beginning, a third joins at 3.
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    story.fetch(story.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    assert story.rollout is not None
    for _ in range(2):
        story.rollout.steps(story.rollout.pod(4.0, pull=0), ("pull", 4.0, 0))
    third = story.rollout.pod(4.0)
    story.rollout.steps(third, ("controller", 3.0), ("other_pull", 4.0))
    assert by_pod(story) == [{"registry.uplink": 4.0}, {"registry.uplink": 4.0}, {"controller": 3.0, "other_pull": 1.0}]


def test_a_pull_step_that_begins_after_its_pull_is_a_wait_for_another_pod() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    story.fetch(story.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    assert story.rollout is not None
    story.rollout.steps(story.rollout.pod(4.0, pull=0), ("controller", 1.0), ("pull", 4.0, 0))
    assert by_pod(story) == [{"controller": 1.0, "other_pull": 3.0}]


@pytest.mark.parametrize("cause", [step.name for step in STEPS if step not in (PULL, CONTROLLER_PACING)])
def test_every_other_step_keeps_its_name(cause: str) -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    assert story.rollout is not None
    story.rollout.steps(story.rollout.pod(4.0), ("controller_pacing", 1.0), (cause, 4.0))
    assert by_pod(story) == [{"controller_pacing": 1.0, cause: 3.0}]


def test_a_pod_that_a_crash_made_unready_waited_for_its_node() -> None:
    # Ready at 3, its node crashes at 5 and is back at 9; ready again at 10.
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    assert story.rollout is not None
    pod = story.rollout.pod(10.0)
    story.rollout.steps(pod, ("startup", 3.0))
    story.rollout.steps(pod, ("node_down", 9.0), ("startup", 10.0), since=5.0)
    assert by_pod(story) == [{"startup": 4.0, "node_down": 6.0}]


def test_what_came_before_a_pods_first_step_was_its_turn() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(start=1.0),)))
    assert story.rollout is not None
    story.rollout.steps(story.rollout.pod(9.0), ("controller", 5.0), ("startup", 9.0), since=4.0)
    assert by_pod(story) == [{"controller_pacing": 3.0, "controller": 1.0, "startup": 4.0}]


def test_where_each_pod_has_a_time_of_its_own_it_waits_for_that() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(strategy="all_at_once"),)))
    assert story.rollout is not None
    story.rollout.steps(story.rollout.pod(9.0), ("controller_pacing", 5.0), ("startup", 9.0))
    assert by_pod(story) == [{"schedule": 5.0, "startup": 4.0}]
    assert last_path(story.case()) == (("schedule", 5.0), ("startup", 4.0))


def test_pods_that_are_not_ready_or_do_not_stay_are_left_out() -> None:
    # One never gets its image, one was evicted, one lost its node after it had been ready.
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)), finished=False, end=9.0)
    assert story.rollout is not None
    story.rollout.steps(story.rollout.pod(nan), ("backoff", nan))
    story.rollout.steps(story.rollout.pod(4.0, deleted=6.0), ("startup", 4.0))
    story.rollout.steps(story.rollout.pod(4.0), ("startup", 4.0), ("node_down", nan))
    story.rollout.steps(story.rollout.pod(5.0), ("startup", 5.0))
    assert is_ready(story.case()).tolist() == [False, False, False, True]
    assert by_pod(story) == [{}, {}, {}, {"startup": 5.0}]


def test_what_failed_requests_cost_is_no_more_part_of_requests() -> None:
    # Asked 0, resolved 6, of which a rate limit cost 4 s; the layer's slot at 7, its connection at 9.5, of which 1.5 s
    # went to a refused connection and its retry; its first byte at 10.
    story = Story((image("a", 4.0),), rollout=Rollout((workload(),)))
    story.fetch(story.pull(0.0, 6.0, 14.0), "a-0", 7.0, 10.0, 14.0, connected=9.5)
    assert story.rollout is not None
    story.rollout.lost += [(False, 0, True, 4.0), (True, 0, False, 1.0), (True, 0, False, 0.5)]
    story.rollout.steps(story.rollout.pod(14.0, pull=0), ("pull", 14.0, 0))
    # 6 - 4 + 0.5 s of requests; the slot came 1 s after the manifest, 1 s of the wait for a connection was a queue.
    assert by_pod(story) == [
        {
            "registry.uplink": 4.0, "requests": 2.5, "rate_limited": 4.0, "retry": 1.5, "layer_slot": 1.0,
            "registry_queue": 1.0,
        }
    ]  # fmt: skip


def test_a_bare_pull_after_a_failed_one_counts_from_its_first_asking() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout())
    failed = story.fail(story.pull(0.0, nan, nan), 3.0, "503 Service Unavailable")
    second = story.pull(5.0, 5.0, 9.0)
    story.fetch(second, "a-0", 5.0, 5.0, 9.0)
    case = story.case()
    pods = type(case.pods)(
        **{name: getattr(case.pods, name)[second:] for name in case.pods.__slots__} | {"asked": case.pulls.asked[:1]}
    )
    case = type(case)(**{name: getattr(case, name) for name in case.__slots__} | {"pods": pods})
    assert failed == 0
    assert time_split(case) == {"registry.uplink": 4.0, "failed_pull": 5.0}


def test_layers_unpacked_at_the_same_time_wait_for_no_other_pull() -> None:
    # Both layers are there at 2; the second is unpacked from 3 (when a core was free) to 9, the first from 2 to 8.
    story = Story((image("a", 2.0, 2.0),))
    pull = story.pull(0.0, 0.0, 9.0)
    for number, (begun, done) in enumerate([(2.0, 8.0), (3.0, 9.0)]):
        story.unpack(story.fetch(pull, f"a-{number}", 0.0, 0.0, 2.0), begun, done)
    assert time_split(story.case()) == {"registry.uplink": 2.0, "unpack": 7.0}
