"""Clients outside Kubernetes: after their runtime's own attempts they fail and stay failed, unless told to go on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

import rolloutsim
from rolloutsim.errors import ScenarioError
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

LIMITED = """\
rolloutsim: 1
seed: {seed}
nodes: {{ci: {{count: 30, nic: 1 Gbit/s{node}}}}}
registry: {{uplink: 10 Gbit/s, rate_limit: {{rate: 1000/min, burst: {burst}}}}}
images: {{"app:1": {{layers: [30 MB, 20 MB, 10 MB, 1 MB, 1 MB]}}}}
"""
# Down until 100 s; containerd makes 5 attempts 50 ms apart: a pull fails 0.2 s after it began.
DOWN = """\
rolloutsim: 1
model: ideal
seed: {seed}
nodes: {{ci: {{count: 1{retry}}}}}
network: 100 MB/s
images: {{"app:1": 100 MB}}
failures: {{down: {{registry: registry, at: 0 s, back_after: 100 s}}}}
"""


def only(text: str) -> CaseRecords:
    (case,) = simulate(loads(text).resolve(), alone=False).cases
    return case


@pytest.mark.parametrize("burst", [100, 200])
def test_clients_that_a_limit_refuses_fail_and_the_result_says_how_many(burst: int) -> None:
    """Oracle: docker pull and ctr end with an error; 330 requests are needed, and only the burst is there at once."""
    result = rolloutsim.loads(LIMITED.format(seed=1, node="", burst=burst)).run()
    (case,) = result.run.cases
    failed = int(np.isnan(case.pods.ready).sum())
    assert 0 < failed <= 30
    assert not case.finished
    assert case.end < 10.0
    assert len(case.pulls.node) == 30
    words = f"{failed} of 30 pulls of app:1 by 'ci' failed for good"
    assert case.stuck[0].startswith(words)
    assert words in result.why()
    (shown,) = json.loads(result.to_json())["cases"]
    assert shown["finished"] is False
    assert shown["failed_pulls"] == len(shown["unfinished_pods"]) == failed


def test_what_a_client_lacks_after_the_others_were_served_ends_the_case() -> None:
    """Oracle: nothing but the failed pulls is left when the last of the others is there, though faults would go on."""
    text = (
        LIMITED.format(seed=1, node=", start: {min: 0 s, max: 10 s}", burst=60)
        + 'failures: {blip: {link: registry.uplink, rate: "1/5s"}}\n'
    )
    text = text.replace('rate: "1/5s"', 'rate: "1/5s", back_after: 1 s, capacity: 50%')
    case = only(text)
    ready = case.pods.ready[~np.isnan(case.pods.ready)]
    assert 0 < len(ready) < 30
    assert case.end == max(ready.max(), np.nanmax(case.pulls.failed))


@pytest.mark.parametrize(
    ("retry", "asked", "ready"),
    [
        ("", [0.0], np.nan),
        (", retry: {times: 2, after: 30 s}", [0.0, 30.2, 60.4], np.nan),
        (", retry: {times: 4, after: 30 s}", [0.0, 30.2, 60.4, 90.6, 120.8], 121.8),
        (", retry: {times: 3, after: 20 s, growth: 2}", [0.0, 20.2, 60.4, 140.6], 141.6),
    ],
)
def test_a_client_pulls_again_as_often_as_it_is_told(retry: str, asked: list[float], ready: float) -> None:
    case = only(DOWN.format(seed=1, retry=retry))
    assert_allclose(case.pulls.asked, asked, rtol=0, atol=1e-9)
    assert_allclose(case.pods.ready, [ready], rtol=0, atol=1e-9)


def test_the_waits_of_clients_with_jitter_are_lengthened_by_up_to_its_share() -> None:
    text = DOWN.replace("100 s", "10 s")
    retry = ", retry: {times: 2, after: 10 s, jitter: 50%}"
    asked = np.array([only(text.format(seed=seed, retry=retry)).pulls.asked[1] for seed in range(20)])
    assert ((asked >= 10.2) & (asked < 15.2)).all()
    assert len(set(asked.tolist())) == 20


def test_pods_are_told_apart_from_clients() -> None:
    text = LIMITED.format(seed=1, node=", retry: {times: 3}", burst=100)
    text += 'workloads: {app: {images: "app:1", daemonset: true, create: true}}\n'
    with pytest.raises(ScenarioError) as found:
        loads(text).resolve()
    assert (
        "nodes.ci.retry has 'times', which is of clients outside Kubernetes; the pulls of pods are tried again by "
        "their kubelet, as long as it takes: see image_backoff"
    ) in str(found.value)
