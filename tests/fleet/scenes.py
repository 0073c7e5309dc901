"""Small ideal scenarios with round numbers, for times worked out by hand.

Ideal: bytes move at the links' capacities and nothing else takes time. A node's NIC and the registry's uplink are
100 MB/s unless said otherwise.
"""

from dataclasses import replace

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario.orchestration import Kubelet, Strategy, Workload
from rolloutsim.scenario.resolved import Case, ResolvedScenario
from rolloutsim.scenario.runtimes import Retry
from rolloutsim.simulation import simulate

MB = 1e6
CONTAINERD = Retry((0.0,) * 4, (0.0,), (0.05,) * 4)
DOCKERD = Retry((), (5.0, 10.0, 15.0, 20.0), (5.0, 10.0, 15.0, 20.0), keeps_partial=False)
CRIO = Retry((2.0, 4.0, 8.0, 16.0), (1.0,) * 3, (1.0,) * 3, keeps_partial=False)


def scene(images: str, nodes: int = 1, network: str = "100 MB/s", more: str = "") -> ResolvedScenario:
    """An ideal scenario of `nodes` equal nodes."""
    text = f"rolloutsim: 1\nname: scene\nmodel: ideal\nnodes: {nodes}\nnetwork: {network}\nimages: {images}\n{more}"
    return rs.loads(text).resolve()


def with_runtime(scenario: ResolvedScenario, **changes: object) -> ResolvedScenario:
    """The same with other runtimes."""
    groups = tuple(replace(g, runtime=replace(g.runtime, **changes)) for g in scenario.groups)  # type: ignore[arg-type]
    return replace(scenario, groups=groups)


def with_kubelet(scenario: ResolvedScenario, **changes: object) -> ResolvedScenario:
    """The same with other kubelets."""
    return replace(scenario, groups=tuple(replace(g, kubelet=Kubelet(**changes)) for g in scenario.groups))  # type: ignore[arg-type]


def with_registry(scenario: ResolvedScenario, **changes: object) -> ResolvedScenario:
    """The same with other registries."""
    registries = {name: replace(r, **changes) for name, r in scenario.registries.items()}  # type: ignore[arg-type]
    return replace(scenario, registries=registries)


def daemonset(name: str, *images: str, create: bool = True, strategy: Strategy | None = None) -> Workload:
    """A pod on each node of the group `node`, all created at 0 s."""
    return Workload(name, images, 0, True, ("node",), strategy or Strategy("all_at_once"), create=create)


def roll(scenario: ResolvedScenario, *workloads: Workload) -> CaseRecords:
    """Simulate workloads together."""
    nodes = sum(group.count for group in scenario.groups)
    sized = tuple(replace(w, replicas=nodes) if w.daemonset else w for w in workloads)
    return simulate(replace(scenario, cases=(Case("all", {}, sized),))).cases[0]


def run(scenario: ResolvedScenario) -> CaseRecords:
    """Simulate a scenario's first case."""
    return simulate(scenario).cases[0]
