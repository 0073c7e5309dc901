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


@pytest.mark.parametrize(
    ("runtime", "first", "again"), [("containerd", 6, 3), ("containerd-1", 6, 3), ("dockerd", 6, 5), ("cri-o", 7, 6)]
)
def test_a_call_for_an_image_that_is_there_asks_no_more_than_whether_it_is_the_newest(
    runtime: str, first: int, again: int
) -> None:
    """Oracle: containerd core/remotes/handlers.go finds manifests and config by their digests in its content store."""
    case = only(f", registry_pull_qps: 0, runtime: {runtime}", "always")
    by_turn = case.pulls.requests[np.argsort(case.pulls.asked, kind="stable")]
    assert by_turn[0] == first
    assert len(by_turn) > 20  # cri-o: those who come while it is under way share the first
    assert set(by_turn[1:].tolist()) == {again}


def test_so_it_takes_that_part_of_the_time() -> None:
    case = only(", registry_pull_qps: 0, resolve_time: 60 ms, resolve_round_trips: 0, finish_time: 0 s", "always")
    times = np.sort(case.pulls.pulled - case.pulls.asked)
    assert times[:29] == pytest.approx(np.full(29, 0.06 * 3 / 6))


@pytest.mark.parametrize(("runtime", "refused"), [("containerd", False), ("cri-o", True)])
def test_a_limit_of_pulls_counts_manifests_that_are_fetched_and_no_re_check_by_head(
    runtime: str, refused: bool
) -> None:
    """Oracle: https://docs.docker.com/docker-hub/usage/pulls/: a pull is a GET of a manifest, a HEAD is none."""
    limit = "rate_limits: {hub: {rate: 10/h, burst: 10, counts: pulls}}"
    held = f", registry_pull_qps: 0, runtime: {runtime}, cached: {{'app:1': 1}}"
    text = PODS.format(node=held, policy="always", seed=1)
    text = text.replace("rate_limit: {rate: 1000000/s, burst: 1000000}", limit).replace("replicas: 30", "replicas: 15")
    # One after another, so that none shares the call of another.
    text = text.replace("create: true", "create: true, rollout: {strategy: statefulset}")
    (case,) = simulate(loads(text).resolve(), alone=False).cases
    assert bool(np.isfinite(case.pulls.failed).any()) is refused
    assert case.finished
