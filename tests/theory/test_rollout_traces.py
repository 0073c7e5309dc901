"""Rollouts of a few pods, every time worked out by hand in the comments.

On every node an image takes 10 s to pull unless said, the container 2 s to be ready. Times are round: equal, no bound.
"""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario import loads
from rolloutsim.scenario.causes import (
    CONTROLLER,
    CONTROLLER_PACING,
    FAILED_PULL,
    NODE_DOWN,
    OTHER_PULL,
    PULL,
    STARTUP,
    TERMINATION,
)
from rolloutsim.scenario.orchestration import ApiCalls, Wave
from rolloutsim.simulation import simulate
from tests.rollout.stub import Rolled, amount, workload


def test_rolling_four_pods_with_a_quarter_surge_and_a_quarter_unavailable() -> None:
    # S = 1, U = 1; 4 nodes with an old pod each; step_overhead 1 s, termination 3 s.
    #  0  up 1: new 0 on node 0 (all nodes alike, the first). Down: 5 - 3 - 1 = 1: node 0 has the most pods, its old pod
    #     goes (gone at 3). Up: total 4, one more: new 1 on node 1 (node 0 has a new one, the others none).
    #  1  both ask; pulled at 11, ready at 13.
    # 13  old 3, new 2, all available. Up: total 5: 0. Down: 5 - 3 = 2: that of node 1, which has two pods, then that of
    #     node 2 (gone at 16). Up: 5 - 3 = 2: new 2 and 3 on nodes 2 and 3, which have no new one.
    # 14  they ask; pulled at 24, ready at 26.
    # 26  4 new, 1 old. Down: 5 - 3 = 2, there is 1: node 3 (gone at 29, after the end).
    spec = workload("rolling", 4, surge="25%", unavailable="25%", termination=3.0, options={"step_overhead": 1.0})
    rolled = Rolled(spec, nodes=4)
    assert rolled.column("node") == [0, 1, 2, 3]
    assert rolled.column("created") == [0, 0, 13, 13]
    assert rolled.column("asked") == [1, 1, 14, 14]
    assert rolled.column("started") == [11, 11, 24, 24]
    assert rolled.column("ready") == rolled.column("available") == [13, 13, 26, 26]
    assert rolled.old("deleted") == [0, 13, 13, 26]
    assert rolled.old("gone")[:3] == [3, 16, 16]
    assert isnan(rolled.old("gone")[3])
    assert rolled.end == 26
    assert rolled.missing == ()
    assert rolled.chain(0) == [(CONTROLLER, 0, 1), (PULL, 1, 11), (STARTUP, 11, 13)]
    assert rolled.chain(2) == [(CONTROLLER_PACING, 0, 13), (CONTROLLER, 13, 14), (PULL, 14, 24), (STARTUP, 24, 26)]
    # New 0 and 1 became available at 13; the lower code, 2 * 0, stands for both.
    assert rolled.triggers(2, CONTROLLER_PACING) == [0]
    changes = rolled.ledger.replicas
    assert list(zip(changes.time, changes.old, changes.new, strict=True)) == [
        (0, -1, 0),
        (13, 0, 1), (13, 0, 1), (13, -1, 0), (13, -1, 0),
        (26, 0, 1), (26, 0, 1), (26, -1, 0),
    ]  # fmt: skip


def test_rolling_three_pods_never_goes_below_three_available_and_waits_for_min_ready() -> None:
    # S = 1, U = 0, min_ready 5 s.
    #  0  new 0 on node 0; pulled 10, ready 12, available 17.
    # 17  down 4 - 3 = 1: node 0 has two pods, its old one goes. Up: new 1 on node 1, which has no new one: pulled 27,
    #     ready 29, available 34.
    # 34  node 1 has two: its old one goes. New 2 on node 2: pulled 44, ready 46, available 51.
    # 51  the last old pod goes.
    rolled = Rolled(workload("rolling", 3, surge="25%", unavailable="25%", options={"min_ready": 5.0}), nodes=3)
    assert rolled.column("node") == [0, 1, 2]
    assert rolled.column("created") == [0, 17, 34]
    assert rolled.column("started") == [10, 27, 44]
    assert rolled.column("ready") == [12, 29, 46]
    assert rolled.column("available") == [17, 34, 51]
    assert rolled.old("deleted") == [17, 34, 51]
    assert rolled.end == 51


