"""Every second of every pod has exactly one cause, whatever goes wrong: random rollouts, simulated."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.metrics import rollout_time, summarise
from rolloutsim.results.pods.replicas import ready_replicas
from rolloutsim.results.time.split import path_times
from rolloutsim.results.time.steps import is_ready, pod_times
from rolloutsim.results.why.critical import last_path, turns
from rolloutsim.scenario import Scenario
from rolloutsim.simulation import simulate

ROLLOUTS: list[dict[str, Any]] = [
    {"strategy": "rolling"},
    {"strategy": "rolling", "max_surge": 0, "max_unavailable": 1, "min_ready": "3 s"},
    {"strategy": "rolling", "max_surge": 2, "max_unavailable": 0, "progress_deadline": "30 s"},
    {"strategy": "statefulset", "min_ready": "2 s"},
    {"strategy": "waves", "waves": [1, {"size": "50%", "pause": "5 s"}]},
    {"strategy": "all_at_once"},
]
FAILURES: dict[str, dict[str, Any]] = {
    "hub": {"registry": "registry", "at": "4 s", "back_after": "20 s"},
    "slow": {"link": "registry.uplink", "at": "2 s", "back_after": "30 s", "capacity": "10%"},
    "crash": {"node": "web-001", "at": "6 s", "back_after": "25 s"},
    "flaky": {"registry": "registry", "at": "0 s", "back_after": "60 s", "flaky": "20%"},
    "blink": {"registry": "registry", "at": "2 s", "back_after": "2 s"},
}


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Two workloads with several images on a few nodes, with or without failures, kubelets of all kinds."""
    node: dict[str, Any] = {
        "count": draw(st.integers(2, 4)),
        "runtime": draw(st.sampled_from(["containerd", "containerd-1", "dockerd", "cri-o"])),
        "serialize_image_pulls": draw(st.booleans()),
        "registry_pull_qps": draw(st.sampled_from([0, 0.1, 5])),
        "registry_burst": draw(st.sampled_from([1, 10])),
        "disk": draw(st.sampled_from(["200 MB/s", {"rate": "200 MB/s", "capacity": "10 GB", "used": "9 GB"}])),
    }
    registry: dict[str, Any] = {"uplink": "1 Gbit/s"}
    if draw(st.booleans()):
        registry["rate_limit"] = {"rate": "60/min", "burst": 8}
    if draw(st.booleans()):
        registry["max_connections"] = draw(st.sampled_from([1, 2]))
    if node["runtime"] == "containerd" and draw(st.booleans()):
        node["layer_fetch_buffer"] = "8 MB"
    rollout = draw(st.sampled_from(ROLLOUTS))
    failures = draw(st.lists(st.sampled_from(sorted(FAILURES)), max_size=2, unique=True))
    document = {
        "rolloutsim": 1,
        "name": "random",
        "nodes": {"web": node},
        "network": "1 Gbit/s",
        "registries": {"registry": registry},
        "images": {"base": "40 MB", "app": {"base": "base", "layers": ["30 MB", "5 MB"]}, "agent": "10 MB"},
        "workloads": {
            "app": {"images": draw(st.sampled_from([["app"], ["app", "agent"]])), "replicas": draw(st.integers(1, 6)),
                    "start": draw(st.sampled_from(["0 s", "3 s"])), "rollout": rollout},
            "agent": {"images": ["agent", "base"], "daemonset": True, "create": draw(st.booleans())},
        },
        "rollout": {"startup": {"min": "1 s", "max": "4 s"}, "termination": draw(st.sampled_from(["0 s", "3 s"])),
                    "horizon": "20m"},
        "failures": {name: FAILURES[name] for name in failures},
    }  # fmt: skip
    return Scenario(**document)


def check_split(case: CaseRecords) -> None:
    """Causes add up to the time from each workload's start, and along the last pod's way to the rollout time."""
    times = pod_times(case)
    starts = np.array([workload.start for workload in case.orchestration.workloads])
    ready = is_ready(case)
    whole = np.where(ready, case.pods.ready - starts[case.pods.workload], 0.0)
    np.testing.assert_allclose(times.by_owner().sum(axis=1), whole, rtol=1e-9, atol=1e-9)
    assert (times.seconds > -1e-9).all()
    path = path_times(case)
    startup = path.by_owner().sum(axis=1)
    done = ~np.isnan(case.pulls.pulled)
    np.testing.assert_allclose(startup[done], (case.pulls.pulled - case.pulls.asked)[done], rtol=1e-9, atol=1e-9)
    found = last_path(case)
    if case.finished:
        assert abs(sum(seconds for _, seconds in found) - (rollout_time(case) or 0.0)) < 1e-9
    else:
        assert found == ()
    check_turns(case, dict(found))


def check_turns(case: CaseRecords, path: dict[str, float]) -> None:
    """Turns follow one another without gaps, and each is what it consists of; together they are the last pod's way."""
    found = turns(case)
    assert bool(found) == case.finished
    sums: dict[str, float] = {}
    for before, turn in pairwise((None, *found)):
        if before is not None and turn is not None:
            assert turn.began == before.ended
        assert turn is not None
        assert turn.ended >= turn.began
        assert abs(sum(turn.causes.values()) - (turn.ended - turn.began)) < 1e-9
        for cause, seconds in turn.causes.items():
            sums[cause] = sums.get(cause, 0.0) + seconds
    # What comes before the first one is the time at which its workload begins.
    start = found[0].began if found else 0.0
    assert start in {0.0, *(workload.start for workload in case.orchestration.workloads)}
    for cause, seconds in path.items():
        assert abs(sums.get(cause, 0.0) + (start if cause == "schedule" else 0.0) - seconds) < 1e-9


def check_figures(run: Run, case: CaseRecords) -> None:
    """The other figures agree with the records that they are made from."""
    figures = summarise(run).cases[case.name]
    assert figures.rollout is not None
    for number, workload in enumerate(figures.rollout.workloads):
        times, old, new = ready_replicas(case, workload.workload)
        assert (np.diff(times) > 0.0).all()
        assert (old >= 0).all()
        assert (new >= 0).all()
        own = case.pods.workload == number
        assert new[-1] == workload.ready_pods == np.count_nonzero(own & is_ready(case))
        # Neither what fails nor a node with a full disk asks a controller before it takes a pod away.
        taken = len(case.orchestration.faults.name) + int(case.orchestration.pressures.evicted.sum())
        if workload.floor is not None and not taken:
            assert (workload.below_floor_s, workload.least_ready >= workload.floor) == (0.0, True)
    refused = sum(sum(registry.refused.values()) for registry in figures.rollout.registries)
    assert refused == case.orchestration.refusals.count.sum()
    for registry in figures.rollout.registries:
        assert 0 <= registry.retries <= sum(registry.refused.values()) <= registry.requests
        assert 0 < registry.peak_requests_per_s <= registry.requests
    assert figures.rollout.failed_pulls == np.count_nonzero(~np.isnan(case.pulls.failed))
    assert 0.0 <= figures.rollout.bytes_again <= figures.bytes_on_wire
    assert bool(figures.rollout.unfinished_pods) <= (not case.finished)


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_the_causes_of_each_pod_add_up_to_its_time_and_figures_to_the_records(scenario: Scenario) -> None:
    run = simulate(scenario.resolve())
    (case,) = run.cases
    check_split(case)
    check_figures(run, case)
