"""Nodes that join during a rollout: they pull, and run pods, from the time when they are provisioned."""

from __future__ import annotations

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.caveats import caveats
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import summarise
from rolloutsim.results.time.steps import time_split
from rolloutsim.results.why.critical import last_path

# Each node's pull takes 4 s: 40 MB at 10 MB/s; the way out of the registry is wide.
SCENARIO = """
rolloutsim: 1
model: ideal
nodes: {{old: 4, new: {{count: 3, join: {{at: 20 s, every: 10 s, provision: 30 s}}}}}}
network: 80 Mbit/s
registry: 10 Gbit/s
images: {{app: 40 MB}}
{more}
"""
JOINS = [50.0, 60.0, 70.0]


def run(more: str) -> rs.Result:
    return rs.loads(SCENARIO.format(more=more)).run()


def case_of(result: rs.Result) -> CaseRecords:
    return result.run.cases[0]


@pytest.mark.parametrize("more", ["", "rollout: {horizon: 1h}\nfailures: {far: {registry: registry, at: 1h}}"])
def test_nodes_that_pull_on_their_own_ask_when_they_join(more: str) -> None:
    case = case_of(run(more))
    assert case.pulls.asked[np.argsort(case.pulls.node)].tolist() == [0.0] * 4 + JOINS
    assert case.end == 74.0


def test_a_daemonset_gets_a_pod_on_each_node_when_it_joins() -> None:
    # The old nodes one after another: 4, 8, 12, 16 s. The new ones have no old pod to replace.
    result = run("workloads: {agent: {images: app, daemonset: true}}")
    case = case_of(result)
    assert case.pods.created.tolist() == [0.0, 4.0, 8.0, 12.0, *JOINS]
    assert case.pods.ready.tolist() == [4.0, 8.0, 12.0, 16.0, 54.0, 64.0, 74.0]
    assert len(case.orchestration.old_pods.node) == 4
    assert time_split(case)["node_join"] == sum(JOINS)
    assert dict(last_path(case)) == pytest.approx({"node_join": 70.0, "nic": 4.0})
    # Promised is what the nodes that were there could promise: 4 - 1.
    rollout = summarise(result.run).cases["all"].rollout
    assert rollout is not None
    assert (rollout.workloads[0].floor, rollout.workloads[0].below_floor_s) == (3, 0.0)


def test_a_node_that_joins_while_old_pods_are_replaced_counts_as_unavailable() -> None:
    # At 5 s a node joins: two of five nodes lack a pod from then on until 8 s, when the second is ready, and the first
    # of the new ones at 9 s. Only then may the third old pod go.
    more = "workloads: {agent: {images: app, daemonset: true}}"
    case = case_of(rs.loads(SCENARIO.format(more=more), overrides=["nodes.new={count: 1, join: 5 s}"]).run())
    by_node = dict(zip(case.pods.node.tolist(), case.pods.created.tolist(), strict=True))
    assert by_node == {0: 0.0, 1: 4.0, 4: 5.0, 2: 9.0, 3: 13.0}


def test_a_deployments_pods_go_to_nodes_that_have_joined() -> None:
    more = "workloads: {app: {images: app, replicas: 4, create: true}}"
    case = case_of(run(more))
    assert sorted(case.pods.node.tolist()) == [0, 1, 2, 3]
    later = case_of(run(more.replace("replicas: 4", "replicas: 7, start: 80 s")))
    assert sorted(later.pods.node.tolist()) == [0, 1, 2, 3, 4, 5, 6]


def test_pods_wait_for_a_node_where_none_has_joined() -> None:
    result = rs.loads(
        SCENARIO.format(more="workloads: {app: {images: app, replicas: 1, create: true}}"),
        overrides=["nodes={new: {count: 1, join: {provision: 90 s}}}"],
    ).run()
    case = case_of(result)
    assert case.pods.ready.tolist() == [94.0]
    assert dict(last_path(case)) == pytest.approx({"node_join": 90.0, "nic": 4.0})


def test_the_time_of_a_pull_alone_does_not_count_the_wait_for_its_node() -> None:
    result = run("")
    assert summarise(result.run).cases["app"].slowdown.max == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("more", "horizon", "note"),
    [
        # They join at 50, 60 and 70 s.
        ("workloads: {app: {images: app, daemonset: true}}", "65 s",
         "1 of 3 nodes of new joins after 1m5s, when the rollout is given up (rollout.horizon), and pulls nothing."),
        ("workloads: {app: {images: app, daemonset: true}}", "55 s",
         "2 of 3 nodes of new join after 55 s, when the rollout is given up (rollout.horizon), and pull nothing."),
        ("workloads: {app: {images: app, daemonset: true}}", "24h", ""),
        ("", "55 s", ""),  # nothing is given up where nothing is tried again
    ],
)  # fmt: skip
def test_nodes_that_join_too_late_are_named(more: str, horizon: str, note: str) -> None:
    result = run(f"{more}\nrollout: {{horizon: {horizon}}}")
    assert [text for text in caveats(result.run) if "nodes of new" in text] == ([note] if note else [])


def test_nodes_that_join_when_all_is_over_are_named() -> None:
    result = run("workloads: {app: {images: app, replicas: 1}}")
    (note,) = [text for text in caveats(result.run) if "nodes of new" in text]
    assert note.startswith("3 of 3 nodes of new join after ")
    assert note.endswith(" s, when the rollout is over, and pull nothing.")
