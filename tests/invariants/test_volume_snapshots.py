"""What is true of volumes made of snapshots, whatever the scenario."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.fleet.holdings import cached_images
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.time.steps import pod_times
from rolloutsim.results.why.critical import last_path

EXACT = 1e-6  # of bytes and seconds, far above what sums of floats are off by
FASTEST = 1e15  # the most that the format knows [B/s]


@st.composite
def scenarios(draw: st.DrawFn) -> str:
    """Nodes that hold one of two images that share layers, or both, which pods start at different times."""
    sizes = draw(st.lists(st.sampled_from([1, 20, 150]), min_size=1, max_size=3))
    base = ", ".join(f"{size} MB" for size in sizes)
    cached = draw(st.sampled_from(["base: 100%", "base: 50%, top: 1", "top: 100%, base: 1"]))
    of_group = [
        f"count: {draw(st.integers(1, 3))}", "nic: 1 Gbit/s", f"cached: {{{cached}}}",
        f"keeps_compressed: {draw(st.sampled_from(['true', 'false']))}",
        f"volume_snapshot: {{rate: {draw(st.sampled_from([2, 40]))} MB/s, "
        f"needed: {draw(st.sampled_from([0, 6.4, 100]))}%, background: {draw(st.sampled_from(['true', 'false']))}}}",
        *draw(st.sampled_from([[], ["join: {every: 2 s, provision: 3 s}"]])),
        *draw(st.sampled_from([[], ["snapshotter: {kind: stargz, needed: 20%}"]])),
    ]  # fmt: skip
    lines = [
        "rolloutsim: 1",
        f"nodes: {{n: {{{', '.join(of_group)}}}}}",
        "network: {rate: 1 Gbit/s, latency: 1 ms}",
        f"images: {{base: {{layers: [{base}]}}, top: {{base: base, layers: [40 MB]}}}}",
    ]
    if draw(st.booleans()):
        lines.append(
            "workloads: {a: {images: base, replicas: 2, create: true}, b: {images: [top, base], replicas: 3, "
            "create: true}}"
        )
        if draw(st.booleans()):
            lines.append("failures: {crash: {node: n-000, at: 1 s, back_after: 2 s}}")
    return "\n".join(lines)


def cases(text: str, *overrides: str) -> list[CaseRecords]:
    return list(rs.loads(text, overrides=overrides).run(seed=3).run.cases)


@settings(deadline=None, max_examples=25)
@given(scenarios())
def test_containers_read_no_more_for_the_first_time_than_they_need(text: str) -> None:
    """Without a background exactly that, once for each layer of the images that pods of a node have started."""
    result = rs.loads(text).run(seed=3)
    scenario = result.run.scenario
    (group,) = scenario.groups
    spec = group.volume_snapshot
    assert spec is not None
    held = cached_images(group)
    for one in result.run.cases:
        assert one.finished
        assert not np.isnan(one.volumes.read).any()
        workloads = {number: workload.images for number, workload in enumerate(one.orchestration.workloads)}
        for node in range(group.count):
            on_it = {layer.digest: layer for name in held[node] for layer in scenario.images[name].layers}
            rows = zip(one.pods.workload.tolist(), one.pods.node.tolist(), one.pods.started.tolist(), strict=True)
            started = {name for workload, of, at in rows if of == node and at == at for name in workloads[workload]}
            asked = {layer.digest for name in started for layer in scenario.images[name].layers}
            needed = spec.needed * sum(on_it[digest].unpacked for digest in asked & on_it.keys())
            read = float(one.volumes.bytes[one.volumes.node == node].sum())
            assert read <= needed + EXACT
            if not spec.background:
                assert read == pytest.approx(needed, abs=EXACT)


@settings(deadline=None, max_examples=25)
@given(scenarios())
def test_the_times_of_pods_add_up(text: str) -> None:
    for one in cases(text):
        path = pod_times(one).by_owner().sum(axis=1)
        begins = np.array([workload.start for workload in one.orchestration.workloads])[one.pods.workload]
        begin = one.pods.created if one.orchestration.stand_in else begins
        assert path == pytest.approx(one.pods.ready - begin, abs=1e-6)
        assert sum(seconds for _, seconds in last_path(one)) == pytest.approx(one.end, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(scenarios())
def test_a_volume_moves_no_bytes_over_the_network(text: str) -> None:
    """What nodes fetch is the same without; nothing else in these scenarios hangs on when pods are ready."""
    for one, plain in zip(cases(text), cases(text, "nodes.n.volume_snapshot.rate=unlimited"), strict=True):
        assert one.fetches.bytes_done.sum() - one.fetches.again.sum() == pytest.approx(
            plain.fetches.bytes_done.sum() - plain.fetches.again.sum(), abs=1.0
        )
        assert not plain.volumes


@settings(deadline=None, max_examples=20)
@given(scenarios())
def test_the_fastest_volume_is_none(text: str) -> None:
    """300 MB at the most, of which each node reads all, take 0.3 µs."""
    fastest = cases(text, f"nodes.n.volume_snapshot.rate={FASTEST / 1e12:g} TB/s")
    for one, plain in zip(fastest, cases(text, "nodes.n.volume_snapshot.rate=unlimited"), strict=True):
        assert one.end == pytest.approx(plain.end, abs=1e-5)
        assert np.sort(one.pods.ready) == pytest.approx(np.sort(plain.pods.ready), abs=1e-5)