def test_a_new_deployment_creates_all_its_pods_at_once_and_spreads_them() -> None:
    # 5 pods on 3 nodes: nodes 0, 1, 2, 0, 1; the second pod of a node waits for the first one's pull.
    rolled = Rolled(workload("rolling", 5, surge="25%", unavailable="25%", create=True, start=100.0), nodes=3)
    assert rolled.column("node") == [0, 1, 2, 0, 1]
    assert rolled.column("ready") == [112] * 5
    assert rolled.chain(0) == [(PULL, 100, 110), (STARTUP, 110, 112)]
    assert rolled.chain(3) == [(OTHER_PULL, 100, 110), (STARTUP, 110, 112)]
    assert rolled.old("deleted") == []


def test_a_deployment_of_many_pods_ends_spread_evenly() -> None:
    # 60 pods on 20 nodes, three each before and after, though the old ones go node by node.
    rolled = Rolled(workload("rolling", 60, surge="25%", unavailable="25%", termination=5.0), nodes=20)
    assert rolled.cluster.placement.of_workload[0] == dict.fromkeys(range(20), 3)


def test_a_daemonset_without_surge_pulls_while_the_node_has_no_pod() -> None:
    # 4 nodes, 2 may be unavailable; termination 3 s, step_overhead 1 s; node 1 takes 20 s to pull.
    #  0  old 0 and 1 go, gone at 3; new ones created there, asked at 4.
    # 16  node 0: pulled 14, ready 16: one unavailable; old 2 goes, gone 19, asked 20, pulled 30, ready 32.
    # 26  node 1: pulled 24, ready 26; old 3 goes, gone 29, asked 30, pulled 40, ready 42.
    spec = workload("daemonset", 4, unavailable="50%", termination=3.0, options={"step_overhead": 1.0})
    rolled = Rolled(spec, nodes=4, pulls=[10.0, 20.0, 10.0, 10.0])
    assert rolled.column("node") == [0, 1, 2, 3]
    assert rolled.old("deleted") == [0, 0, 16, 26]
    assert rolled.old("gone") == rolled.column("created") == [3, 3, 19, 29]
    assert rolled.column("asked") == [4, 4, 20, 30]
    assert rolled.column("ready") == [16, 26, 32, 42]
    assert rolled.end == 42
    assert rolled.chain(3) == [
        (CONTROLLER_PACING, 0, 26), (TERMINATION, 26, 29), (CONTROLLER, 29, 30), (PULL, 30, 40), (STARTUP, 40, 42),
    ]  # fmt: skip
    assert rolled.triggers(3, CONTROLLER_PACING) == [2 * 1]  # new 1's readiness at 26


def test_a_daemonset_with_surge_deletes_the_old_pod_when_the_new_one_beside_it_is_available() -> None:
    # 3 nodes, surge 1, min_ready 1 s. Each node: created, 10 s pull, 2 s start, 1 s more, then the old pod goes and the
    # next node begins: 13, 26, 39.
    spec = workload("daemonset", 3, surge="10%", unavailable=0, termination=3.0, options={"min_ready": 1.0})
    rolled = Rolled(spec, nodes=3)
    assert rolled.column("created") == [0, 13, 26]
    assert rolled.column("available") == rolled.old("deleted") == [13, 26, 39]
    assert rolled.end == 39


def test_the_first_creation_of_a_daemonset_comes_in_batches_that_double() -> None:
    # 10 nodes, 1 s a batch: 1, 2, 4, and the 3 that are left.
    rolled = Rolled(workload("daemonset", 10, create=True), nodes=10, api_call=1.0)
    assert rolled.column("created") == [0, 1, 1, 2, 2, 2, 2, 3, 3, 3]


def test_the_first_creation_of_a_large_daemonset_begins_again_after_250_pods() -> None:
    # 1 + 2 + 4 + ... + 64 = 127, and 123 to make 250; then from 1 again; 600 = 250 + 250 + 100, 100 = 63 + 37.
    rolled = Rolled(workload("daemonset", 600, create=True), nodes=600, api_call=1.0)
    created = rolled.column("created")
    look = [1, 2, 4, 8, 16, 32, 64, 123]
    assert [created.count(time) for time in range(23)] == [*look, *look, 1, 2, 4, 8, 16, 32, 37]


