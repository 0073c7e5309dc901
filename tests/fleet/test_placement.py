"""Where pods go, and which of the old ones go first."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

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
    assert placement.of_workload[0] == {0: 2, 1: 3}


def test_a_node_that_is_down_is_left_out_unless_all_are() -> None:
    placement = Placement([[0, 1]], [True], 2)
    placement.set_down(0, True)
    assert [place(placement, 0), place(placement, 0)] == [1, 1]
    placement.set_down(1, True)
    assert placement.pick(0) == 0
    placement.set_down(1, False)
    assert placement.pick(0) == 1


def group_of(nodes: list[int]) -> tuple[PodGroup, dict[int, int]]:
    """A workload with an old pod on each of these nodes; and how many there are on each node."""
    on_node = {node: nodes.count(node) for node in nodes}
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


@given(st.data())
def test_the_next_node_is_the_first_with_the_fewest_pods_alike_then_in_all(data: st.DataObject) -> None:
    """Against the rule itself, looked up among all nodes each time."""
    nodes, workloads = 5, 3
    shared = [0, 1, 2, 3, 4]
    placement = Placement([shared, shared, [1, 3]], [True, False, True], nodes)
    alike = Counter[tuple[int, int]]()
    in_all = Counter[int]()
    down: set[int] = set()
    for _ in range(data.draw(st.integers(1, 40))):
        step = data.draw(st.sampled_from(["place", "place", "place", "remove", "down", "renew"]))
        workload, node = data.draw(st.integers(0, workloads - 1)), data.draw(st.integers(0, nodes - 1))
        if step == "place":
            candidates = placement.nodes_of[workload]
            up = [one for one in candidates if one not in down] or candidates
            node = min(up, key=lambda one: (alike[workload, one], in_all[one], one))
            if workload != 1:
                assert placement.pick(workload) == node
            placement.change(workload, node, 1)
            alike[workload, node] += 1
            in_all[node] += 1
        elif step == "remove" and alike[workload, node]:
            placement.change(workload, node, -1)
            alike[workload, node] -= 1
            in_all[node] -= 1
        elif step == "down":
            placement.set_down(node, node not in down)
            down ^= {node}
        elif step == "renew":
            placement.renew()
            alike.clear()


def test_a_pod_costs_its_own_workload_and_not_every_one_that_may_run_on_its_node() -> None:
    nodes = list(range(8))
    placement = Placement([nodes] * 100, [True] * 100, 8)
    untouched = [dict(sets) for sets in placement.with_alike[1:]]
    for _ in range(20):
        place(placement, 0)
    assert placement.with_alike[1:] == untouched
    assert placement.of_workload[1:] == [{}] * 99
