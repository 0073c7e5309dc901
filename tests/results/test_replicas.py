"""Ready replicas and what is promised: expected numbers are counted along the story."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from rolloutsim.results.pods.replicas import limits, promised, ready_replicas, workload_summaries
from rolloutsim.scenario.orchestration import Amount
from tests.results.by_hand import Story, image
from tests.results.rollout_by_hand import Rollout, workload


def rolled() -> Story:
    """3 replicas from 1 s on, at most 1 unavailable: two old pods go at 1 and 5, new ones are ready at 4, 6 and 9.

    At 2 a node crashes with an old pod, which is ready again at 3.5; the last old pod goes at 9.
    """
    rollout = Rollout((workload(start=1.0),))
    story = Story((image("a", 4.0),), nodes=3, rollout=rollout)
    story.fetch(story.pull(1.0, 1.0, 4.0), "a-0", 1.0, 1.0, 4.0)
    for deleted in (1.0, 5.0, 9.0):
        rollout.old_pod(deleted)
    for ready in (4.0, 6.0, 9.0):
        rollout.steps(rollout.pod(ready, pull=0), ("startup", ready))
    for time, old, new in (
        (1.0, -1, 0), (2.0, -1, 0), (3.5, 1, 0), (4.0, 0, 1), (5.0, -1, 0), (6.0, 0, 1), (9.0, 0, 1), (9.0, -1, 0),
    ):  # fmt: skip
        rollout.change(time, old, new)
    return story


def test_ready_replicas_change_once_at_each_moment() -> None:
    times, old, new = ready_replicas(rolled().case(), "api")
    assert times.tolist() == [1.0, 2.0, 3.5, 4.0, 5.0, 6.0, 9.0]
    assert old.tolist() == [2, 1, 2, 2, 1, 1, 0]
    assert new.tolist() == [0, 0, 0, 1, 1, 2, 3]


def test_the_summary_says_how_few_there_were_and_for_how_long_less_than_promised() -> None:
    # Promised are 3 - 1 = 2; from 2 to 3.5 there is one.
    (found,) = workload_summaries(rolled().case())
    assert (found.replicas, found.max_surge, found.max_unavailable, found.floor) == (3, 0, 1, 2)
    assert (found.least_ready, found.least_ready_at_s, found.below_floor_s) == (1, 2.0, 1.5)
    assert (found.start_s, found.ready_s, found.ready_pods) == (1.0, 9.0, 3)
    assert found.progress_deadline_exceeded_s is None
    assert (found.pulls, found.failed_pulls, found.bytes_on_wire) == (1, 0, 4.0)
    assert found.pull_time_s is not None
    assert found.pull_time_s.max == 3.0


def test_too_few_at_the_end_counts_until_the_simulation_stood_still() -> None:
    story = rolled()
    assert story.rollout is not None
    story.rollout.change(10.0, 0, -2)
    story.finished, story.end = False, 25.0
    story.rollout.pods[0] = (0, 0, nan, nan, -1, nan, "")
    story.rollout.conditions = ((20.0, "api", "progress deadline exceeded: …"), (22.0, "api", "progress deadline …"))
    (found,) = workload_summaries(story.case())
    assert (found.below_floor_s, found.ready_s, found.ready_pods) == (1.5 + 15.0, None, 2)
    assert found.progress_deadline_exceeded_s == 20.0


def test_an_unknown_workload_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no workload 'web' in case 'all'; workloads: api"):
        ready_replicas(rolled().case(), "web")
    bare = Story((image("a", 4.0),))
    bare.pull(0.0, 0.0, 1.0)
    with pytest.raises(KeyError, match=r"case 'all' has no workloads: its pulls have no controller"):
        ready_replicas(bare.case(), "api")
    assert workload_summaries(bare.case()) == ()


SHARE = Amount(share=0.25)
NONE = Amount(count=0)


@pytest.mark.parametrize(
    ("strategy", "replicas", "surge", "unavailable", "expected"),
    [
        # 25 % of 10: surge rounded up, unavailable down (k/k deployment_util.go, ResolveFenceposts).
        ("rolling", 10, SHARE, SHARE, (3, 2, 8)),
        ("rolling", 3, SHARE, SHARE, (1, 0, 3)),
        ("rolling", 3, NONE, NONE, (0, 1, 2)),  # both zero becomes one unavailable
        ("rolling", 2, NONE, Amount(count=5), (0, 2, 0)),
        ("daemonset", 250, NONE, Amount(share=0.1), (0, 25, 225)),
        ("daemonset", 3, NONE, SHARE, (0, 1, 2)),  # rounded up
        ("daemonset", 3, SHARE, NONE, (1, 0, 3)),
        ("statefulset", 5, NONE, Amount(count=1), (None, 1, 4)),
        ("waves", 5, NONE, Amount(count=1), (None, None, None)),
        ("all_at_once", 5, NONE, Amount(count=1), (None, None, None)),
    ],
)
def test_what_is_promised_follows_kubernetes_rounding(
    strategy: str, replicas: int, surge: Amount, unavailable: Amount, expected: tuple[int | None, ...]
) -> None:
    one = workload(replicas=replicas, surge=surge, unavailable=unavailable, strategy=strategy)
    assert (*limits(one), promised(one)) == expected


def test_a_workload_that_is_only_created_promises_nothing() -> None:
    assert promised(workload(create=True)) is None


def test_the_partition_of_a_statefulset_stays_old() -> None:
    # Of 3 pods the highest is replaced, and the rollout of the other workload is not over.
    rollout = Rollout((workload(strategy="statefulset", partition=2), workload("other", 1)))
    story = Story((image("a", 4.0),), rollout=rollout, finished=False, end=9.0)
    for _ in range(3):
        rollout.old_pod(nan)
    rollout.steps(rollout.pod(5.0), ("startup", 5.0))
    rollout.steps(rollout.pod(nan, of=1), ("backoff", nan))
    rollout.change(1.0, -1)
    rollout.change(5.0, 0, 1)
    first, second = workload_summaries(story.case())
    assert (first.ready_s, first.least_ready, first.floor) == (5.0, 2, 2)
    assert (second.ready_s, second.ready_pods) == (None, 0)


def test_changes_before_the_start_are_part_of_the_beginning() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout((workload(start=5.0),)), end=9.0)
    assert story.rollout is not None
    story.rollout.old_pod(nan)
    story.rollout.change(2.0, -1)
    found = ready_replicas(story.case(), "api")
    assert [np.asarray(column).tolist() for column in found] == [[5.0], [0], [0]]