def test_a_statefulset_goes_down_from_its_highest_ordinal_to_its_partition() -> None:
    # 4 pods, partition 1, termination 3 s, min_ready 1 s. Each: gone 3, pulled 13, ready 15, available 16 after its
    # deletion: 0, 16, 32; 48. The pod stays on its node.
    spec = workload("statefulset", 4, termination=3.0, options={"partition": 1, "min_ready": 1.0})
    rolled = Rolled(spec, nodes=4)
    assert rolled.column("node") == [3, 2, 1]
    assert rolled.column("created") == [3, 19, 35]
    assert rolled.column("ready") == [15, 31, 47]
    assert rolled.old("deleted")[1:] == [32, 16, 0]
    assert isnan(rolled.old("deleted")[0])
    assert rolled.end == 48
    assert rolled.missing == ()


def test_an_ordered_statefulset_takes_down_two_and_brings_them_back_one_after_the_other() -> None:
    # 4 pods, 2 may be unavailable, termination 3 s: 3 and 2 go at 0, gone at 3. First 2 comes back (3, ready 15), then
    # 3 (15, ready 27). Then 1 and 0 go: gone at 30; 0 comes back (30, ready 42), then 1 (42, ready 54).
    rolled = Rolled(workload("statefulset", 4, unavailable=2, termination=3.0), nodes=4)
    assert rolled.column("node") == [2, 3, 0, 1]
    assert rolled.column("created") == [3, 15, 30, 42]
    assert rolled.column("ready") == [15, 27, 42, 54]
    assert rolled.old("deleted") == [27, 27, 0, 0]
    assert rolled.chain(1) == [(TERMINATION, 0, 3), (CONTROLLER_PACING, 3, 15), (PULL, 15, 25), (STARTUP, 25, 27)]


def test_a_parallel_statefulset_keeps_two_under_way() -> None:
    # 5 pods, 2 may be unavailable, termination 3 s; node 3 takes 20 s to pull.
    #  0  4 and 3 go, gone and back at 3; 4 is ready at 15, 3 at 25.
    # 15  2 goes, back at 18, ready at 30.   25  1 goes, back at 28, ready at 40.   30  0 goes, back at 33, ready at 45.
    spec = workload("statefulset", 5, unavailable=2, termination=3.0, options={"parallel": True})
    rolled = Rolled(spec, nodes=5, pulls=[10.0, 10.0, 10.0, 20.0, 10.0])
    assert sorted(zip(rolled.column("node"), rolled.column("ready"), strict=True)) == [
        (0, 45), (1, 40), (2, 30), (3, 25), (4, 15),
    ]  # fmt: skip
    assert rolled.old("deleted") == [30, 25, 15, 0, 0]
    assert rolled.end == 45


def test_a_new_statefulset_is_created_one_after_the_other_from_ordinal_zero() -> None:
    # 12 s each; parallel: all at once. Its partition keeps nothing back: it has one version only.
    rolled = Rolled(workload("statefulset", 3, create=True, options={"partition": 2}), nodes=3)
    assert rolled.column("node") == [0, 1, 2]
    assert rolled.column("created") == [0, 12, 24]
    assert Rolled(workload("statefulset", 3, create=True, options={"parallel": True}), nodes=3).end == 12


def test_waves_wait_for_their_gate_and_their_pause() -> None:
    # 4 pods on 4 nodes, waves of 1 (then 10 s), of 50 % (no gate, then 5 s), the rest.
    #  0  old 0 goes, new 0 comes to node 0, which has none: ready at 12.
    # 22  2 old pods go, 2 new ones come: ready at 34. No gate: the pause runs from 22.
    # 27  the last: ready at 39.
    waves = [Wave(amount(1), pause=10.0), Wave(amount("50%"), pause=5.0, gate=False)]
    rolled = Rolled(workload("waves", 4, waves=waves, termination=3.0), nodes=4)
    assert rolled.column("node") == [0, 1, 2, 3]
    assert rolled.column("created") == rolled.old("deleted") == [0, 22, 22, 27]
    assert rolled.column("ready") == [12, 34, 34, 39]
    assert rolled.end == 39


