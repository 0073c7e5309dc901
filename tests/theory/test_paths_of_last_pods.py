"""The last pod's path goes through the events that let a controller act, and through no others.

Each case is worked out by hand, or has a twin without what cannot matter: where no pod is created in the place of an
old one, how long old pods take to end changes no time, and is no cause of any.
"""

from __future__ import annotations

import pytest

from rolloutsim.results.metrics import rollout_time
from rolloutsim.results.why.critical import last_path
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

FEW_CALLS = "controller_manager: {qps: 2, burst: 3}"
FIVE = "nodes: {w: {count: 5}}, network: 1 Gbit/s, images: {a: 400 MB}"
TEN_PODS = "workloads: {a: {images: a, replicas: 10, startup: 5 s}}"


def path(text: str) -> dict[str, float]:
    """The causes of the last pod's path, which add up to the rollout time [s]."""
    (case,) = simulate(loads(f"{{rolloutsim: 1, {text}}}").resolve()).cases
    found = dict(last_path(case))
    assert sum(found.values()) == pytest.approx(rollout_time(case))
    return found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{FIVE}, {FEW_CALLS}, {TEN_PODS}, rollout: {{strategy: rolling}}", id="rolling"),
        pytest.param(f"{FIVE}, {FEW_CALLS}, {TEN_PODS}, rollout: {{strategy: waves, waves: [1, 30%]}}", id="waves"),
        pytest.param(
            f"nodes: {{w: {{count: 12}}}}, network: 10 Gbit/s, images: {{a: 50 MB}}, {FEW_CALLS}, "
            "workloads: {a: {images: a, daemonset: true, startup: 10 s}}, "
            "rollout: {strategy: daemonset, max_surge: 25%, max_unavailable: 0}",
            id="a DaemonSet with a surge",
        ),
        pytest.param(
            "nodes: {w: {count: 40}}, network: 10 Gbit/s, images: {a: {layers: [300 MB, 50 MB]}}, "
            "workloads: {a: {images: a, replicas: 120, startup: 10 s}}, rollout: {strategy: rolling}",
            id="Kubernetes' defaults",
        ),
        pytest.param(
            "nodes: {w: {count: 3, cached: {a: 100%}}}, network: 1 Gbit/s, images: {a: 10 MB}, "
            "controller_manager: unlimited, "
            "workloads: {a: {images: a, replicas: 9, pull_policy: if_not_present, startup: 5 s}}, "
            "rollout: {strategy: rolling, max_surge: 1, max_unavailable: 0, step_overhead: 0 s}",
            id="the end of old pods at the same moments",
        ),
    ],
)
def test_where_nobody_waits_for_old_pods_to_end_their_end_is_no_cause(text: str) -> None:
    soon, late = (path(text.replace("rollout: {", f"rollout: {{termination: {time}, ")) for time in ("0 s", "5 s"))
    assert late == pytest.approx(soon)
    assert "termination" not in late


def test_a_pod_that_is_created_in_the_place_of_an_old_one_waits_for_its_end() -> None:
    found = path(
        "nodes: {w: {count: 3}}, network: 10 Gbit/s, images: {a: 1 MB}, "
        "workloads: {a: {images: a, daemonset: true, startup: 2 s}}, "
        "rollout: {strategy: daemonset, max_unavailable: 1, termination: 7 s}"
    )
    assert found["termination"] == pytest.approx(3 * 7.0)
    assert found["startup"] == pytest.approx(3 * 2.0)


def test_a_pause_of_waves_is_the_controllers_and_what_comes_before_it_is_not() -> None:
    found = path(
        "nodes: {w: {count: 4}}, network: 10 Gbit/s, images: {a: 10 MB}, "
        "workloads: {a: {images: a, replicas: 2, startup: 60 s}}, "
        "rollout: {strategy: waves, waves: [{size: 1, pause: 1 s}]}"
    )
    assert found["controller_pacing"] == pytest.approx(1.0)
    assert found["startup"] == pytest.approx(120.0)


def test_a_workload_after_another_goes_on_in_its_last_pod_though_a_call_passes_at_that_moment() -> None:
    found = path(
        "nodes: {w: {count: 3}}, network: 1 Gbit/s, images: {a: 100 MB}, controller_manager: {qps: 5, burst: 10}, "
        "workloads: {a: {images: a, replicas: 6, startup: 2 s}, b: {images: a, replicas: 6, startup: 2 s, after: a}}, "
        "rollout: {strategy: rolling, termination: 0 s}"
    )
    assert "controller_pacing" not in found
    assert found["startup"] == pytest.approx(8.0)


@pytest.mark.parametrize("rules", ["partition: 1", "partition: 0", "parallel: true"])
def test_an_old_pod_that_comes_back_was_away_with_its_node(rules: str) -> None:
    """The node fails after 1 s and is back after 100 s; its pod starts again within 5 s."""
    found = path(
        "nodes: {w: {count: 3}}, network: 10 Gbit/s, images: {a: 10 MB}, "
        "workloads: {a: {images: a, replicas: 3, startup: 5 s}}, "
        f"rollout: {{strategy: statefulset, {rules}}}, failures: {{c: {{node: w-000, at: 1 s, back_after: 100 s}}}}"
    )
    assert found["node_down"] == pytest.approx(105.0)
    assert found["controller_pacing"] == pytest.approx(1.0)
