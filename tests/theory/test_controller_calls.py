"""The calls of the controller manager pass a token bucket: n of them take (n - burst) / qps at least.

kube-controller-manager's defaults are 20 a second and 30 at once, for each controller by itself. Creations and
deletions of pods are calls, the events about them (25 at once about an object) and status updates come on top.
"""

from __future__ import annotations

import pytest

from rolloutsim.results.metrics import rollout_time
from rolloutsim.results.time.steps import time_split
from rolloutsim.results.why.critical import last_path
from rolloutsim.scenario import loads
from rolloutsim.scenario.causes import API_CALLS, CONTROLLER, CONTROLLER_PACING, PULL, STARTUP
from rolloutsim.scenario.orchestration import ApiCalls
from rolloutsim.simulation import simulate
from tests.rollout.stub import Rolled, workload

DEFAULT = ApiCalls(20.0, 30)
EVENTS = 25


def bound(calls: int, limit: ApiCalls = DEFAULT) -> float:
    """When the last of so many calls of a controller that was idle passes, at the earliest [s]."""
    return max(0.0, (calls - limit.burst) / limit.qps)


def deployment(manager: str = "{}") -> float:
    """When 2,000 pods on 500 nodes are all replaced, which may all be unavailable [s]."""
    scenario = loads(f"""
        rolloutsim: 1
        nodes: 500
        network: 10 Gbit/s
        registry: 100 Gbit/s
        images: {{app: 1 MB}}
        workloads: {{app: {{images: app, replicas: 2000, rollout: {{max_unavailable: 100%}}}}}}
        controller_manager: {manager}
    """).resolve()
    (case,) = simulate(scenario, alone=False).cases
    assert case.finished
    return float(max(case.pods.ready))


def test_a_deployment_of_2000_pods_replaced_at_once_takes_4000_calls() -> None:
    took = deployment()
    assert took >= bound(4000)
    # Beside them there are two objects' events, and no more than a status update for every other call.
    assert took <= bound(4000 + 2 * EVENTS) * 1.1


def test_without_a_limit_it_takes_a_few_seconds() -> None:
    assert deployment("unlimited") < 6.0
    assert deployment("{qps: 10000, burst: 10000}") < 6.0


def test_five_times_the_calls_a_second_make_it_five_times_as_fast() -> None:
    took = deployment("{qps: 100, burst: 150}")
    assert bound(4000, ApiCalls(100.0, 150)) <= took <= deployment() / 4


def test_the_last_pod_of_a_new_daemonset_on_5000_nodes_is_created_after_4970_twentieths_of_a_second() -> None:
    spec = workload("daemonset", 5000, create=True)
    rolled = Rolled(spec, nodes=5000, pulls=1.0, api_call=0.01, limit=DEFAULT)
    last = max(rolled.column("created"))
    # 20 syncs of 250 pods, each of which ends with its status and begins with a look at the answers to the one before.
    most = bound(5000 + EVENTS + 20) + 20 * 9 * 0.01
    assert bound(5000) <= last <= most
    assert max(Rolled(spec, nodes=5000, pulls=1.0, api_call=0.01).column("created")) < 2.0


def test_a_daemonset_that_is_replaced_at_once_takes_a_deletion_and_a_creation_of_each_pod() -> None:
    spec = workload("daemonset", 400, unavailable="100%")
    last = max(Rolled(spec, nodes=400, pulls=1.0, limit=DEFAULT).column("created"))
    assert bound(800) <= last <= bound(800 + EVENTS) + 2.0


def test_a_new_parallel_statefulset_takes_a_creation_of_each_pod() -> None:
    spec = workload("statefulset", 300, create=True, options={"parallel": True})
    created = Rolled(spec, nodes=300, pulls=1.0, limit=DEFAULT).column("created")
    assert bound(300) <= max(created) <= bound(300 + EVENTS) + 1.0


@pytest.mark.parametrize("strategy", ["rolling", "daemonset", "statefulset", "waves", "all_at_once"])
def test_a_rollout_of_few_calls_is_the_same_with_the_limit_and_without(strategy: str) -> None:
    # All at once 5 deletions, 5 creations, their events and the status; else a pod at a time: there are always tokens.
    spec = workload(strategy, 5, termination=3.0, options={"step_overhead": 1.0})
    limited, free = (Rolled(spec, nodes=5, limit=limit) for limit in (DEFAULT, None))
    for column in ("node", "created", "asked", "started", "ready", "available"):
        assert limited.column(column) == free.column(column)
    assert limited.old("deleted") == free.old("deleted")
    assert [limited.chain(pod) for pod in range(5)] == [free.chain(pod) for pod in range(5)]