def test_waves_of_a_daemonset_wait_for_old_pods_to_be_gone() -> None:
    # 3 nodes, a wave of 1 and the rest, termination 3 s: gone 3, ready 15; gone 18, ready 30.
    spec = workload("waves", 3, waves=[Wave(amount(1))], termination=3.0, daemonset=True)
    rolled = Rolled(spec, nodes=3)
    assert rolled.column("created") == [3, 18, 18]
    assert rolled.end == 30


def test_all_at_once_has_nothing_ready_until_the_first_new_pod_is() -> None:
    rolled = Rolled(workload("all_at_once", 3, termination=3.0), nodes=3)
    assert rolled.old("deleted") == rolled.column("created") == [0, 0, 0]
    assert rolled.end == 12
    on_nodes = Rolled(workload("all_at_once", 3, termination=3.0, daemonset=True), nodes=3)
    assert on_nodes.column("created") == [3, 3, 3]
    assert on_nodes.end == 15


def test_all_at_once_may_have_a_time_for_each_pod() -> None:
    # Old pod deleted at its time, gone 3 s later.
    spec = workload("all_at_once", 3, termination=3.0, daemonset=True, start=1.0)
    rolled = Rolled(spec, nodes=3, times=lambda number, pods: [5.0, 0.0, 2.0][:pods])
    assert sorted(zip(rolled.column("node"), rolled.column("created"), strict=True)) == [(0, 9), (1, 4), (2, 6)]


def test_several_workloads_roll_out_together_and_share_a_nodes_pull_of_the_same_image() -> None:
    # Deployments of 2 pods on 2 nodes each, surge 1, unavailable 0, of the same image; the second begins at 5.
    #  0  the first's new 0 on node 0: pulled 10, ready 12.
    #  5  the second's: node 0 has three pods in all, node 1 two: node 1; pulled 15, ready 17.
    # 12  the first's old pod of node 0 goes; its next comes to node 1 and waits for the pull there: 15, ready 17.
    # 17  both: the old pods of node 1 go. The second's next comes to node 0, which has the image: ready 19.
    first = workload("rolling", 2, surge=1, unavailable=0, name="first")
    second = workload("rolling", 2, surge=1, unavailable=0, name="second", start=5.0)
    rolled = Rolled([first, second], nodes=2)
    rows = zip(rolled.column("workload"), rolled.column("node"), rolled.column("ready"), strict=True)
    assert list(rows) == [(0, 0, 12), (1, 1, 17), (0, 1, 17), (1, 0, 19)]
    assert rolled.end == 19


def test_a_crash_undoes_readiness_and_the_pod_starts_again_when_its_node_is_back() -> None:
    # DaemonSet on 2 nodes, 1 unavailable, no termination. Node 0: created 0, pulled 10, ready 12. Then node 1.
    # 15  node 0 goes down: its new pod is not ready. Node 1 pulls since 12, ready at 24.
    # 40  node 0 is back and has its image: ready at 42.
    rolled = Rolled(workload("daemonset", 2), nodes=2, crashes=[(0, 15.0, 40.0)])
    assert rolled.column("ready") == [42, 24]
    assert rolled.end == 42
    assert rolled.chain(0) == [(PULL, 0, 10), (STARTUP, 10, 12), (NODE_DOWN, 12, 40), (STARTUP, 40, 42)]


def test_a_crash_during_a_pull_fails_it() -> None:
    # Node 0 is down from 4 to 20; the stub forgets what it had: pulled again by 30, ready at 32.
    rolled = Rolled(workload("daemonset", 1), nodes=1, crashes=[(0, 4.0, 20.0)])
    assert rolled.chain(0) == [(FAILED_PULL, 0, 4), (NODE_DOWN, 4, 20), (PULL, 20, 30), (STARTUP, 30, 32)]


def test_a_dead_node_blocks_a_daemonset_that_may_miss_one() -> None:
    # Node 2 never comes back: it is the one that may be unavailable. Its old pod is deleted at once, and never gone.
    rolled = Rolled(workload("daemonset", 3, start=5.0), nodes=3, crashes=[(2, 1.0, None)])
    assert rolled.old("deleted")[2] == 5
    assert rolled.column("ready") == []
    assert rolled.missing == (
        "workload 'app': 0 of 3 pods of the new version are available: 3 not created, "
        "2 of the old version still serving; it waits for the pod on node 'n2' (its node is down), "
        "since max_unavailable is 1",
    )
    # With two, the others go one by one: 5, 17, 29.
    rolled = Rolled(workload("daemonset", 3, unavailable=2, start=5.0), nodes=3, crashes=[(2, 1.0, None)])
    assert rolled.column("ready") == [17, 29]
    assert rolled.missing == (
        "workload 'app': 2 of 3 pods of the new version are available: 1 not created; "
        "it waits for the pod on node 'n2' (its node is down)",
    )


