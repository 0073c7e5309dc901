"""What workloads and strategies resolve to."""

from __future__ import annotations

import pytest

from rolloutsim.scenario import loads
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.orchestration import Amount, Strategy, Wave, Workload
from rolloutsim.scenario.resolved import Case, ResolvedScenario

NODES = "nodes: {web: 20, gpu: 5}\nnetwork: 1 Gbit/s\nimages: {app: 30 MB, agent: 3 MB}\n"
BOTH = "workloads: {api: {images: app, replicas: 40}, log: {images: agent, daemonset: true}}\n"


def resolved(text: str, *overrides: str) -> ResolvedScenario:
    return loads("rolloutsim: 1\n" + text, "f.yaml", overrides).resolve()


def workloads(text: str, *overrides: str) -> tuple[Workload, ...]:
    (case,) = resolved(NODES + text, *overrides).cases
    assert (case.name, case.pulls) == ("all", {})
    return case.workloads


def strategies(text: str, *overrides: str) -> tuple[Strategy, ...]:
    return tuple(workload.strategy for workload in workloads(text, *overrides))


DEPLOYMENT = Strategy(
    "rolling", Amount(share=0.25), Amount(share=0.25), progress_deadline=600.0, step_overhead=1.2
)  # fmt: skip
DAEMONSET = Strategy("daemonset", Amount(count=0), Amount(count=1), step_overhead=1.2)


def test_workloads_have_the_controllers_and_defaults_of_kubernetes() -> None:
    assert strategies(BOTH) == (DEPLOYMENT, DAEMONSET)


def test_a_workload_has_pods_on_all_groups_or_on_its_own() -> None:
    api, log = workloads(BOTH)
    assert (api.images, api.replicas, api.daemonset, api.groups) == (("app",), 40, False, ("web", "gpu"))
    assert (log.images, log.replicas, log.daemonset) == (("agent",), 25, True)
    log = workloads(BOTH, "workloads.log.groups=gpu")[1]
    assert (log.groups, log.replicas) == (("gpu",), 5)


def test_a_workloads_own_times() -> None:
    text = (
        "workloads: {api: {images: [app, agent], replicas: 3, start: 5 s, create: true, startup: {p50: 1 s, p95: 2 s}, "
        "termination: 7 s, pull_policy: always}, log: {images: agent, daemonset: true}}\n"
        "rollout: {startup: 3 s, termination: 4 s}\n"
    )
    api, log = workloads(text)
    assert (api.images, api.start, api.create, api.pull_policy) == (("app", "agent"), 5, True, "always")
    assert (api.startup, api.termination) == (Distribution(p50=1.0, p95=2.0), 7)
    assert (log.start, log.create, log.pull_policy) == (0, False, None)
    assert (log.startup, log.termination) == (Distribution(3.0, 3.0), 4)


def test_what_rollout_says_holds_for_the_workloads_that_its_strategy_fits() -> None:
    text = (
        BOTH
        + "rollout: {strategy: rolling, max_surge: 1, max_unavailable: 10%, progress_deadline: off, min_ready: 9 s}\n"
    )
    assert strategies(text) == (
        Strategy("rolling", Amount(count=1), Amount(share=0.1), min_ready=9.0, step_overhead=1.2),
        Strategy("daemonset", Amount(count=0), Amount(count=1), min_ready=9.0, step_overhead=1.2),
    )
    text = BOTH + "rollout: {strategy: daemonset, max_unavailable: 10%}\n"
    assert strategies(text) == (
        DEPLOYMENT,
        Strategy("daemonset", Amount(count=0), Amount(share=0.1), step_overhead=1.2),
    )


@pytest.mark.parametrize("strategy", ["waves", "all_at_once"])
def test_waves_and_all_at_once_fit_every_workload(strategy: str) -> None:
    keys = ", waves: [1, {size: 25%, pause: 1m, gate: false}]" if strategy == "waves" else ""
    for found in strategies(BOTH + f"rollout: {{strategy: {strategy}{keys}}}\n"):
        assert (found.name, found.max_unavailable) == (strategy, Amount(share=1.0))
        if strategy == "waves":
            assert found.waves == (Wave(Amount(count=1)), Wave(Amount(share=0.25), 60.0, False))


def test_a_workloads_own_strategy_takes_nothing_over_from_another() -> None:
    text = (
        "workloads: {api: {images: app, replicas: 40}, db: {images: app, replicas: 3, rollout: {strategy: statefulset, "
        "partition: 1, parallel: true}}, web: {images: app, replicas: 9, rollout: {max_surge: 0}}}\n"
        "rollout: {strategy: rolling, max_unavailable: 2, step_overhead: 0 s}\n"
    )
    assert strategies(text) == (
        Strategy("rolling", Amount(share=0.25), Amount(count=2), progress_deadline=600.0),
        Strategy("statefulset", Amount(count=0), Amount(count=1), partition=1, parallel=True),
        Strategy("rolling", Amount(count=0), Amount(count=2), progress_deadline=600.0),
    )


def test_the_ideal_model_keeps_policies_and_drops_start_up_and_overhead() -> None:
    text = "model: ideal\n" + BOTH + "rollout: {min_ready: 9 s, startup: 3 s, termination: 4 s}\n"
    api, _ = workloads(text)
    assert (api.startup, api.termination) == (Distribution(), 4)
    assert (api.strategy.step_overhead, api.strategy.min_ready, api.strategy.max_surge) == (0, 9, Amount(share=0.25))


@pytest.mark.parametrize(("strategy", "daemonset"), [("rolling", False), ("statefulset", False), ("daemonset", True)])
def test_without_workloads_a_strategy_of_kubernetes_makes_each_image_one(strategy: str, daemonset: bool) -> None:
    cases = resolved(NODES + f"rollout: {strategy}\n").cases
    assert [case.name for case in cases] == ["app", "agent"]
    for case in cases:
        (workload,) = case.workloads
        assert (workload.name, workload.images, workload.replicas) == (case.name, (case.name,), 25)
        assert (workload.daemonset, workload.groups, workload.strategy.name) == (daemonset, ("web", "gpu"), strategy)
        assert case.pulls == {}


def test_all_at_once_without_workloads_is_nodes_that_pull_on_their_own() -> None:
    for text in (NODES, NODES + "rollout: all_at_once\n"):
        for case in resolved(text).cases:
            assert case.workloads == ()
            assert sorted(case.pulls) == ["gpu", "web"]


def test_the_one_case_of_workloads_is_all_they_have_and_thresholds_know_it() -> None:
    scenario = resolved(NODES + BOTH + "thresholds: {'rollout_time{case=all}': < 60 s}\n")
    assert [case.name for case in scenario.cases] == ["all"]
    assert isinstance(scenario.cases[0], Case)


def test_the_horizon_and_replications() -> None:
    assert (resolved(NODES).horizon, resolved(NODES).replications) == (86400, 1)
    scenario = resolved(NODES + "rollout: {horizon: 2h}\nreplications: 30\n")
    assert (scenario.horizon, scenario.replications) == (7200, 30)


def test_110_pods_a_node_are_allowed_as_in_kubernetes() -> None:
    assert workloads("workloads: {api: {images: app, replicas: 2750}}\n")[0].replicas == 2750
