"""Kubernetes' arithmetic of surge and unavailability; every row worked out by hand from the source.

Deployment (k/k `deployment_util.go`, `rolling.go`): surge S rounded up, unavailable U rounded down, both zero makes
U = 1, U at most N. In the first instant the controller scales up by min(N - new, N + S - total), down by
total - (N - U) - (new that are not available), and again, until neither is allowed. With N old pods available
that ends at min(N, S + U) new ones, none of them available, and N - U old ones.
"""

from __future__ import annotations

import pytest

from rolloutsim.rollout.fenceposts import daemonset, deployment, resolve, scale_down, scale_up, statefulset, wave_sizes
from tests.rollout.stub import Rolled, amount, workload

# replicas, max_surge, max_unavailable → S, U, new and old pods after the first instant
DEPLOYMENTS = [
    # Kubernetes' defaults, 25 % and 25 %: N/4 up, N/4 down.
    (1, "25%", "25%", 1, 0, 1, 1),
    (2, "25%", "25%", 1, 0, 1, 2),
    (3, "25%", "25%", 1, 0, 1, 3),
    (4, "25%", "25%", 1, 1, 2, 3),
    (5, "25%", "25%", 2, 1, 3, 4),
    (6, "25%", "25%", 2, 1, 3, 5),
    (7, "25%", "25%", 2, 1, 3, 6),
    (8, "25%", "25%", 2, 2, 4, 6),
    (9, "25%", "25%", 3, 2, 5, 7),
    (10, "25%", "25%", 3, 2, 5, 8),
    (11, "25%", "25%", 3, 2, 5, 9),
    (12, "25%", "25%", 3, 3, 6, 9),
    (100, "25%", "25%", 25, 25, 50, 75),
    (101, "25%", "25%", 26, 25, 51, 76),
    (400, "25%", "25%", 100, 100, 200, 300),
    (10_000, "25%", "25%", 2500, 2500, 5000, 7500),
    # The examples in the comment of ResolveFenceposts.
    (2, "0%", "1%", 0, 1, 1, 1),
    (1, "0%", "1%", 0, 1, 1, 0),
    (2, "1%", "25%", 1, 0, 1, 2),
    (1, "1%", "25%", 1, 0, 1, 1),
    (2, "1%", "0%", 1, 0, 1, 2),
    (1, "1%", "0%", 1, 0, 1, 1),
    # The example in the comment of reconcileOldReplicaSets.
    (10, 3, 2, 3, 2, 5, 8),
    # Counts, and counts with shares.
    (3, 1, 0, 1, 0, 1, 3),
    (3, 0, 1, 0, 1, 1, 2),
    (10, 0, 1, 0, 1, 1, 9),
    (10, 0, "25%", 0, 2, 2, 8),
    (10, "25%", 0, 3, 0, 3, 10),
    (10, 1, "5%", 1, 0, 1, 10),
    (10, 0, "5%", 0, 1, 1, 9),
    # All of them, and more than there are.
    (5, "100%", 0, 5, 0, 5, 5),
    (5, 0, "100%", 0, 5, 5, 0),
    (5, "100%", "100%", 5, 5, 5, 0),
    (5, "200%", 0, 10, 0, 5, 5),
    (4, 10, 0, 10, 0, 4, 4),
    (4, 10, 2, 10, 2, 4, 2),
    (4, 0, 10, 0, 4, 4, 0),
    # Rounding in one direction only.
    (30, "10%", "10%", 3, 3, 6, 27),
    (31, "10%", "10%", 4, 3, 7, 28),
    (7, "33%", "34%", 3, 2, 5, 5),
    (3, "34%", "33%", 2, 0, 2, 3),
    (3, "33%", "34%", 1, 1, 2, 2),
    # Whole numbers that floats miss: 0.07 * 100 = 7.000000000000001, 0.29 * 100 = 28.999999999999996, ...
    (100, "7%", 0, 7, 0, 7, 100),
    (50, "14%", 0, 7, 0, 7, 50),
    (100, "29%", "29%", 29, 29, 58, 71),
    (100, "57%", "57%", 57, 57, 100, 43),
]

# nodes, max_surge, max_unavailable → S, U: both rounded up (k/k `daemonset_util.go`), both zero makes U = 1
DAEMONSETS = [
    (250, 0, 1, 0, 1),
    (250, 0, "10%", 0, 25),
    (251, 0, "10%", 0, 26),
    (10, 0, "25%", 0, 3),
    (3, 0, "1%", 0, 1),
    (100, 0, "7%", 0, 7),
    (5, 0, 0, 0, 1),
    (5, 0, "0%", 0, 1),
    (5, 0, "100%", 0, 5),
    (250, "10%", 0, 25, 0),
    (251, "10%", 0, 26, 0),
    (9, "10%", 0, 1, 0),
    (1, "100%", 0, 1, 0),
    (10, 2, 0, 2, 0),
]

# replicas, max_unavailable → U: rounded down, at least 1 (k/k `stateful_set_utils.go`; the first four rows are those
# of its own test, TestGetStatefulSetMaxUnavailable)
STATEFULSETS = [
    (10, 1, 1),
    (10, 3, 3),
    (25, "10%", 2),
    (5, "100%", 5),
    (5, "50%", 2),
    (3, "10%", 1),
    (29, "10%", 2),
    (30, "10%", 3),
    (100, "29%", 29),
]