def test_an_unfinished_daemonset_says_which_pods_its_next_step_waits_for() -> None:
    # 6 nodes, of which 4 are down before the start: node 0 is the fifth that may be without a pod.
    crashes = [(node, 1.0, None) for node in (2, 3, 4, 5)]
    rolled = Rolled(workload("daemonset", 6, unavailable=5, start=5.0), nodes=6, crashes=crashes, until=6.0)
    assert rolled.missing == (
        "workload 'app': 0 of 6 pods of the new version are available: 1 pulling, 5 not created, "
        "1 of the old version still serving; it waits for the pod on node 'n0' (it waits for its pull), "
        "the pod on node 'n2' (its node is down), the pod on node 'n3' (its node is down) and 2 more, "
        "since max_unavailable is 5",
    )
    # The surge of one comes on node 0, which goes down.
    surging = workload("daemonset", 3, surge=1, unavailable=0, start=5.0)
    rolled = Rolled(surging, nodes=3, crashes=[(0, 6.0, None)], until=100.0)
    assert rolled.missing == (
        "workload 'app': 0 of 3 pods of the new version are available: 1 on a node that is down, 2 not created, "
        "2 of the old version still serving; it waits for the pod on node 'n0' (its node is down), "
        "since max_surge is 1",
    )
    # One call passes at once, the next after 100 s.
    limit = ApiCalls(0.01, 1)
    rolled = Rolled(workload("daemonset", 3, create=True), nodes=3, limit=limit, until=50.0)
    assert rolled.missing == (
        "workload 'app': 1 of 3 pods of the new version are available: 2 not created; "
        "it waits for the API server to answer its calls",
    )


def test_an_unfinished_statefulset_says_which_pod_the_next_waits_for() -> None:
    # Node 1 goes down at 1, before the start at 5: nothing is deleted, for pod 1 is not available.
    rolled = Rolled(workload("statefulset", 3, start=5.0), nodes=3, crashes=[(1, 1.0, None)])
    assert all(isnan(time) for time in rolled.old("deleted"))
    assert rolled.missing == (
        "workload 'app': 0 of 3 pods of the new version are available: 3 not created, "
        "2 of the old version still serving; it waits for pod 1 on node 'n1' (its node is down), "
        "since the next has its turn when all before it are available",
    )
    # Pod 2 is deleted at 5, back at 20; pod 1 is deleted then, and its node goes down at 21, before it is gone.
    spec = workload("statefulset", 3, start=5.0, termination=3.0)
    rolled = Rolled(spec, nodes=3, crashes=[(1, 21.0, None)])
    assert rolled.missing == (
        "workload 'app': 1 of 3 pods of the new version are available: 2 not created, "
        "1 of the old version still serving; it waits for pod 1 on node 'n1' (its node is down), "
        "since the next has its turn when all before it are available",
    )
    parallel = workload("statefulset", 3, start=5.0, termination=3.0, options={"parallel": True})
    rolled = Rolled(parallel, nodes=3, until=7.0)
    assert rolled.missing == (
        "workload 'app': 0 of 3 pods of the new version are available: 3 not created, "
        "2 of the old version still serving; it waits for pod 2 on node 'n2' (it is terminating), "
        "since max_unavailable is 1",
    )


def test_a_deployment_waits_for_no_pod_that_is_not_told_of_already() -> None:
    spec = workload("rolling", 3, surge=1, unavailable=0)
    assert Rolled(spec, nodes=3, until=5.0).missing == (
        "workload 'app': 0 of 3 pods of the new version are available: 1 pulling, 2 not created, "
        "3 of the old version still serving",
    )


