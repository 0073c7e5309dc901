"""Pulls and re-checks: which calls of kubelets bring an image, whose they are, and that all figures count the same."""

from __future__ import annotations

import json
from math import nan

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.facts.calls import brings, workload_of_pull
from rolloutsim.results.metrics import counted_pulls, pull_times, summarise
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.findings import findings
from rolloutsim.results.shown.tables import case_rows
from tests.results.by_hand import Story, image, run
from tests.results.rollout_by_hand import Rollout, workload

FOUR_PODS_A_NODE = (
    "rolloutsim: 1\nnodes: {node: {count: 40, stagger: 0 s}}\nnetwork: 1 Gbit/s\nimages: {api: 90 MB}\n"
    "workloads: {api: {images: [api], replicas: 160}}\n"
)
PRE_PULLED = (
    "rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {'api:latest': 200 MB}\n"
    "workloads:\n  pre-pull: {images: ['api:latest'], daemonset: true}\n"
    "  api: {images: ['api:latest'], replicas: 40, start: 1h}\n"
)


@pytest.mark.parametrize("policy", ["always", "if_not_present"])
@pytest.mark.parametrize("serial", [True, False])
def test_each_of_40_nodes_pulls_an_image_once_however_many_pods_ask(policy: str, serial: bool) -> None:
    text = FOUR_PODS_A_NODE.replace("replicas: 160", f"replicas: 160, pull_policy: {policy}")
    result = rs.loads(text).with_({"nodes": {"node": {"count": 40, "serialize_image_pulls": serial}}}).run()
    (case,) = result.run.cases
    assert case.finished
    summary = result.outcome.first.cases["all"]
    assert summary.rollout is not None
    (api,), (registry,) = summary.rollout.workloads, summary.rollout.registries
    assert summary.pulls == api.pulls == registry.pulls == 40
    assert summary.rechecks == api.rechecks == registry.rechecks == len(case.pulls.asked) - 40
    assert summary.bytes_on_wire == api.bytes_on_wire == 40 * 90e6
    # Statistics are over these 40, not over calls that found the image on their node.
    fetched = np.unique(case.fetches.pull)
    times = pull_times(case)[fetched]
    assert summary.pull_time_s is not None
    assert api.pull_time_s == summary.pull_time_s
    assert summary.pull_time_s.p50 == pytest.approx(np.quantile(times, 0.5, method="inverted_cdf"))
    assert summary.pull_time_s.mean == pytest.approx(times.mean())
    assert counted_pulls(case).sum() == 40
    # One denominator in figure and sentence: six requests before the layer and one for it; re-checks' are apart.
    again = int(case.pulls.requests.sum()) - 6 * 40
    assert registry.requests_per_pull == 7.0 == (registry.requests - again) / 40
    assert case_rows(result.outcome).cells()[0][5] == "40"
    (sentence,) = (one.text for one in findings(result.outcome.first) if one.topic == "Requests")
    assert f"{registry.requests_per_pull:.3g}" in sentence.replace(".0 a", " a")
    assert (" for 40 pulls and " in sentence) == (summary.rechecks > 0)


def test_a_deployment_whose_image_a_daemonset_pulled_before_fetches_no_byte() -> None:
    result = rs.loads(PRE_PULLED).run()
    rollout = result.outcome.first.cases["all"].rollout
    assert rollout is not None
    before, api = rollout.workloads
    assert (before.bytes_on_wire, before.pulls, before.rechecks) == (20 * 200e6, 20, 0)
    assert (api.bytes_on_wire, api.pulls, api.pull_time_s) == (0.0, 0, None)
    assert api.rechecks == len(result.run.cases[0].pulls.asked) - 20
    assert sum(one.bytes_on_wire for one in rollout.workloads) == result.outcome.first.cases["all"].bytes_on_wire
    rows = [row[5:9] for row in case_rows(result.outcome).cells()]
    assert rows[1] == ("0", "0 B", "–", "–")
    told = json.loads(result.to_json())["cases"][0]
    assert told["workloads"][1]["bytes_on_wire"] == 0
    assert sum(row["recheck"] for row in told["pulls"]) == api.rechecks


def test_bytes_stand_in_the_row_of_the_workload_whose_pod_called_first() -> None:
    # Both start together; whoever asks first on a node fetches, and no byte counts twice.
    text = PRE_PULLED.replace(", start: 1h", "")
    rollout = rs.loads(text).run().outcome.first.cases["all"].rollout
    assert rollout is not None
    assert sum(one.bytes_on_wire for one in rollout.workloads) == 20 * 200e6
    assert sum(one.pulls for one in rollout.workloads) == 20
    assert all(one.pulls > 0 for one in rollout.workloads)


def story(*workloads: str) -> Story:
    """Workloads with the same image, and two nodes."""
    rollout = Rollout(tuple(workload(name=name) for name in workloads or ("api",)))
    return Story((image("a", 4e6),), nodes=2, rollout=rollout)


def test_of_a_pull_that_failed_the_next_attempt_brings_the_image() -> None:
    told = story()
    told.fail(told.pull(0.0, nan, nan), 1.0, "503 Service Unavailable")
    told.fetch(told.pull(10.0, 10.0, 14.0), "a-0", 10.0, 10.0, 14.0)
    told.pull(20.0, 20.5, 20.5)
    case = told.case()
    assert brings(case).tolist() == [True, True, False]
    assert counted_pulls(case).tolist() == [False, True, False]


def test_an_image_whose_layers_are_all_there_is_brought_by_the_first_call() -> None:
    told = story()
    told.pull(5.0, 5.5, 5.5)
    told.pull(0.0, 0.5, 0.5)
    told.pull(0.0, 0.5, 0.5, node=1)
    assert brings(told.case()).tolist() == [False, True, True]


def test_an_image_that_was_removed_and_comes_again_is_two_pulls() -> None:
    told = story()
    for begin in (0.0, 100.0):
        told.fetch(told.pull(begin, begin, begin + 4.0), "a-0", begin, begin, begin + 4.0)
    assert brings(told.case()).tolist() == [True, True]


def test_an_attempt_that_failed_is_that_of_the_pod_that_it_kept_busy() -> None:
    told = story("first", "second")
    assert told.rollout is not None
    told.fail(told.pull(3.0, nan, nan, node=1), 4.0, "503 Service Unavailable")
    told.fetch(told.pull(14.0, 14.0, 18.0, node=1), "a-0", 14.0, 14.0, 18.0)
    pod = told.rollout.pod(19.0, node=1, pull=1, of=1)
    told.rollout.steps(pod, ("controller_pacing", 3.0), ("failed_pull", 4.0), ("backoff", 14.0), ("pull", 18.0, 1))
    assert workload_of_pull(told.case()).tolist() == [1, 1]
    assert summarise(run(told.case())).cases["all"].rollout is not None


def test_bare_pulls_are_nobodys() -> None:
    told = Story((image("a", 4.0),))
    told.fetch(told.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    assert workload_of_pull(told.case()).tolist() == [-1]
    assert summarise(run(told.case())).cases["all"].rechecks == 0
    assert Outcome(run(told.case())).first.cases["all"].pulls == 1
