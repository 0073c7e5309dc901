"""Each image of each pod is a call of PullImage: what that costs the kubelet and the registry, and what is fetched."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import summarise
from rolloutsim.scenario import loads
from rolloutsim.scenario.causes import QPS
from rolloutsim.simulation import simulate

PODS = """\
rolloutsim: 1
seed: {seed}
nodes: {{node: {{count: 1, nic: 1 Gbit/s{node}}}}}
registry: {{uplink: 10 Gbit/s, rate_limit: {{rate: 1000000/s, burst: 1000000}}}}
controller_manager: unlimited
images: {{"app:1": {{layers: [30 MB, 20 MB]}}}}
workloads: {{app: {{images: "app:1", replicas: 30, create: true, pull_policy: {policy}}}}}
"""
PARALLEL = ", serialize_image_pulls: false"


def only(node: str, policy: str, seed: int = 1) -> CaseRecords:
    (case,) = simulate(loads(PODS.format(node=node, policy=policy, seed=seed)).resolve(), alone=False).cases
    return case


@pytest.mark.parametrize("seed", range(5))
def test_thirty_pods_that_always_pull_are_thirty_calls_of_which_twenty_are_refused_at_first(seed: int) -> None:
    """Oracle: a burst of 10 of the kubelet's token bucket; kubelet images/helpers.go asks it for each call."""
    case = only(PARALLEL, "always", seed)
    assert case.finished
    assert len(case.pulls.node) == 30
    assert (case.pulls.asked == case.pulls.asked.min()).sum() == 10
    steps = case.orchestration.steps
    first = steps.started[steps.cause == QPS.number] == case.pulls.asked.min()
    assert first.sum() == 20
    # The layers come once; each call asks the registry.
    assert case.fetches.bytes_done.sum() == pytest.approx(50e6)
    assert len(case.fetches.pull) == 2
    assert (case.pulls.requests > 0).all()


@pytest.mark.parametrize(("policy", "calls"), [("always", 30), ("if_not_present", 30)])
def test_pods_that_ask_before_the_image_is_there_each_take_their_turn_in_a_serial_queue(
    policy: str, calls: int
) -> None:
    """Oracle: image_manager.go looks whether an image is there before it queues the call, and not again after."""
    case = only(", registry_pull_qps: 0", policy)
    assert len(case.pulls.node) == calls
    assert (np.diff(np.sort(case.pulls.asked)) > 0.0).all()
    assert len(case.fetches.pull) == 2


def test_cri_o_pulls_once_for_all_who_ask_at_the_same_time() -> None:
    """Oracle: cri-o server/image_pull.go: whoever asks for an image that is under way waits for that pull."""
    case = only(PARALLEL + ", registry_pull_qps: 0, runtime: cri-o", "always")
    assert len(case.pulls.node) == 1
    assert len(np.unique(case.pods.ready)) == 1


def test_percentiles_are_of_the_pulls_that_brought_an_image() -> None:
    """Oracle: the first of 30 pulls brings both layers, the others only ask whether they are there."""
    result = simulate(loads(PODS.format(node=", registry_pull_qps: 0", policy="always", seed=1)).resolve())
    (case,), (summary,) = result.cases, summarise(result).cases.values()
    first = float(case.pulls.pulled[0] - case.pulls.asked[0])
    assert summary.pull_time_s is not None
    assert summary.pull_time_s.p50 == summary.pull_time_s.p95 == first
    assert (summary.pulls, summary.rechecks) == (1, 29)