@pytest.mark.parametrize(("replicas", "surge", "unavailable", "up", "down", "new", "old"), DEPLOYMENTS)
def test_a_deployment_begins_with_as_many_pods_as_kubernetes_would(
    replicas: int, surge: int | str, unavailable: int | str, up: int, down: int, new: int, old: int
) -> None:
    assert deployment(amount(surge), amount(unavailable), replicas) == (up, down)
    rolled = Rolled(
        workload("rolling", replicas, surge=surge, unavailable=unavailable), nodes=min(replicas, 50), until=5.0
    )
    group = rolled.cluster.groups[0]
    assert (group.new_pods, group.new_available, group.old_pods, group.old_available) == (new, 0, old, old)


def test_there_are_at_least_forty_deployments() -> None:
    assert len({row[:3] for row in DEPLOYMENTS}) >= 40


@pytest.mark.parametrize(("nodes", "surge", "unavailable", "up", "down"), DAEMONSETS)
def test_a_daemonset_begins_with_as_many_pods_as_kubernetes_would(
    nodes: int, surge: int | str, unavailable: int | str, up: int, down: int
) -> None:
    assert daemonset(amount(surge), amount(unavailable), nodes) == (up, down)
    spec = workload("daemonset", nodes, surge=surge, unavailable=unavailable, termination=1.0)
    group = Rolled(spec, nodes, until=0.5).cluster.groups[0]
    assert (group.new_pods, group.old_pods) == ((up, nodes) if up else (0, nodes - down))


@pytest.mark.parametrize(("replicas", "unavailable", "down"), STATEFULSETS)
@pytest.mark.parametrize("parallel", [False, True])
def test_a_statefulset_begins_with_as_many_pods_as_kubernetes_would(
    replicas: int, unavailable: int | str, down: int, parallel: bool
) -> None:
    assert statefulset(amount(unavailable), replicas) == down
    spec = workload("statefulset", replicas, unavailable=unavailable, termination=1.0, options={"parallel": parallel})
    rolled = Rolled(spec, nodes=3, until=0.5)
    assert rolled.cluster.groups[0].old_pods == replicas - down
    highest = [ordinal >= replicas - down for ordinal in range(replicas)]
    assert [time == 0.0 for time in rolled.old("deleted")] == highest


@pytest.mark.parametrize(
    ("replicas", "surge", "new", "total", "more"),
    [
        (10, 3, 0, 10, 3),
        (10, 3, 3, 11, 2),
        (10, 3, 5, 13, 0),
        (10, 3, 5, 14, 0),  # more than allowed: none goes for that
        (10, 3, 9, 10, 1),  # no more than wanted
        (10, 3, 10, 10, 0),
        (3, 0, 0, 3, 0),
        (3, 0, 0, 2, 1),
    ],
)
def test_scaling_up_fills_what_is_wanted_and_what_the_surge_allows(
    replicas: int, surge: int, new: int, total: int, more: int
) -> None:
    """Oracle: NewRSNewReplicas, min(replicas - new, replicas + surge - total)."""
    assert scale_up(replicas, surge, new, total) == more


@pytest.mark.parametrize(
    ("new", "new_available", "old", "old_available", "unhealthy", "others"),
    [
        # replicas 10, unavailable 2: 8 must be available.
        (3, 0, 10, 10, 0, 2),  # 13 - 8 - 3 = 2
        (5, 0, 8, 8, 0, 0),  # 13 - 8 - 5 = 0
        (5, 1, 8, 8, 0, 1),  # 13 - 8 - 4 = 1
        (5, 0, 8, 7, 0, 0),  # a node fails: 13 - 8 - 5 = 0, nothing goes (case 1 of the source's comment)
        (5, 5, 8, 6, 2, 3),  # 13 - 8 - 0 = 5: both unhealthy ones, then 11 - 8 = 3 others
        (5, 5, 8, 3, 5, 0),  # 5 at most; 5 are unhealthy; 8 - 8 = 0 others
        (5, 4, 8, 3, 4, 0),  # 13 - 8 - 1 = 4: four of five unhealthy ones
        (10, 10, 3, 3, 0, 3),  # 13 - 8 = 5: all three that are left
        (10, 0, 0, 0, 0, 0),
    ],
)
def test_scaling_down_takes_unhealthy_pods_first_and_keeps_the_promised_ones(
    new: int, new_available: int, old: int, old_available: int, unhealthy: int, others: int
) -> None:
    """Oracle: reconcileOldReplicaSets, cleanupUnhealthyReplicas, scaleDownOldReplicaSetsForRollingUpdate."""
    assert scale_down(10, 2, new, new_available, old, old_available) == (unhealthy, others)


@pytest.mark.parametrize(
    ("sizes", "total", "found"),
    [
        ([1, "10%", "40%"], 20, [1, 2, 8, 9]),
        ([1, "10%"], 3, [1, 1, 1]),
        (["100%"], 7, [7]),
        ([5, 5], 7, [5, 2]),
        ([9], 7, [7]),
        ([], 7, [7]),
    ],
)
def test_what_waves_leave_over_is_the_last_one(sizes: list[int | str], total: int, found: list[int]) -> None:
    assert wave_sizes(tuple(amount(size) for size in sizes), total) == found


def test_a_share_is_rounded_as_it_was_written() -> None:
    """Oracle: of n percent of 100, n are n."""
    for percent in range(201):
        share = amount(f"{percent}%")
        assert resolve(share, 100, up=True) == resolve(share, 100, up=False) == percent
