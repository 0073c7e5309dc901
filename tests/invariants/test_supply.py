"""Where bytes come from, whatever caches, mirrors and faults there are: random scenarios, simulated.

The links count for themselves what crosses them, so they are the oracle of what servers are said to have sent.
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
from rolloutsim.results.load.supply import flows_of, supply_summary
from rolloutsim.results.load.throughput import sent_by
from rolloutsim.results.time.split import path_times
from rolloutsim.scenario.causes import STARTUP
from rolloutsim.simulation import simulate

PROFILES = [
    "distribution-2",
    "distribution-3",
    "harbor",
    "nexus",
    "zot",
    "quay",
    "nginx",
    "nginx-lock",
    "varnish",
    "ecr",
]
RATES = st.sampled_from([10, 30, 100, 400]).map(lambda rate: f"{rate} MB/s")
TIMES = st.sampled_from([0.0, 0.3, 2.0, 8.0])
RUNTIMES = ("containerd", "cri-o", "dockerd")
NEVER_HELD = 1e-6  # of a layer: what sums of floats are off by


def copying(images: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """How images come to a mirror."""
    rates = st.fixed_dictionaries({}, optional={"workers": st.integers(1, 2), "rate": RATES})
    times = st.fixed_dictionaries({"on": st.just("schedule"), "at": TIMES.map(lambda time: f"{time} s")})
    on = st.one_of(st.just({"on": "push"}), times, st.just({"on": "before"}))
    return st.builds(lambda *parts: parts[0] | parts[1], rates, on)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """One or two images of shared layers, up to two groups in up to two racks, caches, mirrors, and what goes wrong."""
    layers = {f"l{number}": f"{draw(st.sampled_from([1, 20, 90]))} MB" for number in range(4)}
    images = {
        name: {
            "layers": {
                digest: {"digest": digest, "compressed": layers[digest]}
                for digest in draw(st.lists(st.sampled_from(sorted(layers)), min_size=1, max_size=3, unique=True))
            }
        }
        for name in ("a", "b")[: draw(st.integers(1, 2))]
    }
    held = st.dictionaries(st.sampled_from(sorted(images)), st.sampled_from(["0%", "50%", "100%"]), max_size=2)
    caches: dict[str, Any] = {}
    for name in ("c1", "c2")[: draw(st.integers(0, 2))]:
        caches[name] = {
            "in": draw(st.sampled_from(["core", "rack"])),
            "profile": draw(st.sampled_from(PROFILES)),
            "uplink": draw(RATES),
            "upstream": draw(st.sampled_from(["hub", *[one for one in caches if caches[one]["in"] == "core"]])),
        }
        if draw(st.booleans()):
            caches[name]["holds"] = draw(held)
        if draw(st.booleans()):
            caches[name]["disk"] = {"capacity": "100 MB"}
        if draw(st.booleans()):
            caches[name]["max_connections"] = draw(st.integers(1, 4))
    mirrors: dict[str, Any] = {}
    if not caches or draw(st.booleans()):
        mirrors["m"] = {"in": draw(st.sampled_from(["core", "rack"])), "of": "hub", "uplink": draw(RATES)}
        if draw(st.booleans()):
            mirrors["m"]["images"] = draw(held)
        if draw(st.integers(0, 3)):
            mirrors["m"]["copied"] = draw(copying(sorted(images)))
            mirrors["m"]["images"] = list(mirrors["m"].get("images", images))
    hosts = [*caches, *mirrors, "hub"]
    runtimes = ({"runtime": "containerd", "layer_fetch_buffer": "8 MB"}, *({"runtime": one} for one in RUNTIMES))
    nodes = {
        f"g{number}": {
            "count": draw(st.integers(1, 3)),
            "nic": draw(RATES),
            "racks": draw(st.sampled_from([["r1"], ["r1", "r2"]])),
            "hosts": draw(st.lists(st.sampled_from(hosts), min_size=1, max_size=3, unique=True)),
            **draw(st.sampled_from(runtimes)),
            "pulls": [{"image": image, "at": f"{draw(TIMES)} s"} for image in images],
        }
        for number in range(draw(st.integers(1, 2)))
    }
    failures: dict[str, Any] = {}
    if draw(st.booleans()):
        kind, name = draw(
            st.sampled_from(
                [*(("cache", one) for one in caches), *(("mirror", one) for one in mirrors), ("registry", "hub")]
            )
        )
        if (caches | mirrors).get(name, {}).get("in") == "rack":
            name = f"{name}-r1"
        failures["down"] = {
            kind: name,
            "at": f"{draw(TIMES)} s",
            "back_after": f"{draw(st.sampled_from([0.5, 5.0]))} s",
        }
        if kind != "registry" and draw(st.booleans()):
            failures["down"]["silent"] = True
    document = {
        "rolloutsim": 1,
        "model": draw(st.sampled_from(["ideal", "real"])),
        "nodes": nodes,
        "network": {"racks": {"uplink": draw(RATES)}, "latency": "1 ms"},
        "registries": {"hub": {"uplink": draw(RATES)}},
        "images": images,
        "rollout": {"strategy": "schedule"},
    }
    if draw(st.booleans()):
        document["push"] = {"images": ["a"], "at": f"{draw(TIMES)} s", "link": "100 MB/s"}
    parts = {"caches": caches, "mirrors": mirrors, "failures": failures}
    return json.dumps(document | {key: part for key, part in parts.items() if part}, indent=1)


def played(text: str) -> tuple[Run, CaseRecords]:
    run = simulate(rs.loads(text).resolve())
    return run, run.cases[0]


@given(documents())
@settings(max_examples=80, deadline=None)
def test_what_sources_sent_is_what_nodes_received_and_what_links_carried(text: str) -> None:
    run, case = played(text)
    found = supply_summary(run, case)
    assert found is not None
    assert sum(found.bytes_by_source.values()) == pytest.approx(
        float(case.fetches.bytes_done.sum()), rel=1e-9, abs=1e-3
    )
    links = dict(zip(case.shared_links.name, case.shared_links.bytes.tolist(), strict=True))
    for one in found.servers:
        assert one.sent_bytes == pytest.approx(links[f"{one.server}.uplink"], rel=1e-9, abs=1.0), one
        assert one.held_bytes <= one.bytes + 1e-3
        if one.cache is not None:
            assert one.cache.upstream_bytes == pytest.approx(links[f"{one.server}.uplink.in"], rel=1e-9, abs=1.0), one
            # What it sent came in, or was there, or was read again from its store.
            assert one.sent_bytes <= one.bytes + sum(other.sent_bytes for other in found.servers)
        if one.copied is not None:
            assert one.copied.bytes == pytest.approx(links[f"{one.server}.uplink.in"], rel=1e-9, abs=1.0), one
    edges = np.array([0.0, case.end + 1.0])
    sent = sent_by(case, edges, len(found.servers))[:, 1]
    np.testing.assert_allclose(sent, [one.sent_bytes for one in found.servers], rtol=1e-9, atol=1.0)


@given(documents())
@settings(max_examples=40, deadline=None)
def test_a_mirror_to_which_is_copied_serves_no_layer_before_it_came(text: str) -> None:
    run, case = played(text)
    fills, fetches = case.supply.fills, case.fetches
    for name, mirror in run.scenario.mirrors.items():
        if mirror.copied is None:
            continue
        number = case.sources.index(name)
        for row in np.flatnonzero(fetches.source == number).tolist():
            ended = fills.ended[(fills.cache == number) & (fills.layer == fetches.layer[row])]
            assert (ended <= fetches.started[row] + 1e-9).any(), (name, row)
        copies = case.supply.copied
        own = copies.mirror == number
        known = ~np.isnan(copies.complete[own])
        # An image that is there came after all its layers.
        for image, complete in zip(
            copies.image[own][known].tolist(), copies.complete[own][known].tolist(), strict=True
        ):
            digests = {layer.digest for layer in case.images[image].layers}
            for layer in (place for place, one in enumerate(case.layers) if one.digest in digests):
                ended = fills.ended[(fills.cache == number) & (fills.layer == layer)]
                assert (ended <= complete).any(), (name, image)


@given(documents())
@settings(max_examples=50, deadline=None)
def test_a_layer_that_nobody_else_had_left_its_registry_at_least_once(text: str) -> None:
    run, case = played(text)
    leaving = flows_of(case).leaving[0]
    there = {
        digest
        for server in (*run.scenario.mirrors.values(), *run.scenario.caches.values())
        for digests in (server.holds or {}).values()
        for digest in digests
    }
    if any(mirror.holds is None for mirror in run.scenario.mirrors.values()):
        return
    # A layer that comes in ranges is there when the last of them is.
    whole: dict[tuple[int, int], bool] = {}
    rows = zip(
        *(column.tolist() for column in (case.fetches.pull, case.fetches.layer, case.fetches.fetched)), strict=True
    )
    for pull, layer, fetched in rows:
        whole[pull, layer] = whole.get((pull, layer), True) and fetched == fetched
    brought = {layer for (_, layer), is_whole in whole.items() if is_whole}
    for number, layer in enumerate(case.layers):
        if number in brought and layer.digest not in there:
            assert leaving[number] >= (1.0 - NEVER_HELD) * layer.compressed, layer


@given(documents())
@settings(max_examples=50, deadline=None)
def test_with_caches_and_mirrors_too_the_causes_of_each_pull_add_up_to_its_time(text: str) -> None:
    _, case = played(text)
    times = path_times(case)
    by_pull = times.by_owner()
    pulling = np.delete(by_pull, times.causes.index(STARTUP.name), axis=1).sum(axis=1)
    done = ~np.isnan(case.pulls.pulled)
    np.testing.assert_allclose(pulling[done], (case.pulls.pulled - case.pulls.asked)[done], rtol=1e-9, atol=1e-6)
    assert (times.seconds > -1e-6).all()