def test_each_controller_has_tokens_of_its_own_and_deployments_share_theirs() -> None:
    limit = ApiCalls(1.0, 1)
    new = {"surge": 0, "unavailable": 1, "create": True}

    def last(*specs: str) -> float:
        workloads = [workload(kind, 40, name=f"w{i}", images=(f"w{i}",), **new) for i, kind in enumerate(specs)]
        return max(Rolled(workloads, nodes=40, pulls=0.0, limit=limit).column("created"))

    alone = last("rolling")
    assert alone >= bound(40, limit)
    assert last("rolling", "daemonset") == max(alone, last("daemonset"))
    assert last("rolling", "rolling") >= bound(80, limit)


def test_pods_wait_for_the_calls_by_name() -> None:
    # One call in 2 s, one at once; no events (their pods are few, but they count: so the times are those of the calls
    # and events by turns). Pod 0 is created at 0, its event takes the token of 2 s; pod 1 and 2 are a batch of two.
    spec = workload("rolling", 3, surge=0, unavailable=1, create=True, options={"step_overhead": 1.0})
    rolled = Rolled(spec, nodes=3, limit=ApiCalls(0.5, 1))
    assert rolled.column("created") == [0, 4, 6]
    assert rolled.chain(1) == [(API_CALLS, 0, 4), (CONTROLLER, 4, 5), (PULL, 5, 15), (STARTUP, 15, 17)]
    assert rolled.triggers(1, CONTROLLER_PACING) == []


def test_the_calls_are_in_the_time_split_and_on_the_critical_path() -> None:
    scenario = loads("""
        rolloutsim: 1
        nodes: 200
        network: 10 Gbit/s
        images: {app: 1 MB}
        workloads: {app: {images: app, daemonset: true, create: true}}
    """).resolve()
    (case,) = simulate(scenario, alone=False).cases
    # The pod that is created k-th waits (k - 30) / 20 s at least.
    assert time_split(case)["api_calls"] >= sum(bound(pod) for pod in range(1, 201))


def test_the_ideal_model_has_no_limit() -> None:
    document = """
        rolloutsim: 1
        model: ideal
        nodes: 100
        network: 1 Gbit/s
        images: {app: 1 MB}
        workloads: {app: {images: app, daemonset: true, create: true}}
    """
    scenario = loads(document).resolve()
    assert scenario.api_calls is None
    (case,) = simulate(scenario, alone=False).cases
    assert max(case.pods.created) == 0.0


@pytest.mark.parametrize("manager", ["unlimited", "{}", "{qps: 5, burst: 5}"])
@pytest.mark.parametrize(
    ("replicas", "rules", "pauses"),
    [
        (60, "strategy: rolling, max_unavailable: 0", 0.0), (120, "strategy: rolling, max_unavailable: 0", 0.0),
        (150, "strategy: rolling, max_surge: 20, max_unavailable: 10%", 0.0),
        (60, "strategy: waves, waves: [50%, 50%]", 0.0),
        (120, "strategy: rolling, max_surge: 20, max_unavailable: 5, min_ready: 7 s", 7.0),
    ],
)  # fmt: skip
def test_a_call_that_waits_does_not_hide_why_the_controller_decided(
    replicas: int, rules: str, pauses: float, manager: str
) -> None:
    """Old pods go upon a new one's readiness, however late the call: only `min_ready` is the controller's own time."""
    text = (
        "{rolloutsim: 1, nodes: {web: {count: 60, nic: 10 Gbit/s}}, registry: 2 Gbit/s, "
        "images: {api: {layers: [700 MB, 400 MB, 100 MB]}}, "
        f"workloads: {{api: {{images: api, replicas: {replicas}}}}}, "
        f"controller_manager: {manager}, rollout: {{{rules}, startup: 4 s, termination: 5 s}}}}"
    )
    case = simulate(loads(text).resolve()).cases[0]
    path = dict(last_path(case))
    assert sum(path.values()) == pytest.approx(rollout_time(case))
    pacing = path.pop(CONTROLLER_PACING.name, 0.0)
    assert pacing == pytest.approx(pauses * round(pacing / pauses) if pauses else 0.0, abs=1e-6)
    assert path["registry.uplink"] > 0.7 * rollout_time(case)
