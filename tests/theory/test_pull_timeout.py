"""Pulls that last too long, whether bytes come or not, against times worked out by hand."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

EXACT = {"rtol": 0.0, "atol": 1e-9}
# Ideal: bytes at 100 MB/s and nothing else takes time.
SCENE = """\
rolloutsim: 1
model: ideal
nodes: {{node: {{count: 1, pull_timeout: {timeout}{node}}}}}
network: 100 MB/s
images: {{"a:1": {{layers: {layers}}}}}
"""
PODS = 'workloads: {a: {images: "a:1", daemonset: true, create: true, rollout: all_at_once}}\n'


def only(timeout: str, layers: str, node: str = "", more: str = "") -> CaseRecords:
    (case,) = simulate(loads(SCENE.format(timeout=timeout, layers=layers, node=node) + more).resolve()).cases
    return case


def test_what_a_pod_s_cancelled_pull_had_fetched_is_there_for_the_next() -> None:
    # 1000 MB take 10 s; cancelled at 4 s with 400 MB, again at 14 + 4 s (back-off 10 s) with 800 MB; back-off 20 s: the
    # last 200 MB are there at 38 + 2 s.
    case = only("4 s", "[1000 MB]", more=PODS)
    assert_allclose(case.pulls.asked, [0.0, 14.0, 38.0], **EXACT)
    assert_allclose(case.pulls.failed[:2], [4.0, 18.0], **EXACT)
    assert_allclose(case.pods.ready, [40.0], **EXACT)
    assert case.reasons == ("not there after 4 s (pull_timeout)",)


def test_a_pull_that_is_there_in_time_is_not_cancelled() -> None:
    case = only("10.5 s", "[1000 MB]", more=PODS)
    assert_allclose(case.pods.ready, [10.0], **EXACT)
    assert len(case.pulls.node) == 1


def test_a_client_s_pull_that_lasts_too_long_has_failed() -> None:
    # OpenKruise's ImagePullJob: each attempt has its time; three more, after 1, 2 and 4 s.
    case = only("2 s", "[1000 MB]", ", retry: {times: 3, after: 1 s, growth: 2, keeps_partial: false}")
    assert_allclose(case.pulls.asked, [0.0, 3.0, 7.0, 13.0], **EXACT)
    assert_allclose(case.pulls.failed, [2.0, 5.0, 9.0, 15.0], **EXACT)
    assert np.isnan(case.pods.ready).all()
    assert case.end == 15.0
    assert not case.finished


def test_a_timeout_during_a_rate_limit_counts_the_requests_that_were_sent() -> None:
    # CRI-O asks again after 2, 4, 8 and 16 s: of its five requests three are sent within 10 s, at 0, 2 and 6 s.
    text = SCENE.format(timeout="10 s", layers="[1 MB]", node=", runtime: cri-o") + PODS
    text = text.replace("count: 1", "count: 2") + "rollout: {horizon: 12 s}\n"
    text += "registry: {rate_limit: {rate: 1/h, burst: 1}}\n"
    (case,) = simulate(loads(text).resolve()).cases
    assert int(case.orchestration.refusals.count.sum()) == 2 * 3
    assert case.orchestration.refusals.time.max() == 6.0
