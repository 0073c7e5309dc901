"""No pull is slower alone, on the node as it was, than it was in the rollout: slowdowns are at least 1.

Of random scenarios with several workloads, images that share layers, cached images and failures. Where nothing reorders
the layers of a pull (no latency, so no windows; no line for connections; no uneven shares), it is never quicker beside
others than alone, which is what the records say before anything is rounded up to 1.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.results.facts.calls import brings
from rolloutsim.results.metrics import counted_pulls, pull_times, slowdowns

SIZES = st.sampled_from(["1 MB", "7 MB", "30 MB", "60 MB"])
SHARED = {"a": "12 MB", "b": "35 MB", "c": "3 MB"}


@st.composite
def documents(draw: st.DrawFn, calm: bool) -> dict[str, Any]:
    """A scenario; in calm ones nothing reorders layers and nothing fails."""
    names = draw(st.sampled_from([["x:1"], ["x:1", "y:latest"], ["x", "y:1", "z:latest"]]))
    images = {}
    for name in names:
        own: list[Any] = draw(st.lists(SIZES, min_size=1, max_size=4))
        for digest in draw(st.sets(st.sampled_from(sorted(SHARED)), max_size=2)):
            own.insert(draw(st.integers(0, len(own))), {"digest": digest, "compressed": SHARED[digest]})
        images[name] = {"layers": own}
    group: dict[str, Any] = {
        "count": draw(st.integers(1, 4)),
        "runtime": draw(st.sampled_from(["containerd", "dockerd", "cri-o"])),
        "serialize_image_pulls": draw(st.booleans()),
        "parallel_layers": draw(st.integers(1, 4)),
        "cached": {name: draw(st.integers(1, 100).map("{}%".format)) for name in names if draw(st.booleans())},
        "disk": draw(st.sampled_from(["unlimited", "60 MB/s", "200 MB/s"])),
    }
    document: dict[str, Any] = {
        "rolloutsim": 1,
        "nodes": {"n": group},
        "network": {"rate": draw(st.sampled_from(["200 Mbit/s", "1 Gbit/s"])), "latency": "0 s"},
        "registry": {"uplink": draw(st.sampled_from(["100 Mbit/s", "2 Gbit/s"]))},
        "images": images,
        "workloads": {
            f"w{number}": {
                "images": draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)),
                "replicas": draw(st.integers(1, 10)),
                "start": f"{draw(st.integers(0, 4))} s",
                "create": draw(st.booleans()),
            }
            for number in range(draw(st.integers(1, 3)))
        },
    }
    if not calm:
        document["network"] |= {"latency": "20 ms", "fairness": draw(st.sampled_from(["on", "off"]))}
        document["registry"]["max_connections"] = draw(st.integers(1, 5))
        document["failures"] = draw(
            st.sampled_from(
                [
                    {"out": {"registry": "registry", "at": "1.5 s", "back_after": "4 s"}},
                    {"hiccups": {"registry": "registry", "flaky": "10%"}},
                ]
            )
        )
    return document


def run(document: dict[str, Any]) -> rs.Result:
    return rs.loads(json.dumps(document)).run()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(calm=True))
def test_no_pull_is_quicker_than_alone_on_the_node_as_it_was(document: dict[str, Any]) -> None:
    (case,) = run(document)
    records = case.records
    alone, times = records.pulls.alone, pull_times(records)
    assert not np.isnan(alone).any()
    assert np.all(times >= alone * (1 - 1e-9) - 1e-12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(calm=False))
def test_slowdowns_are_at_least_1_or_unknown(document: dict[str, Any]) -> None:
    (case,) = run(document)
    known = slowdowns(case.records)
    known = known[~np.isnan(known)]
    assert np.all(known >= 1.0)
    if case.slowdown is not None:
        assert case.slowdown.p50 >= 1.0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(calm=True))
def test_figures_of_pulls_are_over_those_that_were_to_bring_an_image(document: dict[str, Any]) -> None:
    result = run(document)
    (case,) = result
    records = case.records
    fetched = np.zeros(len(records.pulls.node), np.bool_)
    fetched[records.fetches.pull] = True
    pulls, calls = brings(records), len(fetched)
    assert not np.any(fetched & ~pulls)
    assert not np.any(pulls & records.pulls.present)  # the node held these images
    assert case.summary.pulls == pulls.sum()
    assert case.summary.rechecks == calls - pulls.sum()
    if pulls.any():
        assert case.pull_time is not None
        assert case.pull_time.max == pull_times(records)[counted_pulls(records)].max()
    else:
        assert case.pull_time is None
    # Each byte is credited to the workload whose pull fetched it, and to no other.
    rollout = case.rollout
    assert rollout is not None
    assert np.isclose(sum(one.bytes_on_wire for one in rollout.workloads), case.bytes_on_wire, rtol=1e-9)
    for one in rollout.workloads:
        assert (one.bytes_on_wire == 0.0) or one.pulls > 0