def test_an_old_pod_that_is_not_ready_goes_first() -> None:
    # 3 pods, S = 0, U = 1; node 2 goes down before the start: its old pod goes, the new one comes elsewhere (node 0).
    spec = workload("rolling", 3, surge=0, unavailable=1, start=5.0)
    rolled = Rolled(spec, nodes=3, crashes=[(2, 1.0, None)])
    assert rolled.old("deleted")[2] == 5
    assert rolled.column("node")[0] == 0


def test_pods_of_a_node_that_stays_away_are_evicted_after_350_seconds() -> None:
    # A new Deployment of 2 pods on 2 nodes: ready at 12. Node 1 goes down at 5: its pod is deleted at 355, the next one
    # is created on node 0, which has the image: ready at 357. The old end of 12 had not been reached.
    rolled = Rolled(workload("rolling", 2, create=True), nodes=2, crashes=[(1, 5.0, None)])
    assert rolled.column("deleted")[1] == 355
    assert rolled.column("node") == [0, 1, 0]
    assert rolled.column("ready")[2] == rolled.end == 357
    # The pods of a StatefulSet wait for their node.
    stuck = Rolled(workload("statefulset", 2, create=True), nodes=2, crashes=[(1, 15.0, None)])
    assert stuck.missing == ("workload 'app': 1 of 2 pods of the new version are available: 1 on a node that is down",)


def test_the_progress_deadline_is_reported_and_stops_nothing() -> None:
    # Pulls take 1000 s, the deadline is 600 s (its own text). Progress at 0 (created, deleted) and at 1002.
    # 600: exceeded. At 1002 progress: 2 pods; S = 0, U = 1: the next pull ends at 2004; 1602: exceeded again.
    spec = workload("rolling", 2, options={"progress_deadline": 600.0})
    rolled = Rolled(spec, nodes=2, pulls=1000.0)
    text = "progress deadline exceeded: no progress for 10m, {} of 2 pods of the new version are available"
    assert rolled.ledger.conditions == [(600, "app", text.format(0)), (1602, "app", text.format(1))]
    assert rolled.end == 2004


def test_progress_puts_the_deadline_off() -> None:
    # Each pod takes 12 s, one after the other: with a deadline of 13 s nothing is exceeded, with 11 s each of them.
    spec = workload("rolling", 4, options={"progress_deadline": 13.0})
    assert Rolled(spec, nodes=4).ledger.conditions == []
    spec = workload("rolling", 4, options={"progress_deadline": 11.0})
    assert [time for time, _, _ in Rolled(spec, nodes=4).ledger.conditions] == [11, 23, 35, 47]


@pytest.mark.parametrize("start", [0.0, 1e9])
def test_the_clock_may_stand_anywhere(start: float) -> None:
    # As above; at 1e9 s a float still tells 1e-7 s apart.
    spec = workload("daemonset", 4, unavailable=2, termination=3.0, start=start)
    rolled = Rolled(spec, nodes=4)
    assert [time - start for time in rolled.column("ready")] == [15, 15, 30, 30]
    assert rolled.chain(0)[0] == (TERMINATION, start, start + 3)


def test_what_happens_at_one_instant_is_one_decision() -> None:
    # 40 pods become ready at 12, node k's after k more events of that very instant: the controller looks once, and
    # deletes 40 pods, which are gone at once, and creates 40. It looks once more since it did so.
    spec = workload("daemonset", 80, unavailable=40, startup=0.0)
    rolled = Rolled(spec, nodes=80, pulls=12.0, until=11.0, hops=True)
    controller = rolled.rollout.controllers[0]
    look = controller.reconcile
    looks: list[tuple[float, int, int]] = []

    def counting(trigger: int) -> None:
        look(trigger)
        looks.append((rolled.env.now, rolled.pods.new_available, rolled.pods.new_pods))

    controller.reconcile = counting  # type: ignore[method-assign]
    while rolled.network.peek() <= 12.0:
        rolled.network.run(most=1)
    assert looks == [(12, 40, 80), (12, 40, 80)]
    assert rolled.column("created").count(12.0) == 40


def test_an_unfinished_step_has_no_end() -> None:
    rolled = Rolled(workload("rolling", 1, surge=1, unavailable=0), nodes=1, until=5.0)
    ((cause, started, ended),) = rolled.chain(0)
    assert (cause, started) == (PULL, 0)
    assert isnan(ended)


