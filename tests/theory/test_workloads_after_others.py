"""A workload that comes after others begins when their last pod is available, and the path says so."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.results.metrics import summarise
from rolloutsim.results.why.critical import last_path
from rolloutsim.scenario.causes import CONTROLLER_PACING, PULL, STARTUP
from tests.rollout.stub import Rolled, workload


def test_it_begins_when_the_last_pod_of_the_others_is_available() -> None:
    # The agent goes node by node, 12 s each and 1 s until it is available: 13, 26, 39. Then the app: 39 + 12.
    agent = workload("daemonset", 3, name="agent", images=("agent",), options={"min_ready": 1.0})
    app = workload("rolling", 3, name="app", unavailable=3, after=("agent",))
    rolled = Rolled([agent, app], nodes=3)
    assert rolled.column("created") == [0, 13, 26, 39, 39, 39]
    assert rolled.end == 51
    # What the app's pods waited for is the readiness of the agent's last pod, row 2.
    assert rolled.chain(3) == [(CONTROLLER_PACING, 0, 39), (PULL, 39, 49), (STARTUP, 49, 51)]
    assert rolled.triggers(3, CONTROLLER_PACING) == [2 * 2]


def test_it_waits_for_all_of_several_and_chains_follow_one_another() -> None:
    first = workload("rolling", 1, name="first", images=("first",), create=True)
    slow = workload("rolling", 1, name="slow", images=("slow",), create=True, start=20.0)
    both = workload("rolling", 1, name="both", images=("both",), create=True, after=("first", "slow"))
    last = workload("rolling", 1, name="last", images=("last",), create=True, after=("both",))
    rolled = Rolled([last, both, slow, first], nodes=1)
    created = dict(zip(rolled.column("workload"), rolled.column("created"), strict=True))
    assert created == {3: 0, 2: 20, 1: 32, 0: 44}


def test_it_does_not_begin_if_the_other_is_never_over() -> None:
    agent = workload("daemonset", 2, name="agent", images=("agent",), start=5.0)
    app = workload("rolling", 1, name="app", after=("agent",))
    rolled = Rolled([agent, app], nodes=2, crashes=[(1, 1.0, None)])
    assert rolled.missing[-1] == "workload 'app': it begins when the rollout of 'agent' is over"


def test_the_path_goes_on_in_the_workload_before_and_adds_up() -> None:
    run = (
        rs.loads("""
        rolloutsim: 1
        nodes: 10
        network: 100 Mbit/s
        images: {"agent:1": 50 MB, "app:1": 100 MB}
        workloads:
          agent: {images: "agent:1", daemonset: true}
          app: {images: "app:1", replicas: 10, after: agent}
    """)
        .run()
        .run
    )
    (case,) = run.cases
    path = dict(last_path(case))
    assert sum(path.values()) == pytest.approx(case.end)
    # All of it are steps of pods one after another: hardly any time was spent waiting for a turn.
    assert path.get("controller_pacing", 0.0) < 0.01 * case.end
    rollout = summarise(run).cases["all"].rollout
    assert rollout is not None
    agent, app = rollout.workloads
    assert app.start_s == agent.ready_s


SCENARIO = """
rolloutsim: 1
nodes: 1
network: 80 Mbit/s
model: ideal
images:
  a: {layers: [{compressed: 40 MB, unpacked: 40 MB, digest: "sha256:base"}]}
  b: {layers: [{compressed: 40 MB, unpacked: 40 MB, digest: "sha256:base"}, 20 MB]}
  c: 30 MB
workloads: {w: {images: [a, b, c], daemonset: true, create: true}}
"""


def pushed(pushes: str) -> list[tuple[str, str, float | None, float | None, float]]:
    rollout = summarise(rs.loads(SCENARIO + pushes).run().run).cases["all"].rollout
    assert rollout is not None
    return [(one.push, one.image, one.started_s, one.finished_s, one.bytes) for one in rollout.push]


def test_pushers_share_the_way_into_the_registry_before_a_rollout() -> None:
    # 10 MB/s into the registry, as much out of each pusher: 40 and 30 MB share it until 6 s, then 10 MB are left.
    assert pushed("pushes: {one: {images: a}, two: {images: c}}") == [
        ("one", "a", 0.0, pytest.approx(7.0), 40e6), ("two", "c", 0.0, pytest.approx(6.0), 30e6),
    ]  # fmt: skip


def test_a_layer_that_another_pusher_has_uploaded_is_not_uploaded_again() -> None:
    # 40 MB until 4 s; then only the 20 MB that the first one did not bring.
    assert pushed("pushes: {one: {images: a, at: 0 s}, two: {images: b, at: 4.5 s}}") == [
        ("one", "a", 0.0, pytest.approx(4.0), 40e6), ("two", "b", 4.5, pytest.approx(6.5), 20e6),
    ]  # fmt: skip


def test_who_uploads_nothing_in_the_end_uploads_no_bytes_at_all() -> None:
    # Three layers whose sizes do not add up in doubles, each there when the second pusher has asked for room.
    image = "images: {x: {layers: {p: 0.1 B, q: 0.2 B, r: 0.3 B}}}\n"
    pushes = "pushes: {near: {images: x, at: 0 s}, far: {images: x, at: 10 ms}}\n"
    network = "network: {rate: 1 Gbit/s, latency: 50 ms}\n"
    scenario = rs.loads(f"rolloutsim: 1\nnodes: 1\n{image}{pushes}{network}")
    rollout = summarise(scenario.run().run).cases["x"].rollout
    assert rollout is not None
    assert {one.push: one.bytes for one in rollout.push} == {"far": 0.0, "near": pytest.approx(0.6)}
