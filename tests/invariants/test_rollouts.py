"""What holds for every rollout, whatever its numbers: promises kept, limits respected, nothing lost.

The limits are checked at each creation and deletion, also between those of one instant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.fleet.pods import Cluster, Pod
from rolloutsim.rollout import fenceposts
from rolloutsim.scenario.causes import CONTROLLER_PACING, NODE_DOWN
from rolloutsim.scenario.orchestration import ApiCalls, Wave, Workload
from tests.rollout.stub import Rolled, amount, workload

STRATEGIES = ("rolling", "daemonset", "statefulset", "waves", "all_at_once")
AMOUNTS = st.one_of(st.integers(0, 6), st.integers(0, 100).map(lambda percent: f"{percent}%"))
TIMES = st.integers(0, 40).map(lambda quarters: quarters / 4)


class Watched(Cluster):
    """Notes the numbers of pods after each change: (workload, old pods, new pods)."""

    def __init__(self, *arguments: Any) -> None:
        self.seen: list[tuple[int, int, int]] = []
        super().__init__(*arguments)

    def create(self, workload: int, *arguments: Any, **more: Any) -> Pod:
        pod = super().create(workload, *arguments, **more)
        self._see(workload)
        return pod

    def delete(self, pod: Pod, *arguments: Any) -> None:
        super().delete(pod, *arguments)
        self._see(pod.workload)

    def _see(self, workload: int) -> None:
        group = self.groups[workload]
        self.seen.append((workload, group.old_pods, group.new_pods))


@st.composite
def workloads(draw: Any, nodes: int, name: str, strategies: Sequence[str] = STRATEGIES) -> Workload:
    """A workload on all nodes."""
    strategy = draw(st.sampled_from(strategies))
    daemonset = strategy == "daemonset" or (strategy in ("waves", "all_at_once") and draw(st.booleans()))
    options: dict[str, Any] = {"min_ready": draw(TIMES), "step_overhead": draw(TIMES)}
    waves: list[Wave] = []
    if strategy == "statefulset":
        options |= {"partition": draw(st.integers(0, 12)), "parallel": draw(st.booleans())}
    if strategy == "waves":
        sizes = st.one_of(st.integers(1, 5), st.integers(1, 100).map(lambda percent: f"{percent}%"))
        waves = [Wave(amount(size), draw(TIMES), draw(st.booleans())) for size in draw(st.lists(sizes, max_size=4))]
    if strategy == "rolling" and draw(st.booleans()):
        options["progress_deadline"] = draw(TIMES)
    return workload(
        strategy,
        nodes if daemonset else draw(st.integers(1, 12)),
        surge=draw(AMOUNTS),
        unavailable=draw(AMOUNTS),
        startup=draw(TIMES),
        termination=draw(TIMES),
        waves=waves,
        daemonset=daemonset,
        options=options,
        name=name,
        images=(draw(st.sampled_from(["shared", name])),),
        start=draw(TIMES),
        create=draw(st.booleans()),
    )


@st.composite
def rollouts(draw: Any, strategies: Sequence[str] = STRATEGIES, crashes: bool = False) -> dict[str, Any]:
    """Arguments of a rollout of one or two workloads."""
    nodes = draw(st.integers(1, 6))
    names = draw(st.sampled_from([["app"], ["app", "log"]]))
    found: dict[str, Any] = {
        "workloads": [draw(workloads(nodes, name, strategies)) for name in names],
        "nodes": nodes,
        "pulls": draw(st.lists(TIMES, min_size=nodes, max_size=nodes)),
        "api_call": draw(st.sampled_from([0.0, 0.5])),
        "limit": draw(st.sampled_from([None, None, ApiCalls(2.0, 1), ApiCalls(0.5, 3)])),
        "cluster": Watched,
    }
    if crashes:
        times = st.tuples(st.integers(0, nodes - 1), TIMES.map(lambda at: 4 * at), TIMES.map(lambda away: away + 0.25))
        found["crashes"] = [(node, at, at + away) for node, at, away in draw(st.lists(times, min_size=1, max_size=4))]
    return found


def limits(spec: Workload) -> tuple[int, int]:
    """The most pods, and the fewest ready ones that are promised."""
    if spec.strategy.name == "rolling":
        surge, unavailable = fenceposts.deployment(
            spec.strategy.max_surge, spec.strategy.max_unavailable, spec.replicas
        )
    elif spec.strategy.name == "daemonset":
        surge, unavailable = fenceposts.daemonset(spec.strategy.max_surge, spec.strategy.max_unavailable, spec.replicas)
        unavailable = 0 if surge else unavailable
    elif spec.strategy.name == "statefulset":
        surge, unavailable = 0, fenceposts.statefulset(spec.strategy.max_unavailable, spec.replicas)
    else:
        sizes = fenceposts.wave_sizes(tuple(wave.size for wave in spec.strategy.waves), spec.replicas)
        # Without a gate a wave may begin before the one before it is ready.
        is_gated = all(wave.gate for wave in spec.strategy.waves)
        surge, unavailable = 0, max(sizes) if is_gated else spec.replicas
    return spec.replicas + surge, max(spec.replicas - unavailable, 0)


def ready_counts(rolled: Rolled, number: int) -> list[int]:
    """How many pods of a workload were ready, from the beginning on, after each change."""
    spec, changes = rolled.workloads[number], rolled.ledger.replicas
    counts = [0 if spec.create else spec.replicas]
    for which, old, new in zip(changes.workload, changes.old, changes.new, strict=True):
        if which == number:
            counts.append(counts[-1] + old + new)
    return counts


def check_chains(rolled: Rolled) -> None:
    """Each pod's steps follow one another from its workload's start to its readiness, or its deletion."""
    pods = rolled.ledger.pods
    for row, number in enumerate(pods.workload):
        chain = rolled.chain(row)
        at = rolled.cluster.begun[number]
        for cause, started, ended in chain:
            assert started == at
            assert ended > started or cause not in (CONTROLLER_PACING, NODE_DOWN)
            at = ended
        assert at in (pods.ready[row], pods.deleted[row])


@settings(max_examples=100, deadline=None)
@given(rollouts(strategies=("rolling", "daemonset", "statefulset", "waves")))
def test_there_are_never_fewer_ready_pods_than_promised_while_nothing_fails(case: dict[str, Any]) -> None:
    rolled = Rolled(**case)
    for number, spec in enumerate(rolled.workloads):
        if not spec.create:
            assert min(ready_counts(rolled, number)) >= limits(spec)[1]


@settings(max_examples=100, deadline=None)
@given(rollouts(strategies=("rolling", "daemonset", "statefulset", "waves")))
def test_there_are_never_more_pods_than_the_surge_allows(case: dict[str, Any]) -> None:
    rolled = Rolled(**case)
    for number, old, new in rolled.cluster.seen:
        spec = rolled.workloads[number]
        # A Deployment reckons by what its ReplicaSets shall have, whatever calls have still to pass.
        if case["limit"] is None or spec.strategy.name != "rolling":
            assert old + new <= limits(spec)[0]


@settings(max_examples=65, deadline=None)
@given(rollouts(strategies=("rolling", "statefulset", "waves"), crashes=True))
def test_crashes_do_not_make_more_pods_than_the_surge_allows(case: dict[str, Any]) -> None:
    rolled = Rolled(**case)
    for number, old, new in rolled.cluster.seen:
        spec = rolled.workloads[number]
        # A Deployment reckons by what its ReplicaSets shall have, whatever calls have still to pass.
        if case["limit"] is None or spec.strategy.name != "rolling":
            assert old + new <= limits(spec)[0]


@settings(max_examples=100, deadline=None)
@given(rollouts())
def test_every_rollout_ends_with_all_new_pods_available_and_all_old_ones_gone(case: dict[str, Any]) -> None:
    rolled = Rolled(**case)
    assert rolled.missing == ()
    check_chains(rolled)
    for number, spec in enumerate(rolled.workloads):
        group = rolled.cluster.groups[number]
        kept = spec.replicas - rolled.rollout.controllers[number].wanted
        assert (group.new_pods, group.new_available, group.new_ready) == (spec.replicas - kept,) * 3
        assert (group.old_pods, group.old_available, group.old_ready) == (kept,) * 3
        assert ready_counts(rolled, number)[-1] == spec.replicas
        created = [time for time, which in zip(rolled.column("created"), rolled.column("workload"), strict=True)
                   if which == number]  # fmt: skip
        assert len(created) == spec.replicas - kept
        assert min(created, default=spec.start) >= spec.start


@settings(max_examples=130, deadline=None)
@given(rollouts(crashes=True))
def test_every_rollout_ends_when_all_nodes_come_back(case: dict[str, Any]) -> None:
    rolled = Rolled(**case)
    assert rolled.missing == ()
    check_chains(rolled)
    for number, spec in enumerate(rolled.workloads):
        group = rolled.cluster.groups[number]
        wanted = rolled.rollout.controllers[number].wanted
        assert (group.new_pods, group.new_available) == (wanted, wanted)
        assert group.old_ready <= spec.replicas - wanted


@settings(max_examples=65, deadline=None)
@given(rollouts(crashes=True))
def test_counters_agree_with_the_pods_themselves(case: dict[str, Any]) -> None:
    rolled = Rolled(**case)
    for number, group in enumerate(rolled.cluster.groups):
        new = [pod for pod in rolled.cluster.pods if pod.workload == number and not pod.deleted]
        old = [pod for pod in group.old if not pod.deleted]
        assert (len(new), sum(p.ready for p in new), sum(p.available for p in new)) == (
            group.new_pods, group.new_ready, group.new_available,
        )  # fmt: skip
        assert (len(old), sum(p.ready for p in old), sum(p.available for p in old)) == (
            group.old_pods, group.old_ready, group.old_available,
        )  # fmt: skip
        on_node = rolled.cluster.placement.of_workload[number]
        counted = Counter(pod.node for pod in old + new)
        assert {node: pods for node, pods in on_node.items() if pods} == counted


@settings(max_examples=30, deadline=None)
@given(rollouts(crashes=True))
def test_the_same_rollout_comes_out_the_same(case: dict[str, Any]) -> None:
    one, other = Rolled(**case), Rolled(**case)
    for name in ("pods", "steps", "old_pods", "replicas"):
        columns = vars(getattr(one.ledger, name))
        assert {key: column.tobytes() for key, column in columns.items()} == {
            key: column.tobytes() for key, column in vars(getattr(other.ledger, name)).items()
        }
