"""Where pods go, and which of the old ones go first."""

from __future__ import annotations

from rolloutsim.fleet.placement import Placement
from rolloutsim.fleet.pod_group import Pod, PodGroup


def place(placement: Placement, workload: int) -> int:
    node = placement.pick(workload)
    placement.change(workload, node, 1)
    return node


def test_pods_are_spread_evenly_over_the_nodes_of_their_workload() -> None:
    placement = Placement([[1, 3, 4]], [True], 5)
    assert [place(placement, 0) for _ in range(7)] == [1, 3, 4, 1, 3, 4, 1]


def test_among_nodes_alike_the_one_with_the_fewest_pods_in_all_is_taken() -> None:
    placement = Placement([[0, 1, 2], [0, 1, 2]], [True, True], 3)
    assert [place(placement, 0), place(placement, 0)] == [0, 1]
    assert [place(placement, 1) for _ in range(3)] == [2, 0, 1]


def test_pods_that_have_their_places_count() -> None:
    placement = Placement([[0, 1], [0]], [True, False], 2)
    placement.change(1, 0, 1)
    assert place(placement, 0) == 1


def test_room_that_comes_free_is_used() -> None:
    placement = Placement([[0, 1]], [True], 2)
    for _ in range(4):
        place(placement, 0)
    placement.change(0, 1, -1)
    assert place(placement, 0) == 1


def test_only_pods_of_the_version_that_is_placed_are_kept_apart() -> None:
    placement = Placement([[0, 1]], [True], 2)
    assert [place(placement, 0) for _ in range(4)] == [0, 1, 0, 1]
    placement.renew()
    placement.change(0, 0, -1, alike=False)
    placement.change(0, 0, -1, alike=False)
    # Node 0 is empty and comes first; then node 1 has no pod alike, though two in all; then both have one.
    assert [place(placement, 0) for _ in range(3)] == [0, 1, 0]
    assert placement.of_workload[0] == [2, 3]


def test_a_node_that_is_down_is_left_out_unless_all_are() -> None:
    placement = Placement([[0, 1]], [True], 2)
    placement.set_down(0, True)
    assert [place(placement, 0), place(placement, 0)] == [1, 1]
    placement.set_down(1, True)
    assert placement.pick(0) == 0
    placement.set_down(1, False)
    assert placement.pick(0) == 1


def group_of(nodes: list[int]) -> tuple[PodGroup, list[int]]:
    """A workload with an old pod on each of these nodes; and how many there are on each node."""
    on_node = [nodes.count(node) for node in range(max(nodes) + 1)]
    group = PodGroup(on_node)
    for row, node in enumerate(nodes):
        pod = Pod(row, True, 0, node, ("app",), row)
        pod.started = pod.ready = pod.available = True
        group.add_old(pod)
    return group, on_node


def test_pods_on_the_nodes_with_the_most_pods_go_first_ranked_once_for_all_of_a_batch() -> None:
    # Node 1 has three pods, nodes 0 and 2 one each: with ranks of their own all three of node 1 go before the others.
    group, _ = group_of([0, 1, 2, 1, 1])
    assert [pod.row for pod in group.choose(4)] == [1, 3, 4, 0]


def test_new_pods_on_a_node_make_its_old_pod_go_earlier() -> None:
    group, on_node = group_of([0, 1, 2])
    on_node[2] += 1
    group.rank(2)
    assert [pod.row for pod in group.choose(2)] == [2, 0]


def test_pods_that_are_not_ready_go_before_all_others() -> None:
    group, _ = group_of([0, 0, 1])
    group.old[2].ready = False
    group.add_unready(group.old[2])
    assert [pod.row for pod in group.choose(2)] == [2, 0]


def test_no_pod_goes_twice() -> None:
    group, on_node = group_of([0, 0, 0, 1, 1])
    for unready in (1, 3):
        group.old[unready].ready = False
        group.add_unready(group.old[unready])
    gone: list[int] = []
    for _ in range(4):
        for pod in group.choose(2):
            pod.deleted = True
            gone.append(pod.row)
            on_node[pod.node] -= 1
            group.rank(pod.node)
    assert gone == [1, 3, 0, 2, 4]