# The same through the whole simulation: 100 MB at 10 MB/s a connection are 10 s; everything else takes no time.
QUIET = (
    "nic: unlimited, disk: unlimited, unpack: unlimited, resolve_round_trips: 0, resolve_time: 0 s, "
    "layer_round_trips: 0, layer_time: 0 s, finish_time: 0 s, stagger: 0 s"
)


def simulated(pods: int, spec: str, rollout: str) -> CaseRecords:
    """The records of a workload `app` on as many nodes as it has pods."""
    text = (
        f"rolloutsim: 1\nnodes: {{node: {{count: {pods}, {QUIET}}}}}\n"
        "network: {efficiency: 100%, latency: 0 s}\n"
        "registry: {uplink: 1 GB/s, ttfb: 0 s, connection_cap: 10 MB/s}\n"
        "images: {app: 100 MB}\n"
        f"workloads: {{app: {{images: [app], pull_policy: if_not_present, {spec}}}}}\n"
        f"rollout: {{startup: 2 s, termination: 3 s, {rollout}}}\n"
    )
    (case,) = simulate(loads(text).resolve()).cases
    assert case.finished
    return case


def times(column: Any) -> list[float]:
    """Rounded: bytes over a rate are exact to about 1e-15 of the time."""
    return [round(time, 9) for time in column.tolist()]


def test_a_simulated_deployment_keeps_the_times_worked_out_above() -> None:
    case = simulated(4, "replicas: 4", "max_surge: 25%, max_unavailable: 25%, step_overhead: 1 s")
    assert times(case.pods.created) == [0, 0, 13, 13]
    assert times(case.pods.asked) == [1, 1, 14, 14]
    assert times(case.pods.started) == [11, 11, 24, 24]
    assert times(case.pods.ready) == [13, 13, 26, 26]
    assert times(case.orchestration.old_pods.deleted) == [0, 13, 13, 26]
    assert case.pods.node.tolist() == case.pulls.node.tolist() == [0, 1, 2, 3]


def test_a_simulated_daemonset_keeps_the_times_worked_out_above() -> None:
    # Two of four may be unavailable, 1 s overhead: gone 3, asked 4, pulled 14, ready 16; gone 19, ..., ready 32.
    case = simulated(4, "daemonset: true", "strategy: daemonset, max_unavailable: 50%, step_overhead: 1 s")
    assert times(case.pods.created) == [3, 3, 19, 19]
    assert times(case.pods.ready) == [16, 16, 32, 32]


def test_a_simulated_statefulset_keeps_the_times_worked_out_above() -> None:
    case = simulated(4, "replicas: 4", "strategy: statefulset, partition: 1, min_ready: 1 s, step_overhead: 0 s")
    assert case.pods.node.tolist() == [3, 2, 1]
    assert times(case.pods.created) == [3, 19, 35]
    assert times(case.pods.available) == [16, 32, 48]


def test_a_pod_waits_for_the_node_on_which_the_one_before_it_cannot_end() -> None:
    # 2 nodes, termination 5 s, pulls 10 s, start-up 2 s. Old 0 goes at 0, new 0 on node 0: 5, pulled 15, ready 17. Old
    # 1 goes at 17, its node is away from 19 to 50 s and it is gone then; new 1: pulled 60, ready 62.
    rolled = Rolled(workload("daemonset", 2, termination=5.0), nodes=2, crashes=[(1, 19.0, 50.0)])
    assert rolled.column("ready") == [17, 62]
    assert rolled.chain(1) == [
        (CONTROLLER_PACING, 0, 17), (TERMINATION, 17, 19), (NODE_DOWN, 19, 50), (PULL, 50, 60), (STARTUP, 60, 62),
    ]  # fmt: skip


def test_a_pull_that_takes_longer_than_the_progress_deadline_is_no_progress() -> None:
    # Kubernetes' 600 s by default: 12 GB over 100 Mbit/s take 960 s and more, and nothing moves but bytes.
    scenario = loads("""
        rolloutsim: 1
        nodes: 1
        network: 100 Mbit/s
        images: {app: 12 GB}
        workloads: {app: {images: app, replicas: 1}}
    """).resolve()
    (case,) = simulate(scenario, alone=False).cases
    assert case.finished
    assert [(time, name) for time, name, _ in case.orchestration.conditions] == [(600.0, "app")]
