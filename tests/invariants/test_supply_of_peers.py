"""Where bytes come from if nodes hand layers to one another, whatever breaks: random scenarios, simulated.

The links count for themselves what crosses them, so they are the oracle of who is said to have sent what.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.load.supply import SupplySummary, flows_of, received_by_kind, supply_summary
from rolloutsim.results.load.throughput import _Spread, least_time, link_loads, received_by
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario.swarms import SWARMS
from rolloutsim.simulation import simulate

RATES = st.sampled_from([10, 30, 100, 400]).map(lambda rate: f"{rate} MB/s")
TIMES = st.sampled_from([0.0, 0.5, 2.0, 8.0])


@st.composite
def documents(draw: st.DrawFn, profiles: list[str]) -> str:
    """Up to two groups in up to two racks that ask peers first, now and then a cache second, and nodes that crash."""
    layers = [f"{draw(st.sampled_from([1, 20, 90]))} MB" for _ in range(draw(st.integers(1, 3)))]
    hosts = draw(st.sampled_from([["p", "hub"], ["p", "c", "hub"], ["p"]]))
    nodes = {
        f"g{number}": {
            "count": draw(st.integers(1, 4)),
            "nic": draw(RATES),
            "racks": draw(st.sampled_from([["r1"], ["r1", "r2"]])),
            "hosts": hosts,
            "runtime": draw(st.sampled_from(["containerd", "cri-o", "dockerd"])),
            "pulls": [{"image": image, "at": f"{draw(TIMES)} s"} for image in ("a", "b")],
            **draw(st.sampled_from([{}, {"cached": {"b": 1}}])),
        }
        for number in range(draw(st.integers(1, 2)))
    }
    peers: dict[str, Any] = {"profile": draw(st.sampled_from(profiles))}
    if draw(st.booleans()):
        peers["upload"] = draw(RATES)
    if peers["profile"] in SWARMS and draw(st.booleans()):
        peers["seeds"] = {"count": draw(st.integers(1, 4)), "uplink": draw(RATES)}
    document: dict[str, Any] = {
        "rolloutsim": 1,
        "model": draw(st.sampled_from(["ideal", "real"])),
        "nodes": nodes,
        "network": {"racks": {"uplink": draw(RATES)}, "latency": "1 ms"},
        "registries": {"hub": {"uplink": draw(RATES), "replicas": draw(st.integers(1, 2))}},
        "peers": {"p": peers},
        "images": {"a": {"layers": layers}, "b": {"layers": ["5 MB"]}},
        "rollout": {"strategy": "schedule"},
    }
    if "c" in hosts:
        document["caches"] = {"c": {"upstream": "hub", "uplink": draw(RATES)}}
    failures: dict[str, Any] = {}
    if draw(st.booleans()):
        back = {"back_after": f"{draw(st.sampled_from([0.5, 5.0]))} s"} if draw(st.booleans()) else {}
        failures["crash"] = {"node": "g0-000", "at": f"{draw(TIMES)} s", **back}
    if draw(st.booleans()):
        failures["down"] = {"registry": "hub", "at": f"{draw(TIMES)} s", "back_after": "2 s"}
    return json.dumps(document | ({"failures": failures} if failures else {}), indent=1)


def played(text: str) -> tuple[Run, CaseRecords, SupplySummary]:
    run = simulate(rs.loads(text).resolve())
    case = run.cases[0]
    found = supply_summary(run, case)
    assert found is not None
    return run, case, found


def out_of_nodes(case: CaseRecords) -> np.ndarray:
    """What the NIC of each node sent."""
    sent = np.zeros(len(case.node_names))
    for links in case.private_links:
        if links.kind == "nic.out":
            sent[links.node] = links.bytes
    return sent


@given(documents(["spegel", "spegel-0.4", "peerd"]))
@settings(max_examples=65, deadline=None)
def test_what_nodes_are_said_to_have_served_is_what_their_nics_sent(text: str) -> None:
    _, case, found = played(text)
    uploads, size = case.supply.uploads, 1.0
    served = np.bincount(uploads.node, uploads.bytes, len(case.node_names))
    np.testing.assert_allclose(served, out_of_nodes(case), rtol=1e-9, atol=size)
    (peers,) = [one for one in found.servers if one.kind == "peers"]
    assert peers.bytes == peers.sent_bytes == pytest.approx(float(served.sum()), rel=1e-9, abs=size)
    assert peers.uploads is not None
    assert peers.uploads.most_served_bytes == pytest.approx(float(served.max()), rel=1e-9, abs=size)
    assert 0 <= peers.uploads.found_nobody <= peers.uploads.look_ups


@given(documents(["spegel", "kraken", "dragonfly", "bittorrent"]))
@settings(max_examples=100, deadline=None)
def test_bytes_that_nodes_received_are_those_that_sources_sent(text: str) -> None:
    run, case, found = played(text)
    received = float(case.fetches.bytes_done.sum())
    assert min(found.bytes_by_source.values()) >= -1e-6
    assert sum(found.bytes_by_source.values()) == pytest.approx(received, rel=1e-9, abs=1e-3)
    links = dict(zip(case.shared_links.name, case.shared_links.bytes.tolist(), strict=True))
    uplinks = sum(size for link, size in links.items() if link.startswith("hub") and link.endswith("uplink"))
    assert found.egress == pytest.approx(uplinks, rel=1e-9, abs=1.0)
    if case.end > 0.0:
        edges = np.array([0.0, case.end / 2, case.end + 1.0])
        by_kind = received_by_kind(run.scenario, case, edges)
        for kind, size in found.bytes_by_source.items():
            assert by_kind[kind][-1] == pytest.approx(size, rel=1e-9, abs=1.0)
        by_source = flows_of(case).fetched.sum(axis=1)
        np.testing.assert_allclose(received_by(case, edges)[:, -1], by_source, rtol=1e-9, atol=1.0)


@given(documents(["spegel", "kraken", "dragonfly"]))
@settings(max_examples=65, deadline=None)
def test_layers_of_peers_are_on_the_links_that_they_crossed(text: str) -> None:
    run, case, _ = played(text)
    # Replicas take connections in turn, which need not be equal.
    names = [name.replace("hub-1", "hub-0") for name in case.shared_links.name]
    for link in dict.fromkeys(names):
        rows = [row for row, name in enumerate(names) if name == link]
        found = float(_Spread(run.scenario, case).totals()[rows].sum())
        assert found == pytest.approx(float(case.shared_links.bytes[rows].sum()), rel=1e-9, abs=1.0), link
    for load in link_loads(run.scenario, case):
        assert 0.0 <= load.utilisation.min() <= load.utilisation.max() <= 1.0
    bound = least_time(run.scenario, case)
    assert bound is None or bound[0] <= case.end * (1.0 + 1e-9)


@given(documents(["kraken", "dragonfly", "bittorrent"]))
@settings(max_examples=30, deadline=None)
def test_seconds_of_pods_have_causes_that_add_up_while_no_node_crashes(text: str) -> None:
    run, case, _ = played(text)
    if case.finished and "crash" not in text:
        split = sum(Outcome(run).first.cases[case.name].time_split_s.values())
        assert split == pytest.approx(float((case.pods.ready - case.pods.asked).sum()), rel=1e-6)
