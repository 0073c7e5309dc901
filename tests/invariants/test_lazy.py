"""What is true of lazy pulls, whatever the scenario."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.results.facts.moved import bytes_of_pulls
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.time.steps import pod_times
from rolloutsim.results.why.critical import last_path
from rolloutsim.scenario.partial import fetched_size, is_lazy

KINDS = ("stargz", "soci", "nydus", "overlaybd")
EXACT = 1e-6  # of bytes and seconds, far above what sums of floats are off by


@st.composite
def scenarios(draw: st.DrawFn) -> str:
    """Nodes with lazy images of some layers, which share layers, may have outages, and start at different times."""
    sizes = draw(st.lists(st.sampled_from([1, 9, 20, 60, 150]), min_size=1, max_size=4))
    base = ", ".join(f"{size} MB" for size in sizes)
    top = draw(st.sampled_from([5, 40]))
    spec = {
        "kind": draw(st.sampled_from(KINDS)),
        "needed": f"{draw(st.sampled_from([0, 6.4, 50, 100]))}%",
        "prefetched": f"{draw(st.sampled_from([0, 30, 100]))}%",
        "parallel_reads": str(draw(st.sampled_from([1, 8]))),
    }
    outage = draw(st.sampled_from([None, 0.2, 1.5, 9.0]))
    patient = "" if outage is None else "retry: {times: 9, after: 1 s}, "
    has_pods = draw(st.booleans())
    lines = [
        "rolloutsim: 1",
        f"nodes: {{n: {{count: {draw(st.integers(1, 3))}, nic: 1 Gbit/s, "
        f"{'' if has_pods else patient}disk: {draw(st.sampled_from(['unlimited', '200 MB/s']))}, "
        f"snapshotter: {{{', '.join(f'{key}: {value}' for key, value in spec.items())}}}}}}}",
        f"network: {{rate: 1 Gbit/s, latency: {draw(st.sampled_from([0, 1, 20]))} ms}}",
        f"registry: {{uplink: {draw(st.sampled_from(['300 Mbit/s', '1 Gbit/s']))}, "
        f"max_connections: {draw(st.sampled_from(['unlimited', '2']))}}}",
        f"images: {{base: {{layers: [{base}]}}, top: {{base: base, layers: [{top} MB]}}}}",
    ]
    if has_pods:
        lines.append("workloads: {a: {images: base, replicas: 2}, b: {images: top, replicas: 3, create: true}}")
    if outage is not None:
        lines.append(f"failures: {{down: {{registry: registry, at: {outage} s, back_after: 3 s}}}}")
    return "\n".join(lines)


def cases(text: str) -> list[CaseRecords]:
    return list(rs.loads(text).run(seed=3).run.cases)


@settings(deadline=None, max_examples=25)
@given(scenarios())
def test_bytes_are_those_of_the_image_and_of_its_indexes(text: str) -> None:
    result = rs.loads(text).run(seed=3)
    (group,) = result.run.scenario.groups
    for one in result.run.cases:
        reads = one.reads
        assert (reads.moved <= reads.needed + reads.rest + EXACT).all()
        fetched = one.fetches.bytes_done - one.fetches.again
        assert bytes_of_pulls(one).sum() == pytest.approx(one.fetches.bytes_done.sum() + reads.moved.sum())
        # Every lazy layer that came to a node is read once, by whichever pull has mounted it.
        later = sizes = 0.0
        for pull, layer in zip(one.fetches.pull.tolist(), one.fetches.layer.tolist(), strict=True):
            image, spec = one.images[one.pulls.image[pull]], one.layers[layer]
            sizes += fetched_size(group, image, spec)
            later += spec.compressed if is_lazy(group, spec) else 0.0
        if not np.isnan(one.fetches.fetched).any() and np.isnan(one.pulls.failed).all():
            assert fetched.sum() == pytest.approx(sizes, rel=EXACT)
            assert (reads.needed + reads.rest).sum() == pytest.approx(later, rel=EXACT)


@settings(deadline=None, max_examples=25)
@given(scenarios())
def test_pods_are_ready_after_their_reads_and_before_the_last_byte(text: str) -> None:
    for one in cases(text):
        reads = one.reads
        assert one.finished
        assert not (reads.read < reads.started).any()
        assert not (reads.complete < reads.read).any()
        assert not np.isnan(reads.complete).any()
        owners = one.pods.pull
        for pull, read, complete in zip(reads.pull.tolist(), reads.read.tolist(), reads.complete.tolist(), strict=True):
            for ready in one.pods.ready[owners == pull].tolist():
                assert ready >= read - EXACT
            assert complete >= read


@settings(deadline=None, max_examples=25)
@given(scenarios())
def test_the_times_of_pods_add_up(text: str) -> None:
    for one in cases(text):
        path = pod_times(one).by_owner().sum(axis=1)
        begins = np.array([workload.start for workload in one.orchestration.workloads])[one.pods.workload]
        begin = one.pods.created if one.orchestration.stand_in else begins
        assert path == pytest.approx(one.pods.ready - begin, abs=1e-6)
        assert sum(seconds for _, seconds in last_path(one)) == pytest.approx(one.end, abs=1e-6)


@settings(deadline=None, max_examples=10)
@given(scenarios())
def test_the_background_takes_no_part_in_the_rollout_unless_it_runs_beside_it(text: str) -> None:
    """stargz gives way to reads; without any other image to be read its background changes no time of the rollout."""
    text = text.replace("kind: soci", "kind: stargz").replace("kind: nydus", "kind: stargz")
    text = text.replace("kind: overlaybd", "kind: stargz").replace("\nworkloads", "\n# workloads")
    if "failures" in text:
        return
    off = text.replace("kind: stargz", "kind: stargz, background: false")
    for one, other in zip(cases(text), cases(off), strict=True):
        if one.end < 5.0:
            assert one.end == pytest.approx(other.end, rel=1e-9)
